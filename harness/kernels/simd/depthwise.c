/* Depthwise convolution of what batch norm and activation make of the input: each row of it is made once, and
 * as many are kept as the kernel is high. */
#include "kernels/simd/depthwise_rows.h"

#include <assert.h>

/* Places x.. of a row of the input, activated. */
INLINE void input_some(enum activation act, int n, bool norm, int some, const stored *from,
    size_t step, vec scale, vec shift, size_t next, float *to, size_t to_step) {
    vec z[ABREAST], slope[ABREAST];
    EACH(i, n) {
        z[i] = get_stored(from + (size_t)i * step, some);
        fetch(from + (size_t)i * step + next);
    }
    if (norm) {
        EACH(i, n) z[i] = z[i] * scale + shift;
        activate(act, n, z, z, slope);
    }
    EACH(i, n) store(to + (size_t)i * to_step, z[i]);
}

INLINE void input_row_of(enum activation act, bool norm, const struct block *b,
    const struct depthwise_forward *f, int y, float *row) {
    const struct depthwise *d = b->shape;
    size_t step = (size_t)d->channels, next = (size_t)d->width * step; /* row */
    for (int v = 0; v < b->vectors; v++) {
        int some = some_at(b, v), c = b->channel + v * LANES;
        const stored *from = (const stored *)f->in + (size_t)y * next + c;
        float *to = row + (size_t)d->left * b->step + v * LANES;
        vec scale = norm ? get(f->scale + c, some) : all(1);
        vec shift = norm ? get(f->shift + c, some) : all(0);
#define SOME(n)                                                                                    \
    input_some(                                                                                    \
        act, n, norm, some, from + x * step, step, scale, shift, next, to + x * b->step, b->step)
        ABREAST_OF((size_t)d->width, x, SOME);
#undef SOME
    }
}

/* Row y of the input, activated, into `row`, whose borders are zeros. */
APART void input_row(const struct block *b, const struct depthwise_forward *f, int y, float *row) {
    OWN(b);
    if (!f->scale)
        input_row_of(ACT_SILU, false, &own, f, y, row);
    else if (f->activation == ACT_SILU)
        input_row_of(ACT_SILU, true, &own, f, y, row);
    else
        input_row_of(ACT_RELU6, true, &own, f, y, row);
}

/* A row of the output, a vector of its channels. */
struct output {
    stored *row;
    int width;
    size_t step;
    int some;
    vec bias, sum, square;
};

INLINE void output_tile(int kernel, int stride, enum ending ending, int tile, const struct block *b,
    const float *const *rows, int v, int x, struct output *out) {
    vec sums[TILE];
    EACH(t, tile) sums[t] = out->bias;
    convolve(kernel, stride, tile, rows, (size_t)(x * stride) * b->step + v * LANES, b->step,
        b->weights + v * LANES, sums);
#pragma GCC unroll 8
    for (int t = 0; t < tile; t += ABREAST)
        complete(ending, tile - t < ABREAST ? tile - t : ABREAST, sums + t);
    EACH(t, tile) {
        if (x + t < out->width) {
            put_stored(out->row + (size_t)(x + t) * out->step, sums[t], out->some);
            out->sum += sums[t];
            if (ending == AS_IT_IS)
                out->square += sums[t] * sums[t];
        }
    }
}

INLINE void output_row_of(int kernel, int stride, enum ending ending, const struct block *b,
    const struct depthwise_forward *f, int y, const float *const *rows) {
    const struct depthwise *d = b->shape;
    for (int v = 0; v < b->vectors; v++) {
        int some = some_at(b, v), c = b->channel + v * LANES;
        struct output out = {
            .row = (stored *)f->out + (size_t)y * (size_t)d->out_width * (size_t)d->channels + c,
            .width = d->out_width,
            .step = (size_t)d->channels,
            .some = some,
            .bias = ending == AS_IT_IS ? all(0) : get(f->bias + c, some)};
#define TILE_AT(tile, x) output_tile(kernel, stride, ending, tile, b, rows, v, x, &out)
        EACH_TILE(d->out_width, TILE_AT);
#undef TILE_AT
        if (f->sums)
            put(f->sums + c, get(f->sums + c, some) + out.sum, some);
        if (f->squares)
            put(f->squares + c, get(f->squares + c, some) + out.square, some);
    }
}

APART void output_row(
    const struct block *b, const struct depthwise_forward *f, int y, const float *const *rows) {
    OWN(b);
    OWN_ROWS(rows);
#define PLAIN(kernel, stride) output_row_of(kernel, stride, AS_IT_IS, &own, f, y, own_rows)
#define SILU(kernel, stride) output_row_of(kernel, stride, BIASED_SILU, &own, f, y, own_rows)
#define RELU6(kernel, stride) output_row_of(kernel, stride, BIASED_RELU6, &own, f, y, own_rows)
    if (!f->bias)
        BY_SHAPE(b->shape, PLAIN);
    else if (f->activation == ACT_SILU)
        BY_SHAPE(b->shape, SILU);
    else
        BY_SHAPE(b->shape, RELU6);
#undef PLAIN
#undef SILU
#undef RELU6
}

static void forward_block(const struct block *b, const struct depthwise_forward *f, float *ring) {
    const struct depthwise *d = b->shape;
    int kernel = d->kernel;
    size_t row_floats =
        (size_t)buffer_places(kernel, d->stride, d->out_width, d->left + d->width) * b->step;
    memset(ring, 0, (size_t)kernel * row_floats * sizeof *ring);
    load_weights(b, f->weights, false);
    for (int y = 0, made = 0; y < d->out_height; y++) {
        const float *rows[MAX_KERNEL];
        int top = y * d->stride - d->top;
        for (; made < d->height && made < top + kernel; made++)
            input_row(b, f, made, ring + (size_t)(made % kernel) * row_floats);
        for (int i = 0; i < kernel; i++)
            rows[i] = top + i < 0 || top + i >= d->height
                          ? NULL
                          : ring + (size_t)((top + i) % kernel) * row_floats;
        output_row(b, f, y, rows);
    }
}

void ISA(depthwise_forward)(
    const struct depthwise *d, const struct depthwise_forward *f, float *scratch) {
    float *weights = scratch, *ring = scratch + MAX_KERNEL * MAX_KERNEL * BLOCK;
    assert(!f->scale || !f->bias);
    for (int channel = 0; channel < d->channels; channel += BLOCK) {
        struct block b = block_at(d, channel, weights);
        forward_block(&b, f, ring);
    }
}

/* ---- rows that lie padded ---- */

int ISA(padded_places)(const struct depthwise *d) {
    return buffer_places(d->kernel, d->stride, d->out_width, d->left + d->width);
}

int ISA(padded_step)(const struct depthwise *d, int channel) {
    return (int)block_at(d, channel, NULL).step;
}

void ISA(depthwise_padded)(const struct depthwise *d, const struct depthwise_forward *f,
    int channel, const float *in, size_t row_floats, float *scratch) {
    struct block b = block_at(d, channel, scratch);
    load_weights(&b, f->weights, false);
    for (int y = 0; y < d->out_height; y++) {
        const float *rows[MAX_KERNEL];
        int top = y * d->stride - d->top;
        for (int i = 0; i < d->kernel; i++)
            rows[i] =
                top + i < 0 || top + i >= d->height ? NULL : in + (size_t)(top + i) * row_floats;
        output_row(&b, f, y, rows);
    }
}
