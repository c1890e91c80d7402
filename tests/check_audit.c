/* Audits on arrays: hand-worked cells, gaps and their chances. */
#include "check_suites.h"
#include "fixture_predictions.h"

#include "analysis/audit.h"
#include "core/mem.h"
#include "core/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct classes genders = {.task = ATTR_GENDER, .n = 2, .name = fixture_class_name};

/* One outcome of the gender task by one attribute. */
static void audit_by(struct audit_table *t, const struct predictions *p, const char *metric,
    enum attribute by, const struct audit_options *options) {
    struct outcome *o = NULL;
    size_t n = 0, capacity = 0;
    struct crossing crossing;
    struct err e = {0};
    bool uses[ATTR_COUNT] = {false};
    uses[by] = true;
    ck_assert_msg(outcomes_add(&o, &n, &capacity, metric, &genders, false, "", &e), "%s", e.msg);
    crossing_make(&crossing, p, uses, NULL, fixture_class_name, NULL);
    audit_compute(t, o, p, NULL, &crossing, options);
    crossing_free(&crossing);
    outcomes_free(o, n);
}

static const struct audit_options plain = {.confidence = 0.95, .min_clusters = 2, .threads = 1};
static const struct audit_options theirs = {
    .confidence = 0.95, .min_clusters = 2, .threads = 1, .fairlearn = true};

/* fairlearn's documentation: y = 1111100110, said 0111100011; the first five are one group, the last five the
 * other. Race stands for the group, so that it is not the task's own attribute. */
static void textbook(struct predictions *p) {
    static const char truth[] = "1111100110", said[] = "0111100011";
    fixture_predictions(p, ATTR_GENDER, 10, 1);
    for (int i = 0; i < 10; i++) {
        p->truth[i] = truth[i] - '0';
        p->predicted[i] = said[i] - '0';
        p->label[ATTR_RACE][i] = i / 5;
    }
}

START_TEST(the_textbook_example) {
    struct predictions p;
    struct audit_table t, f;
    textbook(&p);
    audit_by(&t, &p, "selection:1", ATTR_RACE, &plain); /* 4 of 5, 2 of 5 */
    ck_assert_double_eq_tol(t.cells[0].value, .8, 1e-15);
    ck_assert_double_eq_tol(t.cells[1].value, .4, 1e-15);
    ck_assert_double_eq_tol(t.gap[GAP_DIFFERENCE].gap.value, .4, 1e-15);
    ck_assert_double_eq_tol(t.gap[GAP_RATIO].gap.value, .5, 1e-15);
    audit_free(&t);
    audit_by(&t, &p, "accuracy", ATTR_RACE, &plain); /* .8 and .6; all: .7 */
    ck_assert_double_eq_tol(t.gap[GAP_DIFFERENCE].gap.value, .2, 1e-15);
    ck_assert_double_eq_tol(t.gap[GAP_RATIO].gap.value, .75, 1e-15);
    ck_assert_double_eq_tol(t.gap[GAP_DIFFERENCE_TO_OVERALL].gap.value, .1, 1e-15);
    ck_assert_double_eq_tol(t.gap[GAP_RATIO_TO_OVERALL].gap.value, .6 / .7, 1e-15);
    ck_assert_uint_eq(t.cells[1].rank, 1);
    ck_assert_uint_eq(t.gap[GAP_DIFFERENCE].gap.high, 0);
    ck_assert_uint_eq(t.gap[GAP_DIFFERENCE].gap.low, 1);
    audit_free(&t);
    /* Truth 11111 and 00110, said 01111 and 00011: TPR 4/5 and 1/2, FPR of the second 1/3; the first group has no
     * negatives, so that its FPR is undefined, or by fairlearn's rule 0. */
    audit_by(&t, &p, "tpr:1", ATTR_RACE, &plain);
    audit_by(&f, &p, "fpr:1", ATTR_RACE, &plain);
    ck_assert_double_nan(f.cells[0].value);
    ck_assert_double_eq_tol(f.cells[1].value, 1. / 3, 1e-15);
    struct audit_gap odds[GAP_COUNT];
    bool of_tpr[GAP_COUNT];
    audit_equalised_odds(&t, &f, odds, of_tpr);
    ck_assert_double_eq_tol(odds[GAP_DIFFERENCE].gap.value, .3, 1e-15);
    ck_assert(of_tpr[GAP_DIFFERENCE]);
    audit_free(&t);
    audit_free(&f);
    audit_by(&t, &p, "tpr:1", ATTR_RACE, &theirs);
    audit_by(&f, &p, "fpr:1", ATTR_RACE, &theirs);
    audit_equalised_odds(&t, &f, odds, of_tpr);
    ck_assert_double_eq_tol(odds[GAP_DIFFERENCE].gap.value, 1. / 3, 1e-15);
    ck_assert(!of_tpr[GAP_DIFFERENCE]);
    audit_free(&t);
    audit_free(&f);
    predictions_free(&p);
}
END_TEST

