#include "check_suites.h"

#include "learn/loss.h"

#include <math.h>
#include <string.h>

static th_scope *scope;

static void open_scope(void) {
    scope = th_scope_new((struct th_device){0, 0});
}

static void close_scope(void) {
    struct err e = {0};
    ck_assert_msg(th_take_error(scope, &e), "%s", e.msg);
    th_scope_free(scope);
}

static struct task_config task_of(enum task_kind kind, int first, int last) {
    return (struct task_config){.kind = kind, .ranks = {first, last}};
}

static th_tensor *matrix(const double *values, int rows, int columns) {
    return th_from(scope, TH_F64, 2, (int64_t[]){rows, columns}, values);
}

static double loss_of(const struct task_config *t, const double *z, const int *labels, int n) {
    struct target target = target_make(scope, t, labels, (size_t)n);
    return th_item(scope, loss_mean(scope, t, matrix(z, n, task_logits(t)), &target));
}

/* Row 1: z = (0, log 3), label 1: p = 3/4, loss log(4/3) = .2876821. Row 2: z = (0, 0), label 0: log 2
 * = .6931472. Mean .4904146. */
START_TEST(nominal_by_hand) {
    struct task_config t = task_of(TASK_NOMINAL, 0, 1);
    double z[] = {0, log(3), 0, 0};
    ck_assert_double_eq_tol(loss_of(&t, z, (int[]){1, 0}, 2), 0.490414626505863, 1e-9);
}
END_TEST

/* Ranks 5..7, so r_1 = 5 and r_2 = 6; label 6 is y = (1, 0); z = (log 3, -log 3): both binary
 * problems have p = 3/4 for the truth: 2 log(4/3) = .5753641. */
START_TEST(ordinal_by_hand) {
    struct task_config t = task_of(TASK_ORDINAL, 5, 7);
    double z[] = {log(3), -log(3)};
    ck_assert_int_eq(task_classes(&t), 3);
    ck_assert_int_eq(task_logits(&t), 2);
    ck_assert_double_eq_tol(loss_of(&t, z, (int[]){6}, 1), 0.575364144903562, 1e-9);
}
END_TEST

/* coral-pytorch's own test values (definitions.md): rows .536994 .895070 .644051, mean .692039. */
START_TEST(ordinal_oracle_of_coral) {
    struct task_config t = task_of(TASK_ORDINAL, 0, 4);
    double z[] = {2.1, 1.8, -2.1, -1.8, 1.9, -1, -1.5, -1.3, 1.9, 1.8, 1.7, 1.6};
    ck_assert_double_eq_tol(loss_of(&t, z, (int[]){2, 1, 4}, 3), 0.692039, 1e-6);
    ck_assert_double_eq_tol(loss_of(&t, z, (int[]){2}, 1), 0.536994, 1e-6);
    ck_assert_double_eq_tol(loss_of(&t, z + 4, (int[]){1}, 1), 0.895070, 1e-6);
}
END_TEST

/* A row without a label changes neither the mean nor, whatever its logits, anything else. */
START_TEST(missing_labels_weigh_nothing) {
    double z[] = {0.3, -1, 2, 50, -50, 7, 0.1, 0.2, 0.4};
    struct task_config nominal = task_of(TASK_NOMINAL, 0, 2), ordinal = task_of(TASK_ORDINAL, 0, 3);
    double without[] = {0.3, -1, 2, 0.1, 0.2, 0.4};
    int labels[] = {2, LABEL_MISSING, 0}, labelled[] = {2, 0};
    ck_assert_double_eq_tol(
        loss_of(&nominal, z, labels, 3), loss_of(&nominal, without, labelled, 2), 1e-7);
    ck_assert_double_eq_tol(
        loss_of(&ordinal, z, labels, 3), loss_of(&ordinal, without, labelled, 2), 1e-7);
}
END_TEST

START_TEST(no_label_at_all_is_a_loss_of_zero) {
    struct task_config t = task_of(TASK_NOMINAL, 0, 1);
    struct target target = target_make(scope, &t, (int[]){LABEL_MISSING, LABEL_MISSING}, 2);
    ck_assert_int_eq(target.labelled, 0);
    th_tensor *z = matrix((double[]){1, 2, 3, 4}, 2, 2);
    ck_assert_double_eq(th_item(scope, loss_mean(scope, &t, z, &target)), 0);
}
END_TEST

