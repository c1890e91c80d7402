/* What one system said of one task: every sample once, with its predictions of each run. A run is all that was
 * predicted with one seed (of training and of the split): the folds of a seed are pooled, so that out-of-fold
 * predictions are one set.
 *
 * Samples are in the order of their ids (bytes), and clusters are numbered by their first sample, so that no
 * result depends on the order of rows. A cluster is what may depend on each other: the images of a person, or
 * near-identical ones. */
#ifndef ANALYSIS_PREDICTIONS_H
#define ANALYSIS_PREDICTIONS_H

#include "core/words.h"

#include <stddef.h>
#include <stdint.h>

/* What the probabilities say of a prediction. */
enum probability_term {
    TERM_CONFIDENCE, /* probability of the predicted class */
    TERM_BRIER,      /* sum over classes of (p - [class is true])^2: 0 to 2 */
    TERM_LOG_LOSS,   /* -log of the true class's probability, which counts as at least 1e-15 */
    TERM_COUNT
};

struct predictions {
    enum attribute task;
    size_t n;                 /* samples */
    int runs;                 /* at least 1 */
    char **id;                /* [n] */
    int *label[ATTR_COUNT];   /* [n] each, LABEL_MISSING where unknown */
    int *truth;               /* [n] */
    double *predicted;        /* [n][runs], NaN: the run has no prediction of the sample */
    float *terms[TERM_COUNT]; /* [n][runs]; NULL: no probabilities were stored */
    uint32_t *cluster;        /* [n] */
    size_t clusters;
    long long *seed, *split_seed; /* [runs], ascending by both */
};
void predictions_free(struct predictions *p);

#endif
