/* Samples that a split keeps together: its units, persons or single samples, and of those that have duplicates of
 * one group all in one bundle. */
#ifndef DATA_BUNDLES_H
#define DATA_BUNDLES_H

#include "data/manifest.h"

struct bundles {
    uint32_t *rows;  /* of the manifest, bundle by bundle */
    uint32_t *first; /* [n + 1] of rows */
    uint32_t *units; /* [n]: how many units are in it */
    size_t n, n_units;
};

/* The bundles of n of a manifest's rows, in the order of their first units: samples without a subject in the
 * manifest's order, then subjects by name. `persons`: a subject is a unit, else each sample is one. `duplicate`:
 * each sample's group (duplicate_groups), NULL: none. */
void bundles_make(struct bundles *b, const struct manifest *m, const uint32_t *rows, size_t n,
    bool persons, const int32_t *duplicate);
void bundles_free(struct bundles *b);

#endif
