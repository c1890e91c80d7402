/* Batches of augmented pixels, made ahead of the training thread by threads of their own.
 * What a batch holds depends on (seed, epoch, rows, batch size) alone, so an epoch can be entered at
 * any batch. */
#ifndef DATA_BATCH_H
#define DATA_BATCH_H

#include "data/pixels.h"

#include <stdbool.h>

struct augment {
    bool flip;    /* left-right, with probability 1/2 */
    int shift_px; /* both axes, uniform in -s..s, edge pixels repeated */
};

/* The order of an epoch: a permutation of rows drawn from (seed, RNG_ORDER, epoch), in place. */
void epoch_order(uint64_t seed, int epoch, uint32_t *rows, size_t n);

/* One sample's pixels with the draws of (seed, RNG_AUGMENT, epoch, row); augment NULL: a copy. */
void augment_sample(uint8_t *out, const uint8_t *in, int image_px, const struct augment *a,
    uint64_t seed, int epoch, uint32_t row);

/* The same as places: pixel (y,x) of what augment_sample gives is the sample's at (down[y], right[x]),
 * [image_px] each. For pixels that are moved where they lie, on a GPU. */
void augment_places(int64_t *down, int64_t *right, int image_px, const struct augment *a,
    uint64_t seed, int epoch, uint32_t row);

struct batch {
    size_t n;
    const uint32_t *rows; /* [n] rows of the manifest */
    const uint8_t *rgb;   /* [n][image_px][image_px][3], valid until the next batches_next */
};
struct batches;
/* Batches first_batch, first_batch + 1, ... of `rows` in the order given (copied); the last may be
 * smaller. augment NULL: none. `depth` batches are made ahead by `threads` threads. */
struct batches *batches_open(const struct pixels *p, const uint32_t *rows, size_t n,
    size_t batch_size, size_t first_batch, const struct augment *augment, uint64_t seed, int epoch,
    int threads, int depth);
bool batches_next(struct batches *b, struct batch *out); /* false: no more */
void batches_close(struct batches *b);

#endif
