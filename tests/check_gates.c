/* Gates: each planted and found, beside the same split without it; the chi-squared test against hand-worked
 * numbers and SciPy's (tests/reference/homogeneity.py). */
#include "check_suites.h"

#include "analysis/distributions.h"
#include "analysis/homogeneity.h"
#include "core/mem.h"
#include "grid/split_gates.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the test ---- */

START_TEST(tails_are_scipys) {
    static const struct {
        double x, degrees, tail;
    } rows[] = {{3.841458820694124, 1, 0.04999999999999989}, {10, 3, 0.01856613546304325},
        {0.5, 7, 0.9994464813904249}, {250, 4, 6.509689997375721e-53},
        {1200, 12, 1.7318650006731017e-249}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        ck_assert_double_eq_tol(
            chi_squared_tail(rows[i].x, rows[i].degrees) / rows[i].tail, 1, 1e-11);
    ck_assert_double_eq(chi_squared_tail(0, 3), 1);
    ck_assert_double_eq(chi_squared_tail(1e6, 3), 0);
    ck_assert_double_eq(chi_squared_tail(INFINITY, 3), 0);
    ck_assert(isnan(chi_squared_tail(NAN, 3)));
}
END_TEST

/* 90 of 200 in the first class, so 45 expected in each row of 100, and 55 in the second: each is 15 off, so
 * 2 * 225 / 45 + 2 * 225 / 55 = 10 + 8.1818; V = sqrt(18.1818 / 200) = .30151. */
START_TEST(two_classes_by_hand) {
    static const size_t a[] = {60, 40}, b[] = {30, 70};
    struct homogeneity h = homogeneity_test((const size_t *const[]){a, b}, 2);
    ck_assert_int_eq(h.columns, 2);
    ck_assert_uint_eq(h.n, 200);
    ck_assert_double_eq_tol(h.statistic, 18.18181818181818, 1e-12);
    ck_assert_double_eq_tol(h.v, 0.30151134457776363, 1e-12);
    ck_assert_double_eq_tol(h.p, 2.0078656124264854e-05, 1e-15);
}
END_TEST

/* Of the second class 5 * 50 / 150 = 1.7 are expected in the second row, so it goes with the third; of the
 * fifth 2/3, so it goes back to the one before. 42, 48 and 60 remain: (28 32 40), (14 16 20) expected, and
 * 4/28 + 4/32 + 4/14 + 4/16 = .803571. With two degrees of freedom p = exp(-x / 2) = .669124. */
START_TEST(rare_classes_are_taken_together) {
    static const size_t a[] = {30, 3, 27, 39, 1}, b[] = {12, 2, 16, 19, 1};
    struct homogeneity h = homogeneity_test((const size_t *const[]){a, b}, 5);
    ck_assert_int_eq(h.columns, 3);
    ck_assert_double_eq_tol(h.statistic, 4. / 28 + 4. / 32 + 4. / 14 + 4. / 16, 1e-12);
    ck_assert_double_eq_tol(h.p, exp(-h.statistic / 2), 1e-12);
    ck_assert_double_eq_tol(h.v, sqrt(h.statistic / 150), 1e-12);
}
END_TEST

START_TEST(nothing_to_compare) {
    static const size_t none[] = {0, 0}, few[] = {3, 2}, some[] = {50, 50};
    ck_assert_int_eq(homogeneity_test((const size_t *const[]){none, some}, 2).columns, 0);
    ck_assert(isnan(homogeneity_test((const size_t *const[]){none, some}, 2).p));
    struct homogeneity h = homogeneity_test((const size_t *const[]){few, some}, 2);
    ck_assert_int_lt(h.columns, 2);
    ck_assert(isnan(h.v));
}
END_TEST

/* ---- a split without fault ---- */

/* 900 samples, a third a part in turn: 300 of each, every part with the same labels: gender and race turn over
 * every 30, ages every 90 through 20 to 49. No two share a thing. */
enum { N = 900, EACH = N / PART_COUNT };
static struct sample samples[N];
static struct manifest m;
static struct split s;
static struct findings f;
static const bool all_tasks[ATTR_COUNT] = {true, true, true};

static void plain_split(void) {
    m = (struct manifest){.set = DATASET_UTKFACE,
        .root = (char *)"faces",
        .samples = samples,
        .n = N,
        .duplicates_known = true};
    s = (struct split){.n = {EACH, EACH, EACH}};
    for (int i = 0; i < N; i++) {
        samples[i] = (struct sample){.id = xasprintf("id-%03d", i),
            .file = xasprintf("file-%03d", i),
            .subject = xasprintf("person-%03d", i),
            .album = xasprintf("album-%03d", i),
            .duplicate_group = -1,
            .fold = -1};
        snprintf(samples[i].content, SHA256_HEX, "%064d", i);
        samples[i].label[ATTR_GENDER] = (int16_t)(i / 3 % 2);
        samples[i].label[ATTR_RACE] = (int16_t)(i / 6 % 5);
        samples[i].label[ATTR_AGE] = (int16_t)(20 + i / 30 % 3 * 10 + i % 10);
    }
    for (int part = 0; part < PART_COUNT; part++) {
        s.rows[part] = xcalloc(EACH, sizeof(uint32_t));
        for (int i = 0; i < EACH; i++)
            s.rows[part][i] = (uint32_t)(PART_COUNT * i + part);
    }
}

static void release_split(void) {
    for (int i = 0; i < N; i++) {
        free(samples[i].id);
        free(samples[i].file);
        free(samples[i].subject);
        free(samples[i].album);
    }
    findings_free(&f);
    split_free(&s);
}

static void measure(const bool tasks[ATTR_COUNT]) {
    findings_free(&f);
    gates_measure(&f, &m, &s, tasks, &gate_rules_default.bounds);
}

static int with_verdict(enum gate gate, enum verdict verdict) {
    int n = 0;
    for (size_t i = 0; i < f.n; i++)
        n += f.list[i].gate == gate && f.list[i].verdict == verdict;
    return n;
}

static const struct finding *find(enum gate gate, int attribute, int part, int against) {
    for (size_t i = 0; i < f.n; i++)
        if (f.list[i].gate == gate && f.list[i].attribute == attribute && f.list[i].part == part &&
            f.list[i].against == against)
            return &f.list[i];
    ck_abort_msg("no measure of %s", gate_name[gate]);
}

/* The one gate that warns, and how often. */
static void only_warns(enum gate gate, int times) {
    for (int g = 0; g < GATE_COUNT; g++)
        ck_assert_msg(with_verdict((enum gate)g, VERDICT_WARNED) == (g == (int)gate ? times : 0),
            "%s warns %d times", gate_name[g], with_verdict((enum gate)g, VERDICT_WARNED));
}

/* Five kinds of overlap in three pairs; shift, classes and size of three attributes in two parts; groups in
 * two. */
START_TEST(a_split_without_fault) {
    measure(all_tasks);
    for (size_t i = 0; i < f.n; i++)
        ck_assert_msg(f.list[i].verdict == VERDICT_PASSED, "%s: %s", gate_name[f.list[i].gate],
            f.list[i].text);
    ck_assert_uint_eq(f.n, 5 * 3 + 3 * 3 * 2 + 2);
    ck_assert_str_eq(find(GATE_CONTENTS, -1, PART_TEST, PART_TRAIN)->text,
        "0 of the 300 images of test have the bytes of an image of train");
}
END_TEST

/* ---- overlap ---- */

/* Train has 0 and 3, validation 1, test 2 and 5. Two test images share with one of train, and those two with
 * one of validation; seen from validation, one shares with train. */
static void share(enum gate gate) {
    static const int rows[] = {0, 1, 2, 5};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct sample *x = &samples[rows[i]];
        char **text = gate == GATE_FILES      ? &x->file
                      : gate == GATE_SUBJECTS ? &x->subject
                      : gate == GATE_ALBUMS   ? &x->album
                                              : NULL;
        if (text) {
            free(*text);
            *text = xstrdup("shared");
        } else if (gate == GATE_CONTENTS) {
            memset(x->content, 'f', SHA256_HEX - 1);
        } else {
            x->duplicate_group = 7;
        }
    }
}

