#include "analysis/gaps.h"

#include "core/mem.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

const char *const gap_name[GAP_COUNT] = {[GAP_DIFFERENCE] = "difference",
    [GAP_DIFFERENCE_TO_OVERALL] = "difference_to_overall",
    [GAP_RATIO] = "ratio",
    [GAP_RATIO_TO_OVERALL] = "ratio_to_overall"};

static bool of_logs(enum gap_kind kind) {
    return kind == GAP_RATIO || kind == GAP_RATIO_TO_OVERALL;
}

static bool to_overall(enum gap_kind kind) {
    return kind == GAP_DIFFERENCE_TO_OVERALL || kind == GAP_RATIO_TO_OVERALL;
}

static double log_or_none(double x) {
    return x > 0 ? log(x) : NAN;
}

void gap_groups_make(
    struct gap_groups *g, size_t n, const double *value, const double *scale, double overall) {
    *g = (struct gap_groups){.n = n,
        .value = xcalloc(n, sizeof(double)),
        .variance = xcalloc(n, sizeof(double)),
        .overall = overall,
        .log_value = xcalloc(n, sizeof(double)),
        .log_variance = xcalloc(n, sizeof(double)),
        .log_overall = log_or_none(overall)};
    for (size_t i = 0; i < n; i++) {
        double relative = scale[i] / value[i];
        g->value[i] = value[i];
        g->variance[i] = scale[i] * scale[i];
        g->log_value[i] = log_or_none(value[i]);
        g->log_variance[i] = relative * relative;
    }
}

void gap_groups_free(struct gap_groups *g) {
    free(g->value);
    free(g->variance);
    free(g->log_value);
    free(g->log_variance);
    *g = (struct gap_groups){0};
}

/* ---- values ---- */

static double ratio(double a, double b) {
    double least = fmin(a, b), most = fmax(a, b);
    return least < 0 || !(most > 0) ? NAN : least / most;
}

static void find_between(const struct gap_groups *g, struct gap gap[GAP_COUNT]) {
    size_t high = 0, low = 0;
    for (size_t i = 1; i < g->n; i++) {
        high = g->value[i] > g->value[high] ? i : high;
        low = g->value[i] < g->value[low] ? i : low;
    }
    gap[GAP_DIFFERENCE] = gap[GAP_RATIO] = (struct gap){NAN, high, low, {NAN, NAN}};
    gap[GAP_DIFFERENCE].value = g->value[high] - g->value[low];
    gap[GAP_RATIO].value = ratio(g->value[low], g->value[high]);
}

static void set_to_overall(const struct gap_groups *g, struct gap *gap, size_t i, double value) {
    bool above = g->value[i] > g->overall;
    *gap = (struct gap){value, above ? i : GAP_OVERALL, above ? GAP_OVERALL : i, {NAN, NAN}};
}

static void find_to_overall(const struct gap_groups *g, struct gap gap[GAP_COUNT]) {
    struct gap *difference = &gap[GAP_DIFFERENCE_TO_OVERALL], *least = &gap[GAP_RATIO_TO_OVERALL];
    for (size_t i = 0; i < g->n; i++) {
        double d = fabs(g->value[i] - g->overall), r = ratio(g->value[i], g->overall);
        if (d > difference->value || isnan(difference->value))
            set_to_overall(g, difference, i, d);
        if (r < least->value || (isnan(least->value) && !isnan(r)))
            set_to_overall(g, least, i, r);
    }
}

void gaps_find(const struct gap_groups *g, struct gap gap[GAP_COUNT]) {
    for (int k = 0; k < GAP_COUNT; k++)
        gap[k] = (struct gap){NAN, GAP_OVERALL, GAP_OVERALL, {NAN, NAN}};
    if (g->n >= 2)
        find_between(g, gap);
    if (g->n >= 1 && !isnan(g->overall))
        find_to_overall(g, gap);
}

/* ---- deviations; comparisons with NaN are false, so what is absent counts for nothing ---- */

static double largest_of_pairs(const double *deviation, const double *variance, size_t n) {
    double most = -1;
    for (size_t i = 1; i < n; i++)
        for (size_t j = 0; j < i; j++) {
            double off = deviation[i] - deviation[j];
            double square = off * off / (variance[i] + variance[j]);
            most = square > most ? square : most;
        }
    return most < 0 ? NAN : sqrt(most);
}

static double largest_to_overall(
    const double *deviation, const double *variance, size_t n, double overall) {
    double most = -1;
    for (size_t i = 0; i < n; i++) {
        double off = deviation[i] - overall, square = off * off / variance[i];
        most = square > most ? square : most;
    }
    return most < 0 ? NAN : sqrt(most);
}

void gaps_deviation(const struct gap_groups *g, const double *value, double overall,
    double *scratch, double deviation[GAP_COUNT]) {
    for (size_t i = 0; i < g->n; i++)
        scratch[i] = value[i] - g->value[i];
    deviation[GAP_DIFFERENCE] = largest_of_pairs(scratch, g->variance, g->n);
    deviation[GAP_DIFFERENCE_TO_OVERALL] =
        largest_to_overall(scratch, g->variance, g->n, overall - g->overall);
    for (size_t i = 0; i < g->n; i++)
        scratch[i] = log_or_none(value[i]) - g->log_value[i];
    deviation[GAP_RATIO] = largest_of_pairs(scratch, g->log_variance, g->n);
    deviation[GAP_RATIO_TO_OVERALL] =
        largest_to_overall(scratch, g->log_variance, g->n, log_or_none(overall) - g->log_overall);
}

/* ---- intervals ---- */

static void widen(struct interval *i, double difference, double half) {
    i->low = fmax(i->low, fabs(difference) - half);
    i->high = fmax(i->high, fabs(difference) + half);
}

struct interval gap_interval(const struct gap_groups *g, enum gap_kind kind, double quantile) {
    const double *value = of_logs(kind) ? g->log_value : g->value;
    const double *variance = of_logs(kind) ? g->log_variance : g->variance;
    double overall = of_logs(kind) ? g->log_overall : g->overall;
    struct interval bound = {0, 0};
    if (isnan(quantile))
        return (struct interval){NAN, NAN};
    for (size_t i = 0; i < g->n; i++) {
        if (isnan(value[i]))
            return (struct interval){NAN, NAN};
        if (to_overall(kind))
            widen(&bound, value[i] - overall, quantile * sqrt(variance[i]));
        for (size_t j = 0; j < i && !to_overall(kind); j++)
            widen(&bound, value[i] - value[j], quantile * sqrt(variance[i] + variance[j]));
    }
    if (of_logs(kind))
        bound = (struct interval){exp(-bound.high), exp(-bound.low)};
    return bound;
}
