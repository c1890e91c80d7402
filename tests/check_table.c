/* What the tables of a report show: marks, digits, published rows, LaTeX, and what becomes of them where something is
 * missing. */
#include "check_suites.h"

#include "check_run.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/str.h"
#include "fixture_store.h"
#include "fixture_stored.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DIFFERENCES "$DMTL plot differences fixture --db r.db -o d.svg --keep-script -q; "
#define SUMMARY "$DMTL report fixture --db r.db --format summary "
#define REPORT "$DMTL report fixture --db r.db "
#define TEX REPORT "--format tex "
#define CELLS                                                                                      \
    TEX "| sed 's/.hspace[*]{[0-9]*pt}//g'" /* without what puts numbers into the middle */

/* The grid's own columns or rows in its stored file. */
static void set_report(const char *member, const char *json) {
    char *sql = xasprintf(
        "UPDATE grid SET source = json_set(source, '$.report.%s', json('%s'))", member, json);
    stored_change(sql);
    free(sql);
}

static void must_lack(const char *command, const char *text) {
    struct ran r = run_shell(stored_dir, command);
    ck_assert_msg(r.code == 0, "%s: exit %d: %.1000s", command, r.code, r.err);
    ck_assert_msg(!strstr(r.out, text), "%s: \"%s\" in:\n%.1500s", command, text, r.out);
    ran_free(&r);
}

/* ---- marks ---- */

static const cJSON *comparison_of(const cJSON *compared, const cJSON *number) {
    static const char *const same[] = {"task", "metric", "bins"};
    const cJSON *c;
    cJSON_ArrayForEach(c, json_get(compared, "comparisons")) {
        bool is = strcmp(text_of(c, "a"), text_of(number, "row")) == 0;
        for (size_t i = 0; i < ARRAY_LEN(same); i++)
            is = is && strcmp(text_of(c, same[i]), text_of(number, same[i])) == 0;
        if (is)
            return c;
    }
    return NULL;
}

START_TEST(marks_are_what_compare_claims) {
    cJSON *compared = stored_json("$DMTL compare fixture --db r.db --format json");
    cJSON *report = stored_json(REPORT "--format json");
    const cJSON *number;
    int tested = 0;
    cJSON_ArrayForEach(number, json_get(report, "numbers")) {
        const cJSON *c = comparison_of(compared, number), *said = json_get(number, "significant");
        if (!c || !cJSON_IsTrue(json_get(number, "of_record"))) {
            ck_assert(cJSON_IsNull(said) && isnan(number_of(number, "p")));
            continue;
        }
        ck_assert_double_eq(number_of(number, "p"), number_of(c, "p"));
        ck_assert_double_eq(number_of(number, "holm"), number_of(c, "p_holm"));
        ck_assert_int_eq(cJSON_IsTrue(said), cJSON_IsTrue(json_get(c, "claimed")));
        tested++;
    }
    ck_assert_int_eq(tested, 4);
    cJSON_Delete(report);
    cJSON_Delete(compared);
}
END_TEST

START_TEST(a_family_of_one_marks_one_column) {
    set_report("family", "[{\"task\": \"age\", \"metric\": \"mae\"}]");
    stored_expect(
        REPORT, 0, "| equal-weights | 8.0 ± 0.5 † | 47 ± 8 | 86 ± 6 | 75.6 ± 0.9 | 2 |\n", NULL);
    stored_expect(REPORT, 0, "over the 1 tests of the family", NULL);
    stored_expect(CELLS, 0,
        "8.0 & {\\footnotesize$\\pm$0.5}$^\\dagger$ & 47 & {\\footnotesize$\\pm$8} &", NULL);
}
END_TEST

