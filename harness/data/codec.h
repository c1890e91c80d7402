/* Private to image.c: one decoder a format. */
#ifndef DATA_CODEC_H
#define DATA_CODEC_H

#include "data/image.h"

#include <stdbool.h>

/* Whether an image of this size is read at all; false with a message otherwise. */
bool image_size_ok(const char *name, unsigned long width, unsigned long height, struct err *e);

/* Fill an empty image; *orientation is EXIF's, 1 to 8, 1 where there is none. On failure im may hold
 * memory, which the caller frees. */
bool jpeg_decode(struct image *im, int *orientation, const char *name, const uint8_t *bytes,
    size_t n, struct err *e);
bool png_decode(struct image *im, const char *name, const uint8_t *bytes, size_t n, struct err *e);

#endif
