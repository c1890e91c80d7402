/* How much better one set of metrics is than another over several tasks, as one number: for choices on
 * the validation part (values of open keys, the epoch that is reported). */
#ifndef ANALYSIS_GAIN_H
#define ANALYSIS_GAIN_H

#include "analysis/metrics.h"

/* The mean over tasks of the relative gain of value[t] against first[t]: the improvement of metric[t] as a
 * share of first[t], or the improvement itself where that is 0. A bias improves towards 0. Tasks whose
 * metric is METRIC_COUNT do not count; NaN where none does or a value is NaN. */
double mean_gain(const enum metric_id *metric, int tasks, const double *value, const double *first);

/* gain[i] of value[i * tasks ...] against the first i whose values are numbers; NaN for those whose values
 * are not. Returns the first of the best, or n where there is none. */
size_t best_gain(
    const enum metric_id *metric, int tasks, const double *value, size_t n, double *gain);

#endif
