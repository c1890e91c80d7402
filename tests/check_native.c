/* The native back end against libtorch's operations in float64, whole networks at once. */
#include "check_suites.h"

#include "core/mem.h"
#include "core/rng.h"
#include "core/str.h"
#include "fixture_network.h"
#include "grid/keys.h"
#include "kernels/simd.h"
#include "learn/optimiser.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TASKS AGE "," GENDER

/* Where every activation is smooth, or ReLU6 is kept between its bends by `centred` norms (gamma 0.5, beta 3), the
 * bounds are absolute. Elsewhere a place that rounds to the other side of a bend changes the gradient by its
 * whole part, and a random network's frozen steps magnify rounding: there we must be as near as libtorch's own
 * float32, or three times as far, for both are accidents of rounding. */
static const struct network_row {
    const char *trunk; /* keys of /trunk */
    int px, batch;
    bool centred, as_libtorch;
} rows[] = {
    {"\"name\":\"small\"", 32, 3, false, false},
    {"\"name\":\"small\"", 17, 1, false, false},
    {"\"name\":\"small\",\"stochastic_depth\":0.5", 21, 4, false, false},
    {"\"name\":\"small\",\"train_from\":\"stage1\"", 32, 2, false, false},
    {"\"name\":\"small\",\"train_from\":\"stage3\"", 33, 3, false, false},
    {"\"name\":\"small\",\"branch\":\"task\",\"branch_stage\":\"stage1\"", 32, 2, false, false},
    {"\"name\":\"small\",\"branch\":\"task\",\"branch_stage\":\"stage3\"", 27, 3, false, false},
    {"\"name\":\"small\",\"branch\":\"category\",\"branch_stage\":\"head\"", 32, 3, false, false},
    {"\"name\":\"small\",\"branch\":\"task\",\"branch_stage\":\"stage3\",\"train_from\":\"stage2\"",
        32, 3, false, false},
    {"\"name\":\"efficientnet-b0\"", 64, 4, false, false},
    {"\"name\":\"efficientnet-b0\",\"stochastic_depth\":0.2", 97, 3, false, false},
    {"\"name\":\"efficientnet-b0\"", 112, 8, false, false},
    {"\"name\":\"efficientnet-b0\",\"train_from\":\"stage1\"", 96, 4, false, false},
    {"\"name\":\"efficientnet-lite0\"", 96, 8, true, false},
    {"\"name\":\"efficientnet-lite0\",\"stochastic_depth\":0.2", 97, 5, true, false},
    {"\"name\":\"efficientnet-lite0\",\"branch\":\"category\",\"branch_stage\":\"stage6\"", 75, 6,
        true, false},
    {"\"name\":\"efficientnet-lite0\"", 96, 8, false, true},
    {"\"name\":\"efficientnet-lite0\"", 63, 5, false, true},
};

static struct built build_in(
    const struct network_row *row, const char *backend, const char *precision) {
    char *text =
        xasprintf("{\"data\":{\"image_px\":%d},\"trunk\":{\"weights\":\"none\",\"dropout\":0.2,%s},"
                  "\"tasks\":{" TASKS "},\"backend\":\"%s\",\"precision\":\"%s\"}",
            row->px, row->trunk, backend, precision);
    struct built b = built_new(text, "nowhere");
    free(text);
    return b;
}

static struct built build(const struct network_row *row, const char *backend) {
    return build_in(row, backend, "f32");
}

