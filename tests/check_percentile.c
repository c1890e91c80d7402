/* Percentiles: hand-worked numbers. */
#include "check_suites.h"

#include "analysis/percentile.h"

/* Of 1 2 4 8 16: the median is at place .5 * 4 = 2, .9 at 3.6: 8 + .6 * 8 = 12.8, .99 at 3.96:
 * 8 + .96 * 8 = 15.68. */
START_TEST(between_two_values_it_is_linear) {
    double values[] = {16, 1, 8, 2, 4};
    sort_ascending(values, 5);
    ck_assert_double_eq(values[0], 1);
    ck_assert_double_eq(values[4], 16);
    ck_assert_double_eq(percentile(values, 5, 0), 1);
    ck_assert_double_eq(percentile(values, 5, .5), 4);
    ck_assert_double_eq_tol(percentile(values, 5, .9), 12.8, 1e-12);
    ck_assert_double_eq_tol(percentile(values, 5, .99), 15.68, 1e-12);
    ck_assert_double_eq(percentile(values, 5, 1), 16);
}
END_TEST

START_TEST(one_value_is_every_percentile) {
    const double one[] = {3};
    ck_assert_double_eq(percentile(one, 1, 0), 3);
    ck_assert_double_eq(percentile(one, 1, .99), 3);
    ck_assert_double_eq(median(one, 1), 3);
}
END_TEST

/* Of an even number it lies halfway between the middle two, (3 + 5) / 2; the order given stays. */
START_TEST(the_median_leaves_its_values_alone) {
    const double values[] = {5, 1, 9, 3};
    ck_assert_double_eq(median(values, 4), 4);
    ck_assert_double_eq(values[0], 5);
    ck_assert_double_eq(values[3], 3);
}
END_TEST

Suite *percentile_suite(void) {
    Suite *s = suite_create("percentile");
    TCase *t = tcase_create("percentile");
    tcase_add_test(t, between_two_values_it_is_linear);
    tcase_add_test(t, one_value_is_every_percentile);
    tcase_add_test(t, the_median_leaves_its_values_alone);
    suite_add_tcase(s, t);
    return s;
}