/* 200 samples in four groups of 100, 60, 38 and 2, none in the fifth; right but for every fifth of the first group. */
static void uneven(struct predictions *p) {
    fixture_predictions(p, ATTR_GENDER, 200, 1);
    for (int i = 0; i < 200; i++) {
        p->truth[i] = i % 2;
        p->predicted[i] = i < 100 && i % 5 == 0 ? 1 - i % 2 : i % 2;
        p->label[ATTR_RACE][i] = i < 100 ? 0 : i < 160 ? 1 : i < 198 ? 2 : i < 200 ? 4 : 3;
    }
}

START_TEST(small_and_empty_cells) {
    struct audit_options o = plain;
    struct predictions p;
    struct audit_table t;
    uneven(&p);
    o.min_clusters = 40;
    audit_by(&t, &p, "accuracy", ATTR_RACE, &o);
    ck_assert_uint_eq(t.n, 5);
    ck_assert_uint_eq(t.ranked, 2);
    ck_assert_uint_eq(t.cells[0].rank, 1);
    ck_assert_uint_eq(t.cells[1].rank, 2);
    ck_assert_uint_eq(t.cells[2].rank, 0); /* 38: shown with its value, not ranked */
    ck_assert_double_eq(t.cells[2].value, 1);
    ck_assert_int_eq(t.cells[0].method, INTERVAL_WILSON);
    ck_assert_int_eq(t.cells[4].method, INTERVAL_EXACT);
    ck_assert_double_eq_tol(
        t.cells[4].interval.low, pow(.025, 1. / 2), 1e-12); /* both of two right */
    ck_assert_uint_eq(t.cells[3].samples, 0);
    ck_assert_double_nan(t.cells[3].value);
    ck_assert_int_eq(t.cells[3].method, INTERVAL_NONE);
    ck_assert_double_eq_tol(t.gap[GAP_DIFFERENCE].gap.value, .2, 1e-15);
    audit_free(&t);
    o.min_clusters = 101;
    audit_by(&t, &p, "accuracy", ATTR_RACE, &o);
    ck_assert_uint_eq(t.ranked, 0);
    ck_assert_double_nan(t.gap[GAP_DIFFERENCE].gap.value);
    audit_free(&t);
    predictions_free(&p);
}
END_TEST

/* A cluster of two that are always the same counts as one: Kish's size of 100 pairs is 100, and the interval of a share
 * with p (1 - p) / v = 100 is that of 100 single samples. */
START_TEST(dependent_samples_count_once) {
    struct predictions pairs, single;
    struct audit_table t, s;
    fixture_predictions(&pairs, ATTR_GENDER, 200, 1);
    fixture_predictions(&single, ATTR_GENDER, 100, 1);
    for (int i = 0; i < 200; i++) {
        pairs.cluster[i] = (uint32_t)(i / 2);
        pairs.predicted[i] = i / 2 % 4 == 0;
        single.predicted[i / 2] = i / 2 % 4 == 0;
    }
    pairs.clusters = 100;
    audit_by(&t, &pairs, "accuracy", ATTR_RACE, &plain);
    audit_by(&s, &single, "accuracy", ATTR_RACE, &plain);
    ck_assert_uint_eq(t.all.n, 200);
    ck_assert_uint_eq(t.all.clusters, 100);
    ck_assert_double_eq_tol(t.all.error, s.all.error, 1e-12);
    /* v is the same, so that of the pairs 200 * 99 / 199 = 99.5 count, times (1.95996 / 1.98422)^2 for v is known from
     * 100 clusters: 97.08, where of the single ones 100 do. */
    struct interval want = interval_wilson(.75, 97.08, .95);
    ck_assert_double_eq_tol(t.all.interval.low, want.low, 1e-5);
    ck_assert_double_eq_tol(t.all.interval.high, want.high, 1e-5);
    want = interval_wilson(.75, 100, .95);
    ck_assert_double_eq_tol(s.all.interval.low, want.low, 1e-12);
    audit_free(&t);
    audit_free(&s);
    predictions_free(&pairs);
    predictions_free(&single);
}
END_TEST

