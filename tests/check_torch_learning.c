/* Gradients and the optimiser's step of the shim over libtorch. */
#include "check_suites.h"

#include "core/rng.h"
#include "fixture_tensors.h"
#include "kernels/team.h"

#include <string.h>

#include "reference/sgd.inc"

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

/* libtorch's own switch, c10::GradMode::set_enabled, which the shim does not show. */
extern void grad_mode_set_enabled(bool enabled) __asm__("_ZN3c108GradMode11set_enabledEb");

START_TEST(no_grad_ends_with_what_was_before) {
    th_tensor *w = VECTOR(1);
    th_require_grad(s, w);
    grad_mode_set_enabled(false);
    th_no_grad_begin();
    th_no_grad_end();
    ck_assert(!records(w));
    grad_mode_set_enabled(true);
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
        ck_assert(th_sgd_step(s, 3, w, v, decay, 0.1, 0.9, NULL));
        for (int i = 0; i < 3; i++) {
            expect(w[i], 1, &after[step][i], 1e-12);
            ck_assert_ptr_null(th_grad(s, w[i]));
        }
    }
    EXPECT_NEAR(v[0], 7.4);
    EXPECT_NEAR(v[1], 5.7);
    EXPECT(v[2], 0);
    ck_assert(th_sgd_step(s, 3, w, v, decay, 0.1, 0.9, NULL)); /* no gradients: nothing moves */
    EXPECT_NEAR(w[0], 0.86);
    EXPECT_NEAR(v[0], 7.4);
}
END_TEST

/* By libtorch, and by a team. */
START_TEST(sgd_gives_the_bits_of_pytorch) {
    int which = _i % SGD_CASES;
    struct err e = {0};
    struct team *team = _i == which ? NULL : team_new(2, &e);
    th_tensor *w = th_from(s, TH_F32, SHAPE(SGD_N), sgd_start);
    th_tensor *v = th_zeros(s, TH_F32, SHAPE(SGD_N));
    th_require_grad(s, w);
    for (int step = 0; step < SGD_STEPS; step++) {
        float got[SGD_N];
        th_tensor *g = th_from(s, TH_F32, SHAPE(SGD_N), sgd_gradient[step]);
        ck_assert(th_backward(s, th_sum(s, th_mul(s, w, g)))); /* its gradient is g */
        ck_assert(th_sgd_step(s, 1, &w, &v, &sgd_decay[which], sgd_lr, sgd_momentum, team));
        ck_assert(th_read(s, w, TH_F32, got, sizeof got));
        for (int i = 0; i < SGD_N; i++)
            ck_assert_msg(got[i] == sgd_after[which][step][i], "step %d, element %d: %a, not %a",
                step, i, got[i], sgd_after[which][step][i]);
    }
    team_free(team);
}
END_TEST

/* Whole vectors and the rest of one, shares that begin within a tensor, a layout that is not the shape's, and rates whose
 * products are not exact: a second rounding would show. */
enum { TWINS = 3, MOST_VALUES = 1000 };
static const struct {
    int n_dims;
    int64_t shape[4];
    int values;
} twins[TWINS] = {{1, {1000}, 1000}, {1, {7}, 7}, {4, {4, 3, 3, 3}, 108}};

static th_tensor *drawn(int i, struct rng *r) {
    float values[MOST_VALUES];
    for (int k = 0; k < twins[i].values; k++)
        values[k] = (float)(2 * rng_uniform(r) - 1);
    th_tensor *t = th_from(s, TH_F32, twins[i].n_dims, twins[i].shape, values);
    return twins[i].n_dims == 4 ? th_channels_last(s, t) : t;
}

/* Five steps by a team, or by libtorch; both draw the same. */
static void step_twins(struct team *team, th_tensor *w[TWINS], th_tensor *v[TWINS]) {
    static const double decay[TWINS] = {1e-4, 0, 0.3};
    struct rng r = rng_open(3, RNG_TEST, 0, 0);
    for (int i = 0; i < TWINS; i++) {
        w[i] = drawn(i, &r);
        v[i] = th_affine(s, w[i], 0, 0);
        th_require_grad(s, w[i]);
    }
    for (int step = 0; step < 5; step++) {
        for (int i = 0; i < TWINS; i++)
            ck_assert(th_backward(s, th_sum(s, th_mul(s, w[i], drawn(i, &r)))));
        ck_assert(th_sgd_step(s, TWINS, w, v, decay, 0.01, 0.9, team));
    }
}

START_TEST(a_team_steps_to_libtorchs_bits) {
    struct err e = {0};
    struct team *team = team_new(3, &e);
    th_tensor *w[2][TWINS], *v[2][TWINS];
#if defined(__x86_64__)
    bool fuses = __builtin_cpu_supports("fma");
#else
    bool fuses = true;
#endif
    step_twins(NULL, w[0], v[0]);
    step_twins(team, w[1], v[1]);
    for (int i = 0; i < TWINS; i++) {
        float values[4][MOST_VALUES];
        size_t bytes = (size_t)twins[i].values * sizeof(float);
        for (int k = 0; k < 4; k++)
            ck_assert(th_read(s, k < 2 ? w[k][i] : v[k - 2][i], TH_F32, values[k], bytes));
        ck_assert(memcmp(values[0], values[1], bytes) == 0);
        ck_assert(memcmp(values[2], values[3], bytes) == 0);
        ck_assert_int_gt(th_changes(w[1][i]), 4);
        /* libtorch changes a velocity twice a step, the team once */
        ck_assert_int_eq(th_changes(v[0][i]) - th_changes(v[1][i]), fuses ? 5 : 0);
    }
    team_free(team);
}
END_TEST

Suite *torch_learning_suite(void) {
    Suite *suite = suite_create("torch_learning");
    TCase *learning = tcase_create("learning");
    tcase_add_checked_fixture(learning, scope_open, scope_close);
    tcase_add_test(learning, gradients_add_up);
    tcase_add_test(learning, no_grad_pairs_nest);
    tcase_add_test(learning, no_grad_ends_with_what_was_before);
    tcase_add_test(learning, assigning_records_nothing);
    tcase_add_test(learning, two_steps_of_sgd_by_hand);
    tcase_add_loop_test(learning, sgd_gives_the_bits_of_pytorch, 0, 2 * SGD_CASES);
    tcase_add_test(learning, a_team_steps_to_libtorchs_bits);
    suite_add_tcase(suite, learning);
    return suite;
}