/* A little away from where a network begins, so that norms' weights have a part in it. */
static void disturb(struct built *b, const struct network_row *row) {
    size_t n;
    const struct parameter *p = network_parameters(b->n, &n);
    for (size_t i = 0; i < n; i++) {
        if (!p[i].norm_or_bias)
            continue;
        int64_t count = th_count(p[i].tensor);
        float *values = xmalloc((size_t)count * sizeof *values);
        struct rng r = rng_open(7, RNG_TEST, 0, (uint32_t)i);
        bool weight = str_ends(p[i].name, "norm.weight"), bias = str_ends(p[i].name, "norm.bias");
        float to = row->centred && weight ? -0.5f : row->centred && bias ? 3 : 0;
        th_no_grad_begin();
        for (int64_t k = 0; k < count; k++)
            values[k] = to + 0.2f * (float)rng_uniform(&r);
        th_tensor *by = th_from(b->step, TH_F32, 1, &count, values);
        th_assign(b->step, p[i].tensor, th_add(b->step, p[i].tensor, by));
        th_no_grad_end();
        free(values);
    }
}

static void widen(struct built *b) {
    size_t n;
    const struct parameter *p = network_parameters(b->n, &n);
    for (size_t i = 0; i < n; i++)
        th_widen(b->life, p[i].tensor);
}

static th_tensor *images(struct built *b, const struct network_row *row, enum th_type type) {
    int64_t shape[] = {row->batch, row->px, row->px, 3};
    size_t count = (size_t)(row->batch * row->px * row->px * 3);
    float *values = xmalloc(count * sizeof *values);
    struct rng r = rng_open(1, RNG_TEST, 0, 0);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)rng_normal(&r);
    th_tensor *t = th_from(b->step, TH_F32, 4, shape, values);
    free(values);
    return th_convert(b->step, th_permute(b->step, t, 4, (int[]){0, 3, 1, 2}), type);
}

/* One training step's forward and backward, of a weighted sum of all logits. */
static void pass(struct built *b, const struct network_row *row, enum th_type type, uint32_t step,
    th_tensor *logits[2]) {
    struct pass p = {b->step, true, 1, step};
    th_tensor *sum = NULL;
    network_logits(b->n, &p, images(b, row, type), logits);
    for (int k = 0; k < 2; k++) {
        int64_t shape[] = {th_size(logits[k], 0), th_size(logits[k], 1)};
        float *factors = xmalloc((size_t)th_count(logits[k]) * sizeof *factors);
        struct rng r = rng_open(2, RNG_TEST, 0, (uint32_t)k);
        for (int64_t i = 0; i < shape[0] * shape[1]; i++)
            factors[i] = (float)rng_normal(&r);
        th_tensor *part = th_sum(
            b->step, th_mul(b->step, logits[k], th_from(b->step, TH_F32, 2, shape, factors)));
        sum = sum ? th_add(b->step, sum, part) : part;
        free(factors);
    }
    th_backward(b->step, sum);
    struct err e = {0};
    ck_assert_msg(th_take_error(b->step, &e), "%s", e.msg);
}

static double *wide_values(struct built *b, th_tensor *t, size_t *n) {
    *n = (size_t)th_count(t);
    double *values = xmalloc(*n * sizeof *values);
    th_read(b->step, t, TH_F64, values, *n * sizeof *values);
    return values;
}

/* Adds the squares of the differences of two tensors and of the second one. */
static void add_squares(struct built *x, th_tensor *of_x, struct built *y, th_tensor *of_y,
    double *different, double *all) {
    size_t n, m;
    double *a = wide_values(x, of_x, &n), *b = wide_values(y, of_y, &m);
    ck_assert_uint_eq(n, m);
    for (size_t i = 0; i < n; i++) {
        *different += (a[i] - b[i]) * (a[i] - b[i]);
        *all += b[i] * b[i];
    }
    free(a);
    free(b);
}

static double distance(struct built *x, th_tensor *of_x, struct built *y, th_tensor *of_y) {
    double different = 0, all = 0;
    add_squares(x, of_x, y, of_y, &different, &all);
    return all > 0 ? sqrt(different / all) : sqrt(different);
}

static double gradients_distance(struct built *native, struct built *wide) {
    size_t n;
    double different = 0, all = 0;
    const struct parameter *p = network_parameters(native->n, &n),
                           *q = network_parameters(wide->n, &n);
    for (size_t i = 0; i < n; i++) {
        th_tensor *g = th_grad(native->step, p[i].tensor), *h = th_grad(wide->step, q[i].tensor);
        ck_assert_msg(!g == !h, "%s: only one has a gradient", p[i].name);
        if (g)
            add_squares(native, g, wide, h, &different, &all);
    }
    return sqrt(different / all);
}

