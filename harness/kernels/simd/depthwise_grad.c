/* The backward pass of a depthwise convolution between two batch norms, in one pass over an image's rows:
 * out of the gradient behind the activation that follows (dh) it makes that of the convolution's output
 * (dd), convolves it to the gradient of the activated input, takes that through the activation to the
 * gradient of the normalised input (dz), and sums the kernel's gradient. dd and the activated input exist
 * as rows in buffers alone. */
#include "kernels/simd/depthwise_rows.h"

/* A block's buffers. */
struct rows {
    float *out_grads;       /* [kernel] rows of dd, by number modulo kernel */
    size_t out_grad_floats; /* of one */
    int out_grad_left;      /* zeros before place 0 */
    float *input;           /* the activated input's row, `left` zeros before it */
    float *slope;           /* of the activation there */
    float *weight_grads;    /* [kernel * kernel][step] of this image */
};

/* ---- dd ---- */

/* A vector of channels' numbers. */
struct out_numbers {
    vec scale, shift, gate, plus, of_grad, of_out, of_one;
};

INLINE void out_grad_some(enum activation act, int n, const struct out_numbers *k, int some,
    const stored *grad, const stored *out, size_t step, size_t next, float *to, size_t to_step) {
    vec raw[ABREAST], a[ABREAST], slope[ABREAST];
    EACH(i, n) {
        raw[i] = get_stored(out + (size_t)i * step, some);
        fetch(out + (size_t)i * step + next);
        fetch(grad + (size_t)i * step + next);
    }
    EACH(i, n) a[i] = raw[i] * k->scale + k->shift;
    activate(act, n, a, a, slope);
    EACH(i, n) {
        vec dz = (get_stored(grad + (size_t)i * step, some) * k->gate + k->plus) * slope[i];
        store(to + (size_t)i * to_step, dz * k->of_grad + (raw[i] * k->of_out + k->of_one));
    }
}

INLINE void out_grad_row_of(
    enum activation act, const struct block *b, const struct depthwise_grad *g, int y, float *row) {
    const struct depthwise *d = b->shape;
    size_t step = (size_t)d->channels, next = (size_t)d->out_width * step; /* row */
    for (int v = 0; v < b->vectors; v++) {
        int some = some_at(b, v), c = b->channel + v * LANES;
        const stored *grad = (const stored *)g->out_grad + (size_t)y * next + c,
                     *out = (const stored *)g->out + (size_t)y * next + c;
        float *to = row + v * LANES;
        struct out_numbers k = {get(g->out_scale + c, some), get(g->out_shift + c, some),
            g->gate ? get(g->gate + c, some) : all(1), g->plus ? get(g->plus + c, some) : all(0),
            get(g->of_grad + c, some), get(g->of_out + c, some), get(g->of_one + c, some)};
#define SOME(n)                                                                                    \
    out_grad_some(                                                                                 \
        act, n, &k, some, grad + x * step, out + x * step, step, next, to + x * b->step, b->step)
        ABREAST_OF((size_t)d->out_width, x, SOME);
#undef SOME
    }
}

APART void out_grad_row(const struct block *b, const struct depthwise_grad *g, int y, float *row) {
    if (g->activation == ACT_SILU)
        out_grad_row_of(ACT_SILU, b, g, y, row);
    else
        out_grad_row_of(ACT_RELU6, b, g, y, row);
}

/* ---- the input ---- */

INLINE void input_some(enum activation act, int n, bool norm, int some, const stored *from,
    size_t step, size_t next, vec scale, vec shift, float *to, float *slopes, size_t to_step) {
    vec a[ABREAST], slope[ABREAST];
    EACH(i, n) {
        a[i] = get_stored(from + (size_t)i * step, some);
        fetch(from + (size_t)i * step + next);
    }
    if (norm) {
        EACH(i, n) a[i] = a[i] * scale + shift;
        activate(act, n, a, a, slope);
        EACH(i, n) store(slopes + (size_t)i * to_step, slope[i]);
    }
    EACH(i, n) store(to + (size_t)i * to_step, a[i]);
}

INLINE void input_row_of(enum activation act, bool norm, const struct block *b,
    const struct depthwise_grad *g, int y, const struct rows *r) {
    const struct depthwise *d = b->shape;
    size_t step = (size_t)d->channels, next = (size_t)d->width * step; /* row */
    for (int v = 0; v < b->vectors; v++) {
        int some = some_at(b, v), c = b->channel + v * LANES;
        const stored *from = (const stored *)g->in + (size_t)y * next + c;
        float *to = r->input + (size_t)d->left * b->step + v * LANES,
              *slopes = r->slope + v * LANES;
        vec scale = norm ? get(g->scale + c, some) : all(1);
        vec shift = norm ? get(g->shift + c, some) : all(0);
#define SOME(n)                                                                                    \
    input_some(act, n, norm, some, from + x * step, step, next, scale, shift, to + x * b->step,    \
        slopes + x * b->step, b->step)
        ABREAST_OF((size_t)d->width, x, SOME);
#undef SOME
    }
}

