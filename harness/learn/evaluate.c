#include "learn/evaluate.h"

#include "analysis/breakdown.h"
#include "analysis/readout.h"
#include "core/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Fixed, because sums inside a batch may depend on its size: not /batch, which is about training. */
enum { IMAGES = 64, FEATURES = 1024 };

/* ---- asking ---- */

struct sums { /* of a task's losses, over labelled rows */
    double loss, scaled_loss;
};

static void ask_batch(struct answers *a, const struct source *s, const struct config *c,
    struct network *net, th_scope *step, const struct feed_batch *b, size_t at,
    const double *factors, struct sums *sums) {
    th_tensor *logits[MAX_TASKS] = {0};
    struct pass pass = {.scope = step, .seed = c->seed};
    feed_logits(s, net, &pass, b, logits);
    for (int t = 0; t < c->n_tasks; t++) {
        struct task_answers *task = &a->tasks[t];
        size_t width = (size_t)task->width;
        struct target target = feed_target(s, step, &c->tasks[t], b);
        th_read(step, loss_probabilities(step, &c->tasks[t], logits[t]), TH_F32,
            task->probabilities + at * width, b->n * width * sizeof(float));
        double loss = th_item(step, loss_mean(step, &c->tasks[t], logits[t], &target)),
               scaled = loss;
        if (factors)
            scaled = th_item(step,
                loss_mean(step, &c->tasks[t], th_affine(step, logits[t], factors[t], 0), &target));
        sums[t].loss += loss * target.labelled;
        sums[t].scaled_loss += scaled * target.labelled;
        task->labelled += target.labelled;
    }
}

static void answers_init(
    struct answers *a, const struct config *c, const uint32_t *rows, size_t n) {
    memset(a, 0, sizeof *a);
    a->n = n;
    a->n_tasks = c->n_tasks;
    a->rows = xmalloc(n * sizeof *rows);
    memcpy(a->rows, rows, n * sizeof *rows);
    for (int t = 0; t < c->n_tasks; t++) {
        a->tasks[t].width = task_logits(&c->tasks[t]);
        a->tasks[t].probabilities = xcalloc(n, (size_t)a->tasks[t].width * sizeof(float));
    }
}

bool evaluate(struct answers *a, const struct source *s, const struct config *c,
    struct network *net, struct th_device device, const uint32_t *rows, size_t n,
    const double *factors, progress_fn progress, void *context, struct err *e) {
    answers_init(a, c, rows, n);
    th_scope *step = th_scope_new(device);
    struct feed *feed = feed_open(s, c, a->rows, n, s->features ? FEATURES : IMAGES, 0, -1);
    struct sums sums[MAX_TASKS] = {{0}};
    struct feed_batch b;
    bool ok = true;
    th_no_grad_begin();
    for (size_t at = 0; ok && feed_next(feed, step, &b); at += b.n) {
        ask_batch(a, s, c, net, step, &b, at, factors, sums);
        ok = th_take_error(step, e);
        th_scope_clear(step);
        if (ok && progress && !progress(context, at + b.n, n))
            ok = err_interrupted(e, "stopped while evaluating");
    }
    th_no_grad_end();
    feed_close(feed);
    th_scope_free(step);
    for (int t = 0; t < c->n_tasks; t++) {
        struct task_answers *task = &a->tasks[t];
        double labelled = task->labelled ? (double)task->labelled : NAN;
        task->loss = sums[t].loss / labelled;
        task->scaled_loss = sums[t].scaled_loss / labelled;
    }
    return ok;
}

void answers_free(struct answers *a) {
    for (int t = 0; t < a->n_tasks; t++)
        free(a->tasks[t].probabilities);
    free(a->rows);
    memset(a, 0, sizeof *a);
}

/* ---- reading out ---- */

double *answers_readout(
    const struct answers *a, const struct task_config *t, int task, enum readout r) {
    double *out = xmalloc(a->n * sizeof *out);
    size_t width = (size_t)a->tasks[task].width;
    for (size_t i = 0; i < a->n; i++)
        out[i] = readout_value(r, t->kind == TASK_ORDINAL, a->tasks[task].probabilities + i * width,
            task_classes(t), t->ranks[0]);
    return out;
}

static bool ordered(const struct task_config *t) {
    return t->attribute == ATTR_AGE;
}

static int label_of(const struct manifest *m, uint32_t row, enum attribute a) {
    return m->samples[row].label[a];
}

