#include "analysis/calibration.h"

#include <math.h>

static int bin_of(double confidence) {
    int bin = (int)ceil(confidence * CALIBRATION_BINS) - 1;
    return bin < 0 ? 0 : bin >= CALIBRATION_BINS ? CALIBRATION_BINS - 1 : bin;
}

double calibration_error(const double *confidence, const bool *correct, size_t n) {
    double off[CALIBRATION_BINS] = {0}, sum = 0;
    for (size_t i = 0; i < n; i++)
        off[bin_of(confidence[i])] += correct[i] - confidence[i];
    for (int b = 0; b < CALIBRATION_BINS; b++)
        sum += fabs(off[b]);
    return n ? sum / (double)n : NAN;
}
