#include "check_suites.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/rng.h"
#include "core/str.h"
#include "fixture_network.h"
#include "model/blocks.h"
#include "nets/tensor_file.h"
#include "nets/trunk_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The published counts with their 1000-class heads (1280 x 1000 + 1000 = 1,281,000 parameters, 2
 * entries) and 49 counters of batches: B0 5,288,548 and 360, Lite0 4,652,008 and 296. */
static const struct {
    const char *trunk;
    int64_t parameters;
    size_t entries;
} published[] = {
    {"efficientnet-b0", 5288548 - 1281000, 360 - 2 - 49},
    {"efficientnet-lite0", 4652008 - 1281000, 296 - 2 - 49},
};

START_TEST(trunks_have_the_published_counts) {
    char text[256];
    snprintf(text, sizeof text,
        "{\"data\": {\"image_px\": 64}, \"trunk\": {\"name\": \"%s\", \"weights\": \"none\"}, \"tasks\": {\"gender\": "
        "{\"kind\": \"nominal\"}}}",
        published[_i].trunk);
    struct built b = built_new(text, "nowhere");
    size_t n, trunk = 0;
    const struct parameter *p = network_parameters(b.n, &n);
    for (size_t i = 0; i < n; i++)
        trunk += !p[i].head;
    ck_assert_int_eq(network_parameter_count(b.n), published[_i].parameters + 1280 * 2 + 2);
    ck_assert_uint_eq(trunk, published[_i].entries);
    built_free(&b);
}
END_TEST

/* ---- against timm and torchvision (tests/reference/trunks.py) ---- */

/* Pictures number 0 and 1 of the script, [2,side,side,3]. */
static th_tensor *pictures(th_scope *s, int side) {
    size_t one = (size_t)side * (size_t)side * 3;
    uint8_t *rgb = xmalloc(2 * one);
    for (int number = 0; number < 2; number++)
        for (int y = 0; y < side; y++)
            for (int x = 0; x < side; x++)
                for (int c = 0; c < 3; c++)
                    rgb[(size_t)number * one + (size_t)(y * side + x) * 3 + (size_t)c] =
                        (uint8_t)((x * (7 + number) + y * 13 + c * 29 + (x * y) / 16 +
                                      number * 41) %
                                  256);
    th_tensor *t = th_from(s, TH_U8, 4, (int64_t[]){2, side, side, 3}, rgb);
    free(rgb);
    return t;
}

/* The script's formula: in [-0.5, 0.5). */
static float formula(uint64_t item, uint64_t i) {
    uint32_t h = (uint32_t)(i * 2654435761u + item * 40503u * 65537u + 12345u);
    h = (h ^ h >> 15) * 2246822519u;
    return (float)(h * 0x1p-32 - 0.5);
}

static void fill_by_formula(struct built *b) {
    size_t n;
    const struct parameter *p = network_parameters(b->n, &n);
    for (size_t k = 0; k < n && !p[k].head; k++) {
        int64_t count = th_count(p[k].tensor), shape[4] = {0};
        for (int d = 0; d < th_dims(p[k].tensor); d++)
            shape[d] = th_size(p[k].tensor, d);
        double fan_in = shape[3] ? (double)(count / shape[0]) : 0;
        bool around_1 = str_ends(p[k].name, "norm.weight") || str_ends(p[k].name, "running_var");
        float *values = xmalloc((size_t)count * sizeof *values);
        for (int64_t i = 0; i < count; i++) {
            float u = formula(k, (uint64_t)i);
            values[i] = fan_in ? u * (float)sqrt(12 / fan_in) : around_1 ? 1 + 0.5f * u : 0.2f * u;
        }
        th_assign(
            b->life, p[k].tensor, th_from(b->life, TH_F32, th_dims(p[k].tensor), shape, values));
        free(values);
    }
    struct err e = {0};
    ck_assert_msg(th_take_error(b->life, &e), "%s", e.msg);
}

static struct tensor_file fixture;

static void open_file(const char *path) {
    struct err e = {0};
    ck_assert_msg(tensor_file_open(&fixture, path, &e), "%s", e.msg);
}

static void open_fixture(void) {
    open_file("tests/fixtures/trunks.safetensors");
}

static void close_fixture(void) {
    tensor_file_close(&fixture);
}

