#include "analysis/gain.h"

#include <math.h>

static double relative_gain(enum metric_id metric, double value, double first) {
    int better = metric_rows[metric].better;
    double gain = better == 0 ? fabs(first) - fabs(value) : better * (value - first);
    return first == 0 ? gain : gain / fabs(first);
}

double mean_gain(
    const enum metric_id *metric, int tasks, const double *value, const double *first) {
    double sum = 0;
    int counted = 0;
    for (int t = 0; t < tasks; t++) {
        if (metric[t] == METRIC_COUNT)
            continue;
        sum += relative_gain(metric[t], value[t], first[t]);
        counted++;
    }
    return counted ? sum / counted : NAN;
}

size_t best_gain(
    const enum metric_id *metric, int tasks, const double *value, size_t n, double *gain) {
    const double *first = NULL;
    size_t best = n;
    for (size_t i = 0; i < n; i++) {
        const double *own = value + i * (size_t)tasks;
        gain[i] = mean_gain(metric, tasks, own, first ? first : own);
        if (isnan(gain[i]))
            continue;
        if (!first)
            first = own;
        if (best == n || gain[i] > gain[best])
            best = i;
    }
    return best;
}
