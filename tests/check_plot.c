#include "check_suites.h"

#include "check_folder.h"
#include "check_run.h"
#include "core/file.h"
#include "core/mem.h"
#include "fixture_store.h"
#include "report/gnuplot.h"
#include "store/sql.h"
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

static char *dir;

static void make(const char *name, const struct fixture_names *names) {
    struct err e = {0};
    char *db = path_join(dir, name);
    ck_assert_msg(fixture_store_named(db, names, &e), "%s", e.msg);
    free(db);
}

static void set_up(void) {
    dir = folder_new();
    make("r.db", &fixture_plain);
    make("h.db", &fixture_hostile);
}

static void tear_down(void) {
    folder_remove(dir);
}

/* What a test may say of a failure is bounded (Check's 8 KiB). */
static void expect(const char *command, int code, const char *in_out, const char *in_err) {
    expect_shell(dir, command, code, in_out, in_err);
}

/* Changes a store behind its back. */
static void change(const char *name, const char *sql) {
    struct err e = {0};
    char *db = path_join(dir, name);
    struct store *s = store_open(db, STORE_WRITE, &e);
    ck_assert_msg(s && sql_run(store_db(s), &e, sql, ""), "%s", e.msg);
    store_close(s);
    free(db);
}

static void undo(const char *name, const char *which) {
    char *sql = xasprintf("UPDATE cell SET state = 0 WHERE %s", which);
    change(name, sql);
    free(sql);
}

/* i = 0 under the strict convention: no error is below 0. */
START_TEST(script_of_scores) {
    expect("$DMTL plot cs fixture --db r.db -o cs.svg --keep-script && cat cs.svg.gp", 0,
        "$data << END_OF_DATA\n0 0 0 0\n", NULL);
    expect("cat cs.svg.gp", 0, "line_name[1] = 'full'\nline_look[1] = 1\nfirst[1] = 1\n", NULL);
    expect("cat cs.svg.gp", 0, "y_label[1] = 'Share of images with error < i (%)'", NULL);
    expect(
        "$DMTL plot cs fixture --db r.db -o le.svg --convention cs_le --keep-script && cat le.svg.gp",
        0, "'Share of images with error ≤ i (%)'", NULL);
    expect("$DMTL plot cs fixture --db r.db -o one.svg --only full --keep-script && "
           "grep -c '^line_name' one.svg.gp",
        0, "1\n", NULL);
}
END_TEST

START_TEST(hostile_names_are_quoted) {
    expect("$DMTL plot all fixture --db h.db -o figs --format svg --keep-script", 0, NULL, NULL);
    expect("cat figs/cs.svg.gp", 0,
        "line_name[1] = 'a \"quoted\" ''name'' `touch pwned` \\ $(touch pwned)'\n", NULL);
    expect("cat figs/cs.svg.gp", 0, "line_name[2] = 'line break, <b>&amp;</b> %s | _x^2'\n", NULL);
    expect("cat figs/confusion.svg.gp", 0, "tic_name[20] = 'a=b,c%%d'\n",
        NULL); /* nine ages twice, as columns and rows, and a gender first */
    expect("test ! -e pwned && tail -c 8 figs/confusion.svg", 0, "</svg>", NULL);
    expect("grep -c '<b>' figs/cs.svg", 1, "0", NULL);
}
END_TEST

/* The second cell loses its results: its row says so in the figure and on stderr; a row without any done
 * cell is not drawn. */
START_TEST(incomplete_rows_are_named) {
    undo("r.db", "cell = 2");
    expect("$DMTL plot cs fixture --db r.db -o cs.svg --keep-script && cat cs.svg.gp", 0,
        "line_name[1] = 'full (1 of 2 cells)'\n", "dmtl: full (1 of 2 cells) are done\n");
    expect("$DMTL plot cs fixture --db r.db -o cs.svg --quiet 2>&1 | wc -c", 0, "0\n", NULL);
    undo("r.db", "cell > 2");
    expect(
        "$DMTL plot cs fixture --db r.db -o cs.svg --keep-script && grep -c ^line_name cs.svg.gp",
        0, "1\n", "dmtl: equal-weights (0 of 2 cells) are done: not drawn\n");
}
END_TEST

/* A row of two variants that both have a task shows the first one's cells, as the table does, and not a
 * mixture. */
