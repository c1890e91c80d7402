/* Inference of a block, unit by unit: as many small images as make a good product, or one large image; a block of
 * channels of its expanded map at a time, in bands of rows where that would not stay in the second cache. */
#include "kernels/tower_infer.h"

#include <string.h>

/* A block of channels of an expanded map, activated, in rows that lie padded for the depthwise convolution. */
struct padded {
    const struct tower *t;
    const struct block *b;
    const struct bench *bench;
    const struct depthwise *shape;
    int channel, channels; /* the block's */
    size_t places, step;   /* of a row, floats of a place */
    int lines;             /* rows there is room for, of each image */
};

static size_t row_floats(const struct padded *p) {
    return p->places * p->step;
}

/* Where product's rows go: entry [row of a map][place]. */
static void list_places(const struct padded *p, int images) {
    int *to = p->bench->places, width = p->shape->width;
    for (int row = 0; row < images * p->lines; row++)
        for (int x = 0; x < width; x++)
            *to++ = row * (int)p->places + p->shape->left + x;
}

/* `rows` of the unit's map from x on, into the buffer from its row `to` on. */
static void expand_rows(const struct padded *p, const float *x, int rows, int to) {
    const struct layer *l = &p->b->expand;
    struct finish f = {
        .bias = l->bias + p->channel, .activates = true, .activation = p->t->table->activation};
    int width = p->shape->width;
    p->t->simd_f32->multiply_rows(&(struct product){.m = rows * width,
        .n = p->channels,
        .k = l->in,
        .a = x,
        .lda = (size_t)l->in,
        .packed = l->folded + (size_t)l->in * (size_t)p->channel,
        .c = p->bench->wide,
        .ldc = p->step,
        .places = p->bench->places + to * width,
        .finish = &f});
}

/* Rows first..end-1 of an image's depthwise map, of which `in` has the `rows` of the expanded map that are read first. */
static void depthwise_rows(const struct padded *p, const float *in, int rows, int first, int end,
    float *deep, float *pooled) {
    const struct layer *l = &p->b->depthwise;
    struct depthwise shape = *p->shape;
    int top = first * shape.stride - shape.top; /* the first row that is read; above 0: zeros */
    struct depthwise_forward f = {.activation = p->t->table->activation,
        .weights = l->folded,
        .out = deep + (size_t)first * (size_t)shape.out_width * (size_t)shape.channels,
        .sums = pooled,
        .bias = l->bias};
    shape.height = rows;
    shape.top = top < 0 ? -top : 0;
    shape.out_height = end - first;
    p->t->simd_f32->depthwise_padded(&shape, &f, p->channel, in, row_floats(p), p->bench->scratch);
}

/* A map that does not fit: bands of rows, of which those that the next one reads too are kept. */
static void deepen_in_bands(const struct padded *p, const float *x, float *deep, float *pooled) {
    const struct depthwise *s = p->shape;
    size_t floats = row_floats(p), in_row = (size_t)s->width * (size_t)p->b->in;
    int step = (p->lines - s->kernel) / s->stride + 1, have = 0,
        made = 0; /* rows have..made-1 are there */
    for (int first = 0; first < s->out_height; first += step) {
        int end = first + step < s->out_height ? first + step : s->out_height;
        int top = first * s->stride - s->top, last = (end - 1) * s->stride - s->top + s->kernel;
        if (top > have) {
            int keep = made > top ? made - top : 0;
            memmove(p->bench->wide, p->bench->wide + (size_t)(top - have) * floats,
                (size_t)keep * floats * sizeof(float));
            have = top;
            made = have + keep;
        }
        last = last < s->height ? last : s->height;
        if (last > made) {
            expand_rows(p, x + (size_t)made * in_row, last - made, made - have);
            made = last;
        }
        depthwise_rows(p, p->bench->wide, made - have, first, end, deep, pooled);
    }
}

