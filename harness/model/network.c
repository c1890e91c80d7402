#include "model/network.h"

#include "core/mem.h"
#include "core/rng.h"
#include "grid/limbs.h"
#include "model/blocks.h"
#include "model/native.h"
#include "model/pretrained.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* One step of the trunk: the stem, a stage, or the last convolution. */
struct step {
    bool frozen;
    struct conv_norm conv; /* stem and last convolution */
    struct mbconv *blocks; /* a stage's */
    int n_blocks;
};

/* A run of steps: what all tasks share, or a branch's own copy of the rest. */
struct limb {
    const char *suffix; /* "" or "@ordinal", behind the names of its steps */
    /* keys its dropout and stochastic depth: the same whatever other limbs there are */
    uint32_t draws;
    int first, end;                         /* steps of the trunk, end excluded */
    struct step *steps;                     /* [end - first] */
    int live;                               /* the first of its trained steps, or `end` */
    size_t from, live_from, parameters_end; /* its parameters, the trained steps' last */
    struct native *frozen, *trained;        /* the native back end's, where there are such steps */
};

struct head {
    th_tensor *weight[MAX_HIDDEN + 1], *bias[MAX_HIDDEN + 1];
    int layers;
};

struct network {
    const struct config *config;
    const struct trunk_table *table;
    struct parameters parameters;
    struct limb limbs[MAX_LIMBS]; /* the shared one first */
    int n_limbs;
    int limb_of_task[MAX_TASKS];
    struct head heads[MAX_TASKS];
    th_tensor *scale, *offset; /* [1,3,1,1]: 0..255 -> normalised */
    struct team *team;         /* of the native back end */
    struct pretrained pretrained;
};

/* Items of RNG_INIT and RNG_DROPOUT beyond the trunk's, fixed per attribute so that leaving a task out
 * moves no other draw. */
enum { HEAD_ITEMS = 100000, ITEMS_PER_HEAD = 1000, FEATURE_DROPOUT_ITEMS = 90000 };

/* ---- building: trunk ---- */

static void build_stage(
    struct builder *b, struct step *step, const struct stage *stage, const char *name) {
    step->n_blocks = stage->repeat;
    step->blocks = xcalloc((size_t)stage->repeat, sizeof *step->blocks);
    for (int i = 0; i < stage->repeat; i++) {
        char *block = xasprintf("%s.block%d", name, i + 1);
        step->blocks[i] =
            mbconv_build(b, block, stage, i ? stage->out : stage->in, i ? 1 : stage->stride);
        free(block);
    }
}

static void build_step(struct builder *b, struct step *step, int index, const char *suffix) {
    const struct trunk_table *t = b->table;
    char *name = xasprintf("%s%s", trunk_step_name(t, index), suffix);
    step->frozen = !b->trainable;
    if (index == 0)
        step->conv = conv_norm_build(b, name, 3, t->stem_channels, 3, 2, 1);
    else if (index <= t->n_stages)
        build_stage(b, step, &t->stages[index - 1], name);
    else
        step->conv =
            conv_norm_build(b, name, t->stages[t->n_stages - 1].out, t->head_channels, 1, 1, 1);
    free(name);
}

/* The items go on from *item, the trunk's place where the limb begins. */
static void build_limb(struct network *n, struct limb *limb, uint32_t *item) {
    struct builder b = {&n->parameters, n->table, *item, false};
    limb->steps = xcalloc((size_t)(limb->end - limb->first), sizeof *limb->steps);
    limb->live = limb->first;
    limb->from = limb->live_from = n->parameters.n;
    for (int i = limb->first; i < limb->end; i++) {
        b.trainable = i >= trunk_first_trained(n->config);
        build_step(&b, &limb->steps[i - limb->first], i, limb->suffix);
        if (!b.trainable) {
            limb->live = i + 1;
            limb->live_from = n->parameters.n;
        }
    }
    limb->parameters_end = n->parameters.n;
    *item = b.next_item;
}

static void plan_limbs(struct network *n) {
    struct limb_plans plans = limb_plans(n->config);
    n->n_limbs = plans.n;
    for (int l = 0; l < plans.n; l++)
        n->limbs[l] = (struct limb){.suffix = plans.limbs[l].suffix,
            .draws = plans.limbs[l].draws,
            .first = plans.limbs[l].first,
            .end = plans.limbs[l].end};
    memcpy(n->limb_of_task, plans.of_task, sizeof n->limb_of_task);
}

