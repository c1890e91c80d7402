/* The layers that a trunk is made of: convolution with batch norm, squeeze-excite, MBConv block
 * (Sandler et al. 2018; Tan & Le 2019). Built with their names, run inside a pass. */
#ifndef MODEL_BLOCKS_H
#define MODEL_BLOCKS_H

#include "model/parameters.h"
#include "nets/trunk_table.h"

/* What every layer of one trunk step is built with. */
struct builder {
    struct parameters *parameters;
    const struct trunk_table *table;
    uint32_t next_item; /* counts the trunk's parameters in the order of published files */
    bool trainable;
};

struct conv_norm { /* convolution without bias, batch norm */
    th_tensor *weight, *gamma, *beta, *running_mean, *running_var;
    int kernel, stride, groups;
};
struct squeeze_excite {
    th_tensor *reduce_weight, *reduce_bias, *expand_weight, *expand_bias;
};
struct mbconv {
    bool expands, excites, residual;
    struct conv_norm expand, depthwise, project;
    struct squeeze_excite gate;
    double drop_rate; /* stochastic depth: probability that a row skips the block's body */
    uint32_t drop_item;
};

/* `name`: "stage2.block1.depthwise"; its parts add ".conv.weight", ".norm.weight" and so on. */
struct conv_norm conv_norm_build(
    struct builder *b, const char *name, int in, int out, int kernel, int stride, int groups);
struct mbconv mbconv_build(
    struct builder *b, const char *name, const struct stage *stage, int in, int stride);

/* x [N,C,H,W] -> [N,C',H',W']; `live`: trainable in a training pass (batch statistics, drops). */
th_tensor *conv_norm_run(const struct conv_norm *c, const struct trunk_table *t, struct pass *p,
    bool live, bool activate, th_tensor *x);
th_tensor *mbconv_run(
    const struct mbconv *m, const struct trunk_table *t, struct pass *p, bool live, th_tensor *x);

/* A mask that keeps with probability 1 - rate and scales what it keeps by 1 / (1 - rate), drawn from
 * (seed, purpose, step, item); [rows, columns], or [rows,1,1,1] where columns is 0. */
th_tensor *keep_mask(
    struct pass *p, int purpose, uint32_t item, int64_t rows, int64_t columns, double rate);
/* The same values into `mask` [n], which is returned. */
const float *keep_values(
    struct pass *p, int purpose, uint32_t item, size_t n, double rate, float *mask);
/* x times the mask, in x's type: an f32 mask alone would make f32 of what /precision has in bf16. */
th_tensor *mask_run(th_scope *s, th_tensor *x, th_tensor *mask);

#endif
