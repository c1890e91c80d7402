/* The read-out that a metric wants: of all labels the one with the best expected value under the class
 * probabilities, as they are. */
#ifndef ANALYSIS_BAYES_H
#define ANALYSIS_BAYES_H

#include "analysis/outcomes.h"

/* probability: [classes], of labels first ... first + classes - 1. By outcome: mae the median; mse and bias the
 * expectation; cs_le_N and accuracy_within_1 the label with the most probability within reach; the accuracy of
 * `bins` the group with the most, read as its own median; all others the class with the most. Ties go to the
 * lower label. */
double bayes_readout(const struct outcome *o, const struct age_bins *bins,
    const double *probability, int classes, int first);

#endif
