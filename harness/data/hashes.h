/* Content hashes of a folder's files. Hashes are kept in a small file, so that opening a set again
 * reads no image: an entry counts while the file's size and modification time are as they were. */
#ifndef DATA_HASHES_H
#define DATA_HASHES_H

#include "core/err.h"
#include "core/sha256.h"

#include <stddef.h>

struct hash_item {
    const char *file; /* relative to the root */
    char *content;    /* out: [SHA256_HEX] */
};

/* Fills `content` of all n items, which are sorted by file (bytes) and distinct. cache_dir NULL: hash
 * all, write nothing. The cache is read as a hint: one that is broken is made again. */
bool hashes_fill(const struct hash_item *items, size_t n, const char *root, const char *cache_dir,
    int threads, struct err *e);

#endif
