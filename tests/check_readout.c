#include "check_suites.h"

#include "analysis/readout.h"
#include "core/mem.h"
#include "core/rng.h"

struct example {
    bool ordinal;
    int classes, first;
    float p[6];
    double value[READOUT_COUNT]; /* count argmax expectation median; -1: does not apply */
};
static const struct example examples[] = {
    /* P(1..4) = .1 .2 .4 .3: expectation .1 + .4 + 1.2 + 1.2 = 2.9; cumulative .1 .3 .7: median 3 */
    {false, 4, 1, {.1F, .2F, .4F, .3F}, {-1, 3, 2.9, 3}},
    /* a tie goes to the lower label, for argmax and (half at or below 0) the median */
    {false, 2, 0, {.5F, .5F}, {-1, 0, 0.5, 0}},
    /* not summing to one: the same numbers doubled */
    {false, 4, 1, {.2F, .4F, .8F, .6F}, {-1, 3, 2.9, 3}},
    /* P(y > r_k) = .9 .7 .2: two above .5: label 1 + 2; classes .1 .2 .5 .2; expectation
     * 1 + .9 + .7 + .2 = 2.8 */
    {true, 4, 1, {.9F, .7F, .2F}, {3, 3, 2.8, 3}},
    /* Out of order, .4 .9 .6 .1: count takes three minus the first: 2 above .5, label 0 + 2. Running
     * minimum .4 .4 .4 .1: classes .6 0 0 .3 .1: argmax 0, expectation 1.3, median 0 */
    {true, 5, 0, {.4F, .9F, .6F, .1F}, {2, 0, 1.3, 0}},
    /* exactly one half is not above it; P(y <= 0) is half: median 0 */
    {true, 2, 0, {.5F}, {0, 0, 0.5, 0}},
    /* nothing is above: the lowest label; everything: the highest */
    {true, 3, 20, {0, 0}, {20, 20, 20, 20}},
    {true, 3, 20, {1, 1}, {22, 22, 22, 22}},
    {false, 1, 7, {1}, {-1, 7, 7, 7}},
};

START_TEST(readouts_by_hand) {
    const struct example *x = &examples[_i];
    for (int r = 0; r < READOUT_COUNT; r++)
        if (x->value[r] >= 0)
            ck_assert_double_eq_tol(
                readout_value((enum readout)r, x->ordinal, x->p, x->classes, x->first), x->value[r],
                1e-6);
}
END_TEST

/* Where P(y > r_k) falls, the median is the count: both count the thresholds above one half. */
START_TEST(median_is_count_where_probabilities_fall) {
    for (uint32_t item = 0; item < 200; item++) {
        struct rng r = rng_open(3, RNG_TEST, 0, item);
        float p[20], above = 1;
        for (int k = 0; k < 20; k++)
            p[k] = above *= (float)(0.8 + 0.2 * rng_uniform(&r));
        ck_assert_double_eq(readout_value(READOUT_COUNT_RANKS, true, p, 21, 5),
            readout_value(READOUT_MEDIAN, true, p, 21, 5));
        double expectation = readout_value(READOUT_EXPECTATION, true, p, 21, 5), sum = 5;
        for (int k = 0; k < 20; k++)
            sum += p[k];
        ck_assert_double_eq_tol(expectation, sum, 1e-9); /* E y = first + sum of P(y > r_k) */
    }
}
END_TEST

START_TEST(which_readouts_apply) {
    static const struct {
        bool ordinal_head, ordered_labels, applies[READOUT_COUNT];
    } cases[] = {
        {true, true, {true, true, true, true}},     /* age, ordinal */
        {false, true, {false, true, true, true}},   /* age, nominal */
        {false, false, {false, true, false, false}} /* gender, race */
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        for (int r = 0; r < READOUT_COUNT; r++)
            ck_assert_int_eq(
                readout_applies((enum readout)r, cases[i].ordinal_head, cases[i].ordered_labels),
                cases[i].applies[r]);
    ck_assert_int_eq(readout_of_record(true), READOUT_COUNT_RANKS);
    ck_assert_int_eq(readout_of_record(false), READOUT_ARGMAX);
}
END_TEST

Suite *readout_suite(void) {
    Suite *s = suite_create("readout");
    TCase *c = tcase_create("readout");
    tcase_add_loop_test(c, readouts_by_hand, 0, (int)ARRAY_LEN(examples));
    tcase_add_test(c, median_is_count_where_probabilities_fall);
    tcase_add_test(c, which_readouts_apply);
    suite_add_tcase(s, c);
    return s;
}
