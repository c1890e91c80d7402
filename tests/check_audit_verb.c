/* dmtl audit, as a user types it, against the store's own numbers. */
#include "check_suites.h"
#include "fixture_stored.h"

#include "core/mem.h"
#include "store/sql.h"
#include "store/store.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- against the store ---- */

/* The mean over seeds of what the store has of a group: written when the cells were, by other code. */
static double stored(struct store *s, const char *task, const char *metric, const char *grouping,
    const char *readout) {
    struct err e = {0};
    bool binned = strstr(grouping, "age_group=") != NULL ||
                  (strcmp(task, "age") == 0 && strncmp(metric, "acc", 3) == 0);
    sqlite3_stmt *row = sql_prepare(store_db(s), &e,
        "SELECT avg(value) FROM v_metrics WHERE grid = 'fixture' AND variant = 'full' AND part = 'test'"
        " AND task = ?1 AND metric = ?2 AND grouping = ?3 AND bins = ?4 AND readout = ?5",
        "sssss", task, metric, grouping, binned ? "fairface-9" : "", readout);
    ck_assert_msg(row && sql_step(row, &e) == 1, "%s", e.msg);
    double value = sqlite3_column_type(row, 0) == SQLITE_NULL ? NAN : sqlite3_column_double(row, 0);
    sqlite3_finalize(row);
    return value;
}

static int check_cells(struct store *s, const cJSON *table) {
    const char *task = text_of(table, "task"), *metric = text_of(table, "metric");
    const char *readout = strcmp(task, "age") == 0 ? "count" : "argmax";
    const cJSON *cell;
    int checked = 0;
    cJSON_ArrayForEach(cell, json_get(table, "cells")) {
        const char *group = text_of(cell, "group");
        double want = stored(s, task, metric, group, readout), got = number_of(cell, "value");
        ck_assert_msg(isnan(want) == isnan(got) && !(fabs(want - got) > 1e-12),
            "%s %s of %s: %.17g, stored %.17g", task, metric, group, got, want);
        checked += !isnan(want);
    }
    return checked;
}

/* Every cell of every crossing has the mean over seeds of the metric that the worker stored. */
START_TEST(values_are_those_of_the_store) {
    struct err e = {0};
    struct store *s = store_open(stored_db, STORE_READ, &e);
    ck_assert_msg(s, "%s", e.msg);
    cJSON *root = stored_json(
        "$DMTL audit fixture:full --db r.db --draws 0 --format json --by age_group --by gender "
        "--by race --by age_group,race --by age_group,gender,race "
        "--metric mae,mse,bias,accuracy,accuracy_within_1");
    const cJSON *table;
    int tables = 0, cells = 0;
    cJSON_ArrayForEach(table, json_get(root, "tables")) {
        tables++;
        cells += check_cells(s, table);
    }
    ck_assert_int_eq(tables, 5 * (5 + 1 + 1)); /* five metrics of age, accuracy of the others */
    ck_assert_int_gt(cells, 200);
    cJSON_Delete(root);
    store_close(s);
}
END_TEST

/* Within a level of one attribute the cells of another are those of both crossed, and everyone is that level. */
START_TEST(levels_are_audited_on_their_own) {
    cJSON *root = stored_json(
        "$DMTL audit fixture:full --db r.db --draws 0 --task age --metric mae --by race "
        "--within gender --format json");
    cJSON *crossed = stored_json(
        "$DMTL audit fixture:full --db r.db --draws 0 --task age --metric mae --by gender,race "
        "--by gender --format json");
    const cJSON *tables = json_get(root, "tables"), *of = json_get(crossed, "tables");
    ck_assert_int_eq(cJSON_GetArraySize(tables), 2);
    for (int level = 0; level < 2; level++) {
        const cJSON *table = cJSON_GetArrayItem(tables, level);
        ck_assert_str_eq(
            text_of(table, "by"), level ? "race within gender=female" : "race within gender=male");
        for (int r = 0; r < 5; r++) {
            const cJSON *cell = cJSON_GetArrayItem(json_get(table, "cells"), r);
            const cJSON *both =
                cJSON_GetArrayItem(json_get(cJSON_GetArrayItem(of, 0), "cells"), level * 5 + r);
            double a = number_of(cell, "value"), b = number_of(both, "value");
            ck_assert(a == b || (isnan(a) && isnan(b)));
            ck_assert_double_eq(number_of(cell, "n"), number_of(both, "n"));
        }
        const cJSON *alone =
            cJSON_GetArrayItem(json_get(cJSON_GetArrayItem(of, 1), "cells"), level);
        ck_assert_double_eq(number_of(json_get(table, "all"), "n"), number_of(alone, "n"));
        ck_assert_double_eq_tol(
            number_of(json_get(table, "all"), "value"), number_of(alone, "value"), 1e-12);
    }
    cJSON_Delete(root);
    cJSON_Delete(crossed);
}
END_TEST