/* Largest difference over the largest reference value. */
static double relative_difference(struct built *b, th_tensor *t, const char *name) {
    const struct tensor_entry *entry = tensor_file_find(&fixture, name);
    ck_assert_msg(entry != NULL, "%s", name);
    size_t n = entry->bytes / sizeof(float);
    float *wanted = xmalloc(entry->bytes), *got = xmalloc(entry->bytes);
    memcpy(wanted, entry->data, entry->bytes);
    struct err e = {0};
    th_read(b->step, t, TH_F32, got, entry->bytes);
    ck_assert_msg(th_take_error(b->step, &e), "%s: %s", name, e.msg);
    double largest = 0, difference = 0;
    for (size_t i = 0; i < n; i++) {
        largest = fmax(largest, fabs(wanted[i]));
        difference = fmax(difference, fabs((double)wanted[i] - got[i]));
    }
    free(wanted);
    free(got);
    return difference / largest;
}

static th_tensor *features(struct built *b, int side, bool train) {
    struct pass pass = {b->step, train, 1, 0};
    return network_features(b->n, &pass, network_normalise(b->n, &pass, pictures(b->step, side)));
}

static const int lite0_sides[] = {224, 97};

START_TEST(lite0_gives_what_timm_gives) {
    const char *dir = "datasets/weights";
    char *path = path_join(dir, trunk_tables[TRUNK_LITE0].imagenet_file), name[64];
    bool there = file_exists(path);
    free(path);
    if (!there) {
        printf("skipped: lite0_gives_what_timm_gives: no ImageNet weights in %s (`make weights`)\n",
            dir);
        return;
    }
    struct built b = built_new("{\"data\": {\"image_px\": 224}, \"trunk\": {\"name\": "
                               "\"efficientnet-lite0\", \"weights\": \"imagenet\"}, \"tasks\": "
                               "{\"gender\": {\"kind\": \"nominal\"}}}",
        dir);
    snprintf(name, sizeof name, "lite0.%d.features", lite0_sides[_i]);
    /* 1e-5 is the rounding of some 50 float32 layers in another order of sums */
    ck_assert_double_lt(relative_difference(&b, features(&b, lite0_sides[_i], false), name), 1e-5);
    built_free(&b);
}
END_TEST

static const int b0_sides[] = {64, 97};

START_TEST(b0_gives_what_torchvision_gives) {
    int side = b0_sides[_i];
    char name[64];
    struct built b = built_new("{\"trunk\": {\"name\": \"efficientnet-b0\", \"weights\": \"none\", "
                               "\"dropout\": 0, \"stochastic_depth\": 0}, \"tasks\": {\"gender\": "
                               "{\"kind\": \"nominal\"}}}",
        "nowhere");
    fill_by_formula(&b);
    snprintf(name, sizeof name, "b0.%d.features", side);
    ck_assert_double_lt(relative_difference(&b, features(&b, side, false), name), 1e-4);
    snprintf(name, sizeof name, "b0.%d.train_features", side);
    ck_assert_double_lt(relative_difference(&b, features(&b, side, true), name), 1e-4);
    size_t n, first = 4, last = 308; /* running_var of the stem and of the last convolution */
    const struct parameter *p = network_parameters(b.n, &n);
    ck_assert_str_eq(p[first].name, "stem.norm.running_var");
    ck_assert_str_eq(p[last].name, "head.norm.running_var");
    snprintf(name, sizeof name, "b0.%d.first_var", side);
    ck_assert_double_lt(relative_difference(&b, p[first].tensor, name), 1e-5);
    snprintf(name, sizeof name, "b0.%d.last_var", side);
    ck_assert_double_lt(relative_difference(&b, p[last].tensor, name), 1e-4);
    built_free(&b);
}
END_TEST

/* Whether the libtorch and the processor are those that the file was made with. */
static bool like_the_file_s_maker(void) {
#ifdef __x86_64__
    return strcmp(th_version(), "2.15.0") == 0 && __builtin_cpu_supports("avx512bf16") &&
           !__builtin_cpu_supports("amx-bf16"); /* which sums in another order */
#else
    return false;
#endif
}

/* tests/reference/autocast.py: in eval mode autocast and f32 are 3.8e-3 apart, and another libtorch's
 * kernels round as much elsewhere; in training mode, with 8 values a channel at the end, 0.58. */
