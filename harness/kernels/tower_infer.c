/* Inference: weights with their running norms folded in, and a block at a time, of GROUP images that a thread goes
 * through, unit by unit: as many small images as make a good product, or bands of rows of a large one whose
 * expanded map would not stay in the second cache. Of fewer images than threads, all threads go through each unit
 * together: a thread expands and convolves some blocks of channels, and projects some rows. */
#include "kernels/tower_parts.h"

#include "core/mem.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    GROUP = 8,               /* images: a late block's weights are read once for as many */
    UNIT_ROWS = 200,         /* rows of a product that are worth gathering */
    BAND_FLOATS = 160 << 10, /* of a block of channels of an expanded map: 640 KB */
};

/* What a thread works on. */
struct bench {
    const struct inference *inference;
    float *maps[2]; /* [GROUP, the largest map between blocks] */
    float *wide;    /* DEPTHWISE_BLOCK channels of a unit's expanded map, or a band of it */
    int *places;    /* where its rows lie */
    float *deep;    /* a unit's depthwise map */
    float *panel;   /* [PANEL_FLOATS] */
    float *scratch; /* of depthwise kernels */
    float *pooled, *factor, *squeezed; /* [GROUP, widest] */
    float *ones, *zeros;               /* [widest] */
};

struct inference {
    struct tower *t;
    const float *x;
    float *out;
    int n, height, width;
    struct tower_shape shape;
    struct bench *benches;
    bool together;
};

/* ---- what threads share ---- */

/* Items from..end-1 of some work, with the buffers of `own` for what nobody else reads. */
typedef void some_work(const void *work, const struct bench *own, int from, int end);

struct shared {
    const struct bench *bench; /* whose maps they are */
    some_work *some;
    const void *work;
    int n;
};

static void do_some(void *context, int thread) {
    const struct shared *s = context;
    const struct inference *f = s->bench->inference;
    int from, end;
    team_share(f->t->team, thread, s->n, &from, &end);
    if (from < end)
        s->some(s->work, &f->benches[thread], from, end);
}

/* All n items, by this thread or by all of them. */
static void do_all(const struct bench *bench, some_work *some, const void *work, int n) {
    struct shared s = {bench, some, work, n};
    if (bench->inference->together)
        team_run(bench->inference->t->team, do_some, &s);
    else
        some(work, bench, 0, n);
}

static size_t larger(size_t a, size_t b) {
    return a > b ? a : b;
}

static size_t places_of(int height, int width) {
    return (size_t)height * (size_t)width;
}

/* ---- the parts of a block ---- */

/* c = finish(a weights), a map's rows. */
static void product(const struct tower *t, const struct layer *l, size_t rows, const float *a,
    float *c, bool activates, const float *plus) {
    struct finish f = {
        .bias = l->bias, .activates = activates, .activation = t->table->activation, .plus = plus};
    int k = l->kernel == 3 ? PATCH : l->in;
    t->simd_f32->multiply_rows(&(struct product){.m = (int)rows,
        .n = l->out,
        .k = k,
        .a = a,
        .lda = (size_t)k,
        .packed = l->folded,
        .c = c,
        .ldc = (size_t)l->out,
        .finish = &f});
}

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

/* Rows first..end-1 of an image's depthwise map; the buffer from `in` on has `rows` of its expanded map, from row
 * `from` on. */
