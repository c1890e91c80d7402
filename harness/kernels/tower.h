/* A run of a trunk's steps: trained, or asked.
 *
 * Trained: forward with batch statistics, backward to every weight's gradient and to
 * the input map's. No autograd: what is kept between the two are the inputs of blocks and the outputs of
 * convolutions before their batch norm; normalised, activated and gated maps are made again wherever a
 * kernel loads them. Maps are NHWC, of float32 or (SIMD_BF16) of bfloat16, rounded to the nearest where they are
 * stored: half the memory to walk through. Everything else is float32, what is computed with them too, except that
 * SIMD_AVX512_BF16 rounds what products multiply.
 *
 * The same threads give the same bits; other numbers of them sum in another order.
 *
 * Asked (inference): batch norm is folded into the weights, and some images at a time go through a block
 * at once, rows of the expanded map by rows, so that no wide map reaches memory. Always in float32.
 */
#ifndef KERNELS_TOWER_H
#define KERNELS_TOWER_H

#include "core/err.h"
#include "kernels/simd.h"
#include "kernels/team.h"
#include "nets/trunk_table.h"

/* A weight, bias or running statistic in the trunk's order (nets/weight_names.h); a convolution's weight
 * lies [out, height, width, in]. Running statistics have no gradient. */
struct tower_tensor {
    float *value, *grad;
};

struct tower;

/* Steps first..end-1 of the trunk (trunk_step). `table`, `simd` and `team` outlive it. */
struct tower *tower_new(const struct trunk_table *table, int first, int end, enum simd_id simd,
    enum simd_maps maps, struct team *team);
void tower_free(struct tower *t); /* NULL is fine */
int tower_tensor_count(const struct tower *t);
int tower_block_count(const struct tower *t);
bool tower_pools(const struct tower *t); /* its last step is the trunk's, so that it gives means */

/* What comes out for an input of this size: a map, or [out_channels] where the last step is the trunk's. */
struct tower_shape {
    int height, width, channels;             /* of the input */
    int out_height, out_width, out_channels; /* 1 x 1 behind the trunk's mean */
};
struct tower_shape tower_shape(const struct tower *t, int height, int width);

/* Makes room for n images of this size, which is kept for as many or fewer. ERR where memory does not suffice. */
bool tower_room(struct tower *t, int n, int height, int width, struct err *e);

/* With room made: x [n, height, width, channels] -> the output, which like all that backward needs lives in the tower until its
 * next forward; x must live as long. Updates the running statistics. masks[i]: [n] factors of block i's body,
 * where it has a residual (stochastic depth), copied; NULL: 1. */
const float *tower_forward(struct tower *t, const struct tower_tensor *tensors, const float *x,
    int n, int height, int width, const float *const *masks);

/* Of the last forward: fills the tensors' gradients (all of them), and x_grad, like x, unless it is NULL, as it must be
 * of a tower with the stem: images have no gradient. */
void tower_backward(
    struct tower *t, const struct tower_tensor *tensors, const float *out_grad, float *x_grad);

/* Takes weights with their running statistics for inference; they are copied. */
void tower_fold(struct tower *t, const struct tower_tensor *tensors);
/* In eval mode, with the weights that were folded last: x [n, height, width, channels] -> out, as tower_shape
 * says. Each thread takes whole images, or all of them share
 * each where there are fewer; the bits of an image depend neither on n nor on the threads. ERR where memory
 * does not suffice. */
bool tower_infer(
    struct tower *t, const float *x, int n, int height, int width, float *out, struct err *e);

#endif
