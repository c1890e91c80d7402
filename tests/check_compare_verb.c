/* dmtl compare, as a user types it, against the store's own numbers. */
#include "check_suites.h"
#include "fixture_stored.h"

#include "core/mem.h"
#include "store/sql.h"
#include "store/store.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The mean over seeds of a variant's metric, as its worker stored it. */
static double stored(struct store *s, const char *variant, const cJSON *c) {
    struct err e = {0};
    bool age = strcmp(text_of(c, "task"), "age") == 0;
    sqlite3_stmt *row = sql_prepare(store_db(s), &e,
        "SELECT avg(value) FROM v_metrics WHERE grid = 'fixture' AND variant = ?1 AND part = 'test'"
        " AND task = ?2 AND metric = ?3 AND grouping = 'all' AND bins = ?4 AND readout = ?5",
        "sssss", variant, text_of(c, "task"), text_of(c, "metric"), text_of(c, "bins"),
        age ? "count" : "argmax");
    ck_assert_msg(row && sql_step(row, &e) == 1, "%s", e.msg);
    double value = sqlite3_column_double(row, 0);
    sqlite3_finalize(row);
    return value;
}

/* Without a family of its own the grid's columns are tested, every row but the baseline against it. */
START_TEST(the_grid_against_its_baseline) {
    struct err e = {0};
    struct store *s = store_open(stored_db, STORE_READ, &e);
    cJSON *root = stored_json("$DMTL compare fixture --db r.db --format json");
    const cJSON *c;
    double most = 0;
    int n = 0;
    cJSON_ArrayForEach(c, json_get(root, "comparisons")) {
        double a = stored(s, "equal-weights", c), b = stored(s, "full", c);
        ck_assert_str_eq(text_of(c, "a"), "equal-weights");
        ck_assert_str_eq(text_of(c, "b"), "full");
        ck_assert_double_eq_tol(number_of(c, "value_a"), a, 1e-12);
        ck_assert_double_eq_tol(number_of(c, "value_b"), b, 1e-12);
        ck_assert_double_eq_tol(number_of(c, "difference"), a - b, 1e-12);
        ck_assert(number_of(c, "low") <= a - b && a - b <= number_of(c, "high"));
        ck_assert(number_of(c, "p_holm") >= number_of(c, "p"));
        most = fmax(most, number_of(c, "p"));
        n++;
    }
    ck_assert_int_eq(n, 4);
    /* Holm multiplies the least of four by 4, or by what keeps it below 1. */
    double least = 1;
    cJSON_ArrayForEach(c, json_get(root, "comparisons")) least = fmin(least, number_of(c, "p"));
    cJSON_ArrayForEach(c, json_get(root, "comparisons")) if (number_of(c, "p") == least)
        ck_assert_double_eq_tol(number_of(c, "p_holm"), fmin(1, 4 * least), 1e-12);
    cJSON_Delete(root);
    store_close(s);
}
END_TEST

START_TEST(the_family_is_the_grids) {
    stored_change("UPDATE grid SET source = json_set(source, '$.report.family',"
                  " json('[{\"task\": \"age\", \"metric\": \"mae\"}]')) WHERE name = 'fixture'");
    cJSON *root = stored_json("$DMTL compare fixture --db r.db --format json");
    ck_assert_int_eq(cJSON_GetArraySize(json_get(root, "comparisons")), 1);
    const cJSON *one = cJSON_GetArrayItem(json_get(root, "comparisons"), 0);
    ck_assert_double_eq_tol(number_of(one, "p_holm"), number_of(one, "p"), 1e-15);
    cJSON_Delete(root);
}
END_TEST

/* A system against itself, in another grid's clothes: nothing differs. */
START_TEST(the_same_predictions_do_not_differ) {
    stored_change(
        "DELETE FROM member WHERE variant = 'full' AND cell <> (SELECT min(cell) FROM member)");
    cJSON *root = stored_json(
        "$DMTL compare subset fixture:full --db r.db --metric mae,accuracy --format json");
    const cJSON *c;
    cJSON_ArrayForEach(c, json_get(root, "comparisons")) {
        ck_assert_double_eq(number_of(c, "difference"), 0);
        ck_assert_double_eq(number_of(c, "p"), 1);
        ck_assert_double_eq(number_of(c, "low"), 0);
        ck_assert(cJSON_IsFalse(json_get(c, "claimed")));
    }
    cJSON_Delete(root);
}
END_TEST