/* How far from float64 a back end's precision is, relative to the whole. */
struct distances {
    double forward, gradients, statistics;
};

static struct distances measure(const struct network_row *row, const char *backend,
    const char *precision, struct built *wide, th_tensor *const *wide_logits) {
    struct built b = build_in(row, backend, precision);
    struct distances d = {0};
    th_tensor *logits[2];
    size_t n;
    disturb(&b, row);
    th_set_precision(network_precision(b.c, (struct th_device){0}));
    pass(&b, row, TH_F32, 5, logits);
    th_set_precision(TH_IN_F32);
    for (int k = 0; k < 2; k++)
        d.forward = fmax(d.forward, distance(&b, logits[k], wide, wide_logits[k]));
    const struct parameter *p = network_parameters(b.n, &n), *q = network_parameters(wide->n, &n);
    for (size_t i = 0; i < n; i++)
        if (p[i].buffer)
            d.statistics = fmax(d.statistics, distance(&b, p[i].tensor, wide, q[i].tensor));
    d.gradients = gradients_distance(&b, wide);
    built_free(&b);
    return d;
}

START_TEST(follows_libtorch_in_f64) {
    const struct network_row *row = &rows[_i];
    struct built wide = build(row, "libtorch");
    th_tensor *logits[2];
    disturb(&wide, row);
    widen(&wide);
    pass(&wide, row, TH_F64, 5, logits);
    struct distances bound = {1e-5, 5e-5, 1e-5}, got = measure(row, "native", "f32", &wide, logits);
    if (row->as_libtorch)
        bound = measure(row, "libtorch", "f32", &wide, logits);
    double slack = row->as_libtorch ? 3 : 1;
    ck_assert_msg(
        got.forward <= slack * bound.forward, "forward %g > %g", got.forward, bound.forward);
    ck_assert_msg(got.gradients <= slack * bound.gradients, "gradients %g > %g", got.gradients,
        bound.gradients);
    ck_assert_msg(got.statistics <= slack * bound.statistics, "statistics %g > %g", got.statistics,
        bound.statistics);
    built_free(&wide);
}
END_TEST

/* Maps alone are rounded, and what is computed with them is not: about half as far from float64 as libtorch's bf16;
 * where products round what they multiply, as libtorch's do, as far.
 * ReLU6's gradient in bf16 libtorch 1.13 does not have; where it keeps between its
 * bends its bounds are absolute, and elsewhere a random network's gradient is as good as any other's. */
START_TEST(bf16_is_nearer_to_f64_than_libtorchs) {
    const struct network_row *row = &rows[_i];
    bool relu6 = strstr(row->trunk, "lite0") != NULL,
         rounds_products = simd_best(SIMD_BF16) == SIMD_AVX512_BF16;
    double part = rounds_products ? 1.1 : 0.8;
    if (row->as_libtorch)
        return;
    struct built wide = build(row, "libtorch");
    th_tensor *logits[2];
    disturb(&wide, row);
    widen(&wide);
    pass(&wide, row, TH_F64, 5, logits);
    struct distances bound = {0.01, 0.01, rounds_products ? 0.004 : 0.002},
                     got = measure(row, "native", "bf16", &wide, logits);
    if (!relu6)
        bound = measure(row, "libtorch", "bf16", &wide, logits);
    ck_assert_msg(
        got.forward <= 1.5 * bound.forward, "forward %g > %g", got.forward, bound.forward);
    ck_assert_msg(got.gradients <= part * bound.gradients, "gradients %g > %g x %g", got.gradients,
        part, bound.gradients);
    ck_assert_msg(got.statistics <= part * bound.statistics, "statistics %g > %g x %g",
        got.statistics, part, bound.statistics);
    ck_assert_msg(got.gradients > 1e-4, "gradients %g: not rounded", got.gradients);
    built_free(&wide);
}
END_TEST