void answers_summary(const struct answers *a, const struct manifest *m, const struct config *c,
    enum part part, int epoch, void (*put)(void *context, const struct epoch_row *row),
    void *context) {
    double *truth = xmalloc(a->n * sizeof *truth), *said = xmalloc(a->n * sizeof *said);
    for (int t = 0; t < c->n_tasks; t++) {
        const struct task_config *task = &c->tasks[t];
        if (a->tasks[t].labelled == 0)
            continue;
        double *all = answers_readout(a, task, t, readout_of_record(task->kind == TASK_ORDINAL));
        size_t n = 0;
        for (size_t i = 0; i < a->n; i++) {
            int label = label_of(m, a->rows[i], task->attribute);
            if (label == LABEL_MISSING)
                continue;
            truth[n] = label;
            said[n++] = all[i];
        }
        put(context, &(struct epoch_row){epoch, part, (int)task->attribute, "loss",
                         a->tasks[t].loss, a->tasks[t].labelled});
        for (int id = 0; id < METRIC_COUNT; id++)
            if (ordered(task) || !metric_rows[id].ordinal_only)
                put(context, &(struct epoch_row){epoch, part, (int)task->attribute,
                                 metric_rows[id].name, metric_value(id, truth, said, n), (long)n});
        free(all);
    }
    free(truth);
    free(said);
}

/* ---- storing ---- */

static bool store_task(const struct answers *a, const struct manifest *m,
    const struct task_config *t, int task, struct store *store, int64_t cell, int64_t dataset,
    enum part part, struct err *e) {
    bool ordinal = t->kind == TASK_ORDINAL;
    size_t width = (size_t)a->tasks[task].width, n = 0;
    double *said = answers_readout(a, t, task, readout_of_record(ordinal));
    uint32_t *samples = xmalloc(a->n * sizeof *samples);
    int *truth = xmalloc(a->n * sizeof *truth);
    float *p = xmalloc(a->n * width * sizeof *p);
    for (size_t i = 0; i < a->n; i++) {
        int label = label_of(m, a->rows[i], t->attribute);
        if (label == LABEL_MISSING)
            continue;
        samples[n] = a->rows[i];
        truth[n] = label;
        said[n] = said[i];
        memcpy(p + n * width, a->tasks[task].probabilities + i * width, width * sizeof *p);
        n++;
    }
    bool ok = store_put_predictions(store, cell, dataset, part, t->attribute, ordinal, n, samples,
        truth, said, p, (int)width, e);
    free(p);
    free(truth);
    free(samples);
    free(said);
    return ok;
}

/* Names of classes for groupings; a label whose number is its name has none and is never grouped by. */
static const char *class_name(const void *context, enum attribute a, int label) {
    const struct manifest *m = context;
    const char *name = attribute_class_name(m->set, m->reading, a, label);
    return name ? name : "";
}

enum { MAX_READOUTS = MAX_TASKS * READOUT_COUNT };

static int breakdown_tasks(
    const struct answers *a, const struct config *c, struct breakdown_task tasks[MAX_READOUTS]) {
    int n = 0;
    for (int t = 0; t < c->n_tasks; t++) {
        const struct task_config *task = &c->tasks[t];
        bool ordinal = task->kind == TASK_ORDINAL;
        for (int r = 0; r < READOUT_COUNT; r++)
            if (readout_applies(r, ordinal, ordered(task)))
                tasks[n++] = (struct breakdown_task){
                    .attribute = task->attribute,
                    .ordered = ordered(task),
                    .first = task->ranks[0],
                    .classes = task_classes(task),
                    .readout = r,
                    .of_record = (enum readout)r == readout_of_record(ordinal),
                    .predicted = answers_readout(a, task, t, r),
                };
    }
    return n;
}

static bool store_breakdown(const struct answers *a, const struct manifest *m,
    const struct config *c, const struct age_bin_sets *bins, struct store *store, int64_t cell,
    enum part part, struct err *e) {
    struct breakdown_task tasks[MAX_READOUTS];
    struct breakdown_input in = {.n = a->n,
        .class_name = class_name,
        .context = m,
        .bins = ages_are_groups(m->set, m->reading) ? NULL : bins,
        .tasks = tasks,
        .n_tasks = breakdown_tasks(a, c, tasks)};
    int *labels = xmalloc(ATTR_COUNT * a->n * sizeof *labels);
    for (int at = 0; at < ATTR_COUNT; at++) {
        in.label[at] = labels + (size_t)at * a->n;
        for (size_t i = 0; i < a->n; i++)
            labels[(size_t)at * a->n + i] = label_of(m, a->rows[i], at);
    }
    struct breakdown b = {0};
    breakdown_compute(&b, &in);
    bool ok = store_put_breakdown(store, cell, part, &b, e);
    breakdown_free(&b);
    for (int i = 0; i < in.n_tasks; i++)
        free((double *)tasks[i].predicted);
    free(labels);
    return ok;
}

bool answers_store(const struct answers *a, const struct manifest *m, const struct config *c,
    const struct age_bin_sets *bins, struct store *store, int64_t cell, int64_t dataset,
    enum part part, struct err *e) {
    for (int t = 0; t < c->n_tasks; t++)
        if (!store_task(a, m, &c->tasks[t], t, store, cell, dataset, part, e))
            return false;
    return store_breakdown(a, m, c, bins, store, cell, part, e);
}