/* Stochastic depth; a branch draws for itself. */
static void set_drop_rates(struct network *n) {
    for (int l = 0, shared = 0; l < n->n_limbs; l++) {
        struct limb *limb = &n->limbs[l];
        int block = l == 0 ? 0 : shared;
        for (int i = 0; i < limb->end - limb->first; i++)
            for (int j = 0; j < limb->steps[i].n_blocks; j++, block++) {
                limb->steps[i].blocks[j].drop_rate =
                    trunk_drop_rate(n->table, n->config->trunk.stochastic_depth, block);
                limb->steps[i].blocks[j].drop_item = (uint32_t)block + 1000 * limb->draws;
            }
        if (l == 0)
            shared = block;
    }
}

static void build_trunk(struct network *n) {
    uint32_t fork_item = 0;
    plan_limbs(n);
    build_limb(n, &n->limbs[0], &fork_item);
    for (int l = 1; l < n->n_limbs; l++) {
        uint32_t item = fork_item;
        build_limb(n, &n->limbs[l], &item);
    }
    set_drop_rates(n);
}

/* ---- building: the native back end ---- */

/* Whether the trunk is computed by kernels/. ERR_USAGE where that is asked for and cannot be, or by instructions that
 * are not there. */
static bool choose_backend(
    const struct config *c, const th_scope *life, bool *native, struct err *e) {
    struct th_device device = th_scope_device(life);
    bool on_cpu = device.kind == 0;
    *native = trunk_native(c, on_cpu);
    if (*native)
        return simd_check(e);
    return trunk_can_be_native(c, on_cpu) || c->backend != BACKEND_NATIVE ||
           err_usage(e,
               "/backend: \"native\": it computes in f32 or bf16 on a CPU, and here /precision is \"%s\" and the "
               "device is %s; say \"auto\" or \"libtorch\"",
               precision_names[c->precision].name, on_cpu ? "a CPU" : "a GPU");
}

/* Those of training: inference's are of floats always. */
static enum simd_maps native_maps(const struct config *c) {
    return c->precision == PRECISION_BF16 && !trunk_frozen(c) ? SIMD_BF16 : SIMD_F32;
}

/* Steps first..end-1, of the parameters from..to-1; NULL where there are none. */
static struct native *native_part(
    const struct network *n, int first, int end, size_t from, size_t to) {
    return first < end ? native_new(n->table, first, end, native_maps(n->config), n->team,
                             n->parameters.list + from, to - from)
                       : NULL;
}

static bool build_native(struct network *n, struct err *e) {
    n->team = team_new(th_threads(), e);
    for (int l = 0; n->team && l < n->n_limbs; l++) {
        struct limb *limb = &n->limbs[l];
        limb->frozen = native_part(n, limb->first, limb->live, limb->from, limb->live_from);
        limb->trained =
            native_part(n, limb->live, limb->end, limb->live_from, limb->parameters_end);
    }
    return n->team != NULL;
}

/* ---- building: heads ---- */

static th_tensor *head_parameter(
    struct network *n, const struct task_config *task, int layer, bool bias, int out, int in) {
    const char *attribute = attribute_name[task->attribute], *part = bias ? "bias" : "weight";
    struct parameter_spec spec = {
        .name = layer < task->n_hidden
                    ? xasprintf("heads.%s.hidden%d.%s", attribute, layer + 1, part)
                    : xasprintf("heads.%s.out.%s", attribute, part),
        .item = (uint32_t)(HEAD_ITEMS + ITEMS_PER_HEAD * (int)task->attribute + 2 * layer + bias),
        .trainable = true,
        .head = true,
        .norm_or_bias = bias,
        .n_dims = bias ? 1 : 2,
        .shape = {out, in},
        .draw = DRAW_LINEAR,
        .value = in,
    };
    return parameters_add(&n->parameters, &spec);
}

static void build_head(struct network *n, struct head *head, const struct task_config *task) {
    int in = n->table->head_channels, classes = task->ranks[1] - task->ranks[0] + 1;
    head->layers = task->n_hidden + 1;
    for (int i = 0; i < head->layers; i++) {
        int out = i < task->n_hidden ? task->hidden[i] : classes - (task->kind == TASK_ORDINAL);
        head->weight[i] = head_parameter(n, task, i, false, out, in);
        head->bias[i] = head_parameter(n, task, i, true, out, in);
        in = out;
    }
}

static void build_normalisation(struct network *n, th_scope *life) {
    float scale[3], offset[3];
    for (int i = 0; i < 3; i++) {
        scale[i] = 1 / (255 * n->table->std[i]);
        offset[i] = -n->table->mean[i] / n->table->std[i];
    }
    n->scale = th_from(life, TH_F32, 4, (int64_t[]){1, 3, 1, 1}, scale);
    n->offset = th_from(life, TH_F32, 4, (int64_t[]){1, 3, 1, 1}, offset);
}