START_TEST(row_of_two_variants) {
    static const char *const kinds[] = {"cs", "confusion", "loss"};
    for (int after = 0; after < 2; after++) {
        for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
            char *command =
                xasprintf("$DMTL plot %s fixture --db r.db --only full -o %s.svg "
                          "--keep-script && sed -n '/^.data/,/^END/p' %s.svg.gp > %s.%d",
                    kinds[k], kinds[k], kinds[k], kinds[k], after);
            expect(command, 0, NULL, NULL);
            free(command);
        }
        if (!after)
            change("r.db",
                "UPDATE grid SET source = replace(source, '\"axes\"', '\"report\": {\"rows\": "
                "[{\"title\": \"Both\", \"variants\": [\"full\", \"equal-weights\"]}]}, \"axes\"')");
    }
    expect("cat cs.svg.gp", 0, "line_name[1] = 'Both'\n", NULL);
    expect("cmp cs.0 cs.1 && cmp confusion.0 confusion.1 && cmp loss.0 loss.1", 0, NULL, NULL);
}
END_TEST

START_TEST(nothing_to_draw) {
    expect("$DMTL plot weights fixture --db r.db -o x.svg --only equal-weights", 1, NULL,
        "plot weights: grid fixture: no cell that learns its tasks' weights is done: there is nothing "
        "to draw");
    expect("$DMTL plot all fixture --db r.db -o figs --only equal-weights && ls figs", 0,
        "calibration.svg\nconfusion.svg\ncs.svg\ndifferences.svg\nerror.svg\ngaps.svg\nloss.svg\nsubgroups.svg\n",
        "dmtl: no weights: no cell that learns its tasks' weights is done\n");
    undo("r.db", "1");
    expect("$DMTL plot cs fixture --db r.db -o x.svg", 1, NULL, "no cell with age is done");
    expect("$DMTL plot loss fixture --db r.db -o x.svg", 1, NULL, "no done cell has epochs stored");
    expect("$DMTL plot confusion fixture --db r.db -o x.svg", 1, NULL, "no confusion matrix");
    expect("ls x.svg*", 2, NULL, NULL);
}
END_TEST

/* Only the weights that are learned: the second variant's are constant. Losses of both parts. */
START_TEST(scripts_of_curves) {
    expect("$DMTL plot weights fixture --db r.db -o w.svg --keep-script && grep -c ^first w.svg.gp",
        0, "1\n", NULL);
    expect("cat w.svg.gp", 0, "panel_title[1] = 'full'\n", NULL);
    expect("$DMTL plot loss fixture --db r.db -o l.svg --keep-script && cat l.svg.gp", 0,
        "panel_title[4] = 'Age, validation'\n", NULL);
    expect("grep -c ^legend_name l.svg.gp", 0, "2\n", NULL); /* once, not once a panel */
    expect("cat l.svg.gp", 0,
        "figure_title = sprintf(\"%s\", 'Learning curves, mean and range of the runs (drawn images, no "
        "photographs)')\n",
        NULL);
}
END_TEST

/* The picture that is there stays as it was. */
START_TEST(gnuplot_fails) {
    expect("mkdir bin && printf '#!/bin/sh\\necho no display >&2\\nexit 1\\n' > bin/gnuplot && "
           "chmod +x bin/gnuplot && echo old > x.svg",
        0, NULL, NULL);
    expect("PATH=$PWD/bin:$PATH $DMTL plot cs fixture --db r.db -o x.svg", 1, NULL,
        "gnuplot drew nothing (exit 1): no display");
    expect("cat x.svg && ls | grep svg", 0, "old\nx.svg\n", NULL);
}
END_TEST

START_TEST(same_bytes_twice) {
    expect(
        "for f in svg pdf png; do for k in a b; do $DMTL plot confusion fixture --db r.db -o $k.$f || "
        "exit 9; done; cmp a.$f b.$f || exit 8; sleep 1; done",
        0, NULL, NULL);
}
END_TEST

START_TEST(no_gnuplot) {
    expect("D=$DMTL; PATH=/nonexistent $D plot cs fixture --db r.db -o x.svg", 1, NULL,
        "gnuplot is not installed; figures need it: apt-get install gnuplot-nox");
    expect("ls x.svg*", 2, NULL, NULL);
}
END_TEST

