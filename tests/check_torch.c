/* The shim over libtorch: the process, and the contract of scopes. */
#include "check_suites.h"

#include "fixture_tensors.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

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

START_TEST(a_cpu_has_no_tf32) {
    struct err e = {0};
    ck_assert(th_precision_there(TH_IN_F32, cpu, &e) && th_precision_there(TH_IN_BF16, cpu, &e));
    ck_assert(!th_precision_there(TH_IN_TF32, cpu, &e));
    ck_assert_int_eq(e.kind, ERR_USAGE);
    ck_assert_msg(
        strstr(e.msg, "/precision: \"tf32\": expected \"f32\" or \"bf16\" on this device (cpu: ") ==
                e.msg &&
            strstr(e.msg, "change the key, or name such a GPU with --device"),
        "%s", e.msg);
    ck_assert_int_eq(th_device_free_bytes(cpu), 0);
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
    ck_assert(!th_sgd_step(s, 2, pair, (th_tensor *[]){t, t}, decay, 1, 0, NULL));
    ck_assert(!th_sgd_step(s, 2, (th_tensor *[]){t, t}, pair, decay, 1, 0, NULL));
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
    expect_failure("negative"); /* "negative dimension", and "must be non-negative" in 2.15 */
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

#ifdef __SANITIZE_ADDRESS__ /* its allocator ends the process where others say that there is no memory */
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
    return "allocator_may_return_null=1";
}
#endif

/* 2^58 floats are 2^60 bytes = 1099511627776 MiB, beyond what any machine can address. */
START_TEST(memory_that_runs_out_is_said_with_its_remedy) {
    th_where(s, "stage3");
    th_zeros(s, TH_F32, SHAPE(INT64_C(1) << 58));
    expect_failure("stage3: out of memory: 1099511627776.0 MiB more of the machine's memory was "
                   "asked for than there is; lower /batch or /data/image_px in the grid file, or "
                   "run fewer workers at a time (-j)");
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
    tcase_add_test(process, a_cpu_has_no_tf32);
    suite_add_tcase(suite, process);
    TCase *scopes = tcase_create("scopes");
    tcase_add_checked_fixture(scopes, scope_open, scope_close);
    tcase_add_test(scopes, the_first_error_stays);
    tcase_add_test(scopes, clearing_drops_error_place_and_tensors);
    tcase_add_test(scopes, pop_drops_what_is_after_the_mark_but_one);
    tcase_add_test(scopes, kept_tensors_share_storage_and_outlive_their_scope);
    tcase_add_test(scopes, null_operands_are_harmless);
    tcase_add_test(scopes, exceptions_end_as_messages);
    tcase_add_test(scopes, memory_that_runs_out_is_said_with_its_remedy);
    suite_add_tcase(suite, scopes);
    return suite;
}
