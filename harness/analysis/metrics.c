#include "analysis/metrics.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

const struct metric_row metric_rows[METRIC_COUNT] = {
    [METRIC_ACCURACY] = {"accuracy", "Accuracy", false, true, +1},
    [METRIC_ACCURACY_WITHIN_1] = {"accuracy_within_1", "Accuracy within 1", true, true, +1},
    [METRIC_MSE] = {"mse", "MSE", true, false, -1},
    [METRIC_MAE] = {"mae", "MAE", true, false, -1},
    [METRIC_BIAS] = {"bias", "Bias", true, false, 0},
};
const char *const cs_convention_name[CS_CONVENTION_COUNT] = {[CS_LT] = "cs_lt", [CS_LE] = "cs_le"};

/* floor(x + 0.5), but exact where x + 0.5 is not: the largest double below 0.5 rounds to 0. */
double round_half_up(double x) {
    if (!(fabs(x) < 0x1p52)) /* whole already, or no number */
        return x;
    double below = (double)(int64_t)x; /* far faster than floor() where that is a call */
    below -= below > x;
    return x - below >= 0.5 ? below + 1 : below;
}

double metric_term(enum metric_id id, double truth, double predicted) {
    double error = predicted - truth;
    switch (id) {
    case METRIC_ACCURACY:
        return round_half_up(predicted) == truth;
    case METRIC_ACCURACY_WITHIN_1:
        return fabs(round_half_up(predicted) - truth) <= 1;
    case METRIC_MSE:
        return error * error;
    case METRIC_MAE:
        return fabs(error);
    case METRIC_BIAS:
        return error;
    case METRIC_COUNT:
        break;
    }
    return NAN;
}

double metric_value(enum metric_id id, const double *truth, const double *predicted, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += metric_term(id, truth[i], predicted[i]);
    return n ? sum / (double)n : NAN;
}

double cumulative_score(
    enum cs_convention c, double i, const double *truth, const double *predicted, size_t n) {
    size_t count = 0;
    for (size_t k = 0; k < n; k++) {
        double error = fabs(predicted[k] - truth[k]);
        count += c == CS_LT ? error < i : error <= i;
    }
    return n ? (double)count / (double)n : NAN;
}

size_t confusion_index(double label, int first, int classes) {
    double index = round_half_up(label) - first;
    if (!(index > 0)) /* no number either */
        return 0;
    return index >= classes ? (size_t)classes - 1 : (size_t)index;
}

void confusion_matrix(
    const double *truth, const double *predicted, size_t n, int first, int classes, long *counts) {
    memset(counts, 0, (size_t)classes * (size_t)classes * sizeof *counts);
    for (size_t i = 0; i < n; i++)
        counts[confusion_index(truth[i], first, classes) * (size_t)classes +
               confusion_index(predicted[i], first, classes)]++;
}