struct network *network_new(
    const struct config *c, th_scope *life, const char *weights_dir, struct err *e) {
    bool from_file = strcmp(c->trunk.weights, weights_names[WEIGHTS_NONE].name) != 0;
    struct network *n = xcalloc(1, sizeof *n);
    n->config = c;
    n->table = &trunk_tables[c->trunk.name];
    n->parameters = (struct parameters){
        .life = life, .seed = c->seed, .draw_trunk = !from_file || c->trunk.partial};
    build_trunk(n);
    for (int k = 0; k < c->n_tasks; k++)
        build_head(n, &n->heads[k], &c->tasks[k]);
    build_normalisation(n, life);
    bool native = false, ok = th_take_error(life, e) && choose_backend(c, life, &native, e);
    ok = ok && (!native || build_native(n, e));
    if (ok && from_file)
        ok = pretrained_load(&n->parameters, c, weights_dir, &n->pretrained, e);
    if (ok)
        return n;
    network_free(n);
    return NULL;
}

void network_free(struct network *n) {
    if (!n)
        return;
    for (int l = 0; l < n->n_limbs; l++) {
        for (int i = 0; n->limbs[l].steps && i < n->limbs[l].end - n->limbs[l].first; i++)
            free(n->limbs[l].steps[i].blocks);
        free(n->limbs[l].steps);
        native_free(n->limbs[l].frozen);
        native_free(n->limbs[l].trained);
    }
    team_free(n->team);
    parameters_free(&n->parameters);
    free(n);
}

/* ---- asking ---- */

struct parameter *network_parameters(struct network *n, size_t *count) {
    *count = n->parameters.n;
    return n->parameters.list;
}

enum th_precision network_precision(const struct config *c, struct th_device device) {
    static const enum th_precision of_key[PRECISION_COUNT] = {
        [PRECISION_F32] = TH_IN_F32, [PRECISION_TF32] = TH_IN_TF32, [PRECISION_BF16] = TH_IN_BF16};
    return trunk_native(c, device.kind == 0) ? TH_IN_F32 : of_key[c->precision];
}

int network_feature_count(const struct network *n) {
    return n->table->head_channels;
}

const char *network_backend(const struct network *n) {
    static const char *const native[SIMD_COUNT] = {[SIMD_PORTABLE] = "native portable",
        [SIMD_AVX2] = "native avx2",
        [SIMD_AVX512] = "native avx512",
        [SIMD_AVX512_BF16] = "native avx512_bf16"};
    return n->team ? native[simd_best(native_maps(n->config))] : "libtorch";
}

struct team *network_team(const struct network *n) {
    return n->team;
}

bool network_trunk_frozen(const struct network *n) {
    return trunk_frozen(n->config);
}

const char *network_weights_sha256(const struct network *n) {
    return n->pretrained.sha256[0] ? n->pretrained.sha256 : NULL;
}

size_t network_weights_missing(const struct network *n) {
    return n->pretrained.missing;
}

int64_t network_parameter_count(const struct network *n) {
    int64_t count = 0;
    for (size_t i = 0; i < n->parameters.n; i++)
        if (!n->parameters.list[i].buffer)
            count += th_count(n->parameters.list[i].tensor);
    return count;
}

/* ---- running ---- */

th_tensor *network_normalise(struct network *n, struct pass *p, th_tensor *rgb) {
    th_scope *s = p->scope;
    size_t mark = th_mark(s);
    th_no_grad_begin();
    th_tensor *x = th_permute(s, th_convert(s, rgb, TH_F32), 4, (int[]){0, 3, 1, 2});
    x = th_add(s, th_mul(s, x, n->scale), n->offset); /* [N,3,H,W], channels_last as its source */
    th_no_grad_end();
    return th_pop(s, mark, x);
}

static th_tensor *run_step(
    const struct network *n, const struct step *step, int index, struct pass *p, th_tensor *x) {
    bool live = p->train && !step->frozen;
    if (!step->blocks)
        return conv_norm_run(&step->conv, n->table, p, live, true, x);
    for (int i = 0; i < step->n_blocks; i++) {
        th_where(p->scope, "%s block %d", trunk_step_name(n->table, index), i + 1);
        x = mbconv_run(&step->blocks[i], n->table, p, live, x);
    }
    return x;
}

/* By libtorch. A frozen step records no gradient; handles of a step are dropped at its end. */
static th_tensor *run_steps(
    const struct network *n, const struct limb *limb, struct pass *p, th_tensor *x) {
    th_scope *s = p->scope;
    for (int i = limb->first; i < limb->end; i++) {
        const struct step *step = &limb->steps[i - limb->first];
        size_t mark = th_mark(s);
        th_where(s, "%s", trunk_step_name(n->table, i));
        if (step->frozen)
            th_no_grad_begin();
        x = th_pop(s, mark, run_step(n, step, i, p, x));
        if (step->frozen)
            th_no_grad_end();
    }
    th_where(s, "%s", "");
    return x;
}