START_TEST(bf16_is_pytorchs_autocast) {
    struct built b =
        built_new("{\"trunk\": {\"name\": \"efficientnet-b0\", \"weights\": \"none\", "
                  "\"dropout\": 0, \"stochastic_depth\": 0}, \"tasks\": {\"gender\": "
                  "{\"kind\": \"nominal\"}}, \"precision\": \"bf16\", \"backend\": \"libtorch\"}",
            "nowhere");
    close_fixture();
    open_file("tests/fixtures/autocast.safetensors");
    fill_by_formula(&b);
    th_set_precision(network_precision(b.c, (struct th_device){0}));
    th_tensor *eval = features(&b, 64, false), *train = features(&b, 64, true);
    th_set_precision(TH_IN_F32);
    ck_assert_int_eq(th_type_of(eval), TH_BF16);
    ck_assert_int_eq(th_type_of(train), TH_BF16);
    ck_assert_double_lt(relative_difference(&b, eval, "features"), 1e-2);
    ck_assert_double_gt(relative_difference(&b, eval, "f32_features"), 1e-3);
    if (like_the_file_s_maker()) {
        ck_assert_double_eq(relative_difference(&b, eval, "features"), 0);
        ck_assert_double_eq(relative_difference(&b, train, "train_features"), 0);
    }
    fill_by_formula(&b); /* the training pass has moved the statistics */
    ck_assert_double_lt(relative_difference(&b, features(&b, 64, false), "f32_features"), 1e-4);
    built_free(&b);
}
END_TEST

/* What the difference of two tensors comes to along numbers by formula, over what an error of the
 * tensor's own size would: numbers r in [-.5, .5) have the mean square 1/12, so |e r| is about |e| / 12^.5. */
static double summary_difference(
    struct built *b, uint64_t item, th_tensor *t, const double wanted[2]) {
    size_t n;
    float *values = built_values(b, t, &n);
    double product = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        product += (double)values[i] * formula(5000 + item, i);
        squares += (double)values[i] * values[i];
    }
    free(values);
    return fmax(fabs(product - wanted[0]) * sqrt(12), fabs(sqrt(squares) - wanted[1])) / wanted[1];
}

START_TEST(b0s_gradients_and_statistics_are_torchvisions) {
    struct built b = built_new("{\"trunk\": {\"name\": \"efficientnet-b0\", \"weights\": \"none\", "
                               "\"dropout\": 0, \"stochastic_depth\": 0}, \"tasks\": {\"gender\": "
                               "{\"kind\": \"nominal\"}}}",
        "nowhere");
    size_t n;
    const struct parameter *p = network_parameters(b.n, &n);
    char name[64];
    fill_by_formula(&b);
    for (size_t k = 0; k < n && !p[k].head; k++)
        if (!p[k].buffer)
            th_require_grad(b.life, p[k].tensor);
    th_tensor *pooled = features(&b, b0_sides[_i], true);
    float weights[2 * 1280];
    for (size_t i = 0; i < ARRAY_LEN(weights); i++)
        weights[i] = formula(9001, i);
    th_tensor *loss = th_sum(
        b.step, th_mul(b.step, pooled, th_from(b.step, TH_F32, 2, (int64_t[]){2, 1280}, weights)));
    ck_assert(th_backward(b.step, loss));
    snprintf(name, sizeof name, "b0.%d.after", b0_sides[_i]);
    const struct tensor_entry *entry = tensor_file_find(&fixture, name);
    ck_assert_msg(entry != NULL, "%s", name);
    /* A bias in front of a 1x1 convolution and its batch norm moves nothing: its gradient is 0 but for
     * rounding (below 1e-4 in the reference, the others are above .1). */
    size_t seen = 0, still = 0;
    for (size_t k = 0; k < n && !p[k].head; k++, seen++) {
        double wanted[2];
        memcpy(wanted, (const char *)entry->data + k * sizeof wanted, sizeof wanted);
        th_tensor *t = p[k].buffer ? p[k].tensor : th_grad(b.step, p[k].tensor);
        ck_assert_msg(t != NULL, "%s has no gradient", p[k].name);
        double difference = summary_difference(&b, k, t, wanted);
        bool zero = wanted[1] < 1e-3;
        still += zero;
        ck_assert_msg(zero ? difference * wanted[1] < 1e-3 : difference < 1e-3, "%s: %g", p[k].name,
            difference);
    }
    ck_assert_uint_eq(still, 16);
    ck_assert_uint_eq(seen, 309);
    ck_assert_uint_eq(entry->bytes, 309 * 2 * sizeof(double));
    built_free(&b);
}
END_TEST