/* One run each and samples of their own: McNemar's counts are those of the predictions. */
START_TEST(mcnemar_where_samples_are_independent) {
    struct err e = {0};
    stored_change("DELETE FROM member WHERE cell IN (SELECT cell FROM cell WHERE seed = 2)");
    cJSON *root =
        stored_json("$DMTL compare fixture --db r.db --task gender --cluster sample --format json");
    const cJSON *one = cJSON_GetArrayItem(json_get(root, "comparisons"), 0);
    struct store *s = store_open(stored_db, STORE_READ, &e);
    static const char sql[] =
        "SELECT count(*) FROM v_predictions a JOIN v_predictions b ON a.sample = b.sample AND a.task = b.task"
        " AND a.part = b.part AND a.grid = b.grid WHERE a.grid = 'fixture' AND a.part = 'test' AND a.task = 'gender'"
        " AND a.variant = 'equal-weights' AND b.variant = 'full' AND (a.predicted = a.truth) = ?1"
        " AND (b.predicted = b.truth) = ?2";
    ck_assert_int_eq(
        (int)number_of(one, "only_a"), (int)sql_long(store_db(s), &e, -1, sql, "ii", 1, 0));
    ck_assert_int_eq(
        (int)number_of(one, "only_b"), (int)sql_long(store_db(s), &e, -1, sql, "ii", 0, 1));
    /* Flips of single samples' signs are McNemar's coins: the two agree but for chance. */
    ck_assert_double_eq_tol(number_of(one, "p_mcnemar"), number_of(one, "p"), 0.05);
    cJSON_Delete(root);
    store_close(s);
    stored_expect("$DMTL compare fixture --db r.db --task gender --cluster sample", 0,
        "## McNemar, exact", NULL);
}
END_TEST

START_TEST(nothing_depends_on_threads) {
    stored_expect(
        "$DMTL compare fixture --db r.db --threads 1 -o 1.md && $DMTL compare fixture --db r.db --threads 3 -o "
        "3.md && cmp 1.md 3.md",
        0, NULL, NULL);
    stored_expect("$DMTL compare fixture --db r.db --format csv | head -1", 0,
        "grid_a,a,grid_b,b,part,task,metric", NULL);
}
END_TEST

START_TEST(incomplete_systems_say_so) {
    stored_change(
        "UPDATE cell SET state = 0 WHERE cell = (SELECT max(cell) FROM member WHERE variant = 'full')");
    stored_expect(
        "$DMTL compare fixture --db r.db", 0, "| equal-weights | full (1 of 2 cells) |", NULL);
    stored_expect("$DMTL compare fixture --db r.db", 0, "those of each system on their own", NULL);
    stored_change("UPDATE cell SET state = 0");
    stored_expect("$DMTL compare fixture --db r.db", 1, NULL,
        "compare: no task has predictions of both systems on the test part");
}
END_TEST

START_TEST(other_truths_are_refused) {
    stored_change("UPDATE prediction SET truth = 1 - truth WHERE task = 1 AND cell IN"
                  " (SELECT cell FROM member WHERE variant = 'full')");
    stored_expect("$DMTL compare fixture --db r.db --task gender", 2, NULL,
        "has true gender 0 in one system and 1 in the other");
    stored_change("UPDATE prediction SET truth = 1 - truth WHERE task = 1 AND cell ="
                  " (SELECT min(cell) FROM member WHERE variant = 'full')");
    stored_expect(
        "$DMTL compare fixture --db r.db --task gender", 2, NULL, "has two true labels of gender");
}
END_TEST

static const struct {
    const char *options, *message;
} refused[] = {
    {"", "compare: what? expected GRID, or two systems"},
    {"fixture:full --db r.db", "compare: full is the baseline itself"},
    {"fixture:half --db r.db", "fixture: \"half\": no row and no variant"},
    {"fixture nothing:full --db r.db", "nothing"},
    {"fixture fixture fixture --db r.db", "one argument too many"},
    {"fixture --db r.db --metric precision:female", "its denominator is what each system said"},
    {"fixture --db r.db --metric speed", "--metric: \"speed\": no metric of age"},
    {"fixture --db r.db --metric accuracy --bins years",
        "--bins: years: expected one of fairface-9"},
};

START_TEST(refused_with_a_message) {
    char *command = xasprintf("$DMTL compare %s", refused[_i].options);
    stored_expect(command, 2, NULL, refused[_i].message);
    free(command);
}
END_TEST

Suite *compare_verb_suite(void) {
    Suite *s = suite_create("compare_verb");
    TCase *c = tcase_create("verb");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, stored_set_up, stored_tear_down);
    tcase_add_test(c, the_grid_against_its_baseline);
    tcase_add_test(c, the_family_is_the_grids);
    tcase_add_test(c, the_same_predictions_do_not_differ);
    tcase_add_test(c, mcnemar_where_samples_are_independent);
    tcase_add_test(c, nothing_depends_on_threads);
    tcase_add_test(c, incomplete_systems_say_so);
    tcase_add_test(c, other_truths_are_refused);
    tcase_add_loop_test(c, refused_with_a_message, 0, ARRAY_LEN(refused));
    suite_add_tcase(s, c);
    return s;
}
