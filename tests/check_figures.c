/* The figures of audits and comparisons, their data as CSV, and the widths of all. */
#include "check_suites.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/str.h"
#include "fixture_stored.h"
#include "store/sql.h"
#include "store/store.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLOT(what) "$DMTL plot " what " --db r.db -q -o x.svg --keep-script"

static char *read_text(const char *name) {
    struct err e = {0};
    size_t size;
    char *path = path_join(stored_dir, name), *text = file_read(path, 1 << 20, &size, &e);
    ck_assert_msg(text != NULL, "%s", e.msg);
    free(path);
    return text;
}

/* The line of x.svg.csv that begins so, NULL where there is none; of `text`. */
static const char *line_of(const char *text, const char *line) {
    while (text && strncmp(text, line, strlen(line)) != 0)
        text = strchr(text, '\n') ? strchr(text, '\n') + 1 : NULL;
    return text;
}

/* The number in a column (0 is the first) of that line; NaN where it is empty. */
static double drawn(const char *line, int column) {
    char *text = read_text("x.svg.csv");
    const char *at = line_of(text, line);
    bool quoted = false;
    ck_assert_msg(at != NULL, "no line %s in: %.600s", line, text);
    for (; column > 0; at++) {
        quoted ^= *at == '"';
        column -= *at == ',' && !quoted;
    }
    double number = *at == ',' || *at == '\r' ? NAN : strtod(at, NULL);
    free(text);
    return number;
}

static double stored_number(const char *sql) {
    struct err e = {0};
    struct store *s = store_open(stored_db, STORE_READ, &e);
    sqlite3_stmt *row = s ? sql_prepare(store_db(s), &e, sql, "") : NULL;
    ck_assert_msg(row && sql_step(row, &e) == 1, "%s", e.msg);
    double number = sqlite3_column_double(row, 0);
    sqlite3_finalize(row);
    store_close(s);
    return number;
}

static const cJSON *find(const cJSON *list, const char *key, const char *value) {
    const cJSON *one;
    cJSON_ArrayForEach(one, list) if (strcmp(text_of(one, key), value) == 0) return one;
    ck_abort_msg("no %s %s", key, value);
    return NULL;
}

static void expect_near(double a, double b) {
    ck_assert_msg(fabs(a - b) <= 1e-9 * fmax(1, fabs(b)), "%.17g is not %.17g", a, b);
}

/* A cell of the heat map is the audit's, in percent, with its count, and marked below --min-n. */
START_TEST(subgroups_are_the_audits) {
    cJSON *json = stored_json(
        "$DMTL audit fixture --db r.db --format json --draws 0 --by gender,race --task gender");
    const cJSON *table = cJSON_GetArrayItem(json_get(json, "tables"), 0);
    const cJSON *cell = find(json_get(table, "cells"), "group", "gender=male,race=Asian");
    static const char line[] = "Gender: Accuracy (%),Accuracy (%),male,Asian,";
    int clusters = (int)number_of(cell, "clusters");
    for (int small = 0; small < 2; small++) {
        char *command = xasprintf(
            PLOT("subgroups fixture --by race,gender --task gender --min-n %d"), clusters + small);
        stored_expect(command, 0, NULL, NULL);
        expect_near(drawn(line, 4), 100 * number_of(cell, "value"));
        expect_near(drawn(line, 5), number_of(cell, "n"));
        expect_near(drawn(line, 6), small);
        free(command);
    }
    cJSON_Delete(json);
}
END_TEST

