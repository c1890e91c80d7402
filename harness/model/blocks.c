#include "model/blocks.h"

#include "core/mem.h"
#include "core/rng.h"

#include <stdlib.h>

/* ---- building ---- */

static th_tensor *trunk_parameter(
    struct builder *b, const char *layer, const char *part, struct parameter_spec spec) {
    spec.name = xasprintf("%s.%s", layer, part);
    spec.item = b->next_item++;
    spec.trainable = b->trainable;
    return parameters_add(b->parameters, &spec);
}

static th_tensor *convolution(
    struct builder *b, const char *layer, const char *part, int out, int in, int kernel) {
    return trunk_parameter(b, layer, part,
        (struct parameter_spec){
            .n_dims = 4, .shape = {out, in, kernel, kernel}, .draw = DRAW_CONVOLUTION});
}

static th_tensor *per_channel(struct builder *b, const char *layer, const char *part, int channels,
    double value, bool buffer) {
    return trunk_parameter(b, layer, part,
        (struct parameter_spec){.n_dims = 1,
            .shape = {channels},
            .value = value,
            .buffer = buffer,
            .norm_or_bias = true});
}

struct conv_norm conv_norm_build(
    struct builder *b, const char *name, int in, int out, int kernel, int stride, int groups) {
    struct conv_norm c = {.kernel = kernel, .stride = stride, .groups = groups};
    c.weight = convolution(b, name, "conv.weight", out, in / groups, kernel);
    c.gamma = per_channel(b, name, "norm.weight", out, 1, false);
    c.beta = per_channel(b, name, "norm.bias", out, 0, false);
    c.running_mean = per_channel(b, name, "norm.running_mean", out, 0, true);
    c.running_var = per_channel(b, name, "norm.running_var", out, 1, true);
    return c;
}

static struct conv_norm part_build(struct builder *b, const char *block, const char *part, int in,
    int out, int kernel, int stride, int groups) {
    char *name = xasprintf("%s.%s", block, part);
    struct conv_norm c = conv_norm_build(b, name, in, out, kernel, stride, groups);
    free(name);
    return c;
}

static struct squeeze_excite gate_build(
    struct builder *b, const char *block, int channels, int squeezed) {
    char *name = xasprintf("%s.gate", block);
    struct squeeze_excite g;
    g.reduce_weight = convolution(b, name, "reduce.weight", squeezed, channels, 1);
    g.reduce_bias = per_channel(b, name, "reduce.bias", squeezed, 0, false);
    g.expand_weight = convolution(b, name, "expand.weight", channels, squeezed, 1);
    g.expand_bias = per_channel(b, name, "expand.bias", channels, 0, false);
    free(name);
    return g;
}

struct mbconv mbconv_build(
    struct builder *b, const char *name, const struct stage *stage, int in, int stride) {
    int wide = in * stage->expand, squeezed = in / 4 > 1 ? in / 4 : 1;
    struct mbconv m = {.expands = stage->expand != 1,
        .excites = b->table->squeeze_excite,
        .residual = stride == 1 && in == stage->out};
    if (m.expands)
        m.expand = part_build(b, name, "expand", in, wide, 1, 1, 1);
    m.depthwise = part_build(b, name, "depthwise", wide, wide, stage->kernel, stride, wide);
    if (m.excites)
        m.gate = gate_build(b, name, wide, squeezed);
    m.project = part_build(b, name, "project", wide, stage->out, 1, 1, 1);
    return m;
}

/* ---- running ---- */

static th_tensor *activation(th_scope *s, enum activation a, th_tensor *x) {
    return a == ACT_SILU ? th_silu(s, x) : th_relu6(s, x);
}

/* TF "same": the output has ceil(size / stride) pixels; what is missing is added half on each side,
 * the odd pixel behind. */
static int same_padding(int64_t size, int kernel, int stride) {
    int64_t out = (size + stride - 1) / stride, total = (out - 1) * stride + kernel - size;
    return total > 0 ? (int)total : 0;
}

