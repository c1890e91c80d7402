/* The shim over libtorch: every operation on values worked by hand, and the contract of scopes. */
#include "check_suites.h"

#include "torch/th.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const struct th_device cpu = {0, 0};
static th_scope *s;

static void open_scope(void) {
    s = th_scope_new(cpu);
}

static void close_scope(void) {
    th_scope_free(s);
}

/* ---- helpers ---- */

#define SHAPE(...)                                                                                 \
    (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]) {                       \
        __VA_ARGS__                                                                                \
    }

static th_tensor *vector(int n, const double *values) {
    return th_from(s, TH_F64, 1, (int64_t[]){n}, values);
}
#define VECTOR(...)                                                                                \
    vector((int)(sizeof((double[]){__VA_ARGS__}) / sizeof(double)), (double[]){__VA_ARGS__})

static th_tensor *matrix(int rows, int columns, const double *values) {
    return th_from(s, TH_F64, 2, (int64_t[]){rows, columns}, values);
}

/* The elements of t in row-major order are `wanted`, and nothing failed. */
static void expect(th_tensor *t, int n, const double *wanted, double tolerance) {
    struct err e = {0};
    double got[64];
    ck_assert_int_le(n, 64);
    ck_assert_msg(th_take_error(s, &e), "%s", e.msg);
    ck_assert_int_eq(th_count(t), n);
    ck_assert_msg(th_read(s, t, TH_F64, got, (size_t)n * sizeof *got), "unreadable");
    for (int i = 0; i < n; i++)
        ck_assert_msg(fabs(got[i] - wanted[i]) <= tolerance, "element %d: %.9g, expected %.9g", i,
            got[i], wanted[i]);
}
#define EXPECT(t, ...)                                                                             \
    expect((t), (int)(sizeof((double[]){__VA_ARGS__}) / sizeof(double)), (double[]){__VA_ARGS__}, 0)
#define EXPECT_NEAR(t, ...)                                                                        \
    expect((t), (int)(sizeof((double[]){__VA_ARGS__}) / sizeof(double)), (double[]){__VA_ARGS__},  \
        1e-6)

static void expect_shape(const th_tensor *t, int n_dims, const int64_t *shape) {
    ck_assert_int_eq(th_dims(t), n_dims);
    for (int i = 0; i < n_dims; i++)
        ck_assert_int_eq(th_size(t, i), shape[i]);
}

/* The scope failed with this in its message; afterwards it is fit for use. */
static void expect_failure(const char *part) {
    struct err e = {0};
    ck_assert(!th_ok(s));
    ck_assert(!th_take_error(s, &e));
    ck_assert_msg(strstr(e.msg, part) != NULL, "\"%s\" is not in: %s", part, e.msg);
    ck_assert_msg(strchr(e.msg, '\n') == NULL, "more than one line: %s", e.msg);
    ck_assert(th_ok(s));
}

/* ---- the process ---- */

START_TEST(setup_sets_threads) {
    struct err e = {0};
    ck_assert_msg(th_setup(1, true, &e), "%s", e.msg);
    ck_assert_int_eq(th_threads(), 1);
    ck_assert_msg(th_setup(2, true, &e), "%s", e.msg);
    ck_assert_int_eq(th_threads(), 2);
    ck_assert_msg(th_setup(0, false, &e), "%s", e.msg);
    ck_assert_int_ge(th_threads(), 1);
}
END_TEST

START_TEST(what_is_linked) {
    int major = 0, minor = 0;
    ck_assert_int_eq(sscanf(th_version(), "%d.%d", &major, &minor), 2);
    ck_assert_int_ge(100 * major + minor, 113);
    ck_assert_str_ne(th_blas(), "");
    ck_assert_str_ne(th_blas(), "reference"); /* 14 to 20 times slower: setup installs another */
}
END_TEST

START_TEST(devices_are_parsed) {
    struct err e = {0};
    struct th_device d = {1, 7};
    char name[128];
    ck_assert(th_device_parse("cpu", &d, &e));
    ck_assert_int_eq(d.kind, 0);
    th_device_name(d, name);
    ck_assert_msg(strncmp(name, "cpu: ", 5) == 0 && strlen(name) > 5, "%s", name);
    ck_assert_int_eq(th_device_peak_bytes(d), 0);
    th_synchronize(d);
}
END_TEST