/* Eval mode, whose statistics a training pass has moved. */
static th_tensor *ask(
    struct built *b, const struct network_row *row, enum th_type type, th_tensor *logits[2]) {
    struct pass train = {b->step, true, 1, 5}, eval = {b->step, false, 1, 5};
    th_no_grad_begin();
    for (int i = 0; i < 6; i++)
        network_logits(b->n, &train, images(b, row, type), logits);
    network_logits(b->n, &eval, images(b, row, type), logits);
    th_no_grad_end();
    struct err e = {0};
    ck_assert_msg(th_take_error(b->step, &e), "%s", e.msg);
    return logits[0];
}

static const struct network_row asked[] = {
    {"\"name\":\"small\"", 32, 3, false, false},
    {"\"name\":\"small\"", 19, 9, false, false},
    {"\"name\":\"small\",\"train_from\":\"stage3\"", 33, 3, false, false},
    {"\"name\":\"small\",\"branch\":\"task\",\"branch_stage\":\"stage1\"", 32, 2, false, false},
    {"\"name\":\"small\",\"branch\":\"category\",\"branch_stage\":\"head\"", 27, 3, false, false},
    {"\"name\":\"efficientnet-b0\"", 64, 5, false, false},
    {"\"name\":\"efficientnet-b0\"", 161, 3, false, false},
    {"\"name\":\"efficientnet-lite0\"", 64, 5, false, false},
    {"\"name\":\"efficientnet-lite0\"", 161, 3, false, false},
};

START_TEST(asks_as_libtorch_in_f64) {
    const struct network_row *row = &asked[_i];
    struct built native = build(row, "native"), wide = build(row, "libtorch");
    th_tensor *a[2], *b[2];
    disturb(&native, row);
    disturb(&wide, row);
    widen(&wide);
    ask(&native, row, TH_F32, a);
    ask(&wide, row, TH_F64, b);
    for (int k = 0; k < 2; k++)
        ck_assert_double_lt(distance(&native, a[k], &wide, b[k]), 1e-5);
    built_free(&native);
    built_free(&wide);
}
END_TEST

/* ---- a training ---- */

enum { STEPS = 100 };

/* The mean square of the logits' distance from numbers that are drawn anew each step. */
static th_tensor *squared_error(
    struct built *b, th_tensor *const *logits, enum th_type type, uint32_t step) {
    th_tensor *sum = NULL;
    for (int k = 0; k < 2; k++) {
        int64_t count = th_count(logits[k]);
        int64_t shape[] = {th_size(logits[k], 0), th_size(logits[k], 1)};
        float *targets = xmalloc((size_t)count * sizeof *targets);
        struct rng r = rng_open(4, RNG_TEST, step, (uint32_t)k);
        for (int64_t i = 0; i < count; i++)
            targets[i] = (float)rng_uniform(&r);
        th_tensor *to = th_convert(b->step, th_from(b->step, TH_F32, 2, shape, targets), type);
        th_tensor *far = th_sub(b->step, logits[k], to);
        th_tensor *part =
            th_affine(b->step, th_sum(b->step, th_mul(b->step, far, far)), 1 / (double)count, 0);
        sum = sum ? th_add(b->step, sum, part) : part;
        free(targets);
    }
    return sum;
}

