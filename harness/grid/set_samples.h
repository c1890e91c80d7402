/* A manifest's samples as the store keeps them. */
#ifndef GRID_SET_SAMPLES_H
#define GRID_SET_SAMPLES_H

#include "data/manifest.h"
#include "store/store.h"

/* [m->n], in the manifest's order; texts are the manifest's. The caller frees. */
struct store_sample *set_samples(const struct manifest *m);

/* Registers the set with its samples and the names of its labels (store_put_dataset), inside a transaction;
 * sample numbers are places in the manifest. */
bool set_put(struct store *s, const struct manifest *m, int64_t *dataset, struct err *e);

#endif
