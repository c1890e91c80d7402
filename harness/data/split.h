/* A split assigns each usable sample of a manifest to a part. It depends on the sample ids, the
 * split's keys and its seed alone. */
#ifndef DATA_SPLIT_H
#define DATA_SPLIT_H

#include "data/manifest.h"

struct split {
    uint32_t *rows[PART_COUNT]; /* rows of the manifest, ascending */
    size_t n[PART_COUNT];
};

/* Random: `test_share` of all for the test part, `validation_share` of what remains for validation
 * (both rounded half up, each part at least one sample; a validation_share of 0 leaves that part
 * empty). Shares are in 0..1, the ends excluded but for that 0. */
bool split_random(struct split *s, const struct manifest *m, uint64_t seed, double test_share,
    double validation_share, struct err *e);
void split_free(struct split *s);

#endif