/* ---- a small network's behaviour ---- */

static th_tensor *four_pictures(struct built *b, struct pass *pass) {
    th_tensor *two = network_normalise(b->n, pass, pictures(b->step, 32));
    th_tensor *turned = th_affine(b->step, two, -0.5, 0.1);
    return th_cat(b->step, 2, (th_tensor *[]){two, turned}, 0);
}

static void run(
    struct built *b, bool train, uint64_t seed, uint32_t step, th_tensor *logits[MAX_TASKS]) {
    struct pass pass = {b->step, train, seed, step};
    network_logits(b->n, &pass, four_pictures(b, &pass), logits);
    ck_assert(th_ok(b->step));
}

static void fill(struct built *b, const char *name, const float *values) {
    const struct parameter *p = built_find(b, name);
    int64_t shape[4];
    ck_assert_msg(p != NULL, "%s", name);
    for (int d = 0; d < th_dims(p->tensor); d++)
        shape[d] = th_size(p->tensor, d);
    ck_assert(
        th_assign(b->life, p->tensor, th_from(b->life, TH_F32, th_dims(p->tensor), shape, values)));
}

START_TEST(branches_begin_as_equal_copies) {
    struct built b = built_new(SMALL(PLAIN ",\"branch\":\"category\",\"branch_stage\":\"stage3\"",
                                   AGE "," GENDER "," RACE),
        "");
    size_t n, copies = 0;
    const struct parameter *p = network_parameters(b.n, &n);
    for (size_t i = 0; i < n; i++) {
        const char *at = strstr(p[i].name, "@ordinal");
        if (!at)
            continue;
        char *twin =
            xasprintf("%.*s@nominal%s", (int)(at - p[i].name), p[i].name, at + strlen("@ordinal"));
        const struct parameter *other = built_find(&b, twin);
        ck_assert_msg(other != NULL, "%s", twin);
        ck_assert_msg(built_difference(&b, p[i].tensor, &b, other->tensor) == 0, "%s", twin);
        ck_assert_ptr_ne(p[i].tensor, other->tensor);
        free(twin);
        copies++;
    }
    /* two blocks (expand, depthwise, gate, project: 5 + 5 + 4 + 5) and the last convolution (5) */
    ck_assert_uint_eq(copies, 2 * 19 + 5);
    ck_assert_ptr_nonnull(built_find(&b, "stage2.block1.depthwise.conv.weight"));
    ck_assert_ptr_nonnull(built_find(&b, "stage3@nominal.block2.gate.expand.bias"));
    ck_assert_ptr_nonnull(built_find(&b, "head@ordinal.norm.running_var"));
    ck_assert_ptr_null(built_find(&b, "stage3.block1.depthwise.conv.weight"));
    ck_assert_ptr_null(built_find(&b, "head.conv.weight"));
    built_free(&b);
    b = built_new(
        SMALL(PLAIN ",\"branch\":\"task\",\"branch_stage\":\"head\"", AGE "," GENDER), "");
    ck_assert_ptr_nonnull(built_find(&b, "head@age.conv.weight"));
    ck_assert_ptr_nonnull(built_find(&b, "head@gender.conv.weight"));
    ck_assert_ptr_null(built_find(&b, "head@race.conv.weight"));
    built_free(&b);
}
END_TEST

START_TEST(each_task_goes_through_its_own_branch) {
    enum { AGE_TASK, GENDER_TASK, RACE_TASK };
    struct built b = built_new(
        SMALL(PLAIN ",\"branch\":\"category\",\"branch_stage\":\"head\"", AGE "," GENDER "," RACE),
        "");
    float ones[96];
    th_tensor *before[MAX_TASKS], *after[MAX_TASKS];
    for (int i = 0; i < 96; i++)
        ones[i] = 1;
    run(&b, false, 1, 0, before);
    fill(&b, "head@ordinal.norm.bias", ones);
    run(&b, false, 1, 0, after);
    ck_assert_double_gt(built_difference(&b, before[AGE_TASK], &b, after[AGE_TASK]), 0);
    ck_assert_double_eq(built_difference(&b, before[GENDER_TASK], &b, after[GENDER_TASK]), 0);
    ck_assert_double_eq(built_difference(&b, before[RACE_TASK], &b, after[RACE_TASK]), 0);
    ck_assert_int_eq(th_size(after[GENDER_TASK], 1), 2);
    ck_assert_int_eq(th_size(after[RACE_TASK], 1), 5);
    built_free(&b);
}
END_TEST