START_TEST(failed_script) {
    struct err e = {0};
    struct str script = {0}, picture = {0};
    str_add(&script, "set terminal svg\nplot nonsense(\n");
    ck_assert(!gnuplot_draw(&script, &picture, &e));
    ck_assert_msg(strstr(e.msg, "gnuplot drew nothing") != NULL, "%s", e.msg);
    ck_assert_int_eq(e.kind, ERR_FAILED);
    str_free(&script);
    str_free(&picture);
}
END_TEST

/* More text than pipes hold, after gnuplot has gone: neither a hang nor SIGPIPE. */
START_TEST(child_that_leaves_early) {
    struct err e = {0};
    struct str script = {0}, picture = {0};
    str_add(&script, "exit status 3\n");
    for (int i = 0; i < 100000; i++)
        str_add(&script, "# filling\n");
    ck_assert(!gnuplot_draw(&script, &picture, &e));
    ck_assert_msg(strstr(e.msg, "exit 3") != NULL, "%s", e.msg);
    str_free(&script);
    str_free(&picture);
}
END_TEST

START_TEST(wrong_calls) {
    expect("$DMTL plot cs", 2, NULL, "plot: expected a kind");
    expect("$DMTL plot pie fixture --db r.db -o x.svg", 2, NULL, "pie: unknown figure");
    expect("$DMTL plot cs nope --db r.db -o x.svg", 2, NULL, "it holds: fixture, subset");
    expect("$DMTL plot cs fixture -o x.svg", 2, NULL, "there is no such results database");
    expect("$DMTL plot cs fixture --db r.db -o x.svg --only ful", 2, NULL, "full");
    expect("$DMTL plot confusion fixture --db r.db -o x.svg --bins ten", 2, NULL, "fairface-9");
    expect("$DMTL plot all fixture --db r.db", 2, NULL, "all needs -o FOLDER");
    expect("$DMTL plot cs fixture --db r.db --format gif", 2, NULL, "expected svg, pdf or png");
    expect(
        "$DMTL plot cs fixture --db r.db -o none/x.svg", 1, NULL, "none/x.svg: cannot be written");
    expect("$DMTL plot cs fixture --db r.db -o /dev/full --format svg", 1, NULL,
        "No space left on device");
    expect("$DMTL plot cs fixture --db r.db > /dev/full", 1, NULL, "No space left on device");
    expect("ls x.svg*", 2, NULL, NULL);
}
END_TEST

static const struct {
    const char *options, *message;
} no_difference[] = {
    {"cs --task gender", "plot cs: --task gender: the figure is of age alone\n"},
    {"cs --bins decades",
        "plot cs: --bins: makes no difference to this figure, which takes --only, "
        "--task, --convention, --part\n"},
    {"weights --part validation",
        "plot weights: --part: makes no difference to this figure, which takes --only, --task, "
        "--page\n"},
    {"weights --convention cs_le",
        "plot weights: --convention: makes no difference to this figure, which takes --only, --task, "
        "--page\n"},
    {"loss --part test",
        "plot loss: --part: makes no difference to this figure, which takes --only, --task, "
        "--page\n"},
    {"confusion --convention cs_le",
        "plot confusion: --convention: makes no difference to this figure, which takes --only, --task, "
        "--bins, --part, --by, --page\n"},
    {"confusion --task race --bins decades",
        "plot confusion: --bins: are groups of ages, which --task race leaves out\n"},
    {"confusion --only full --only equal-weights",
        "plot confusion: --only: is given 2 times: the figure is of one approach\n"},
};

START_TEST(choices_that_make_no_difference_are_refused) {
    char *command =
        xasprintf("$DMTL plot %s fixture --db r.db -o x.svg", no_difference[_i].options);
    expect(command, 2, NULL, no_difference[_i].message);
    expect("ls x.svg*", 2, NULL, NULL);
    free(command);
}
END_TEST

START_TEST(choices_of_all_apply_where_they_fit) {
    expect("$DMTL plot cs fixture --db r.db -o x.svg --task age", 0, NULL, NULL);
    expect("$DMTL plot all fixture --db r.db -o figs --task gender --keep-script && ls figs", 0,
        "confusion.svg\nconfusion.svg.csv\nconfusion.svg.gp\ndifferences.svg\n",
        "dmtl: no cs: it is of age alone\ndmtl: no error: it is of age alone\n");
    expect("grep -h ^panel_title figs/confusion.svg.gp figs/loss.svg.gp", 0,
        "panel_title[1] = 'Gender'\npanel_title[1] = 'Gender, training'\n", NULL);
    expect(
        "$DMTL plot all fixture --db r.db -o more --bins decades --convention cs_le --keep-script "
        "&& cat more/*.gp",
        0, "'Share of images with error ≤ i (%)'", NULL);
    expect("cat more/*.gp", 0, "'Age, decades'", NULL);
}
END_TEST

