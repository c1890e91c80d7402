/* The trained steps of a limb by kernels of our own (kernels/tower.h) instead of libtorch's: one node of
 * autograd between the limb's input and its output. On the CPU, in f32. */
#ifndef MODEL_NATIVE_H
#define MODEL_NATIVE_H

#include "kernels/tower.h"
#include "model/network.h"

struct native;

/* Steps first..end-1; `tensors` [count]: theirs in the trunk's order, running statistics marked. All outlive it. */
struct native *native_new(const struct trunk_table *t, int first, int end, struct team *team,
    const struct parameter *tensors, size_t count);
void native_free(struct native *n); /* NULL is fine */
int native_blocks(const struct native *n);

/* In a training pass: x [N,C,H,W] f32 -> the limb's map, or pooled [N,D] where its last step is the trunk's.
 * masks: tower_forward. The result, and x, are good until the next run. */
th_tensor *native_run(struct native *n, struct pass *p, th_tensor *x, const float *const *masks);

#endif