/* One step of SGD on the squares of the logits. */
static void train_once(struct built *b) {
    size_t n;
    const struct parameter *p = network_parameters(b->n, &n);
    th_tensor *logits[MAX_TASKS];
    run(b, true, 1, 0, logits);
    ck_assert(th_backward(b->step, th_sum(b->step, th_mul(b->step, logits[0], logits[0]))));
    for (size_t i = 0; i < n; i++) {
        int64_t shape[4];
        for (int d = 0; d < th_dims(p[i].tensor); d++)
            shape[d] = th_size(p[i].tensor, d);
        th_tensor *weight = p[i].tensor,
                  *velocity = th_zeros(b->step, TH_F32, th_dims(weight), shape);
        ck_assert(p[i].buffer || p[i].trainable == (th_grad(b->step, weight) != NULL));
        ck_assert(th_sgd_step(b->step, 1, &weight, &velocity, (double[]){0}, 0.1, 0, NULL));
    }
}

START_TEST(a_frozen_stage_stays_as_it_is) {
    static const char text[] = SMALL(PLAIN ",\"train_from\":\"stage2\"", GENDER);
    struct built before = built_new(text, ""), after = built_new(text, "");
    size_t n, frozen = 0;
    train_once(&after);
    const struct parameter *p = network_parameters(after.n, &n);
    for (size_t i = 0; i < n; i++) {
        bool first = str_starts(p[i].name, "stem.") || str_starts(p[i].name, "stage1.");
        double moved =
            built_difference(&before, built_find(&before, p[i].name)->tensor, &after, p[i].tensor);
        ck_assert_msg(first == (moved == 0), "%s moved by %g", p[i].name, moved);
        ck_assert_int_eq(p[i].trainable, !first);
        frozen += first;
    }
    ck_assert_uint_gt(frozen, 10);
    ck_assert(!network_trunk_frozen(after.n));
    built_free(&before);
    built_free(&after);
}
END_TEST

START_TEST(a_task_or_a_seed_moves_only_its_own_draws) {
    struct built both = built_new(SMALL(PLAIN, AGE "," GENDER), ""),
                 one = built_new(SMALL(PLAIN, GENDER), "");
    struct built other = built_new("{\"seed\":2,\"data\":{\"image_px\":32},\"trunk\":{\"name\":"
                                   "\"small\",\"weights\":\"none\"},\"tasks\":{" GENDER "}}",
        "");
    size_t n;
    const struct parameter *p = network_parameters(one.n, &n);
    for (size_t i = 0; i < n; i++) {
        const struct parameter *same = built_find(&both, p[i].name),
                               *drawn = built_find(&other, p[i].name);
        bool constant = !p[i].head && p[i].norm_or_bias;
        ck_assert_msg(
            built_difference(&one, p[i].tensor, &both, same->tensor) == 0, "%s", p[i].name);
        ck_assert_msg(constant == (built_difference(&one, p[i].tensor, &other, drawn->tensor) == 0),
            "%s", p[i].name);
    }
    built_free(&both);
    built_free(&one);
    built_free(&other);
}
END_TEST

/* With branches too a task's dropout and stochastic depth are its own. */
START_TEST(leaving_a_task_out_moves_no_mask) {
#define FORKED                                                                                     \
    "\"dropout\":0.5,\"stochastic_depth\":0.9,\"branch\":\"task\",\"branch_stage\":\"stage3\""
    struct built all = built_new(SMALL(FORKED, AGE "," GENDER "," RACE), ""),
                 two = built_new(SMALL(FORKED, GENDER "," RACE), "");
    th_tensor *of_all[MAX_TASKS], *of_two[MAX_TASKS];
    run(&all, true, 7, 3, of_all);
    run(&two, true, 7, 3, of_two);
    ck_assert_double_eq(built_difference(&all, of_all[1], &two, of_two[0]), 0);
    ck_assert_double_eq(built_difference(&all, of_all[2], &two, of_two[1]), 0);
    built_free(&all);
    built_free(&two);
}
END_TEST

