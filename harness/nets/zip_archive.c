#include "nets/zip_archive.h"

#include "core/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The records' fixed parts, and the text behind the last of them. */
enum { LOCAL_BYTES = 30, ENTRY_BYTES = 46, END_BYTES = 22, LOCATOR_BYTES = 20, END64_BYTES = 56 };
enum { MAX_COMMENT = 0xFFFF };
enum { ENCRYPTED = 1 };      /* bit of the flags */
#define IN_ZIP64 0xFFFFFFFFu /* a field of 4 bytes that the zip64 extra field has instead */

#define LOCAL "PK\3\4"
#define ENTRY "PK\1\2"
#define END "PK\5\6"
#define LOCATOR "PK\6\7"
#define END64 "PK\6\6"

bool zip_recognise(const struct file_map *map) {
    return map->size >= 4 && memcmp(map->bytes, LOCAL, 4) == 0;
}

static uint64_t number(const unsigned char *at, int bytes) {
    uint64_t n = 0;
    for (int i = bytes - 1; i >= 0; i--)
        n = n << 8 | at[i];
    return n;
}

/* Whether the record of this signature and at least these bytes stands at `at`, all before `end`. */
static bool record_at(
    const struct file_map *map, uint64_t at, uint64_t end, const char *signature, size_t bytes) {
    return end <= map->size && at <= end && end - at >= bytes &&
           memcmp(map->bytes + at, signature, 4) == 0;
}

/* ---- the directory ---- */

struct directory {
    uint64_t entries, from, bytes;
    uint64_t limit; /* it ends here or before: the first record of the archive's end */
};

/* The last record: a comment of its own length behind it ends the file. */
static bool find_end(const struct file_map *map, uint64_t *at) {
    for (size_t comment = 0; comment <= MAX_COMMENT; comment++) {
        if (map->size < END_BYTES + comment)
            return false;
        *at = map->size - END_BYTES - comment;
        if (record_at(map, *at, map->size, END, END_BYTES) &&
            number(map->bytes + *at + 20, 2) == comment)
            return true;
    }
    return false;
}

static bool find_directory(const struct file_map *map, struct directory *d) {
    uint64_t end;
    if (!find_end(map, &end))
        return false;
    const unsigned char *r = map->bytes + end;
    *d = (struct directory){number(r + 10, 2), number(r + 16, 4), number(r + 12, 4), end};
    if (end >= LOCATOR_BYTES && record_at(map, end - LOCATOR_BYTES, end, LOCATOR, LOCATOR_BYTES)) {
        uint64_t end64 = number(map->bytes + end - LOCATOR_BYTES + 8, 8);
        if (!record_at(map, end64, end - LOCATOR_BYTES, END64, END64_BYTES))
            return false;
        r = map->bytes + end64;
        *d = (struct directory){number(r + 32, 8), number(r + 48, 8), number(r + 40, 8), end64};
    }
    return d->from <= d->limit && d->bytes <= d->limit - d->from &&
           d->entries <= d->bytes / ENTRY_BYTES;
}

/* ---- members ---- */

/* Takes the wide values of the zip64 extra field, which stand there in this order for the fields that
 * say so. False where a field asks for one that is not there. */
static bool widen(const unsigned char *extra, size_t length, uint64_t *fields[], size_t n) {
    size_t at = 0, left = 0;
    while (length - at >= 4 && left == 0) {
        uint64_t id = number(extra + at, 2), bytes = number(extra + at + 2, 2);
        at += 4;
        if (bytes > length - at)
            return false;
        if (id == 1)
            left = bytes;
        else
            at += bytes;
    }
    for (size_t i = 0; i < n; i++) {
        if (*fields[i] != IN_ZIP64)
            continue;
        if (left < 8)
            return false;
        *fields[i] = number(extra + at, 8);
        at += 8;
        left -= 8;
    }
    return true;
}

struct reading {
    const char *path;
    const struct file_map *map;
    struct directory directory;
};

static bool refuse(
    const struct reading *r, const struct zip_member *m, const char *what, struct err *e) {
    return err_usage(e, "%s: its member %.*s %s", r->path,
        (int)(m->name_length < 200 ? m->name_length : 200), m->name, what);
}

