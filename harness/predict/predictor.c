#include "predict/predictor.h"

#include "core/mem.h"
#include "grid/limbs.h"
#include "kernels/tower.h"
#include "nets/weight_names.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct head {
    int layers;
    int in[MAX_HIDDEN + 1], out[MAX_HIDDEN + 1];
    float *packed[MAX_HIDDEN + 1], *bias[MAX_HIDDEN + 1];
};

struct predictor {
    const struct config *config;
    const struct trunk_table *table;
    const struct simd *simd;
    struct team *team;
    struct limb_plans plans;
    struct tower *towers[MAX_LIMBS]; /* NULL: an empty limb */
    struct head heads[MAX_TASKS];
};

/* ---- building ---- */

static float *values_of(const struct model_file *m, char *name) {
    const struct tensor_entry *entry = tensor_file_find(&m->tensors, name);
    assert(entry && "model_file_open has seen all");
    float *values = xmalloc(tensor_elements(entry) * sizeof *values);
    tensor_as_f32(entry, values);
    free(name);
    return values;
}

/* [out, in, height, width] -> [out, height, width, in], as the tower takes it. */
static float *turned(float *values, const struct trunk_tensor *t) {
    size_t area = (size_t)(t->shape[2] * t->shape[3]), in = (size_t)t->shape[1],
           out = (size_t)t->shape[0];
    if (t->n_dims != 4 || area == 1 || in == 1)
        return values;
    float *to = xmalloc(out * in * area * sizeof *to);
    for (size_t o = 0; o < out; o++)
        for (size_t i = 0; i < in; i++)
            for (size_t a = 0; a < area; a++)
                to[(o * area + a) * in + i] = values[(o * in + i) * area + a];
    free(values);
    return to;
}

static bool is_of_steps(const struct trunk_table *table, const char *name, int first, int end) {
    for (int step = first; step < end; step++) {
        const char *of = trunk_step_name(table, step);
        size_t n = strlen(of);
        if (strncmp(name, of, n) == 0 && name[n] == '.')
            return true;
    }
    return false;
}

static struct tower *build_limb(
    struct predictor *p, const struct model_file *m, const struct limb_plan *limb) {
    struct tower *t =
        tower_new(p->table, limb->first, limb->end, simd_best(SIMD_F32), SIMD_F32, p->team);
    struct trunk_tensors all = trunk_tensors(p->table, DIALECT_DMTL);
    struct tower_tensor *tensors = xcalloc((size_t)tower_tensor_count(t), sizeof *tensors);
    int n = 0;
    for (size_t i = 0; i < all.n; i++)
        if (is_of_steps(p->table, all.list[i].name, limb->first, limb->end))
            tensors[n++].value = turned(
                values_of(m, limb_tensor_name(all.list[i].name, limb->suffix)), &all.list[i]);
    assert(n == tower_tensor_count(t));
    tower_fold(t, tensors);
    for (int i = 0; i < n; i++)
        free(tensors[i].value);
    free(tensors);
    trunk_tensors_free(&all);
    return t;
}

static void build_head(struct predictor *p, const struct model_file *m, struct head *h,
    const struct task_config *task) {
    int in = p->table->head_channels, classes = task->ranks[1] - task->ranks[0] + 1;
    h->layers = task->n_hidden + 1;
    for (int i = 0; i < h->layers; i++) {
        int out = i < task->n_hidden ? task->hidden[i] : classes - (task->kind == TASK_ORDINAL);
        float *weight = values_of(m, head_tensor_name(task, i, "weight"));
        h->in[i] = in;
        h->out[i] = out;
        h->bias[i] = values_of(m, head_tensor_name(task, i, "bias"));
        h->packed[i] = xmalloc(p->simd->packed_floats(in, out) * sizeof(float));
        p->simd->pack(in, out, weight, 1, (size_t)in, h->packed[i]);
        free(weight);
        in = out;
    }
}

struct predictor *predictor_new(
    const struct model_file *m, const struct config *config, int threads, struct err *e) {
    struct team *team = simd_check(e) ? team_new(threads, e) : NULL;
    if (!team)
        return NULL;
    struct predictor *p = xcalloc(1, sizeof *p);
    p->config = config;
    p->table = &trunk_tables[config->trunk.name];
    p->simd = simd_of(simd_best(SIMD_F32), SIMD_F32);
    p->team = team;
    p->plans = limb_plans(config);
    for (int l = 0; l < p->plans.n; l++)
        if (p->plans.limbs[l].first < p->plans.limbs[l].end)
            p->towers[l] = build_limb(p, m, &p->plans.limbs[l]);
    for (int k = 0; k < config->n_tasks; k++)
        build_head(p, m, &p->heads[k], &config->tasks[k]);
    return p;
}

