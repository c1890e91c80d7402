#include "learn/feed.h"

#include "core/mem.h"

#include <stdlib.h>

/* Augmentation copies pixels; one thread of it keeps far ahead of any trunk. */
enum { AHEAD_THREADS = 1, AHEAD_BATCHES = 4 };

struct feed {
    const struct source *source;
    int image_px;
    struct batches *pixels; /* from the host, or NULL */
    const uint32_t *rows;
    size_t n, at, batch;
    bool augmented;
    struct augment augment;
    uint64_t seed;
    int epoch;
};

struct feed *feed_open(const struct source *s, const struct config *c, const uint32_t *rows,
    size_t n, size_t batch, size_t first_batch, int epoch) {
    struct feed *f = xcalloc(1, sizeof *f);
    *f = (struct feed){.source = s,
        .image_px = c->data.image_px,
        .rows = rows,
        .n = n,
        .at = first_batch * batch,
        .batch = batch,
        .augmented = epoch >= 0 && (c->augment.flip || c->augment.shift_px),
        .augment = {c->augment.flip, c->augment.shift_px},
        .seed = c->seed,
        .epoch = epoch < 0 ? 0 : epoch};
    if (!s->features && !s->resident)
        f->pixels = batches_open(s->pixels, rows, n, batch, first_batch,
            f->augmented ? &f->augment : NULL, f->seed, f->epoch, AHEAD_THREADS, AHEAD_BATCHES);
    return f;
}

void feed_close(struct feed *f) {
    if (!f)
        return;
    if (f->pixels)
        batches_close(f->pixels);
    free(f);
}

static bool next_from_host(struct feed *f, th_scope *scope, struct feed_batch *out) {
    struct batch b;
    if (!batches_next(f->pixels, &b))
        return false;
    int64_t shape[] = {(int64_t)b.n, f->image_px, f->image_px, 3};
    *out = (struct feed_batch){b.n, b.rows, th_borrow(scope, TH_U8, 4, shape, b.rgb)};
    return true;
}

/* ---- rows of what lies on the device ---- */

static th_tensor *whole_rows(th_scope *scope, th_tensor *of, const uint32_t *rows, size_t n) {
    int64_t *index = xmalloc(n * sizeof *index);
    for (size_t i = 0; i < n; i++)
        index[i] = rows[i];
    th_tensor *t = th_rows(scope, of, th_from(scope, TH_I64, 1, &(int64_t){(int64_t)n}, index));
    free(index);
    return t;
}

/* The places of all samples go over in one piece: a line is the row, where its lines and where its
 * columns come from. */
static th_tensor *augmented_rows(
    const struct feed *f, th_scope *scope, const uint32_t *rows, size_t n) {
    int64_t px = f->image_px, width = 1 + 2 * px;
    int64_t *places = xmalloc(n * (size_t)width * sizeof *places);
    for (size_t i = 0; i < n; i++) {
        int64_t *line = places + i * (size_t)width;
        line[0] = rows[i];
        augment_places(
            line + 1, line + 1 + px, f->image_px, &f->augment, f->seed, f->epoch, rows[i]);
    }
    th_tensor *all = th_from(scope, TH_I64, 2, (int64_t[]){(int64_t)n, width}, places);
    free(places);
    th_tensor *row = th_reshape(scope, th_narrow(scope, all, 1, 0, 1), 1, &(int64_t){(int64_t)n});
    return th_windows(scope, f->source->resident, row, th_narrow(scope, all, 1, 1, px),
        th_narrow(scope, all, 1, 1 + px, px));
}

static bool next_on_device(struct feed *f, th_scope *scope, struct feed_batch *out) {
    const struct source *s = f->source;
    if (f->at >= f->n)
        return false;
    const uint32_t *rows = f->rows + f->at;
    size_t n = f->n - f->at < f->batch ? f->n - f->at : f->batch;
    *out = (struct feed_batch){n, rows,
        s->resident && f->augmented
            ? augmented_rows(f, scope, rows, n)
            : whole_rows(scope, s->features ? s->features : s->resident, rows, n)};
    f->at += n;
    return true;
}

/* ---- either ---- */

bool feed_next(struct feed *f, th_scope *scope, struct feed_batch *out) {
    return f->pixels ? next_from_host(f, scope, out) : next_on_device(f, scope, out);
}

void feed_logits(const struct source *s, struct network *n, struct pass *p,
    const struct feed_batch *b, th_tensor *logits[]) {
    if (s->features)
        network_heads(n, p, b->input, logits);
    else
        network_logits(n, p, network_normalise(n, p, b->input), logits);
}

struct target feed_target(const struct source *s, th_scope *scope, const struct task_config *t,
    const struct feed_batch *b) {
    int *labels = xmalloc(b->n * sizeof *labels);
    for (size_t i = 0; i < b->n; i++)
        labels[i] = s->manifest->samples[b->rows[i]].label[t->attribute];
    struct target target = target_make(scope, t, labels, b->n);
    free(labels);
    return target;
}
