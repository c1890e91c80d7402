/* A split whose parts are lists of names. */
#ifndef DATA_SPLIT_LISTS_H
#define DATA_SPLIT_LISTS_H

#include "data/name_list.h"
#include "data/split.h"

struct part_lists {
    struct name_list of[PART_COUNT];
    bool given[PART_COUNT];   /* train and test; validation is drawn where it has no list */
    char content[SHA256_HEX]; /* over parts and contents of what is given */
};

/* Reads DIR/FILE of each part that has a file (else NULL), and refuses an image in two of them.
 * part_lists_free on success and failure alike. */
bool part_lists_read(
    struct part_lists *l, const char *dir, const char *const file[PART_COUNT], struct err *e);
void part_lists_free(struct part_lists *l);

/* A name is a sample's id. One that the set has not, or has set aside, is refused with its line, or, with
 * `pass`, left out of its part and counted in s->unusable. `validation_share` of the training list's subjects
 * (or samples) is drawn by `seed` for validation where that has no list. Samples in no list are in no part. */
bool split_lists(struct split *s, const struct manifest *m, const struct part_lists *l, bool pass,
    uint64_t seed, double validation_share, enum split_duplicates duplicates, struct err *e);

#endif
