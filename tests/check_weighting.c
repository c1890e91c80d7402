#include "check_suites.h"

#include "learn/loss.h"
#include "learn/weighting.h"

#include <math.h>
#include <string.h>

static th_scope *scope;
static struct err err;

static void open_scope(void) {
    scope = th_scope_new((struct th_device){0, 0});
    err = (struct err){0};
}

static void close_scope(void) {
    ck_assert_msg(th_take_error(scope, &err), "%s", err.msg);
    th_scope_free(scope);
}

static struct config three_tasks(enum weighting_id kind, enum normalise normalise) {
    struct config c = {.n_tasks = 3};
    c.weighting.kind = kind;
    c.weighting.normalise = normalise;
    for (int t = 0; t < 3; t++)
        c.tasks[t] = (struct task_config){.attribute = t, .weight = (double[]){0.5, 1, 2.5}[t]};
    return c;
}

/* Three leaves as losses, so that their gradients are the weights that were applied. */
static const double loss_values[3] = {1, 0.7, 1.6};

static void make_losses(th_tensor *losses[3]) {
    for (int t = 0; t < 3; t++) {
        losses[t] = th_scalar(scope, loss_values[t]);
        th_require_grad(scope, losses[t]);
    }
}

static double gradient_of(th_tensor *leaf) {
    th_tensor *g = th_grad(scope, leaf);
    return g ? th_item(scope, g) : 0;
}

static const bool all_present[3] = {true, true, true};

/* definitions.md: l = (1, .7, 1.6), s = -.5 each: total 4.690780, dL/ds (-1.148721, -.654105,
 * -2.137954). The weights are e^.5 = 1.648721. */
START_TEST(uncertainty_oracle) {
    struct config c = three_tasks(WEIGHTING_UNCERTAINTY, NORMALISE_NONE);
    c.weighting.initial_log_variance = -0.5;
    struct weighting *w = weighting_new(&c, scope, &err);
    th_tensor *losses[3];
    make_losses(losses);
    th_tensor *joint = weighting_backward(w, scope, losses, all_present);
    ck_assert_double_eq_tol(th_item(scope, joint), 4.690780, 2e-6);
    struct weights read;
    ck_assert(weighting_read(w, scope, &read));
    ck_assert_double_eq_tol(weights_joint(&read, 3, loss_values, all_present), 4.690780, 1e-6);
    double slope[3];
    th_tensor *g = th_grad(scope, weighting_log_variances(w));
    ck_assert(th_read(scope, g, TH_F64, slope, sizeof slope));
    ck_assert_double_eq_tol(slope[0], -1.148721, 1e-6);
    ck_assert_double_eq_tol(slope[1], -0.654105, 1e-6);
    ck_assert_double_eq_tol(slope[2], -2.137954, 1e-6);
    for (int t = 0; t < 3; t++)
        ck_assert_double_eq_tol(gradient_of(losses[t]), 1.648721, 1e-6);
    weighting_free(w);
}
END_TEST

/* definitions.md: at the optimum s_t = log 2 l_t the total is 2.596385, beta (.327485, .467836,
 * .204678), and the slope is zero: 1/(2 l) l = 1/2. */
START_TEST(uncertainty_at_its_optimum) {
    struct config c = three_tasks(WEIGHTING_UNCERTAINTY, NORMALISE_NONE);
    struct weighting *w = weighting_new(&c, scope, &err);
    float optimum[3];
    for (int t = 0; t < 3; t++)
        optimum[t] = (float)log(2 * loss_values[t]);
    th_no_grad_begin();
    th_assign(scope, weighting_log_variances(w), th_from(scope, TH_F32, 1, &(int64_t){3}, optimum));
    th_no_grad_end();
    th_tensor *losses[3];
    make_losses(losses);
    ck_assert_double_eq_tol(
        th_item(scope, weighting_backward(w, scope, losses, all_present)), 2.596385, 1e-6);
    double slope[3];
    th_read(scope, th_grad(scope, weighting_log_variances(w)), TH_F64, slope, sizeof slope);
    struct weights read;
    ck_assert(weighting_read(w, scope, &read));
    static const double beta[3] = {0.327485, 0.467836, 0.204678};
    for (int t = 0; t < 3; t++) {
        ck_assert_double_eq_tol(slope[t], 0, 1e-6);
        ck_assert_double_eq_tol(read.beta[t], beta[t], 1e-6);
        ck_assert_double_eq_tol(read.weight[t], 1 / (2 * loss_values[t]), 1e-6);
        ck_assert_double_eq_tol(read.log_variance[t], log(2 * loss_values[t]), 1e-6);
    }
    weighting_free(w);
}
END_TEST

