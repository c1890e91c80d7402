/* Inference: weights with their running norms folded in, and a block at a time, of GROUP images that a thread goes
 * through, unit by unit: as many small images as make a good product, or bands of rows of a large one whose
 * expanded map would not stay in the second cache. */
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
};

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

/* Expansion and depthwise convolution of a unit, a block of channels after the other. */
static void deepen(const struct tower *t, const struct block *b, const struct bench *bench,
    const struct depthwise *shape, int images, const float *x) {
    struct padded p = {.t = t,
        .b = b,
        .bench = bench,
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
    for (p.channel = 0; p.channel < shape->channels; p.channel += DEPTHWISE_BLOCK) {
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
            float *deep = bench->deep + (size_t)i * out, *pooled = bench->pooled + (size_t)i * wide;
            if (whole)
                depthwise_rows(&p, bench->wide + (size_t)(i * p.lines) * row_floats(&p), 0,
                    shape->height, 0, shape->out_height, deep, pooled);
            else
                deepen_in_bands(&p,
                    x + (size_t)i * places_of(shape->height, shape->width) * (size_t)b->in, deep,
                    pooled);
        }
    }
}

/* The same of a block without expansion: its input is what is convolved. */
static void deepen_as_is(const struct tower *t, const struct block *b, const struct bench *bench,
    const struct depthwise *shape, int images, const float *x) {
    size_t wide = (size_t)shape->channels;
    for (int i = 0; i < images; i++) {
        struct depthwise_forward f = {
            .in = x + (size_t)i * places_of(shape->height, shape->width) * wide,
            .activation = t->table->activation,
            .weights = b->depthwise.folded,
            .out = bench->deep + (size_t)i * places_of(shape->out_height, shape->out_width) * wide,
            .sums = bench->pooled + (size_t)i * wide,
            .bias = b->depthwise.bias};
        t->simd_f32->depthwise_forward(shape, &f, bench->scratch);
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

/* The depthwise map of one image by its gate, projected: the gate is multiplied into whichever is less, the map or
 * the weights. */
static void project_gated(const struct tower *t, const struct block *b, const struct bench *bench,
    const float *deep, const float *factor, size_t places, float *out, const float *plus) {
    size_t wide = (size_t)b->project.in, narrow = (size_t)b->project.out;
    if (places > narrow) {
        struct layer gated = b->project;
        gated.folded = bench->panel;
        t->simd_f32->scale_packed(
            b->project.in, b->project.out, b->project.folded, factor, bench->panel);
        product(t, &gated, places, deep, out, false, plus);
        return;
    }
    size_t most = (size_t)panel_rows(b->project.in);
    for (size_t row = 0; row < places; row += most) {
        size_t rows = places - row < most ? places - row : most;
        struct map m = {.x = deep + row * wide,
            .rows = rows,
            .channels = (int)wide,
            .scale = factor,
            .shift = bench->zeros};
        t->simd_f32->norm_rows(&m, 1, NULL, bench->panel);
        product(t, &b->project, rows, bench->panel, out + row * narrow, false,
            plus ? plus + row * narrow : NULL);
    }
}

/* ---- blocks ---- */

/* `images` of the group, from map x to map out. */
static void run_unit(const struct tower *t, const struct block *b, const struct bench *bench,
    const struct depthwise *shape, int images, const float *x, float *out) {
    size_t wide = (size_t)shape->channels, places = places_of(shape->out_height, shape->out_width);
    const float *plus = b->residual ? x : NULL;
    memset(bench->pooled, 0, (size_t)images * wide * sizeof(float));
    (b->expands ? deepen : deepen_as_is)(t, b, bench, shape, images, x);
    if (!b->gated) {
        product(t, &b->project, (size_t)images * places, bench->deep, out, false, plus);
        return;
    }
    excite(t, &b->gate, bench, images, places);
    for (int i = 0; i < images; i++) {
        size_t at = (size_t)i * places * (size_t)b->project.out;
        project_gated(t, b, bench, bench->deep + (size_t)i * places * wide,
            bench->factor + (size_t)i * wide, places, out + at, plus ? plus + at : NULL);
    }
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
    for (int i = 0; i < images; i += unit)
        run_unit(t, b, bench, &shape, images - i < unit ? images - i : unit, x + (size_t)i * in,
            out + (size_t)i * floats);
    *height = l.height;
    *width = l.width;
}

/* ---- stem and the last convolution ---- */

static void run_stem(
    const struct inference *f, const struct bench *bench, int images, const float *x, float *out) {
    const struct tower *t = f->t;
    size_t places = places_of(size_after(t->table->padding, 3, 2, f->height),
        size_after(t->table->padding, 3, 2, f->width));
    size_t image = places_of(f->height, f->width) * 3, channels = (size_t)t->stem.out;
    for (int i = 0; i < images; i++)
        for (size_t row = 0; row < places; row += UNIT_ROWS) {
            size_t rows = places - row < UNIT_ROWS ? places - row : UNIT_ROWS;
            stem_patches(t->table->padding, f->height, f->width, x + (size_t)i * image, row, rows,
                bench->panel);
            product(t, &t->stem, rows, bench->panel, out + ((size_t)i * places + row) * channels,
                true, NULL);
        }
}

static void run_head(const struct tower *t, const struct bench *bench, int images, size_t places,
    const float *x, float *out) {
    const struct layer *l = &t->head;
    size_t channels = (size_t)l->out, most = (size_t)panel_rows(l->out);
    struct layer plain = *l;
    plain.bias = bench->zeros;
    memset(out, 0, (size_t)images * channels * sizeof *out);
    for (size_t row = 0; row < (size_t)images * places;) {
        size_t group = most / places * places, in_image = places - row % places;
        size_t rows = group ? group : in_image < most ? in_image : most;
        if (rows > (size_t)images * places - row)
            rows = (size_t)images * places - row;
        product(t, &plain, rows, x + row * (size_t)l->in, bench->panel, false, NULL);
        for (size_t done = 0; done < rows;) {
            size_t image = (row + done) / places, left = (image + 1) * places - row - done;
            struct map m = {.x = bench->panel + done * channels,
                .rows = left < rows - done ? left : rows - done,
                .channels = l->out,
                .activation = t->table->activation,
                .scale = bench->ones,
                .shift = l->bias};
            t->simd_f32->activate_sums(&m, out + image * channels);
            done += m.rows;
        }
        row += rows;
    }
    for (size_t i = 0; i < (size_t)images * channels; i++)
        out[i] /= (float)places;
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
        run_stem(f, bench, images, x, map);
        height = size_after(t->table->padding, 3, 2, height);
        width = size_after(t->table->padding, 3, 2, width);
        x = map;
    }
    for (int i = 0; i < t->n_blocks; i++) {
        to = !to;
        float *map = i == t->n_blocks - 1 && !t->has_head ? last : bench->maps[to];
        run_block(t, &t->blocks[i], bench, &height, &width, images, x, map);
        x = map;
    }
    if (t->has_head)
        run_head(t, bench, images, places_of(height, width), x, last);
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
        .shape = tower_shape(t, height, width)};
    f.benches = xcalloc((size_t)team_threads(t->team), sizeof *f.benches);
    bool ok = make_room(&f, e);
    if (ok)
        team_run(t->team, infer_images, &f);
    free(f.benches);
    return ok;
}