static th_tensor *convolve(
    const struct conv_norm *c, enum padding padding, th_scope *s, th_tensor *x) {
    int pad = c->kernel / 2;
    if (padding == PAD_TF_SAME && x) {
        int h = same_padding(th_size(x, 2), c->kernel, c->stride);
        int w = same_padding(th_size(x, 3), c->kernel, c->stride);
        pad = h / 2;
        if (h != w || h % 2) { /* not the same on all sides: a copy with a border */
            x = th_pad(s, x, w / 2, w - w / 2, h / 2, h - h / 2);
            pad = 0;
        }
    }
    return th_conv2d(s, x, c->weight, NULL, c->stride, pad, c->groups);
}

th_tensor *conv_norm_run(const struct conv_norm *c, const struct trunk_table *t, struct pass *p,
    bool live, bool activate, th_tensor *x) {
    th_scope *s = p->scope;
    x = convolve(c, t->padding, s, x);
    x = th_batch_norm(s, x, c->gamma, c->beta, c->running_mean, c->running_var, live,
        t->norm_momentum, t->norm_eps);
    return activate ? activation(s, t->activation, x) : x;
}

/* Hu et al. 2018: one factor in 0..1 a channel, from the channel means. */
static th_tensor *gate_run(
    const struct squeeze_excite *g, enum activation a, th_scope *s, th_tensor *x) {
    th_tensor *z = th_mean_hw(s, x, true); /* [N,C,1,1] */
    z = activation(s, a, th_conv2d(s, z, g->reduce_weight, g->reduce_bias, 1, 0, 1));
    z = th_sigmoid(s, th_conv2d(s, z, g->expand_weight, g->expand_bias, 1, 0, 1));
    return th_mul(s, x, z);
}

th_tensor *mbconv_run(
    const struct mbconv *m, const struct trunk_table *t, struct pass *p, bool live, th_tensor *x) {
    th_scope *s = p->scope;
    size_t mark = th_mark(s);
    th_tensor *y = m->expands ? conv_norm_run(&m->expand, t, p, live, true, x) : x;
    y = conv_norm_run(&m->depthwise, t, p, live, true, y);
    if (m->excites)
        y = gate_run(&m->gate, t->activation, s, y);
    y = conv_norm_run(&m->project, t, p, live, false, y);
    if (m->residual && live && m->drop_rate > 0)
        y = mask_run(s, y,
            keep_mask(
                p, RNG_STOCHASTIC_DEPTH, m->drop_item, x ? th_size(x, 0) : 0, 0, m->drop_rate));
    if (m->residual)
        y = th_add(s, x, y);
    return th_pop(s, mark, y);
}

const float *keep_values(
    struct pass *p, int purpose, uint32_t item, size_t n, double rate, float *mask) {
    uint32_t dropped_below = (uint32_t)(rate * 0x1p32);
    float scale = (float)(1 / (1 - rate));
    struct rng r = rng_open(p->seed, (enum rng_purpose)purpose, p->step, item);
    for (size_t i = 0; i < n; i++)
        mask[i] = rng_u32(&r) < dropped_below ? 0 : scale;
    return mask;
}

th_tensor *keep_mask(
    struct pass *p, int purpose, uint32_t item, int64_t rows, int64_t columns, double rate) {
    size_t n = (size_t)(columns ? rows * columns : rows);
    float *mask = xmalloc(n * sizeof *mask);
    keep_values(p, purpose, item, n, rate, mask);
    th_tensor *t = columns ? th_from(p->scope, TH_F32, 2, (int64_t[]){rows, columns}, mask)
                           : th_from(p->scope, TH_F32, 4, (int64_t[]){rows, 1, 1, 1}, mask);
    free(mask);
    return t;
}

th_tensor *mask_run(th_scope *s, th_tensor *x, th_tensor *mask) {
    return th_mul(s, x, th_convert(s, mask, th_type_of(x)));
}