START_TEST(readouts_are_made_from_probabilities) {
    static const char *const readouts[] = {"argmax", "expectation", "median"};
    struct err e = {0};
    struct store *s = store_open(stored_db, STORE_READ, &e);
    for (size_t i = 0; i < ARRAY_LEN(readouts); i++) {
        char *command =
            xasprintf("$DMTL audit fixture:full --db r.db --draws 0 --format json --task age "
                      "--metric mae --by gender --readout %s",
                readouts[i]);
        cJSON *root = stored_json(command);
        const cJSON *all = json_get(cJSON_GetArrayItem(json_get(root, "tables"), 0), "all");
        ck_assert_double_eq_tol(
            number_of(all, "value"), stored(s, "age", "mae", "all", readouts[i]), 1e-12);
        cJSON_Delete(root);
        free(command);
    }
    cJSON *bayes = stored_json(
        "$DMTL audit fixture:full --db r.db --draws 0 --format json --task age --metric "
        "mae,mse --by gender --readout bayes");
    const cJSON *tables = json_get(bayes, "tables");
    ck_assert_double_eq_tol(number_of(json_get(cJSON_GetArrayItem(tables, 0), "all"), "value"),
        stored(s, "age", "mae", "all", "median"), 1e-12);
    ck_assert_double_eq_tol(number_of(json_get(cJSON_GetArrayItem(tables, 1), "all"), "value"),
        stored(s, "age", "mse", "all", "expectation"), 1e-12);
    cJSON_Delete(bayes);
    store_close(s);
    stored_expect("$DMTL audit fixture:full --db r.db --task gender --readout count", 2, NULL,
        "--readout count: does not apply to gender's nominal task");
}
END_TEST

START_TEST(confusions_are_those_of_the_store) {
    struct err e = {0};
    struct store *s = store_open(stored_db, STORE_READ, &e);
    cJSON *root = stored_json(
        "$DMTL audit fixture:full --db r.db --draws 0 --format json --task gender --by race "
        "--confusion");
    const cJSON *matrix;
    int matrices = 0;
    cJSON_ArrayForEach(matrix, json_get(root, "confusion")) {
        for (int k = 0; k < 4; k++) {
            long long want = sql_long(store_db(s), &e, 0,
                "SELECT sum(n) FROM v_confusion WHERE grid = 'fixture' AND variant = 'full' AND part = 'test'"
                " AND task = 'gender' AND bins = '' AND grouping = ?1 AND truth = ?2 AND predicted = ?3",
                "sii", text_of(matrix, "group"), k / 2, k % 2);
            ck_assert_int_eq(
                cJSON_GetArrayItem(json_get(matrix, "counts"), k)->valueint, (int)want);
        }
        matrices++;
    }
    ck_assert_int_eq(matrices, 5);
    cJSON_Delete(root);
    store_close(s);
}
END_TEST

/* ---- the same again ---- */

