#include "analysis/calibration.h"

#include "analysis/metrics.h"
#include "core/mem.h"

#include <math.h>
#include <stdlib.h>

static int bin_of(double confidence) {
    int bin = (int)ceil(confidence * CALIBRATION_BINS) - 1;
    return bin < 0 ? 0 : bin >= CALIBRATION_BINS ? CALIBRATION_BINS - 1 : bin;
}

void calibration_make(
    struct calibration *c, const double *confidence, const bool *correct, size_t n) {
    double sure[CALIBRATION_BINS] = {0}, right[CALIBRATION_BINS] = {0}, off[CALIBRATION_BINS] = {0};
    double all_sure = 0, all_right = 0, error = 0;
    *c = (struct calibration){.n = n};
    for (size_t i = 0; i < n; i++) {
        int b = bin_of(confidence[i]);
        c->bin[b].n++;
        sure[b] += confidence[i];
        right[b] += correct[i];
        off[b] += correct[i] - confidence[i];
        all_sure += confidence[i];
        all_right += correct[i];
    }
    for (int b = 0; b < CALIBRATION_BINS; b++) {
        double of = (double)c->bin[b].n;
        c->bin[b].confidence = c->bin[b].n ? sure[b] / of : NAN;
        c->bin[b].accuracy = c->bin[b].n ? right[b] / of : NAN;
        error += fabs(off[b]);
    }
    c->confidence = n ? all_sure / (double)n : NAN;
    c->accuracy = n ? all_right / (double)n : NAN;
    c->error = n ? error / (double)n : NAN;
}

void calibration_of(
    struct calibration *c, const struct predictions *p, const int32_t *cell, int32_t of) {
    size_t n = 0, samples = 0, runs = (size_t)p->runs;
    double *confidence = xcalloc(p->n * runs, sizeof *confidence);
    bool *correct = xcalloc(p->n * runs, sizeof *correct);
    for (size_t i = 0; i < p->n; i++) {
        size_t before = n;
        for (size_t at = i * runs; (!cell || cell[i] == of) && at < (i + 1) * runs; at++) {
            if (isnan(p->predicted[at]))
                continue;
            confidence[n] = p->terms[TERM_CONFIDENCE][at];
            correct[n++] = round_half_up(p->predicted[at]) == p->truth[i];
        }
        samples += n > before;
    }
    calibration_make(c, confidence, correct, n);
    c->samples = samples;
    free(confidence);
    free(correct);
}
