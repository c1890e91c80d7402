/* Whether confidences are as high as accuracies. */
#ifndef ANALYSIS_CALIBRATION_H
#define ANALYSIS_CALIBRATION_H

#include "analysis/predictions.h"

#include <stdbool.h>
#include <stddef.h>

enum { CALIBRATION_BINS = 15 };

/* Predictions of all runs together. */
struct calibration {
    size_t n, samples; /* predictions; samples with one */
    struct calibration_bin {
        size_t n;
        double confidence, accuracy; /* means; NaN where n is 0 */
    } bin[CALIBRATION_BINS];
    double confidence, accuracy, error; /* NaN where n is 0 */
};

/* The predictions in CALIBRATION_BINS bins of equal width by confidence, the first closed on both sides and the others
 * open below. `error`: the expected calibration error of Guo et al. 2017, the mean over bins, by their sizes, of
 * |accuracy - confidence|. It is never below 0 and grows as samples get fewer, so small groups look worse than they are. */
void calibration_make(
    struct calibration *c, const double *confidence, const bool *correct, size_t n);

/* Of the samples whose `cell` is `of`, or where it is NULL of all; the predictions have their probability_terms. A
 * prediction is correct where, rounded half up, it is the label. */
void calibration_of(
    struct calibration *c, const struct predictions *p, const int32_t *cell, int32_t of);

#endif