/* An incomplete row of either side, and one of a leaky split. */
START_TEST(what_is_incomplete_or_leaky_is_not_marked) {
    set_report("family", "[{\"task\": \"age\", \"metric\": \"mae\"}]"); /* with which one is */
    stored_expect(DIFFERENCES "grep -c ',1.$' d.svg.csv", 0, "1\n", NULL);
    stored_change("UPDATE cell SET dataset = 'adience' WHERE cell IN"
                  " (SELECT cell FROM member WHERE variant = 'equal-weights')");
    must_lack(REPORT "| grep '^|'", "†");
    stored_expect(
        SUMMARY, 0, "equal-weights against full: not judged, for the split is leaky: ", NULL);
    stored_expect(REPORT, 0, "incomplete rows and leaky splits are never marked", NULL);
    stored_change("UPDATE cell SET dataset = 'synthetic'; UPDATE cell SET state = 0 WHERE id IN"
                  " (SELECT cell FROM v_cells WHERE variant = 'full' AND seed = 1)");
    must_lack(REPORT "| grep '^|'", "†");
    stored_expect(REPORT "--format csv | grep ',equal-weights,.*,age,count,1,,mae,' | cut -d, -f26",
        0, "0\n", NULL);
    stored_expect(
        SUMMARY, 0, "equal-weights against full: not judged, for cells are missing: ", NULL);
    must_lack(SUMMARY "| grep against", "worse");
    stored_expect(DIFFERENCES "grep -c ',1.$' d.svg.csv", 1, "0\n", NULL);
    stored_expect(DIFFERENCES "cat d.svg.gp", 0, "'equal-weights (baseline 1 of 2)'", NULL);
}
END_TEST

/* The same findings as the table's marks, where there are all cells. */
START_TEST(a_summary_says_what_is_marked) {
    set_report("family", "[{\"task\": \"age\", \"metric\": \"mae\"}]");
    stored_expect(SUMMARY, 0, "equal-weights against full: age MAE worse by ", NULL);
}
END_TEST

START_TEST(a_report_without_tests_says_so) {
    static const struct {
        const char *sql, *command, *why;
    } cases[] = {
        {"UPDATE cell SET epochs = epochs", REPORT "--no-tests",
            "against the baseline's (--no-tests)."},
        {"DELETE FROM prediction", REPORT,
            "No number was tested against the baseline's: compare: no task has predictions of both systems on the "
            "test part"},
        {"UPDATE grid SET source = json_set(source, '$.report.rows',"
         " json('[{\"title\": \"x\", \"variants\": [\"full\"]}]'))",
            REPORT, "the baseline's: the baseline is the only row."},
        {"UPDATE grid SET source = json_set(source, '$.report.rows',"
         " json('[{\"title\": \"x\", \"variants\": [\"equal-weights\"]}]'))",
            REPORT, "the baseline's: the baseline is in no row."},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        stored_change(cases[i].sql);
        stored_expect(cases[i].command, 0, cases[i].why, NULL);
        char *table = xasprintf("%s | grep '^|'", cases[i].command);
        must_lack(table, "†");
        free(table);
    }
}
END_TEST

/* ---- digits ---- */

/* Two seeds with MAE 6 - d and 6 + d: the half-width is 12.7062 sqrt(2) d / sqrt(2), Student's t at .975 with one degree
 * of freedom. 12.7062 * .78 = 9.911 shows two digits with one decimal, * .784 = 9.962 rounds to 10 with none, * .001 =
 * .0127 with three, * .00001 would need six of the four there are. No width at all says nothing: three, as ever. */
START_TEST(digits_come_from_the_interval) {
    static const struct {
        double d;
        const char *shown;
    } cases[] = {{0.78, "6.0 ± 1.1"}, {0.784, "6 ± 1"}, {0.001, "6.000 ± 0.001"},
        {0.00001, "6.0000 ± 0.0000"}, {0, "6.000 ± 0.000"}, {40, "6 ± 57"}};
    char *sql = xasprintf(
        "UPDATE metric SET value = 6 + %.17g * (CASE (SELECT seed FROM cell WHERE cell.cell ="
        " metric.cell) WHEN 1 THEN -1 ELSE 1 END) WHERE part = 2 AND task = 0 AND"
        " metric = (SELECT metric FROM metric_name WHERE name = 'mae')",
        cases[_i].d);
    stored_change(sql);
    char *row = xasprintf("| equal-weights | **%s** |", cases[_i].shown);
    stored_expect(REPORT "--no-tests", 0, row, NULL);
    stored_expect(
        REPORT "--no-tests", 0, "as many decimals as show two digits of the half-width", NULL);
    free(row);
    free(sql);
}
END_TEST

