/* Whether confidences are as high as accuracies. */
#ifndef ANALYSIS_CALIBRATION_H
#define ANALYSIS_CALIBRATION_H

#include <stdbool.h>
#include <stddef.h>

enum { CALIBRATION_BINS = 15 };

/* The expected calibration error of Guo et al. 2017: predictions in CALIBRATION_BINS bins of equal width by
 * confidence, the first closed on both sides and the others open below; the mean over bins, by their sizes, of
 * |accuracy - confidence|. It is never below 0 and grows as samples get fewer, so small groups look worse than they
 * are. NaN where n is 0. */
double calibration_error(const double *confidence, const bool *correct, size_t n);

#endif
