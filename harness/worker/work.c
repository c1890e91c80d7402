#include "worker/work.h"

#include "core/interrupt.h"
#include "core/mem.h"
#include "worker/cell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool wanted(const struct worker *w, const struct cell_record *r) {
    const struct work_options *o = w->options;
    bool named = o->n_only == 0;
    for (size_t i = 0; i < o->n_only; i++)
        named = named || strcmp(o->only[i], r->variant) == 0;
    return named && cell_open(r);
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
        fprintf(stderr, "%s %.12s failed: %s\n", r->cells[i].variant, r->cells[i].id, bad.msg);
        if (w->options->fail_fast)
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

/* Passes until nothing is open. Cells that another worker holds are waited for: should it die, the
 * kernel frees its lock and the next pass takes the cell over. */
static bool work(struct worker *w, struct err *e) {
    struct round r = {0};
    if (!store_cells(w->store, w->options->grid, &r.cells, &r.n, e))
        return false;
    r.settled = xcalloc(r.n + 1, sizeof *r.settled);
    for (size_t i = 0; i < r.n; i++)
        r.settled[i] = !wanted(w, &r.cells[i]);
    bool ok = true;
    while (ok && any_open(&r)) {
        ok = pass(w, &r, e);
        if (ok && any_open(&r))
            nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
    }
    if (ok && r.failed)
        ok = err_set(e, "%zu cell%s failed", r.failed, r.failed == 1 ? "" : "s");
    store_cells_free(r.cells, r.n);
    free(r.settled);
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
