#include "worker/bench_steps.h"

#include "core/interrupt.h"
#include "core/mem.h"
#include "core/rng.h"
#include "learn/loss.h"
#include "learn/optimiser.h"
#include "learn/weighting.h"

#include <stdlib.h>
#include <time.h>

struct bench {
    const struct config *config;
    struct th_device device;
    th_scope *life, *step;
    struct network *network;
    struct weighting *weighting;
    struct optimiser *optimiser;
    th_tensor *images; /* [N,3,px,px] normal, channels_last */
    struct target targets[MAX_TASKS];
};

/* ---- the network, its input and its targets ---- */

/* An image at a time, so that a batch that does not fit is libtorch's to refuse, with its message. */
static bool make_images(struct bench *b, struct rng *r, struct err *e) {
    int64_t n = b->config->batch, px = b->config->data.image_px;
    size_t count = (size_t)(px * px * 3);
    float *values = xmalloc(count * sizeof *values);
    th_tensor *all = th_zeros(b->life, TH_F32, 4, (int64_t[]){n, px, px, 3});
    bool ok = all != NULL;
    for (int64_t i = 0; ok && i < n; i++) {
        for (size_t k = 0; k < count; k++)
            values[k] = (float)rng_normal(r);
        th_tensor *one = th_from(b->step, TH_F32, 4, (int64_t[]){1, px, px, 3}, values);
        th_assign(b->step, th_narrow(b->step, all, 0, i, 1), one);
        ok = th_take_error(b->step, e);
        th_scope_clear(b->step);
    }
    b->images = th_permute(b->life, all, 4, (int[]){0, 3, 1, 2});
    free(values);
    return ok;
}

static void make_targets(struct bench *b, struct rng *r) {
    int64_t n = b->config->batch;
    int *labels = xmalloc((size_t)n * sizeof *labels);
    for (int k = 0; k < b->config->n_tasks; k++) {
        const struct task_config *task = &b->config->tasks[k];
        for (int64_t i = 0; i < n; i++)
            labels[i] = task->ranks[0] + (int)rng_below(r, (uint32_t)task_classes(task));
        b->targets[k] = target_make(b->life, task, labels, (size_t)n);
    }
    free(labels);
}

struct bench *bench_open(const struct config *c, struct th_device device, struct err *e) {
    struct bench *b = xcalloc(1, sizeof *b);
    struct rng r = rng_open(1, RNG_TEST, 0, 0);
    th_set_precision(network_precision(c, device));
    b->config = c;
    b->device = device;
    b->life = th_scope_new(device);
    b->step = th_scope_new(device);
    if ((b->network = network_new(c, b->life, "", e)) &&
        (b->weighting = weighting_new(c, b->life, e)) &&
        (b->optimiser =
                optimiser_new(c, b->network, weighting_log_variances(b->weighting), b->life, e)) &&
        make_images(b, &r, e)) {
        make_targets(b, &r);
        if (th_take_error(b->life, e))
            return b;
    }
    th_take_error(b->life, e);
    bench_close(b);
    return NULL;
}

void bench_close(struct bench *b) {
    if (!b)
        return;
    optimiser_free(b->optimiser);
    weighting_free(b->weighting);
    network_free(b->network);
    th_scope_free(b->step);
    th_scope_free(b->life);
    th_set_precision(TH_IN_F32);
    free(b);
}

int64_t bench_learned(const struct bench *b) {
    size_t n;
    int64_t all = 0;
    const struct learned *learned = optimiser_learned(b->optimiser, &n);
    for (size_t i = 0; i < n; i++)
        all += th_count(learned[i].weight);
    return all;
}

/* ---- steps ---- */

static void train_step(struct bench *b, uint32_t step) {
    struct pass pass = {b->step, true, 1, step};
    th_tensor *logits[MAX_TASKS], *losses[MAX_TASKS];
    bool present[MAX_TASKS];
    network_logits(b->network, &pass, b->images, logits);
    for (int k = 0; k < b->config->n_tasks; k++) {
        losses[k] = loss_mean(b->step, &b->config->tasks[k], logits[k], &b->targets[k]);
        present[k] = true;
    }
    weighting_backward(b->weighting, b->step, losses, present);
    optimiser_step(b->optimiser, b->step, b->config->optimiser.lr);
}

static void infer_step(struct bench *b, uint32_t step) {
    struct pass pass = {b->step, false, 1, step};
    th_tensor *logits[MAX_TASKS];
    th_no_grad_begin();
    network_logits(b->network, &pass, b->images, logits);
    th_no_grad_end();
}

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

bool bench_measure(
    struct bench *b, bool train, int warm, int steps, double *seconds, struct err *e) {
    for (int i = -warm; i < steps; i++) {
        if (interrupt_requested())
            return err_interrupted(e, "bench: stopped");
        double began = now_s();
        (train ? train_step : infer_step)(b, (uint32_t)(i + warm));
        th_synchronize(b->device);
        if (!th_take_error(b->step, e))
            return false;
        th_scope_clear(b->step);
        if (i >= 0)
            seconds[i] = now_s() - began;
    }
    return true;
}
