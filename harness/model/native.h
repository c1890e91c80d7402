/* Steps of a limb by kernels of our own (kernels/tower.h) instead of libtorch's, on the CPU: in training one
 * node of autograd between their input and their output, with maps of either type, in eval mode in float32. */
#ifndef MODEL_NATIVE_H
#define MODEL_NATIVE_H

#include "kernels/tower.h"
#include "model/network.h"

struct native;

/* Steps first..end-1; `tensors` [count]: theirs in the trunk's order, running statistics marked. All outlive it. */
struct native *native_new(const struct trunk_table *t, int first, int end, enum simd_maps maps,
    struct team *team, const struct parameter *tensors, size_t count);
void native_free(struct native *n); /* NULL is fine */
int native_blocks(const struct native *n);

/* x [N,C,H,W] f32 -> the map behind the steps, or pooled [N,D] where the last is the trunk's. In eval mode: */
th_tensor *native_infer(struct native *n, th_scope *s, th_tensor *x);
/* In training. masks: tower_forward. The result, and x, are good until the next run. */
th_tensor *native_train(struct native *n, th_scope *s, th_tensor *x, const float *const *masks);

#endif
