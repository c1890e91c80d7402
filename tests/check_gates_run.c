/* The gates as a user meets them: `data check`, `run`, the store, `report` and `status`, with the real programs
 * on a small drawn set. */
#include "check_suites.h"

#include "check_folder.h"
#include "check_run.h"
#include "core/err.h"
#include "core/mem.h"
#include "data/synth.h"
#include "store/sql.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BASE                                                                                        \
    "\"base\": {\"data\": {\"set\": \"synthetic\", \"image_px\": 16}, \"tasks\": {\"gender\": {}}," \
    " \"trunk\": {\"name\": \"small\", \"weights\": \"none\", \"train_from\": \"frozen\"},"         \
    " \"epochs\": 1, \"batch\": 16}, \"variants\": {\"full\": {}}"

static char *dir;

/* 60 faces: 12 for the test, too few for a claim. */
static void set_up(void) {
    struct err e = {0};
    dir = folder_new();
    char *faces = xasprintf("%s/faces", dir);
    ck_assert_msg(synth_write(faces, 60, 24, 1, 2, &e), "%s", e.msg);
    free(faces);
    folder_put_text(dir, "small.json", "{" BASE "}");
    folder_put_text(dir, "strict.json", "{" BASE ", \"gates\": {\"size\": \"refuse\"}}");
}

static void tear_down(void) {
    folder_remove(dir);
}

static void expect(const char *command, int code, const char *in_out, const char *in_err) {
    expect_shell(dir, command, code, in_out, in_err);
}

static void stored(const char *sql, long long wanted) {
    struct err e = {0};
    char *path = xasprintf("%s/results/small.db", dir);
    struct store *s = store_open(path, STORE_READ, &e);
    long long n = s ? sql_long(store_db(s), &e, -1, sql, "") : -1;
    ck_assert_msg(n == wanted && e.kind == ERR_NONE, "%s: %lld %s", sql, n, e.msg);
    store_close(s);
    free(path);
}

#define SMALL                                                                                      \
    "12 samples of test have gender: the 95 % interval of a share of .5 is 0.566 wide, too few"

START_TEST(check_shows_what_run_would_do) {
    expect("$DMTL data check small.json --data synthetic=faces", 0, SMALL, "");
    expect("$DMTL data check small.json --data synthetic=faces", 0,
        "\n1 split: 0 refused, 1 with warnings, 0 passed\n", "");
    expect("$DMTL data check strict.json --data synthetic=faces", 1, "  size        refused  ",
        "dmtl: data check: 1 of 1 splits are refused: `dmtl run` would not train on them\n");
    expect("$DMTL data check strict.json --data synthetic=faces --json", 1,
        "\"outcome\": \"refused\"", NULL);
    expect("$DMTL data check --data synthetic=faces", 2, "",
        "dmtl: data check: of what? expected a grid file\n");
}
END_TEST

/* Nothing is trained, and the message says what to do. */
START_TEST(a_refused_split_is_not_trained_on) {
    expect("$DMTL run strict.json --data synthetic=faces --db results/small.db", 2, "",
        "dmtl: the gate \"size\" refuses the split (synthetic, random): 5 samples of validation have "
        "gender: the 95 % interval of a share of .5 is 0.877 wide, too few for a claim; choose another "
        "split, or have the grid's file say \"gates\": {\"size\": \"warn\"} (`dmtl data check` ");
    stored("SELECT count(*) FROM v_runs", 0);
}
END_TEST

/* Told before the work, stored with the cell, shown in the report; nothing is told where nothing is left to do. */
START_TEST(a_warning_is_told_and_kept) {
    expect("$DMTL run small.json --data synthetic=faces", 0, NULL,
        "warning (synthetic, random): size: ");
    stored(
        "SELECT count(*) FROM v_findings WHERE gate = 'size' AND outcome = 'warned' AND part = 'test'"
        " AND attribute = 'gender' AND n = 12 AND bound = 0.2 AND abs(value - 0.5658) < 0.0001",
        1);
    stored("SELECT count(DISTINCT gate) FROM v_findings", 8); /* one attribute has no groups */
    stored("SELECT count(*) FROM v_cells WHERE leaky = 0", 1);
    expect("$DMTL report small", 0, "\n## Warnings about the data\n\n", "");
    expect("$DMTL report small", 0, " is 0.877 wide, too few for a claim | full | 1 |\n", "");
    expect("$DMTL report small --format json", 0,
        "{\"gate\": \"size\", \"outcome\": \"warned\", \"attribute\": \"gender\", \"part\": \"test\", "
        "\"against\": \"\", \"value\": 0.56",
        "");
    expect("$DMTL report small --format json", 0, "\"gates_unknown\": 0,", "");
    struct ran r = run_shell(dir, "$DMTL run small.json --data synthetic=faces");
    ck_assert_msg(r.code == 0 && !strstr(r.err, "warning"), "%s", r.err);
    ran_free(&r);
    r = run_shell(dir, "$DMTL run small.json --data synthetic=faces --set /seed=2 -q");
    ck_assert_msg(r.code == 0 && !strstr(r.err, "warning"), "%s", r.err);
    ran_free(&r);
}
END_TEST

/* Ten copies of one image under other names: near ones of each other too, kept in one part unless told not to. A
 * leak is told with --quiet too, and again by status and the report. */
START_TEST(a_leak_is_never_silent) {
    folder_put_text(dir, "apart.json",
        "{\"base\": {\"data\": {\"set\": \"synthetic\", \"image_px\": 16}, \"tasks\": {\"gender\": {}},"
        " \"trunk\": {\"name\": \"small\", \"weights\": \"none\", \"train_from\": \"frozen\"},"
        " \"split\": {\"duplicates\": \"apart\"}, \"epochs\": 1, \"batch\": 16}, \"variants\": {\"full\": {}}}");
    expect(
        "cd faces && f=$(ls *.jpg | head -1) && for i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19;"
        " do cp $f 30_0_0_2018010100000000$i.jpg.chip.jpg; done",
        0, "", "");
    expect("$DMTL data check apart.json --data synthetic=faces", 0, "  contents    warned   ", "");
    expect("$DMTL data check small.json --data synthetic=faces", 0, "  contents    passed   0 of ",
        "");
    expect("$DMTL run apart.json --data synthetic=faces -q --db results/small.db", 0, NULL,
        "warning (synthetic, random duplicates=apart): contents: ");
    stored("SELECT count(*) FROM v_cells WHERE leaky = 1", 1);
    expect("$DMTL status apart --db results/small.db", 0,
        "leaky split in 1 of them: parts share persons or images\n", "");
    expect("$DMTL report apart --db results/small.db", 0,
        " have the bytes of an image of train, such as ", "");
}
END_TEST

Suite *gates_run_suite(void) {
    Suite *s = suite_create("gates_run");
    TCase *c = tcase_create("gates_run");
    tcase_set_timeout(c, 240);
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, check_shows_what_run_would_do);
    tcase_add_test(c, a_refused_split_is_not_trained_on);
    tcase_add_test(c, a_warning_is_told_and_kept);
    tcase_add_test(c, a_leak_is_never_silent);
    suite_add_tcase(s, c);
    return s;
}