START_TEST(the_ending_is_the_format) {
    static const char expected[] = ": its ending says no format: expected .svg, .pdf or .png, or "
                                   "--format with one of svg, pdf, png\n";
    expect("$DMTL plot cs fixture --db r.db -o x.bmp", 2, NULL, expected);
    expect("$DMTL plot cs fixture --db r.db -o picture", 2, NULL, expected);
    expect("mkdir d.svg; $DMTL plot cs fixture --db r.db -o d.svg/picture", 2, NULL, expected);
    expect("ls x.bmp picture d.svg/picture", 2, NULL, NULL);
    expect(
        "$DMTL plot cs fixture --db r.db -o x.PNG && head -c 4 x.PNG | tail -c 3", 0, "PNG", NULL);
    expect("$DMTL plot cs fixture --db r.db -o x.png --format svg", 2, NULL,
        "plot: -o x.png: its ending says png and --format says svg: leave --format out, or name the file *.svg");
    expect("$DMTL plot cs fixture --db r.db -o x.PNG --format png && head -c 4 x.PNG | tail -c 3",
        0, "PNG", NULL);
    expect("$DMTL plot cs fixture --db r.db -o x.bmp --format png && head -c 4 x.bmp | tail -c 3",
        0, "PNG", NULL);
    expect("$DMTL plot cs fixture --db r.db | tail -c 8", 0, "</svg>", NULL);
    expect("$DMTL plot all fixture --db r.db -o figs.png && ls figs.png", 0, "cs.svg\n", NULL);
}
END_TEST

/* Rows of a table that are all the first variant. */
static void put_rows(int n, const char *title) {
    struct str sql = {0};
    str_add(&sql, "UPDATE grid SET source = replace(source, '\"axes\"', '\"report\": {\"rows\": [");
    for (int i = 0; i < n; i++)
        str_addf(&sql, "%s{\"title\": \"%s %d\", \"variants\": [\"full\"]}", i ? ", " : "", title,
            i + 1);
    str_add(&sql, "]}, \"axes\"')");
    change("r.db", sql.text);
    str_free(&sql);
}

/* Two names have room below the fixture's scores, twelve have not: names of 11 characters take 75 + 9 * 11 =
 * 174 px, three fit side by side in 640 px, so that there are 4 rows of 22 px. The drawing is 18 + 18 (a line of
 * title) - 18 (no panel's title) + 390 = 408 px high, 408 + 88 = 496 px with the legend. */
START_TEST(a_legend_that_does_not_fit_stands_below) {
    static const char draw[] =
        "$DMTL plot cs fixture --db r.db -o cs.svg --keep-script && cat cs.svg.gp";
    expect(draw, 0, "svg size 640,416 ", NULL);
    expect(draw, 0, "legend_rows = 0\n", NULL);
    put_rows(12, "Approach");
    expect(draw, 0, "svg size 640,504 ", NULL);
    expect(draw, 0, "legend_rows = 4\nlegends = 12\n", NULL);
    expect("sed -n 's/^line_look.*= //p' cs.svg.gp | tr '\\n' ' '", 0,
        "1 2 3 4 5 6 7 8 9 10 11 12 ", NULL);
}
END_TEST

/* 28 styles of line, of which the legend names each once: two rows of one style would go by one name. */
START_TEST(rows_without_a_look_are_not_drawn) {
    static const char note[] =
        "dmtl: cs: 28 rows are drawn, for there are no more styles of line; the others by --only\n";
    put_rows(30, "Approach");
    expect("$DMTL plot cs fixture --db r.db -o cs.svg --keep-script && cat cs.svg.gp", 0,
        "legends = 28\n", note);
    expect("sed -n 's/^line_look.*= //p' cs.svg.gp | sort -u | wc -l; grep -c ^line_name cs.svg.gp",
        0, "28\n28\n", NULL);
    expect("$DMTL plot loss fixture --db r.db -o x.svg", 0, NULL, "28 rows are drawn");
    expect("$DMTL plot all fixture --db r.db -o figs", 0, NULL, note);
}
END_TEST

