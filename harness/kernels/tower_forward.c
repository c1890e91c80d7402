/* The tower's forward pass: a run of passes over the batch, each shared among threads by images. Between two of
 * them stand the statistics of a batch norm, which need the whole batch. */
#include "kernels/tower_parts.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

struct pass {
    struct tower *t;
    const struct tower_tensor *tensors;
    struct block *b;
    struct layer *l; /* whose raw output is made */
    const void *x;   /* out of what: a map, or the stem's images */
    atomic_int next;
};

static void run(struct pass *p, void (*work)(void *, int)) {
    desks_zero(p->t);
    team_run(p->t->team, work, p);
}

/* ---- weights as the kernels take them ---- */

/* Of an [out, k] weight, both ways. */
static void pack_both(const struct simd *simd, const float *weight, int out, int k, float *packed,
    float *packed_back) {
    simd->pack(k, out, weight, 1, (size_t)k, packed);
    simd->pack(out, k, weight, (size_t)k, 1, packed_back);
}

/* [channels, taps] -> [taps, channels]. */
static void turn(const float *weight, int channels, int taps, float *turned) {
    for (int c = 0; c < channels; c++)
        for (int i = 0; i < taps; i++)
            turned[i * channels + c] = weight[c * taps + i];
}

static void pack_block(const struct pass *p, struct block *b) {
    const struct simd *simd = p->t->simd;
    const struct tower_tensor *w = p->tensors;
    if (b->expands)
        pack_both(simd, w[b->expand.first_tensor].value, b->expand.out, b->expand.in,
            b->expand.packed, b->expand.packed_back);
    turn(w[b->depthwise.first_tensor].value, b->depthwise.out,
        b->depthwise.kernel * b->depthwise.kernel, b->depthwise.packed);
    pack_both(simd, w[b->project.first_tensor].value, b->project.out, b->project.in,
        b->project.packed, b->project.packed_back);
    if (b->gated) {
        struct gate *g = &b->gate;
        const struct simd *f32 = p->t->simd_f32;
        pack_both(
            f32, w[g->first_tensor].value, g->squeezed, g->channels, g->packed[0], g->packed[3]);
        pack_both(f32, w[g->first_tensor + 2].value, g->channels, g->squeezed, g->packed[1],
            g->packed[2]);
    }
}

static void pack_weights(void *context, int thread) {
    struct pass *p = context;
    (void)thread;
    struct tower *t = p->t;
    for (int i; (i = atomic_fetch_add(&p->next, 1)) < t->n_blocks + 2;) {
        if (i < t->n_blocks)
            pack_block(p, &t->blocks[t->n_blocks - 1 - i]); /* the largest first */
        else if (i == t->n_blocks && t->has_stem)
            t->simd->pack(PATCH, t->stem.out, p->tensors[t->stem.first_tensor].value, 1, PATCH,
                t->stem.packed);
        else if (i > t->n_blocks && t->has_head)
            pack_both(t->simd, p->tensors[t->head.first_tensor].value, t->head.out, t->head.in,
                t->head.packed, t->head.packed_back);
    }
}

/* ---- convolutions ---- */

/* raw rows of a panel: those of `a` by the layer's weights, with the sums of their statistics. */
static void multiply_panel(
    const struct pass *p, struct desk *d, const struct panel *at, const void *a) {
    struct layer *l = p->l;
    int k = layer_taps(l);
    desk_clear(d, l->out);
    p->t->simd->multiply_rows(&(struct product){.m = (int)at->rows,
        .n = l->out,
        .k = k,
        .a = a,
        .lda = (size_t)k,
        .packed = l->packed,
        .map = map_at(p->t, l->raw, at->row * (size_t)l->out),
        .ldc = (size_t)l->out,
        .sums = d->sums,
        .squares = d->sums + l->out});
    desk_add(d, l->out);
}

