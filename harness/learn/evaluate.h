/* What a network says about a part: probabilities, losses and read-outs of every sample. */
#ifndef LEARN_EVALUATE_H
#define LEARN_EVALUATE_H

#include "analysis/age_groups.h"
#include "learn/feed.h"
#include "store/store.h"

struct task_answers {
    int width;            /* task_logits */
    float *probabilities; /* [n][width] as loss_probabilities gives them */
    double loss;          /* mean over labelled rows; NaN where there is none */
    double scaled_loss;   /* the same of logits times the factor that was asked for */
    long labelled;
};
struct answers {
    size_t n;
    uint32_t *rows; /* of the manifest, ascending */
    int n_tasks;
    struct task_answers tasks[MAX_TASKS];
};

/* Asks the network about `rows`, in eval mode, batches of a fixed size and the precision that is set.
 * factors [T]: for scaled_loss, NULL: 1 each. Progress and stop as in data/pixels.h. answers_free on
 * success and failure alike. */
bool evaluate(struct answers *a, const struct source *s, const struct config *c,
    struct network *net, struct th_device device, const uint32_t *rows, size_t n,
    const double *factors, progress_fn progress, void *context, struct err *e);
void answers_free(struct answers *a);

/* Read-outs of one task: [n], owned by the caller. */
double *answers_readout(
    const struct answers *a, const struct task_config *t, int task, enum readout r);

/* Calls `put` with loss and metrics (read-out of record) of every task, as rows of v_epochs. */
void answers_summary(const struct answers *a, const struct manifest *m, const struct config *c,
    enum part part, int epoch, void (*put)(void *context, const struct epoch_row *row),
    void *context);

/* Inside a transaction: predictions, probabilities, metrics, confusion and CS of one part. */
bool answers_store(const struct answers *a, const struct manifest *m, const struct config *c,
    const struct age_bin_sets *bins, struct store *store, int64_t cell, int64_t dataset,
    enum part part, struct err *e);

#endif
