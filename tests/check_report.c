#include "check_suites.h"

#include "check_run.h"
#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"
#include "fixture_store.h"
#include "fixture_stored.h"
#include "report/duration.h"
#include "store/sql.h"
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

/* Means and deviations worked out from v_predictions with Python's statistics module: MAE 6.144 +- .345 and
 * 7.994 +- .504, gender 91.88 +- 6.19 and 85.62 +- 6.19. How many digits are shown: check_table.c. */
START_TEST(markdown_table) {
    stored_expect("$DMTL report fixture --db r.db", 0,
        "| Approach | Age: MAE | Age: Accuracy (fairface-9, %) | Gender: Accuracy (%) | Race: Accuracy "
        "(%) | Cells |\n|---|---:|---:|---:|---:|---:|\n"
        "| full (baseline) | **6.1 ± 0.3** | **59 ± 6** | **92 ± 6** | **84.4 ± 4.4** | 2 |\n"
        "| equal-weights | 8.0 ± 0.5 † | 47 ± 8 † | 86 ± 6 † | 75.6 ± 0.9 † | 2 |\n",
        NULL);
    stored_expect("$DMTL report fixture --db r.db", 0, "**Drawn images:**", NULL);
    stored_expect("$DMTL report fixture --db r.db", 0, "4 of 4 cells done", NULL);
}
END_TEST

/* Of two seeds: mean +- 12.7062 s / sqrt(2), Student's t at .975 with one degree of freedom; s from the values of
 * the cells (Python's statistics): .344715 and .503814 for the MAE. A share's interval ends at 100 %. */
START_TEST(intervals_of_means_name_their_source) {
    stored_expect(
        "$DMTL report fixture --db r.db", 0, "| full (baseline) | 3.0 to 9.2, seeds |", NULL);
    stored_expect("$DMTL report fixture --db r.db", 0, "to 100, seeds |", NULL);
    stored_expect("$DMTL report fixture --db r.db --format csv | head -1", 0,
        ",age_groups,low,high,variance_of,p,holm,significant,published\r\n", NULL);
    stored_expect(
        "$DMTL report fixture --db r.db --format json", 0, "\"variance_of\": \"seeds\"", NULL);
}
END_TEST

/* A file of the schema before does not know; one without such images has nothing to say. */
START_TEST(undecodable_images_are_told) {
    static const char *const change[] = {"UPDATE dataset SET undecodable = 0", fixture_version_1};
    static const char *const json[] = {"\"undecodable\": 0,", "\"undecodable\": null,"};
    static const char line[] = "images did not decode";
    stored_expect("$DMTL report fixture --db r.db", 0,
        "75.6 ± 0.9 † | 2 |\n\n2 of 240 images did not decode and were left out of every part.\n",
        NULL);
    stored_expect("$DMTL report fixture --db r.db --format json", 0, "\"undecodable\": 2,", NULL);
    for (size_t i = 0; i < ARRAY_LEN(change); i++) {
        struct err e = {0};
        struct store *s = store_open(stored_db, STORE_WRITE, &e);
        ck_assert_msg(s && sql_script(store_db(s), change[i], &e), "%s", e.msg);
        store_close(s);
        struct ran r = run_shell(stored_dir, "$DMTL report fixture --db r.db");
        ck_assert_msg(r.code == 0 && !strstr(r.out, line), "%s%s", r.out, r.err);
        ran_free(&r);
        stored_expect("$DMTL report fixture --db r.db --format json", 0, json[i], NULL);
    }
}
END_TEST

