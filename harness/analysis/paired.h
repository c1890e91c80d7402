/* Two systems on the samples that both predicted: how far apart a metric is, and whether that is chance.
 *
 * The unit is the cluster: images that depend on each other count as one. The interval comes from a bootstrap of
 * clusters, drawn for both systems alike, and of seeds, drawn together where both systems have the same and apart
 * where not. The test flips the signs of clusters' differences, each with chance 1/2, which is exact where systems
 * do not differ, whatever the distribution; up to PAIRED_ENUMERATED clusters that differ, all flips are made. */
#ifndef ANALYSIS_PAIRED_H
#define ANALYSIS_PAIRED_H

#include "analysis/intervals.h"
#include "analysis/outcomes.h"
#include "analysis/predictions.h"
#include "analysis/resample.h"

#include <stdbool.h>
#include <stdint.h>

enum { PAIRED_ENUMERATED = 14 };

struct paired_options {
    double confidence;
    size_t draws;
    uint64_t seed;
    int threads;
    /* no interval where p is above 1 - confidence already, which leaves nothing to claim */
    bool claims_alone;
    /* kept from one table to the next (resample.h); NULL: none */
    struct shared_draws *shared_draws;
};

struct paired_result {
    size_t n, clusters;      /* shared samples of the denominator */
    double a, b, difference; /* a - b; NaN where n is 0 */
    struct interval interval;
    struct interval narrow; /* at 2 * confidence - 1: for two one-sided tests (equivalence.h) */
    double p;               /* sign flips, two-sided */
    /* Effect sizes. */
    double relative; /* difference / b; NaN where b is 0 */
    /* mean of clusters' differences over their standard deviation; NaN where that is 0 */
    double standardised;
    /* McNemar's exact test, for shares where each sample is its own cluster and each system has one run: samples that
     * a alone and b alone has in; p NaN elsewhere. */
    size_t only_a, only_b;
    double odds_ratio, mcnemar_p; /* odds ratio only_a / only_b; infinite where only_b is 0 */
    bool runs_paired;
};

/* `a`, `b`: of one task, with the outcome's terms (outcome_terms). The samples shared are those of one id; clusters
 * and labels are a's, truths must agree. */
void paired_compare(struct paired_result *r, const struct outcome *o, const struct predictions *a,
    const struct predictions *b, const struct age_bins *bins, const struct paired_options *options);

/* Chance that `n` differences' sum is as far from 0 if each sign were a coin's; NaN for no draws, where all flips are
 * too many to make. */
double sign_flip_test(const double *difference, size_t n, size_t draws, uint64_t seed, int threads);

/* McNemar 1947, exact and two-sided: of only_a + only_b coins, as uneven a throw. 1 where there is none. */
double mcnemar_exact(size_t only_a, size_t only_b);

#endif