START_TEST(one_seed_has_fixed_digits) {
    stored_change("DELETE FROM member WHERE axes LIKE '%2%'");
    stored_expect(REPORT, 0,
        "1 cell a number; bold: the best mean among complete rows. A column has a fixed number",
        NULL);
    stored_expect(REPORT, 0,
        "| full (baseline) | **6.388** | **55.00** | **87.50** | **81.25** | 1 |\n", NULL);
    stored_expect(CELLS, 0, "full (baseline) & \\textbf{6.388} &  & \\textbf{55.00} &  &", NULL);
}
END_TEST

/* ---- published rows ---- */

#define CITED                                                                                                 \
    "[{\"title\": \"ResNet\", \"published\": \"Table II; Das & al.\", \"values\": [1.25, null, 0.999, 0.5]}," \
    " {\"title\": \"Equal\", \"variants\": [\"equal-weights\"]},"                                             \
    " {\"title\": \"VGG\", \"published\": \"Table II; Das & al.\", \"values\": [null, null, null, 0]},"       \
    " {\"title\": \"Full\", \"variants\": [\"full\"]}]"

START_TEST(published_rows_stand_beside_ours) {
    set_report("rows", CITED);
    stored_expect(REPORT, 0,
        "| Approach | Source | Age: MAE | Age: Accuracy (fairface-9, %) | Gender: Accuracy (%) | Race: Accuracy (%) | Cells |\n"
        "|---|---|---:|---:|---:|---:|---:|\n"
        "| ResNet | published (1) | 1.25 | – | 99.9 | 50 | – |\n"
        "| Equal | run here | 8.0 ± 0.5 † | 47 ± 8 † | 86 ± 6 † | 75.6 ± 0.9 † | 2 |\n"
        "| VGG | published (1) | – | – | – | 0 | – |\n"
        "| Full (baseline) | run here | **6.1 ± 0.3** | **59 ± 6** | **92 ± 6** | **84.4 ± 4.4** | 2 |\n"
        "\nPublished: (1) Table II; Das &amp; al.\n",
        NULL);
    stored_expect(REPORT, 0, "among complete rows that were run here.", NULL);
    stored_expect(REPORT, 0, "they take part neither in bold nor in tests.", NULL);
    must_lack(REPORT "| sed -n '/Intervals/,$p'", "ResNet");
    stored_expect(CELLS, 0,
        "ResNet & published (1) & 1.2 & 5 & \\multicolumn{2}{c}{--} & 99 & .9 & 50\\phantom{.0} &  \\\\\n",
        NULL);
    stored_expect(CELLS, 0, "\n(1) Table II; Das \\& al.\\par\n", NULL);
    stored_expect(REPORT "--format csv | grep ^fixture.*,ResNet,", 0,
        "fixture,synthetic,1,test,ResNet,,0,,age,,1,,mae,1.25,,0,0,0,0,0,,,,,,,Table II; Das & al.\r\n"
        "fixture,synthetic,1,test,ResNet,,0,,gender,,1,,accuracy,0.999,",
        NULL);
    stored_expect(REPORT "--format csv | awk -F, '{print NF}' | sort -u", 0, "27\n", NULL);
    stored_expect(REPORT "--format json", 0,
        "{\"row\": \"VGG\", \"source\": \"Table II; Das & al.\", \"task\": \"race\", \"bins\": \"\", \"metric\": "
        "\"accuracy\", \"value\": 0}\n  ]\n}\n",
        NULL);
}
END_TEST