static const char *const no_devices[] = {"cuda:9", "gpu", "cuda:x", "cuda:", "cuda:-1", "cuda:1x",
    "cudax", "", "CPU", "cuda:99999999999999999999"};

START_TEST(wrong_devices_are_named) {
    struct err e = {0};
    struct th_device d;
    char wanted[128];
    snprintf(wanted, sizeof wanted, "--device %s: there is no such device; there ", no_devices[_i]);
    ck_assert(!th_device_parse(no_devices[_i], &d, &e));
    ck_assert_int_eq(e.kind, ERR_USAGE);
    ck_assert_msg(strncmp(e.msg, wanted, strlen(wanted)) == 0, "%s", e.msg);
}
END_TEST

START_TEST(cuda_is_there_or_the_error_says_what_is) {
    struct err e = {0};
    struct th_device d;
    if (th_device_parse("cuda", &d, &e)) {
        ck_assert_int_eq(d.kind, 1);
        ck_assert_int_eq(d.index, 0);
    } else {
        ck_assert_msg(strstr(e.msg, "there is only cpu (libtorch ") != NULL, "%s", e.msg);
        ck_assert_msg(strstr(e.msg, " sees no GPU)") != NULL, "%s", e.msg);
    }
}
END_TEST

/* ---- scopes ---- */

START_TEST(the_first_error_stays) {
    th_tensor *two = VECTOR(1, 2), *three = VECTOR(1, 2, 3);
    ck_assert(th_ok(s));
    th_where(s, "stage%d block %d", 3, 1);
    ck_assert_ptr_null(th_add(s, two, three));
    ck_assert(!th_ok(s));
    th_where(s, "elsewhere");
    ck_assert_ptr_null(th_add(s, two, two)); /* would do, but the scope has failed */
    ck_assert_ptr_null(th_rows(s, two, three));
    ck_assert_ptr_null(th_zeros(s, TH_F32, SHAPE(1)));
    ck_assert(isnan(th_item(s, th_scalar(s, 1))));
    ck_assert(!th_assign(s, two, two));
    ck_assert(!th_backward(s, two));
    struct err e = {0};
    ck_assert(!th_take_error(s, &e));
    ck_assert_msg(strncmp(e.msg, "stage3 block 1: The size of tensor a (2) must match", 51) == 0,
        "%s", e.msg);
    ck_assert(th_take_error(s, &e)); /* it was moved */
    EXPECT(th_add(s, two, two), 2, 4);
}
END_TEST

START_TEST(clearing_drops_error_place_and_tensors) {
    th_where(s, "place");
    th_add(s, VECTOR(1, 2), VECTOR(1, 2, 3));
    th_scope_clear(s);
    ck_assert(th_ok(s));
    ck_assert_uint_eq(th_mark(s), 0);
    th_add(s, VECTOR(1, 2), VECTOR(1, 2, 3));
    struct err e = {0};
    ck_assert(!th_take_error(s, &e));
    ck_assert_msg(strstr(e.msg, "place") == NULL, "%s", e.msg);
    th_scope_free(NULL);
}
END_TEST

START_TEST(pop_drops_what_is_after_the_mark_but_one) {
    th_tensor *old = VECTOR(1);
    size_t mark = th_mark(s);
    VECTOR(2);
    th_tensor *kept = VECTOR(3);
    VECTOR(4);
    ck_assert_uint_eq(th_mark(s), mark + 3);
    ck_assert_ptr_eq(th_pop(s, mark, kept), kept);
    ck_assert_uint_eq(th_mark(s), mark + 1);
    EXPECT(kept, 3);
    ck_assert_ptr_eq(th_pop(s, mark, old), old); /* older than the mark: all behind it goes */
    ck_assert_uint_eq(th_mark(s), mark);
    EXPECT(old, 1);
    ck_assert_ptr_null(th_pop(s, 0, NULL));
    ck_assert_uint_eq(th_mark(s), 0);
    ck_assert_ptr_null(th_pop(s, 5, NULL)); /* a mark beyond the end: nothing to drop */
}
END_TEST

