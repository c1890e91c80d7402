/* Every operation of the shim over libtorch on values worked by hand. */
#include "check_suites.h"

#include "fixture_tensors.h"

#include <math.h>
#include <stdint.h>

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

/* bf16 has 8 bits of mantissa: 1 + 2^-9 becomes 1, 1 + 2^-7 stays. Gradients of (1 + 2^-9) w with w = 3:
 * that of the f32 weight is the rounded operand, 1, and f32 itself. Doubles are left alone. */
START_TEST(layers_in_bf16_by_hand) {
    const float near[] = {1 + 0x1p-9f, 1 + 0x1p-7f}, three = 3;
    th_tensor *x = th_from(s, TH_F32, SHAPE(2, 1), near),
              *w = th_from(s, TH_F32, SHAPE(1, 1), &three), *zero = th_zeros(s, TH_F32, SHAPE(1));
    th_tensor *image = th_reshape(s, x, SHAPE(1, 1, 2, 1)),
              *kernel = th_reshape(s, w, SHAPE(1, 1, 1, 1));
    th_require_grad(s, w);
    EXPECT(th_linear(s, x, w, zero), 3 + 3 * 0x1p-9, 3 + 3 * 0x1p-7);
    th_set_precision(TH_IN_BF16);
    th_tensor *y = th_linear(s, x, w, zero), *z = th_conv2d(s, image, kernel, zero, 1, 0, 1);
    th_tensor *doubles = th_linear(s, VECTOR(1 + 0x1p-9), matrix(1, 1, (double[]){3}), VECTOR(0));
    th_set_precision(TH_IN_F32);
    ck_assert_int_eq(th_type_of(y), TH_BF16);
    ck_assert_int_eq(th_type_of(z), TH_BF16);
    EXPECT(y, 3, 3 + 0x1p-5); /* 3 (1 + 2^-7) lies between two numbers of bf16: the even one */
    EXPECT(z, 3, 3 + 0x1p-5);
    EXPECT(doubles, 3 + 3 * 0x1p-9);
    th_backward(s, th_sum(s, th_narrow(s, th_convert(s, y, TH_F32), 0, 0, 1)));
    ck_assert_int_eq(th_type_of(th_grad(s, w)), TH_F32);
    EXPECT(th_grad(s, w), 1);
    EXPECT(th_linear(s, x, w, zero), 3 + 3 * 0x1p-9, 3 + 3 * 0x1p-7); /* f32 again */
}
END_TEST

/* x = (1, 3) as above, with f32 statistics: 1 / 10 x 2 is no number of bf16, so the mean shows its type. */
START_TEST(batch_norm_of_bf16_keeps_f32_statistics) {
    const float two = 2, one = 1, zero = 0;
    th_tensor *x = th_convert(s, th_reshape(s, VECTOR(1, 3), SHAPE(2, 1, 1, 1)), TH_BF16);
    th_tensor *mean = th_from(s, TH_F32, SHAPE(1), &zero),
              *var = th_from(s, TH_F32, SHAPE(1), &one);
    th_tensor *y = th_batch_norm(s, x, th_from(s, TH_F32, SHAPE(1), &two),
        th_from(s, TH_F32, SHAPE(1), &one), mean, var, true, 0.1, 0);
    ck_assert_int_eq(th_type_of(y), TH_BF16);
    EXPECT_NEAR(y, -1, 3);
    EXPECT_NEAR(mean, 0.2);
    EXPECT_NEAR(var, 1.1);
}
END_TEST

/* Two 2 x 3 images of one channel, 0..5 and 6..11. Image 1 upside down and mirrored; image 0 moved down
 * and right by one with edges repeated; image 1 again, its middle column twice. */
START_TEST(windows_by_hand) {
    uint8_t bytes[12];
    for (int i = 0; i < 12; i++)
        bytes[i] = (uint8_t)i;
    th_tensor *images = th_from(s, TH_U8, SHAPE(2, 2, 3, 1), bytes);
    th_tensor *row = th_from(s, TH_I64, SHAPE(3), (int64_t[]){1, 0, 1});
    th_tensor *down = th_from(s, TH_I64, SHAPE(3, 2), (int64_t[]){1, 0, 0, 0, 0, 1});
    th_tensor *right = th_from(s, TH_I64, SHAPE(3, 2), (int64_t[]){2, 1, 0, 0, 1, 1});
    th_tensor *w = th_windows(s, images, row, down, right);
    expect_shape(w, SHAPE(3, 2, 2, 1));
    ck_assert_int_eq(th_type_of(w), TH_U8);
    EXPECT(w, 11, 10, 8, 7, 0, 0, 0, 0, 7, 7, 10, 10);
    ck_assert_ptr_null(th_windows(s, images, row, th_add(s, down, right), right)); /* no line 3 */
    expect_failure("out of bounds");
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

Suite *torch_operations_suite(void) {
    Suite *suite = suite_create("torch_operations");
    TCase *operations = tcase_create("operations");
    tcase_add_checked_fixture(operations, scope_open, scope_close);
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
    tcase_add_test(operations, layers_in_bf16_by_hand);
    tcase_add_test(operations, batch_norm_of_bf16_keeps_f32_statistics);
    tcase_add_test(operations, windows_by_hand);
    tcase_add_test(operations, activations_by_hand);
    suite_add_tcase(suite, operations);
    return suite;
}
