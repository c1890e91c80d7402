#include "worker/bench.h"

#include "core/json.h"
#include "core/mem.h"
#include "core/rng.h"
#include "grid/keys.h"
#include "learn/loss.h"
#include "learn/optimiser.h"
#include "learn/weighting.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_STEPS 10000
#define WARM_STEPS 2 /* by default: the allocator and libtorch's primitives are cold before */

struct bench_options {
    bool train;
    const char *trunk, *device;
    int px, batch, steps, warm, threads;
};

struct bench {
    const struct bench_options *o;
    struct config config;
    th_scope *life, *step;
    struct network *network;
    struct weighting *weighting;
    struct optimiser *optimiser;
    th_tensor *images; /* [N,3,px,px] normal, channels_last */
    struct target targets[MAX_TASKS];
    struct th_device device;
};

/* ---- options ---- */

static bool take_number(
    const char *name, const char *text, int least, int most, int *value, struct err *e) {
    char *end;
    long n = strtol(text, &end, 10);
    if (end == text || *end || n < least || n > most)
        return err_usage(e, "--%s: %s: expected a number from %d to %d", name, text, least, most);
    *value = (int)n;
    return true;
}

static bool parse(struct bench_options *o, int argc, char **argv, struct err *e) {
    static const struct option longs[] = {{"trunk", 1, NULL, 't'}, {"px", 1, NULL, 'p'},
        {"batch", 1, NULL, 'b'}, {"steps", 1, NULL, 's'}, {"threads", 1, NULL, 'n'},
        {"device", 1, NULL, 'd'}, {"warm", 1, NULL, 'w'}, {NULL, 0, NULL, 0}};
    *o = (struct bench_options){.trunk = "efficientnet-b0",
        .device = "cpu",
        .px = 224,
        .batch = 32,
        .steps = 20,
        .warm = WARM_STEPS};
    bool ok = true;
    int c;
    optind = 1;
    while (ok && (c = getopt_long(argc, argv, "", longs, NULL)) != -1)
        switch (c) {
        case 't':
            o->trunk = optarg;
            break;
        case 'd':
            o->device = optarg;
            break;
        case 'p':
            ok = take_number("px", optarg, 32, 1024, &o->px, e);
            break;
        case 'b':
            ok = take_number("batch", optarg, 1, 4096, &o->batch, e);
            break;
        case 's':
            ok = take_number("steps", optarg, 1, MAX_STEPS, &o->steps, e);
            break;
        case 'w':
            ok = take_number("warm", optarg, 0, MAX_STEPS, &o->warm, e);
            break;
        case 'n':
            ok = take_number("threads", optarg, 0, 4096, &o->threads, e);
            break;
        default:
            ok = err_usage(e,
                "bench: wrong option; expected --trunk, --px, --batch, --steps, --warm, --threads "
                "or --device");
        }
    if (!ok)
        return false;
    if (optind + 1 != argc || (strcmp(argv[optind], "train") && strcmp(argv[optind], "infer")))
        return err_usage(e, "bench: expected `bench train` or `bench infer`");
    o->train = strcmp(argv[optind], "train") == 0;
    return true;
}

/* ---- the network, its input and its targets ---- */

static bool configure(struct bench *b, struct err *e) {
    char *text =
        xasprintf("{\"trunk\": {\"name\": \"%s\", \"weights\": \"none\"}, \"tasks\": {\"age\": "
                  "{\"kind\": \"ordinal\"}, \"gender\": {\"kind\": \"nominal\"}, \"race\": "
                  "{\"kind\": \"nominal\"}}, \"weighting\": {\"kind\": \"uncertainty\"}}",
            b->o->trunk);
    cJSON *json = json_parse("--trunk", text, strlen(text), e);
    bool ok = json && config_parse(&b->config, json, "bench", e);
    cJSON_Delete(json);
    free(text);
    return ok;
}

