#include "report/row_audits.h"

#include "core/mem.h"
#include "report/comparisons.h"

#include <stdlib.h>
#include <string.h>

/* The age groups of the grid's table, NULL: the audit's own. */
static const char *bins_of(const struct grid *g) {
    for (int c = 0; c < g->n_columns; c++)
        if (g->columns[c].task == ATTR_AGE && *g->columns[c].bins)
            return g->columns[c].bins;
    return NULL;
}

/* Whether a done cell of the system has values on the part that is shown. */
static bool has_values(const struct results *r, const struct system *system) {
    for (size_t c = 0; c < r->n_cells; c++)
        if (r->cells[c].values_end > r->cells[c].values_begin &&
            strcmp(r->cells[c].setting, system->setting) == 0 &&
            word_find((const char *const *)system->variants, system->n_variants,
                r->cells[c].variant) >= 0)
            return true;
    return false;
}

bool row_audits_make(struct row_audits *a, const struct systems *systems, const struct results *r,
    int threads, struct shared_draws *draws, bool baseline_alone, struct err *e) {
    *a = (struct row_audits){.baseline = {.bins = bins_of(&r->grid),
                                 .confusion = !baseline_alone,
                                 .choice = {.part = r->part},
                                 .options = {.confidence = RESULT_CONFIDENCE,
                                     .min_clusters = AUDIT_SMALL,
                                     .draws = COMPARISON_DRAWS,
                                     .seed = COMPARISON_SEED,
                                     .threads = threads,
                                     .shared_draws = draws}}};
    a->others = a->baseline;
    a->others.options.draws = 0;
    a->list = xcalloc(systems->n, sizeof *a->list);
    bool ok = true, found = false;
    for (size_t i = 0; ok && i < systems->n; i++) {
        const struct system *system = &systems->list[i];
        bool first = system->baseline && !found;
        if (system->row < 0 || !has_values(r, system) || (baseline_alone && !first))
            continue;
        ok = audits_make(&a->list[a->n++], first ? &a->baseline : &a->others, systems, i, e);
        a->first = first ? a->n - 1 : a->first;
        found |= first;
        a->resampled = found;
    }
    return ok;
}

void row_audits_free(struct row_audits *a) {
    for (size_t i = 0; i < a->n; i++)
        audits_free(&a->list[i]);
    free(a->list);
    *a = (struct row_audits){0};
}
