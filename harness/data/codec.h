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
bool png_decode(struct image *im, int *orientation, const char *name, const uint8_t *bytes,
    size_t n, struct err *e);

/* EXIF's orientation, 1 to 8; 1 where there is none, or nothing that libexif reads. `bytes`: as in a JPEG, with the
 * head that exif_headed asks for, or bare as in a PNG's eXIf, at most EXIF_MAX_BYTES as a JPEG has. */
enum { EXIF_MAX_BYTES = 0xFFFF };
bool exif_headed(const uint8_t *bytes, size_t n);
int exif_orientation(const uint8_t *bytes, size_t n);
int exif_orientation_bare(const uint8_t *bytes, size_t n);

#endif
