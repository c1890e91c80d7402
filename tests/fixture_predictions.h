/* Predictions made by hand, without a store. */
#ifndef FIXTURE_PREDICTIONS_H
#define FIXTURE_PREDICTIONS_H

#include "analysis/predictions.h"

/* n samples, all of one class, each its own cluster (p->clusters is then to be set where clusters are), with
 * zeroed predictions of `runs` runs of seeds 1, 2, ... Ids ascend. predictions_free frees. */
void fixture_predictions(struct predictions *p, enum attribute task, size_t n, int runs);

/* UTKFace's names of genders and races; fits class_name_fn. */
const char *fixture_class_name(const void *context, enum attribute a, int label);
int fixture_classes(enum attribute a);

#endif
