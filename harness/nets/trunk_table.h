/* Trunks as tables: what every back end (libtorch, kernels/) builds from. Plain C.
 *
 * A trunk is a stem (3x3 convolution at stride 2, batch norm, activation), stages of MBConv blocks
 * (expand 1x1, depthwise, squeeze-excite where the trunk has it, project 1x1; Tan & Le 2019, Table 1),
 * a last 1x1 convolution ("head"), and a mean over height and width: [N,3,H,W] -> [N,D].
 */
#ifndef NETS_TRUNK_TABLE_H
#define NETS_TRUNK_TABLE_H

#include <stdbool.h>
#include <stddef.h>

enum trunk_id { TRUNK_SMALL, TRUNK_LITE0, TRUNK_B0, TRUNK_COUNT }; /* grid/catalogue.h: names */
enum activation { ACT_SILU, ACT_RELU6 };
enum padding { PAD_SYMMETRIC, PAD_TF_SAME }; /* TF "same": half before, the odd pixel behind */

struct stage {
    const char *name; /* "stage1" ...; /trunk/train_from and /trunk/branch_stage name it */
    int expand, kernel, stride, in, out, repeat; /* stride: of the first block; in, out: channels */
};

struct trunk_table {
    const struct stage *stages;
    int n_stages;
    int stem_channels, head_channels; /* head_channels: D, features of the pooled output */
    enum activation activation;
    enum padding padding;
    bool squeeze_excite;            /* width: the block's input channels / 4, at least 1 */
    double norm_eps, norm_momentum; /* of batch norm; momentum as libtorch counts it */
    float mean[3], std[3];          /* of the input, RGB in 0..1 */
    const char *imagenet_file;      /* under the weights folder; NULL: none known */
    const char *imagenet_sha256;
    const char *imagenet_help; /* how to get it, for messages */
};

extern const struct trunk_table trunk_tables[TRUNK_COUNT];

/* The steps of a trunk in order are "stem", its stages' names, "head". The index of a name (0 is the
 * stem, n_stages + 1 the head), or -1. */
int trunk_step(const struct trunk_table *t, const char *name);
/* Pixels of the input's side that one place of the last step's map stands for: the product of all strides. An
 * input smaller than that leaves the last convolutions mostly padding. */
int trunk_stride(const struct trunk_table *t);
const char *trunk_step_name(const struct trunk_table *t, int step);

int trunk_blocks(const struct trunk_table *t);
/* The share of rows that skip the body of block i (0 is the trunk's first) with stochastic depth (Huang
 * et al. 2016), rising linearly from 0; torchvision's count: i / trunk_blocks of the given rate. */
double trunk_drop_rate(const struct trunk_table *t, double rate, int block);

#endif
