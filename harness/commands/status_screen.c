#include "commands/status_screen.h"

#include "commands/status_print.h"
#include "core/escape.h"
#include "core/mem.h"
#include "report/time_left.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROOMY = 90 }; /* columns from which on numbers stand with their units in full */

struct screen {
    struct str *out;
    int columns, rows; /* rows: left to fill */
};

static void add_row(struct screen *s, const char *text) {
    if (s->rows <= 0)
        return;
    text_add_fitting(s->out, text, s->columns);
    str_addc(s->out, '\n');
    s->rows--;
}

static void add_name(struct str *row, const struct cell_record *c) {
    str_addf(row, "%.*s  ", STATUS_ID_SHOWN, c->id);
    escape_line(row, c->variant);
    str_addc(row, ' ');
    escape_line(row, c->axes);
}

/* Numbers come first, for it is the name that may be cut. */
static void add_running(struct str *row, const struct overview *o, size_t i, bool roomy) {
    const struct cell_record *c = &o->cells[i];
    char pace[64] = "begins";
    str_addf(row, "  %3.0f/%d%s  ", floor(share_done(c) * c->epochs + 1e-6), c->epochs,
        roomy ? " epochs" : "");
    if (o->gone[i])
        snprintf(pace, sizeof pace, "worker gone");
    else if (status_silent(c))
        snprintf(pace, sizeof pace, "silent for %.0f min", c->heartbeat_age_s / 60);
    else if (c->heartbeat_age_s >= 0)
        snprintf(pace, sizeof pace, roomy ? "%3.0f%% %6.0f images/s" : "%3.0f%% %5.0f img/s",
            floor(100 * share_done(c) + 1e-6), c->images_per_s);
    str_addf(row, roomy ? "%-20s  " : "%-16s  ", pace);
    add_name(row, c);
}

static void add_failed(struct str *row, const struct overview *o, size_t i, bool roomy) {
    const struct cell_record *c = &o->cells[i];
    (void)roomy;
    str_add(row, "  ");
    add_name(row, c);
    str_add(row, ": ");
    escape_line(row, c->error ? c->error : "no message");
}

/* At most `rows` lines, the title among them; what does not fit is counted. */
static void add_cells(struct screen *s, const struct overview *o, enum cell_state state, int rows,
    void (*add)(struct str *row, const struct overview *o, size_t i, bool roomy)) {
    size_t all = o->count[state], room = rows > 1 ? (size_t)rows - 1 : 0;
    size_t shown = all <= room ? all : room ? room - 1 : 0;
    struct str row = {0};
    if (rows <= 0 || all == 0)
        return;
    add_row(s, cell_state_name[state]);
    for (size_t i = 0, n = 0; i < o->n && n < shown; i++) {
        if (o->cells[i].state != state)
            continue;
        str_clear(&row);
        add(&row, o, i, s->columns >= ROOMY);
        add_row(s, row.text);
        n++;
    }
    str_clear(&row);
    if (shown < all && room) {
        str_addf(&row, "  and %zu more", all - shown);
        add_row(s, row.text);
    }
    str_free(&row);
}

static void add_epochs(struct str *row, const struct overview *o) {
    double work = 0, done = 0, images_per_s = 0;
    for (size_t i = 0; i < o->n; i++) {
        const struct cell_record *c = &o->cells[i];
        work += c->epochs;
        done += share_done(c) * c->epochs;
        if (c->state == CELL_RUNNING && !o->gone[i] && !status_silent(c))
            images_per_s += c->images_per_s;
    }
    str_addf(row, "%.0f of %.0f epochs, %.0f%%", floor(done + 1e-6), work,
        work > 0 ? floor(100 * done / work + 1e-6) : 100);
    if (images_per_s > 0)
        str_addf(row, ", %.0f images/s", images_per_s);
}

static void add_head(struct screen *s, const struct overview *o) {
    struct str row = {0};
    status_add_counts(&row, o);
    add_row(s, row.text);
    str_clear(&row);
    add_epochs(&row, o);
    add_row(s, row.text);
    str_clear(&row);
    status_add_work(&row, o);
    add_row(s, row.text);
    str_clear(&row);
    if (o->leaky) {
        str_addf(&row, "leaky split in %zu cells: parts share persons or images", o->leaky);
        add_row(s, row.text);
    }
    str_free(&row);
}

static bool any_gone(const struct overview *o) {
    for (size_t i = 0; i < o->n; i++)
        if (o->gone[i])
            return true;
    return false;
}

/* Running cells may take what failed ones leave, which is a third where there are many of both. */
void status_add_screen(struct str *out, const struct overview *o, struct terminal_size size) {
    struct screen s = {out, size.columns - 1, size.rows - 1};
    add_head(&s, o);
    if (any_gone(o))
        add_row(&s, "worker gone: `dmtl run` goes on from the last checkpoint");
    int running = o->count[CELL_RUNNING] ? (int)o->count[CELL_RUNNING] + 1 : 0;
    int failed = o->count[CELL_FAILED] ? (int)o->count[CELL_FAILED] + 1 : 0;
    int least = failed < s.rows / 3 ? failed : s.rows / 3;
    if (running > s.rows - least)
        running = s.rows - least;
    add_cells(&s, o, CELL_RUNNING, running, add_running);
    add_cells(&s, o, CELL_FAILED, s.rows, add_failed);
}
