/* A zip archive of stored members, as ranges of a mapping: as much of the format (APPNOTE 6.3) as
 * torch.save writes: zip64, no compression, no encryption, one volume. Own code, for libzip has no call
 * that tells where a stored member lies: it would copy what the mapping holds (24 ms and 21 MB for
 * EfficientNet-B0), and a zip of this kind is three kinds of records. Sums (CRC-32) are not looked at:
 * torch.save may leave them out. Nothing is trusted: every range lies in the file, no two overlap, so
 * members together are never larger than the file.
 */
#ifndef NETS_ZIP_ARCHIVE_H
#define NETS_ZIP_ARCHIVE_H

#include "core/err.h"
#include "core/file.h"

#include <stddef.h>

struct zip_member {
    const char *name; /* in the mapping; not NUL-terminated */
    size_t name_length;
    const unsigned char *from, *data; /* the member's header, and its `size` bytes behind it */
    size_t size;
};

struct zip_archive {
    struct zip_member *members; /* by name; no name stands twice */
    size_t n;
};

bool zip_recognise(const struct file_map *map); /* by the first bytes */

/* Reads the archive's directory; `map` outlives it. False with ERR_USAGE where it is cut short, broken,
 * or uses what is not read. zip_archive_free on success and failure alike. */
bool zip_archive_open(
    struct zip_archive *a, const struct file_map *map, const char *path, struct err *e);
void zip_archive_free(struct zip_archive *a);

/* The member of this name (of `length` bytes), or NULL. */
const struct zip_member *zip_archive_find(
    const struct zip_archive *a, const char *name, size_t length);

#endif
