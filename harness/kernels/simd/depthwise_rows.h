/* What depthwise convolutions have in common, forward and backward: an image at a time, BLOCK channels of it
 * at a time, rows of what is convolved in buffers with zeros around, TILE places of a row summed in
 * registers. */
#ifndef KERNELS_SIMD_DEPTHWISE_ROWS_H
#define KERNELS_SIMD_DEPTHWISE_ROWS_H

#include "kernels/simd/entries.h"

enum {
    BLOCK = DEPTHWISE_BLOCK,
    TILE = 7, /* places: 224 px and its halves are multiples; 7 sums + 5 weights fit 16 registers */
    LITTLE_TILE = 4, /* for the end of a row, where it has no more */
    MAX_KERNEL = 5
};

/* A block of channels of one image. */
struct block {
    const struct depthwise *shape;
    int channel, vectors, some; /* the last vector has `some` channels; 0: all */
    size_t step;                /* floats from a place to the next in a buffer */
    float *weights;             /* [kernel * kernel][step] */
};

static inline int tiles_of(int width) {
    return (width + TILE - 1) / TILE;
}

/* Places of a buffer for rows of which `there` are filled and a convolution of `stride` reads what it needs
 * to make `width` others. */
static inline int buffer_places(int kernel, int stride, int width, int there) {
    int read = (tiles_of(width) * TILE - 1) * stride + kernel;
    return read > there ? read : there;
}

static inline struct block block_at(const struct depthwise *d, int channel, float *weights) {
    int n = d->channels - channel < BLOCK ? d->channels - channel : BLOCK;
    int vectors = (n + LANES - 1) / LANES;
    return (struct block){d, channel, vectors, n % LANES, (size_t)vectors * LANES, weights};
}

/* A block and its shape, and rows that it reads, as copies that no store can change: they stay in registers. */
#define OWN(b)                                                                                     \
    const struct depthwise own_shape = *(b)->shape;                                                \
    const struct block own = {                                                                     \
        &own_shape, (b)->channel, (b)->vectors, (b)->some, (b)->step, (b)->weights}
#define OWN_ROWS(rows)                                                                             \
    const float *own_rows[MAX_KERNEL];                                                             \
    EACH(i, MAX_KERNEL) own_rows[i] = i < own_shape.kernel ? (rows)[i] : NULL

INLINE int some_at(const struct block *b, int v) {
    return v == b->vectors - 1 ? b->some : 0;
}

static inline void load_weights(const struct block *b, const float *weights, bool flipped) {
    int n = b->shape->kernel * b->shape->kernel;
    for (int i = 0; i < n; i++)
        for (int v = 0; v < b->vectors; v++)
            store(b->weights + (size_t)i * b->step + v * LANES,
                get(weights + (size_t)(flipped ? n - 1 - i : i) * b->shape->channels + b->channel +
                        v * LANES,
                    some_at(b, v)));
}

/* Calls some(kernel, stride) as the shape has them; both are known when that is compiled. */
#define BY_SHAPE(d, some)                                                                          \
    do {                                                                                           \
        if ((d)->kernel == 3 && (d)->stride == 1)                                                  \
            some(3, 1);                                                                            \
        else if ((d)->kernel == 3)                                                                 \
            some(3, 2);                                                                            \
        else if ((d)->stride == 1)                                                                 \
            some(5, 1);                                                                            \
        else                                                                                       \
            some(5, 2);                                                                            \
    } while (0)

/* Calls some(tile, x) for the tiles of a row, x their first places; `tile` is known when that is compiled. */
#define EACH_TILE(width, some)                                                                     \
    do {                                                                                           \
        int x = 0;                                                                                 \
        for (; (width)-x > LITTLE_TILE; x += TILE)                                                 \
            some(TILE, x);                                                                         \
        if (x < (width))                                                                           \
            some(LITTLE_TILE, x);                                                                  \
    } while (0)

/* sums[t] += those of places t of a row, t < tile; rows[i] NULL: zeros. */
INLINE void convolve(int kernel, int stride, int tile, const float *const *rows, size_t at,
    size_t step, const float *weights, vec *sums) {
    for (int i = 0; i < kernel; i++) {
        if (!rows[i])
            continue;
        const float *row = rows[i] + at;
        vec w[MAX_KERNEL];
#pragma GCC unroll 8
        for (int k = 0; k < kernel; k++)
            w[k] = load(weights + (size_t)(i * kernel + k) * step);
#pragma GCC unroll 32
        for (int x = 0; x < (tile - 1) * stride + kernel; x++) {
            vec in = load(row + (size_t)x * step);
#pragma GCC unroll 8
            for (int k = 0; k < kernel; k++)
                if (x >= k && (x - k) % stride == 0 && (x - k) / stride < tile)
                    sums[(x - k) / stride] += in * w[k];
        }
    }
}

#endif