/* The losses of STEPS steps on the same images. */
static void train_steps(const struct network_row *row, const char *backend, enum th_type type,
    int threads, double losses[STEPS]) {
    struct err e = {0};
    ck_assert_msg(th_setup(threads, true, &e), "%s", e.msg);
    struct built b = build(row, backend);
    if (type == TH_F64)
        widen(&b);
    struct optimiser *o = optimiser_new(b.c, b.n, NULL, b.life, &e);
    ck_assert_msg(o != NULL, "%s", e.msg);
    for (uint32_t step = 0; step < STEPS; step++) {
        struct pass p = {b.step, true, 1, step};
        th_tensor *logits[2];
        network_logits(b.n, &p, images(&b, row, type), logits);
        th_tensor *loss = squared_error(&b, logits, type, step);
        th_backward(b.step, loss);
        losses[step] = th_item(b.step, loss);
        optimiser_step(o, b.step, 0.01);
        ck_assert_msg(th_take_error(b.step, &e), "%s", e.msg);
        th_scope_clear(b.step);
    }
    optimiser_free(o);
    built_free(&b);
}

static double loss_distance(const double *a, const double *b) {
    double different = 0, all = 0;
    for (int i = 0; i < STEPS; i++) {
        different += (a[i] - b[i]) * (a[i] - b[i]);
        all += b[i] * b[i];
    }
    return sqrt(different / all);
}

/* Rounding grows from step to step, ours as libtorch's own: as far from float64 as libtorch's float32 on one thread or
 * on two, or three times as far, for each is one draw of where roundings lead. */
START_TEST(trains_as_libtorch_does) {
    static const struct network_row row = {"\"name\":\"small\"", 24, 6, false, false};
    double wide[STEPS], one[STEPS], two[STEPS], native[STEPS];
    train_steps(&row, "libtorch", TH_F64, 1, wide);
    train_steps(&row, "libtorch", TH_F32, 1, one);
    train_steps(&row, "libtorch", TH_F32, 2, two);
    train_steps(&row, "native", TH_F32, 2, native);
    double spread = fmax(loss_distance(one, wide), loss_distance(two, wide)),
           got = loss_distance(native, wide);
    ck_assert_msg(wide[STEPS - 1] < wide[0] / 2, "%g of %g", wide[STEPS - 1], wide[0]);
    ck_assert_msg(got <= 3 * spread, "%g from float64, libtorch %g", got, spread);
}
END_TEST

/* Before anything is computed, and only where it would be by us. */
START_TEST(instructions_that_are_not_there_are_refused) {
    static const char text[] =
        "{\"data\":{\"image_px\":32},\"trunk\":{\"name\":\"small\",\"weights\":\"none\"},"
        "\"tasks\":{" TASKS "},\"backend\":\"%s\"}";
    static const char *const backends[] = {"auto", "native", "libtorch"};
    for (size_t i = 0; i < ARRAY_LEN(backends); i++) {
        struct err e = {0};
        char *filled = xasprintf(text, backends[i]);
        struct config c = built_config(filled);
        th_scope *life = th_scope_new(built_device);
        setenv("DMTL_SIMD", "avx1024", 1);
        struct network *n = network_new(&c, life, "nowhere", &e);
        unsetenv("DMTL_SIMD");
        ck_assert(!n == (c.backend != BACKEND_LIBTORCH));
        ck_assert_msg(
            n || strstr(e.msg, "DMTL_SIMD: \"avx1024\": no instruction set") != NULL, "%s", e.msg);
        network_free(n);
        th_scope_free(life);
        config_free(&c);
        free(filled);
    }
}
END_TEST

Suite *native_suite(void) {
    Suite *s = suite_create("native");
    TCase *c = tcase_create("native");
    tcase_set_timeout(c, 300);
    tcase_add_loop_test(c, follows_libtorch_in_f64, 0, (int)ARRAY_LEN(rows));
    tcase_add_loop_test(c, bf16_is_nearer_to_f64_than_libtorchs, 0, (int)ARRAY_LEN(rows));
    tcase_add_loop_test(c, asks_as_libtorch_in_f64, 0, (int)ARRAY_LEN(asked));
    tcase_add_test(c, instructions_that_are_not_there_are_refused);
    suite_add_tcase(s, c);
    c = tcase_create("training");
    tcase_set_timeout(c, 300);
    tcase_add_test(c, trains_as_libtorch_does);
    suite_add_tcase(s, c);
    return s;
}
