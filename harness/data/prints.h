/* A print of an image: 32 x 32 values of its brightness, by which near-identical images are found. A pixel's
 * brightness is (299 R + 587 G + 114 B) / 1000; a value is the mean of the decoded pixels in its share of the
 * image, pixels on a border counted by the part that lies within, rounded half up: whole numbers throughout, so
 * prints are the same on every processor. */
#ifndef DATA_PRINTS_H
#define DATA_PRINTS_H

#include "core/sha256.h"
#include "data/image.h"

#include <stdbool.h>

enum { PRINT_SIDE = 32, PRINT_VALUES = PRINT_SIDE * PRINT_SIDE };

void print_of(uint8_t print[PRINT_VALUES], const struct image *im);

struct print_item {
    const char *file;    /* relative to the root */
    const char *content; /* SHA-256 of its bytes */
};

/* Fills prints [n][PRINT_VALUES] of n items sorted by content, all distinct; decoded[i] 0: the image does not
 * decode and its print is zero. Prints are kept in a file of `cache_dir` by content, so that opening a set again
 * decodes no image (NULL: decode all, write nothing); a file that is broken is made again. */
bool prints_fill(uint8_t *prints, uint8_t *decoded, const struct print_item *items, size_t n,
    const char *root, const char *cache_dir, int threads, struct err *e);

#endif
