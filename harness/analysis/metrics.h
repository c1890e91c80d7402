/* Metrics of one task over one set of samples: pure C on arrays. Definitions: truth t_i and read-out
 * p_i, error p_i - t_i. Shares are 0 to 1. Read-outs that are no integers are rounded half up for
 * accuracy, bins and confusion, never for MAE, MSE, bias and CS. */
#ifndef ANALYSIS_METRICS_H
#define ANALYSIS_METRICS_H

#include <stdbool.h>
#include <stddef.h>

enum metric_id {
    METRIC_ACCURACY,          /* share with round(p) == t */
    METRIC_ACCURACY_WITHIN_1, /* share with |round(p) - t| <= 1; the one-off accuracy */
    METRIC_MSE,
    METRIC_MAE,
    METRIC_BIAS, /* mean signed error */
    METRIC_COUNT
};

struct metric_row {
    const char *name;  /* "accuracy", "accuracy_within_1", "mse", "mae", "bias" */
    const char *title; /* for tables: "Accuracy", "MAE" */
    bool ordinal_only; /* needs ordered labels */
    bool share;        /* 0 to 1, shown as percent: compares classes, not distances */
    int better;        /* +1 higher is better, -1 lower, 0 nearer to zero */
};
extern const struct metric_row metric_rows[METRIC_COUNT];

/* What one sample adds to the mean that the metric is. */
double metric_term(enum metric_id id, double truth, double predicted);
/* The metric over n samples; NaN where n is 0. Sums run in the order of the samples. */
double metric_value(enum metric_id id, const double *truth, const double *predicted, size_t n);

double round_half_up(double x);

/* Cumulative score at order i: share of samples with |error| < i (strict: the paper's Eq 17, named
 * cs_lt) or <= i (cs_le). */
enum cs_convention { CS_LT, CS_LE, CS_CONVENTION_COUNT };
extern const char *const cs_convention_name[CS_CONVENTION_COUNT];
double cumulative_score(
    enum cs_convention c, double i, const double *truth, const double *predicted, size_t n);

/* counts[t * classes + p] over rounded read-outs; labels run from `first`. Read-outs outside count at
 * the nearest end. */
void confusion_matrix(
    const double *truth, const double *predicted, size_t n, int first, int classes, long *counts);

size_t confusion_index(double label, int first, int classes); /* of a row or column */

#endif
