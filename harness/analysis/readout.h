/* From a head's probabilities to one number: what is compared with the label.
 * Nominal heads give K class probabilities; ordinal heads the K-1 values P(y > r_k). */
#ifndef ANALYSIS_READOUT_H
#define ANALYSIS_READOUT_H

#include "core/words.h"

#include <stdbool.h>
#include <stddef.h>

/* The read-out of one sample, as a label (first ... first + classes - 1). `ordinal`: p has classes - 1
 * values P(y > r_k), else `classes` probabilities. count: first + number of p > 0.5 (Eq 6), ordinal
 * only; argmax, expectation, median: from class probabilities, for ordinal heads those of the running
 * minimum of p, differenced. Ties go to the lower label. */
double readout_value(enum readout r, bool ordinal, const float *p, int classes, int first);

/* Class probabilities [classes] of one sample, by the rule above; those of an ordinal head sum to 1. */
void readout_classes(bool ordinal, const float *p, int classes, double *probability);

/* The read-out of record: count for ordinal heads, argmax for nominal ones. */
enum readout readout_of_record(bool ordinal);

/* Read-outs that mean something: count and expectation need order; gender and race have argmax alone. */
bool readout_applies(enum readout r, bool ordinal_head, bool ordered_labels);

#endif