/* What all are compared with is drawn in any case, though it is the last row. */
START_TEST(the_baseline_is_always_drawn) {
    static const char *const kinds[] = {"cs", "error", "loss"};
    put_rows(30, "Approach");
    change("r.db",
        "UPDATE grid SET source = replace(replace(source, '\"full\"]}', '\"equal-weights\"]}'), "
        "'\"equal-weights\"]}]}', '\"equal-weights\"]}, {\"title\": \"Last\", \"variants\": [\"full\"]}]}')");
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        char *draw = xasprintf(
            "$DMTL plot %s fixture --db r.db -o x.svg --keep-script && grep -c '^legend_name.*Last' x.svg.gp",
            kinds[i]);
        expect(draw, 0, "1\n", "28 rows are drawn");
        free(draw);
    }
}
END_TEST

/* 71 characters: 75 + 9 * 71 = 714 px, wider than 640 px: the figure widens; 408 + 2 * 22 px high. */
START_TEST(a_long_name_widens_the_figure) {
    put_rows(2, "A name that fills the legend from one side of the figure to the other");
    expect("$DMTL plot cs fixture --db r.db -o cs.svg --keep-script && cat cs.svg.gp", 0,
        "legend_rows = 2\nlegends = 2\n", NULL);
    expect("cat cs.svg.gp", 0, "svg size 714,460 ", NULL);
}
END_TEST

/* 24 characters of a name at most, its middle lost: 15 and 8 of its ends. Columns stand upright then, and the slot of a
 * panel is 7.7 px a letter wider. Before, ages of five letters: 10 + 47 (six of "female") + 26 (True) before nine cells of
 * 36 px, 14 behind: 421 px. Then 10 + 185 + 26 + 324 + 14 = 559 px, of which two fit in 1400 px: 1118. */
START_TEST(long_names_of_classes_get_room) {
    static const char draw[] =
        "$DMTL plot confusion fixture --db r.db -o c.svg --keep-script && cat c.svg.gp";
    expect(draw, 0, "svg size 1263,", NULL);
    change("r.db",
        "UPDATE class_name SET name = 'Été, and a name that is very long' WHERE name = 'Other'");
    expect(draw, 0, "svg size 1118,", NULL);
    expect(draw, 0, " = 'Été, and a name…ery long'\n", NULL);
    expect(draw, 0, "angle[3] = -90\n", NULL);
}
END_TEST

START_TEST(all_looks_differ) {
    expect(
        "$DMTL plot cs fixture --db r.db -o cs.svg --keep-script && (sed '/^set multiplot/,$d' "
        "cs.svg.gp; echo show style line) | gnuplot 2>&1 | sed -n 's/linestyle [0-9]*,//p' >looks && "
        "wc -l <looks && sort looks | uniq -d | wc -l",
        0, "28\n0\n", NULL);
}
END_TEST

Suite *plot_suite(void) {
    Suite *s = suite_create("plot");
    TCase *c = tcase_create("plot");
    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, script_of_scores);
    tcase_add_test(c, hostile_names_are_quoted);
    tcase_add_test(c, scripts_of_curves);
    tcase_add_test(c, incomplete_rows_are_named);
    tcase_add_test(c, row_of_two_variants);
    tcase_add_test(c, nothing_to_draw);
    tcase_add_test(c, gnuplot_fails);
    tcase_add_test(c, same_bytes_twice);
    tcase_add_test(c, no_gnuplot);
    tcase_add_test(c, failed_script);
    tcase_add_test(c, child_that_leaves_early);
    tcase_add_test(c, wrong_calls);
    tcase_add_loop_test(
        c, choices_that_make_no_difference_are_refused, 0, (int)ARRAY_LEN(no_difference));
    tcase_add_test(c, choices_of_all_apply_where_they_fit);
    tcase_add_test(c, the_ending_is_the_format);
    tcase_add_test(c, a_legend_that_does_not_fit_stands_below);
    tcase_add_test(c, rows_without_a_look_are_not_drawn);
    tcase_add_test(c, the_baseline_is_always_drawn);
    tcase_add_test(c, a_long_name_widens_the_figure);
    tcase_add_test(c, long_names_of_classes_get_room);
    tcase_add_test(c, all_looks_differ);
    suite_add_tcase(s, c);
    return s;
}