void predictor_free(struct predictor *p) {
    if (!p)
        return;
    for (int l = 0; l < p->plans.n; l++)
        tower_free(p->towers[l]);
    for (int k = 0; k < p->config->n_tasks; k++)
        for (int i = 0; i < p->heads[k].layers; i++) {
            free(p->heads[k].packed[i]);
            free(p->heads[k].bias[i]);
        }
    team_free(p->team);
    free(p);
}

int predictor_width(const struct predictor *p, int task) {
    return p->heads[task].out[p->heads[task].layers - 1];
}

/* ---- asking ---- */

static float *normalise(const struct predictor *p, const uint8_t *rgb, size_t pixels) {
    float *x = xmalloc(pixels * 3 * sizeof *x), scale[3], offset[3];
    for (int c = 0; c < 3; c++) {
        scale[c] = 1 / (255 * p->table->std[c]);
        offset[c] = -p->table->mean[c] / p->table->std[c];
    }
    for (size_t i = 0; i < pixels; i++)
        for (size_t c = 0; c < 3; c++)
            x[i * 3 + c] = (float)rgb[i * 3 + c] * scale[c] + offset[c];
    return x;
}

/* A limb's output for x [n, height, width, channels]; the caller frees. NULL with e set. */
static float *run_limb(const struct predictor *p, int limb, const float *x, int n, int height,
    int width, struct tower_shape *shape, struct err *e) {
    *shape = tower_shape(p->towers[limb], height, width);
    float *out = xmalloc((size_t)n * (size_t)(shape->out_height * shape->out_width) *
                         (size_t)shape->out_channels * sizeof *out);
    if (tower_infer(p->towers[limb], x, n, height, width, out, e))
        return out;
    free(out);
    return NULL;
}

static void to_probabilities(const struct task_config *t, float *logits, int n, int width) {
    for (int i = 0; i < n; i++, logits += width) {
        double largest = logits[0], sum = 0;
        for (int k = 0; t->kind == TASK_ORDINAL && k < width; k++)
            logits[k] = (float)(1 / (1 + exp(-(double)logits[k])));
        if (t->kind == TASK_ORDINAL)
            continue;
        for (int k = 1; k < width; k++)
            largest = logits[k] > largest ? logits[k] : largest;
        for (int k = 0; k < width; k++)
            sum += exp(logits[k] - largest);
        for (int k = 0; k < width; k++)
            logits[k] = (float)(exp(logits[k] - largest) / sum);
    }
}

static void run_head(
    const struct predictor *p, int task, const float *features, int n, float *probabilities) {
    const struct head *h = &p->heads[task];
    const float *x = features;
    float *last = NULL;
    for (int i = 0; i < h->layers; i++) {
        bool end = i == h->layers - 1;
        float *out = end ? probabilities : xmalloc((size_t)n * (size_t)h->out[i] * sizeof *out);
        struct finish bias = {.bias = h->bias[i]};
        multiply_dense(p->simd, n, h->out[i], h->in[i], x, h->packed[i], out, &bias);
        for (int k = 0; !end && k < n * h->out[i]; k++)
            out[k] = out[k] < 0 ? 0 : out[k]; /* what is no number stays none */
        free(last);
        last = end ? NULL : out;
        x = out;
    }
    to_probabilities(&p->config->tasks[task], probabilities, n, predictor_width(p, task));
}

bool predictor_run(
    struct predictor *p, const uint8_t *rgb, int n, float *const *probabilities, struct err *e) {
    int px = p->config->data.image_px;
    float *features[MAX_LIMBS] = {0}, *x = normalise(p, rgb, (size_t)n * (size_t)px * (size_t)px);
    struct tower_shape shape = {.out_height = px, .out_width = px}, of_branch;
    bool ok = true;
    if (p->towers[0] && (ok = (features[0] = run_limb(p, 0, x, n, px, px, &shape, e)) != NULL)) {
        free(x);
        x = NULL;
    }
    for (int l = 1; ok && l < p->plans.n; l++)
        ok = (features[l] = run_limb(p, l, x ? x : features[0], n, shape.out_height,
                  shape.out_width, &of_branch, e)) != NULL;
    for (int k = 0; ok && k < p->config->n_tasks; k++)
        run_head(p, k, features[p->plans.of_task[k]], n, probabilities[k]);
    for (int l = 0; l < p->plans.n; l++)
        free(features[l]);
    free(x);
    return ok;
}
