/* One outcome over the cells of one crossing: values with intervals, gaps between cells, and tests against
 * chance. Pure C: arrays in, numbers out.
 *
 * A cell's value is the mean over runs (seeds) of its quotient in each. Its interval is Wilson's for a share of
 * samples, the exact one where the cell has fewer than AUDIT_TINY clusters, and the bootstrap's for means such as the MAE;
 * all count what depends on each other (a person's images, near-identical ones) as one, and where there are several
 * runs their variance too. Wilson's and the exact one do so by an effective size: of a share p whose variance v is
 * estimated over clusters and runs, p (1 - p) / v, at most n, less where it is known from few clusters (Korn & Graubard 1998); where p is 0 or 1 and v says
 * nothing, Kish's (sum m)^2 / sum m^2 over clusters of m samples.
 *
 * Cells of fewer clusters than asked for are shown, and take no part in ranks, gaps and tests. */
#ifndef ANALYSIS_AUDIT_H
#define ANALYSIS_AUDIT_H

#include "analysis/crossing.h"
#include "analysis/gaps.h"
#include "analysis/outcomes.h"
#include "analysis/resample.h"

#include <stdbool.h>
#include <stdint.h>

enum { AUDIT_TINY = 30 };

struct audit_options {
    double confidence;
    size_t min_clusters; /* below it a cell is not ranked */
    size_t draws;        /* of bootstrap and permutation each */
    uint64_t seed;
    int threads;
    /* fairlearn's rule: a rate with an empty denominator is 0, and all cells with a sample are ranked. */
    bool fairlearn;
    bool tests_alone; /* no interval that needs draws: of means and of gaps */
    /* kept from one table to the next (resample.h); NULL: none */
    struct shared_draws *shared_draws;
};

enum interval_method { INTERVAL_NONE, INTERVAL_WILSON, INTERVAL_EXACT, INTERVAL_BOOTSTRAP };
extern const char *const interval_method_name[];

struct audit_cell {
    size_t samples;      /* in the cell, with a prediction */
    size_t n, clusters;  /* of them in the denominator */
    double value, error; /* NaN: undefined; error: standard error over clusters and runs */
    struct interval interval;
    enum interval_method method;
    size_t rank; /* 1 is the worst; 0: not ranked */
    double p, q; /* that it differs from everyone no more than chance; q: over cells, adjusted */
};

struct audit_gap {
    /* high and low are cells. The interval is that of gaps.h, and holds "no gap" wherever p is above the level. */
    struct gap gap;
    double p; /* that a gap as large is chance's, by permutation; NaN: not tested */
};

struct audit_table {
    struct audit_cell *cells, all; /* [n]; all: the samples of all cells */
    size_t n, ranked;
    struct audit_gap gap[GAP_COUNT];
    /* The gaps' intervals at half the level, for two gaps taken together. */
    struct interval half_gap[GAP_COUNT];
};

void audit_compute(struct audit_table *t, const struct outcome *o, const struct predictions *p,
    const struct age_bins *bins, const struct crossing *crossing,
    const struct audit_options *options);
void audit_free(struct audit_table *t);

/* Equalised odds of a class from its tables of true and false positive rates: the larger difference and the smaller
 * ratio of the two, with intervals that hold for both. p is that of the one that makes it, doubled. */
void audit_equalised_odds(const struct audit_table *tpr, const struct audit_table *fpr,
    struct audit_gap gap[GAP_COUNT], bool *of_tpr);

#endif