START_TEST(kept_tensors_share_storage_and_outlive_their_scope) {
    th_scope *longer = th_scope_new(cpu);
    th_tensor *t = VECTOR(1, 2), *same = th_keep(longer, t);
    ck_assert(th_assign(s, t, VECTOR(3, 4)));
    th_scope_clear(s);
    EXPECT(same, 3, 4);
    th_scope_free(longer);
}
END_TEST

START_TEST(null_operands_are_harmless) {
    th_tensor *t = VECTOR(1, 2), *none = NULL, *pair[] = {t, NULL};
    double buffer[2] = {7, 7};
    const double decay[2] = {0, 0};
    th_tensor *results[] = {th_add(s, none, t), th_sub(s, t, none), th_mul(s, none, none),
        th_div(s, none, t), th_affine(s, none, 2, 1), th_exp(s, none), th_log(s, none),
        th_sum(s, none), th_sum_dim(s, none, 0), th_mean_hw(s, none, true), th_greater(s, none, t),
        th_reshape(s, none, SHAPE(2)), th_permute(s, none, 1, (int[]){0}),
        th_channels_last(s, none), th_narrow(s, none, 0, 0, 1), th_rows(s, t, none),
        th_gather(s, none, t), th_cat(s, 2, pair, 0), th_stack(s, 2, pair),
        th_convert(s, none, TH_F32), th_detach(s, none), th_clone(s, none), th_keep(s, none),
        th_conv2d(s, none, t, t, 1, 0, 1), th_pad(s, none, 1, 1, 1, 1),
        th_batch_norm(s, t, t, t, t, none, true, 0.1, 1e-5), th_linear(s, t, t, none),
        th_relu(s, none), th_relu6(s, none), th_silu(s, none), th_sigmoid(s, none),
        th_softplus(s, none), th_softmax(s, none), th_log_softmax(s, none), th_grad(s, none)};
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++)
        ck_assert_msg(results[i] == NULL, "operation %zu", i);
    ck_assert(!th_read(s, none, TH_F64, buffer, sizeof buffer) && buffer[0] == 7);
    ck_assert(isnan(th_item(s, none)));
    ck_assert(!th_assign(s, none, t) && !th_assign(s, t, none));
    ck_assert(!th_require_grad(s, none) && !th_backward(s, none));
    ck_assert(!th_sgd_step(s, 2, pair, (th_tensor *[]){t, t}, decay, 1, 0));
    ck_assert(!th_sgd_step(s, 2, (th_tensor *[]){t, t}, pair, decay, 1, 0));
    ck_assert_int_eq(th_dims(none), 0);
    ck_assert_int_eq(th_size(none, 0), 0);
    ck_assert_int_eq(th_count(none), 0);
    ck_assert(th_ok(s));
}
END_TEST