static void stem_images(void *context, int thread) {
    struct pass *p = context;
    struct desk *d = &p->t->desks[thread];
    size_t all = places(p->l), image = (size_t)p->t->height * (size_t)p->t->width * 3;
    int from, end;
    own_images(p->t, thread, &from, &end);
    for (struct panel at = {.image = from}; panel_next(&at, all, panel_rows(p->l->out), end);) {
        float *patches = d->panel;
        for (size_t done = 0; done < at.rows;) {
            struct piece piece = panel_piece(&at, done, all);
            stem_patches(p->t->table->padding, p->t->height, p->t->width,
                p->t->x + (size_t)piece.image * image, piece.row % all, piece.rows,
                patches + done * PATCH);
            done += piece.rows;
        }
        multiply_panel(p, d, &at, float_operands(p->t, patches, at.rows * PATCH, d->panel_2));
    }
}

/* Expansion and the trunk's last convolution: their input is a map as it is. */
static void product_images(void *context, int thread) {
    struct pass *p = context;
    struct desk *d = &p->t->desks[thread];
    int from, end;
    own_images(p->t, thread, &from, &end);
    for (struct panel at = {.image = from}; panel_next(&at, places(p->l), product_rows(p->l), end);)
        multiply_panel(p, d, &at,
            map_operands(
                p->t, p->x, at.row * (size_t)p->l->in, at.rows * (size_t)p->l->in, d->panel));
}

static void depthwise_images(void *context, int thread) {
    struct pass *p = context;
    const struct block *b = p->b;
    struct desk *d = &p->t->desks[thread];
    const struct layer *in = activated_on_loading(p->t, b);
    struct depthwise shape = depthwise_of(p->t, p->l, b->height, b->width);
    size_t in_floats = (size_t)b->height * (size_t)b->width * (size_t)p->l->out;
    int from, end;
    own_images(p->t, thread, &from, &end);
    for (int i = from; i < end; i++) {
        struct depthwise_forward f = {
            .in = map_from(p->t, in ? in->raw : b->x, (size_t)i * in_floats),
            .scale = in ? in->scale : NULL,
            .shift = in ? in->shift : NULL,
            .activation = p->t->table->activation,
            .weights = p->l->packed,
            .out = map_at(p->t, p->l->raw, (size_t)i * places(p->l) * (size_t)p->l->out),
            .sums = d->sums,
            .squares = d->sums + p->l->out};
        desk_clear(d, p->l->out);
        p->t->simd->depthwise_forward(&shape, &f, d->scratch);
        desk_add(d, p->l->out);
    }
}

static void project_images(void *context, int thread) {
    struct pass *p = context;
    const struct block *b = p->b;
    struct desk *d = &p->t->desks[thread];
    size_t all = places(p->l), wide = (size_t)p->l->in;
    int from, end;
    own_images(p->t, thread, &from, &end);
    for (struct panel at = {.image = from}; panel_next(&at, all, panel_rows(p->l->in), end);) {
        for (size_t done = 0; done < at.rows;) {
            struct piece piece = panel_piece(&at, done, all);
            struct map m = layer_map(p->t, &b->depthwise, piece.row, piece.rows);
            p->t->simd->activate_rows(&m,
                b->gated ? b->gate.factor + (size_t)piece.image * wide : NULL,
                operand_at(p->t, d->panel, done * wide));
            done += piece.rows;
        }
        multiply_panel(p, d, &at, d->panel);
    }
}

/* ---- squeeze-excite ---- */

static void add_bias(float *rows, int n, const float *bias, int channels) {
    for (int i = 0; i < n; i++)
        for (int c = 0; c < channels; c++)
            rows[i * channels + c] += bias[c];
}

static void gate_images(void *context, int thread) {
    struct pass *p = context;
    const struct simd *simd = p->t->simd_f32;
    struct gate *g = &p->b->gate;
    size_t all = places(&p->b->depthwise);
    int from, end, channels = g->channels, squeezed = g->squeezed;
    own_images(p->t, thread, &from, &end);
    float *pooled = g->pooled + from * channels, *raw = g->squeezed_raw + from * squeezed;
    float *out = g->squeezed_out + from * squeezed, *factor = g->factor + from * channels;
    memset(pooled, 0, (size_t)((end - from) * channels) * sizeof *pooled);
    for (int i = from; i < end; i++) {
        struct map m = layer_map(p->t, &p->b->depthwise, (size_t)i * all, all);
        p->t->simd->activate_sums(&m, g->pooled + i * channels);
    }
    for (int i = 0; i < (end - from) * channels; i++)
        pooled[i] /= (float)all;
    multiply_dense(simd, end - from, squeezed, channels, pooled, g->packed[0], raw, NULL);
    add_bias(raw, end - from, p->tensors[g->first_tensor + 1].value, squeezed);
    simd->activate_values(p->t->table->activation, (size_t)((end - from) * squeezed), raw, out);
    multiply_dense(simd, end - from, channels, squeezed, out, g->packed[1], factor, NULL);
    add_bias(factor, end - from, p->tensors[g->first_tensor + 3].value, channels);
    simd->sigmoid_values((size_t)((end - from) * channels), factor, factor);
}

