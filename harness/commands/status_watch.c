#include "commands/status_watch.h"

#include "commands/command.h"
#include "commands/status_overview.h"
#include "commands/status_print.h"
#include "commands/status_screen.h"
#include "core/file.h"
#include "core/interrupt.h"
#include "core/mem.h"
#include "report/output.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const double being_made_s = 2; /* a database with its grid, at most */

struct watch {
    const struct grid_options *of;
    bool json, terminal;
    double every_s;
    double began_s;
    bool seen, waits;          /* the grid was there once; it was not at first */
    char *printed;             /* what the cells were like then; NULL: nothing was printed */
    int rows;                  /* of the picture that stands above the cursor */
    struct terminal_size size; /* that it was drawn for */
};

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* What makes a new picture worth printing. The pace and the age of a sign of life change all the time, and do not. */
static char *key_of(const struct overview *o) {
    struct str key = {0};
    str_addf(&key, "%zu %zu", o->n, o->leaky);
    for (size_t i = 0; i < o->n; i++) {
        const struct cell_record *c = &o->cells[i];
        str_addf(&key, ";%lld %d %d %d %.0f", (long long)c->cell, c->state, c->epochs_done,
            o->gone[i], c->state == CELL_RUNNING ? floor(100 * c->fraction) : 0);
    }
    return str_detach(&key);
}

static bool print_changed(struct watch *w, const struct overview *o, struct err *e) {
    struct str out = {0};
    char *key = key_of(o);
    bool ok = true, changed = !w->printed || strcmp(w->printed, key) != 0;
    if (changed && w->json) {
        status_add_json_line(&out, o);
    } else if (changed) {
        str_add(&out, w->printed ? "\n" : "");
        status_add_text(&out, o);
    }
    if (changed)
        ok = output_write(NULL, out.text, out.len, e);
    free(w->printed);
    w->printed = key;
    str_free(&out);
    return ok;
}

static bool same_size(struct terminal_size a, struct terminal_size b) {
    return a.columns == b.columns && a.rows == b.rows;
}

/* In place: up to the old picture's first line, each line over an old one. A window of another size may have wrapped
 * the old picture, so that nobody knows how many lines it takes: there the screen is cleared. */
static void draw(struct watch *w, const struct overview *o) {
    struct str out = {0}, picture = {0};
    struct terminal_size size = terminal_size(STDOUT_FILENO);
    status_add_screen(&picture, o, size);
    if (w->rows && !same_size(size, w->size))
        str_add(&out, "\033[H\033[J");
    else if (w->rows)
        str_addf(&out, "\r\033[%dA", w->rows);
    w->rows = 0;
    for (const char *at = picture.text ? picture.text : ""; *at; w->rows++) {
        size_t n = strcspn(at, "\n");
        str_addn(&out, at, n);
        str_add(&out, "\033[K\n");
        at += n + 1;
    }
    str_add(&out, "\033[J");
    w->size = size;
    terminal_write(STDOUT_FILENO, out.text, out.len);
    str_free(&out);
    str_free(&picture);
}

static bool show(struct watch *w, const struct overview *o, struct err *e) {
    if (!w->terminal)
        return print_changed(w, o, e);
    draw(w, o);
    return true;
}

/* In steps, so that a request to stop does not wait, nor a window of another size. */
static void pause_for(const struct watch *w) {
    const struct timespec step = {.tv_nsec = 100 * 1000 * 1000};
    double first = fmin(w->every_s, 0.5); /* what is waited for is seen soon */
    for (double left = w->seen ? w->every_s : first; left > 0 && !interrupt_requested();
         left -= 0.1) {
        nanosleep(&step, NULL);
        if (w->rows && !same_size(w->size, terminal_size(STDOUT_FILENO)))
            return;
    }
}

/* Whether the grid may be there soon: its database is not there yet, or this moment being made, in several steps. */
static bool not_yet(struct watch *w, const struct overview *o) {
    if (!w->waits && !w->seen && o->db && file_absent(o->db)) {
        w->waits = true;
        if (!command_quiet())
            fprintf(
                stderr, "%s: there is no such results database yet; `dmtl run` makes it\n", o->db);
    }
    return !w->seen && (w->waits || now_s() < w->began_s + being_made_s);
}

static bool look(struct watch *w, bool *open, struct err *e) {
    struct overview o;
    struct err why = {0};
    bool ok = overview_read(&o, w->of, &why);
    *open = !ok || o.open > 0;
    w->seen = w->seen || ok;
    if (ok)
        ok = show(w, &o, e);
    else if (!(ok = not_yet(w, &o)))
        *e = why;
    overview_free(&o);
    return ok;
}

bool status_watch(const struct grid_options *of, bool json, double every_s, struct err *e) {
    struct watch w = {.of = of,
        .json = json,
        .terminal = !json && terminal_rewrites(STDOUT_FILENO),
        .every_s = every_s,
        .began_s = now_s()};
    bool open = true, ok = true;
    interrupt_catch();
    while (ok && open && !interrupt_requested()) {
        ok = look(&w, &open, e);
        if (ok && open)
            pause_for(&w);
    }
    if (w.rows) /* over the "^C" that the terminal has put there */
        terminal_write(STDOUT_FILENO, "\r\033[K", 4);
    free(w.printed);
    return ok;
}
