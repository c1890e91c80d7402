#include "data/hashes.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/str.h"
#include "core/parallel.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The cache: the line below, then per file "HASH SIZE SECONDS.NANOSECONDS NAME" ended by NUL (a name
 * may hold a newline), sorted by name. */
#define CACHE_HEAD "dmtl content hashes 1\n"
#define CACHE_LIMIT ((size_t)1 << 30)

struct stamp {
    intmax_t size, seconds;
    long nanoseconds;
};
struct job {
    const struct hash_item *items;
    const char *root;
    struct stamp *stamps;
    size_t *stale; /* items without a cached hash */
    char **errors; /* [n stale]: a message or NULL */
};

static bool stamp_of(struct stamp *s, const char *root, const char *file, struct err *e) {
    char *path = path_join(root, file);
    struct stat st;
    bool ok = stat(path, &st) == 0;
    if (ok)
        *s = (struct stamp){st.st_size, st.st_mtim.tv_sec, st.st_mtim.tv_nsec};
    else
        err_sys(e, errno, "%s: cannot be read", path);
    free(path);
    return ok;
}

static void hash_one(void *context, int worker, size_t i) {
    struct job *j = context;
    (void)worker;
    const struct hash_item *item = &j->items[j->stale[i]];
    char *path = path_join(j->root, item->file);
    struct err e = {0};
    if (!sha256_file(path, item->content, &e))
        j->errors[i] = xstrdup(e.msg);
    free(path);
}

/* One file a root: folders of the same name elsewhere do not meet. */
static char *cache_path(const char *root, const char *cache_dir) {
    char *real = realpath(root, NULL), key[SHA256_HEX];
    const char *used = real ? real : root;
    sha256_bytes(used, strlen(used), key);
    free(real);
    char *name = xasprintf("hashes-%.16s.txt", key), *path = path_join(cache_dir, name);
    free(name);
    return path;
}

static bool is_hash(const char *s) {
    return strspn(s, "0123456789abcdef") == SHA256_HEX - 1;
}

/* Takes the hashes whose stamp still holds; both lists are sorted by name, so one walk is enough. */
static void take_cached(
    const struct hash_item *items, const struct stamp *stamps, size_t n, const char *cache) {
    struct err ignored = {0}; /* no cache yet, or one we cannot read: everything is hashed */
    size_t size;
    char *text = file_read(cache, CACHE_LIMIT, &size, &ignored);
    if (!text)
        return;
    size_t item = 0, head = strlen(CACHE_HEAD);
    if (size < head || memcmp(text, CACHE_HEAD, head) != 0)
        size = 0;
    for (char *p = text + head; p < text + size; p += strlen(p) + 1) {
        char hash[SHA256_HEX];
        struct stamp s;
        int name = 0;
        if (sscanf(p, "%64[0-9a-f] %jd %jd.%9ld%n", hash, &s.size, &s.seconds, &s.nanoseconds,
                &name) != 4 ||
            p[name] != ' ' || !is_hash(hash))
            break;
        const char *file = p + name + 1;
        while (item < n && strcmp(items[item].file, file) < 0)
            item++;
        if (item < n && strcmp(items[item].file, file) == 0 && stamps[item].size == s.size &&
            stamps[item].seconds == s.seconds && stamps[item].nanoseconds == s.nanoseconds)
            memcpy(items[item].content, hash, sizeof hash);
    }
    free(text);
}

static bool write_cache(const struct hash_item *items, const struct stamp *stamps, size_t n,
    const char *cache, struct err *e) {
    struct str s = {0};
    str_add(&s, CACHE_HEAD);
    for (size_t i = 0; i < n; i++) {
        str_addf(&s, "%s %jd %jd.%09ld %s", items[i].content, stamps[i].size, stamps[i].seconds,
            stamps[i].nanoseconds, items[i].file);
        str_addn(&s, "", 1);
    }
    bool ok = file_write(cache, s.text, s.len, e);
    str_free(&s);
    return ok;
}

bool hashes_fill(const struct hash_item *items, size_t n, const char *root, const char *cache_dir,
    int threads, struct err *e) {
    struct job j = {.items = items,
        .root = root,
        .stamps = xcalloc(n, sizeof *j.stamps),
        .stale = xcalloc(n, sizeof *j.stale)};
    char *cache = cache_dir ? cache_path(root, cache_dir) : NULL;
    bool ok = true;
    size_t n_stale = 0;
    for (size_t i = 0; ok && i < n; i++) {
        items[i].content[0] = '\0';
        ok = stamp_of(&j.stamps[i], root, items[i].file, e);
    }
    if (!ok)
        goto done;
    if (cache)
        take_cached(items, j.stamps, n, cache);
    for (size_t i = 0; i < n; i++)
        if (!items[i].content[0])
            j.stale[n_stale++] = i;
    j.errors = xcalloc(n_stale, sizeof *j.errors);
    parallel_for(n_stale, threads, hash_one, &j);
    for (size_t i = 0; i < n_stale; i++) {
        if (j.errors[i])
            ok = err_set(e, "%s", j.errors[i]); /* the first by name is told */
        free(j.errors[i]);
    }
    if (ok && cache && n_stale > 0) {
        ok = dir_make(cache_dir, e) && write_cache(items, j.stamps, n, cache, e);
        if (!ok)
            err_add(e, "keeping content hashes in the cache folder");
    }
done:
    free(cache);
    free(j.errors);
    free(j.stale);
    free(j.stamps);
    return ok;
}