START_TEST(what_parts_share_is_found) {
    enum gate gate = (enum gate)_i;
    share(gate);
    measure(all_tasks);
    only_warns(gate, 3);
    const struct finding *test = find(gate, -1, PART_TEST, PART_TRAIN);
    ck_assert_double_eq(test->value, 2);
    ck_assert_uint_eq(test->n, 300);
    ck_assert_str_eq(test->examples, "[[\"id-002\", \"id-000\"]]");
    ck_assert_ptr_nonnull(strstr(test->text, "2 of the 300 images of test "));
    ck_assert_ptr_nonnull(strstr(test->text, ", such as \"id-002\" that of \"id-000\""));
    ck_assert_double_eq(find(gate, -1, PART_TEST, PART_VALIDATION)->value, 2);
    ck_assert_double_eq(find(gate, -1, PART_VALIDATION, PART_TRAIN)->value, 1);
}
END_TEST

START_TEST(what_one_part_has_twice_is_no_overlap) {
    for (int i = 0; i < 6; i += 3) { /* of train */
        free(samples[i].subject);
        samples[i].subject = xstrdup("twice");
        samples[i].duplicate_group = 1;
    }
    measure(all_tasks);
    ck_assert_int_eq(with_verdict(GATE_SUBJECTS, VERDICT_WARNED), 0);
    ck_assert_int_eq(with_verdict(GATE_DUPLICATES, VERDICT_WARNED), 0);
}
END_TEST