/* Three attributes: a panel a gender; the small ones have no colour (-1) and a corner, and an empty cell no line. */
START_TEST(subgroups_cross_three_attributes) {
    stored_expect(PLOT("subgroups fixture --task age"), 0, NULL, NULL);
    stored_expect("grep ^panel_title x.svg.gp", 0,
        "panel_title[1] = 'Age: MAE, male'\npanel_title[2] = 'Age: MAE, female'\n", NULL);
    stored_expect("sed -n '/^.data/,/^END/p' x.svg.gp | grep '^[0-9]* [0-9]* [0-9]'", 1, "", NULL);
    stored_expect("sed -n '/^.data/,/^END/p' x.svg.gp | grep -c '^[0-9]* [0-9]* -1 ' >cells; "
                  "test $(cat cells) = $(grep -c MAE x.svg.csv) && test $(cat cells) -lt 90",
        0, NULL, NULL);
}
END_TEST

START_TEST(gaps_are_the_audits) {
    cJSON *json = stored_json(
        "$DMTL audit fixture --db r.db --format json --by gender --task gender --min-n 5");
    const cJSON *table = cJSON_GetArrayItem(json_get(json, "tables"), 0);
    const cJSON *cell = find(json_get(table, "cells"), "group", "gender=female");
    const cJSON *gap = json_get(json_get(table, "gaps"), "difference");
    stored_expect(PLOT("gaps fixture --by gender --task gender --min-n 5"), 0, NULL, NULL);
    static const char row[] = "Gender: Accuracy (%),Accuracy (%),gender=female,";
    expect_near(drawn(row, 3), 100 * number_of(cell, "value"));
    expect_near(
        drawn(row, 4), 100 * cJSON_GetArrayItem(json_get(cell, "interval"), 0)->valuedouble);
    expect_near(
        drawn(row, 5), 100 * cJSON_GetArrayItem(json_get(cell, "interval"), 1)->valuedouble);
    static const char largest[] =
        "Gender: Accuracy (%): gaps,Largest difference,difference by gender: "
        "gender=male - gender=female,";
    expect_near(drawn(largest, 3), 100 * number_of(gap, "value"));
    expect_near(drawn(largest, 7), number_of(gap, "p"));
    expect_near(drawn(largest, 8), number_of(gap, "p") <= 0.05);
    cJSON_Delete(json);
}
END_TEST

/* Values ascend from the worst to the best; groups that are too small come below, hollow, and make no gap. */
START_TEST(gaps_go_from_worst_to_best) {
    stored_expect(PLOT("gaps fixture --by race --task race --min-n 15"), 0, NULL, NULL);
    char *text = read_text("x.svg.csv");
    double before = -1;
    int ranked = 0, small = 0;
    static const char row[] = "Race: Accuracy (%),Accuracy (%),race=";
    for (const char *at = line_of(text, row); at; at = line_of(at + 1, row)) {
        double value = strtod(strchr(at + strlen(row), ',') + 1, NULL);
        bool filled = *(strchr(at, '\r') - 1) == '1';
        ck_assert(!filled || (small == 0 && value >= before));
        before = value;
        ranked += filled;
        small += !filled;
    }
    ck_assert_int_gt(ranked, 1);
    ck_assert_int_gt(small, 0);
    free(text);
    stored_expect(PLOT("gaps fixture --by race --task race"), 0, NULL, NULL);
    stored_expect("grep -c none.told x.svg.gp", 0, "1\n", NULL);
}
END_TEST

START_TEST(differences_are_the_comparisons) {
    cJSON *json = stored_json("$DMTL compare fixture --db r.db --format json");
    const cJSON *one = find(json_get(json, "comparisons"), "metric", "mae");
    stored_expect(PLOT("differences fixture"), 0, NULL, NULL);
    static const char row[] = "Age: MAE,\"Difference, lower is better\",equal-weights,";
    expect_near(drawn(row, 3), number_of(one, "difference"));
    expect_near(drawn(row, 4), number_of(one, "low"));
    expect_near(drawn(row, 5), number_of(one, "high"));
    expect_near(drawn(row, 7), number_of(one, "p_holm"));
    expect_near(drawn(row, 8), cJSON_IsTrue(json_get(one, "claimed")));
    stored_expect(
        "grep '^has_reference' x.svg.gp | sort -u | head -1; grep '^reference' x.svg.gp | "
        "sed 's/.*= //' | sort -u",
        0, "has_reference[1] = 1\n0\n", NULL);
    cJSON_Delete(json);
}
END_TEST