static void noisy(struct predictions *p, size_t n, int runs) {
    fixture_predictions(p, ATTR_GENDER, n, runs);
    p->clusters = 0;
    for (size_t i = 0; i < n; i++) {
        p->cluster[i] = (uint32_t)(i % 7 == 0 && i ? p->clusters - 1 : p->clusters++);
        p->truth[i] = (int)(i * 7919 % 13 % 2);
        p->label[ATTR_RACE][i] = (int)(i * 31 % 11 % 3);
        for (int r = 0; r < runs; r++)
            p->predicted[i * (size_t)runs + (size_t)r] =
                (i * 104729 + (size_t)r * 17) % 10 < 8 ? p->truth[i] : 1 - p->truth[i];
    }
}

static void check_same(const struct audit_table *a, const struct audit_table *b) {
    for (size_t g = 0; g < a->n; g++) {
        ck_assert_double_eq(a->cells[g].value, b->cells[g].value);
        ck_assert_double_eq(a->cells[g].interval.low, b->cells[g].interval.low);
        ck_assert_double_eq(a->cells[g].p, b->cells[g].p);
    }
    for (int k = 0; k < GAP_COUNT; k++) {
        ck_assert_double_eq(a->gap[k].gap.interval.low, b->gap[k].gap.interval.low);
        ck_assert_double_eq(a->gap[k].gap.interval.high, b->gap[k].gap.interval.high);
        ck_assert_double_eq(a->gap[k].p, b->gap[k].p);
    }
}

START_TEST(threads_change_nothing) {
    struct audit_options one = plain, many = plain;
    one.draws = many.draws = 300;
    many.threads = 4;
    for (int runs = 1; runs <= 3; runs += 2) {
        struct predictions p;
        struct audit_table a, b;
        noisy(&p, 400, runs);
        audit_by(&a, &p, "accuracy", ATTR_RACE, &one);
        audit_by(&b, &p, "accuracy", ATTR_RACE, &many);
        check_same(&a, &b);
        audit_free(&a);
        audit_free(&b);
        predictions_free(&p);
    }
}
END_TEST

/* Draws that are kept are those that would be made: by tables of as many clusters, and of others in between. */
START_TEST(shared_draws_change_nothing) {
    struct shared_draws draws = {0};
    struct audit_options alone = plain, shared = plain;
    alone.draws = shared.draws = 200;
    shared.shared_draws = &draws;
    static const size_t samples[] = {400, 400, 90, 400};
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        struct predictions p;
        struct audit_table a, b;
        noisy(&p, samples[i], 3);
        audit_by(&a, &p, "accuracy", ATTR_RACE, &alone);
        audit_by(&b, &p, "accuracy", ATTR_RACE, &shared);
        check_same(&a, &b);
        ck_assert_ptr_nonnull(draws.bootstrap.times);
        ck_assert_ptr_nonnull(draws.permutation.from);
        ck_assert_uint_eq(draws.bootstrap.units, b.all.clusters);
        ck_assert_uint_eq(draws.permutation.rows, b.all.n);
        audit_free(&a);
        audit_free(&b);
        predictions_free(&p);
    }
    shared_draws_free(&draws);
}
END_TEST

/* ---- draws, one at a time ---- */

/* 50 draws: the last eight are two. */
enum { ROWS = 700, UNITS = 600, GROUPS = 3, WIDEST = 13, DRAWS = 50 };

struct kept {
    size_t numbers; /* of a draw */
    double sums[DRAWS][GROUPS * WIDEST];
};

static void keep_sums(void *context, int worker, size_t draw, double *sums) {
    struct kept *kept = context;
    (void)worker;
    memcpy(kept->sums[draw], sums, kept->numbers * sizeof *sums);
}

/* Rows of three groups; a hundred units have two rows, one in the first and one in the last group. Terms of `whole` are
 * hits and errors in years, else there are thirds of them. */
static void make_rows(
    struct grouped_rows *rows, double *terms, uint32_t *unit, int width, bool whole) {
    static const size_t first[GROUPS + 1] = {0, 150, 500, ROWS};
    for (size_t i = 0; i < ROWS; i++) {
        unit[i] = (uint32_t)(i < UNITS ? i : i - UNITS);
        for (int k = 0; k < width; k++)
            terms[i * (size_t)width + (size_t)k] =
                (double)((i * 31 + (size_t)k * 7) % 117) / (whole ? 1 : 3) - (k == 1 ? 50 : 0);
    }
    *rows = (struct grouped_rows){ROWS, width, terms, unit, UNITS, first, GROUPS};
}

