/* Outcomes by their names, the read-outs that they want, and pairs of systems by hand. */
#include "check_suites.h"
#include "fixture_predictions.h"

#include "analysis/bayes.h"
#include "analysis/outcomes.h"
#include "analysis/paired.h"
#include "core/mem.h"
#include "core/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct classes races = {.task = ATTR_RACE, .n = 5, .name = fixture_class_name};
static const struct classes years = {.task = ATTR_AGE};

/* ---- names ---- */

START_TEST(names) {
    static const struct {
        const char *text;
        const struct classes *classes;
        size_t n;
        const char *first;
    } cases[] = {{"accuracy", &races, 1, "accuracy"}, {"tpr", &races, 5, "tpr:White"},
        {"tpr:Asian", &races, 1, "tpr:Asian"}, {"fpr:4", &races, 1, "fpr:Other"},
        {"mae", &years, 1, "mae"}, {"cs_le_5", &years, 1, "cs_le_5"},
        {"cs_lt_0", &years, 1, "cs_lt_0"}, {"brier", &years, 1, "brier"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct outcome *o = NULL;
        size_t n = 0, capacity = 0;
        struct err e = {0};
        ck_assert_msg(
            outcomes_add(&o, &n, &capacity, cases[i].text, cases[i].classes, true, "x", &e), "%s",
            e.msg);
        ck_assert_uint_eq(n, cases[i].n);
        ck_assert_str_eq(o[0].name, cases[i].first);
        outcomes_free(o, n);
    }
}
END_TEST

START_TEST(wrong_names) {
    static const struct {
        const char *text, *message;
        const struct classes *classes;
    } cases[] = {
        {"mae",
            "x: \"mae\": no metric of race: expected one of accuracy, selection[:CLASS], tpr[:CLASS]",
            &races},
        {"tpr:Green",
            "x: tpr:Green: no class \"Green\" of race: expected one of White, Black, Asian",
            &races},
        {"tpr:5", "x: tpr:5: no class \"5\" of race", &races},
        {"tpr", "x: tpr: ages in years have no classes: expected --bins NAME too", &years},
        {"cs_le_1000",
            "x: \"cs_le_1000\": no metric of age: expected one of accuracy, accuracy_within_1, mse",
            &years},
        {"cs_le_", "no metric of age", &years}, {"brier:1", "no metric of age", &years},
        {"log_loss", "x: log_loss: needs probabilities", &years}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct outcome *o = NULL;
        size_t n = 0, capacity = 0;
        struct err e = {0};
        ck_assert(
            !outcomes_add(&o, &n, &capacity, cases[i].text, cases[i].classes, false, "x", &e));
        ck_assert_msg(strstr(e.msg, cases[i].message), "%s: %s", cases[i].text, e.msg);
        outcomes_free(o, n);
    }
}
END_TEST

/* ---- the read-out that an outcome wants ---- */

/* The expected value of saying `said`, of a gain or of minus a loss. */
static double expected(const struct outcome *o, const struct age_bins *bins, const double *p,
    int classes, int first, double said) {
    double sum = 0;
    for (int k = 0; k < classes; k++) {
        double error = said - (first + k), gain;
        if (o->kind == OUTCOME_CS_LE)
            gain = fabs(error) <= o->limit;
        else if (o->kind == OUTCOME_CS_LT)
            gain = fabs(error) < o->limit;
        else if (o->metric == METRIC_MAE)
            gain = -fabs(error);
        else if (o->metric == METRIC_MSE)
            gain = -error * error;
        else if (bins)
            gain = age_bin(bins, said) == age_bin(bins, first + k);
        else
            gain = fabs(error) <= (o->metric == METRIC_ACCURACY_WITHIN_1);
        sum += p[k] * gain;
    }
    return sum;
}

/* No label does better than the read-out, on 300 random distributions. */
START_TEST(the_bayes_readout_is_the_best) {
    enum { CLASSES = 40, FIRST = 1 };
    static const struct outcome outcomes[] = {{.kind = OUTCOME_METRIC, .metric = METRIC_MAE},
        {.kind = OUTCOME_METRIC, .metric = METRIC_MSE},
        {.kind = OUTCOME_METRIC, .metric = METRIC_ACCURACY},
        {.kind = OUTCOME_METRIC, .metric = METRIC_ACCURACY_WITHIN_1},
        {.kind = OUTCOME_CS_LE, .limit = 5}, {.kind = OUTCOME_CS_LT, .limit = 3}};
    struct age_bin_sets sets;
    struct err e = {0};
    ck_assert(age_bins_load(&sets, NULL, &e));
    const struct age_bins *fairface = age_bins_find(&sets, "fairface-9");
    for (uint32_t i = 0; i < 300; i++)
        for (size_t k = 0; k < ARRAY_LEN(outcomes); k++)
            for (int binned = 0; binned < 2; binned++) {
                const struct outcome *o = &outcomes[k];
                bool class_metric = o->kind == OUTCOME_METRIC && o->metric == METRIC_ACCURACY;
                const struct age_bins *bins = binned && class_metric ? fairface : NULL;
                struct rng r = rng_open(3, RNG_TEST, i, 0);
                double p[CLASSES], sum = 0;
                for (int c = 0; c < CLASSES; c++)
                    sum += p[c] = pow(rng_uniform(&r), 4);
                for (int c = 0; c < CLASSES; c++)
                    p[c] /= sum;
                double said = bayes_readout(o, bins, p, CLASSES, FIRST);
                for (int c = 0; c < CLASSES; c++)
                    ck_assert_double_ge(expected(o, bins, p, CLASSES, FIRST, said) + 1e-12,
                        expected(o, bins, p, CLASSES, FIRST, FIRST + c));
            }
    age_bins_free(&sets);
}
END_TEST

/* ---- pairs ---- */

static const struct outcome accuracy = {.kind = OUTCOME_METRIC, .metric = METRIC_ACCURACY};
static const struct paired_options options = {
    .confidence = .95, .draws = 400, .seed = 5, .threads = 1};

/* a is right where its letter is '1'. */
static void systems(
    struct predictions *a, struct predictions *b, const char *right_a, const char *right_b) {
    size_t n = strlen(right_a);
    fixture_predictions(a, ATTR_GENDER, n, 1);
    fixture_predictions(b, ATTR_GENDER, n, 1);
    for (size_t i = 0; i < n; i++) {
        a->predicted[i] = right_a[i] == '1' ? 0 : 1;
        b->predicted[i] = right_b[i] == '1' ? 0 : 1;
    }
}

/* a alone is right three times, b alone never: of the 2^3 patterns of signs two are as far. McNemar: 2 / 2^3. */
START_TEST(pairs_by_hand) {
    struct predictions a, b;
    struct paired_result r;
    systems(&a, &b, "1110110001", "1000010001");
    paired_compare(&r, &accuracy, &a, &b, NULL, &options);
    ck_assert_uint_eq(r.n, 10);
    ck_assert_double_eq_tol(r.a, .6, 1e-15);
    ck_assert_double_eq_tol(r.b, .3, 1e-15);
    ck_assert_double_eq_tol(r.difference, .3, 1e-15);
    ck_assert_double_eq_tol(r.relative, 1, 1e-12);
    ck_assert_double_eq_tol(r.p, .25, 1e-15);
    ck_assert_uint_eq(r.only_a, 3);
    ck_assert_uint_eq(r.only_b, 0);
    ck_assert_double_eq_tol(r.mcnemar_p, .25, 1e-15);
    ck_assert(isinf(r.odds_ratio));
    /* Differences 1, 1, 1 and seven times 0: mean .3, s = sqrt((3 (.7)^2 + 7 (.3)^2) / 9) = sqrt(.2333). */
    ck_assert_double_eq_tol(r.standardised, .3 / sqrt(2.1 / 9), 1e-12);
    ck_assert(r.interval.low <= .3 && r.interval.high >= .3);
    predictions_free(&a);
    predictions_free(&b);
}
END_TEST

/* Every sample twice, in one cluster with its copy: as many units as before, and the same chance. */
START_TEST(copies_are_no_evidence) {
    struct predictions a, b, twice_a, twice_b;
    struct paired_result r, s;
    systems(&a, &b, "11101100", "10000100");
    systems(&twice_a, &twice_b, "1111110011110000", "1100000000110000");
    for (size_t i = 0; i < 16; i++)
        twice_a.cluster[i] = twice_b.cluster[i] = (uint32_t)(i / 2);
    twice_a.clusters = twice_b.clusters = 8;
    paired_compare(&r, &accuracy, &a, &b, NULL, &options);
    paired_compare(&s, &accuracy, &twice_a, &twice_b, NULL, &options);
    ck_assert_uint_eq(s.clusters, r.clusters);
    ck_assert_double_eq_tol(s.difference, r.difference, 1e-12);
    ck_assert_double_eq_tol(s.p, r.p, 1e-12);
    ck_assert_double_eq_tol(s.interval.low, r.interval.low, 1e-12);
    ck_assert_double_eq_tol(s.interval.high, r.interval.high, 1e-12);
    ck_assert_double_nan(s.mcnemar_p); /* samples are not independent */
    ck_assert_double_eq_tol(s.standardised, r.standardised, 1e-12);
    predictions_free(&a);
    predictions_free(&b);
    predictions_free(&twice_a);
    predictions_free(&twice_b);
}
END_TEST

START_TEST(shared_samples_alone) {
    struct predictions a, b;
    struct paired_result r;
    systems(&a, &b, "1111", "0000");
    for (size_t i = 0; i < 4; i++) { /* b's are a's third and fourth, and two others */
        free(b.id[i]);
        b.id[i] = xasprintf("%06zu", i + 2);
    }
    paired_compare(&r, &accuracy, &a, &b, NULL, &options);
    ck_assert_uint_eq(r.n, 2);
    ck_assert_double_eq(r.difference, 1);
    for (size_t i = 0; i < 4; i++)
        b.id[i][0] = 'x';
    paired_compare(&r, &accuracy, &a, &b, NULL, &options);
    ck_assert_uint_eq(r.n, 0);
    ck_assert_double_nan(r.difference);
    ck_assert_double_nan(r.p);
    predictions_free(&a);
    predictions_free(&b);
}
END_TEST

/* Seeds 1 and 2 that move both systems alike: drawn together the difference does not move with them. */
START_TEST(seeds_are_drawn_together) {
    struct predictions a, b;
    struct paired_result together, apart;
    fixture_predictions(&a, ATTR_GENDER, 40, 2);
    fixture_predictions(&b, ATTR_GENDER, 40, 2);
    for (size_t i = 0; i < 40; i++)
        for (size_t run = 0; run < 2; run++)
            a.predicted[2 * i + run] = b.predicted[2 * i + run] = run && i % 2;
    paired_compare(&together, &accuracy, &a, &b, NULL, &options);
    b.seed[1] = 7;
    paired_compare(&apart, &accuracy, &a, &b, NULL, &options);
    ck_assert(together.runs_paired && !apart.runs_paired);
    ck_assert_double_eq(together.interval.high, 0);
    ck_assert_double_gt(apart.interval.high, .2);
    predictions_free(&a);
    predictions_free(&b);
}
END_TEST

Suite *outcomes_suite(void) {
    Suite *s = suite_create("outcomes");
    TCase *c = tcase_create("outcomes");
    tcase_add_test(c, names);
    tcase_add_test(c, wrong_names);
    tcase_add_test(c, the_bayes_readout_is_the_best);
    tcase_add_test(c, pairs_by_hand);
    tcase_add_test(c, copies_are_no_evidence);
    tcase_add_test(c, shared_samples_alone);
    tcase_add_test(c, seeds_are_drawn_together);
    suite_add_tcase(s, c);
    return s;
}
