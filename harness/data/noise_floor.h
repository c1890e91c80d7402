/* What copies of one image say of the labels: nobody can predict a label better from the image than its copies
 * agree on it. For each file that has a label and in its duplicate group another that has one, the difference to
 * every other is averaged; these means are averaged over the files. So it is the expected error of answering with
 * the label of another copy, drawn at random, and each file counts once however large its group is. */
#ifndef DATA_NOISE_FLOOR_H
#define DATA_NOISE_FLOOR_H

#include "data/manifest.h"

struct noise_floor {
    size_t groups, files; /* of duplicates */
    struct label_noise {
        size_t groups, files;  /* with at least two labels in a group */
        size_t conflicts;      /* groups whose labels are not all the same */
        double mae, differing; /* means of |a - b| and of a != b; NaN without files */
    } of[ATTR_COUNT];
};

/* `group`: each sample's, as duplicate_groups gives them. */
void noise_floor_of(struct noise_floor *f, const struct manifest *m, const int32_t *group);

#endif
