/* Inference: weights with their running norms folded in, and a block at a time, of GROUP images that a thread goes
 * through, unit by unit: as many small images as make a good product, or bands of rows of a large one whose
 * expanded map would not stay in the second cache. */
#include "kernels/tower_parts.h"

#include "core/mem.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    GROUP = 8,             /* images: a late block's weights are read once for as many */
    UNIT_ROWS = 200,       /* rows of a product that are worth gathering */
    BAND_FLOATS = 1 << 18, /* of an expanded map: 1 MB */
};

/* What a thread works on. */
struct bench {
    float *maps[2];   /* [GROUP, the largest map between blocks] */
    float *wide;      /* a unit's expanded map, or a band of it */
    float *deep;      /* a unit's depthwise map */
    float *panel;     /* [PANEL_FLOATS] */
    float *scratch;   /* of depthwise kernels */
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

static size_t places_of(int height, int width) {
    return (size_t)height * (size_t)width;
}

/* ---- the parts of a block ---- */

/* c = finish(a weights), a map's rows. */
static void product(const struct tower *t, const struct layer *l, size_t rows, const float *a, float *c,
    bool activates, const float *plus) {
    struct finish f = {.bias = l->bias,
        .activates = activates,
        .activation = t->table->activation,
        .plus = plus};
    int k = l->kernel == 3 ? PATCH : l->in;
    t->simd->multiply_rows(&(struct product){.m = (int)rows,
        .n = l->out,
        .k = k,
        .a = a,
        .lda = (size_t)k,
        .packed = l->folded,
        .c = c,
        .ldc = (size_t)l->out,
        .finish = &f});
}

/* Rows first..end-1 of the depthwise map, out of rows of its input that begin with row `from` of the image. */
static void depthwise_band(const struct tower *t, const struct layer *l, const struct bench *b,
    struct depthwise shape, const float *in, int from, int rows, int first, int end, float *out) {
    int top = first * shape.stride - shape.top; /* the first row that is read; above 0: zeros */
    struct depthwise_forward f = {.in = in + (size_t)(top > from ? top - from : 0) * (size_t)shape.width *
                                                 (size_t)shape.channels,
        .activation = t->table->activation,
        .weights = l->folded,
        .out = out + (size_t)first * (size_t)shape.out_width * (size_t)shape.channels,
        .sums = b->pooled,
        .bias = l->bias};
    shape.height = rows - (top > from ? top - from : 0);
    shape.top = top < 0 ? -top : 0;
    shape.out_height = end - first;
    t->simd->depthwise_forward(&shape, &f, b->scratch);
}

/* One image's expansion and depthwise convolution, by bands. */
static void deepen_in_bands(const struct tower *t, const struct block *b, const struct bench *bench,
    const struct depthwise *shape, const float *x, float *pooled) {
    size_t row = (size_t)shape->width * (size_t)shape->channels;
    int room = (int)(BAND_FLOATS / row), have = 0, made = 0; /* rows have..made-1 of the image are in `wide` */
    if (room < shape->kernel + shape->stride)
        room = shape->kernel + shape->stride;
    struct bench own = *bench;
    own.pooled = pooled;
    int step = (room - shape->kernel) / shape->stride + 1;
    for (int first = 0; first < shape->out_height; first += step) {
        int end = first + step < shape->out_height ? first + step : shape->out_height;
        int top = first * shape->stride - shape->top, last = (end - 1) * shape->stride - shape->top + shape->kernel;
        if (top > have) {
            int keep = made > top ? made - top : 0;
            memmove(bench->wide, bench->wide + (size_t)(top - have) * row, (size_t)keep * row * sizeof(float));
            have = top;
            made = have + keep;
        }
        last = last < shape->height ? last : shape->height;
        if (last > made)
            product(t, &b->expand, (size_t)(last - made) * (size_t)shape->width,
                x + (size_t)made * (size_t)shape->width * (size_t)b->in, bench->wide + (size_t)(made - have) * row,
                true, NULL);
        made = last > made ? last : made;
        depthwise_band(t, &b->depthwise, &own, *shape, bench->wide, have, made - have, first, end, bench->deep);
    }
}

/* Squeeze-excite of `images`: their factors. */
static void excite(const struct tower *t, const struct gate *g, const struct bench *b, int images, size_t places) {
    const struct simd *simd = t->simd;
    int channels = g->channels, squeezed = g->squeezed;
    struct finish squeeze = {.bias = g->bias[0], .activates = true, .activation = t->table->activation};
    struct finish excite = {.bias = g->bias[1]};
    for (int i = 0; i < images * channels; i++)
        b->pooled[i] /= (float)places;
    simd->multiply_rows(&(struct product){.m = images, .n = squeezed, .k = channels, .a = b->pooled,
        .lda = (size_t)channels, .packed = g->folded[0], .c = b->squeezed, .ldc = (size_t)squeezed,
        .finish = &squeeze});
    simd->multiply_rows(&(struct product){.m = images, .n = channels, .k = squeezed, .a = b->squeezed,
        .lda = (size_t)squeezed, .packed = g->folded[1], .c = b->factor, .ldc = (size_t)channels,
        .finish = &excite});
    simd->sigmoid_values((size_t)(images * channels), b->factor, b->factor);
}

/* The depthwise map of one image by its gate, projected. */
static void project_gated(const struct tower *t, const struct block *b, const struct bench *bench,
    const float *deep, const float *factor, size_t places, float *out, const float *plus) {
    size_t wide = (size_t)b->project.in, narrow = (size_t)b->project.out;
    size_t most = (size_t)panel_rows(b->project.in);
    for (size_t row = 0; row < places; row += most) {
        size_t rows = places - row < most ? places - row : most;
        struct map m = {.x = deep + row * wide, .rows = rows, .channels = (int)wide, .scale = factor,
            .shift = bench->zeros};
        t->simd->norm_rows(&m, 1, NULL, bench->panel);
        product(t, &b->project, rows, bench->panel, out + row * narrow, false,
            plus ? plus + row * narrow : NULL);
    }
}

/* ---- blocks ---- */

/* `images` of the group, from map x to map out. */
static void run_unit(const struct tower *t, const struct block *b, const struct bench *bench,
    const struct depthwise *shape, int images, const float *x, float *out) {
    size_t wide = (size_t)shape->channels, places = places_of(shape->height, shape->width);
    size_t out_places = places_of(shape->out_height, shape->out_width);
    bool whole = (size_t)images * places * wide <= BAND_FLOATS;
    memset(bench->pooled, 0, (size_t)images * wide * sizeof(float));
    if (b->expands && whole)
        product(t, &b->expand, (size_t)images * places, x, bench->wide, true, NULL);
    for (int i = 0; i < images; i++) {
        struct bench own = *bench;
        own.deep += (size_t)i * out_places * wide;
        own.pooled += (size_t)i * wide;
        if (b->expands && !whole)
            deepen_in_bands(t, b, &own, shape, x + (size_t)i * places * (size_t)b->in, own.pooled);
        else
            depthwise_band(t, &b->depthwise, &own, *shape,
                (b->expands ? bench->wide : x) + (size_t)i * places * wide, 0, shape->height, 0,
                shape->out_height, own.deep);
    }
    const float *plus = b->residual ? x : NULL;
    if (!b->gated) {
        product(t, &b->project, (size_t)images * out_places, bench->deep, out, false, plus);
        return;
    }
    excite(t, &b->gate, bench, images, out_places);
    for (int i = 0; i < images; i++) {
        size_t at = (size_t)i * out_places * (size_t)b->project.out;
        project_gated(t, b, bench, bench->deep + (size_t)i * out_places * wide,
            bench->factor + (size_t)i * wide, out_places, out + at, plus ? plus + at : NULL);
    }
}

static int unit_images(size_t places) {
    int images = (int)(UNIT_ROWS / places);
    return images < 1 ? 1 : images < GROUP ? images : GROUP;
}

static void run_block(const struct tower *t, const struct block *b, const struct bench *bench, int *height,
    int *width, int images, const float *x, float *out) {
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

static void run_stem(const struct inference *f, const struct bench *bench, int images, const float *x,
    float *out) {
    const struct tower *t = f->t;
    size_t places = places_of(size_after(t->table->padding, 3, 2, f->height),
        size_after(t->table->padding, 3, 2, f->width));
    size_t image = places_of(f->height, f->width) * 3, channels = (size_t)t->stem.out;
    for (int i = 0; i < images; i++)
        for (size_t row = 0; row < places; row += UNIT_ROWS) {
            size_t rows = places - row < UNIT_ROWS ? places - row : UNIT_ROWS;
            stem_patches(t->table->padding, f->height, f->width, x + (size_t)i * image, row, rows, bench->panel);
            product(t, &t->stem, rows, bench->panel, out + ((size_t)i * places + row) * channels, true, NULL);
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
            t->simd->activate_sums(&m, out + image * channels);
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

static size_t larger(size_t a, size_t b) {
    return a > b ? a : b;
}

struct most {
    size_t map, wide, deep;
};

static void look_at_block(const struct tower *t, const struct block *b, int *height, int *width,
    struct most *most) {
    const struct layer *l = &b->depthwise;
    size_t places = places_of(*height, *width), wide = (size_t)l->out;
    size_t row = (size_t)*width * wide, unit = (size_t)unit_images(places);
    size_t shortest = (size_t)(l->kernel + l->stride) * row;
    most->wide = larger(most->wide, larger(BAND_FLOATS, shortest));
    most->map = larger(most->map, places * (size_t)b->in);
    *height = size_after(t->table->padding, l->kernel, l->stride, *height);
    *width = size_after(t->table->padding, l->kernel, l->stride, *width);
    most->deep = larger(most->deep, unit * places_of(*height, *width) * wide);
    most->map = larger(most->map, places_of(*height, *width) * (size_t)b->project.out);
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

static void take_bench(struct inference *f, struct bench *b, const struct most *most, struct place *p) {
    size_t widest = (size_t)f->t->widest;
    for (int i = 0; i < 2; i++)
        b->maps[i] = take(p, GROUP * most->map);
    b->wide = take(p, most->wide);
    b->deep = take(p, most->deep);
    b->panel = take(p, PANEL_FLOATS);
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
            return err_set(e, "no memory for inference's %.2f GB (images of %d x %d): fewer threads take less",
                (double)bytes / 1e9, f->width, f->height);
        madvise(t->inference, bytes, MADV_HUGEPAGE);
        t->inference_bytes = bytes;
    }
    take_benches(f, t->inference);
    return true;
}

bool tower_infer(
    struct tower *t, const float *x, int n, int height, int width, float *out, struct err *e) {
    struct inference f = {.t = t, .x = x, .out = out, .n = n, .height = height, .width = width,
        .shape = tower_shape(t, height, width)};
    f.benches = xcalloc((size_t)team_threads(t->team), sizeof *f.benches);
    bool ok = make_room(&f, e);
    if (ok)
        team_run(t->team, infer_images, &f);
    free(f.benches);
    return ok;
}
