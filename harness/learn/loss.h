/* Losses of one task from its head's logits, as means over the labelled rows of a batch.
 *
 * nominal, Eq 3-4: softmax cross-entropy over K classes.
 * ordinal, Eq 5-7: K-1 binary problems y_k = [label > r_k]; their cross-entropies are summed over k.
 * Labels may be missing: such rows weigh nothing. A batch without any labelled row has the loss 0.
 */
#ifndef LEARN_LOSS_H
#define LEARN_LOSS_H

#include "grid/config.h"
#include "torch/th.h"

int task_classes(const struct task_config *t); /* K = ranks[1] - ranks[0] + 1 */
int task_logits(const struct task_config *t);  /* width of the head: K, ordinal K - 1 */

/* What a batch should say, as the loss of its kind needs it. */
struct target {
    /* nominal: class [N] i64, 0 where missing; ordinal: signs 1 - 2 y_k [N,K-1] f32 */
    th_tensor *value;
    th_tensor *share; /* [N] f32: 1 / (labelled rows), 0 where the label is missing */
    int labelled;     /* rows with a label */
};

/* labels [n]: as the set has them (ranks[0]..ranks[1]) or LABEL_MISSING; the tensors live in s. */
struct target target_make(th_scope *s, const struct task_config *t, const int *labels, size_t n);

/* logits [N, task_logits], f32 or f64 -> the mean loss []. */
th_tensor *loss_mean(
    th_scope *s, const struct task_config *t, th_tensor *logits, const struct target *target);

/* Logits -> probabilities of the same shape: nominal softmax, ordinal P(y > r_k). */
th_tensor *loss_probabilities(th_scope *s, const struct task_config *t, th_tensor *logits);

#endif
