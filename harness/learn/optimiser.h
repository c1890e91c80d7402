/* SGD with momentum over groups that differ in their weight decay: trunk (gamma_1 of Eq 2), heads
 * (gamma_2), and no decay for log variances and, unless /optimiser/decay_norm_and_bias, for norms and
 * biases. */
#ifndef LEARN_OPTIMISER_H
#define LEARN_OPTIMISER_H

#include "grid/config.h"
#include "model/network.h"
#include "torch/th.h"

struct optimiser;

/* Over the network's trainable parameters (made leaves by network_new) and `log_variances` (NULL:
 * none). Velocities start at zero and live in `life`. */
struct optimiser *optimiser_new(const struct config *c, struct network *n, th_tensor *log_variances,
    th_scope *life, struct err *e);
void optimiser_free(struct optimiser *o);

/* One step at rate `lr` with the gradients that are there; they are zeroed. Errors stay in s. */
bool optimiser_step(struct optimiser *o, th_scope *s, double lr);

/* Everything that is learned, for checkpoints: weights with their velocities. */
struct learned {
    const char *name; /* the parameter's, or "log_variances" */
    th_tensor *weight, *velocity;
};
const struct learned *optimiser_learned(const struct optimiser *o, size_t *count);

#endif