/* What is done to a block's unit: `images` from map x to map out. */
struct unit {
    const struct tower *t;
    const struct block *b;
    const struct bench *bench; /* which has the maps between */
    const struct depthwise *shape;
    int images;
    const float *x, *plus;
    float *out;
};

/* Expansion and depthwise convolution of blocks of channels. */
static void deepen(const void *work, const struct bench *own, int from_block, int end_block) {
    const struct unit *u = work;
    const struct tower *t = u->t;
    const struct depthwise *shape = u->shape;
    int images = u->images;
    struct padded p = {.t = t,
        .b = u->b,
        .bench = own,
        .shape = shape,
        .places = (size_t)t->simd_f32->padded_places(shape)};
    int room = BAND_FLOATS / (int)(p.places * DEPTHWISE_BLOCK);
    if (room < 2 * shape->kernel)
        room = 2 * shape->kernel;
    bool whole = images * shape->height <= room;
    p.lines = whole ? shape->height : room;
    size_t wide = (size_t)shape->channels,
           out = places_of(shape->out_height, shape->out_width) * wide;
    list_places(&p, whole ? images : 1);
    for (int block = from_block; block < end_block; block++) {
        p.channel = block * DEPTHWISE_BLOCK;
        int left = shape->channels - p.channel;
        size_t step = (size_t)t->simd_f32->padded_step(shape, p.channel);
        p.channels = left < DEPTHWISE_BLOCK ? left : DEPTHWISE_BLOCK;
        if (step != p.step) { /* the borders, which nobody writes */
            p.step = step;
            memset(own->wide, 0,
                (size_t)(whole ? images * p.lines : p.lines) * row_floats(&p) * sizeof(float));
        }
        if (whole)
            expand_rows(&p, u->x, images * shape->height, 0);
        for (int i = 0; i < images; i++) {
            float *deep = u->bench->deep + (size_t)i * out,
                  *pooled = u->bench->pooled + (size_t)i * wide;
            if (whole)
                depthwise_rows(&p, own->wide + (size_t)(i * p.lines) * row_floats(&p),
                    shape->height, 0, shape->out_height, deep, pooled);
            else
                deepen_in_bands(&p,
                    u->x + (size_t)i * places_of(shape->height, shape->width) * (size_t)u->b->in,
                    deep, pooled);
        }
    }
}

/* The same of images of a block without expansion: its input is what is convolved. */
static void deepen_as_is(const void *work, const struct bench *own, int from, int end) {
    const struct unit *u = work;
    const struct depthwise *s = u->shape;
    size_t wide = (size_t)s->channels;
    for (int i = from; i < end; i++) {
        struct depthwise_forward f = {
            .in = u->x + (size_t)i * places_of(s->height, s->width) * wide,
            .activation = u->t->table->activation,
            .weights = u->b->depthwise.folded,
            .out = u->bench->deep + (size_t)i * places_of(s->out_height, s->out_width) * wide,
            .sums = u->bench->pooled + (size_t)i * wide,
            .bias = u->b->depthwise.bias};
        u->t->simd_f32->depthwise_forward(s, &f, own->scratch);
    }
}

/* Squeeze-excite of `images`: their factors. */
static void excite(
    const struct tower *t, const struct gate *g, const struct bench *b, int images, size_t places) {
    const struct simd *simd = t->simd_f32;
    int channels = g->channels, squeezed = g->squeezed;
    struct finish squeeze = {
        .bias = g->bias[0], .activates = true, .activation = t->table->activation};
    struct finish excite = {.bias = g->bias[1]};
    for (int i = 0; i < images * channels; i++)
        b->pooled[i] /= (float)places;
    multiply_dense(
        simd, images, squeezed, channels, b->pooled, g->folded[0], b->squeezed, &squeeze);
    multiply_dense(simd, images, channels, squeezed, b->squeezed, g->folded[1], b->factor, &excite);
    simd->sigmoid_values((size_t)(images * channels), b->factor, b->factor);
}

/* Rows from..end-1 of one image's depthwise map by its gate, projected: the gate is multiplied into whichever is less,
 * the map or the weights. */
