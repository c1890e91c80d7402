#include "data/prints.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/str.h"
#include "core/parallel.h"

#include <stdlib.h>
#include <string.h>

/* ---- one image ---- */

/* The image's lines and columns are measured in units of which a value's share is `side` and a pixel's is
 * PRINT_SIDE, so that both borders are whole numbers. Adds a pixel's parts to the values that it lies in. */
static void add_line(uint64_t sums[PRINT_SIDE], const uint8_t *rgb, int width) {
    memset(sums, 0, PRINT_SIDE * sizeof *sums);
    for (int x = 0; x < width; x++, rgb += 3) {
        uint64_t luma = (uint64_t)(299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2]);
        int from = x * PRINT_SIDE, end = from + PRINT_SIDE;
        for (int i = from / width; from < end; i++) {
            int stop = (i + 1) * width < end ? (i + 1) * width : end;
            sums[i] += luma * (uint64_t)(stop - from);
            from = stop;
        }
    }
}

void print_of(uint8_t print[PRINT_VALUES], const struct image *im) {
    uint64_t total[PRINT_VALUES] = {0}, line[PRINT_SIDE];
    for (int y = 0; y < im->height; y++) {
        add_line(line, im->rgb + (size_t)3 * im->width * y, im->width);
        int from = y * PRINT_SIDE, end = from + PRINT_SIDE;
        for (int i = from / im->height; from < end; i++) {
            int stop = (i + 1) * im->height < end ? (i + 1) * im->height : end;
            for (int j = 0; j < PRINT_SIDE; j++)
                total[i * PRINT_SIDE + j] += line[j] * (uint64_t)(stop - from);
            from = stop;
        }
    }
    uint64_t weight = (uint64_t)1000 * im->width * im->height;
    for (int i = 0; i < PRINT_VALUES; i++)
        print[i] = (uint8_t)((total[i] + weight / 2) / weight);
}

/* ---- many files ---- */

#define FILE_LIMIT ((size_t)64 << 20)

struct job {
    const struct print_item *items;
    const char *root;
    size_t *missing; /* items that the cache has no print of */
    uint8_t *prints, *decoded;
};

/* An image that does not decode is known as such; a file that cannot be read is an error. */
static bool print_one(void *context, int worker, size_t i, struct err *e) {
    const struct job *j = context;
    (void)worker;
    size_t item = j->missing[i], n = 0;
    char *path = path_join(j->root, j->items[item].file);
    char *bytes = file_read(path, FILE_LIMIT, &n, e);
    struct image im = {0};
    struct err ignored = {0};
    if (bytes && image_decode(&im, path, (const uint8_t *)bytes, n, &ignored)) {
        print_of(j->prints + item * PRINT_VALUES, &im);
        j->decoded[item] = 1;
    }
    image_free(&im);
    free(path);
    bool ok = bytes != NULL;
    free(bytes);
    return ok;
}

/* ---- the cache ---- */

/* The line below; records of a content, whether it decodes, and its print, sorted by content; the SHA-256 of all
 * that. Contents in binary would be half as long, but a print is 16 times that. */
#define CACHE_HEAD "dmtl image prints 1\n"
#define CACHE_LIMIT ((size_t)4 << 30)
enum { CONTENT = SHA256_HEX - 1, RECORD = CONTENT + 1 + PRINT_VALUES };

struct cache {
    char *bytes; /* of the file; NULL: there is none that we can use */
    const char *records;
    size_t n;
};

static char *cache_path(const char *root, const char *cache_dir) {
    char *real = realpath(root, NULL), key[SHA256_HEX];
    const char *used = real ? real : root;
    sha256_bytes(used, strlen(used), key);
    free(real);
    char *name = xasprintf("prints-%.16s.bin", key), *path = path_join(cache_dir, name);
    free(name);
    return path;
}

static struct cache read_cache(const char *path) {
    struct err ignored = {0};
    struct cache c = {0};
    size_t size = 0, head = strlen(CACHE_HEAD);
    char sum[SHA256_HEX];
    c.bytes = file_read(path, CACHE_LIMIT, &size, &ignored);
    if (!c.bytes)
        return c;
    bool ok = size >= head + CONTENT && (size - head - CONTENT) % RECORD == 0 &&
              memcmp(c.bytes, CACHE_HEAD, head) == 0;
    if (ok) {
        sha256_bytes(c.bytes, size - CONTENT, sum);
        ok = memcmp(sum, c.bytes + size - CONTENT, CONTENT) == 0;
    }
    if (ok) {
        c.records = c.bytes + head;
        c.n = (size - head - CONTENT) / RECORD;
    }
    return c;
}

/* Both are sorted by content, so one walk is enough. Returns how many items have no print. */
static size_t take_cached(const struct job *j, size_t n, const struct cache *c) {
    size_t missing = 0, k = 0;
    for (size_t i = 0; i < n; i++) {
        int order = 1;
        while (
            k < c->n && (order = memcmp(c->records + k * RECORD, j->items[i].content, CONTENT)) < 0)
            k++;
        if (k < c->n && order == 0) {
            const char *record = c->records + k * RECORD + CONTENT;
            j->decoded[i] = record[0] != 0;
            memcpy(j->prints + i * PRINT_VALUES, record + 1, PRINT_VALUES);
        } else {
            j->missing[missing++] = i;
        }
    }
    return missing;
}

static void add_item(struct str *s, const struct job *j, size_t i) {
    char state = (char)j->decoded[i];
    str_addn(s, j->items[i].content, CONTENT);
    str_addn(s, &state, 1);
    str_addn(s, (const char *)j->prints + i * PRINT_VALUES, PRINT_VALUES);
}

/* What the cache had stays in it: another reading of the folder, as Adience's other crop, wants other files. */
static bool write_cache(
    const struct job *j, size_t n, const struct cache *c, const char *path, struct err *e) {
    struct str s = {0};
    size_t k = 0;
    char sum[SHA256_HEX];
    str_add(&s, CACHE_HEAD);
    for (size_t i = 0; i < n; i++) {
        int order = 1;
        for (; k < c->n &&
               (order = memcmp(c->records + k * RECORD, j->items[i].content, CONTENT)) < 0;
             k++)
            str_addn(&s, c->records + k * RECORD, RECORD);
        k += k < c->n && order == 0;
        add_item(&s, j, i);
    }
    str_addn(&s, c->records ? c->records + k * RECORD : "", (c->n - k) * RECORD);
    sha256_bytes(s.text, s.len, sum);
    str_addn(&s, sum, CONTENT);
    bool ok = file_write(path, s.text, s.len, e);
    str_free(&s);
    return ok || err_add(e, "keeping prints of images in the cache folder");
}

bool prints_fill(uint8_t *prints, uint8_t *decoded, const struct print_item *items, size_t n,
    const char *root, const char *cache_dir, int threads, struct err *e) {
    struct job j = {.items = items,
        .root = root,
        .missing = xcalloc(n, sizeof *j.missing),
        .prints = prints,
        .decoded = decoded};
    char *path = cache_dir ? cache_path(root, cache_dir) : NULL;
    struct cache cache = path ? read_cache(path) : (struct cache){0};
    memset(prints, 0, n * PRINT_VALUES);
    memset(decoded, 0, n);
    size_t missing = take_cached(&j, n, &cache);
    bool ok = parallel_try(missing, threads, print_one, &j, e);
    if (ok && path && missing)
        ok = dir_make(cache_dir, e) && write_cache(&j, n, &cache, path, e);
    free(cache.bytes);
    free(path);
    free(j.missing);
    return ok;
}