START_TEST(a_set_without_identities_is_not_known) {
    for (int i = 0; i < N; i++) {
        free(samples[i].subject);
        samples[i].subject = NULL;
    }
    measure(all_tasks);
    ck_assert_int_eq(with_verdict(GATE_SUBJECTS, VERDICT_UNKNOWN), 1);
    ck_assert_int_eq(with_verdict(GATE_SUBJECTS, VERDICT_PASSED), 0);
    ck_assert(isnan(find(GATE_SUBJECTS, -1, -1, -1)->value));
    m.duplicates_known = false;
    measure(all_tasks);
    ck_assert_int_eq(with_verdict(GATE_DUPLICATES, VERDICT_UNKNOWN), 1);
}
END_TEST

/* ---- labels ---- */

/* 90 of the 150 men in test become women: (150 150), (60 240). Expected 105 and 195, each 45 off:
 * 2 * 2025 / 105 + 2 * 2025 / 195 = 59.34; V = sqrt(59.34 / 600) = .3145. */
START_TEST(a_shift_is_found) {
    int left = 90;
    for (int i = 2; i < N && left; i += 3)
        if (samples[i].label[ATTR_GENDER] == 0) {
            samples[i].label[ATTR_GENDER] = 1;
            left--;
        }
    measure(all_tasks);
    ck_assert_int_eq(with_verdict(GATE_SHIFT, VERDICT_WARNED), 1);
    const struct finding *x = find(GATE_SHIFT, ATTR_GENDER, PART_TEST, PART_TRAIN);
    double statistic = 2 * 2025 / 105. + 2 * 2025 / 195.;
    ck_assert_double_eq_tol(x->value, sqrt(statistic / 600), 1e-12);
    ck_assert_uint_eq(x->n, 600);
    ck_assert_str_eq(x->text, "gender in test has other shares than in train: Cramer's V 0.314, p "
                              "1.3e-14 (chi-squared 59.3 of 1 degrees)");
    static const bool age_alone[ATTR_COUNT] = {[ATTR_AGE] = true};
    measure(age_alone);
    ck_assert_int_eq(with_verdict(GATE_SHIFT, VERDICT_WARNED), 0);
}
END_TEST

/* Both bounds: (150 150), (135 165) has V = .05 at p = .22; a small effect does not warn however small p is,
 * nor does a large one that chance may have made. */
START_TEST(a_shift_is_ruled_on_by_both_bounds) {
    struct gate_bounds bounds = gate_rules_default.bounds;
    int left = 15;
    for (int i = 2; i < N && left; i += 3)
        if (samples[i].label[ATTR_GENDER] == 0) {
            samples[i].label[ATTR_GENDER] = 1;
            left--;
        }
    static const struct {
        double p, v;
        int warned;
    } rows[] = {{1, 0.1, 0}, {0.1, 0.01, 0}, {1, 0.01, 1}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bounds.shift_p = rows[i].p;
        bounds.shift_v = rows[i].v;
        findings_free(&f);
        gates_measure(&f, &m, &s, (const bool[ATTR_COUNT]){[ATTR_GENDER] = true}, &bounds);
        ck_assert_int_eq(with_verdict(GATE_SHIFT, VERDICT_WARNED), rows[i].warned);
    }
}
END_TEST

