/* Inside of the audit: an outcome's terms laid out cell by cell, and what each cell has of its own. */
#ifndef ANALYSIS_AUDIT_ROWS_H
#define ANALYSIS_AUDIT_ROWS_H

#include "analysis/audit.h"
#include "analysis/resample.h"

struct audit_rows {
    struct grouped_rows rows; /* samples of the denominator in any run; clusters numbered anew */
    double *terms;            /* [n][2 * runs], as outcome_terms makes them */
    /* The same in fewer numbers, for draws: where every run has the same denominators, [runs] numerators and a
     * denominator, and for permutations the mean of numerators and a denominator; else as they are. */
    struct grouped_rows drawn, permuted;
    double *drawn_terms, *permuted_terms;
    bool shared; /* the denominators are */
    uint32_t *unit;
    size_t *first;
    size_t *samples; /* [cells]: with a prediction, in the denominator or not */
    int runs;
    double *sums; /* [cells + 1][2 * runs] as they are; the last: everyone */
};
void audit_rows_make(struct audit_rows *a, const struct outcome *o, const struct predictions *p,
    const struct age_bins *bins, const struct crossing *crossing);
void audit_rows_free(struct audit_rows *a);

/* The value of sums of `drawn` and `permuted` rows; `weight`: how often each run counts. */
double audit_drawn_value(const struct audit_rows *a, const double *sums, const double *weight);
double audit_permuted_value(const struct audit_rows *a, const double *sums);

/* A cell's numbers but interval of means, rank and tests; cell `rows.groups` is everyone. */
void audit_cell_fill(struct audit_cell *cell, const struct audit_rows *a, size_t number,
    struct outcome_traits traits, const struct audit_options *options);

#endif