/* Where all samples are of one gender, the audit's cell is everyone: its error is the figure's. The mean over the bins'
 * |accuracy - confidence| by their sizes is that error too. */
START_TEST(calibration_is_the_audits) {
    static const char *const titles[] = {"Age", "Gender", "Race"};
    const char *task = attribute_name[_i];
    stored_change("UPDATE sample SET gender = 0");
    char *audit =
        xasprintf("$DMTL audit fixture --db r.db --format json --draws 0 --by gender --task %s "
                  "--calibration",
            task);
    cJSON *json = stored_json(audit);
    const cJSON *cell = cJSON_GetArrayItem(json_get(json, "calibration"), 0);
    double error = 100 * number_of(cell, "expected_calibration_error"), sum = 0, n = 0;
    char *title = xasprintf("panel_title[1] = '%s: ECE %.2f %%'\n", titles[_i], error);
    char *plot = xasprintf(PLOT("calibration fixture --task %s"), task);
    stored_expect(plot, 0, NULL, NULL);
    stored_expect("cat x.svg.gp", 0, title, NULL);
    char *text = read_text("x.svg.csv");
    for (int bin = 0; bin < 15; bin++) {
        char *line = xasprintf("%s,%.17g,", task, 100.0 * bin / 15);
        if (line_of(text, line)) {
            sum += fabs(drawn(line, 4) - drawn(line, 3)) * drawn(line, 5);
            n += drawn(line, 5);
        }
        free(line);
    }
    free(text);
    expect_near(sum / n, error);
    free(plot);
    free(title);
    free(audit);
    cJSON_Delete(json);
}
END_TEST

START_TEST(calibration_needs_probabilities) {
    stored_change("DELETE FROM probability");
    stored_expect("$DMTL plot calibration fixture --db r.db -o x.svg", 1, NULL,
        "plot calibration: grid fixture: no done cell of this choice has probabilities stored: there is "
        "nothing to draw");
    stored_expect("$DMTL plot subgroups fixture --db r.db -o x.svg --metric brier", 2, NULL,
        "stored without probabilities");
    stored_expect("$DMTL plot all fixture --db r.db -o figs -q && ls figs", 0,
        "confusion.svg\ncs.svg\n",
        "dmtl: no calibration: no done cell of this choice has probabilities stored\n");
}
END_TEST

/* The mean of two seeds' stored values, and how many images the group has. */
START_TEST(errors_are_the_stores) {
    stored_expect(PLOT("error fixture --bins decades --only full"), 0, NULL, NULL);
#define METRIC(what, metric)                                                                        \
    "SELECT " what " FROM v_metrics WHERE grid = 'fixture' AND variant = 'full' AND part = 'test'"  \
    " AND task = 'age' AND bins = 'decades' AND grouping = 'age_group=20-29' AND metric = '" metric \
    "'"
    static const char mae[] = "Absolute error,MAE (years),full,20-29,";
    expect_near(drawn(mae, 4), stored_number(METRIC("avg(value)", "mae")));
    expect_near(drawn(mae, 5), stored_number(METRIC("min(value)", "mae")));
    expect_near(drawn(mae, 6), stored_number(METRIC("max(value)", "mae")));
    expect_near(drawn(mae, 7), 2);
    expect_near(drawn("Predicted less true,Bias (years),full,20-29,", 4),
        stored_number(METRIC("avg(value)", "bias")));
    expect_near(
        drawn("Images,Images a run,full,20-29,", 4), stored_number(METRIC("avg(n)", "mae")));
    stored_expect("grep -c '^bars.* = 1' x.svg.gp", 0, "1\n", NULL);
}
END_TEST

