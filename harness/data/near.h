/* Near-identical prints: those whose Pearson correlation, of either with the other or with the other's
 * mirror image, is at least NEAR_CORRELATION. */
#ifndef DATA_NEAR_H
#define DATA_NEAR_H

#include "data/prints.h"

/* Above it stand copies that were scaled, compressed again, mirrored or shifted by a pixel or two; below it other
 * pictures of one person begin. */
#define NEAR_CORRELATION 0.965

/* Joins each of n prints with those near it in `parent` ([n], data/joined.h); prints that are flat, or do not count
 * (decoded[i] 0), are near nothing. Exact: what is left out unseen cannot be near, or is joined already. Memory
 * grows with n alone. */
bool near_join(uint32_t *parent, const uint8_t *prints, const uint8_t *decoded, size_t n,
    int threads, struct err *e);

#endif
