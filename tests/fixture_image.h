/* Image files of every kind in memory, for what reads them. The caller frees what is returned. */
#ifndef FIXTURE_IMAGE_H
#define FIXTURE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A square JPEG of one tone (90 in each component) as libjpeg writes it; `space` is a J_COLOR_SPACE. */
uint8_t *file_jpeg(int components, int space, bool progressive, int side, size_t *n);
/* A copy with that width and height in its frame header, whatever the data are. */
uint8_t *file_jpeg_sized(const uint8_t *jpeg, size_t n, unsigned width, unsigned height);
/* A copy with EXIF's orientation, *out_n bytes. */
uint8_t *file_jpeg_turned(const uint8_t *jpeg, size_t n, uint8_t orientation, size_t *out_n);

/* A square PNG of `format` (PNG_FORMAT_...), with the colour map of a palette, NULL for others. */
uint8_t *file_png(int format, const void *pixels, const void *palette, int side, size_t *n);
/* A copy with that width and height in its header, whatever the data are. */
uint8_t *file_png_sized(const uint8_t *png, size_t n, unsigned width, unsigned height);
/* A copy with EXIF's orientation in a chunk eXIf, behind the pixels or before them. */
uint8_t *file_png_turned(
    const uint8_t *png, size_t n, uint8_t orientation, bool behind, size_t *out_n);
/* A copy with `copies` compressed text chunks, each of `bytes` zeros' worth of text when unpacked. */
uint8_t *file_png_texts(const uint8_t *png, size_t n, size_t bytes, int copies, size_t *out_n);

#endif
