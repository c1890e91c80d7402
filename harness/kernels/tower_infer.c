/* Inference: weights with their running norms folded in, and a block at a time, of GROUP images that a thread goes
 * through. Of fewer images than threads, all threads go through each unit together: a thread expands and convolves
 * some blocks of channels, and projects some rows. */
#include "kernels/tower_infer.h"

#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

/* ---- what threads share ---- */

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

void do_all(const struct bench *bench, some_work *some, const void *work, int n) {
    struct shared s = {bench, some, work, n};
    if (bench->inference->together)
        team_run(bench->inference->t->team, do_some, &s);
    else
        some(work, bench, 0, n);
}

void folded_product(const struct tower *t, const struct layer *l, size_t rows, const float *a,
    float *c, bool activates, const float *plus) {
    struct finish f = {
        .bias = l->bias, .activates = activates, .activation = t->table->activation, .plus = plus};
    multiply_dense(t->simd_f32, (int)rows, l->out, layer_taps(l), a, l->folded, c, &f);
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
        folded_product(
            t, &t->stem, rows, own->panel, s->out + row * (size_t)t->stem.out, true, NULL);
    }
}

/* `rows` of the activated map of the last convolution, of a layer that is some channels of it, are added to their
 * images' means. */
static void head_panel(const struct ends *s, const struct layer *l, const struct bench *own,
    size_t row, size_t rows, float *out) {
    const struct tower *t = s->t;
    struct layer plain = *l;
    plain.bias = own->zeros;
    folded_product(t, &plain, rows, s->x + row * (size_t)l->in, own->panel, false, NULL);
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
        infer_block(t, &t->blocks[i], bench, &height, &width, images, x, map);
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
    for (int i = from; i < end; i += f->group)
        run_group(f, &f->benches[thread], i, end - i < f->group ? end - i : f->group);
}

/* ---- memory ---- */

struct most {
    size_t map, wide, places, deep, panel;
};

static void look_at_block(
    const struct inference *f, const struct block *b, int *height, int *width, struct most *most) {
    const struct tower *t = f->t;
    struct layer l = b->depthwise;
    size_t places = places_of(*height, *width), wide = (size_t)l.out,
           unit = smaller((size_t)unit_images(places), (size_t)f->group);
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
        look_at_block(f, &t->blocks[i], &height, &width, &most);
    return most;
}

/* What all threads share where they go through images together. */
static void take_maps(
    const struct inference *f, struct bench *b, const struct most *most, struct place *p) {
    size_t widest = (size_t)f->t->widest, group = (size_t)f->group;
    for (int i = 0; i < 2; i++)
        b->maps[i] = take(p, group * most->map);
    b->deep = take(p, most->deep);
    b->pooled = take(p, group * widest);
    b->factor = take(p, group * widest);
    b->squeezed = take(p, group * widest);
}

static void take_bench(
    struct inference *f, struct bench *b, const struct most *most, struct place *p) {
    size_t widest = (size_t)f->t->widest;
    b->inference = f;
    b->wide = take(p, most->wide);
    b->places = (int *)(void *)take(p, most->places);
    b->panel = take(p, larger(PANEL_FLOATS, most->panel));
    b->scratch = take(p, depthwise_scratch(f->width));
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
    for (int i = 0; i < team_threads(f->t->team); i++) {
        take_bench(f, &f->benches[i], &most, &p);
        if (i == 0 || !f->together)
            take_maps(f, &f->benches[i], &most, &p);
    }
    return p.at;
}

static bool make_room(struct inference *f, struct err *e) {
    struct tower *t = f->t;
    size_t bytes = take_benches(f, NULL);
    if (bytes > t->inference_bytes) {
        free(t->inference);
        t->inference_bytes = 0;
        t->inference = large_pages(bytes);
        if (!t->inference)
            return err_set(e,
                "no memory for inference's %.2f GB (images of %d x %d): fewer threads take less",
                (double)bytes / 1e9, f->width, f->height);
        t->inference_bytes = bytes;
    }
    take_benches(f, t->inference);
    return true;
}

bool tower_infer(
    struct tower *t, const float *x, int n, int height, int width, float *out, struct err *e) {
    int threads = team_threads(t->team);
    bool together = n < threads;
    int most = together ? n : (n + threads - 1) / threads;
    struct inference f = {.t = t,
        .x = x,
        .out = out,
        .n = n,
        .height = height,
        .width = width,
        .shape = tower_shape(t, height, width),
        .together = together,
        .group = most < GROUP ? most : GROUP};
    f.benches = xcalloc((size_t)threads, sizeof *f.benches);
    bool ok = make_room(&f, e);
    for (int i = 0; ok && together && i < n; i += f.group)
        run_group(&f, f.benches, i, n - i < f.group ? n - i : f.group);
    if (ok && !together)
        team_run(t->team, infer_images, &f);
    free(f.benches);
    return ok;
}
