/* From the tasks' losses to gradients: owns the backward step, because some weightings need more of
 * it than one sum.
 *
 * uncertainty, Eq 15 in the form sum_t e^{-s_t} l_t + s_t / 2 with s_t = log sigma_t^2 learned: the
 *   weight as applied is e^{-s_t}. An ordinal task may owe s_t / 2 for each of its K - 1 binary
 *   problems (/weighting/log_sigmas), whose likelihoods the equation approximates one by one.
 * uncertainty-exact, Eq 13: the losses are those of the logits f / sigma_t^2 = e^{-s_t} f, of every
 *   binary problem for an ordinal task; nothing is added, for these are likelihoods as they are. e^{-s_t}
 *   is called the weight here too.
 * fixed: the tasks' `weight` keys. equal: 1 each. Both may be normalised (Eq 2).
 * A single task has no weighting: its weight is 1.
 */
#ifndef LEARN_WEIGHTING_H
#define LEARN_WEIGHTING_H

#include "grid/config.h"
#include "torch/th.h"

struct weighting;

/* `life` owns what is learned. Fails where fixed weights cannot be normalised (they sum to 0). */
struct weighting *weighting_new(const struct config *c, th_scope *life, struct err *e);
void weighting_free(struct weighting *w);

/* The log variances s [T], a leaf for the optimiser (without weight decay); NULL: none is learned. */
th_tensor *weighting_log_variances(struct weighting *w);

/* The logits whose loss weighting_backward takes for task t: e^{-s_t} f, or `logits` themselves where the
 * weighting scales none. */
th_tensor *weighting_logits(struct weighting *w, th_scope *s, int t, th_tensor *logits);
bool weighting_scales(const struct weighting *w);

/* losses[t] []; present[t]: whether the batch has a label of the task (a task without any adds
 * nothing, its s_t is left alone). Returns the joint loss [] and adds its gradients to the leaves. */
th_tensor *weighting_backward(
    struct weighting *w, th_scope *s, th_tensor *const *losses, const bool *present);

/* The weights that the next step applies, beta_t = weight_t / sum of weights (Eq 16), and s_t (NaN
 * where none is learned), [T] each. Waits for the device. */
struct weights {
    double weight[MAX_TASKS], beta[MAX_TASKS], log_variance[MAX_TASKS];
    double of_loss[MAX_TASKS],
        added[MAX_TASKS]; /* the joint loss is sum_t of_loss_t l_t + added_t */
};
bool weighting_read(struct weighting *w, th_scope *s, struct weights *out);

/* The joint loss of losses [T], those of weighting_logits, as weighting_backward has it. */
double weights_joint(
    const struct weights *w, int n_tasks, const double *losses, const bool *present);

#endif
