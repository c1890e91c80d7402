/* A split assigns each usable sample of a manifest to a part. It depends on the sample ids, the
 * split's keys and its seed alone, and where it keeps duplicates together on which they are: what is drawn here
 * has all of a duplicate group in one part, and parts as near to their shares as bundles of duplicates allow.
 * DUPLICATES_NEAR is for a manifest after duplicates_mark. */
#ifndef DATA_SPLIT_H
#define DATA_SPLIT_H

#include "data/duplicates.h"

struct split {
    uint32_t *rows[PART_COUNT]; /* rows of the manifest, ascending */
    size_t n[PART_COUNT];
    size_t unusable; /* names of its lists that the set has not, left out (split_lists.h) */
};

/* Random: `test_share` of all for the test part, `validation_share` of what remains for validation
 * (both rounded half up, each part at least one sample; a validation_share of 0 leaves that part
 * empty). Shares are in 0..1, the ends excluded but for that 0. */
bool split_random(struct split *s, const struct manifest *m, uint64_t seed, double test_share,
    double validation_share, enum split_duplicates duplicates, struct err *e);

/* Folds: fold `fold` of 0 to SPLIT_FOLDS - 1 is the test part, as the set ships its folds; where it ships none,
 * as `seed` deals its subjects, or its samples where it has no subjects. Of the other folds' subjects (or
 * samples) `seed` draws `validation_share` for validation, rounded half up, at least one.
 * Folds that the set ships stay as they are, though duplicates lie in several. */
enum { SPLIT_FOLDS = 5 };
bool split_folds(struct split *s, const struct manifest *m, int fold, uint64_t seed,
    double validation_share, enum split_duplicates duplicates, struct err *e);

/* Makes parts of marks, one a sample: its part, or PART_COUNT for none. First `seed` draws `validation_share` of
 * the subjects (or samples) that are marked for training, for validation: rounded half up, at least one, none
 * for a share of 0. `stream` keeps the draws of several such splits apart: a fold, or SPLIT_FOLDS for lists. */
void split_take_marked(struct split *s, const struct manifest *m, int *marks,
    double validation_share, int stream, uint64_t seed, enum split_duplicates duplicates);

/* The part of each of the manifest's `n` rows, PART_COUNT for none; the caller frees. */
int *split_part_of(const struct split *s, size_t n);

/* How many subjects have samples in more than one part: a split that shares any is leaky. */
size_t split_shared_subjects(const struct split *s, const struct manifest *m);
void split_free(struct split *s);

#endif
