/* A list of images by their names, as benchmarks publish their parts: plain text with a name a line, or CSV
 * whose first line names a column `file`, `filename` or `image`. UTF-8, perhaps with a byte order mark, lines
 * ending in LF or CRLF; lines with nothing on them are passed over. */
#ifndef DATA_NAME_LIST_H
#define DATA_NAME_LIST_H

#include "core/err.h"
#include "core/sha256.h"

#include <stddef.h>

#define NAME_LIST_MAX_BYTES ((size_t)256 << 20)

struct listed_name {
    char *name;
    long line; /* of the file, from 1 */
};
struct name_list {
    char *path;
    struct listed_name *names; /* sorted by name (bytes), each once */
    size_t n, capacity;
    char content[SHA256_HEX]; /* of the file's bytes */
};

/* Errors (ERR_USAGE) name file and line: bytes that are no UTF-8, a CSV without such a column or with another
 * number of fields in a line, a name that stands twice, a list without a name. name_list_free on success and
 * failure alike. */
bool name_list_read(struct name_list *l, const char *path, struct err *e);
bool name_list_parse(
    struct name_list *l, const char *text, size_t bytes, const char *path, struct err *e);
void name_list_free(struct name_list *l);

/* Where `name` stands, or NULL. */
const struct listed_name *name_list_find(const struct name_list *l, const char *name);

/* Refuses two lists that share a name. */
bool name_lists_apart(const struct name_list *a, const struct name_list *b, struct err *e);

#endif
