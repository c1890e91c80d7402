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
    OWN(b);
    if (g->activation == ACT_SILU)
        out_grad_row_of(ACT_SILU, &own, g, y, row);
    else
        out_grad_row_of(ACT_RELU6, &own, g, y, row);
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
    OWN(b);
    const struct rows own_buffers = *r;
    if (!g->scale)
        input_row_of(ACT_SILU, false, &own, g, y, &own_buffers);
    else if (g->activation == ACT_SILU)
        input_row_of(ACT_SILU, true, &own, g, y, &own_buffers);
    else
        input_row_of(ACT_RELU6, true, &own, g, y, &own_buffers);
}

/* A place of the input's gradient, through the activation, with the sums for batch norm. */
INLINE void put_grad(bool norm, int some, vec mean, const stored *in, stored *in_grad,
    const float *slope, vec dz, vec *sum, vec *product) {
    if (norm) {
        dz *= load(slope);
        *sum += dz;
        *product += dz * (get_stored(in, some) - mean);
    }
    put_stored(in_grad, dz, some);
}

/* n places of it from place x on. */
INLINE void put_grads(bool norm, const struct block *b, const struct depthwise_grad *g, int y,
    int x, int n, int v, const struct rows *r, const vec *grads, vec *sum, vec *product) {
    const struct depthwise *d = b->shape;
    int some = some_at(b, v), c = b->channel + v * LANES;
    size_t step = (size_t)d->channels, at = ((size_t)y * d->width + x) * step + c;
    const stored *in = (const stored *)g->in + at;
    stored *in_grad = (stored *)g->in_grad + at;
    const float *slope = r->slope + (size_t)x * b->step + v * LANES;
    vec mean = norm ? get(g->mean + c, some) : all(0);
    vec own_sum = {0}, own_product = {0}; /* in registers, where those of the row find none */
#define PUT(t)                                                                                     \
    put_grad(norm, some, mean, in + (size_t)(t)*step, in_grad + (size_t)(t)*step,                  \
        slope + (size_t)(t)*b->step, grads[t], &own_sum, &own_product)
    if (x + n <= d->width)
        EACH(t, n) PUT(t);
    else
        EACH(t, n) {
            if (x + t >= d->width)
                break;
            PUT(t);
        }
#undef PUT
    *sum += own_sum;
    *product += own_product;
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

enum { WIDE_TILE = 8 }; /* places of an input that is twice as wide as the output */

/* Stride 2: each place has the taps of its own parity; x and `tile` are even. `left`: zeros left of the input; with
 * `kernel` it is known when this is compiled. */
INLINE void input_grads_2_tile(int kernel, int left, int tile, bool norm, const struct block *b,
    const struct depthwise_grad *g, int y, int x, const float *const *from, const struct rows *r,
    int v, vec *sum, vec *product) {
    size_t step = b->step;
    vec grads[WIDE_TILE] = {{0}};
    for (int i = 0; i < kernel; i++) {
        if (!from[i])
            continue;
        const float *row = from[i] + (size_t)(x / 2 + r->out_grad_left) * step + v * LANES;
        vec w[MAX_KERNEL];
#pragma GCC unroll 8
        for (int k = 0; k < kernel; k++) /* turned round, as they lie */
            w[k] = load(b->weights + (size_t)(i * kernel + kernel - 1 - k) * step + v * LANES);
#pragma GCC unroll 16
        for (int t = 0; t < tile; t++)
#pragma GCC unroll 8
            for (int k = 0; k < kernel; k++)
                if ((t + left - k) % 2 == 0)
                    grads[t] += load(row + (ptrdiff_t)step * ((t + left - k) / 2)) * w[k];
    }
    put_grads(norm, b, g, y, x, tile, v, r, grads, sum, product);
}

INLINE void input_grads_2(int kernel, int left, bool norm, const struct block *b,
    const struct depthwise_grad *g, int y, const float *const *from, const struct rows *r, int v,
    vec *sum, vec *product) {
    int x = 0;
    for (; x + WIDE_TILE <= b->shape->width; x += WIDE_TILE)
        input_grads_2_tile(kernel, left, WIDE_TILE, norm, b, g, y, x, from, r, v, sum, product);
    for (; x < b->shape->width; x += LITTLE_TILE)
        input_grads_2_tile(kernel, left, LITTLE_TILE, norm, b, g, y, x, from, r, v, sum, product);
}

/* ---- the kernel ---- */

/* How many rows of dd are gone through at once: each has `kernel` sums, which alone would wait for themselves. 16
 * registers hold those of two rows where the kernel is 5 wide. */
enum { MOST_ABREAST = 3 };
INLINE int rows_abreast(int kernel) {
    return kernel == 5 && LANES < 16 ? 2 : MOST_ABREAST;
}

/* sums[i][k] += those of `tile` places of dd's rows grads[i] with the input's row `in`. */
INLINE void weight_grads_tile(int kernel, int stride, int n, int tile, const float *const *grads,
    size_t at, const float *in, size_t step, vec sums[][MAX_KERNEL]) {
#pragma GCC unroll 8
    for (int t = 0; t < tile; t++) {
        vec a[MAX_KERNEL];
        EACH(k, kernel) a[k] = load(in + (size_t)(t * stride + k) * step);
        EACH(i, n) {
            vec grad = load(grads[i] + at + (size_t)t * step);
            EACH(k, kernel) sums[i][k] += a[k] * grad;
        }
    }
}

/* n rows of the kernel's gradient: to[i] that of dd's row from[i] with the input's row that is in r. */
INLINE void weight_grads(int kernel, int stride, int n, const struct block *b,
    const float *const *from, const struct rows *r, int v, float *const *to) {
    enum { TOGETHER = 4 };
    size_t step = b->step, at = (size_t)r->out_grad_left * step + v * LANES;
    const float *in = r->input + v * LANES;
    vec sums[MOST_ABREAST][MAX_KERNEL] = {{{0}}};
    int x = 0, width = b->shape->out_width;
    for (; x + TOGETHER <= width; x += TOGETHER)
        weight_grads_tile(kernel, stride, n, TOGETHER, from, at + (size_t)x * step,
            in + (size_t)(x * stride) * step, step, sums);
    for (; x < width; x++)
        weight_grads_tile(kernel, stride, n, 1, from, at + (size_t)x * step,
            in + (size_t)(x * stride) * step, step, sums);
    EACH(i, n) EACH(k, kernel) {
        float *sum = to[i] + (size_t)k * step + v * LANES;
        store(sum, load(sum) + sums[i][k]);
    }
}

/* ---- an image ---- */

INLINE void grad_row_of(int kernel, int stride, bool norm, const struct block *b,
    const struct depthwise_grad *g, int y, const float *const *from, const struct rows *r) {
    const struct depthwise *d = b->shape;
    const float *there[MAX_KERNEL]; /* of `from` */
    float *to[MAX_KERNEL];          /* the kernel's rows that they have a part in */
    int n = 0;
    for (int i = 0; i < kernel; i++)
        if (from[i]) {
            there[n] = from[i];
            to[n++] = r->weight_grads + (size_t)((kernel - 1 - i) * kernel) * b->step;
        }
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
        int i = 0;
        for (; i + rows_abreast(kernel) <= n; i += rows_abreast(kernel))
            weight_grads(kernel, stride, rows_abreast(kernel), b, there + i, r, v, to + i);
        if (n - i == 2)
            weight_grads(kernel, stride, 2, b, there + i, r, v, to + i);
        else if (n - i == 1)
            weight_grads(kernel, stride, 1, b, there + i, r, v, to + i);
    }
}

/* Row y of the input: from[i] is dd's row that kernel row kernel - 1 - i made of it, NULL where none did. */
APART void grad_row(const struct block *b, const struct depthwise_grad *g, int y,
    const float *const *from, const struct rows *r) {
    OWN(b);
    OWN_ROWS(from);
    const struct rows own_buffers = *r;
#define NORMED(kernel, stride) grad_row_of(kernel, stride, true, &own, g, y, own_rows, &own_buffers)
#define PLAIN(kernel, stride) grad_row_of(kernel, stride, false, &own, g, y, own_rows, &own_buffers)
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
