/* Weights for inference, out of those of training: each convolution's times its running norm's scale, packed. */
#include "kernels/tower_parts.h"

#include "core/mem.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct folding {
    struct tower *t;
    const struct tower_tensor *tensors;
    atomic_int next;
};

/* ---- memory ---- */

static void take_layer(const struct tower *t, struct layer *l, struct place *p) {
    l->folded = take(p, is_depthwise(l) ? (size_t)(layer_taps(l) * l->out)
                                        : t->simd_f32->packed_floats(layer_taps(l), l->out));
    l->bias = take(p, (size_t)l->out);
}

static void take_gate(const struct tower *t, struct gate *g, struct place *p) {
    g->folded[0] = take(p, t->simd_f32->packed_floats(g->channels, g->squeezed));
    g->folded[1] = take(p, t->simd_f32->packed_floats(g->squeezed, g->channels));
    g->bias[0] = take(p, (size_t)g->squeezed);
    g->bias[1] = take(p, (size_t)g->channels);
}

static size_t take_all(struct tower *t, char *memory) {
    struct place p = {.memory = memory};
    if (t->has_stem)
        take_layer(t, &t->stem, &p);
    for (int i = 0; i < t->n_blocks; i++) {
        struct block *b = &t->blocks[i];
        if (b->expands)
            take_layer(t, &b->expand, &p);
        take_layer(t, &b->depthwise, &p);
        if (b->gated)
            take_gate(t, &b->gate, &p);
        take_layer(t, &b->project, &p);
    }
    if (t->has_head)
        take_layer(t, &t->head, &p);
    return p.at;
}

/* ---- folding ---- */

static void fold_layer(const struct folding *f, struct layer *l) {
    const struct tower_tensor *own = f->tensors + l->first_tensor;
    int k = layer_taps(l);
    float *scaled = xmalloc((size_t)k * (size_t)l->out * sizeof *scaled);
    for (int c = 0; c < l->out; c++) {
        double scale = own[1].value[c] / sqrt((double)own[4].value[c] + f->t->table->norm_eps);
        l->bias[c] = (float)(own[2].value[c] - own[3].value[c] * scale);
        for (int i = 0; i < k; i++)
            scaled[c * k + i] = (float)(own[0].value[c * k + i] * scale);
    }
    if (!is_depthwise(l))
        f->t->simd_f32->pack(k, l->out, scaled, 1, (size_t)k, l->folded);
    else
        for (int i = 0; i < k; i++)
            for (int c = 0; c < l->out; c++)
                l->folded[i * l->out + c] = scaled[c * k + i];
    free(scaled);
}

static void fold_gate(const struct folding *f, struct gate *g) {
    const struct tower_tensor *own = f->tensors + g->first_tensor;
    f->t->simd_f32->pack(
        g->channels, g->squeezed, own[0].value, 1, (size_t)g->channels, g->folded[0]);
    f->t->simd_f32->pack(
        g->squeezed, g->channels, own[2].value, 1, (size_t)g->squeezed, g->folded[1]);
    memcpy(g->bias[0], own[1].value, (size_t)g->squeezed * sizeof(float));
    memcpy(g->bias[1], own[3].value, (size_t)g->channels * sizeof(float));
}

static void fold_block(const struct folding *f, struct block *b) {
    if (b->expands)
        fold_layer(f, &b->expand);
    fold_layer(f, &b->depthwise);
    if (b->gated)
        fold_gate(f, &b->gate);
    fold_layer(f, &b->project);
}

static void fold_some(void *context, int thread) {
    struct folding *f = context;
    struct tower *t = f->t;
    (void)thread;
    for (int i; (i = atomic_fetch_add(&f->next, 1)) < t->n_blocks + 2;) {
        if (i < t->n_blocks)
            fold_block(f, &t->blocks[t->n_blocks - 1 - i]); /* the largest first */
        else if (i == t->n_blocks && t->has_stem)
            fold_layer(f, &t->stem);
        else if (i > t->n_blocks && t->has_head)
            fold_layer(f, &t->head);
    }
}

void tower_fold(struct tower *t, const struct tower_tensor *tensors) {
    struct folding f = {.t = t, .tensors = tensors};
    if (!t->folded) {
        t->folded = xmalloc(take_all(t, NULL) + 64);
        take_all(t, t->folded + (64 - (uintptr_t)t->folded % 64));
    }
    team_run(t->team, fold_some, &f);
}
