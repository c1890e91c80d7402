/* Images from files to square RGB pixels: JPEG and PNG decoders, EXIF rotation, antialiased bicubic
 * resize. Nothing in a file is trusted. */
#ifndef DATA_IMAGE_H
#define DATA_IMAGE_H

#include "core/err.h"

#include <stddef.h>
#include <stdint.h>

struct image {
    int width, height;
    uint8_t *rgb; /* [height][width][3]; owned */
};

/* Decodes JPEG or PNG, told apart by their first bytes; grey and palette images become RGB, EXIF
 * orientation is applied. `name` stands in messages. Truncated data is an error, not grey filler. */
bool image_decode(
    struct image *im, const char *name, const uint8_t *bytes, size_t n, struct err *e);
void image_free(struct image *im);

/* Bicubic with antialiasing (a = -0.5, the kernel widened by the scale where it shrinks), bit for bit
 * Pillow's BICUBIC on every processor. Coefficients are kept in `resizer` between images of one size. */
struct resizer; /* one per thread */
struct resizer *resizer_new(int out_width, int out_height);
void resizer_free(struct resizer *r);
void resizer_run(struct resizer *r, const struct image *im, uint8_t *rgb /* [out_h][out_w][3] */);

/* Writers for drawn sets and tests. */
bool image_write_jpeg(const char *path, const struct image *im, int quality, struct err *e);

#endif
