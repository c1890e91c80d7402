#include "worker/work.h"

#include "core/interrupt.h"
#include "core/mem.h"
#include "grid/choice.h"
#include "worker/cell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Of the cell, or the candidate, at this place. */
static bool wanted(const struct worker *w, bool candidate, size_t place) {
    const struct work_options *o = w->options;
    const bool *places = candidate ? o->chosen.candidates : o->chosen.cells;
    size_t n = candidate ? o->chosen.n_candidates : o->chosen.n_cells;
    return o->all_cells || (place < n && places[place]);
}

static bool worker_open(struct worker *w, const struct work_options *o, struct err *e) {
    *w = (struct worker){.options = o, .threads = o->threads};
    return th_setup(o->threads, true, e) && th_device_parse(o->device, &w->device, e) &&
           age_bins_load(&w->bins, NULL, e) && (w->store = store_open(o->db, STORE_WRITE, e));
}

static void worker_close(struct worker *w) {
    sets_close(&w->sets);
    age_bins_free(&w->bins);
    store_close(w->store);
}

struct round {
    struct cell_record *cells; /* as listed at the start */
    bool *settled;             /* nothing to do for us any more */
    size_t n, failed;
    bool candidates; /* of open keys: one that fails is not chosen, and that is all */
};

/* One pass over the cells that are not settled. */
static bool pass(struct worker *w, struct round *r, struct err *e) {
    for (size_t i = 0; i < r->n; i++) {
        struct err bad = {0};
        if (r->settled[i])
            continue;
        if (interrupt_requested())
            return err_interrupted(e, "stopped before cell %zu of %zu", i + 1, r->n);
        enum cell_outcome outcome = cell_run(w, &r->cells[i], &bad);
        r->settled[i] = outcome != OUTCOME_HELD;
        if (outcome == OUTCOME_STOPPED) {
            *e = bad;
            return false;
        }
        if (outcome != OUTCOME_FAILED)
            continue;
        r->failed++;
        cell_say_failed(&r->cells[i], &bad);
        if (w->options->fail_fast && !r->candidates)
            return err_set(e, "stopped at the first cell that failed (--fail-fast)");
    }
    return true;
}

static bool any_open(const struct round *r) {
    for (size_t i = 0; i < r->n; i++)
        if (!r->settled[i])
            return true;
    return false;
}

static bool list(struct worker *w, struct round *r, const char *grid, struct err *e) {
    *r = (struct round){0};
    if (!store_cells(w->store, grid, &r->cells, &r->n, e))
        return false;
    r->settled = xcalloc(r->n + 1, sizeof *r->settled);
    bool candidates = strcmp(grid, w->options->grid) != 0;
    for (size_t i = 0; i < r->n; i++)
        r->settled[i] = !(cell_open(&r->cells[i]) && wanted(w, candidates, i));
    return true;
}

static void round_free(struct round *r) {
    store_cells_free(r->cells, r->n);
    free(r->settled);
}

/* What this device cannot do is said before anything runs, not after the hours of the cells before it. */
static bool check_possible(struct worker *w, const char *grid, struct err *e) {
    struct round r;
    bool ok = list(w, &r, grid, e);
    for (size_t i = 0; ok && i < r.n; i++)
        ok = r.settled[i] || cell_possible(w, &r.cells[i], e) ||
             err_add(e, "%s %.12s", r.cells[i].variant, r.cells[i].id);
    round_free(&r);
    return ok;
}

/* Passes until nothing is open. Cells that another worker holds are waited for: should it die, the
 * kernel frees its lock and the next pass takes the cell over. */
static bool passes(struct worker *w, struct round *r, struct err *e) {
    bool ok = true;
    while (ok && any_open(r)) {
        ok = pass(w, r, e);
        if (ok && any_open(r))
            nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
    }
    return ok;
}

/* Closes the open keys. Every worker may do so, for all come to the same answer, and the first one is
 * kept. *waits: another run has taken up a candidate again. */
static bool choose(struct worker *w, size_t *failed, bool *waits, struct err *e) {
    struct round r;
    bool ok = list(w, &r, w->options->grid, e);
    *waits = false;
    for (size_t i = 0; ok && i < r.n; i++) {
        char *line;
        if (r.settled[i])
            continue;
        struct err bad = {0};
        enum choice made = choice_make(w->store, &r.cells[i], &line, &bad);
        if (made == CHOICE_ERROR) {
            *e = bad;
            ok = false;
        } else if (made == CHOICE_FAILED) {
            ok = cell_refuse(w, &r.cells[i], &bad, e) &&
                 (!w->options->fail_fast ||
                     err_set(e, "stopped at the first cell that failed (--fail-fast)"));
        }
        *failed += made == CHOICE_FAILED;
        *waits = *waits || made == CHOICE_WAITS;
        if (line && !w->options->quiet)
            fputs(line, stderr);
        free(line);
    }
    round_free(&r);
    return ok;
}

/* Tries what open keys could be, then chooses. */
static bool close_keys(struct worker *w, size_t *failed, struct err *e) {
    char *tried = choice_grid(w->options->grid);
    bool ok = check_possible(w, tried, e), waits = true;
    while (ok && waits) {
        struct round r;
        ok = list(w, &r, tried, e);
        r.candidates = true;
        ok = ok && passes(w, &r, e) && choose(w, failed, &waits, e);
        if (ok && waits && interrupt_requested())
            ok = err_interrupted(e, "stopped before open keys were chosen");
        round_free(&r);
        if (ok && waits)
            nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
    }
    free(tried);
    return ok;
}

static bool work(struct worker *w, struct err *e) {
    struct round r = {0};
    size_t failed = 0;
    bool ok = check_possible(w, w->options->grid, e) && close_keys(w, &failed, e) &&
              list(w, &r, w->options->grid, e) && passes(w, &r, e);
    failed += r.failed;
    if (ok && failed)
        ok = err_set(e, "%zu cell%s failed", failed, failed == 1 ? "" : "s");
    round_free(&r);
    return ok;
}

bool worker_work(int argc, char **argv, struct err *e) {
    struct work_options options;
    struct worker w = {0};
    bool done, ok = work_options_parse(&options, argc, argv, &done, e);
    if (ok && !done) {
        interrupt_catch();
        ok = worker_open(&w, &options, e) && work(&w, e);
        worker_close(&w);
    }
    work_options_free(&options);
    return ok;
}