/* s_t starts at 0: the joint loss is the plain sum, 3.3. */
START_TEST(uncertainty_starts_at_the_plain_sum) {
    struct config c = three_tasks(WEIGHTING_UNCERTAINTY, NORMALISE_NONE);
    struct weighting *w = weighting_new(&c, scope, &err);
    th_tensor *losses[3];
    make_losses(losses);
    ck_assert_double_eq_tol(
        th_item(scope, weighting_backward(w, scope, losses, all_present)), 3.3, 1e-6);
    weighting_free(w);
}
END_TEST

/* Without a label of task 1 in the batch neither its loss nor its s_1 is touched. */
START_TEST(an_absent_task_is_left_alone) {
    struct config c = three_tasks(WEIGHTING_UNCERTAINTY, NORMALISE_NONE);
    struct weighting *w = weighting_new(&c, scope, &err);
    th_tensor *losses[3];
    make_losses(losses);
    th_tensor *joint = weighting_backward(w, scope, losses, (bool[]){true, false, true});
    ck_assert_double_eq_tol(th_item(scope, joint), 2.6, 1e-6);
    struct weights read;
    ck_assert(weighting_read(w, scope, &read));
    ck_assert_double_eq_tol(
        weights_joint(&read, 3, loss_values, (bool[]){true, false, true}), 2.6, 1e-12);
    double slope[3];
    th_read(scope, th_grad(scope, weighting_log_variances(w)), TH_F64, slope, sizeof slope);
    ck_assert_double_eq(slope[1], 0);
    ck_assert_double_eq(gradient_of(losses[1]), 0);
    weighting_free(w);
}
END_TEST