/* ---- what blocks hand on ---- */

static void output_images(void *context, int thread) {
    struct pass *p = context;
    const struct block *b = p->b;
    size_t all = places(p->l), floats = all * (size_t)p->l->out;
    int from, end;
    own_images(p->t, thread, &from, &end);
    for (int i = from; i < end; i++) {
        struct map m = layer_map(p->t, p->l, (size_t)i * all, all);
        p->t->simd->norm_rows(&m, b->mask ? b->mask[i] : 1,
            b->residual ? map_from(p->t, b->x, (size_t)i * floats) : NULL,
            map_at(p->t, b->out, (size_t)i * floats));
    }
}

static void stem_output_images(void *context, int thread) {
    struct pass *p = context;
    size_t all = places(p->l);
    int from, end;
    own_images(p->t, thread, &from, &end);
    struct map m = layer_map(p->t, p->l, (size_t)from * all, (size_t)(end - from) * all);
    p->t->simd->activate_map(
        &m, map_at(p->t, p->t->stem_out, (size_t)from * all * (size_t)p->l->out));
}

static void pool_images(void *context, int thread) {
    struct pass *p = context;
    size_t all = places(p->l), channels = (size_t)p->l->out;
    int from, end;
    own_images(p->t, thread, &from, &end);
    for (int i = from; i < end; i++) {
        float *mean = p->t->features + (size_t)i * channels;
        struct map m = layer_map(p->t, p->l, (size_t)i * all, all);
        memset(mean, 0, channels * sizeof *mean);
        p->t->simd->activate_sums(&m, mean);
        for (size_t c = 0; c < channels; c++)
            mean[c] /= (float)all;
    }
}

/* ---- the whole ---- */

static void convolve(struct pass *p, struct layer *l, void (*images)(void *, int)) {
    p->l = l;
    run(p, images);
    layer_statistics(p->t, l, p->tensors, (size_t)p->t->n * places(l));
}

static void run_block(struct pass *p, struct block *b, const void *x) {
    p->b = b;
    p->x = b->x = x;
    if (b->expands)
        convolve(p, &b->expand, product_images);
    convolve(p, &b->depthwise, depthwise_images);
    if (b->gated)
        run(p, gate_images);
    convolve(p, &b->project, project_images);
    run(p, output_images);
}

const float *tower_forward(struct tower *t, const struct tower_tensor *tensors, const float *x,
    int n, int height, int width, const float *const *masks) {
    struct pass p = {.t = t, .tensors = tensors};
    const void *map = x;
    assert(n <= t->capacity && height == t->height && width == t->width && "tower_room makes room");
    t->n = n;
    t->x = x;
    run(&p, pack_weights);
    if (t->has_stem) {
        convolve(&p, &t->stem, stem_images);
        if (t->stem_kept)
            run(&p, stem_output_images);
        map = t->stem_out; /* NULL where it is not kept */
    } else if (t->x_map) {
        maps_take(t, values_in(t), x, t->x_map);
        map = t->x_map;
    }
    for (int i = 0; i < t->n_blocks; i++) {
        struct block *b = &t->blocks[i];
        b->mask =
            masks && masks[i] ? memcpy(b->drops, masks[i], (size_t)n * sizeof *b->drops) : NULL;
        run_block(&p, b, map);
        map = b->out;
    }
    p.x = map;
    if (t->out_map)
        maps_give(t, values_out(t), map, t->out_map);
    if (!t->has_head)
        return t->out_map ? t->out_map : map;
    convolve(&p, &t->head, product_images);
    run(&p, pool_images);
    return t->features;
}
