/* Decoding ahead: threads fill blocks of rows, the caller's sink gets them in order. */
#include "data/pixels.h"

#include "core/mem.h"
#include "data/decode.h"
#include "core/parallel.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct stream {
    const struct manifest *m;
    int px;
    size_t block, row_bytes;
    struct resizer **resizers; /* [threads] */
    uint8_t **rgb;             /* [depth] slots of `block` rows */
    char ***messages;          /* [depth][block]: NULL where the row decoded */
};

static size_t rows_of(const struct stream *s, size_t job) {
    size_t left = s->m->n - job * s->block;
    return left < s->block ? left : s->block;
}

static void fill(void *context, int worker, size_t job, int slot) {
    struct stream *s = context;
    size_t n = rows_of(s, job);
    for (size_t i = 0; i < n; i++)
        s->messages[slot][i] = decode_sample(
            s->resizers[worker], s->m, job * s->block + i, s->px, s->rgb[slot] + i * s->row_bytes);
}

static struct stream *stream_new(
    const struct manifest *m, int px, size_t block, int threads, int depth) {
    struct stream *s = xmalloc(sizeof *s);
    *s = (struct stream){.m = m,
        .px = px,
        .block = block,
        .row_bytes = (size_t)3 * px * px,
        .resizers = xcalloc((size_t)threads, sizeof(struct resizer *)),
        .rgb = xcalloc((size_t)depth, sizeof(uint8_t *)),
        .messages = xcalloc((size_t)depth, sizeof(char **))};
    for (int i = 0; i < threads; i++)
        s->resizers[i] = resizer_new(px, px);
    for (int i = 0; i < depth; i++) {
        s->rgb[i] = xmalloc(block * s->row_bytes);
        s->messages[i] = xcalloc(block, sizeof(char *));
    }
    return s;
}

static void stream_free(struct stream *s, int threads, int depth) {
    for (int i = 0; i < threads; i++)
        resizer_free(s->resizers[i]);
    for (int i = 0; i < depth; i++) {
        for (size_t k = 0; k < s->block; k++)
            free(s->messages[i][k]);
        free(s->messages[i]);
        free(s->rgb[i]);
    }
    free(s->resizers);
    free(s->messages);
    free(s->rgb);
    free(s);
}

/* Moves the slot's messages into the list and says which rows are bad. */
static void take_messages(
    struct stream *s, int slot, size_t first, size_t n, uint8_t *bad, struct bad_list *list) {
    for (size_t i = 0; i < n; i++) {
        bad[i] = s->messages[slot][i] != NULL;
        if (bad[i])
            bad_list_add(list, first + i, s->messages[slot][i]);
        s->messages[slot][i] = NULL;
    }
}

bool pixels_stream(const struct manifest *m, int image_px, int threads, size_t block,
    double max_bad_share, bool (*sink)(void *, const struct pixel_block *, struct err *),
    void *context, struct bad_image **bad_images, size_t *n_bad, struct err *e) {
    assert(image_px > 0 && threads >= 1 && block >= 1);
    int depth = threads + 2, slot;
    struct stream *s = stream_new(m, image_px, block, threads, depth);
    struct pipeline *p = pipeline_open(0, (m->n + block - 1) / block, threads, depth, fill, s);
    struct bad_list list = {0};
    uint8_t *bad = xcalloc(block, 1);
    bool ok = true;
    size_t job;
    while (ok && pipeline_next(p, &job, &slot)) {
        struct pixel_block b = {job * block, rows_of(s, job), s->rgb[slot], bad};
        take_messages(s, slot, b.first_row, b.n, bad, &list);
        ok = bad_share_ok(list.items, list.n, m->n, max_bad_share, m, e) && sink(context, &b, e);
    }
    pipeline_close(p);
    stream_free(s, threads, depth);
    free(bad);
    if (ok) {
        *bad_images = list.items;
        *n_bad = list.n;
    } else {
        bad_images_free(list.items, list.n);
    }
    return ok;
}