static void project_gated(
    const struct unit *u, const struct bench *own, int image, size_t from, size_t end) {
    const struct tower *t = u->t;
    const struct layer *l = &u->b->project;
    size_t wide = (size_t)l->in, narrow = (size_t)l->out;
    size_t places = places_of(u->shape->out_height, u->shape->out_width);
    size_t most = places > narrow ? end - from : (size_t)panel_rows(l->in);
    const float *factor = u->bench->factor + (size_t)image * wide;
    struct layer gated = *l;
    if (places > narrow) {
        gated.folded = own->panel;
        t->simd_f32->scale_packed(l->in, l->out, l->folded, factor, own->panel);
    }
    for (size_t row = (size_t)image * places + from, last = (size_t)image * places + end, rows;
         row < last; row += rows) {
        rows = last - row < most ? last - row : most;
        const float *deep = u->bench->deep + row * wide;
        struct map m = {
            .x = deep, .rows = rows, .channels = l->in, .scale = factor, .shift = own->zeros};
        if (places <= narrow)
            t->simd_f32->norm_rows(&m, 1, NULL, own->panel);
        folded_product(t, &gated, rows, places > narrow ? deep : own->panel, u->out + row * narrow,
            false, u->plus ? u->plus + row * narrow : NULL);
    }
}

/* ---- blocks ---- */

/* Rows of the unit's output. */
static void project(const void *work, const struct bench *own, int from, int end) {
    const struct unit *u = work;
    const struct layer *l = &u->b->project;
    int places = u->shape->out_height * u->shape->out_width;
    if (!u->b->gated) {
        size_t at = (size_t)from * (size_t)l->out;
        folded_product(u->t, l, (size_t)(end - from), u->bench->deep + (size_t)from * (size_t)l->in,
            u->out + at, false, u->plus ? u->plus + at : NULL);
        return;
    }
    for (int row = from, next; row < end; row = next) {
        int image = row / places;
        next = (image + 1) * places < end ? (image + 1) * places : end;
        project_gated(u, own, image, (size_t)(row % places), (size_t)(next - image * places));
    }
}

static void run_unit(const struct unit *u) {
    const struct depthwise *s = u->shape;
    size_t places = places_of(s->out_height, s->out_width);
    int blocks = (s->channels + DEPTHWISE_BLOCK - 1) / DEPTHWISE_BLOCK;
    memset(u->bench->pooled, 0, (size_t)u->images * (size_t)s->channels * sizeof(float));
    if (u->b->expands)
        do_all(u->bench, deepen, u, blocks);
    else
        do_all(u->bench, deepen_as_is, u, u->images);
    if (u->b->gated)
        excite(u->t, &u->b->gate, u->bench, u->images, places);
    do_all(u->bench, project, u, u->images * (int)places);
}

int unit_images(size_t places) {
    int images = (int)(UNIT_ROWS / places);
    return images < 1 ? 1 : images < GROUP ? images : GROUP;
}

void infer_block(const struct tower *t, const struct block *b, const struct bench *bench,
    int *height, int *width, int images, const float *x, float *out) {
    struct layer l = b->depthwise;
    l.height = size_after(t->table->padding, l.kernel, l.stride, *height);
    l.width = size_after(t->table->padding, l.kernel, l.stride, *width);
    struct depthwise shape = depthwise_of(t, &l, *height, *width);
    size_t in = places_of(*height, *width) * (size_t)b->in;
    size_t floats = places_of(l.height, l.width) * (size_t)b->project.out;
    int unit = unit_images(places_of(*height, *width));
    for (int i = 0; i < images; i += unit) {
        const float *from = x + (size_t)i * in;
        run_unit(&(struct unit){.t = t,
            .b = b,
            .bench = bench,
            .shape = &shape,
            .images = images - i < unit ? images - i : unit,
            .x = from,
            .plus = b->residual ? from : NULL,
            .out = out + (size_t)i * floats});
    }
    *height = l.height;
    *width = l.width;
}