/* Train alone has nobody of race 4 (60 in each part become 3), test alone has one of 95. */
START_TEST(missing_classes_are_found) {
    for (int i = 0; i < N; i += 3)
        if (samples[i].label[ATTR_RACE] == 4)
            samples[i].label[ATTR_RACE] = 3;
    samples[2].label[ATTR_AGE] = 95;
    measure(all_tasks);
    ck_assert_int_eq(with_verdict(GATE_CLASSES, VERDICT_WARNED), 3);
    ck_assert_str_eq(find(GATE_CLASSES, ATTR_RACE, PART_TEST, PART_TRAIN)->text,
        "1 class of race in one of train and test alone: Other (60 in test, none in train)");
    const struct finding *x = find(GATE_CLASSES, ATTR_AGE, PART_TEST, PART_TRAIN);
    ck_assert_str_eq(
        x->text, "1 class of age in one of train and test alone: 90-99 (1 in test, none in train)");
    ck_assert_str_eq(x->examples, "[\"90-99\"]");
    ck_assert_double_eq(x->value, 1);
}
END_TEST

/* The group of men in their twenties of race 0 leaves test; 10 of each part are in it (900 / 3 / 30), which
 * are too few for the default bound of 20 and enough for 10. */
START_TEST(missing_groups_are_found) {
    struct gate_bounds bounds = gate_rules_default.bounds;
    int moved = 0;
    for (int i = 2; i < N; i += 3)
        if (samples[i].label[ATTR_RACE] == 0 && samples[i].label[ATTR_GENDER] == 0 &&
            samples[i].label[ATTR_AGE] < 30) {
            samples[i].label[ATTR_RACE] = 1;
            moved++;
        }
    ck_assert_int_eq(moved, 10);
    measure(all_tasks);
    ck_assert_int_eq(with_verdict(GATE_GROUPS, VERDICT_WARNED), 0);
    bounds.groups_n = 10;
    findings_free(&f);
    gates_measure(&f, &m, &s, all_tasks, &bounds);
    ck_assert_int_eq(with_verdict(GATE_GROUPS, VERDICT_WARNED), 1);
    ck_assert_str_eq(find(GATE_GROUPS, -1, PART_TEST, PART_TRAIN)->text,
        "1 group in one of train and test alone: 20-29 x male x White (10 in train, none in test)");
}
END_TEST

/* 1.96 / sqrt(96) = .20004 is wider than .2, 1.96 / sqrt(97) = .19900 is not. Samples without the label count
 * for nothing. */
START_TEST(small_parts_are_found) {
    for (int labelled = 96; labelled <= 97; labelled++) {
        for (int i = 2; i < N; i += 3)
            samples[i].label[ATTR_GENDER] = (int16_t)(i / 3 < labelled ? i / 3 % 2 : LABEL_MISSING);
        measure(all_tasks);
        const struct finding *x = find(GATE_SIZE, ATTR_GENDER, PART_TEST, -1);
        ck_assert_uint_eq(x->n, labelled);
        ck_assert_int_eq(x->verdict, labelled == 96 ? VERDICT_WARNED : VERDICT_PASSED);
        ck_assert_double_eq_tol(x->value, labelled == 96 ? 0.200038 : 0.199004, 1e-6);
        ck_assert_int_eq(with_verdict(GATE_SIZE, VERDICT_WARNED), labelled == 96);
    }
}
END_TEST

START_TEST(an_empty_part_is_not_judged) {
    s.n[PART_VALIDATION] = 0;
    measure(all_tasks);
    ck_assert_uint_eq(f.n, 5 + 3 * 3 + 1);
    for (size_t i = 0; i < f.n; i++)
        ck_assert_int_ne(f.list[i].part, PART_VALIDATION);
}
END_TEST

Suite *gates_suite(void) {
    Suite *suite = suite_create("gates");
    TCase *t = tcase_create("test"), *c = tcase_create("gates");
    tcase_add_test(t, tails_are_scipys);
    tcase_add_test(t, two_classes_by_hand);
    tcase_add_test(t, rare_classes_are_taken_together);
    tcase_add_test(t, nothing_to_compare);
    tcase_add_checked_fixture(c, plain_split, release_split);
    tcase_add_test(c, a_split_without_fault);
    tcase_add_loop_test(c, what_parts_share_is_found, GATE_FILES, GATE_ALBUMS + 1);
    tcase_add_test(c, what_one_part_has_twice_is_no_overlap);
    tcase_add_test(c, a_set_without_identities_is_not_known);
    tcase_add_test(c, a_shift_is_found);
    tcase_add_test(c, a_shift_is_ruled_on_by_both_bounds);
    tcase_add_test(c, missing_classes_are_found);
    tcase_add_test(c, missing_groups_are_found);
    tcase_add_test(c, small_parts_are_found);
    tcase_add_test(c, an_empty_part_is_not_judged);
    suite_add_tcase(suite, t);
    suite_add_tcase(suite, c);
    return suite;
}