START_TEST(nothing_depends_on_threads_or_the_order_of_rows) {
    stored_expect("$DMTL audit fixture --db r.db --threads 1 --min-n 10 --format json -o 1.json && "
                  "$DMTL audit fixture --db r.db --threads 3 --min-n 10 --format json -o 3.json && "
                  "cmp 1.json 3.json",
        0, NULL, NULL);
    /* The samples' rows in another order: 1000 is above all of them. */
    stored_change(
        "PRAGMA foreign_keys = 0;"
        "UPDATE sample SET sample = 2000 - sample; UPDATE prediction SET sample = 2000 - sample;"
        "UPDATE probability SET sample = 2000 - sample;");
    stored_expect(
        "$DMTL audit fixture --db r.db --min-n 10 --format json -o other.json && cmp 1.json other.json",
        0, NULL, NULL);
    stored_expect(
        "$DMTL audit fixture --db r.db --min-n 10 --seed 2 --format json -o 2.json && cmp -s 1.json 2.json",
        1, NULL, NULL);
}
END_TEST

/* ---- what is shown ---- */

START_TEST(small_cells_are_shown_and_not_ranked) {
    stored_expect(
        "$DMTL audit fixture --db r.db --task gender --by gender", 0, "| small | – | – |\n", NULL);
    stored_expect("$DMTL audit fixture --db r.db --task gender --by gender", 0,
        "Fewer than two cells have 100 clusters: no gap is told.", NULL);
    stored_expect("$DMTL audit fixture --db r.db --task gender --by gender --min-n 10", 0,
        "| Largest difference |", NULL);
    stored_expect(
        "$DMTL audit fixture --db r.db --task gender --by gender --min-n 10 --metric equalised_odds:female",
        0, "## gender: equalised odds of female by gender", NULL);
    stored_expect(
        "$DMTL audit fixture --db r.db --draws 0 --bins 0-12,13-19,20-35,36-55,56+ --by age_group",
        0, "| 13-19 |", NULL);
}
END_TEST

/* Every line of the CSV has the head's fields, whatever kind it is of. */
/* "gender=a%3Db%2Cc%25d" in the store. */
START_TEST(groups_are_called_as_people_call_them) {
    stored_change("UPDATE class_name SET name = 'a=b,c%d' WHERE attribute = 1 AND label = 1");
    stored_expect("$DMTL audit fixture --db r.db --by gender", 0, "| a=b,c%d | ", NULL);
    stored_expect(
        "$DMTL audit fixture --db r.db --by gender --format csv", 0, "gender=a%3Db%2Cc%25d", NULL);
}
END_TEST

START_TEST(csv_is_square) {
    stored_expect(
        "$DMTL audit fixture --db r.db --min-n 5 --confusion --calibration --metric accuracy,equalised_odds "
        "--format csv -o a.csv && tr -d '\\r' < a.csv | sed 's/\"[^\"]*\"/q/g' | awk -F, '{print NF}' | sort -u",
        0, "19\n", NULL);
}
END_TEST

START_TEST(incomplete_systems_say_so) {
    stored_change(
        "UPDATE cell SET state = 0 WHERE cell = (SELECT max(cell) FROM member WHERE variant = 'full')");
    stored_expect("$DMTL audit fixture --db r.db --draws 0", 0,
        "1 run (1 of 2 cells done: **incomplete**)", NULL);
    stored_change("UPDATE cell SET state = 0");
    stored_expect("$DMTL audit fixture --db r.db", 1, NULL, "no cell of full is done (0 of 2)");
}
END_TEST

START_TEST(a_sample_predicted_twice_is_refused) {
    stored_change("UPDATE cell SET seed = 7, split_seed = 7, fold = cell");
    stored_expect("$DMTL audit fixture --db r.db --draws 0", 2, NULL,
        "is predicted twice with seed 7 (split seed 7): folds that share test images cannot be pooled");
}
END_TEST

/* ---- refused ---- */