static void depthwise_rows(const struct padded *p, const float *in, int from, int rows, int first,
    int end, float *deep, float *pooled) {
    const struct layer *l = &p->b->depthwise;
    struct depthwise shape = *p->shape;
    int top = first * shape.stride - shape.top; /* the first row that is read; above 0: zeros */
    int skip = top > from ? top - from : 0;
    struct depthwise_forward f = {.activation = p->t->table->activation,
        .weights = l->folded,
        .out = deep + (size_t)first * (size_t)shape.out_width * (size_t)shape.channels,
        .sums = pooled,
        .bias = l->bias};
    shape.height = rows - skip;
    shape.top = top < 0 ? -top : 0;
    shape.out_height = end - first;
    p->t->simd_f32->depthwise_padded(&shape, &f, p->channel, in + (size_t)skip * row_floats(p),
        row_floats(p), p->bench->scratch);
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
        depthwise_rows(p, p->bench->wide, have, made - have, first, end, deep, pooled);
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
    const struct bench *bench = own;
    const float *x = u->x;
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
            memset(bench->wide, 0,
                (size_t)(whole ? images * p.lines : p.lines) * row_floats(&p) * sizeof(float));
        }
        if (whole)
            expand_rows(&p, x, images * shape->height, 0);
        for (int i = 0; i < images; i++) {
            float *deep = u->bench->deep + (size_t)i * out,
                  *pooled = u->bench->pooled + (size_t)i * wide;
            if (whole)
                depthwise_rows(&p, bench->wide + (size_t)(i * p.lines) * row_floats(&p), 0,
                    shape->height, 0, shape->out_height, deep, pooled);
            else
                deepen_in_bands(&p,
                    x + (size_t)i * places_of(shape->height, shape->width) * (size_t)u->b->in, deep,
                    pooled);
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
    simd->multiply_rows(&(struct product){.m = images,
        .n = squeezed,
        .k = channels,
        .a = b->pooled,
        .lda = (size_t)channels,
        .packed = g->folded[0],
        .c = b->squeezed,
        .ldc = (size_t)squeezed,
        .finish = &squeeze});
    simd->multiply_rows(&(struct product){.m = images,
        .n = channels,
        .k = squeezed,
        .a = b->squeezed,
        .lda = (size_t)squeezed,
        .packed = g->folded[1],
        .c = b->factor,
        .ldc = (size_t)channels,
        .finish = &excite});
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
        product(t, &gated, rows, places > narrow ? deep : own->panel, u->out + row * narrow, false,
            u->plus ? u->plus + row * narrow : NULL);
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
        product(u->t, l, (size_t)(end - from), u->bench->deep + (size_t)from * (size_t)l->in,
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

static int unit_images(size_t places) {
    int images = (int)(UNIT_ROWS / places);
    return images < 1 ? 1 : images < GROUP ? images : GROUP;
}

static void run_block(const struct tower *t, const struct block *b, const struct bench *bench,
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

/* ---- stem and the last convolution ---- */

/* From images or a map to a map or means. */
struct ends {
    const struct tower *t;
    const struct inference *f;
    int images;
    size_t places; /* of an image's map: the stem's output, the last convolution's input */
    const float *x;
    float *out;
};

/* Rows of the stem's map. */
static void stem_rows(const void *work, const struct bench *own, int from, int end) {
    const struct ends *s = work;
    const struct tower *t = s->t;
    size_t image = places_of(s->f->height, s->f->width) * 3;
    for (size_t row = (size_t)from, rows; row < (size_t)end; row += rows) {
        size_t in_image = row % s->places, left = s->places - in_image;
        rows = left < UNIT_ROWS ? left : UNIT_ROWS;
        rows = rows < (size_t)end - row ? rows : (size_t)end - row;
        stem_patches(t->table->padding, s->f->height, s->f->width, s->x + row / s->places * image,
            in_image, rows, own->panel);
        product(t, &t->stem, rows, own->panel, s->out + row * (size_t)t->stem.out, true, NULL);
    }
}

/* `rows` of the activated map of the last convolution, of a layer that is some channels of it, are added to their
 * images' means. */
static void head_panel(const struct ends *s, const struct layer *l, const struct bench *own,
    size_t row, size_t rows, float *out) {
    const struct tower *t = s->t;
    struct layer plain = *l;
    plain.bias = own->zeros;
    product(t, &plain, rows, s->x + row * (size_t)l->in, own->panel, false, NULL);
    for (size_t done = 0; done < rows;) {
        size_t image = (row + done) / s->places, left = (image + 1) * s->places - row - done;
        struct map m = {.x = own->panel + done * (size_t)l->out,
            .rows = left < rows - done ? left : rows - done,
            .channels = l->out,
            .activation = t->table->activation,
            .scale = own->ones,
            .shift = l->bias};
        t->simd_f32->activate_sums(&m, out + image * (size_t)t->head.out);
        done += m.rows;
    }
}

/* Blocks of channels of the means. */
static void head_channels(const void *work, const struct bench *own, int from, int end) {
    const struct ends *s = work;
    struct layer l = s->t->head;
    size_t all = (size_t)s->images * s->places, most = (size_t)panel_rows(l.out);
    size_t channel = (size_t)from * DEPTHWISE_BLOCK, channels = (size_t)l.out;
    l.folded += (size_t)l.in * channel;
    l.bias += channel;
    l.out = end * DEPTHWISE_BLOCK < l.out ? (end - from) * DEPTHWISE_BLOCK : l.out - (int)channel;
    for (int i = 0; i < s->images; i++)
        memset(s->out + (size_t)i * channels + channel, 0, (size_t)l.out * sizeof(float));
    for (size_t row = 0, rows; row < all; row += rows) {
        size_t group = most / s->places * s->places, in_image = s->places - row % s->places;
        rows = group ? group : in_image < most ? in_image : most;
        rows = rows < all - row ? rows : all - row;
        head_panel(s, &l, own, row, rows, s->out + channel);
    }
    for (int i = 0; i < s->images; i++)
        for (int c = 0; c < l.out; c++)
            s->out[(size_t)i * channels + channel + (size_t)c] /= (float)s->places;
}

/* ---- the whole ---- */

static void run_group(const struct inference *f, const struct bench *bench, int first, int images) {
    const struct tower *t = f->t;
    size_t in = places_of(f->height, f->width) * (size_t)f->shape.channels;
    size_t out = places_of(f->shape.out_height, f->shape.out_width) * (size_t)f->shape.out_channels;
    int height = f->height, width = f->width, to = 0;
    const float *x = f->x + (size_t)first * in;
    float *last = f->out + (size_t)first * out;
    if (t->has_stem) {
        float *map = t->n_blocks || t->has_head ? bench->maps[to] : last;
        height = size_after(t->table->padding, 3, 2, height);
        width = size_after(t->table->padding, 3, 2, width);
        struct ends stem = {t, f, images, places_of(height, width), x, map};
        do_all(bench, stem_rows, &stem, images * height * width);
        x = map;
    }
    for (int i = 0; i < t->n_blocks; i++) {
        to = !to;
        float *map = i == t->n_blocks - 1 && !t->has_head ? last : bench->maps[to];
        run_block(t, &t->blocks[i], bench, &height, &width, images, x, map);
        x = map;
    }
    struct ends head = {t, f, images, places_of(height, width), x, last};
    if (t->has_head)
        do_all(bench, head_channels, &head, (t->head.out + DEPTHWISE_BLOCK - 1) / DEPTHWISE_BLOCK);
}

static void infer_images(void *context, int thread) {
    const struct inference *f = context;
    int from, end;
    team_share(f->t->team, thread, f->n, &from, &end);
    for (int i = from; i < end; i += GROUP)
        run_group(f, &f->benches[thread], i, end - i < GROUP ? end - i : GROUP);
}

/* ---- memory ---- */

struct most {
    size_t map, wide, places, deep, panel;
};

static void look_at_block(
    const struct tower *t, const struct block *b, int *height, int *width, struct most *most) {
    struct layer l = b->depthwise;
    size_t places = places_of(*height, *width), wide = (size_t)l.out,
           unit = (size_t)unit_images(places);
    most->map = larger(most->map, places * (size_t)b->in);
    l.height = size_after(t->table->padding, l.kernel, l.stride, *height);
    l.width = size_after(t->table->padding, l.kernel, l.stride, *width);
    struct depthwise shape = depthwise_of(t, &l, *height, *width);
    size_t row = (size_t)t->simd_f32->padded_places(&shape) * DEPTHWISE_BLOCK;
    most->wide = larger(most->wide, larger(BAND_FLOATS, (size_t)(2 * l.kernel) * row));
    most->places = larger(most->places, unit * places);
    most->deep = larger(most->deep, unit * places_of(l.height, l.width) * wide);
    most->map = larger(most->map, places_of(l.height, l.width) * (size_t)b->project.out);
    most->panel = larger(most->panel, t->simd_f32->packed_floats(b->project.in, b->project.out));
    *height = l.height;
    *width = l.width;
}

static struct most most_of(const struct inference *f) {
    const struct tower *t = f->t;
    struct most most = {0};
    int height = f->height, width = f->width;
    if (t->has_stem) {
        height = size_after(t->table->padding, 3, 2, height);
        width = size_after(t->table->padding, 3, 2, width);
        most.map = places_of(height, width) * (size_t)t->stem.out;
    }
    for (int i = 0; i < t->n_blocks; i++)
        look_at_block(t, &t->blocks[i], &height, &width, &most);
    return most;
}

static void take_bench(
    struct inference *f, struct bench *b, const struct most *most, struct place *p) {
    size_t widest = (size_t)f->t->widest;
    b->inference = f;
    for (int i = 0; i < 2; i++)
        b->maps[i] = take(p, GROUP * most->map);
    b->wide = take(p, most->wide);
    b->places = (int *)(void *)take(p, most->places);
    b->deep = take(p, most->deep);
    b->panel = take(p, larger(PANEL_FLOATS, most->panel));
    b->scratch = take(p, depthwise_scratch(f->width));
    b->pooled = take(p, GROUP * widest);
    b->factor = take(p, GROUP * widest);
    b->squeezed = take(p, GROUP * widest);
    b->ones = take(p, widest);
    b->zeros = take(p, widest);
    for (size_t i = 0; p->memory && i < widest; i++) {
        b->ones[i] = 1;
        b->zeros[i] = 0;
    }
}

static size_t take_benches(struct inference *f, char *memory) {
    struct most most = most_of(f);
    struct place p = {.memory = memory};
    for (int i = 0; i < team_threads(f->t->team); i++)
        take_bench(f, &f->benches[i], &most, &p);
    return p.at;
}

static bool make_room(struct inference *f, struct err *e) {
    enum { LARGE_PAGE = 2 << 20 };
    struct tower *t = f->t;
    size_t bytes = (take_benches(f, NULL) + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
    if (bytes > t->inference_bytes) {
        free(t->inference);
        t->inference_bytes = 0;
        t->inference = aligned_alloc(LARGE_PAGE, bytes);
        if (!t->inference)
            return err_set(e,
                "no memory for inference's %.2f GB (images of %d x %d): fewer threads take less",
                (double)bytes / 1e9, f->width, f->height);
        madvise(t->inference, bytes, MADV_HUGEPAGE);
        t->inference_bytes = bytes;
    }
    take_benches(f, t->inference);
    return true;
}

bool tower_infer(
    struct tower *t, const float *x, int n, int height, int width, float *out, struct err *e) {
    struct inference f = {.t = t,
        .x = x,
        .out = out,
        .n = n,
        .height = height,
        .width = width,
        .shape = tower_shape(t, height, width),
        .together = n < team_threads(t->team)};
    f.benches = xcalloc((size_t)team_threads(t->team), sizeof *f.benches);
    bool ok = make_room(&f, e);
    for (int i = 0; ok && f.together && i < n; i += GROUP)
        run_group(&f, f.benches, i, n - i < GROUP ? n - i : GROUP);
    if (ok && !f.together)
        team_run(t->team, infer_images, &f);
    free(f.benches);
    return ok;
}