APART void input_row(
    const struct block *b, const struct depthwise_grad *g, int y, const struct rows *r) {
    if (!g->scale)
        input_row_of(ACT_SILU, false, b, g, y, r);
    else if (g->activation == ACT_SILU)
        input_row_of(ACT_SILU, true, b, g, y, r);
    else
        input_row_of(ACT_RELU6, true, b, g, y, r);
}

/* n places of the input's gradient from place x on, through the activation, with the sums for batch norm. */
INLINE void put_grads(bool norm, const struct block *b, const struct depthwise_grad *g, int y,
    int x, int n, int v, const struct rows *r, const vec *grads, vec *sum, vec *product) {
    const struct depthwise *d = b->shape;
    int some = some_at(b, v), c = b->channel + v * LANES;
    size_t at = ((size_t)y * d->width + x) * d->channels + c;
    const stored *in = (const stored *)g->in + at;
    stored *in_grad = (stored *)g->in_grad + at;
    vec mean = norm ? get(g->mean + c, some) : all(0);
#pragma GCC unroll 16
    for (int t = 0; t < n; t++) {
        if (x + t >= d->width)
            break;
        vec dz = grads[t];
        if (norm) {
            dz *= load(r->slope + (size_t)(x + t) * b->step + v * LANES);
            *sum += dz;
            *product += dz * (get_stored(in + (size_t)t * d->channels, some) - mean);
        }
        put_stored(in_grad + (size_t)t * d->channels, dz, some);
    }
}

INLINE void input_grads_tile(int kernel, int tile, bool norm, const struct block *b,
    const struct depthwise_grad *g, int y, int x, const float *const *from, const struct rows *r,
    int v, vec *sum, vec *product) {
    vec grads[TILE] = {{0}};
    convolve(kernel, 1, tile, from, (size_t)x * b->step + v * LANES, b->step,
        b->weights + v * LANES, grads);
    put_grads(norm, b, g, y, x, tile, v, r, grads, sum, product);
}

/* Stride 1: a convolution with the kernel turned round. `from`: rows of dd from y + top - kernel + 1 on. */
INLINE void input_grads(int kernel, bool norm, const struct block *b,
    const struct depthwise_grad *g, int y, const float *const *from, const struct rows *r, int v,
    vec *sum, vec *product) {
#define TILE_AT(tile, x) input_grads_tile(kernel, tile, norm, b, g, y, x, from, r, v, sum, product)
    EACH_TILE(b->shape->width, TILE_AT);
#undef TILE_AT
}

/* Stride 2: each place has the taps of its own parity. `left`: zeros left of the input; with `kernel` it is
 * known when this is compiled. */
INLINE void input_grads_2(int kernel, int left, bool norm, const struct block *b,
    const struct depthwise_grad *g, int y, const float *const *from, const struct rows *r, int v,
    vec *sum, vec *product) {
    enum { PAIR_TILE = 4 };
    size_t step = b->step;
    for (int x = 0; x < b->shape->width; x += 2 * PAIR_TILE) {
        vec grads[2 * PAIR_TILE] = {{0}};
        for (int i = 0; i < kernel; i++) {
            if (!from[i])
                continue;
            const float *row = from[i] + (size_t)(x / 2 + r->out_grad_left) * step + v * LANES;
            vec w[MAX_KERNEL];
#pragma GCC unroll 8
            for (int k = 0; k < kernel; k++) /* turned round, as they lie */
                w[k] = load(b->weights + (size_t)(i * kernel + kernel - 1 - k) * step + v * LANES);
#pragma GCC unroll 16
            for (int t = 0; t < 2 * PAIR_TILE; t++)
#pragma GCC unroll 8
                for (int k = 0; k < kernel; k++)
                    if ((t + left - k) % 2 == 0)
                        grads[t] += load(row + (ptrdiff_t)step * ((t + left - k) / 2)) * w[k];
        }
        put_grads(norm, b, g, y, x, 2 * PAIR_TILE, v, r, grads, sum, product);
    }
}

/* ---- the kernel ---- */

/* sums[k] += those of a tile of dd's row `grad` with the input's row `in`. */
INLINE void weight_grads_tile(int kernel, int stride, int tile, const float *grad, const float *in,
    size_t step, vec sums[MAX_KERNEL]) {
    vec grads[TILE];
    EACH(t, tile) grads[t] = load(grad + (size_t)t * step);
#pragma GCC unroll 32
    for (int i = 0; i < (tile - 1) * stride + kernel; i++) {
        vec a = load(in + (size_t)i * step);
#pragma GCC unroll 8
        for (int k = 0; k < kernel; k++)
            if (i >= k && (i - k) % stride == 0 && (i - k) / stride < tile)
                sums[k] += a * grads[(i - k) / stride];
    }
}

/* One row of the kernel's gradient: that of dd's row `from` with the input's row that is in r. */
INLINE void weight_grads(int kernel, int stride, const struct block *b, const float *from,
    const struct rows *r, int v, float *to) {
    size_t step = b->step;
    vec sums[MAX_KERNEL] = {{0}};
    const float *grad = from + (size_t)r->out_grad_left * step + v * LANES,
                *in = r->input + v * LANES;
#define TILE_AT(tile, x)                                                                           \
    weight_grads_tile(kernel, stride, tile, grad + (size_t)x * step,                               \
        in + (size_t)(x * stride) * step, step, sums)
    EACH_TILE(b->shape->out_width, TILE_AT);
#undef TILE_AT
#pragma GCC unroll 8
    for (int k = 0; k < kernel; k++)
        store(to + (size_t)k * step, load(to + (size_t)k * step) + sums[k]);
}

