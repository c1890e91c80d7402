/* Verdicts and what would decide them, worked by hand. */
#include "check_suites.h"

#include "analysis/equivalence.h"
#include "core/mem.h"

#include <math.h>

static const struct {
    double low, high, from, to;
    enum judgement verdict;
} within[] = {
    {-.004, .006, -.01, .01, JUDGED_REPRODUCED},
    {-.01, .01, -.01, .01, JUDGED_REPRODUCED}, /* the bounds are in it */
    {.011, .02, -.01, .01, JUDGED_NOT_REPRODUCED},
    {-.02, -.011, -.01, .01, JUDGED_NOT_REPRODUCED},
    {-.004, .012, -.01, .01, JUDGED_UNDECIDED},
    {-.02, .02, -.01, .01, JUDGED_UNDECIDED}, /* wider than the margin */
    {.01, .02, -.01, .01, JUDGED_UNDECIDED},  /* they share a point */
    {.001, .02, 0, INFINITY, JUDGED_REPRODUCED},
    {-.02, -.001, 0, INFINITY, JUDGED_NOT_REPRODUCED},
    {-.001, .02, 0, INFINITY, JUDGED_UNDECIDED},
    {NAN, NAN, -.01, .01, JUDGED_UNDECIDED},
};

START_TEST(an_interval_and_a_margin) {
    const struct interval i = {within[_i].low, within[_i].high};
    ck_assert_int_eq(judge_within(i, within[_i].from, within[_i].to), within[_i].verdict);
}
END_TEST

/* 90 % of n faces measured, margin 1 point, level 5 %: the interval is the 90 % one, 1.645 sqrt(.9 * .1 / n) to each
 * side. n = 10,000: .0049; n = 1,000: .0156. Wilson's is that within a tenth of its width.
 * Published 90.2 %: -.002 with .0049 lies within; with .0156 it does not. Published 94 %: -.04 + .0156 lies outside. */
static const struct {
    double published, n;
    enum judgement verdict;
} shares[] = {
    {.902, 10000, JUDGED_REPRODUCED},
    {.902, 1000, JUDGED_UNDECIDED},
    {.94, 1000, JUDGED_NOT_REPRODUCED},
};

START_TEST(a_share_of_faces) {
    ck_assert_double_eq_tol(equivalence_confidence(.95), .9, 1e-12);
    struct interval i = interval_wilson(.9, shares[_i].n, equivalence_confidence(.95));
    ck_assert_double_eq_tol(
        i.high - i.low, 2 * 1.645 * sqrt(.09 / shares[_i].n), .1 * sqrt(.09 / shares[_i].n));
    i.low -= shares[_i].published;
    i.high -= shares[_i].published;
    ck_assert_int_eq(judge_within(i, -.01, .01), shares[_i].verdict);
}
END_TEST

static const struct {
    double p, low, high, narrow_low, narrow_high;
    enum judgement verdict;
} orders[] = {
    {.01, .02, .06, .023, .057, JUDGED_REPRODUCED},
    {.01, .001, .005, .002, .004, JUDGED_REPRODUCED}, /* a small difference is one */
    {.01, -.06, -.02, -.057, -.023, JUDGED_NOT_REPRODUCED},
    {.2, .001, .06, .004, .057, JUDGED_UNDECIDED},         /* the interval alone is no claim */
    {.01, -.001, .06, .002, .057, JUDGED_UNDECIDED},       /* nor is p */
    {.5, -.009, .011, -.007, .009, JUDGED_NOT_REPRODUCED}, /* nothing beyond the margin */
    {.5, -.02, .02, -.017, .017, JUDGED_UNDECIDED},
    {NAN, NAN, NAN, NAN, NAN, JUDGED_UNDECIDED},
};

START_TEST(an_order) {
    const struct order_evidence o = {.p = orders[_i].p,
        .interval = {orders[_i].low, orders[_i].high},
        .narrow = {orders[_i].narrow_low, orders[_i].narrow_high},
        .margin = .01,
        .level = .05};
    ck_assert_int_eq(judge_order(&o), orders[_i].verdict);
}
END_TEST

/* Variances add up: half^2 = samples' + runs'. A source of variance shrinks with its number. */
static const struct {
    double half, of_runs, wanted;
    bool found;
    size_t n;
    int runs;
} remedies[] = {
    {.02, 0, .01, true, 4000, 0},    /* half the width: four times 1,000 images */
    {.0156, 0, .008, true, 3803, 0}, /* 1,000 * (.0156 / .008)^2 = 3802.5: the 90.2 % above */
    {.02, .0173205, .015, true, 0,
        8},                          /* runs .0003 of .0004: 3 * .0003 / (.000225 - .0001) = 7.2 */
    {.02, .01, .015, true, 2400, 0}, /* samples .0003: 1,000 * .0003 / (.000225 - .0001) */
    {.02, .0173205, .009, true, 4939,
        15},                      /* samples alone are wider: all by .0004 / .000081 = 4.94 */
    {.02, 0, .02, false, 0, 0},   /* it is as narrow already */
    {.02, 0, .0006, false, 0, 0}, /* 1,111 times as many */
    {.02, 0, 0, false, 0, 0},     /* at the bound itself */
    {NAN, 0, .01, false, 0, 0},
};

START_TEST(what_would_decide_it) {
    const struct spread spread = {remedies[_i].half, remedies[_i].of_runs, 1000, 3};
    struct remedy r;
    ck_assert_int_eq(remedy_find(&r, &spread, remedies[_i].wanted), remedies[_i].found);
    ck_assert_uint_eq(r.n, remedies[_i].n);
    ck_assert_int_eq(r.runs, remedies[_i].runs);
}
END_TEST

Suite *equivalence_suite(void) {
    Suite *s = suite_create("equivalence");
    TCase *c = tcase_create("verdicts");
    tcase_add_loop_test(c, an_interval_and_a_margin, 0, ARRAY_LEN(within));
    tcase_add_loop_test(c, a_share_of_faces, 0, ARRAY_LEN(shares));
    tcase_add_loop_test(c, an_order, 0, ARRAY_LEN(orders));
    tcase_add_loop_test(c, what_would_decide_it, 0, ARRAY_LEN(remedies));
    suite_add_tcase(s, c);
    return s;
}
