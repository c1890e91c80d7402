#include "analysis/bayes.h"

#include <math.h>
#include <stddef.h>

struct range {
    int begin, end; /* classes */
};

static double mass(const double *p, struct range r) {
    double sum = 0;
    for (int k = r.begin; k < r.end; k++)
        sum += p[k];
    return sum;
}

static int median_of(const double *p, struct range r) {
    double half = mass(p, r) / 2, sum = 0;
    for (int k = r.begin; k < r.end; k++) {
        sum += p[k];
        if (sum >= half)
            return k;
    }
    return r.end - 1;
}

static double expectation(const double *p, int classes) {
    double sum = 0;
    for (int k = 0; k < classes; k++)
        sum += k * p[k];
    return sum / mass(p, (struct range){0, classes});
}

/* The class within whose reach the most lies; 0: itself. */
static int best_within(const double *p, int classes, int reach) {
    int best = 0;
    double most = -1;
    for (int k = 0; k < classes; k++) {
        struct range r = {
            k - reach > 0 ? k - reach : 0, k + reach + 1 < classes ? k + reach + 1 : classes};
        double m = mass(p, r);
        if (m > most) {
            most = m;
            best = k;
        }
    }
    return best;
}

static int best_group(const double *p, int classes, int first, const struct age_bins *bins) {
    struct range best = {0, classes};
    double most = -1;
    for (int begin = 0, end; begin < classes; begin = end) {
        int group = age_bin(bins, first + begin);
        for (end = begin + 1; end < classes && age_bin(bins, first + end) == group;)
            end++;
        double m = mass(p, (struct range){begin, end});
        if (m > most) {
            most = m;
            best = (struct range){begin, end};
        }
    }
    return median_of(p, best);
}

double bayes_readout(const struct outcome *o, const struct age_bins *bins,
    const double *probability, int classes, int first) {
    if (o->kind == OUTCOME_CS_LE)
        return first + best_within(probability, classes, (int)o->limit);
    if (o->kind == OUTCOME_CS_LT) /* labels are whole numbers: < N is <= N - 1 */
        return first + best_within(probability, classes, o->limit > 0 ? (int)o->limit - 1 : 0);
    if (o->kind == OUTCOME_METRIC && o->metric == METRIC_MAE)
        return first + median_of(probability, (struct range){0, classes});
    if (o->kind == OUTCOME_METRIC && (o->metric == METRIC_MSE || o->metric == METRIC_BIAS))
        return first + expectation(probability, classes);
    if (bins)
        return first + best_group(probability, classes, first, bins);
    if (o->kind == OUTCOME_METRIC && o->metric == METRIC_ACCURACY_WITHIN_1)
        return first + best_within(probability, classes, 1);
    return first + best_within(probability, classes, 0);
}