/* As the header says it, a draw at a time and a row after the other: the same bits, of any width. */
START_TEST(draws_are_those_that_are_told) {
    static double terms[ROWS * WIDEST];
    static uint32_t unit[ROWS];
    static struct kept kept;
    for (int width = 1; width <= WIDEST; width++) {
        struct grouped_rows rows;
        make_rows(&rows, terms, unit, width, _i);
        kept.numbers = GROUPS * (size_t)width;
        resample_units(&rows, (struct draws){7, DRAWS, 2, NULL}, keep_sums, &kept);
        for (size_t draw = 0; draw < DRAWS; draw++) {
            uint32_t times[UNITS] = {0};
            struct rng rng = rng_open(7, RNG_CLUSTERS, (uint32_t)draw, 0);
            for (size_t u = 0; u < UNITS; u++)
                times[rng_below(&rng, UNITS)]++;
            for (size_t g = 0; g < GROUPS; g++)
                for (int k = 0; k < width; k++) {
                    double sum = 0;
                    for (size_t i = rows.first[g]; i < rows.first[g + 1]; i++)
                        sum += times[unit[i]] * terms[i * (size_t)width + (size_t)k];
                    ck_assert_double_eq(kept.sums[draw][g * (size_t)width + (size_t)k], sum);
                }
        }
    }
}
END_TEST

/* The units of one row, 100 to 599, take each other's places. Those of two rows have one in the first and one in the last
 * group each, whichever place they take. */
static void permuted(const double *terms, size_t draw, double sum[GROUPS][3]) {
    uint32_t place[500];
    struct rng rng = rng_open(7, RNG_PERMUTATION, (uint32_t)draw, 0);
    for (uint32_t u = 0; u < 500; u++)
        place[u] = u;
    rng_shuffle(&rng, place, 500);
    for (size_t u = 0; u < ROWS; u++) {
        bool alone = u >= 100 && u < UNITS;
        size_t at = alone ? 100 + place[u - 100] : u;
        for (size_t k = 0; k < 3; k++)
            sum[at < 150 ? 0 : at < 500 ? 1 : 2][k] += terms[u * 3 + k];
    }
}

START_TEST(permutations_are_those_that_are_told) {
    static double terms[ROWS * WIDEST];
    static uint32_t unit[ROWS];
    static struct kept kept = {.numbers = GROUPS * 3};
    struct grouped_rows rows;
    struct shared_draws shared = {0};
    make_rows(&rows, terms, unit, 3, true);
    for (int round = 0; round < 2; round++) { /* the second takes what the first has left */
        permute_groups(&rows, (struct draws){7, DRAWS, 2, &shared}, keep_sums, &kept);
        for (size_t draw = 0; draw < DRAWS; draw++) {
            double sum[GROUPS][3] = {{0}};
            permuted(terms, draw, sum);
            for (size_t i = 0; i < GROUPS * 3; i++)
                ck_assert_double_eq(kept.sums[draw][i], sum[i / 3][i % 3]);
        }
    }
    shared_draws_free(&shared);
}
END_TEST

/* What a bootstrap sums to is made once of equal rows, and anew of others, be it in one term, one unit or the seed. */
START_TEST(sums_are_kept_of_equal_rows) {
    static double terms[ROWS * WIDEST], other_terms[ROWS * WIDEST];
    static uint32_t unit[ROWS], other_unit[ROWS];
    static struct kept kept = {.numbers = 3};
    const size_t all[] = {0, ROWS};
    struct grouped_rows rows;
    struct shared_draws shared = {0};
    struct draws draws = {7, DRAWS, 2, &shared};
    make_rows(&rows, terms, unit, 3, false);
    rows.first = all;
    rows.groups = 1;
    resample_units(&rows, draws, keep_sums, &kept);
    const double *sums = resampled_sums(&rows, draws);
    for (size_t i = 0; i < DRAWS * 3; i++)
        ck_assert_double_eq(sums[i], kept.sums[i / 3][i % 3]);
    struct grouped_rows equal = rows, others[] = {rows, rows};
    memcpy(other_terms, terms, sizeof terms);
    memcpy(other_unit, unit, sizeof unit);
    equal.terms = other_terms;
    equal.unit = other_unit;
    ck_assert_ptr_eq(resampled_sums(&equal, draws), sums);
    other_terms[ROWS * 3 - 1] += 1;
    others[0].terms = other_terms;
    other_unit[ROWS - 1]--;
    others[1].unit = other_unit;
    for (int i = 0; i < 2; i++) {
        resample_units(&others[i], draws, keep_sums, &kept);
        const double *own = resampled_sums(&others[i], draws);
        ck_assert_ptr_ne(own, sums);
        for (size_t k = 0; k < DRAWS * 3; k++)
            ck_assert_double_eq(own[k], kept.sums[k / 3][k % 3]);
    }
    draws.seed = 8;
    ck_assert_ptr_ne(resampled_sums(&rows, draws), sums);
    shared_draws_free(&shared);
}
END_TEST