/* The matrices of the genders add up to everyone's. */
START_TEST(confusion_by_groups_adds_up) {
    stored_expect(PLOT("confusion fixture --task race"), 0, NULL, NULL);
    double all = drawn("Race,percent of the true class,White,White,", 5);
    stored_expect(PLOT("confusion fixture --task race --by gender"), 0, NULL, NULL);
    stored_expect("grep ^panel_title x.svg.gp", 0,
        "panel_title[1] = 'Race: male'\npanel_title[2] = 'Race: female'\n", NULL);
    expect_near(drawn("Race: male,percent of the true class,White,White,", 5) +
                    drawn("Race: female,percent of the true class,White,White,", 5),
        all);
}
END_TEST

START_TEST(many_panels_take_pages) {
    static const char page[] =
        "$DMTL plot confusion fixture --db r.db -o x.svg --width page --task race "
        "--by age_group,gender,race --keep-script --page ";
    char *second = xasprintf("%s2 && grep -c ^panel_title x.svg.gp", page);
    char *beyond = xasprintf("%s99", page);
    stored_expect(second, 0, NULL, "page 2 of ");
    stored_expect(second, 0, NULL, "the others by --page, fewer by --task or --by\n");
    stored_expect(second, 0, NULL, "matrices without any sample left out\n");
    stored_expect(beyond, 2, NULL, "--page 99: the figure has ");
    stored_expect("$DMTL plot confusion fixture --db r.db -o x.svg --bins ''", 2, NULL,
        "--bins: ages in years are too many classes to be read: expected one of fairface-9");
    free(second);
    free(beyond);
}
END_TEST

static const struct {
    const char *width, *svg, *pdf, *png;
} widths[] = {
    {"column", "svg size 321,", "MediaBox [ 0 0 241 ",
        "size 1004,"}, /* 85 mm at 96, 72 and 300 dpi */
    {"page", "svg size 673,", "MediaBox [ 0 0 504 ", "size 2102,"}, /* 178 mm */
};

/* 85 mm are 321.3 pixels of 1/96 inch, 240.9 pt and 1004 dots at 300 dpi; 178 mm are 672.8, 504.6 and 2102. */
START_TEST(print_has_the_width_of_columns) {
    static const char *const kinds[] = {"cs", "error", "confusion", "subgroups", "gaps",
        "differences", "calibration", "weights", "loss"};
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        char *svg = xasprintf(
            "$DMTL plot %s fixture --db r.db -q -o x.svg --width %s --keep-script && grep "
            "-o 'size [0-9]*,' x.svg.gp | head -1 | sed 's/^/svg /;s/322/321/'",
            kinds[k], widths[_i].width);
        stored_expect(svg, 0, widths[_i].svg, NULL);
        free(svg);
    }
    char *pdf =
        xasprintf("$DMTL plot gaps fixture --db r.db -q -o x.pdf --width %s && grep -a MediaBox "
                  "x.pdf && grep -a -c FontFile x.pdf",
            widths[_i].width);
    stored_expect(pdf, 0, widths[_i].pdf, NULL);
    free(pdf);
    char *png =
        xasprintf("$DMTL plot cs fixture --db r.db -q -o x.png --width %s --keep-script && grep -o "
                  "'size [0-9]*,' x.png.gp | sed 's/100[45]/1004/'",
            widths[_i].width);
    stored_expect(png, 0, widths[_i].png, NULL);
    free(png);
}
END_TEST

START_TEST(pictures_of_text_name_other_fonts) {
    stored_expect(
        "$DMTL plot gaps fixture --db r.db -q -o x.svg && grep -o 'font-family=[^>]*sans-serif\"' "
        "x.svg | sort -u",
        0, "font-family=\"DejaVu Sans,Verdana,Arial,sans-serif\"\n", NULL);
    stored_expect("grep font-family x.svg | grep -v sans-serif", 1, "", NULL);
    stored_expect("grep -c '<text>' x.svg >t && test $(cat t) -gt 10", 0, NULL, NULL);
}
END_TEST