/* Logits of a thousand: log(1 + e^1000) = 1000 in each of the two binary problems. */
START_TEST(large_logits_stay_finite) {
    struct task_config t = task_of(TASK_ORDINAL, 0, 2);
    ck_assert_double_eq_tol(loss_of(&t, (double[]){1000, 1000}, (int[]){0}, 1), 2000, 1e-9);
    ck_assert_double_eq_tol(loss_of(&t, (double[]){1000, 1000}, (int[]){2}, 1), 0, 1e-9);
    struct task_config n = task_of(TASK_NOMINAL, 0, 1);
    ck_assert_double_eq_tol(loss_of(&n, (double[]){1000, 0}, (int[]){1}, 1), 1000, 1e-9);
}
END_TEST

/* Central differences in float64: error of order h^2 = 1e-10 and rounding of 1e-16 / h = 1e-11. */
static void check_gradient(const struct task_config *t, const int *labels) {
    enum { ROWS = 3, COLUMNS = 4 };
    static const double z[ROWS * COLUMNS] = {.3, -1, 2, .7, 1.5, -.2, 0, .1, -2, .4, .6, 1};
    const double h = 1e-5;
    double gradient[ROWS * COLUMNS];
    th_tensor *leaf = matrix(z, ROWS, COLUMNS);
    struct target target = target_make(scope, t, labels, ROWS);
    ck_assert_int_eq(task_logits(t), COLUMNS);
    th_require_grad(scope, leaf);
    th_backward(scope, loss_mean(scope, t, leaf, &target));
    ck_assert(th_read(scope, th_grad(scope, leaf), TH_F64, gradient, sizeof gradient));
    for (int i = 0; i < ROWS * COLUMNS; i++) {
        double up[ROWS * COLUMNS], down[ROWS * COLUMNS];
        memcpy(up, z, sizeof z);
        memcpy(down, z, sizeof z);
        up[i] += h;
        down[i] -= h;
        double slope = (loss_of(t, up, labels, ROWS) - loss_of(t, down, labels, ROWS)) / (2 * h);
        ck_assert_double_eq_tol(gradient[i], slope, 1e-8);
    }
}

START_TEST(gradients_against_finite_differences) {
    struct task_config nominal = task_of(TASK_NOMINAL, 1, 4), ordinal = task_of(TASK_ORDINAL, 1, 5);
    check_gradient(&nominal, (int[]){4, LABEL_MISSING, 1});
    check_gradient(&ordinal, (int[]){5, LABEL_MISSING, 2});
}
END_TEST

START_TEST(probabilities_of_both_kinds) {
    struct task_config nominal = task_of(TASK_NOMINAL, 0, 1), ordinal = task_of(TASK_ORDINAL, 0, 2);
    double p[2];
    th_tensor *z = matrix((double[]){0, log(3)}, 1, 2);
    th_read(scope, loss_probabilities(scope, &nominal, z), TH_F64, p, sizeof p);
    ck_assert_double_eq_tol(p[0], 0.25, 1e-12);
    ck_assert_double_eq_tol(p[1], 0.75, 1e-12);
    th_read(scope, loss_probabilities(scope, &ordinal, z), TH_F64, p, sizeof p);
    ck_assert_double_eq_tol(p[0], 0.5, 1e-12);
    ck_assert_double_eq_tol(p[1], 0.75, 1e-12);
}
END_TEST

Suite *loss_suite(void) {
    Suite *s = suite_create("loss");
    TCase *c = tcase_create("loss");
    tcase_set_timeout(c, 30);
    tcase_add_checked_fixture(c, open_scope, close_scope);
    tcase_add_test(c, nominal_by_hand);
    tcase_add_test(c, ordinal_by_hand);
    tcase_add_test(c, ordinal_oracle_of_coral);
    tcase_add_test(c, missing_labels_weigh_nothing);
    tcase_add_test(c, no_label_at_all_is_a_loss_of_zero);
    tcase_add_test(c, large_logits_stay_finite);
    tcase_add_test(c, gradients_against_finite_differences);
    tcase_add_test(c, probabilities_of_both_kinds);
    suite_add_tcase(s, c);
    return s;
}