static th_tensor *train_native(const struct limb *limb, struct pass *p, th_tensor *x) {
    size_t images = x ? (size_t)th_size(x, 0) : 0;
    int count = 0, all = native_blocks(limb->trained);
    float *drawn = xmalloc((size_t)all * images * sizeof *drawn);
    const float **masks = xcalloc((size_t)all + 1, sizeof *masks);
    for (int i = limb->live; i < limb->end; i++) {
        const struct step *step = &limb->steps[i - limb->first];
        for (int j = 0; j < step->n_blocks; j++, count++)
            if (step->blocks[j].residual && step->blocks[j].drop_rate > 0)
                masks[count] = keep_values(p, RNG_STOCHASTIC_DEPTH, step->blocks[j].drop_item,
                    images, step->blocks[j].drop_rate, drawn + (size_t)count * images);
    }
    x = native_train(limb->trained, p->scope, x, masks);
    free(masks);
    free(drawn);
    return x;
}

/* The same by our own kernels. */
static th_tensor *run_native(
    const struct network *n, const struct limb *limb, struct pass *p, th_tensor *x) {
    if (limb->first == limb->end) /* branches from the first step on */
        return x;
    th_where(p->scope, "%s to %s", trunk_step_name(n->table, limb->first),
        trunk_step_name(n->table, limb->end - 1));
    if (limb->frozen)
        x = native_infer(limb->frozen, p->scope, x);
    if (limb->trained)
        x = p->train ? train_native(limb, p, x) : native_infer(limb->trained, p->scope, x);
    th_where(p->scope, "%s", "");
    return x;
}

/* A limb's map, or means where it is the trunk's end. */
static th_tensor *run_limb(
    const struct network *n, const struct limb *limb, struct pass *p, th_tensor *x) {
    if (n->team)
        return run_native(n, limb, p, x);
    x = run_steps(n, limb, p, x);
    return limb->end == n->table->n_stages + 2 ? th_mean_hw(p->scope, x, false) : x;
}

static th_tensor *drop(const struct network *n, struct pass *p, int limb, th_tensor *x) {
    double rate = n->config->trunk.dropout;
    if (!p->train || rate <= 0 || !x)
        return x;
    return mask_run(p->scope, x,
        keep_mask(p, RNG_DROPOUT, FEATURE_DROPOUT_ITEMS + n->limbs[limb].draws, th_size(x, 0),
            th_size(x, 1), rate));
}

th_tensor *network_features(struct network *n, struct pass *p, th_tensor *images) {
    assert(n->n_limbs == 1);
    return drop(n, p, 0, run_limb(n, &n->limbs[0], p, images));
}

static th_tensor *run_head(const struct network *n, int task, struct pass *p, th_tensor *x) {
    const struct head *head = &n->heads[task];
    const struct task_config *c = &n->config->tasks[task];
    th_scope *s = p->scope;
    th_where(s, "head of %s", attribute_name[c->attribute]);
    for (int i = 0; i < head->layers; i++) {
        bool last = i == head->layers - 1;
        if (last && p->train && c->dropout > 0 && x)
            x = mask_run(s, x,
                keep_mask(p, RNG_DROPOUT, (uint32_t)(HEAD_ITEMS + (int)c->attribute), th_size(x, 0),
                    th_size(x, 1), c->dropout));
        x = th_linear(s, x, head->weight[i], head->bias[i]);
        if (!last)
            x = th_relu(s, x);
    }
    th_where(s, "%s", "");
    /* [N,K] or [N,K-1]; losses are f32, whatever layers compute in. */
    return th_convert(s, x, TH_F32);
}

void network_heads(struct network *n, struct pass *p, th_tensor *features, th_tensor *logits[]) {
    for (int k = 0; k < n->config->n_tasks; k++)
        logits[k] = run_head(n, k, p, features);
}

void network_logits(struct network *n, struct pass *p, th_tensor *images, th_tensor *logits[]) {
    th_tensor *features[MAX_LIMBS] = {0};
    th_tensor *shared = run_limb(n, &n->limbs[0], p, images);
    if (n->n_limbs == 1)
        features[0] = drop(n, p, 0, shared);
    for (int l = 1; l < n->n_limbs; l++)
        features[l] = drop(n, p, l, run_limb(n, &n->limbs[l], p, shared));
    for (int k = 0; k < n->config->n_tasks; k++)
        logits[k] = run_head(n, k, p, features[n->limb_of_task[k]]);
}
