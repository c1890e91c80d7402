/* Images that a set has more than once. Identical: files of the same bytes. Near: identical ones, and those whose
 * prints (prints.h) are near (near.h), and what hangs together through others: a group is a connected component.
 * Images that do not decode, or are of one brightness throughout, are near none but their copies. */
#ifndef DATA_DUPLICATES_H
#define DATA_DUPLICATES_H

#include "data/manifest.h"

/* Which duplicates a split keeps on one side: /split/duplicates. */
enum split_duplicates {
    DUPLICATES_NEAR,
    DUPLICATES_IDENTICAL,
    DUPLICATES_APART, /* none are kept together */
    DUPLICATES_COUNT
};

/* Sets duplicate_group of every sample to its near group's number, counted from 0 in the order of the groups'
 * first samples, or -1; a second call does nothing. Decodes every image that the cache has no print of. */
bool duplicates_mark(struct manifest *m, const char *cache_dir, int threads, struct err *e);

/* The group of each sample, [m->n], numbered as above: DUPLICATES_NEAR's after duplicates_mark; all -1 for
 * DUPLICATES_APART. The caller frees. */
int32_t *duplicate_groups(const struct manifest *m, enum split_duplicates kind);

#endif
