/* The inputs that a worker's cells share: a set's manifest, its pixels or a frozen trunk's features.
 * Opened when a cell first needs them and kept; another set, reading, size or trunk opens anew.
 * Features lie on the device; pixels do on a GPU where they take at most half of its free memory, else
 * batches come from the host. Hashing and decoding use every core, whatever --threads gives to tensor
 * work: the two take turns. */
#ifndef WORKER_SETS_H
#define WORKER_SETS_H

#include "learn/features.h"
#include "learn/feed.h"
#include "worker/work_options.h"

struct sets {
    struct manifest manifest;
    struct pixels pixels;
    struct features features;
    struct source source;
    th_scope *features_life, *pixels_life; /* of what lies on the device */
    th_tensor *resident_features, *resident_pixels;
    bool have_manifest, have_pixels, have_features;
};

/* The manifest of the configuration's set, its duplicates marked. */
const struct manifest *sets_manifest(
    struct sets *s, const struct work_options *o, const struct config *c, struct err *e);

/* The batches' source for `net`, which tells whether features can stand for pixels. Building a cache
 * calls `progress`. */
const struct source *sets_source(struct sets *s, const struct work_options *o,
    const struct config *c, struct network *net, struct th_device device, progress_fn progress,
    void *context, struct err *e);

void sets_close(struct sets *s);

#endif