/* Weights .5, 1, 2.5 sum to 4: divided by 4 they sum to one (Eq 2), times 3/4 to three tasks. */
START_TEST(constant_weights_and_their_normalisations) {
    static const struct {
        enum weighting_id kind;
        enum normalise normalise;
        double weight[3];
    } rows[] = {
        {WEIGHTING_FIXED, NORMALISE_NONE, {0.5, 1, 2.5}},
        {WEIGHTING_FIXED, NORMALISE_ONE, {0.125, 0.25, 0.625}},
        {WEIGHTING_FIXED, NORMALISE_TASKS, {0.375, 0.75, 1.875}},
        {WEIGHTING_EQUAL, NORMALISE_NONE, {1, 1, 1}},
        {WEIGHTING_EQUAL, NORMALISE_ONE, {1 / 3.0, 1 / 3.0, 1 / 3.0}},
        {WEIGHTING_EQUAL, NORMALISE_TASKS, {1, 1, 1}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct config c = three_tasks(rows[i].kind, rows[i].normalise);
        struct weighting *w = weighting_new(&c, scope, &err);
        th_tensor *losses[3];
        make_losses(losses);
        double joint = th_item(scope, weighting_backward(w, scope, losses, all_present)), sum = 0;
        struct weights read;
        ck_assert(weighting_read(w, scope, &read));
        ck_assert_ptr_null(weighting_log_variances(w));
        for (int t = 0; t < 3; t++) {
            sum += rows[i].weight[t] * loss_values[t];
            ck_assert_double_eq_tol(gradient_of(losses[t]), rows[i].weight[t], 1e-6);
            ck_assert_double_eq_tol(read.weight[t], rows[i].weight[t], 1e-12);
            ck_assert(isnan(read.log_variance[t]));
        }
        ck_assert_double_eq_tol(joint, sum, 1e-6);
        ck_assert_double_eq_tol(weights_joint(&read, 3, loss_values, all_present), sum, 1e-12);
        ck_assert_double_eq_tol(read.beta[0] + read.beta[1] + read.beta[2], 1, 1e-12);
        weighting_free(w);
    }
}
END_TEST

START_TEST(a_single_task_has_weight_one) {
    for (int kind = 0; kind < WEIGHTING_COUNT; kind++) {
        struct config c = three_tasks(kind, NORMALISE_NONE);
        c.n_tasks = 1;
        struct weighting *w = weighting_new(&c, scope, &err);
        ck_assert_ptr_null(weighting_log_variances(w));
        struct weights read;
        ck_assert(weighting_read(w, scope, &read));
        ck_assert_double_eq(read.weight[0], 1);
        ck_assert_double_eq(read.beta[0], 1);
        weighting_free(w);
    }
}
END_TEST

START_TEST(weights_that_sum_to_zero_are_refused) {
    struct config c = three_tasks(WEIGHTING_FIXED, NORMALISE_ONE);
    for (int t = 0; t < 3; t++)
        c.tasks[t].weight = 0;
    struct err e = {0};
    ck_assert_ptr_null(weighting_new(&c, scope, &e));
    ck_assert_ptr_nonnull(strstr(e.msg, "/weighting/normalise: one: the tasks' weights sum to 0"));
    ck_assert_int_eq(e.kind, ERR_USAGE);
}
END_TEST

/* ---- Eq 13 ---- */

/* Two tasks of one image each. Gender: logits (2, -1), label 0, s = log 2: f / 2 = (1, -.5),
 * cross-entropy log(e^1 + e^-.5) - 1 = log(2.718282 + .606531) - 1 = .201413; p_1 = .606531 / 3.324812 =
 * .182426; dL/ds = -sum f/2 (p - y) = -(1 (.817574 - 1) - .5 (.182426)) = .273638. Its gradient by the
 * logits is (p - y) / 2 = (-.091213, .091213).
 * Age, ranks 1 to 3, logits (1, -2), label 2 so y = (1, 0), s = log 4: the signed logits / 4 are (-.25,
 * -.5): log(1 + e^-.25) + log(1 + e^-.5) = .575939 + .474077 = 1.050016; dL/ds = .25 sigmoid(-.25) + .5
 * sigmoid(-.5) = .109456 + .188770 = .298226.
 * The joint loss is their sum: likelihoods owe nothing more. */
START_TEST(the_exact_likelihoods) {
    struct config c = {.n_tasks = 2};
    c.weighting.kind = WEIGHTING_UNCERTAINTY_EXACT;
    c.tasks[0] = (struct task_config){
        .attribute = ATTR_AGE, .kind = TASK_ORDINAL, .ranks = {1, 3}, .weight = 1};
    c.tasks[1] = (struct task_config){
        .attribute = ATTR_GENDER, .kind = TASK_NOMINAL, .ranks = {0, 1}, .weight = 1};
    struct weighting *w = weighting_new(&c, scope, &err);
    const float start[] = {logf(4), logf(2)}, age[] = {1, -2}, gender[] = {2, -1};
    th_assign(scope, weighting_log_variances(w), th_from(scope, TH_F32, 1, &(int64_t){2}, start));
    th_tensor *logits[] = {th_from(scope, TH_F32, 2, (int64_t[]){1, 2}, age),
        th_from(scope, TH_F32, 2, (int64_t[]){1, 2}, gender)};
    th_tensor *losses[2];
    static const int labels[] = {2, 0};
    static const double want[] = {1.050016, .201413};
    ck_assert(weighting_scales(w));
    for (int t = 0; t < 2; t++) {
        th_require_grad(scope, logits[t]);
        struct target target = target_make(scope, &c.tasks[t], &labels[t], 1);
        losses[t] =
            loss_mean(scope, &c.tasks[t], weighting_logits(w, scope, t, logits[t]), &target);
        ck_assert_double_eq_tol(th_item(scope, losses[t]), want[t], 2e-6);
    }
    ck_assert_double_eq_tol(
        th_item(scope, weighting_backward(w, scope, losses, all_present)), 1.251429, 3e-6);
    double slope[2], by_logits[2];
    th_read(scope, th_grad(scope, weighting_log_variances(w)), TH_F64, slope, sizeof slope);
    th_read(scope, th_grad(scope, logits[1]), TH_F64, by_logits, sizeof by_logits);
    ck_assert_double_eq_tol(slope[0], .298226, 2e-6);
    ck_assert_double_eq_tol(slope[1], .273638, 2e-6);
    ck_assert_double_eq_tol(by_logits[0], -.091213, 2e-6);
    ck_assert_double_eq_tol(by_logits[1], .091213, 2e-6);
    struct weights read;
    ck_assert(weighting_read(w, scope, &read));
    ck_assert_double_eq_tol(read.weight[0], .25, 1e-6);
    ck_assert_double_eq_tol(read.beta[0], .25 / .75, 1e-6);
    ck_assert_double_eq_tol(weights_joint(&read, 2, want, all_present), 1.251429, 1e-12);
    weighting_free(w);
}
END_TEST

/* Age's K - 1 = 2 binary problems owe log sigma each: e^-s 3 + 2 s/2 is least at s = log(2 3 / 2) = log 3,
 * where it is 1 + log 3 = 2.098612; gender owes one: e^-log 1 + 0 = 1. */
START_TEST(a_log_sigma_for_every_binary_problem) {
    struct config c = {.n_tasks = 2};
    c.weighting.log_sigmas = LOG_SIGMAS_PROBLEM;
    c.tasks[0] = (struct task_config){
        .attribute = ATTR_AGE, .kind = TASK_ORDINAL, .ranks = {1, 3}, .weight = 1};
    c.tasks[1] = (struct task_config){
        .attribute = ATTR_GENDER, .kind = TASK_NOMINAL, .ranks = {0, 1}, .weight = 1};
    struct weighting *w = weighting_new(&c, scope, &err);
    const float start[] = {logf(3), 0};
    th_assign(scope, weighting_log_variances(w), th_from(scope, TH_F32, 1, &(int64_t){2}, start));
    th_tensor *losses[] = {th_scalar(scope, 3), th_scalar(scope, 1)};
    ck_assert_double_eq_tol(
        th_item(scope, weighting_backward(w, scope, losses, all_present)), 3.098612, 2e-6);
    double slope[2];
    th_read(scope, th_grad(scope, weighting_log_variances(w)), TH_F64, slope, sizeof slope);
    ck_assert_double_eq_tol(slope[0], 0, 1e-6);
    ck_assert_double_eq_tol(slope[1], -.5, 1e-6); /* -1 + 1/2 */
    struct weights read;
    ck_assert(weighting_read(w, scope, &read));
    ck_assert_double_eq_tol(weights_joint(&read, 2, (double[]){3, 1}, all_present), 3.098612, 1e-6);
    weighting_free(w);
}
END_TEST

Suite *weighting_suite(void) {
    Suite *s = suite_create("weighting");
    TCase *c = tcase_create("weighting");
    tcase_set_timeout(c, 30);
    tcase_add_checked_fixture(c, open_scope, close_scope);
    tcase_add_test(c, uncertainty_oracle);
    tcase_add_test(c, uncertainty_at_its_optimum);
    tcase_add_test(c, uncertainty_starts_at_the_plain_sum);
    tcase_add_test(c, an_absent_task_is_left_alone);
    tcase_add_test(c, constant_weights_and_their_normalisations);
    tcase_add_test(c, a_single_task_has_weight_one);
    tcase_add_test(c, weights_that_sum_to_zero_are_refused);
    tcase_add_test(c, the_exact_likelihoods);
    tcase_add_test(c, a_log_sigma_for_every_binary_problem);
    suite_add_tcase(s, c);
    return s;
}
