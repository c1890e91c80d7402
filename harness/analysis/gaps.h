/* How far groups are apart in a metric: the largest difference between two, the least quotient, and both
 * against everyone, with intervals that hold for the largest of many.
 *
 * The largest of many noisy differences is positive even where there is none, and resampling it anew only makes it
 * larger. So the interval comes from all contrasts at once: of each draw the largest deviation of a contrast
 * from its estimate is taken, in units of the contrast's scale; its quantile q bounds all contrasts together, and
 * the largest one lies between max(|d| - q s) and max(|d| + q s). A group that is absent from a draw has no
 * deviation in it. The bound covers at least as often as it says; a claim is a lower bound above 0. */
#ifndef ANALYSIS_GAPS_H
#define ANALYSIS_GAPS_H

#include "analysis/intervals.h"

#include <stddef.h>

/* Names and values as fairlearn's MetricFrame: difference and ratio, between groups and to the overall value.
 * A ratio is of the lesser to the greater, 0 to 1; NaN where a value is below 0, or all are 0. */
enum gap_kind {
    GAP_DIFFERENCE,
    GAP_DIFFERENCE_TO_OVERALL,
    GAP_RATIO,
    GAP_RATIO_TO_OVERALL,
    GAP_COUNT
};
extern const char *const gap_name[GAP_COUNT];

#define GAP_OVERALL ((size_t)-1)

struct gap {
    double value;             /* NaN: fewer than two groups, or one against everyone */
    size_t high, low;         /* the groups that make it, or GAP_OVERALL */
    struct interval interval; /* NaN: none, as for a ratio where a value is 0 */
};

/* The groups that are compared, as they are and as logarithms. */
struct gap_groups {
    size_t n;
    double *value, *variance, overall;
    double *log_value, *log_variance, log_overall; /* NaN where the value is not above 0 */
};

/* `value`: [n], none NaN; `scale`: [n], about their standard errors, above 0. gap_groups_free frees. */
void gap_groups_make(
    struct gap_groups *g, size_t n, const double *value, const double *scale, double overall);
void gap_groups_free(struct gap_groups *g);

/* All but the intervals, which are NaN. */
void gaps_find(const struct gap_groups *g, struct gap gap[GAP_COUNT]);

/* The largest deviation of each kind's contrasts in a draw with these values (NaN: absent), in units of their
 * scales; NaN where no contrast is defined, and for ratios where a value is not above 0. `scratch`: [n]. */
void gaps_deviation(const struct gap_groups *g, const double *value, double overall,
    double *scratch, double deviation[GAP_COUNT]);

/* The interval of a kind from its deviations' quantile; NaN where that is. */
struct interval gap_interval(const struct gap_groups *g, enum gap_kind kind, double quantile);

#endif
