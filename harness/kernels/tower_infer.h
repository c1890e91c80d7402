/* Inference's inside, shared by what is done to a block (tower_infer_block.c) and the rest (tower_infer.c). */
#ifndef KERNELS_TOWER_INFER_H
#define KERNELS_TOWER_INFER_H

#include "kernels/tower_parts.h"

enum {
    GROUP = 8,               /* images: a late block's weights are read once for as many */
    UNIT_ROWS = 200,         /* rows of a product that are worth gathering */
    BAND_FLOATS = 160 << 10, /* of a block of channels of an expanded map: 640 KB */
};

/* What a thread works on. */
struct bench {
    const struct inference *inference;
    float *maps[2]; /* [group, the largest map between blocks] */
    float *wide;    /* DEPTHWISE_BLOCK channels of a unit's expanded map, or a band of it */
    int *places;    /* where its rows lie */
    float *deep;    /* a unit's depthwise map */
    float *panel;   /* [PANEL_FLOATS] */
    float *scratch; /* of depthwise kernels */
    float *pooled, *factor, *squeezed; /* [group, widest] */
    float *ones, *zeros;               /* [widest] */
};

struct inference {
    struct tower *t;
    const float *x;
    float *out;
    int n, height, width;
    struct tower_shape shape;
    struct bench *benches;
    bool together; /* all threads at a group's images, whose maps are the first one's */
    int group;     /* images that go through a block at once, at most GROUP */
};

static inline size_t places_of(int height, int width) {
    return (size_t)height * (size_t)width;
}

/* Items from..end-1 of some work, with the buffers of `own` for what nobody else reads. */
typedef void some_work(const void *work, const struct bench *own, int from, int end);
/* All n items, by this thread or by all of them. */
void do_all(const struct bench *bench, some_work *some, const void *work, int n);

/* c = finish(a weights), `rows` of a map. */
void folded_product(const struct tower *t, const struct layer *l, size_t rows, const float *a,
    float *c, bool activates, const float *plus);

/* Images that go through a block together, of an input map of so many places. */
int unit_images(size_t places);
/* Block b of `images`, from map x of *height x *width to map `out`, whose size these become. */
void infer_block(const struct tower *t, const struct block *b, const struct bench *bench,
    int *height, int *width, int images, const float *x, float *out);

#endif
