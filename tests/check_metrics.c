#include "check_suites.h"

#include "analysis/metrics.h"
#include "core/mem.h"
#include "core/rng.h"

#include <math.h>

/* Errors 2, 0, -2.5, -0.6, 6; rounded half up the read-outs are 22, 30, 38, 49, 66. */
static const double truth[] = {20, 30, 40, 50, 60}, predicted[] = {22, 30, 37.5, 49.4, 66};

static const struct {
    enum metric_id id;
    double value;
} by_hand[] = {
    {METRIC_ACCURACY, 0.2},          /* 30 */
    {METRIC_ACCURACY_WITHIN_1, 0.4}, /* 30, and 49 for 50 */
    {METRIC_MSE, 9.322},             /* (4 + 0 + 6.25 + 0.36 + 36) / 5 = 46.61 / 5 */
    {METRIC_MAE, 2.22},              /* (2 + 0 + 2.5 + 0.6 + 6) / 5 = 11.1 / 5 */
    {METRIC_BIAS, 0.98},             /* (2 + 0 - 2.5 - 0.6 + 6) / 5 = 4.9 / 5 */
};

START_TEST(metrics_by_hand) {
    ck_assert_double_eq_tol(
        metric_value(by_hand[_i].id, truth, predicted, 5), by_hand[_i].value, 1e-12);
}
END_TEST

START_TEST(no_samples_have_no_value) {
    for (int m = 0; m < METRIC_COUNT; m++)
        ck_assert(isnan(metric_value((enum metric_id)m, truth, predicted, 0)));
    ck_assert(isnan(cumulative_score(CS_LE, 5, truth, predicted, 0)));
}
END_TEST

START_TEST(every_metric_is_described) {
    static const char *const names[] = {"accuracy", "accuracy_within_1", "mse", "mae", "bias"};
    static const int better[] = {1, 1, -1, -1, 0};
    ck_assert_uint_eq(ARRAY_LEN(names), METRIC_COUNT);
    for (int m = 0; m < METRIC_COUNT; m++) {
        ck_assert_str_eq(metric_rows[m].name, names[m]);
        ck_assert_int_eq(metric_rows[m].better, better[m]);
        ck_assert_int_eq(metric_rows[m].share, m <= METRIC_ACCURACY_WITHIN_1);
        ck_assert_int_eq(metric_rows[m].ordinal_only, m != METRIC_ACCURACY);
    }
}
END_TEST

START_TEST(rounding_is_half_up) {
    static const double cases[][2] = {{0.5, 1}, {1.5, 2}, {2.5, 3}, {-0.5, 0}, {-1.5, -1},
        {2.4999999999, 2}, {0.49999999999999994, 0}, {-0.2, 0}, {7, 7}, {1e17, 1e17}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        ck_assert_double_eq(round_half_up(cases[i][0]), cases[i][1]);
}
END_TEST

/* Absolute errors 2, 0, 2.5, 0.6, 6. */
START_TEST(cumulative_score_by_hand) {
    static const struct {
        double i, lt, le;
    } cases[] = {{0, 0, 0.2}, {1, 0.4, 0.4}, {2, 0.4, 0.6}, {3, 0.8, 0.8}, {6, 0.8, 1}, {25, 1, 1}};
    for (size_t k = 0; k < ARRAY_LEN(cases); k++) {
        ck_assert_double_eq_tol(
            cumulative_score(CS_LT, cases[k].i, truth, predicted, 5), cases[k].lt, 1e-12);
        ck_assert_double_eq_tol(
            cumulative_score(CS_LE, cases[k].i, truth, predicted, 5), cases[k].le, 1e-12);
    }
    ck_assert_str_eq(cs_convention_name[CS_LT], "cs_lt");
    ck_assert_str_eq(cs_convention_name[CS_LE], "cs_le");
}
END_TEST

/* Labels 1-3. (1,1.4) -> 1,1; (2,2.5) -> 2,3; (3,0.2) -> 3,below; (3,9) -> 3,above; (1,nan) -> 1,1. */
START_TEST(confusion_by_hand) {
    static const double t[] = {1, 2, 3, 3, 1}, p[] = {1.4, 2.5, 0.2, 9, NAN};
    long counts[9];
    confusion_matrix(t, p, 5, 1, 3, counts);
    static const long wanted[9] = {2, 0, 0, 0, 0, 1, 1, 0, 1};
    for (int i = 0; i < 9; i++)
        ck_assert_int_eq(counts[i], wanted[i]);
}
END_TEST

/* On integers the metrics do not depend on the order of rows: sums of integers are exact. */
START_TEST(order_of_rows_changes_nothing) {
    enum { N = 1000 };
    double t[N], p[N], ts[N], ps[N];
    uint32_t order[N];
    struct rng r = rng_open(5, RNG_TEST, 0, 0);
    for (uint32_t i = 0; i < N; i++) {
        order[i] = i;
        t[i] = rng_below(&r, 100);
        p[i] = rng_below(&r, 100);
    }
    rng_shuffle(&r, order, N);
    for (int i = 0; i < N; i++) {
        ts[i] = t[order[i]];
        ps[i] = p[order[i]];
    }
    for (int m = 0; m < METRIC_COUNT; m++)
        ck_assert_double_eq(
            metric_value((enum metric_id)m, t, p, N), metric_value((enum metric_id)m, ts, ps, N));
    double mse = metric_value(METRIC_MSE, t, p, N), mae = metric_value(METRIC_MAE, t, p, N);
    ck_assert(mse >= mae * mae);
    ck_assert(fabs(metric_value(METRIC_BIAS, t, p, N)) <= mae);
    for (int i = 1; i < 30; i++) {
        ck_assert(cumulative_score(CS_LT, i, t, p, N) == cumulative_score(CS_LE, i - 1, t, p, N));
        ck_assert(cumulative_score(CS_LE, i, t, p, N) >= cumulative_score(CS_LE, i - 1, t, p, N));
    }
}
END_TEST

Suite *metrics_suite(void) {
    Suite *s = suite_create("metrics");
    TCase *c = tcase_create("metrics");
    tcase_add_loop_test(c, metrics_by_hand, 0, (int)ARRAY_LEN(by_hand));
    tcase_add_test(c, no_samples_have_no_value);
    tcase_add_test(c, every_metric_is_described);
    tcase_add_test(c, rounding_is_half_up);
    tcase_add_test(c, cumulative_score_by_hand);
    tcase_add_test(c, confusion_by_hand);
    tcase_add_test(c, order_of_rows_changes_nothing);
    suite_add_tcase(s, c);
    return s;
}
