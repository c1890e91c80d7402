/* The pixel cache: every sample of a manifest decoded and resized once into one memory-mapped uint8
 * file, keyed by the set's fingerprint and the preprocessing, shared by all cells and workers. */
#ifndef DATA_PIXELS_H
#define DATA_PIXELS_H

#include "core/file.h"
#include "data/manifest.h"

/* Called from the building thread with samples done; return false to stop (ERR_INTERRUPTED). */
typedef bool (*progress_fn)(void *context, size_t done, size_t total);

struct bad_image { /* a file that does not decode */
    uint32_t row;
    char *message;
};
struct pixels {
    struct file_map map;
    int image_px;
    size_t n;           /* rows of the manifest */
    const uint8_t *rgb; /* [n][image_px][image_px][3]; bad rows are zero */
    const uint8_t *bad; /* [n]: 1 where the file does not decode: leave the row out of every part */
    struct bad_image *bad_images;
    size_t n_bad;
};

/* Opens the cache under `cache_dir`, building it first where it is not there (in parallel, under a
 * lock, written atomically). Fails where more than max_bad_share of the files do not decode; the
 * message names the first ones. */
bool pixels_open(struct pixels *p, const struct manifest *m, int image_px, const char *cache_dir,
    int threads, double max_bad_share, progress_fn progress, void *context, struct err *e);
void pixels_close(struct pixels *p);

/* Streams the same pixels once in row order without a file: for a frozen trunk's features. `sink` gets
 * blocks of at most `block` rows (consecutive, decoded in parallel ahead of it), with bad[i] set where
 * a file did not decode; it returns false with e set to stop. Bad images are reported as above. */
struct pixel_block {
    size_t first_row, n;
    const uint8_t *rgb;
    const uint8_t *bad;
};
bool pixels_stream(const struct manifest *m, int image_px, int threads, size_t block,
    double max_bad_share, bool (*sink)(void *context, const struct pixel_block *b, struct err *e),
    void *context, struct bad_image **bad_images, size_t *n_bad, struct err *e);
void bad_images_free(struct bad_image *b, size_t n);

#endif
