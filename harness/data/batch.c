#include "data/batch.h"

#include "core/mem.h"
#include "core/rng.h"
#include "core/parallel.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void epoch_order(uint64_t seed, int epoch, uint32_t *rows, size_t n) {
    struct rng r = rng_open(seed, RNG_ORDER, (uint32_t)epoch, 0);
    rng_shuffle(&r, rows, n);
}

static int clamp(int x, int last) {
    return x < 0 ? 0 : x > last ? last : x;
}

/* One row moved right by dx, edge pixels repeated, then mirrored where asked. */
static void augment_row(uint8_t *out, const uint8_t *in, int px, int dx, bool mirror) {
    if (mirror) {
        for (int x = 0; x < px; x++, out += 3)
            memcpy(out, in + (size_t)3 * clamp(px - 1 - x - dx, px - 1), 3);
        return;
    }
    int first = clamp(dx, px), last = clamp(px + dx, px); /* places with a pixel of their own */
    for (int x = 0; x < first; x++)
        memcpy(out + (size_t)3 * x, in, 3);
    if (last > first)
        memcpy(out + (size_t)3 * first, in + (size_t)3 * (first - dx), (size_t)3 * (last - first));
    for (int x = last; x < px; x++)
        memcpy(out + (size_t)3 * x, in + (size_t)3 * (px - 1), 3);
}

struct move { /* what is done to one sample */
    bool mirror;
    int dy, dx;
};

/* The draws come in a fixed order (flip, down, right), so flips are the same with and without shift. */
static struct move draw(const struct augment *a, uint64_t seed, int epoch, uint32_t row) {
    assert(a->shift_px >= 0);
    struct rng r = rng_open(seed, RNG_AUGMENT, (uint32_t)epoch, row);
    uint32_t span = 2 * (uint32_t)a->shift_px + 1;
    struct move m;
    m.mirror = (rng_u32(&r) & 1) && a->flip;
    m.dy = (int)rng_below(&r, span) - a->shift_px;
    m.dx = (int)rng_below(&r, span) - a->shift_px;
    return m;
}

void augment_sample(uint8_t *out, const uint8_t *in, int image_px, const struct augment *a,
    uint64_t seed, int epoch, uint32_t row) {
    size_t stride = (size_t)3 * image_px;
    if (!a) {
        memcpy(out, in, stride * image_px);
        return;
    }
    struct move m = draw(a, seed, epoch, row);
    for (int y = 0; y < image_px; y++)
        augment_row(out + stride * y, in + stride * clamp(y - m.dy, image_px - 1), image_px, m.dx,
            m.mirror);
}

void augment_places(int64_t *down, int64_t *right, int image_px, const struct augment *a,
    uint64_t seed, int epoch, uint32_t row) {
    struct move m = draw(a, seed, epoch, row);
    int last = image_px - 1;
    for (int i = 0; i < image_px; i++) {
        down[i] = clamp(i - m.dy, last);
        right[i] = clamp((m.mirror ? last - i : i) - m.dx, last);
    }
}

struct batches {
    const struct pixels *pixels;
    uint32_t *rows;
    size_t n, batch_size;
    bool augmented;
    struct augment augment;
    uint64_t seed;
    int epoch, depth;
    uint8_t **slots; /* [depth] of batch_size images */
    struct pipeline *pipeline;
};

static size_t samples_of(const struct batches *b, size_t job) {
    size_t left = b->n - job * b->batch_size;
    return left < b->batch_size ? left : b->batch_size;
}

static void fill(void *context, int worker, size_t job, int slot) {
    struct batches *b = context;
    (void)worker;
    int px = b->pixels->image_px;
    size_t bytes = (size_t)3 * px * px, n = samples_of(b, job);
    for (size_t i = 0; i < n; i++) {
        uint32_t row = b->rows[job * b->batch_size + i];
        augment_sample(b->slots[slot] + bytes * i, b->pixels->rgb + bytes * row, px,
            b->augmented ? &b->augment : NULL, b->seed, b->epoch, row);
    }
}

struct batches *batches_open(const struct pixels *p, const uint32_t *rows, size_t n,
    size_t batch_size, size_t first_batch, const struct augment *augment, uint64_t seed, int epoch,
    int threads, int depth) {
    assert(batch_size > 0 && depth > 0);
    struct batches *b = xmalloc(sizeof *b);
    *b = (struct batches){.pixels = p,
        .rows = xcalloc(n, sizeof *rows),
        .n = n,
        .batch_size = batch_size,
        .augmented = augment != NULL,
        .seed = seed,
        .epoch = epoch,
        .depth = depth,
        .slots = xcalloc((size_t)depth, sizeof(uint8_t *))};
    if (augment)
        b->augment = *augment;
    if (n)
        memcpy(b->rows, rows, n * sizeof *rows);
    for (int i = 0; i < depth; i++)
        b->slots[i] = xmalloc(batch_size * 3 * (size_t)p->image_px * p->image_px);
    size_t end = (n + batch_size - 1) / batch_size;
    b->pipeline =
        pipeline_open(first_batch < end ? first_batch : end, end, threads, depth, fill, b);
    return b;
}

bool batches_next(struct batches *b, struct batch *out) {
    size_t job;
    int slot;
    if (!pipeline_next(b->pipeline, &job, &slot))
        return false;
    *out = (struct batch){samples_of(b, job), b->rows + job * b->batch_size, b->slots[slot]};
    return true;
}

void batches_close(struct batches *b) {
    if (!b)
        return;
    pipeline_close(b->pipeline);
    for (int i = 0; i < b->depth; i++)
        free(b->slots[i]);
    free(b->slots);
    free(b->rows);
    free(b);
}