START_TEST(exceptions_end_as_messages) {
    th_tensor *m = matrix(2, 2, (double[]){1, 2, 3, 4}), *v = VECTOR(1, 2);
    th_tensor *beyond = th_from(s, TH_I64, SHAPE(1), (int64_t[]){2});
    th_reshape(s, m, SHAPE(3));
    expect_failure("shape '[3]' is invalid for input of size 4");
    th_rows(s, m, beyond);
    expect_failure("index out of range");
    th_gather(s, m, th_from(s, TH_I64, SHAPE(2), (int64_t[]){0, 2}));
    expect_failure("out of bounds");
    th_rows(s, m, v);
    expect_failure("int"); /* an index of doubles */
    th_permute(s, m, 2, (int[]){0, 0});
    expect_failure("permute");
    th_permute(s, m, 1, (int[]){0});
    expect_failure("permute");
    th_narrow(s, m, 0, 1, 2);
    expect_failure("exceeds dimension size");
    th_narrow(s, m, 2, 0, 1);
    expect_failure("Dimension out of range");
    th_sum_dim(s, m, 2);
    expect_failure("Dimension out of range");
    th_cat(s, 2, (th_tensor *[]){m, v}, 0);
    expect_failure("same number of dimensions");
    th_cat(s, 0, NULL, 0);
    expect_failure("empty");
    th_stack(s, 0, NULL);
    expect_failure("non-empty");
    th_zeros(s, TH_F32, SHAPE(-1));
    expect_failure("negative dimension");
    th_from(s, TH_F64, SHAPE(-1), (double[]){1});
    expect_failure("negative size -1");
    th_borrow(s, TH_F64, SHAPE(2, -3), (double[]){1});
    expect_failure("negative size -3");
    th_zeros(s, TH_F64, SHAPE(INT64_MAX / 16, 4));
    expect_failure("");
    th_item(s, m);
    expect_failure("4 elements cannot be converted to Scalar");
    th_assign(s, m, v);
    expect_failure("th_assign: shape [2, 2] is given [2]");
    th_read(s, m, TH_F64, (double[4]){0}, 3 * sizeof(double));
    expect_failure("the tensor has 32 bytes, the caller's buffer 24");
    th_backward(s, m);
    expect_failure("grad");
    th_require_grad(s, beyond);
    expect_failure("floating point");
    th_linear(s, m, matrix(1, 3, (double[]){1, 2, 3}), VECTOR(1));
    expect_failure("mat1 and mat2");
    th_conv2d(s, m, m, NULL, 1, 0, 1);
    expect_failure("");
    th_channels_last(s, m);
    expect_failure("rank 4");
}
END_TEST

/* ---- making, moving, reading ---- */

START_TEST(tensors_are_made_of_every_type) {
    static const double as[][2] = {{1.5, -2}, {1.5, -2}, {-5, 9e15}, {0, 255}, {0, 1}};
    const float f32[] = {1.5f, -2};
    const int64_t i64[] = {-5, 9000000000000000};
    const uint8_t u8[] = {0, 255};
    const bool truth[] = {false, true};
    const void *data[] = {f32, as[TH_F64], i64, u8, truth};
    for (enum th_type type = TH_F32; type <= TH_BOOL; type++) {
        th_tensor *t = th_from(s, type, SHAPE(2, 1), data[type]);
        ck_assert_int_eq(th_type_of(t), type);
        expect_shape(t, SHAPE(2, 1));
        expect(t, 2, as[type], 0);
        EXPECT(th_zeros(s, type, SHAPE(2)), 0, 0);
        ck_assert_int_eq(th_type_of(th_zeros(s, type, SHAPE(2))), type);
    }
    th_tensor *scalar = th_scalar(s, 0.5);
    ck_assert_int_eq(th_dims(scalar), 0);
    ck_assert_int_eq(th_type_of(scalar), TH_F32);
    ck_assert_double_eq(th_item(s, scalar), 0.5);
    ck_assert_int_eq(th_count(th_zeros(s, TH_F32, SHAPE(3, 0))), 0);
    ck_assert(th_read(s, th_zeros(s, TH_F32, SHAPE(0)), TH_F32, NULL, 0));
}
END_TEST

START_TEST(sizes_count_from_both_ends) {
    th_tensor *t = th_zeros(s, TH_U8, SHAPE(2, 3, 4));
    ck_assert_int_eq(th_size(t, -1), 4);
    ck_assert_int_eq(th_size(t, -3), 2);
    ck_assert_int_eq(th_size(t, 3), 0);
    ck_assert_int_eq(th_size(t, -4), 0);
    ck_assert_int_eq(th_count(t), 24);
    ck_assert(th_ok(s));
}
END_TEST

START_TEST(borrowed_memory_is_shared_and_copied_memory_is_not) {
    double values[] = {1, 2};
    th_tensor *borrowed = th_borrow(s, TH_F64, SHAPE(2), values);
    th_tensor *copied = th_from(s, TH_F64, SHAPE(2), values);
    values[0] = 5;
    EXPECT(borrowed, 5, 2);
    EXPECT(copied, 1, 2);
    th_tensor *clone = th_clone(s, borrowed), *detached = th_detach(s, borrowed);
    values[1] = 6;
    EXPECT(clone, 5, 2);
    EXPECT(detached, 5, 6);
}
END_TEST