/* Cells as Adience's would be: the fixture's are split at random. */
START_TEST(a_leaky_split_is_told) {
    struct err e = {0};
    struct ran r = run_shell(stored_dir, "$DMTL report fixture --db r.db");
    ck_assert_msg(r.code == 0 && !strstr(r.out, "eaky"), "%s%s", r.out, r.err);
    ran_free(&r);
    struct store *s = store_open(stored_db, STORE_WRITE, &e);
    ck_assert_msg(s && sql_script(store_db(s),
                           "UPDATE cell SET dataset = 'adience' WHERE cell IN"
                           " (SELECT cell FROM member WHERE variant = 'equal-weights')",
                           &e),
        "%s", e.msg);
    store_close(s);
    stored_expect(
        "$DMTL report fixture --db r.db", 0, "\n**Leaky split:** rows with this mark", NULL);
    stored_expect("$DMTL report fixture --db r.db", 0, "\n| full (baseline) |", NULL);
    stored_expect("$DMTL report fixture --db r.db", 0, "\n| equal-weights (leaky split) |", NULL);
    stored_expect("$DMTL report fixture --db r.db --format csv | cut -d, -f6,18-20 | sort -u", 0,
        ",samples,leaky,age_groups\n", NULL);
    stored_expect(
        "$DMTL report fixture --db r.db --format csv | grep -c '^fixture.*equal-weights.*,1,0,.*,seeds,.*$'",
        0, NULL, NULL);
    stored_expect("$DMTL report fixture --db r.db --format json", 0,
        "\"row\": \"equal-weights\", \"setting\": \"\", \"baseline\": false, \"leaky\": true",
        NULL);
    stored_expect(
        "$DMTL plot cs fixture --db r.db -o cs.svg && grep -c 'leaky split' cs.svg", 0, NULL, NULL);
    stored_expect(
        "$DMTL plot cs fixture --db r.db -o cs.svg && grep -c 'age groups' cs.svg", 1, NULL, NULL);
}
END_TEST

/* Parts that share near-duplicates, as /split/duplicates "apart" allows. */
START_TEST(a_split_that_tears_copies_apart_is_told) {
    struct err e = {0};
    struct store *s = store_open(stored_db, STORE_WRITE, &e);
    ck_assert_msg(s && sql_script(store_db(s),
                           "INSERT INTO finding SELECT DISTINCT cell, 0, 2, 0, NULL, 2, 0, 0.1, 1,"
                           " 240, '[]', 'shared' FROM member WHERE variant = 'equal-weights'",
                           &e),
        "%s", e.msg);
    store_close(s);
    stored_expect("$DMTL report fixture --db r.db", 0, "\n| equal-weights (leaky split) |", NULL);
    stored_expect("$DMTL report fixture --db r.db", 0, "\n| full (baseline) |", NULL);
}
END_TEST

START_TEST(ages_in_groups_are_told) {
    struct err e = {0};
    struct store *s = store_open(stored_db, STORE_WRITE, &e);
    ck_assert_msg(
        s && sql_script(store_db(s), "UPDATE dataset SET exact_ages = 0", &e), "%s", e.msg);
    store_close(s);
    stored_expect("$DMTL report fixture --db r.db", 0, "; errors of age count groups; ", NULL);
    stored_expect(
        "$DMTL plot cs fixture --db r.db -o cs.svg && grep -c 'Error i (age groups)' cs.svg", 0,
        NULL, NULL);
    stored_expect("$DMTL plot confusion fixture --db r.db --bins fairface-9 -o c.svg", 2, NULL,
        "--bins: fairface-9: the ages of synthetic are groups already: leave it out");
}
END_TEST

/* Two readings of one set: its years for one variant, groups of them for the other. */
#define TWO_READINGS                                                                                             \
    "INSERT INTO dataset SELECT 99, name, 'groups', 9000, samples, drawn, 0, undecodable FROM dataset LIMIT 1; " \
    "INSERT INTO class_name VALUES (99, 0, 0, 'young'), (99, 0, 1, 'old'); "                                     \
    "UPDATE attempt SET data_fingerprint = 'groups' WHERE cell IN"                                               \
    " (SELECT cell FROM member WHERE variant = 'equal-weights')"

