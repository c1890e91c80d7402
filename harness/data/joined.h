/* Sets of things by number, joined two by two (union-find): parent[i] is i where i is alone. The root of a set is
 * its least member, so that nothing depends on the order of joining. */
#ifndef DATA_JOINED_H
#define DATA_JOINED_H

#include <stdint.h>

static inline uint32_t joined_root(uint32_t *parent, uint32_t i) {
    while (parent[i] != i)
        i = parent[i] = parent[parent[i]];
    return i;
}

static inline void joined_join(uint32_t *parent, uint32_t a, uint32_t b) {
    uint32_t x = joined_root(parent, a), y = joined_root(parent, b);
    parent[x > y ? x : y] = x > y ? y : x;
}

#endif
