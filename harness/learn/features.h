/* A frozen trunk's features: one row of D floats a sample of the manifest, made once straight from
 * the decoder, kept in a memory-mapped file under the cache folder and shared by all cells and workers.
 * The file is keyed by the set's fingerprint, the image size, the trunk, its weights and libtorch's version. */
#ifndef LEARN_FEATURES_H
#define LEARN_FEATURES_H

#include "core/file.h"
#include "data/manifest.h"
#include "data/pixels.h"
#include "grid/config.h"
#include "model/network.h"

struct features {
    char key[SHA256_HEX]; /* of what the features depend on */
    struct file_map map;
    size_t n; /* rows of the manifest */
    int width;
    const float *values; /* [n][width] in the mapping, 64-byte aligned; bad rows are zero */
    const uint8_t *bad;  /* [n]: 1 where the file does not decode */
};

/* What the features of `c` depend on, as 64 hexadecimal digits. */
void features_key(char key[SHA256_HEX], const struct manifest *m, const struct config *c,
    const struct network *n);

/* Opens the file, making it first where it is not there (under a lock, written atomically) with
 * `net`, whose trunk is frozen, on `device`. `threads` decode ahead of the trunk. */
bool features_open(struct features *f, const struct manifest *m, const struct config *c,
    struct network *net, struct th_device device, const char *cache_dir, int threads,
    progress_fn progress, void *context, struct err *e);
void features_close(struct features *f);

#endif