START_TEST(years_and_groups_in_one_grid_are_told_apart) {
    struct err e = {0};
    struct store *s = store_open(stored_db, STORE_WRITE, &e);
    ck_assert_msg(s && sql_script(store_db(s), TWO_READINGS, &e), "%s", e.msg);
    store_close(s);
    stored_expect("$DMTL report fixture --db r.db", 0,
        "; errors of age count groups in rows with this mark, else years; ", NULL);
    stored_expect("$DMTL report fixture --db r.db", 0,
        "| full (baseline) | 6.1 ± 0.3 | 59 ± 6 | **92 ± 6** | **84.4 ± 4.4** | 2 |\n"
        "| equal-weights (ages in groups) | 8.0 ± 0.5 | – | 86 ± 6 † | 75.6 ± 0.9 † | 2 |\n",
        NULL);
    struct ran r =
        run_shell(stored_dir, "$DMTL report fixture --db r.db | sed -n '/named bins/,$p'");
    ck_assert_msg(strstr(r.out, "| full") && !strstr(r.out, "| equal-weights"), "%s", r.out);
    ran_free(&r);
    stored_expect(
        "$DMTL report fixture --db r.db --format csv | grep -c '^fixture.*equal-weights,age.*,0,1,.*,seeds,.*$'",
        0, NULL, NULL);
    stored_expect(
        "$DMTL report fixture --db r.db --format csv | grep -c '^fixture.*full,age.*,1.$'", 1, NULL,
        NULL);
    stored_expect("$DMTL report fixture --db r.db --format json", 0,
        "\"row\": \"equal-weights\", \"setting\": \"\", \"baseline\": false, \"leaky\": false, \"task\": \"age\", "
        "\"readout\": \"count\", \"of_record\": true, \"bins\": \"\", \"metric\": \"accuracy\", "
        "\"age_groups\": true",
        NULL);
    stored_expect(
        "$DMTL plot cs fixture --db r.db -o c.svg && grep -c 'ages in groups' c.svg && ! grep "
        "'Error i (age groups)' c.svg",
        0, NULL, NULL);
    stored_expect(
        "$DMTL plot confusion fixture --db r.db --bins fairface-9 --only equal-weights -o c.svg", 2,
        NULL, "--bins: fairface-9: the ages of synthetic are groups already: leave it out");
    stored_expect("$DMTL plot confusion fixture --db r.db --bins fairface-9 --only full -o c.svg",
        0, NULL, NULL);
}
END_TEST

/* As a grid is left whose file chose a key once and does not any more. */
START_TEST(nothing_is_tried_any_more) {
    struct err e = {0};
    struct store *s = store_open(stored_db, STORE_WRITE, &e);
    ck_assert_msg(
        s &&
            sql_script(store_db(s),
                "INSERT INTO grid (name, source) SELECT 'fixture:select', source FROM grid LIMIT 1",
                &e),
        "%s", e.msg);
    store_close(s);
    stored_expect("$DMTL report fixture:select --db r.db", 0,
        "The grid's file leaves no key open any more (/select/keys), so that nothing is tried",
        NULL);
}
END_TEST

START_TEST(csv_has_full_precision) {
    stored_expect("$DMTL report some/fixture.json --db r.db --format csv", 0,
        "\r\nfixture,synthetic,1,test,full,,1,full,age,count,1,,mae,6.14375", NULL);
}
END_TEST

START_TEST(json_names_the_cells) {
    struct err e = {0};
    struct ran r = run_shell(stored_dir, "$DMTL report fixture --db r.db --format json");
    cJSON *report = json_parse("report", r.out, strlen(r.out), &e);
    ck_assert_msg(report != NULL, "%s", e.msg);
    const cJSON *number = cJSON_GetArrayItem(json_get(report, "numbers"), 0);
    const cJSON *cells = json_get(number, "cells");
    ck_assert_int_eq(cJSON_GetArraySize(cells), 2);
    ck_assert_uint_eq(strlen(json_get(cells->child, "cell")->valuestring), 64);
    double mean = (json_get(cells->child, "value")->valuedouble +
                      json_get(cells->child->next, "value")->valuedouble) /
                  2;
    ck_assert_double_eq_tol(json_get(number, "mean")->valuedouble, mean, 1e-15);
    cJSON_Delete(report);
    ran_free(&r);
}
END_TEST