/* A value is 0 or 1 / .7 with variance .3 / .7, so the mean of 100,000 has a deviation of .00207. */
START_TEST(masks_keep_the_mean_and_follow_seed_and_step) {
    struct built b = built_new(SMALL(PLAIN, GENDER), "");
    struct pass pass = {b.step, true, 5, 9}, later = {b.step, true, 5, 10},
                other = {b.step, true, 6, 9};
    th_tensor *mask = keep_mask(&pass, RNG_DROPOUT, 3, 1000, 100, 0.3);
    size_t n;
    float *values = built_values(&b, mask, &n);
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        ck_assert(values[i] == 0 || values[i] == (float)(1 / 0.7));
        sum += values[i];
    }
    ck_assert_double_eq_tol(sum / 100000, 1, 0.01);
    free(values);
#define AGAIN(p, purpose, item)                                                                    \
    built_difference(&b, mask, &b, keep_mask(p, purpose, item, 1000, 100, 0.3))
    ck_assert_double_eq(AGAIN(&pass, RNG_DROPOUT, 3), 0);
    ck_assert_double_gt(AGAIN(&later, RNG_DROPOUT, 3), 0);
    ck_assert_double_gt(AGAIN(&other, RNG_DROPOUT, 3), 0);
    ck_assert_double_gt(AGAIN(&pass, RNG_STOCHASTIC_DEPTH, 3), 0);
    ck_assert_double_gt(AGAIN(&pass, RNG_DROPOUT, 4), 0);
    th_tensor *rows = keep_mask(&pass, RNG_STOCHASTIC_DEPTH, 0, 6, 0, 0.5);
    ck_assert_int_eq(th_dims(rows), 4);
    ck_assert_int_eq(th_size(rows, 0), 6);
    ck_assert_int_eq(th_count(rows), 6);
    built_free(&b);
}
END_TEST

/* Dropout and stochastic depth included: no f32 mask raises what comes after it. */
START_TEST(bf16_stays_bf16_up_to_the_logits) {
    struct built b = built_new(
        "{\"precision\":\"bf16\",\"backend\":\"libtorch\",\"data\":{\"image_px\":32},"
        "\"trunk\":{\"name\":\"small\",\"weights\":\"none\",\"dropout\":0.5,\"stochastic_depth\":0.5},\"tasks\":{"
        "\"age\":{\"hidden\":[8],\"dropout\":0.5}," GENDER "}}",
        "");
    struct pass pass = {b.step, true, 1, 0};
    th_tensor *logits[MAX_TASKS];
    th_set_precision(TH_IN_BF16);
    th_tensor *pooled = network_features(b.n, &pass, four_pictures(&b, &pass));
    run(&b, true, 1, 0, logits);
    th_set_precision(TH_IN_F32);
    ck_assert_int_eq(th_type_of(pooled), TH_BF16);
    ck_assert_int_eq(th_type_of(logits[0]), TH_F32);
    ck_assert_int_eq(th_type_of(logits[1]), TH_F32);
    built_free(&b);
}
END_TEST

START_TEST(what_training_drops_evaluation_keeps) {
    struct built with = built_new(SMALL("\"dropout\":0.5,\"stochastic_depth\":0.9",
                                      "\"gender\":{\"kind\":\"nominal\",\"dropout\":0.5}"),
                     ""),
                 without = built_new(SMALL(PLAIN, GENDER), "");
    th_tensor *x[MAX_TASKS], *y[MAX_TASKS];
    run(&with, false, 1, 0, x);
    run(&without, false, 1, 0, y);
    ck_assert_double_eq(built_difference(&with, x[0], &without, y[0]), 0);
    run(&with, false, 2, 9, y);
    ck_assert_double_eq(built_difference(&with, x[0], &with, y[0]), 0);
    run(&with, true, 1, 5, x);
    run(&with, true, 1, 5, y);
    ck_assert_double_eq(built_difference(&with, x[0], &with, y[0]), 0);
    run(&with, true, 1, 6, y);
    ck_assert_double_gt(built_difference(&with, x[0], &with, y[0]), 0);
    built_free(&with);
    built_free(&without);
}
END_TEST