static void make_batch(struct bench *b) {
    struct rng r = rng_open(1, RNG_TEST, 0, 0);
    int64_t n = b->o->batch, px = b->o->px;
    size_t count = (size_t)(n * px * px * 3);
    float *values = xmalloc(count * sizeof *values);
    int *labels = xmalloc((size_t)n * sizeof *labels);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)rng_normal(&r);
    b->images = th_permute(b->life, th_from(b->life, TH_F32, 4, (int64_t[]){n, px, px, 3}, values),
        4, (int[]){0, 3, 1, 2});
    for (int k = 0; k < b->config.n_tasks; k++) {
        const struct task_config *task = &b->config.tasks[k];
        for (int64_t i = 0; i < n; i++)
            labels[i] = task->ranks[0] + (int)rng_below(&r, (uint32_t)task_classes(task));
        b->targets[k] = target_make(b->life, task, labels, (size_t)n);
    }
    free(labels);
    free(values);
}

static bool bench_open(struct bench *b, const struct bench_options *o, struct err *e) {
    *b = (struct bench){.o = o};
    if (!th_setup(o->threads, true, e) || !th_device_parse(o->device, &b->device, e) ||
        !configure(b, e))
        return false;
    b->life = th_scope_new(b->device);
    b->step = th_scope_new(b->device);
    if (!(b->network = network_new(&b->config, b->life, "", e)) ||
        !(b->weighting = weighting_new(&b->config, b->life, e)) ||
        !(b->optimiser = optimiser_new(
              &b->config, b->network, weighting_log_variances(b->weighting), b->life, e)))
        return false;
    make_batch(b);
    return th_take_error(b->life, e);
}

static void bench_close(struct bench *b) {
    optimiser_free(b->optimiser);
    weighting_free(b->weighting);
    network_free(b->network);
    th_scope_free(b->step);
    th_scope_free(b->life);
    config_free(&b->config);
}

/* ---- steps ---- */

static void train_step(struct bench *b, uint32_t step) {
    struct pass pass = {b->step, true, 1, step};
    th_tensor *logits[MAX_TASKS], *losses[MAX_TASKS];
    bool present[MAX_TASKS];
    network_logits(b->network, &pass, b->images, logits);
    for (int k = 0; k < b->config.n_tasks; k++) {
        losses[k] = loss_mean(b->step, &b->config.tasks[k], logits[k], &b->targets[k]);
        present[k] = true;
    }
    weighting_backward(b->weighting, b->step, losses, present);
    optimiser_step(b->optimiser, b->step, 1e-3);
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

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool measure(struct bench *b, double *seconds, double *total_s, struct err *e) {
    *total_s = 0;
    for (int i = -b->o->warm; i < b->o->steps; i++) {
        double began = now_s();
        (b->o->train ? train_step : infer_step)(b, (uint32_t)(i + b->o->warm));
        th_synchronize(b->device);
        if (!th_take_error(b->step, e))
            return false;
        th_scope_clear(b->step);
        if (i >= 0)
            *total_s += seconds[i] = now_s() - began;
    }
    qsort(seconds, (size_t)b->o->steps, sizeof *seconds, ascending);
    return true;
}

bool worker_bench(int argc, char **argv, struct err *e) {
    struct bench_options o;
    struct bench b = {0};
    if (!parse(&o, argc, argv, e))
        return false;
    double *seconds = xmalloc((size_t)o.steps * sizeof *seconds);
    double total_s;
    bool ok = bench_open(&b, &o, e) && measure(&b, seconds, &total_s, e);
    if (ok) {
        double median = seconds[o.steps / 2];
        ok =
            printf(
                "{\"mode\": \"%s\", \"trunk\": \"%s\", \"px\": %d, \"batch\": %d, \"steps\": %d, "
                "\"threads\": %d, \"libtorch\": \"%s\", \"median_s\": %.6f, \"mean_s\": %.6f, \"min_s\": "
                "%.6f, "
                "\"images_per_s\": %.3f}\n",
                o.train ? "train" : "infer", o.trunk, o.px, o.batch, o.steps, th_threads(),
                th_version(), median, total_s / o.steps, seconds[0], o.batch / median) > 0 ||
            err_set(e, "bench: standard output cannot be written");
    }
    bench_close(&b);
    free(seconds);
    return ok;
}
