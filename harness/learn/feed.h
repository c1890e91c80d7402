/* Batches as tensors: pixels from the cache, augmented ahead of the training thread; pixels that lie on
 * the device, augmented there, by the same draws to the same bytes; or rows of a frozen trunk's features. */
#ifndef LEARN_FEED_H
#define LEARN_FEED_H

#include "data/batch.h"
#include "grid/config.h"
#include "learn/loss.h"
#include "model/network.h"

/* Where batches come from: one set at one size, shared by a worker's cells. Either `features` or
 * `pixels` is there. */
struct source {
    const struct manifest *manifest;
    const uint8_t *bad;          /* [manifest->n]: rows to leave out of every part */
    const struct pixels *pixels; /* NULL with features */
    th_tensor *resident;         /* the same [n,H,W,3] u8 on the device, or NULL: from the host */
    th_tensor *features;         /* [n,D] f32 on the device, or NULL */
};

struct feed;

/* The batches from first_batch on of `rows` in the order given (borrowed). With `epoch` >= 0 pixels
 * are augmented as the configuration says, by its draws; with -1 they are not. */
struct feed *feed_open(const struct source *s, const struct config *c, const uint32_t *rows,
    size_t n, size_t batch, size_t first_batch, int epoch);
void feed_close(struct feed *f);

struct feed_batch {
    size_t n;
    const uint32_t *rows; /* of the manifest */
    th_tensor *input;     /* features [N,D] or pixels [N,H,W,3] u8; in the scope given */
};
/* false: no more. The batch is valid until the next call. */
bool feed_next(struct feed *f, th_scope *scope, struct feed_batch *out);

/* logits[t] of the batch, through trunk and heads or through heads alone. */
void feed_logits(const struct source *s, struct network *n, struct pass *p,
    const struct feed_batch *b, th_tensor *logits[]);

/* The batch's target for one task: labels from the manifest. */
struct target feed_target(const struct source *s, th_scope *scope, const struct task_config *t,
    const struct feed_batch *b);

#endif