/* Half of the cells, one seed: drawn, and said; all kinds. */
START_TEST(half_a_grid_is_drawn) {
    stored_change("UPDATE cell SET state = 0 WHERE cell IN (2, 4)");
    stored_expect("$DMTL plot all fixture --db r.db -o figs && ls figs | wc -l", 0, "9\n",
        "full (1 of 2 cells) are done");
    stored_change("UPDATE cell SET state = 0 WHERE cell <> 3");
    stored_expect("$DMTL plot differences fixture --db r.db -o x.svg", 1, NULL,
        "no task is done by both the baseline and another row");
    stored_expect(
        "$DMTL plot subgroups fixture --db r.db -o x.svg", 1, NULL, "no cell of this choice");
}
END_TEST

START_TEST(one_class_is_drawn) {
    stored_change("UPDATE sample SET gender = 1, race = 0");
    stored_expect("$DMTL plot all fixture --db r.db -o figs -q && ls figs | wc -l", 0, "9\n", NULL);
}
END_TEST

static const char *const hostile[] = {
    "<b>&amp;</b> `touch pwned` %s %d _x ^2 {a} \\n @ \" $(touch pwned)",
    "אבגד הוזח طويل جدا",
    "long long long long long long long long long long long long long long long long long long long long "
    "long long long long long long long long long long long long long long long long long long long long!",
};

START_TEST(hostile_names_are_drawn) {
    struct str sql = {0};
    str_addf(&sql, "UPDATE class_name SET name = name || '%s'", hostile[_i]);
    stored_change(sql.text);
    str_free(&sql);
    stored_expect(
        "for w in screen column; do $DMTL plot all fixture --db r.db -o figs -q --keep-script "
        "--width $w || exit 9; done; test ! -e pwned",
        0, NULL, NULL);
    stored_expect("grep -c '<b>' figs/*.svg | grep -v :0", 1, "", NULL);
    stored_expect("tail -qc 7 figs/*.svg | grep -c svg", 0, NULL, NULL);
}
END_TEST

/* U+10FFFD is for private use and in no font. The letters around it are in the font of figures. */
START_TEST(a_letter_of_no_font_is_not_drawn) {
    stored_change("UPDATE class_name SET name = 'né' || char(1114109) || 'é' WHERE name = 'male'");
    stored_expect("$DMTL plot confusion fixture --db r.db --task gender -o x.png --keep-script; "
                  "! command -v fc-list >where || grep -q \"'né?é'\" x.png.gp",
        0, NULL, "SVG keeps it\n");
    stored_expect("$DMTL plot confusion fixture --db r.db --task gender -o x.svg --keep-script; "
                  "grep -c 'né?é' x.svg.gp",
        1, "0\n", NULL);
}
END_TEST

static const struct {
    const char *options, *message;
} wrong[] = {
    {"subgroups fixture --metric acuracy --task gender", "did you mean accuracy?"},
    {"gaps fixture --metric tpr:nobody --task gender", "no class \"nobody\" of gender"},
    {"gaps fixture --by gender,gender", "stands twice"},
    {"confusion fixture --by rase", "expected attributes among age_group, gender and race"},
    {"subgroups fixture --by gender --by race", "--by: is given 2 times: expected it once"},
    {"subgroups fixture --only full --only equal-weights", "the figure is of one approach"},
    {"error fixture --task race", "plot error: --task race: the figure is of age alone"},
    {"error fixture --bins ten", "--bins: ten: unknown age bins; known:"},
    {"cs fixture --metric mae", "plot cs: --metric: makes no difference to this figure"},
    {"cs fixture --width wide", "plot: --width: \"wide\": expected screen, column or page"},
    {"gaps fixture --min-n 0", "--min-n"},
    {"gap fixture",
        "gap: unknown figure; expected cs, error, confusion, subgroups, gaps, differences, "
        "calibration, weights, loss, or all; did you mean gaps?"},
};

