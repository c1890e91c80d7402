#include "commands/slurm_parts.h"

#include "core/file.h"
#include "core/mem.h"
#include "grid/chosen.h"
#include "store/store.h"

#include <stdlib.h>

/* ---- what is done ---- */

/* Of a grid's cells or candidates; nothing is where there is no database. The caller frees. */
static bool *find_done(const char *db, const struct cell *cells, size_t n, struct err *e) {
    bool *done = xcalloc(n + 1, sizeof *done), ok = true;
    struct cell_progress *progress = xcalloc(n + 1, sizeof *progress);
    if (n && !file_absent(db)) {
        struct store *s = store_open(db, STORE_READ, e);
        ok = s && store_cells_progress(s, cells[0].id, n, sizeof cells[0], progress, e);
        for (size_t i = 0; ok && i < n; i++)
            done[i] = progress[i].state == CELL_DONE;
        store_close(s);
    }
    store_progress_free(progress, n);
    if (ok)
        return done;
    free(done);
    return NULL;
}

static bool has_candidates(const struct grid *g, const struct grid_options *o, const bool *done) {
    for (size_t i = 0; i < g->n_candidates; i++)
        if (done[i] && grid_options_choose(o, g->candidates[i].variant))
            return true;
    return false;
}

/* ---- parts ---- */

static int how_many(size_t units, int chunks, int cells_per_task) {
    int n = units > MAX_SHARDS ? MAX_SHARDS : (int)units;
    if (cells_per_task)
        n = (n + cells_per_task - 1) / cells_per_task;
    return chunks && chunks < n ? chunks : n;
}

static void want(struct slurm_parts *p, const struct grid *g, const struct grid_options *o,
    const size_t *units, const bool *done) {
    size_t n = (size_t)p->n + 1; /* the first is part 1 */
    bool *wanted = xcalloc(n, 1), *begun = xcalloc(n, 1);
    for (size_t i = 0; i < g->n_cells; i++)
        if (grid_options_choose(o, g->cells[i].variant)) {
            *(done[i] ? &begun[1 + units[i] % (n - 1)] : &wanted[1 + units[i] % (n - 1)]) = true;
            p->cells++;
        }
    for (size_t i = 1; i < n; i++) {
        p->tasks += wanted[i];
        p->begun = p->begun || (wanted[i] && begun[i]);
    }
    p->array = places_text(wanted, n);
    free(begun);
    free(wanted);
}

bool slurm_parts_make(struct slurm_parts *p, const struct grid *g, const struct grid_options *o,
    const char *db, int chunks, int cells_per_task, struct err *e) {
    size_t n = 0, *units = shard_units(g, &n, e);
    bool *done = units ? find_done(db, g->cells, g->n_cells, e) : NULL;
    bool *tried = done ? find_done(db, g->candidates, g->n_candidates, e) : NULL;
    *p = (struct slurm_parts){.n = how_many(n, chunks, cells_per_task)};
    if (tried) {
        want(p, g, o, units, done);
        p->begun = p->begun || (p->tasks && has_candidates(g, o, tried));
    }
    bool ok = tried != NULL;
    free(tried);
    free(done);
    free(units);
    return ok;
}

void slurm_parts_free(struct slurm_parts *p) {
    free(p->array);
    *p = (struct slurm_parts){0};
}
