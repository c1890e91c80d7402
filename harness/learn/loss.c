#include "learn/loss.h"

#include "core/mem.h"

#include <assert.h>
#include <stdlib.h>

struct loss_row {
    int fewer_logits; /* width of the head is K minus this */
    th_tensor *(*value)(th_scope *s, const int *classes, size_t n, int width);
    th_tensor *(*rows)(th_scope *s, th_tensor *logits, th_tensor *value); /* -> [N] */
    th_tensor *(*probabilities)(th_scope *s, th_tensor *logits);
};

/* ---- nominal ---- */

static th_tensor *nominal_value(th_scope *s, const int *classes, size_t n, int width) {
    (void)width;
    int64_t *value = xmalloc(n * sizeof *value);
    for (size_t i = 0; i < n; i++)
        value[i] = classes[i] < 0 ? 0 : classes[i];
    th_tensor *t = th_from(s, TH_I64, 1, &(int64_t){(int64_t)n}, value);
    free(value);
    return t;
}

static th_tensor *nominal_rows(th_scope *s, th_tensor *logits, th_tensor *value) {
    return th_affine(s, th_gather(s, th_log_softmax(s, logits), value), -1, 0);
}

/* ---- ordinal ---- */

static th_tensor *ordinal_value(th_scope *s, const int *classes, size_t n, int width) {
    float *sign = xmalloc(n * (size_t)width * sizeof *sign);
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < width; k++)
            sign[i * (size_t)width + (size_t)k] = classes[i] > k ? -1 : 1;
    th_tensor *t = th_from(s, TH_F32, 2, (int64_t[]){(int64_t)n, width}, sign);
    free(sign);
    return t;
}

/* -log P(y_k) is log(1 + e^-z) where y_k = 1 and log(1 + e^z) where it is 0: one softplus of the
 * signed logit, exact for logits of any size. */
static th_tensor *ordinal_rows(th_scope *s, th_tensor *logits, th_tensor *value) {
    return th_sum_dim(s, th_softplus(s, th_mul(s, logits, value)), 1);
}

/* ---- the table ---- */

static const struct loss_row losses[] = {
    [TASK_NOMINAL] = {0, nominal_value, nominal_rows, th_softmax},
    [TASK_ORDINAL] = {1, ordinal_value, ordinal_rows, th_sigmoid},
};
_Static_assert(ARRAY_LEN(losses) == TASK_KIND_COUNT, "a loss for every kind of task");

int task_classes(const struct task_config *t) {
    return t->ranks[1] - t->ranks[0] + 1;
}

int task_logits(const struct task_config *t) {
    return task_classes(t) - losses[t->kind].fewer_logits;
}

struct target target_make(th_scope *s, const struct task_config *t, const int *labels, size_t n) {
    struct target target = {0};
    int *classes = xmalloc(n * sizeof *classes);
    for (size_t i = 0; i < n; i++) {
        bool missing = labels[i] == LABEL_MISSING;
        assert(missing || (labels[i] >= t->ranks[0] && labels[i] <= t->ranks[1]));
        classes[i] = missing ? -1 : labels[i] - t->ranks[0];
        target.labelled += !missing;
    }
    float *share = xmalloc(n * sizeof *share);
    for (size_t i = 0; i < n; i++)
        share[i] = classes[i] < 0 ? 0 : 1 / (float)target.labelled;
    target.value = losses[t->kind].value(s, classes, n, task_logits(t));
    target.share = th_from(s, TH_F32, 1, &(int64_t){(int64_t)n}, share);
    free(classes);
    free(share);
    return target;
}

th_tensor *loss_mean(
    th_scope *s, const struct task_config *t, th_tensor *logits, const struct target *target) {
    th_tensor *rows = losses[t->kind].rows(s, logits, target->value);
    return th_sum(s, th_mul(s, rows, target->share));
}

th_tensor *loss_probabilities(th_scope *s, const struct task_config *t, th_tensor *logits) {
    return losses[t->kind].probabilities(s, logits);
}
