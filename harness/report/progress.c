#include "report/progress.h"

#include "core/escape.h"
#include "core/mem.h"
#include "grid/choice.h"
#include "report/progress_line.h"
#include "report/terminal.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Seconds between two lines. */
static const double terminal_every_s = 0.5, elsewhere_every_s = 15;
/* Over which the pace is taken. */
static const double pace_s = 120;

struct progress {
    struct store *store;
    const char *grid;
    const struct chosen *chosen;
    bool quiet, terminal;
    double shown_s;
    struct progress_totals totals; /* as last shown */
    int open; /* columns of the line that stands unfinished on the terminal; 0: none does */
    double seen_s, seen_work; /* when work was last looked at, and how much was done then */
    bool working;             /* work has gone on since the first look */
    double of_late, took_s;   /* work of the last minutes and its time: older ones weigh less */
};

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct progress *progress_new(
    struct store *s, const char *grid, const struct chosen *chosen, bool quiet) {
    struct progress *p = xcalloc(1, sizeof *p);
    *p = (struct progress){.store = s,
        .grid = grid,
        .chosen = chosen,
        .quiet = quiet,
        .terminal = !quiet && terminal_rewrites(STDERR_FILENO)};
    p->shown_s = p->terminal ? 0 : now_s();
    return p;
}

/* Place i of a list that has candidates first. */
static bool is_chosen(const struct progress *p, size_t i) {
    const struct chosen *c = p->chosen;
    return i < c->n_candidates ? c->candidates[i]
                               : i - c->n_candidates < c->n_cells && c->cells[i - c->n_candidates];
}

static void add_cell(struct progress_totals *t, const struct cell_record *c) {
    t->cells++;
    t->done += c->state == CELL_DONE;
    t->failed += c->state == CELL_FAILED;
    t->running += c->state == CELL_RUNNING;
    t->work += c->epochs;
    if (c->state == CELL_DONE)
        t->work_done += c->epochs;
    else if (c->state == CELL_RUNNING) {
        t->work_done += c->fraction * c->epochs;
        t->images_per_s += c->images_per_s;
    } else {
        t->work_done += c->epochs_done; /* its worker begins there */
        if (c->state == CELL_FAILED)
            t->work_failed += c->epochs - c->epochs_done;
    }
}

/* The time before the first step is not of the pace: pixels and features are made once. */
static void look(struct progress *p, const struct progress_totals *t, double now) {
    double made = t->work_done - p->seen_work, took = now - p->seen_s;
    if (p->seen_s > 0 && p->working) {
        double kept = exp(-took / pace_s);
        p->of_late = p->of_late * kept + made;
        p->took_s = p->took_s * kept + took;
    }
    p->working = p->working || (p->seen_s > 0 && made > 0);
    p->seen_s = now;
    p->seen_work = t->work_done;
}

/* ---- showing it ---- */

/* What "^C" takes, which a terminal puts behind the line, and the last column, whose character some terminals
 * lose when the rest of the line is cleared. */
enum { MARGIN = 3 };

static void add_line(struct progress *p, struct str *out, int columns) {
    struct str line = {0};
    progress_line(&line, &p->totals, columns - MARGIN);
    p->open = text_columns(line.text ? line.text : "");
    if (p->open)
        str_addf(out, "%s\033[K", line.text);
    str_free(&line);
}

/* To where the next line begins. A line that a narrower window has wrapped is left there, whole. */
static void add_start(const struct progress *p, struct str *out, int columns) {
    if (p->open)
        str_add(out, p->open < columns ? "\r" : "\n");
}

static void write_out(struct str *out) {
    terminal_write(STDERR_FILENO, out->text ? out->text : "", out->len);
    str_free(out);
}

/* Whether there is a line to rewrite. In the background the lines are the shell's. */
static bool in_front(struct progress *p) {
    bool front = p->terminal && terminal_foreground(STDERR_FILENO);
    if (!front)
        p->open = 0;
    return front;
}

static void show(struct progress *p) {
    struct str out = {0};
    if (in_front(p)) {
        int columns = terminal_size(STDERR_FILENO).columns;
        add_start(p, &out, columns);
        add_line(p, &out, columns);
    } else if (!p->terminal) {
        progress_line(&out, &p->totals, 1000);
        str_addc(&out, '\n');
    }
    write_out(&out);
}

/* One write a message, so that it stays whole among those of others too. */
void progress_say(struct progress *p, const char *line) {
    struct str out = {0};
    bool again = in_front(p) && p->open;
    int columns = again ? terminal_size(STDERR_FILENO).columns : 0;
    add_start(p, &out, columns);
    str_add(&out, again ? "\033[K" : "");
    escape_line(&out, line);
    str_addc(&out, '\n');
    if (again)
        add_line(p, &out, columns);
    write_out(&out);
}

bool progress_rewrites(const struct progress *p) {
    return p->terminal;
}

/* ---- reading it ---- */

static bool read_totals(struct progress *p, double now, struct err *e) {
    struct cell_record *cells = NULL;
    size_t n = 0;
    struct progress_totals t = {.left_s = -1};
    if (!choice_cells(p->store, p->grid, &cells, &n, e))
        return false;
    for (size_t i = 0; i < n; i++)
        if (is_chosen(p, i))
            add_cell(&t, &cells[i]);
    store_cells_free(cells, n);
    look(p, &t, now);
    double left = t.work - t.work_done - t.work_failed;
    if (p->of_late > 0 && left > 0)
        t.left_s = p->took_s * left / p->of_late;
    p->totals = t;
    return true;
}

bool progress_update(struct progress *p, struct err *e) {
    double now = now_s();
    if (p->quiet || now - p->shown_s < (p->terminal ? terminal_every_s : elsewhere_every_s))
        return true;
    if (!read_totals(p, now, e))
        return false;
    p->shown_s = now;
    show(p);
    return true;
}

void progress_free(struct progress *p) {
    struct err none = {0};
    if (p && p->open) {
        if (read_totals(p, now_s(), &none)) {
            p->totals.left_s = p->totals.images_per_s = -1; /* nothing goes on */
            show(p);
        }
        struct str end = {0};
        str_addc(&end, '\n');
        write_out(&end);
    }
    free(p);
}
