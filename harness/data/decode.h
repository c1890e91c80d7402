/* From a sample's file to its pixels, and what to say of those that fail. Private to pixels*.c. */
#ifndef DATA_DECODE_H
#define DATA_DECODE_H

#include "data/image.h"
#include "data/pixels.h"

/* Reads, decodes and resizes one sample into rgb [px][px][3]; on failure these are zero and the message
 * (the caller frees) says why; NULL on success. */
char *decode_sample(struct resizer *r, const struct manifest *m, size_t row, int px, uint8_t *rgb);

/* A list of bad images that grows in row order. */
struct bad_list {
    struct bad_image *items;
    size_t n, capacity;
};
void bad_list_add(struct bad_list *l, size_t row, char *message /* taken over */);

/* False (ERR_USAGE: the set is not fit to be used), naming the first few, where more than max_share of n
 * images are bad. */
bool bad_share_ok(const struct bad_image *bad, size_t n_bad, size_t n, double max_share,
    const struct manifest *m, struct err *e);

#endif