START_TEST(reading_converts) {
    th_tensor *t = VECTOR(1.75, 3);
    float f32[2];
    int64_t i64[2];
    ck_assert(th_read(s, t, TH_F32, f32, sizeof f32) && f32[0] == 1.75f);
    ck_assert(th_read(s, t, TH_I64, i64, sizeof i64) && i64[0] == 1 && i64[1] == 3);
    th_tensor *turned = th_permute(s, matrix(2, 3, (double[]){1, 2, 3, 4, 5, 6}), 2, (int[]){1, 0});
    EXPECT(turned, 1, 4, 2, 5, 3, 6); /* contiguous in its own order */
    ck_assert_int_eq(th_type_of(th_convert(s, t, TH_U8)), TH_U8);
    EXPECT(th_convert(s, t, TH_I64), 1, 3);
}
END_TEST

/* ---- shape ---- */

START_TEST(shapes_by_hand) {
    th_tensor *m = matrix(2, 3, (double[]){1, 2, 3, 4, 5, 6});
    expect_shape(th_reshape(s, m, SHAPE(3, 2)), SHAPE(3, 2));
    EXPECT(th_narrow(s, m, 1, 1, 2), 2, 3, 5, 6);
    EXPECT(th_rows(s, m, th_from(s, TH_I64, SHAPE(3), (int64_t[]){1, 0, 1})), 4, 5, 6, 1, 2, 3, 4,
        5, 6);
    EXPECT(th_gather(s, m, th_from(s, TH_I64, SHAPE(2), (int64_t[]){2, 0})), 3, 4);
    th_tensor *parts[] = {m, th_narrow(s, m, 1, 0, 1)};
    EXPECT(th_cat(s, 2, parts, 1), 1, 2, 3, 1, 4, 5, 6, 4);
    th_tensor *scalars[] = {th_scalar(s, 7), th_scalar(s, 8)};
    expect_shape(th_stack(s, 2, scalars), SHAPE(2));
    EXPECT(th_stack(s, 2, scalars), 7, 8);
}
END_TEST

START_TEST(views_share_storage) {
    th_tensor *m = matrix(2, 2, (double[]){1, 2, 3, 4});
    th_tensor *column = th_narrow(s, m, 1, 1, 1), *turned = th_permute(s, m, 2, (int[]){1, 0});
    th_assign(s, m, matrix(2, 2, (double[]){5, 6, 7, 8}));
    EXPECT(column, 6, 8);
    EXPECT(turned, 5, 7, 6, 8);
}
END_TEST

START_TEST(channels_last_changes_no_value) {
    th_tensor *t = th_reshape(s, VECTOR(1, 2, 3, 4, 5, 6, 7, 8), SHAPE(1, 2, 2, 2));
    th_tensor *last = th_channels_last(s, t);
    expect_shape(last, SHAPE(1, 2, 2, 2));
    EXPECT(last, 1, 2, 3, 4, 5, 6, 7, 8);
}
END_TEST

/* ---- arithmetic ---- */

START_TEST(arithmetic_by_hand) {
    th_tensor *m = matrix(2, 2, (double[]){1, 2, 3, 4}), *row = VECTOR(10, 20);
    EXPECT(th_add(s, m, row), 11, 22, 13, 24); /* broadcast over rows */
    EXPECT(th_sub(s, m, row), -9, -18, -7, -16);
    EXPECT(th_mul(s, m, row), 10, 40, 30, 80);
    EXPECT_NEAR(th_div(s, m, row), .1, .1, .3, .2);
    EXPECT(th_affine(s, m, 2, -1), 1, 3, 5, 7);
    EXPECT(th_affine(s, m, 1, 0), 1, 2, 3, 4);
    EXPECT(th_affine(s, m, 1, 1), 2, 3, 4, 5);
    EXPECT_NEAR(th_exp(s, VECTOR(0, 1)), 1, 2.718281828459045);
    EXPECT_NEAR(th_log(s, VECTOR(1, 10)), 0, 2.302585092994046);
    ck_assert_double_eq(th_item(s, th_sum(s, m)), 10);
    EXPECT(th_sum_dim(s, m, 0), 4, 6);
    EXPECT(th_sum_dim(s, m, -1), 3, 7);
    EXPECT(th_greater(s, m, VECTOR(1, 1)), 0, 1, 1, 1);
    ck_assert_int_eq(th_type_of(th_greater(s, m, row)), TH_BOOL);
}
END_TEST

