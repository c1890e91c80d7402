/* Gains over tasks: hand-worked numbers. */
#include "check_suites.h"

#include "analysis/gain.h"

#include <math.h>

static const enum metric_id two[] = {METRIC_MAE, METRIC_ACCURACY};

/* Against mae 8, accuracy .80: mae 6, .76 gains (2/8 - .04/.80) / 2 = (.25 - .05) / 2 = .10;
 * mae 8, .88 gains (0 + .08/.80) / 2 = .05. */
START_TEST(the_highest_mean_relative_gain_wins) {
    const double value[] = {8, .80, 6, .76, 8, .88};
    double gain[3];
    ck_assert_uint_eq(best_gain(two, 2, value, 3, gain), 1);
    ck_assert_double_eq_tol(gain[0], 0, 1e-15);
    ck_assert_double_eq_tol(gain[1], .10, 1e-15);
    ck_assert_double_eq_tol(gain[2], .05, 1e-15);
}
END_TEST

START_TEST(a_task_without_a_metric_does_not_count) {
    static const enum metric_id one[] = {METRIC_COUNT, METRIC_ACCURACY};
    static const enum metric_id none[] = {METRIC_COUNT, METRIC_COUNT};
    const double value[] = {NAN, .80, NAN, .76, NAN, .88};
    double gain[3];
    ck_assert_uint_eq(best_gain(one, 2, value, 3, gain), 2);
    ck_assert_double_eq_tol(gain[2], .10, 1e-15);
    ck_assert_double_nan(mean_gain(none, 2, value, value));
}
END_TEST

/* The bias counts by its size: -2 against 4 gains (4 - 2) / 4. */
START_TEST(missing_ones_equal_ones_and_zeros) {
    static const enum metric_id bias[] = {METRIC_BIAS};
    const double missing[] = {NAN, 8, 6}, none[] = {NAN, NAN, NAN}, equal[] = {5, 4, 4};
    const double zero[] = {0, 1, 0.5}, sides[] = {4, -2, 5};
    double gain[3];
    ck_assert_uint_eq(best_gain(two, 1, missing, 3, gain), 2);
    ck_assert_double_nan(gain[0]);
    ck_assert_double_eq(gain[1], 0); /* the first that has values */
    ck_assert_double_eq(gain[2], .25);
    ck_assert_uint_eq(best_gain(two, 1, none, 3, gain), 3);
    ck_assert_uint_eq(best_gain(two, 1, equal, 3, gain), 1);
    ck_assert_uint_eq(best_gain(two, 1, zero, 3, gain), 0);
    ck_assert_double_eq(gain[2], -.5); /* no share of nothing: the difference */
    ck_assert_uint_eq(best_gain(bias, 1, sides, 3, gain), 1);
    ck_assert_double_eq(gain[1], .5);
}
END_TEST

Suite *gain_suite(void) {
    Suite *s = suite_create("gain");
    TCase *t = tcase_create("gain");
    tcase_add_test(t, the_highest_mean_relative_gain_wins);
    tcase_add_test(t, a_task_without_a_metric_does_not_count);
    tcase_add_test(t, missing_ones_equal_ones_and_zeros);
    suite_add_tcase(s, t);
    return s;
}