/* With two groups every contrast is a multiple of their difference, so that all tests say the same; several runs that
 * are all equal say what one says. */
START_TEST(two_groups_have_one_chance) {
    struct audit_options o = plain;
    struct predictions p, three;
    struct audit_table t, u;
    o.draws = 500;
    noisy(&p, 300, 1);
    noisy(&three, 300, 3);
    for (size_t i = 0; i < 300; i++) {
        p.label[ATTR_RACE][i] = three.label[ATTR_RACE][i] = i % 5 < 2;
        p.predicted[i] = i % 7 == 0 || i % 9 == 1 ? 1 - p.truth[i] : p.truth[i];
        for (int r = 0; r < 3; r++)
            three.predicted[3 * i + (size_t)r] = p.predicted[i];
    }
    audit_by(&t, &p, "accuracy", ATTR_RACE, &o);
    audit_by(&u, &three, "accuracy", ATTR_RACE, &o);
    ck_assert_double_eq(t.cells[0].p, t.gap[GAP_DIFFERENCE].p);
    ck_assert_double_eq(t.cells[1].p, t.gap[GAP_DIFFERENCE].p);
    ck_assert_double_eq(t.gap[GAP_DIFFERENCE_TO_OVERALL].p, t.gap[GAP_DIFFERENCE].p);
    ck_assert_double_gt(t.gap[GAP_DIFFERENCE].p, 1. / 501);
    ck_assert_double_eq(u.gap[GAP_DIFFERENCE].p, t.gap[GAP_DIFFERENCE].p);
    ck_assert_double_eq_tol(
        u.gap[GAP_DIFFERENCE].gap.interval.high, t.gap[GAP_DIFFERENCE].gap.interval.high, 1e-12);
    audit_free(&t);
    audit_free(&u);
    predictions_free(&p);
    predictions_free(&three);
}
END_TEST

/* A ranked group of two clusters is absent from about a share (1 - 2/n)^n = e^-2 of the draws. */
START_TEST(a_group_may_be_absent_from_a_draw) {
    struct audit_options o = plain;
    struct predictions p;
    struct audit_table t;
    o.draws = 400;
    uneven(&p);
    audit_by(&t, &p, "accuracy", ATTR_RACE, &o);
    ck_assert_uint_eq(t.ranked, 4);
    ck_assert_double_eq_tol(t.gap[GAP_DIFFERENCE].gap.value, .2, 1e-15);
    ck_assert(t.gap[GAP_DIFFERENCE].gap.interval.high >= .2);
    ck_assert(isfinite(t.gap[GAP_DIFFERENCE].gap.interval.high));
    ck_assert(t.gap[GAP_DIFFERENCE].p > 0 && t.gap[GAP_DIFFERENCE].p <= 1);
    audit_free(&t);
    predictions_free(&p);
}
END_TEST

/* One class alone, one row alone, everyone right: values, no gap, no crash. */
START_TEST(degenerate_sets) {
    struct audit_options o = plain;
    o.draws = 100;
    for (size_t n = 1; n <= 40; n += 39) {
        struct predictions p;
        struct audit_table t;
        fixture_predictions(&p, ATTR_GENDER, n, 1);
        audit_by(&t, &p, "accuracy", ATTR_RACE, &o);
        ck_assert_double_eq(t.all.value, 1);
        ck_assert_double_nan(t.gap[GAP_DIFFERENCE].gap.value);
        audit_free(&t);
        audit_by(&t, &p, "tpr:female", ATTR_RACE, &o);
        ck_assert_double_nan(t.all.value);
        ck_assert_uint_eq(t.all.n, 0);
        audit_free(&t);
        predictions_free(&p);
    }
}
END_TEST

Suite *audit_suite(void) {
    Suite *s = suite_create("audit");
    TCase *c = tcase_create("audit");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, the_textbook_example);
    tcase_add_test(c, small_and_empty_cells);
    tcase_add_test(c, dependent_samples_count_once);
    tcase_add_test(c, threads_change_nothing);
    tcase_add_test(c, shared_draws_change_nothing);
    tcase_add_loop_test(c, draws_are_those_that_are_told, 0, 2);
    tcase_add_test(c, permutations_are_those_that_are_told);
    tcase_add_test(c, sums_are_kept_of_equal_rows);
    tcase_add_test(c, two_groups_have_one_chance);
    tcase_add_test(c, a_group_may_be_absent_from_a_draw);
    tcase_add_test(c, degenerate_sets);
    suite_add_tcase(s, c);
    return s;
}