/* Channels (1 2 3 4) and (5 6 7 8): means 2.5 and 6.5. */
START_TEST(mean_over_height_and_width) {
    th_tensor *t = th_reshape(s, VECTOR(1, 2, 3, 4, 5, 6, 7, 8), SHAPE(1, 2, 2, 2));
    EXPECT(th_mean_hw(s, t, false), 2.5, 6.5);
    expect_shape(th_mean_hw(s, t, false), SHAPE(1, 2));
    expect_shape(th_mean_hw(s, t, true), SHAPE(1, 2, 1, 1));
}
END_TEST

/* ---- layers ---- */

/* x = (1 2 3; 4 5 6; 7 8 9), w = (1 0; 0 -1): top left 1 - 5 = -4, so every place has -4; bias .5. */
START_TEST(convolution_by_hand) {
    th_tensor *x = th_reshape(s, VECTOR(1, 2, 3, 4, 5, 6, 7, 8, 9), SHAPE(1, 1, 3, 3));
    th_tensor *w = th_reshape(s, VECTOR(1, 0, 0, -1), SHAPE(1, 1, 2, 2));
    EXPECT(th_conv2d(s, x, w, NULL, 1, 0, 1), -4, -4, -4, -4);
    EXPECT(th_conv2d(s, x, w, VECTOR(.5), 2, 0, 1), -3.5);
    /* a border of zeros, stride 2: corners 0 - 1, 0 - 3, 0 - 7, 5 - 9 */
    EXPECT(th_conv2d(s, x, w, NULL, 2, 1, 1), -1, -3, -7, -4);
    /* two groups of one channel: each its own factor */
    th_tensor *two = th_reshape(s, VECTOR(1, 2), SHAPE(1, 2, 1, 1));
    th_tensor *factors = th_reshape(s, VECTOR(3, 5), SHAPE(2, 1, 1, 1));
    EXPECT(th_conv2d(s, two, factors, NULL, 1, 0, 2), 3, 10);
}
END_TEST

START_TEST(padding_by_hand) {
    th_tensor *x = th_reshape(s, VECTOR(1, 2), SHAPE(1, 1, 1, 2));
    th_tensor *y = th_pad(s, x, 1, 0, 0, 1); /* left and bottom */
    expect_shape(y, SHAPE(1, 1, 2, 3));
    EXPECT(y, 0, 1, 2, 0, 0, 0);
    EXPECT(th_pad(s, x, 0, 2, 1, 0), 0, 0, 0, 0, 1, 2, 0, 0);
}
END_TEST

/* x = (1, 3): mean 2, variance 1 (2 with n - 1). Training: (x - 2) / 1 * 2 + 1 = -1, 3; running mean
 * .9 x 0 + .1 x 2 = .2, running variance .9 x 1 + .1 x 2 = 1.1. Evaluation with mean 0, variance 4:
 * x / 2 * 2 + 1 = 2, 4. */
START_TEST(batch_norm_by_hand) {
    th_tensor *x = th_reshape(s, VECTOR(1, 3), SHAPE(2, 1, 1, 1));
    th_tensor *w = VECTOR(2), *b = VECTOR(1), *mean = VECTOR(0), *var = VECTOR(1);
    EXPECT_NEAR(th_batch_norm(s, x, w, b, mean, var, true, 0.1, 0), -1, 3);
    EXPECT_NEAR(mean, 0.2);
    EXPECT_NEAR(var, 1.1);
    th_tensor *zero = VECTOR(0), *four = VECTOR(4);
    EXPECT_NEAR(th_batch_norm(s, x, w, b, zero, four, false, 0.1, 0), 2, 4);
    EXPECT(zero, 0);
    EXPECT(four, 4);
    EXPECT_NEAR(th_batch_norm(s, x, w, b, zero, four, false, 0.1, 12), 1.5, 2.5); /* sqrt(16) */
}
END_TEST

