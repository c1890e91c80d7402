#include "data/pixels.h"

#include "core/mem.h"
#include "data/decode.h"

#include <assert.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The file: a header of one page, pixels [n][px][px][3], bad [n], then per bad image its row and the
 * length of its message (uint32 each) and the message. Numbers are the machine's own: a file from one
 * of the other byte order has another magic. */
#define MAGIC UINT64_C(0x31787069706c6d64)
#define VERSION 1u /* goes up with every change to what decoding and resizing give */
#define PAGE 4096
#define BLOCK 32

struct header {
    uint64_t magic;
    uint32_t version, image_px;
    uint64_t n, n_bad, file_size;
    char fingerprint[SHA256_HEX];
};
_Static_assert(sizeof(struct header) <= PAGE, "the header fits its page");

static char *cache_file(
    const struct manifest *m, int px, const char *cache_dir, const char *ending) {
    char *name = xasprintf("pixels-%.16s-%d.%s", m->fingerprint, px, ending);
    char *path = path_join(cache_dir, name);
    free(name);
    return path;
}

static size_t row_bytes(int px) {
    return (size_t)3 * px * px;
}

/* Takes the messages behind the pixels; false where they are not as written. */
static bool take_bad_images(struct pixels *p, size_t count, size_t at) {
    struct bad_list list = {0};
    size_t flagged = 0;
    for (size_t i = 0; i < p->n; i++)
        flagged += p->bad[i] == 1;
    bool ok = flagged == count;
    for (size_t i = 0; ok && i < count; i++) {
        uint32_t head[2];
        ok = p->map.size - at >= sizeof head;
        if (!ok)
            break;
        memcpy(head, p->map.bytes + at, sizeof head);
        at += sizeof head;
        ok = head[0] < p->n && p->bad[head[0]] && p->map.size - at >= head[1];
        if (ok)
            bad_list_add(&list, head[0], xstrndup((const char *)p->map.bytes + at, head[1]));
        at += ok ? head[1] : 0;
    }
    p->bad_images = list.items;
    p->n_bad = list.n;
    return ok && at == p->map.size;
}

/* Opens a file that is whole and ours; false where there is none, so that it is built (again). */
static bool open_built(struct pixels *p, const struct manifest *m, int px, const char *path) {
    struct err ignored = {0};
    struct header h;
    *p = (struct pixels){.image_px = px, .n = m->n};
    if (!file_map_open(&p->map, path, &ignored))
        return false;
    size_t least = PAGE + m->n * (row_bytes(px) + 1);
    bool ok = p->map.size >= least;
    if (ok) {
        memcpy(&h, p->map.bytes, sizeof h);
        ok = h.magic == MAGIC && h.version == VERSION && h.image_px == (uint32_t)px &&
             h.n == m->n && h.file_size == p->map.size &&
             memcmp(h.fingerprint, m->fingerprint, SHA256_HEX) == 0;
    }
    if (ok) {
        p->rgb = p->map.bytes + PAGE;
        p->bad = p->rgb + m->n * row_bytes(px);
        ok = take_bad_images(p, h.n_bad, least);
    }
    if (!ok)
        pixels_close(p);
    return ok;
}

struct build {
    struct file_output out;
    int px;
    uint8_t *bad;
    size_t n;
    progress_fn progress;
    void *context;
};

static bool put(struct build *b, const void *bytes, size_t n, struct err *e) {
    if (fwrite(bytes, 1, n, b->out.stream) == n)
        return true;
    return err_sys(e, errno,
        "%s: the pixel cache, of %.1f MB, cannot be written (--cache names another folder)",
        b->out.path, (double)(b->n * row_bytes(b->px)) / 1e6);
}

static bool put_block(void *context, const struct pixel_block *block, struct err *e) {
    struct build *b = context;
    memcpy(b->bad + block->first_row, block->bad, block->n);
    if (!put(b, block->rgb, block->n * row_bytes(b->px), e))
        return false;
    if (b->progress && !b->progress(b->context, block->first_row + block->n, b->n))
        return err_interrupted(e, "%s: stopped while it was built; nothing was kept", b->out.path);
    return true;
}

