#include "learn/features.h"

#include "core/mem.h"
#include "core/sha256.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The file: a header of HEADER bytes (the text below, zeros), n x width float32, n bytes of `bad`. */
enum { HEADER = 4096 };
#define FORMAT "dmtl-features-1"

static void header_text(char text[HEADER], const char *key, size_t n, int width) {
    memset(text, 0, HEADER);
    snprintf(text, HEADER, "%s key=%s n=%zu width=%d\n", FORMAT, key, n, width);
}

void features_key(char key[SHA256_HEX], const struct manifest *m, const struct config *c,
    const struct network *n) {
    const char *weights = network_weights_sha256(n);
    char *drawn = xasprintf("seed %llu", (unsigned long long)c->seed);
    const char *backend = network_backend(n);
    bool libtorch = strcmp(backend, "libtorch") == 0;
    bool both = weights && c->trunk.partial; /* the file's tensors, and drawn ones for the rest */
    char *text = xasprintf("%s\nset %s\npx %d\ntrunk %s\nweights %s%s%s\n%s%s\n", FORMAT,
        m->fingerprint, c->data.image_px, trunk_names[c->trunk.name].name,
        weights ? weights : drawn, both ? " and " : "", both ? drawn : "",
        libtorch ? "libtorch " : "", libtorch ? th_version() : backend);
    sha256_bytes(text, strlen(text), key);
    free(drawn);
    free(text);
}

/* ---- making ---- */

struct maker {
    struct network *net;
    th_scope *step;
    const char *path;
    FILE *out;
    float *values; /* of one block */
    uint8_t *bad;  /* of all rows */
    size_t total;
    int width, px;
    progress_fn progress;
    void *context;
};

static bool block_features(void *context, const struct pixel_block *b, struct err *e) {
    struct maker *m = context;
    int64_t shape[] = {(int64_t)b->n, m->px, m->px, 3};
    struct pass pass = {.scope = m->step};
    size_t row_bytes = (size_t)m->width * sizeof(float);
    th_no_grad_begin();
    th_tensor *rgb = th_borrow(m->step, TH_U8, 4, shape, b->rgb);
    th_tensor *pooled = network_features(m->net, &pass, network_normalise(m->net, &pass, rgb));
    th_read(m->step, pooled, TH_F32, m->values, b->n * row_bytes);
    th_no_grad_end();
    bool ok = th_take_error(m->step, e);
    th_scope_clear(m->step);
    if (!ok)
        return err_add(e, "features of rows %zu to %zu", b->first_row, b->first_row + b->n - 1);
    for (size_t i = 0; i < b->n; i++)
        if (b->bad[i])
            memset(m->values + i * (size_t)m->width, 0, row_bytes);
    memcpy(m->bad + b->first_row, b->bad, b->n);
    if (fwrite(m->values, row_bytes, b->n, m->out) != b->n)
        return err_sys(e, errno,
            "%s: the features, of %.1f MB, cannot be written (--cache names another folder)",
            m->path, (double)m->total * (double)row_bytes / 1e6);
    if (m->progress && !m->progress(m->context, b->first_row + b->n, m->total))
        return err_interrupted(e, "stopped while making features");
    return true;
}

static bool make_file(const char *path, const char *key, struct maker *m,
    const struct manifest *set, const struct config *c, int threads, struct err *e) {
    struct file_output out = {0};
    struct bad_image *bad_images = NULL;
    size_t n_bad = 0;
    char header[HEADER];
    header_text(header, key, set->n, m->width);
    m->values = xmalloc((size_t)FEATURES_BATCH * (size_t)m->width * sizeof(float));
    m->bad = xcalloc(set->n ? set->n : 1, 1);
    bool ok = file_output_open(&out, path, e);
    if (ok) {
        m->path = path;
        m->out = out.stream;
        fwrite(header, HEADER, 1, out.stream);
        ok = pixels_stream(set, c->data.image_px, threads, FEATURES_BATCH, c->data.max_bad_share,
            block_features, m, &bad_images, &n_bad, e);
    }
    if (ok) {
        fwrite(m->bad, 1, set->n, out.stream);
        ok = file_commit(&out, e);
    } else {
        file_abandon(&out);
    }
    bad_images_free(bad_images, n_bad);
    free(m->values);
    free(m->bad);
    return ok;
}

/* ---- opening ---- */

static bool map_file(struct features *f, const char *path, size_t n, int width, struct err *e) {
    char header[HEADER];
    header_text(header, f->key, n, width);
    size_t size = HEADER + n * (size_t)width * sizeof(float) + n;
    if (!file_map_open(&f->map, path, e))
        return false;
    if (f->map.size != size || memcmp(f->map.bytes, header, HEADER) != 0) {
        file_map_close(&f->map);
        return err_set(e,
            "%s: not the features expected (%zu rows of %d); delete it, and it will "
            "be made again",
            path, n, width);
    }
    f->n = n;
    f->width = width;
    f->values = (const float *)(const void *)(f->map.bytes + HEADER);
    f->bad = f->map.bytes + HEADER + n * (size_t)width * sizeof(float);
    return true;
}

bool features_open(struct features *f, const struct manifest *m, const struct config *c,
    struct network *net, struct th_device device, const char *cache_dir, int threads,
    progress_fn progress, void *context, struct err *e) {
    memset(f, 0, sizeof *f);
    features_key(f->key, m, c, net);
    int width = network_feature_count(net), lock = -1;
    char *path = xasprintf("%s/features-%.16s.f32", cache_dir, f->key);
    char *lock_path = xasprintf("%s.lock", path);
    bool ok = file_exists(path);
    if (!ok) {
        struct maker maker = {.net = net,
            .step = th_scope_new(device),
            .total = m->n,
            .width = width,
            .px = c->data.image_px,
            .progress = progress,
            .context = context};
        ok = dir_make(cache_dir, e) && (lock = file_lock(lock_path, true, e)) >= 0 &&
             (file_exists(path) || make_file(path, f->key, &maker, m, c, threads, e));
        th_scope_free(maker.step);
        if (lock >= 0)
            file_unlock(lock);
    }
    ok = ok && map_file(f, path, m->n, width, e);
    free(lock_path);
    free(path);
    return ok;
}

void features_close(struct features *f) {
    file_map_close(&f->map);
    memset(f, 0, sizeof *f);
}
