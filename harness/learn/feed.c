#include "learn/feed.h"

#include "core/mem.h"

#include <stdlib.h>

/* Augmentation copies pixels; one thread of it keeps far ahead of any trunk. */
enum { AHEAD_THREADS = 1, AHEAD_BATCHES = 4 };

struct feed {
    const struct source *source;
    int image_px;
    struct batches *pixels; /* NULL with features */
    const uint32_t *rows;
    size_t n, at, batch;
};

struct feed *feed_open(const struct source *s, const struct config *c, const uint32_t *rows,
    size_t n, size_t batch, size_t first_batch, int epoch) {
    struct feed *f = xcalloc(1, sizeof *f);
    *f = (struct feed){s, c->data.image_px, NULL, rows, n, first_batch * batch, batch};
    struct augment augment = {c->augment.flip, c->augment.shift_px};
    bool augmented = epoch >= 0 && (augment.flip || augment.shift_px);
    if (!s->features)
        f->pixels =
            batches_open(s->pixels, rows, n, batch, first_batch, augmented ? &augment : NULL,
                c->seed, epoch < 0 ? 0 : epoch, AHEAD_THREADS, AHEAD_BATCHES);
    return f;
}

void feed_close(struct feed *f) {
    if (!f)
        return;
    if (f->pixels)
        batches_close(f->pixels);
    free(f);
}

static bool next_pixels(struct feed *f, th_scope *scope, struct feed_batch *out) {
    struct batch b;
    if (!batches_next(f->pixels, &b))
        return false;
    int64_t shape[] = {(int64_t)b.n, f->image_px, f->image_px, 3};
    *out = (struct feed_batch){b.n, b.rows, th_borrow(scope, TH_U8, 4, shape, b.rgb)};
    return true;
}

static bool next_features(struct feed *f, th_scope *scope, struct feed_batch *out) {
    if (f->at >= f->n)
        return false;
    size_t n = f->n - f->at < f->batch ? f->n - f->at : f->batch;
    int64_t *index = xmalloc(n * sizeof *index);
    for (size_t i = 0; i < n; i++)
        index[i] = f->rows[f->at + i];
    th_tensor *rows = th_from(scope, TH_I64, 1, &(int64_t){(int64_t)n}, index);
    free(index);
    *out = (struct feed_batch){n, f->rows + f->at, th_rows(scope, f->source->features, rows)};
    f->at += n;
    return true;
}

bool feed_next(struct feed *f, th_scope *scope, struct feed_batch *out) {
    return f->pixels ? next_pixels(f, scope, out) : next_features(f, scope, out);
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