/* They are no systems, and have no line in a figure. */
START_TEST(other_verbs_pass_published_rows_over) {
    set_report("rows", CITED);
    stored_expect("$DMTL compare fixture --db r.db | grep -c '^| Equal | Full'", 0, "4\n", NULL);
    stored_expect("$DMTL compare fixture:ResNet --db r.db", 2, NULL, "it has \"Equal\", \"Full\"");
    stored_expect("$DMTL audit fixture --db r.db --task gender --draws 10", 0, NULL, NULL);
    static const char *const figures[] = {"cs", "confusion", "loss", "weights"};
    for (size_t i = 0; i < ARRAY_LEN(figures); i++) {
        char *command = xasprintf(
            "$DMTL plot %s fixture --db r.db -o f.svg && ! grep -c ResNet f.svg", figures[i]);
        stored_expect(command, 0, NULL, NULL);
        free(command);
    }
    stored_expect("$DMTL status fixture --db r.db", 0, NULL, NULL);
}
END_TEST

/* ---- LaTeX ---- */

START_TEST(latex_is_a_table_with_its_notes) {
    static const char *const parts[] = {
        "% Made by: dmtl report fixture --format tex\n% Needs \\usepackage{booktabs};",
        "\\caption[Fixture]{Fixture. Set synthetic (drawn images, no photographs); train 120; validation 40; test 80; 4 of 4 "
        "cells done.}\n\\label{tab:fixture}\n",
        " & \\multicolumn{4}{c}{Age} & \\multicolumn{2}{c}{Gender} & \\multicolumn{2}{c}{Race} \\\\\n"
        "\\cmidrule(lr){2-5}\\cmidrule(lr){6-7}\\cmidrule(lr){8-9}\n",
        "& \\multicolumn{2}{c}{MAE $\\downarrow$} & \\multicolumn{2}{c}{Accuracy $\\uparrow$} &",
        "& \\multicolumn{2}{c}{(years)} & \\multicolumn{2}{c}{(\\%, fairface-9)} & \\multicolumn{2}{c}{(\\%)} &",
        "full (baseline) & \\textbf{6.1} & {\\footnotesize$\\pm$0.3} & \\textbf{59} &",
        "equal-weights & 8.0 & {\\footnotesize$\\pm$0.5}$^\\dagger$ & 47 &",
        "\\textbf{Drawn images:} these",
        "\\dag{} differs from the baseline in the same setting: by paired sign flips, p at most 0.05, corrected by "
        "Holm over the 4 tests of the family, and by an interval of the difference (95 \\%) that leaves 0 out."};
    struct ran r = run_shell(stored_dir, CELLS);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        ck_assert_msg(strstr(r.out, parts[i]), "no \"%s\" in:\n%.3000s", parts[i], r.out);
    ck_assert(!strstr(r.out, stored_dir));
    ran_free(&r);
}
END_TEST

START_TEST(latex_says_what_is_missing) {
    stored_change("UPDATE cell SET state = 0 WHERE id IN (SELECT cell FROM v_cells WHERE variant = "
                  "'equal-weights' AND seed = 2)");
    stored_expect(CELLS, 0, "equal-weights & 8.3 &  (1 of 2 cells) &", NULL);
    stored_change(
        "UPDATE cell SET state = 0 WHERE id IN (SELECT cell FROM v_cells WHERE variant = 'equal-weights')");
    stored_expect(CELLS, 0, "equal-weights & \\multicolumn{2}{c}{0 of 2 cells} &", NULL);
    stored_change("UPDATE cell SET state = 0");
    stored_expect(CELLS, 0, "no cell is done yet (0 of 4), so there is no number to show.", NULL);
    must_lack(TEX, "\\begin{table}");
    stored_expect(TEX "-o none/x.tex", 1, NULL, "none/x.tex: cannot be written");
    stored_expect(TEX "> /dev/full", 1, NULL, "No space left on device");
}
END_TEST

START_TEST(latex_marks_leaky_splits) {
    stored_change("UPDATE cell SET dataset = 'adience' WHERE cell IN"
                  " (SELECT cell FROM member WHERE variant = 'equal-weights')");
    stored_expect(CELLS, 0, "equal-weights (leaky split) & 8.0 &", NULL);
    stored_expect(CELLS, 0, "\\textbf{Leaky split:} rows with this mark", NULL);
}
END_TEST