/* ---- an image ---- */

INLINE void grad_row_of(int kernel, int stride, bool norm, const struct block *b,
    const struct depthwise_grad *g, int y, const float *const *from, const struct rows *r) {
    const struct depthwise *d = b->shape;
    for (int v = 0; v < b->vectors; v++) {
        int some = some_at(b, v), c = b->channel + v * LANES;
        vec sum = {0}, product = {0};
        if (stride == 1)
            input_grads(kernel, norm, b, g, y, from, r, v, &sum, &product);
        else if (d->left == kernel / 2)
            input_grads_2(kernel, kernel / 2, norm, b, g, y, from, r, v, &sum, &product);
        else
            input_grads_2(kernel, kernel / 2 - 1, norm, b, g, y, from, r, v, &sum, &product);
        if (norm) {
            put(g->sums + c, get(g->sums + c, some) + sum, some);
            put(g->products + c, get(g->products + c, some) + product, some);
        }
        for (int i = 0; i < kernel; i++)
            if (from[i])
                weight_grads(kernel, stride, b, from[i], r, v,
                    r->weight_grads + (size_t)((kernel - 1 - i) * kernel) * b->step + v * LANES);
    }
}

/* Row y of the input: from[i] is dd's row that kernel row kernel - 1 - i made of it, NULL where none did. */
APART void grad_row(const struct block *b, const struct depthwise_grad *g, int y,
    const float *const *from, const struct rows *r) {
#define NORMED(kernel, stride) grad_row_of(kernel, stride, true, b, g, y, from, r)
#define PLAIN(kernel, stride) grad_row_of(kernel, stride, false, b, g, y, from, r)
    if (g->scale)
        BY_SHAPE(b->shape, NORMED);
    else
        BY_SHAPE(b->shape, PLAIN);
#undef NORMED
#undef PLAIN
}

static void add_weight_grads(
    const struct block *b, const struct depthwise_grad *g, const struct rows *r) {
    int n = b->shape->kernel * b->shape->kernel;
    for (int i = 0; i < n; i++)
        for (int v = 0; v < b->vectors; v++) {
            int some = some_at(b, v);
            float *to = g->weight_grad + (size_t)i * b->shape->channels + b->channel + v * LANES;
            put(to, get(to, some) + load(r->weight_grads + (size_t)i * b->step + v * LANES), some);
        }
}

static void grad_block(const struct block *b, const struct depthwise_grad *g, struct rows r) {
    const struct depthwise *d = b->shape;
    int kernel = d->kernel, stride = d->stride;
    r.out_grad_left = stride == 1 ? kernel - 1 - d->left : (kernel - d->left) / 2;
    int reach = stride == 1 ? buffer_places(kernel, 1, d->width, 0) : d->width / 2 + 8 + kernel;
    int filled = r.out_grad_left + tiles_of(d->out_width) * TILE;
    int input_places = buffer_places(kernel, stride, d->out_width, d->left + d->width);
    r.out_grad_floats = (size_t)(reach > filled ? reach : filled) * b->step;
    r.input = r.out_grads + (size_t)kernel * r.out_grad_floats;
    r.slope = r.input + (size_t)input_places * b->step;
    memset(r.out_grads, 0, (size_t)(r.slope - r.out_grads) * sizeof(float));
    memset(r.weight_grads, 0, (size_t)(kernel * kernel) * b->step * sizeof(float));
    load_weights(b, g->weights, true);
    for (int y = 0, made = 0; y < d->height; y++) {
        const float *from[MAX_KERNEL];
        input_row(b, g, y, &r);
        int last = (y + d->top) / stride;
        for (; made < d->out_height && made <= last; made++)
            out_grad_row(b, g, made,
                r.out_grads + (size_t)(made % kernel) * r.out_grad_floats +
                    (size_t)r.out_grad_left * b->step);
        for (int i = 0; i < kernel; i++) {
            int at = y + d->top - (kernel - 1 - i), row = at / stride;
            bool there = at >= 0 && at % stride == 0 && row < d->out_height;
            from[i] = there ? r.out_grads + (size_t)(row % kernel) * r.out_grad_floats : NULL;
        }
        grad_row(b, g, y, from, &r);
    }
    add_weight_grads(b, g, &r);
}

void ISA(depthwise_grad)(
    const struct depthwise *d, const struct depthwise_grad *g, float *scratch) {
    enum { TAPS = MAX_KERNEL * MAX_KERNEL * BLOCK };
    for (int channel = 0; channel < d->channels; channel += BLOCK) {
        struct block b = block_at(d, channel, scratch);
        grad_block(
            &b, g, (struct rows){.weight_grads = scratch + TAPS, .out_grads = scratch + 2 * TAPS});
    }
}