static bool put_tail(struct build *b, const struct bad_image *bad, size_t n_bad, struct err *e) {
    bool ok = put(b, b->bad, b->n, e);
    for (size_t i = 0; ok && i < n_bad; i++) {
        uint32_t head[2] = {bad[i].row, (uint32_t)strlen(bad[i].message)};
        ok = put(b, head, sizeof head, e) && put(b, bad[i].message, head[1], e);
    }
    return ok;
}

/* The header comes last: its place is kept, and a file without it is none of ours. */
static bool put_header(struct build *b, const struct manifest *m, size_t n_bad, struct err *e) {
    long size = ftell(b->out.stream);
    struct header h = {.magic = MAGIC,
        .version = VERSION,
        .image_px = (uint32_t)b->px,
        .n = b->n,
        .n_bad = n_bad,
        .file_size = (uint64_t)size};
    memcpy(h.fingerprint, m->fingerprint, sizeof h.fingerprint);
    if (size < 0 || fseek(b->out.stream, 0, SEEK_SET) != 0)
        return err_sys(e, errno, "%s: cannot be written", b->out.path);
    return put(b, &h, sizeof h, e);
}

/* What a killed process left half-written is no longer anybody's: we hold the lock. */
static void remove_left_over(const char *path) {
    char *pattern = xasprintf("%s.*.tmp", path);
    glob_t found;
    if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++)
            unlink(found.gl_pathv[i]);
        globfree(&found);
    }
    free(pattern);
}

static bool build(const struct manifest *m, int px, const char *path, int threads,
    double max_bad_share, progress_fn progress, void *context, struct err *e) {
    struct build b = {.px = px, .n = m->n, .progress = progress, .context = context};
    struct bad_image *bad = NULL;
    size_t n_bad = 0;
    static const char empty[PAGE];
    b.bad = xcalloc(m->n, 1);
    remove_left_over(path);
    bool ok = file_output_open(&b.out, path, e) && put(&b, empty, PAGE, e) &&
              pixels_stream(m, px, threads, BLOCK, max_bad_share, put_block, &b, &bad, &n_bad, e) &&
              put_tail(&b, bad, n_bad, e) && put_header(&b, m, n_bad, e) && file_commit(&b.out, e);
    file_abandon(&b.out);
    bad_images_free(bad, n_bad);
    free(b.bad);
    return ok;
}

bool pixels_open(struct pixels *p, const struct manifest *m, int image_px, const char *cache_dir,
    int threads, double max_bad_share, progress_fn progress, void *context, struct err *e) {
    assert(image_px > 0 && threads >= 1);
    char *path = cache_file(m, image_px, cache_dir, "bin"), *lock_path = NULL;
    int lock = -1;
    bool ok = open_built(p, m, image_px, path); /* needs no right to write */
    if (ok)
        goto check;
    lock_path = cache_file(m, image_px, cache_dir, "lock");
    ok = dir_make(cache_dir, e) && (lock = file_lock(lock_path, true, e)) >= 0;
    if (!ok) {
        err_add(e, "building the pixel cache");
        goto done;
    }
    ok = open_built(p, m, image_px, path); /* another process built it while we waited */
    if (!ok)
        ok = build(m, image_px, path, threads, max_bad_share, progress, context, e) &&
             (open_built(p, m, image_px, path) ||
                 err_set(e, "%s: was changed by another program", path));
    if (!ok)
        goto done;
check:
    ok = bad_share_ok(p->bad_images, p->n_bad, p->n, max_bad_share, m, e);
    if (!ok)
        pixels_close(p);
done:
    file_unlock(lock);
    free(lock_path);
    free(path);
    return ok;
}

void pixels_close(struct pixels *p) {
    file_map_close(&p->map);
    bad_images_free(p->bad_images, p->n_bad);
    *p = (struct pixels){0};
}