/* Forty rows of names of 200 characters and fifteen columns: parts of which each has its caption, and the notes once. */
START_TEST(a_large_table_comes_in_parts) {
    struct str rows = {0}, columns = {0};
    for (int i = 0; i < 40; i++) {
        str_addf(&rows, "%s{\"title\": \"", i ? ", " : "[");
        for (int k = 0; k < 200; k++)
            str_addc(&rows, (char)('a' + (k + i) % 26));
        str_addf(&rows, "\", \"variants\": [\"%s\"]}", i % 2 ? "full" : "equal-weights");
    }
    for (int i = 0; i < 15; i++)
        str_addf(&columns, "%s{\"task\": \"age\", \"metric\": \"%s\"}", i ? ", " : "[",
            i % 2 ? "mae" : "accuracy");
    str_add(&rows, "]");
    str_add(&columns, "]");
    set_report("rows", rows.text);
    set_report("columns", columns.text);
    struct ran r =
        run_shell(stored_dir, TEX "--no-tests > t.tex; grep -c 'begin{table}' t.tex; "
                                  "grep -c 'part .* of ' t.tex; grep -c begin.minipage t.tex");
    int tables = 0, parts = 0, notes = 0;
    ck_assert_int_eq(sscanf(r.out, "%d %d %d", &tables, &parts, &notes), 3);
    ck_assert_int_gt(tables, 4);
    ck_assert_int_eq(parts, tables);
    ck_assert_int_eq(notes, 1);
    stored_expect("grep -c 'abcdefghij.allowbreak' t.tex", 0, NULL, NULL);
    ran_free(&r);
    str_free(&rows);
    str_free(&columns);
}
END_TEST

START_TEST(hostile_names_are_inert_in_latex) {
    struct err e = {0};
    char *hostile = path_join(stored_dir, "h.db");
    ck_assert(fixture_store_named(hostile, &fixture_hostile, &e));
    free(hostile);
    stored_expect("$DMTL report fixture --db h.db --format tex", 0,
        "a {\\char34}quoted{\\char34} 'name' {`}touch pwned{`} \\textbackslash{} \\$(touch pwned) (baseline) &",
        NULL);
    stored_expect("$DMTL report fixture --db h.db --format tex", 0,
        "line break, \\textless{}b\\textgreater{}\\&amp;\\textless{}/b\\textgreater{} \\%s \\textbar{} \\_x\\textasciicircum{}2 &",
        NULL);
}
END_TEST

/* A test part in which all are of one gender. */
START_TEST(one_class_in_the_test_part) {
    stored_change("UPDATE prediction SET truth = 0 WHERE task = 1");
    stored_expect(REPORT, 0, "† differs from the baseline", NULL);
    stored_expect(CELLS, 0, "\\bottomrule", NULL);
}
END_TEST

Suite *table_suite(void) {
    Suite *s = suite_create("table");
    TCase *c = tcase_create("table");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, stored_set_up, stored_tear_down);
    tcase_add_test(c, marks_are_what_compare_claims);
    tcase_add_test(c, a_family_of_one_marks_one_column);
    tcase_add_test(c, what_is_incomplete_or_leaky_is_not_marked);
    tcase_add_test(c, a_summary_says_what_is_marked);
    tcase_add_test(c, a_report_without_tests_says_so);
    tcase_add_loop_test(c, digits_come_from_the_interval, 0, 6);
    tcase_add_test(c, one_seed_has_fixed_digits);
    tcase_add_test(c, published_rows_stand_beside_ours);
    tcase_add_test(c, other_verbs_pass_published_rows_over);
    tcase_add_test(c, latex_is_a_table_with_its_notes);
    tcase_add_test(c, latex_says_what_is_missing);
    tcase_add_test(c, latex_marks_leaky_splits);
    tcase_add_test(c, a_large_table_comes_in_parts);
    tcase_add_test(c, hostile_names_are_inert_in_latex);
    tcase_add_test(c, one_class_in_the_test_part);
    suite_add_tcase(s, c);
    return s;
}