static const struct {
    const char *options;
    int code;
    const char *message;
} refused[] = {
    {"", 2, "audit: which system? expected GRID or GRID:VARIANT"},
    {"fixture:ful --db r.db", 2,
        "fixture: \"ful\": no row and no variant of this grid; it has \"full\", "
        "\"equal-weights\""},
    {"nothing --db r.db", 2, "nothing"},
    {"fixture --db none.db", 2, "none.db: there is no such results database"},
    {"fixture --db r.db --metric speed", 2,
        "--metric: \"speed\": no metric of age: expected one of accuracy, "},
    {"fixture --db r.db --metric tpr:green", 2, "--metric: tpr:green: no class \"green\" of"},
    {"fixture --db r.db --by color", 2,
        "--by: \"color\": expected attributes among age_group, gender and race"},
    {"fixture --db r.db --within size", 2, "--within: \"size\": expected attributes among"},
    {"fixture --db r.db --by race,race", 2, "--by: \"race\" stands twice"},
    {"fixture --db r.db --bins decade", 2,
        "--bins: decade: expected fairface-9, adience-8, decades, or groups"},
    {"fixture --db r.db --bins 0-12,30+", 2, "--bins: /0-12,30+/groups/1: "},
    {"fixture --db r.db --draws many", 2,
        "audit: --draws: \"many\": expected a whole number, 0 to 1000000"},
    {"fixture --db r.db --confidence 95", 2,
        "audit: --confidence: \"95\": expected a share, 0.5 to 0.9999"},
    {"fixture --db r.db --cluster person", 2, "expected all, subject, duplicates or sample"},
    {"fixture --db r.db --part train", 2, "audit: --part: \"train\": expected validation or test"},
    {"fixture --db r.db --format xml", 2, "expected md, csv or json"},
    {"fixture --db r.db --min-n 0", 2, "audit: --min-n: \"0\": expected a whole number, 1 to"},
    {"fixture fixture --db r.db", 2, "one argument too many"},
};

START_TEST(refused_with_a_message) {
    char *command = xasprintf("$DMTL audit %s", refused[_i].options);
    stored_expect(command, refused[_i].code, NULL, refused[_i].message);
    free(command);
}
END_TEST

/* A prediction without probabilities, a file that is cut short, rows that point nowhere. */
START_TEST(damaged_stores_are_told) {
    stored_change(
        "DELETE FROM probability WHERE task = 1 AND sample = (SELECT max(sample) FROM probability)");
    stored_expect("$DMTL audit fixture --db r.db --task gender --metric brier", 2, NULL,
        "stored without probabilities");
    stored_change(
        "PRAGMA foreign_keys = 0; UPDATE sample SET sample = sample + 5000 WHERE sample % 7 = 0");
    stored_expect("$DMTL audit fixture --db r.db", 1, NULL,
        "a prediction is of no sample: the file is damaged");
    stored_expect(
        "head -c 20000 r.db > cut.db && $DMTL audit fixture --db cut.db", 1, NULL, "cut.db");
    stored_expect("head -c 50 r.db > cut.db && $DMTL audit fixture --db cut.db", 1, NULL, "cut.db");
}
END_TEST

Suite *audit_verb_suite(void) {
    Suite *s = suite_create("audit_verb");
    TCase *c = tcase_create("verb");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, stored_set_up, stored_tear_down);
    tcase_add_test(c, values_are_those_of_the_store);
    tcase_add_test(c, levels_are_audited_on_their_own);
    tcase_add_test(c, readouts_are_made_from_probabilities);
    tcase_add_test(c, confusions_are_those_of_the_store);
    tcase_add_test(c, nothing_depends_on_threads_or_the_order_of_rows);
    tcase_add_test(c, small_cells_are_shown_and_not_ranked);
    tcase_add_test(c, groups_are_called_as_people_call_them);
    tcase_add_test(c, csv_is_square);
    tcase_add_test(c, incomplete_systems_say_so);
    tcase_add_test(c, a_sample_predicted_twice_is_refused);
    tcase_add_loop_test(c, refused_with_a_message, 0, ARRAY_LEN(refused));
    tcase_add_test(c, damaged_stores_are_told);
    suite_add_tcase(s, c);
    return s;
}