START_TEST(a_row_does_not_see_its_batch) {
    struct built b = built_new(SMALL(PLAIN, GENDER), "");
    struct pass pass = {b.step, false, 1, 0};
    th_tensor *images = four_pictures(&b, &pass), *whole[MAX_TASKS], *one[MAX_TASKS],
              *three[MAX_TASKS];
    network_logits(b.n, &pass, images, whole);
    network_logits(b.n, &pass, th_narrow(b.step, images, 0, 0, 1), one);
    network_logits(b.n, &pass, th_narrow(b.step, images, 0, 1, 3), three);
    th_tensor *joined = th_cat(b.step, 2, (th_tensor *[]){one[0], three[0]}, 0);
    ck_assert_double_lt(built_difference(&b, whole[0], &b, joined), 1e-6);
    built_free(&b);
}
END_TEST

/* hidden = relu(x0, .5 - x1), logits = (h0 + 2 h1 + .1, 3 h0 + 4 h1 + .2).
 * x = (2, 3): h = (2, 0), logits 2.1, 6.2. x = (-1, -1): h = (0, 1.5), logits 3.1, 6.2. */
START_TEST(hidden_layers_by_hand) {
    struct built b =
        built_new(SMALL(PLAIN, "\"gender\":{\"kind\":\"nominal\",\"hidden\":[2]}"), "");
    static float hidden[2 * 96], features[2 * 96];
    hidden[0] = 1;
    hidden[96 + 1] = -1;
    features[0] = 2;
    features[1] = 3;
    features[96] = features[97] = -1;
    ck_assert_int_eq(network_feature_count(b.n), 96);
    fill(&b, "heads.gender.hidden1.weight", hidden);
    fill(&b, "heads.gender.hidden1.bias", (float[]){0, 0.5f});
    fill(&b, "heads.gender.out.weight", (float[]){1, 2, 3, 4});
    fill(&b, "heads.gender.out.bias", (float[]){0.1f, 0.2f});
    struct pass pass = {b.step, false, 1, 0};
    th_tensor *logits[MAX_TASKS],
        *wanted = th_from(b.step, TH_F32, 2, (int64_t[]){2, 2}, (float[]){2.1f, 6.2f, 3.1f, 6.2f});
    network_heads(b.n, &pass, th_from(b.step, TH_F32, 2, (int64_t[]){2, 96}, features), logits);
    ck_assert_double_lt(built_difference(&b, logits[0], &b, wanted), 1e-6);
    built_free(&b);
}
END_TEST

Suite *network_suite(void) {
    Suite *s = suite_create("network");
    TCase *c = tcase_create("network");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, trunks_have_the_published_counts, 0, 2);
    suite_add_tcase(s, c);
    TCase *b = tcase_create("behaviour");
    tcase_set_timeout(b, 60);
    tcase_add_test(b, branches_begin_as_equal_copies);
    tcase_add_test(b, each_task_goes_through_its_own_branch);
    tcase_add_test(b, a_frozen_stage_stays_as_it_is);
    tcase_add_test(b, a_task_or_a_seed_moves_only_its_own_draws);
    tcase_add_test(b, leaving_a_task_out_moves_no_mask);
    tcase_add_test(b, masks_keep_the_mean_and_follow_seed_and_step);
    tcase_add_test(b, bf16_stays_bf16_up_to_the_logits);
    tcase_add_test(b, what_training_drops_evaluation_keeps);
    tcase_add_test(b, a_row_does_not_see_its_batch);
    tcase_add_test(b, hidden_layers_by_hand);
    suite_add_tcase(s, b);
    TCase *r = tcase_create("reference");
    tcase_set_timeout(r, 60);
    tcase_add_checked_fixture(r, open_fixture, close_fixture);
    tcase_add_loop_test(r, lite0_gives_what_timm_gives, 0, 2);
    tcase_add_loop_test(r, b0_gives_what_torchvision_gives, 0, 2);
    tcase_add_test(r, bf16_is_pytorchs_autocast);
    tcase_add_loop_test(r, b0s_gradients_and_statistics_are_torchvisions, 0, 2);
    suite_add_tcase(s, r);
    return s;
}