/* W = (1 2; 3 4; 5 6), x = (1, -1): x W' = -1, -1, -1, plus b = (0, 1, 2). */
START_TEST(linear_by_hand) {
    th_tensor *w = matrix(3, 2, (double[]){1, 2, 3, 4, 5, 6});
    EXPECT(th_linear(s, matrix(1, 2, (double[]){1, -1}), w, VECTOR(0, 1, 2)), -1, 0, 1);
}
END_TEST

/* sigmoid(log 3) = 3/4; softplus(log 3) = log 4; softmax(0, log 3) = 1/4, 3/4. */
START_TEST(activations_by_hand) {
    const double log3 = 1.0986122886681098;
    EXPECT(th_relu(s, VECTOR(-1, 0, 7)), 0, 0, 7);
    EXPECT(th_relu6(s, VECTOR(-1, 3, 7)), 0, 3, 6);
    EXPECT_NEAR(th_sigmoid(s, VECTOR(0, log3)), .5, .75);
    EXPECT_NEAR(th_silu(s, VECTOR(0, log3)), 0, .75 * log3);
    EXPECT_NEAR(th_softplus(s, VECTOR(0, log3, 1000, -1000)), 0.6931471805599453,
        1.3862943611198906, 1000, 0);
    th_tensor *z = matrix(2, 2, (double[]){0, log3, 5, 5});
    EXPECT_NEAR(th_softmax(s, z), .25, .75, .5, .5);
    EXPECT_NEAR(th_log_softmax(s, z), log(.25), log(.75), log(.5), log(.5));
    EXPECT_NEAR(th_log_softmax(s, VECTOR(0, 1000)), -1000, 0);
}
END_TEST

/* ---- learning ---- */

/* d/dw of sum(w^2 x) = 2 w x; a second backward adds to the first. */
START_TEST(gradients_add_up) {
    th_tensor *w = VECTOR(3, -1), *x = VECTOR(1, 2);
    ck_assert(th_require_grad(s, w));
    ck_assert_ptr_null(th_grad(s, w));
    ck_assert(th_ok(s));
    ck_assert(th_backward(s, th_sum(s, th_mul(s, th_mul(s, w, w), x))));
    EXPECT(th_grad(s, w), 6, -4);
    ck_assert(th_backward(s, th_sum(s, th_mul(s, w, x))));
    EXPECT(th_grad(s, w), 7, -2);
    ck_assert_ptr_null(th_grad(s, x));
    /* what is detached takes no part: d/dw of sum(w stop(w)) = w */
    ck_assert(th_backward(s, th_sum(s, th_mul(s, w, th_detach(s, w)))));
    EXPECT(th_grad(s, w), 10, -3);
}
END_TEST

static bool records(th_tensor *w) {
    bool yes = th_backward(s, th_sum(s, w));
    struct err e = {0};
    th_take_error(s, &e);
    return yes;
}

START_TEST(no_grad_pairs_nest) {
    th_tensor *w = VECTOR(1);
    th_require_grad(s, w);
    th_no_grad_begin();
    th_no_grad_begin();
    ck_assert(!records(w));
    th_no_grad_end();
    ck_assert(!records(w)); /* one pair is still open */
    th_no_grad_end();
    ck_assert(records(w));
}
END_TEST

/* Assigning to a leaf records nothing and its gradient stays its own. */
START_TEST(assigning_records_nothing) {
    th_tensor *w = VECTOR(1, 2);
    th_require_grad(s, w);
    ck_assert(th_assign(s, w, VECTOR(5, 6)));
    ck_assert(records(w));
    EXPECT(th_grad(s, w), 1, 1);
}
END_TEST

/* w = 2, loss 3 w: gradient 3; lr .1, momentum .9, decay .5.
 * Step 1: g = 3 + .5 x 2 = 4, v = 4, w = 2 - .4 = 1.6.
 * Step 2: g = 3 + .5 x 1.6 = 3.8, v = .9 x 4 + 3.8 = 7.4, w = 1.6 - .74 = .86.
 * Without decay: v = 3, w = 1.7; v = 2.7 + 3 = 5.7, w = 1.13. */