START_TEST(wrong_choices) {
    char *command = xasprintf("$DMTL plot %s --db r.db -o x.svg", wrong[_i].options);
    stored_expect(command, 2, NULL, wrong[_i].message);
    stored_expect("ls x.svg*", 2, NULL, NULL);
    free(command);
}
END_TEST

START_TEST(a_folder_that_cannot_be_written) {
    stored_expect("echo file >figs && $DMTL plot all fixture --db r.db -o figs", 1, NULL, "figs");
    stored_expect("$DMTL plot gaps fixture --db r.db -q -o /proc/none/x.svg --keep-script", 1, NULL,
        "/proc/none/x.svg.gp");
}
END_TEST

/* Lines end in CR LF, numbers are in full precision, and every kind leaves both files. */
START_TEST(every_figure_leaves_its_data) {
    stored_expect(
        "$DMTL plot all fixture --db r.db -o figs -q --keep-script && ls figs/*.csv | wc -l && ls "
        "figs/*.gp | wc -l",
        0, "9\n9\n", NULL);
    stored_expect(
        "for f in figs/*.csv; do test $(wc -l <$f) -gt 1 || exit 9; test $(grep -c \"$(printf "
        "'\\r')\"'$' $f) = $(wc -l <$f) || exit 8; done",
        0, NULL, NULL);
    stored_expect("head -qn 1 figs/cs.svg.csv figs/gaps.svg.csv figs/confusion.svg.csv", 0,
        "panel,measure,series,x,y,low,high,n\r\npanel,measure,row,x,low,high,n,p,filled\r\n"
        "panel,measure,true,predicted,value,n,small\r\n",
        NULL);
}
END_TEST

START_TEST(same_bytes_for_every_kind) {
    stored_expect(
        "for k in a b; do $DMTL plot all fixture --db r.db -o $k -q --keep-script --format pdf || "
        "exit 9; sleep 1; done; diff -r a b",
        0, "", NULL);
}
END_TEST

Suite *figures_suite(void) {
    Suite *s = suite_create("figures");
    TCase *c = tcase_create("figures");
    tcase_set_timeout(c, 240);
    tcase_add_checked_fixture(c, stored_set_up, stored_tear_down);
    tcase_add_test(c, subgroups_are_the_audits);
    tcase_add_test(c, subgroups_cross_three_attributes);
    tcase_add_test(c, gaps_are_the_audits);
    tcase_add_test(c, gaps_go_from_worst_to_best);
    tcase_add_test(c, differences_are_the_comparisons);
    tcase_add_loop_test(c, calibration_is_the_audits, 0, ATTR_COUNT);
    tcase_add_test(c, calibration_needs_probabilities);
    tcase_add_test(c, errors_are_the_stores);
    tcase_add_test(c, confusion_by_groups_adds_up);
    tcase_add_test(c, many_panels_take_pages);
    tcase_add_loop_test(c, print_has_the_width_of_columns, 0, (int)ARRAY_LEN(widths));
    tcase_add_test(c, pictures_of_text_name_other_fonts);
    tcase_add_test(c, half_a_grid_is_drawn);
    tcase_add_test(c, one_class_is_drawn);
    tcase_add_loop_test(c, hostile_names_are_drawn, 0, (int)ARRAY_LEN(hostile));
    tcase_add_test(c, a_letter_of_no_font_is_not_drawn);
    tcase_add_loop_test(c, wrong_choices, 0, (int)ARRAY_LEN(wrong));
    tcase_add_test(c, a_folder_that_cannot_be_written);
    tcase_add_test(c, every_figure_leaves_its_data);
    tcase_add_test(c, same_bytes_for_every_kind);
    suite_add_tcase(s, c);
    return s;
}