/* The member's bytes by its own header, which must agree with the directory. */
static bool locate(
    const struct reading *r, struct zip_member *m, uint64_t from, uint64_t size, struct err *e) {
    static const char broken[] = "does not lie in the file as the directory has it; the file is "
                                 "cut short or broken";
    uint64_t limit = r->directory.from;
    if (!record_at(r->map, from, limit, LOCAL, LOCAL_BYTES))
        return refuse(r, m, broken, e);
    m->from = r->map->bytes + from;
    uint64_t name_length = number(m->from + 26, 2), extra = number(m->from + 28, 2);
    uint64_t left = limit - from - LOCAL_BYTES;
    if (name_length + extra > left || size > left - name_length - extra ||
        name_length != m->name_length || memcmp(m->from + LOCAL_BYTES, m->name, name_length) != 0)
        return refuse(r, m, broken, e);
    m->data = m->from + LOCAL_BYTES + name_length + extra;
    m->size = size;
    return true;
}

/* The directory's entry at *at, which moves behind it. */
static bool read_member(
    const struct reading *r, struct zip_member *m, uint64_t *at, struct err *e) {
    uint64_t end = r->directory.from + r->directory.bytes;
    if (!record_at(r->map, *at, end, ENTRY, ENTRY_BYTES))
        return err_usage(e, "%s: its zip directory is broken", r->path);
    const unsigned char *entry = r->map->bytes + *at;
    uint64_t flags = number(entry + 8, 2), method = number(entry + 10, 2),
             stored = number(entry + 20, 4), size = number(entry + 24, 4),
             from = number(entry + 42, 4);
    size_t name = number(entry + 28, 2), extra = number(entry + 30, 2),
           comment = number(entry + 32, 2);
    if (name + extra + comment > end - *at - ENTRY_BYTES)
        return err_usage(e, "%s: its zip directory is broken", r->path);
    *at += ENTRY_BYTES + name + extra + comment;
    m->name = (const char *)entry + ENTRY_BYTES;
    m->name_length = name;
    if (!widen(entry + ENTRY_BYTES + name, extra, (uint64_t *[]){&size, &stored, &from}, 3))
        return refuse(r, m, "has no size or place; the directory is broken", e);
    if (method != 0 || size != stored || flags & ENCRYPTED)
        return refuse(r, m,
            "is compressed or encrypted, which torch.save does not do; save it anew with "
            "torch.save, or zip it with -0",
            e);
    return locate(r, m, from, size, e);
}

static int by_place(const void *a, const void *b) {
    const struct zip_member *x = a, *y = b;
    return (x->from > y->from) - (x->from < y->from);
}

static int by_name(const void *a, const void *b) {
    const struct zip_member *x = a, *y = b;
    size_t n = x->name_length < y->name_length ? x->name_length : y->name_length;
    int order = memcmp(x->name, y->name, n);
    return order ? order : (x->name_length > y->name_length) - (x->name_length < y->name_length);
}

/* Sorts the members by name when no two share bytes or a name. */
static bool order(const struct reading *r, struct zip_archive *a, struct err *e) {
    qsort(a->members, a->n, sizeof *a->members, by_place);
    for (size_t i = 1; i < a->n; i++)
        if (a->members[i - 1].data + a->members[i - 1].size > a->members[i].from)
            return refuse(r, &a->members[i], "overlaps another; the archive is broken", e);
    qsort(a->members, a->n, sizeof *a->members, by_name);
    for (size_t i = 1; i < a->n; i++)
        if (by_name(&a->members[i - 1], &a->members[i]) == 0)
            return refuse(r, &a->members[i], "stands twice in it", e);
    return true;
}

bool zip_archive_open(
    struct zip_archive *a, const struct file_map *map, const char *path, struct err *e) {
    struct reading r = {.path = path, .map = map};
    *a = (struct zip_archive){0};
    if (!find_directory(map, &r.directory))
        return err_usage(
            e, "%s: is a zip archive without its directory; it is cut short or broken", path);
    uint64_t at = r.directory.from;
    a->members = xcalloc(r.directory.entries, sizeof *a->members);
    while (a->n < r.directory.entries)
        if (!read_member(&r, &a->members[a->n++], &at, e))
            return false;
    if (at != r.directory.from + r.directory.bytes)
        return err_usage(e, "%s: its zip directory is broken", path);
    return order(&r, a, e);
}

void zip_archive_free(struct zip_archive *a) {
    free(a->members);
    *a = (struct zip_archive){0};
}

const struct zip_member *zip_archive_find(
    const struct zip_archive *a, const char *name, size_t length) {
    const struct zip_member wanted = {.name = name, .name_length = length};
    return a->n ? bsearch(&wanted, a->members, a->n, sizeof *a->members, by_name) : NULL;
}
