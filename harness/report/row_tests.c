#include "report/row_tests.h"

#include <math.h>
#include <string.h>

void row_tests_make(struct row_tests *t, const struct systems *systems, const struct results *r,
    int threads, struct shared_draws *draws, bool all_intervals) {
    bool baseline = false, others = false;
    *t = (struct row_tests){.request = {.choice = {.part = r->part},
                                .options = {.confidence = COMPARISON_CONFIDENCE,
                                    .draws = COMPARISON_DRAWS,
                                    .seed = COMPARISON_SEED,
                                    .threads = threads,
                                    .shared_draws = draws,
                                    .claims_alone = !all_intervals}}};
    for (size_t i = 0; i < r->n_rows; i++)
        *(r->rows[i].baseline ? &baseline : &others) = true;
    if (!baseline || !others)
        err_set(&t->why, baseline ? "the baseline is the only row" : "the baseline is in no row");
    else
        comparisons_of_grid(&t->comparisons, &t->request, systems, &t->why);
}

void row_tests_free(struct row_tests *t) {
    comparisons_free(&t->comparisons);
}

static bool is_of(const struct comparison *c, const struct results *r, const struct result_row *row,
    enum attribute task, const char *bins, const char *metric) {
    const struct system *system = &c->a.systems->list[c->a.system];
    return c->task == task && system_is_row(system, r, row) && strcmp(c->bins, bins) == 0 &&
           strcmp(c->outcome.name, metric) == 0;
}

/* Whether a row's errors of age are of another unit than the baseline's: groups and years make no difference. */
static bool other_ages(const struct results *r, const struct result_row *row) {
    bool other = false;
    for (size_t i = 0; i < r->n_rows; i++)
        if (r->rows[i].baseline && strcmp(r->rows[i].setting, row->setting) == 0)
            other = results_row_age_groups(r, &r->rows[i]) != results_row_age_groups(r, row);
    return other;
}

bool row_tests_find(const struct row_tests *t, const struct results *r,
    const struct result_row *row, enum attribute task, const char *bins, const char *metric,
    struct row_test *test) {
    if (task == ATTR_AGE && other_ages(r, row))
        return false;
    for (size_t i = 0; t && t->why.kind == ERR_NONE && i < t->comparisons.n; i++) {
        const struct comparison *c = &t->comparisons.list[i];
        if (!is_of(c, r, row, task, bins, metric) || isnan(c->result.p))
            continue;
        *test = (struct row_test){.p = c->result.p,
            .holm = c->holm,
            .significant =
                comparison_may_claim(c) && comparison_claims(c, t->request.options.confidence)};
        return true;
    }
    return false;
}