START_TEST(two_steps_of_sgd_by_hand) {
    static const double decay[] = {0.5, 0, 0.5}, w1[] = {1.6, 1.7, 7}, w2[] = {0.86, 1.13, 7};
    static const double *const after[] = {w1, w2};
    th_tensor *w[] = {VECTOR(2), VECTOR(2), VECTOR(7)}; /* the last takes no part in the loss */
    th_tensor *v[] = {VECTOR(0), VECTOR(0), VECTOR(0)};
    for (int i = 0; i < 3; i++)
        th_require_grad(s, w[i]);
    for (int step = 0; step < 2; step++) {
        ck_assert(th_backward(s, th_sum(s, th_affine(s, th_add(s, w[0], w[1]), 3, 0))));
        ck_assert(th_sgd_step(s, 3, w, v, decay, 0.1, 0.9));
        for (int i = 0; i < 3; i++) {
            expect(w[i], 1, &after[step][i], 1e-12);
            ck_assert_ptr_null(th_grad(s, w[i]));
        }
    }
    EXPECT_NEAR(v[0], 7.4);
    EXPECT_NEAR(v[1], 5.7);
    EXPECT(v[2], 0);
    ck_assert(th_sgd_step(s, 3, w, v, decay, 0.1, 0.9)); /* no gradients: nothing moves */
    EXPECT_NEAR(w[0], 0.86);
    EXPECT_NEAR(v[0], 7.4);
}
END_TEST

Suite *torch_suite(void) {
    Suite *suite = suite_create("torch");
    TCase *process = tcase_create("process");
    tcase_add_test(process, setup_sets_threads);
    tcase_add_test(process, what_is_linked);
    tcase_add_test(process, devices_are_parsed);
    tcase_add_loop_test(
        process, wrong_devices_are_named, 0, sizeof no_devices / sizeof no_devices[0]);
    tcase_add_test(process, cuda_is_there_or_the_error_says_what_is);
    suite_add_tcase(suite, process);
    TCase *scopes = tcase_create("scopes");
    tcase_add_checked_fixture(scopes, open_scope, close_scope);
    tcase_add_test(scopes, the_first_error_stays);
    tcase_add_test(scopes, clearing_drops_error_place_and_tensors);
    tcase_add_test(scopes, pop_drops_what_is_after_the_mark_but_one);
    tcase_add_test(scopes, kept_tensors_share_storage_and_outlive_their_scope);
    tcase_add_test(scopes, null_operands_are_harmless);
    tcase_add_test(scopes, exceptions_end_as_messages);
    suite_add_tcase(suite, scopes);
    TCase *operations = tcase_create("operations");
    tcase_add_checked_fixture(operations, open_scope, close_scope);
    tcase_add_test(operations, tensors_are_made_of_every_type);
    tcase_add_test(operations, sizes_count_from_both_ends);
    tcase_add_test(operations, borrowed_memory_is_shared_and_copied_memory_is_not);
    tcase_add_test(operations, reading_converts);
    tcase_add_test(operations, shapes_by_hand);
    tcase_add_test(operations, views_share_storage);
    tcase_add_test(operations, channels_last_changes_no_value);
    tcase_add_test(operations, arithmetic_by_hand);
    tcase_add_test(operations, mean_over_height_and_width);
    tcase_add_test(operations, convolution_by_hand);
    tcase_add_test(operations, padding_by_hand);
    tcase_add_test(operations, batch_norm_by_hand);
    tcase_add_test(operations, linear_by_hand);
    tcase_add_test(operations, activations_by_hand);
    suite_add_tcase(suite, operations);
    TCase *learning = tcase_create("learning");
    tcase_add_checked_fixture(learning, open_scope, close_scope);
    tcase_add_test(learning, gradients_add_up);
    tcase_add_test(learning, no_grad_pairs_nest);
    tcase_add_test(learning, assigning_records_nothing);
    tcase_add_test(learning, two_steps_of_sgd_by_hand);
    suite_add_tcase(suite, learning);
    return suite;
}
