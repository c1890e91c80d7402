/* Depthwise convolution of what batch norm and activation make of the input: each row of it is made once, and
 * as many are kept as the kernel is high. */
#include "kernels/simd/depthwise_rows.h"

/* Row y of the input, activated, into `row`, whose borders are zeros. */
INLINE void input_row(enum activation act, bool norm, const struct block *b,
    const struct depthwise_forward *f, int y, float *row) {
    const struct depthwise *d = b->shape;
    size_t next = (size_t)d->width * d->channels; /* row */
    for (int v = 0; v < b->vectors; v++) {
        int some = some_at(b, v), c = b->channel + v * LANES;
        const float *from = f->in + (size_t)y * d->width * d->channels + c;
        float *to = row + (size_t)d->left * b->step + v * LANES;
        vec scale = norm ? get(f->scale + c, some) : all(1), shift = norm ? get(f->shift + c, some) : all(0);
        for (int x = 0; x < d->width; x++, from += d->channels, to += b->step) {
            vec a = get(from, some), slope;
            fetch(from + next);
            if (norm)
                activate(act, a * scale + shift, &a, &slope);
            store(to, a);
        }
    }
}

INLINE void output_row(int kernel, int stride, const struct block *b, const struct depthwise_forward *f,
    int y, const float *const *rows) {
    const struct depthwise *d = b->shape;
    for (int v = 0; v < b->vectors; v++) {
        int some = some_at(b, v), c = b->channel + v * LANES;
        float *to = f->out + (size_t)y * d->out_width * d->channels + c;
        vec sum = {0}, square = {0};
        for (int x = 0; x < d->out_width; x += TILE) {
            vec sums[TILE] = {{0}};
            convolve(kernel, stride, rows, (size_t)(x * stride) * b->step + v * LANES, b->step,
                b->weights + v * LANES, sums);
#pragma GCC unroll 8
            for (int t = 0; t < TILE; t++)
                if (x + t < d->out_width) {
                    put(to + (size_t)(x + t) * d->channels, sums[t], some);
                    sum += sums[t];
                    square += sums[t] * sums[t];
                }
        }
        put(f->sums + c, get(f->sums + c, some) + sum, some);
        put(f->squares + c, get(f->squares + c, some) + square, some);
    }
}

INLINE void forward_block(int kernel, int stride, enum activation act, bool norm, const struct block *b,
    const struct depthwise_forward *f, float *ring) {
    const struct depthwise *d = b->shape;
    size_t row_floats = (size_t)buffer_places(kernel, stride, d->out_width, d->left + d->width) * b->step;
    memset(ring, 0, (size_t)kernel * row_floats * sizeof *ring);
    load_weights(b, f->weights, false);
    for (int y = 0, made = 0; y < d->out_height; y++) {
        const float *rows[MAX_KERNEL];
        int top = y * stride - d->top;
        for (; made < d->height && made < top + kernel; made++)
            input_row(act, norm, b, f, made, ring + (size_t)(made % kernel) * row_floats);
        for (int i = 0; i < kernel; i++)
            rows[i] = top + i < 0 || top + i >= d->height
                          ? NULL
                          : ring + (size_t)((top + i) % kernel) * row_floats;
        output_row(kernel, stride, b, f, y, rows);
    }
}

INLINE void forward_shape(enum activation act, bool norm, const struct block *b,
    const struct depthwise_forward *f, float *ring) {
    const struct depthwise *d = b->shape;
    if (d->kernel == 3 && d->stride == 1)
        forward_block(3, 1, act, norm, b, f, ring);
    else if (d->kernel == 3)
        forward_block(3, 2, act, norm, b, f, ring);
    else if (d->stride == 1)
        forward_block(5, 1, act, norm, b, f, ring);
    else
        forward_block(5, 2, act, norm, b, f, ring);
}

void ISA(depthwise_forward)(const struct depthwise *d, const struct depthwise_forward *f, float *scratch) {
    float *weights = scratch, *ring = scratch + MAX_KERNEL * MAX_KERNEL * BLOCK;
    for (int channel = 0; channel < d->channels; channel += BLOCK) {
        struct block b = block_at(d, channel, weights);
        if (!f->scale)
            forward_shape(ACT_SILU, false, &b, f, ring);
        else if (f->activation == ACT_SILU)
            forward_shape(ACT_SILU, true, &b, f, ring);
        else
            forward_shape(ACT_RELU6, true, &b, f, ring);
    }
}