/* One of four cells is taken back: its row says so and is not bold any more. */
START_TEST(incomplete_row_says_so) {
    struct err e = {0};
    struct store *s = store_open(stored_db, STORE_WRITE, &e);
    ck_assert_ptr_nonnull(s);
    char *error = NULL;
    ck_assert_int_eq(
        sqlite3_exec(store_db(s),
            "UPDATE cell SET state = 3, error = 'no\nspace' WHERE id = (SELECT cell FROM "
            "v_cells WHERE grid = 'fixture' AND variant = 'full' AND seed = 1)",
            NULL, NULL, &error),
        SQLITE_OK);
    store_close(s);
    stored_expect("$DMTL report fixture --db r.db", 0, " (1 of 2 cells) |", NULL);
    stored_expect("$DMTL report fixture --db r.db", 0, "| 1 of 2 |\n", NULL);
    stored_expect("$DMTL report fixture --db r.db | grep -c '^| full.*[*][*]'", 1, "0", NULL);
}
END_TEST

static void change(const char *sql) {
    struct err e = {0};
    struct store *s = store_open(stored_db, STORE_WRITE, &e);
    ck_assert_msg(s && sql_run(store_db(s), &e, sql, ""), "%s", e.msg);
    store_close(s);
}

START_TEST(before_any_cell_is_done) {
    change("UPDATE cell SET state = 0");
    struct ran r = run_shell(stored_dir, "$DMTL report fixture --db r.db");
    ck_assert_str_eq(r.out,
        "# Fixture\n\nNo cell is done yet (0 of 4), so there is no number to show: `dmtl run` with the "
        "grid's file runs them, `dmtl status` says how far they are.\n");
    ran_free(&r);
    stored_expect("$DMTL report fixture --db r.db --format csv | wc -l", 0, "1\n", NULL);
    stored_expect("$DMTL report fixture --db r.db --format csv", 0, "grid,dataset,drawn,", NULL);
    stored_expect("$DMTL report fixture --db r.db --format json", 0,
        "\"cells_done\": 0, \"cells\": 4, \"undecodable\": 2,\n  \"choices\": [],\n  \"warnings\": [],\n  \"gates_unknown\": 0,\n  \"numbers\": [],\n  \"published\": []\n}\n",
        NULL);
}
END_TEST

/* Two cells of a row and one of the other: every table and format says how many of how many. */
START_TEST(a_report_of_a_half_done_grid) {
    change("UPDATE cell SET state = 0 WHERE id IN (SELECT cell FROM v_cells WHERE variant = "
           "'equal-weights' AND seed = 2)");
    stored_expect("$DMTL report fixture --db r.db", 0, "; 3 of 4 cells done;", NULL);
    stored_expect(
        "$DMTL report fixture --db r.db | grep -c '^| full (baseline) .*| 2 |$'", 0, "1\n", NULL);
    stored_expect("$DMTL report fixture --db r.db | grep -c '^| equal-weights .*| 1 of 2 |$'", 0,
        "1\n", NULL);
    stored_expect("$DMTL report fixture --db r.db | grep '^| equal' | grep -vc '(1 of 2 cells)'", 1,
        "0\n", NULL);
    stored_expect(
        "$DMTL report fixture --db r.db --format csv | grep ',equal-weights,' | grep -vc ',1,2,80'",
        1, "0\n", NULL);
    stored_expect(
        "$DMTL report fixture --db r.db --format json", 0, "\"planned\": 2, \"samples\": 80", NULL);
}
END_TEST

/* The fixture's test part has 80 labelled samples, its validation part 40. Two rows, four read-outs of
 * ordinal age and two conventions make 16 lines. */
START_TEST(scores_have_their_samples) {
    stored_expect("$DMTL report fixture --db r.db --format csv | grep -c ',cs_l[te]_5,.*,2,2,80'",
        0, "16\n", NULL);
    stored_expect("$DMTL report fixture --db r.db --format csv --part validation | grep ,cs_l | "
                  "grep -vc ',2,2,40'",
        1, "0\n", NULL);
    change("UPDATE metric SET n = 79 WHERE cell = 1 AND part = 2 AND task = 0");
    change("UPDATE metric SET n = 78 WHERE cell = 2 AND part = 2 AND task = 0");
    stored_expect(
        "$DMTL report fixture --db r.db --format csv | grep full | grep -c ',cs_l[te]_5,.*,79'", 0,
        "8\n", NULL);
}
END_TEST

