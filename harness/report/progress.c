#include "report/progress.h"

#include "core/mem.h"
#include "grid/choice.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
    bool quiet, terminal, line_open;
    double shown_s;
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
        .terminal = isatty(STDERR_FILENO) == 1};
    p->shown_s = p->terminal ? 0 : now_s();
    return p;
}

struct totals {
    size_t cells, done, failed, running;
    double work, work_done; /* in epochs */
    double images_per_s;
};

/* Place i of a list that has candidates first. */
static bool is_chosen(const struct progress *p, size_t i) {
    const struct chosen *c = p->chosen;
    return i < c->n_candidates ? c->candidates[i]
                               : i - c->n_candidates < c->n_cells && c->cells[i - c->n_candidates];
}

static void add_cell(struct totals *t, const struct cell_record *c) {
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
    }
}

static void time_text(char text[32], double seconds) {
    long s = (long)(seconds + 0.5);
    if (s < 60)
        snprintf(text, 32, "%ld s", s);
    else if (s < 3600)
        snprintf(text, 32, "%ld min %02ld s", s / 60, s % 60);
    else
        snprintf(text, 32, "%ld h %02ld min", s / 3600, s / 60 % 60);
}

/* The time before the first step is not of the pace: pixels and features are made once. */
static void look(struct progress *p, const struct totals *t, double now) {
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

static void show(struct progress *p, const struct totals *t) {
    char left[32] = "", line[160];
    if (p->of_late > 0)
        time_text(left, p->took_s * (t->work - t->work_done) / p->of_late);
    int n = snprintf(line, sizeof line, "%zu of %zu cells done, %3.0f%%", t->done, t->cells,
        t->work > 0 ? 100 * t->work_done / t->work : 100);
    if (t->failed)
        n += snprintf(line + n, sizeof line - (size_t)n, ", %zu failed", t->failed);
    if (t->running && t->images_per_s > 0)
        n += snprintf(line + n, sizeof line - (size_t)n, ", %.0f images/s", t->images_per_s);
    if (*left)
        snprintf(line + n, sizeof line - (size_t)n, ", about %s left", left);
    fprintf(stderr, p->terminal ? "\r%s\033[K" : "%s\n", line);
    fflush(stderr);
    p->line_open = p->terminal;
}

bool progress_update(struct progress *p, struct err *e) {
    double now = now_s();
    if (p->quiet || now - p->shown_s < (p->terminal ? terminal_every_s : elsewhere_every_s))
        return true;
    struct cell_record *cells = NULL;
    size_t n = 0;
    struct totals t = {0};
    if (!choice_cells(p->store, p->grid, &cells, &n, e))
        return false;
    for (size_t i = 0; i < n; i++)
        if (is_chosen(p, i))
            add_cell(&t, &cells[i]);
    store_cells_free(cells, n);
    p->shown_s = now;
    look(p, &t, now);
    show(p, &t);
    return true;
}

void progress_free(struct progress *p) {
    if (p && p->line_open)
        fputc('\n', stderr);
    free(p);
}