START_TEST(hostile_names_are_inert) {
    struct err e = {0};
    char *hostile = path_join(stored_dir, "h.db");
    ck_assert(fixture_store_named(hostile, &fixture_hostile, &e));
    free(hostile);
    stored_expect("$DMTL report fixture --db h.db", 0,
        "| line break, &lt;b&gt;&amp;amp;&lt;/b&gt; %s &#124; &#95;x^2 |", NULL);
    stored_expect("$DMTL report fixture --db h.db --format csv", 0,
        ",\"a \"\"quoted\"\" 'name' `touch pwned` \\ $(touch pwned)\",", NULL);
    stored_expect(
        "$DMTL report fixture --db h.db --format json", 0, "\"line\\nbreak, <b>&amp;</b> %s", NULL);
    stored_expect("test ! -e pwned", 0, NULL, NULL);
}
END_TEST

START_TEST(wrong_calls) {
    stored_expect("$DMTL report --db r.db", 2, NULL, "report: which grid?");
    stored_expect("$DMTL report nope --db r.db", 2, NULL, "it holds: fixture, subset");
    stored_expect(
        "$DMTL report fixture", 2, NULL, "results/fixture.db: there is no such results database");
    stored_expect("$DMTL report fixture --db r.db --format xml", 2, NULL,
        "expected md, html, summary, tex, csv or json");
    stored_expect(
        "$DMTL report fixture --db r.db --part train", 2, NULL, "expected validation or test");
}
END_TEST

START_TEST(full_disk_and_missing_folder) {
    stored_expect("$DMTL report fixture --db r.db > /dev/full", 1, NULL, "No space left on device");
    stored_expect(
        "$DMTL report fixture --db r.db -o /dev/full", 1, NULL, "No space left on device");
    stored_expect("test -c /dev/full", 0, NULL, NULL);
    stored_expect(
        "$DMTL report fixture --db r.db -o none/x.md", 1, NULL, "none/x.md: cannot be written");
    stored_expect("echo old > x.md; $DMTL report fixture --db r.db -o x.md; grep -c Fixture x.md",
        0, "1", NULL);
}
END_TEST

START_TEST(durations) {
    static const struct {
        double seconds;
        const char *text;
    } cases[] = {{-1, "0.0 s"}, {0.83, "0.8 s"}, {9.96, "10 s"}, {48, "48 s"}, {250, "4 min 10 s"},
        {3600 + 5 * 60, "1 h 05 min"}, {2 * 86400 + 3 * 3600, "2 d 03 h"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str s = {0};
        duration_add(&s, cases[i].seconds);
        ck_assert_str_eq(s.text, cases[i].text);
        str_free(&s);
    }
}
END_TEST

Suite *report_suite(void) {
    Suite *s = suite_create("report");
    TCase *c = tcase_create("report");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, stored_set_up, stored_tear_down);
    tcase_add_test(c, markdown_table);
    tcase_add_test(c, intervals_of_means_name_their_source);
    tcase_add_test(c, a_leaky_split_is_told);
    tcase_add_test(c, a_split_that_tears_copies_apart_is_told);
    tcase_add_test(c, ages_in_groups_are_told);
    tcase_add_test(c, years_and_groups_in_one_grid_are_told_apart);
    tcase_add_test(c, nothing_is_tried_any_more);
    tcase_add_test(c, csv_has_full_precision);
    tcase_add_test(c, undecodable_images_are_told);
    tcase_add_test(c, json_names_the_cells);
    tcase_add_test(c, incomplete_row_says_so);
    tcase_add_test(c, before_any_cell_is_done);
    tcase_add_test(c, a_report_of_a_half_done_grid);
    tcase_add_test(c, scores_have_their_samples);
    tcase_add_test(c, hostile_names_are_inert);
    tcase_add_test(c, wrong_calls);
    tcase_add_test(c, full_disk_and_missing_folder);
    tcase_add_test(c, durations);
    suite_add_tcase(s, c);
    return s;
}
