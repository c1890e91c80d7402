/* The real program end to end: exit codes, what goes to stdout and to stderr, files left behind. */
#include "check_folder.h"
#include "check_run.h"
#include "check_suites.h"

#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"
#include "core/str.h"
#include "grid/grid.h"
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

static const char grid[] =
    "{\"title\": \"A small one\", \"base\": {\"tasks\": {\"age\": {}, \"gender\": {}}},\n"
    " \"variants\": {\"full\": {}, \"nominal\": {\"tasks\": {\"age\": {\"kind\": \"nominal\"}}}},\n"
    " \"descriptions\": {\"nominal\": \"age as classes\"}, \"axes\": {\"/seed\": [1, 2]}}\n";

static char *dir;

static void set_up(void) {
    dir = folder_new();
    folder_put_text(dir, "small.json", grid);
}

static void tear_down(void) {
    folder_remove(dir);
}

static void expect(const char *command, int code, const char *out, const char *err) {
    struct ran r = run_shell(dir, command);
    if (out)
        ck_assert_str_eq(r.out, out);
    if (err)
        ck_assert_str_eq(r.err, err);
    ck_assert_int_eq(r.code, code);
    ran_free(&r);
}

static void expect_part(const char *command, const char *part) {
    struct ran r = run_shell(dir, command);
    ck_assert_int_eq(r.code, 0);
    ck_assert_str_eq(r.err, "");
    ck_assert_msg(strstr(r.out, part) != NULL, "no \"%s\" in %s", part, r.out);
    ran_free(&r);
}

START_TEST(help_and_version_go_to_stdout) {
    expect_part("$DMTL", "Usage: dmtl VERB [OPTION...]\n");
    expect_part("$DMTL --help", "\n  plan       show a grid's cells");
    expect_part("$DMTL --version", "dmtl ");
    expect_part("$DMTL plan --help", "Usage: dmtl plan [");
    expect_part("$DMTL plan -h x y", "--set=/POINTER=VALUE");
    expect_part("$DMTL plan --keys", "/optimiser/lr\n    learning rate\n");
}
END_TEST

/* The options that verbs on a grid share stand once in the help of those that take them. */
START_TEST(help_lists_shared_options_once) {
    expect("for v in plan run slurm status report plot; do for o in db only set; do "
           "echo $v $o $($DMTL $v --help | grep -c \"^ *--$o=\"); done; done",
        0,
        "plan db 1\nplan only 1\nplan set 1\nrun db 1\nrun only 1\nrun set 1\n"
        "slurm db 1\nslurm only 1\nslurm set 1\n"
        "status db 1\nstatus only 0\nstatus set 0\nreport db 1\nreport only 0\nreport set 0\n"
        "plot db 1\nplot only 1\nplot set 0\n",
        "");
    expect("for o in data only set; do echo $($DMTL data --help | grep -c \"^ *--$o=\"); done", 0,
        "1\n1\n1\n", "");
}
END_TEST

/* argp breaks a text that just fills its line into that line and one of blanks. */
START_TEST(help_has_no_line_of_blanks) {
    expect(
        "for v in plan run slurm status report plot bench data; do $DMTL $v --help; done | grep -n ' $'",
        1, "", "");
}
END_TEST

static const struct {
    const char *command, *message;
} wrong_usage[] = {
    {"$DMTL plna",
        "dmtl: plna: unknown verb; did you mean plan? (`dmtl --help` lists the verbs)\n"},
    {"$DMTL --verbose", "dmtl: --verbose: unknown option (`dmtl --help` lists the verbs)\n"},
    {"$DMTL ''", "dmtl: : unknown verb (`dmtl --help` lists the verbs)\n"},
    {"$DMTL plan", "dmtl: plan: which grid? expected a file, like experiments/demo.json\n"},
    {"$DMTL run", "dmtl: run: which grid? expected a file, like experiments/demo.json\n"},
    {"$DMTL status", "dmtl: status: which grid? expected its file or its name, like demo\n"},
    {"$DMTL report --format csv",
        "dmtl: report: which grid? expected its file or its name, like demo\n"},
    {"$DMTL report import:x",
        "dmtl: report: import:x: expected a grid, and imports are the systems of one: "
        "`dmtl report import`; `dmtl audit` and `dmtl compare` take one alone\n"},
    {"$DMTL verify import:x",
        "dmtl: verify: import:x: predictions that were imported cannot be run again, only looked at: "
        "`dmtl report import`, `dmtl audit import:SYSTEM`\n"},
    {"$DMTL verify import",
        "dmtl: verify: import: predictions that were imported cannot be run again, only looked at: "
        "`dmtl report import`, `dmtl audit import:SYSTEM`\n"},
    {"$DMTL plan import:x",
        "dmtl: plan: import:x: expected a grid's file; an import is a system without one: "
        "`dmtl report import` shows those that there are\n"},
    {"$DMTL plot", "dmtl: plot: expected a kind (cs, confusion, subgroups, ... or all) and a grid, "
                   "like `dmtl plot cs demo -o cs.svg`\n"},
    {"$DMTL run small.json x", "dmtl: run: x: one argument too many (`dmtl run --help`)\n"},
    {"$DMTL status small x", "dmtl: status: x: one argument too many (`dmtl status --help`)\n"},
    {"$DMTL plot cs small x", "dmtl: plot: x: one argument too many (`dmtl plot --help`)\n"},
    {"$DMTL status small --only full",
        "dmtl: status: --only: unknown option (`dmtl status --help` lists them)\n"},
    {"$DMTL plot cs small --set /seed=1",
        "dmtl: plot: --set: unknown option (`dmtl plot --help` lists them)\n"},
    {"$DMTL report small --db", "dmtl: report: --db: needs a value, FILE\n"},
    {"$DMTL run small.json --only full --only ful",
        "dmtl: small: --only: \"ful\": there is no variant of this name; did you mean \"full\"?\n"},
    {"$DMTL plan small.json x", "dmtl: plan: x: one argument too many (`dmtl plan --help`)\n"},
    {"$DMTL plan small.json --onyl full",
        "dmtl: plan: --onyl: unknown option; did you mean --only? (`dmtl plan --help` lists them)\n"},
    {"$DMTL plan small.json --js",
        "dmtl: plan: --js: unknown option (`dmtl plan --help` lists them)\n"},
    {"$DMTL plan small.json --only", "dmtl: plan: --only: needs a value, VARIANT\n"},
    {"$DMTL plan small.json --json=yes", "dmtl: plan: --json: takes no value\n"},
    {"$DMTL plan -z small.json",
        "dmtl: plan: -z: unknown option (`dmtl plan --help` lists them)\n"},
    {"$DMTL plan small.json --only ful",
        "dmtl: small: --only: \"ful\": there is no variant of this name; did you mean \"full\"?\n"},
    {"$DMTL plan small.json --set /epoch=3",
        "dmtl: --set: /epoch: unknown key; did you mean /epochs?\n"},
    {"$DMTL plan small.json --set /seed=3",
        "dmtl: --set /seed=3: the grid's axis /seed sets this key: edit the file, or choose cells with --only\n"},
    {"$DMTL plan none.json", "dmtl: none.json: cannot be read: No such file or directory\n"},
    {"$DMTL plan .", "dmtl: .: is not a regular file\n"},
    {"sed 's/age/agee/g' small.json >x.json; $DMTL plan x.json",
        "dmtl: x.json: /base/tasks/agee: unknown task: expected age, gender or race; did you mean age?\n"},
    {"sed 's/variants/variant/' small.json >x.json; $DMTL plan x.json",
        "dmtl: x.json: /variant: unknown key: expected one of title, base, variants, descriptions, axes, exclude, baseline, report, gates, $schema; did you mean variants?\n"},
    {"sed 's/nominal\"}/nominl\"}/' small.json >x.json; $DMTL plan x.json",
        "dmtl: x.json: /variants/nominal/tasks/age/kind: \"nominl\": expected one of \"nominal\", \"ordinal\"; did you mean \"nominal\"?\n"},
    {"sed 's/\\[1, 2\\]/[-1]/' small.json >x.json; $DMTL plan x.json",
        "dmtl: x.json: axis: /seed: -1: expected a whole number from 0 to 9007199254740991\n"},
    {"sed 's/\\[1, 2\\]/\"1\"/' small.json >x.json; $DMTL plan x.json",
        "dmtl: x.json: axis /seed: expected a list of values with at least one\n"},
    {"(cat small.json; echo '{}') >x.json; $DMTL plan x.json",
        "dmtl: x.json: line 4, column 1: expected the end of the text behind the first value, found '{'\n"},
    {"sed 's/\"nominal\": {/\"full\": {/' small.json >x.json; $DMTL plan x.json",
        "dmtl: x.json: line 2, column 27: the key \"full\" stands twice in this object\n"},
    {"head -c 60 small.json >x.json; $DMTL plan x.json",
        "dmtl: x.json: line 1, column 61: expected a closing quote, found the end of the text\n"},
    {"printf '{\\0}' >x.json; $DMTL plan x.json",
        "dmtl: x.json: has a NUL byte: expected a text\n"},
    {": >x.json; $DMTL plan x.json",
        "dmtl: x.json: line 1, column 1: expected a value (an object, array, number, \"text\", true, false or null), found the end of the text\n"},
};

START_TEST(wrong_usage_exits_2_with_one_message) {
    expect(wrong_usage[_i].command, 2, "", wrong_usage[_i].message);
}
END_TEST

START_TEST(plan_shows_cells_and_writes_nothing) {
    struct ran r = run_shell(dir, "$DMTL plan small.json && ls");
    ck_assert_str_eq(r.err, "");
    ck_assert_msg(str_starts(r.out, "A small one\n\nfull\n  "), "%s", r.out);
    ck_assert_ptr_nonnull(strstr(r.out, "\n\nnominal: age as classes\n  "));
    ck_assert_ptr_nonnull(strstr(r.out, "  pending   0/80  tasks.age.kind=nominal seed=2\n"));
    ck_assert_msg(
        str_ends(r.out,
            "\n4 cells: 4 pending (results/small.db, not there yet)\n"
            "time and disk are not known before a cell is done: --probe times a few steps\nsmall.json\n"),
        "%s", r.out);
    ran_free(&r);
    r = run_shell(dir, "$DMTL plan small.json --only nominal --only full");
    ck_assert_msg(strstr(r.out, "\n4 cells: 4 pending") != NULL, "%s", r.out);
    ran_free(&r);
    r = run_shell(dir, "$DMTL plan small.json --only nominal --set /epochs=3 --db x.db");
    ck_assert_ptr_null(strstr(r.out, "\nfull\n"));
    ck_assert_msg(
        strstr(r.out,
            "  pending   0/3  tasks.age.kind=nominal seed=2\n\n2 cells: 2 pending (x.db, not there yet)\ntime"),
        "%s", r.out);
    ran_free(&r);
}
END_TEST

START_TEST(plan_as_json_reads_back) {
    struct ran r = run_shell(dir, "$DMTL plan --json --resolved small.json");
    struct err e = {0};
    cJSON *plan = json_parse("plan", r.out, strlen(r.out), &e);
    ck_assert_msg(plan != NULL, "%s", e.msg);
    ck_assert_str_eq(json_get(plan, "grid")->valuestring, "small");
    ck_assert_int_eq(cJSON_GetArraySize(json_get(plan, "cells")), 4);
    ck_assert_str_eq(
        json_pointer_get(plan, "/cells/3/config/tasks/age/kind")->valuestring, "nominal");
    ck_assert_double_eq(json_pointer_get(plan, "/cells/3/axes/~1seed")->valuedouble, 2);
    ck_assert_uint_eq(strlen(json_pointer_get(plan, "/cells/0/id")->valuestring), 64);
    ck_assert_str_eq(json_pointer_get(plan, "/cells/0/state")->valuestring, "pending");
    cJSON_Delete(plan);
    ran_free(&r);
}
END_TEST

/* A name that would end the line, ring the bell or leave a shell's quotes stands on one line without what does so. */
START_TEST(hostile_names_are_harmless) {
    folder_put_text(dir, "x.json",
        "{\"title\": \"a\\nb\", \"base\": {\"tasks\": {\"age\": {}}}, "
        "\"variants\": {\"`touch gone` $(touch gone)\\n\\u001b[31m\": {}}}");
    struct ran r = run_shell(dir, "$DMTL plan x.json; ls gone");
    ck_assert_msg(str_starts(r.out, "a b\n\n`touch gone` $(touch gone)  [31m\n  "), "%s", r.out);
    ran_free(&r);
}
END_TEST

START_TEST(messages_ring_no_bell) {
    folder_put_text(
        dir, "x.json", "{\"base\": {\"\\u0007\\u001b[31m\": 1}, \"variants\": {\"a\": {}}}");
    expect("$DMTL plan x.json", 2, "",
        "dmtl: x.json: /base/\\x07\\x1b[31m: unknown key (`dmtl plan --keys` lists them)\n");
}
END_TEST

START_TEST(dmtl_does_not_link_libtorch) {
    expect("ldd \"$DMTL\" | grep -c torch", 1, "0\n", "");
}
END_TEST

START_TEST(lost_output_is_a_failure) {
    expect("$DMTL plan small.json >/dev/full", 1, "",
        "dmtl: the output cannot be written: No space left on device; free space on its disk and "
        "run the same command again\n");
    expect("$DMTL plan --keys >&-", 1, "",
        "dmtl: the output cannot be written: Bad file descriptor\n");
}
END_TEST

START_TEST(a_file_that_is_no_database_is_refused) {
    expect("echo 'anything but a database' >x.db; $DMTL plan small.json --db x.db", 2, "",
        "dmtl: x.db: is not an SQLite database: name another file with --db\n");
    expect("cat x.db", 0, "anything but a database\n", "");
}
END_TEST

/* A cell is looked up by what it is, not by the grid it was planned for: the last one here is in none. */
START_TEST(plan_shows_how_far_cells_are) {
    struct grid g;
    struct err e = {0};
    char *file = path_join(dir, "small.json"), *db = path_join(dir, "results/small.db");
    int64_t row, cell, token;
    ck_assert_msg(grid_read(&g, file, NULL, 0, &e), "%s", e.msg);
    struct store *s = store_open(db, STORE_WRITE, &e);
    ck_assert_msg(s && store_put_grid(s, "another", grid, &row, &e), "%s", e.msg);
    for (int i = 0; i < 3; i++) {
        struct store_cell c = {.id = g.cells[i].id,
            .config = "{}",
            .dataset = "utkface",
            .split = "random",
            .fold = -1,
            .epochs = 80};
        ck_assert_msg(store_put_cell(s, &c, &cell, &e), "%s", e.msg);
        ck_assert(i == 2 || store_put_member(s, row, cell, g.cells[i].variant, "{}", i, &e));
        ck_assert(store_claim(s, cell, &(struct provenance){0}, &token, &e));
        ck_assert(i == 1 || store_progress(s, cell, 80 >> i, 1, 1.0, &e));
        ck_assert(i != 0 || store_finish(s, cell, 1.0, 0, 80, &e));
        ck_assert(i != 2 || store_fail(s, cell, token, "no luck", &e));
    }
    store_close(s);
    struct ran r = run_shell(dir, "$DMTL plan small.json");
    ck_assert_str_eq(r.err, "");
    ck_assert_ptr_nonnull(strstr(r.out, "  done     80/80  seed=1\n"));
    ck_assert_ptr_nonnull(strstr(r.out, "  running   0/80  seed=2\n"));
    ck_assert_ptr_nonnull(strstr(r.out, "  failed   20/80  tasks.age.kind=nominal seed=1\n"));
    ck_assert_ptr_nonnull(strstr(r.out, "  pending   0/80  tasks.age.kind=nominal seed=2\n"));
    ck_assert_msg(
        strstr(r.out,
            "\n4 cells: 1 failed, 1 done, 1 running, 1 pending (results/small.db)\nleft about "),
        "%s", r.out);
    ran_free(&r);
    free(file);
    free(db);
    grid_free(&g);
}
END_TEST

Suite *cli_suite(void) {
    Suite *s = suite_create("cli");
    TCase *c = tcase_create("cli");
    tcase_set_timeout(c, 30);
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, help_and_version_go_to_stdout);
    tcase_add_test(c, help_lists_shared_options_once);
    tcase_add_test(c, help_has_no_line_of_blanks);
    tcase_add_loop_test(c, wrong_usage_exits_2_with_one_message, 0, (int)ARRAY_LEN(wrong_usage));
    tcase_add_test(c, plan_shows_cells_and_writes_nothing);
    tcase_add_test(c, plan_as_json_reads_back);
    tcase_add_test(c, plan_shows_how_far_cells_are);
    tcase_add_test(c, hostile_names_are_harmless);
    tcase_add_test(c, messages_ring_no_bell);
    tcase_add_test(c, dmtl_does_not_link_libtorch);
    tcase_add_test(c, lost_output_is_a_failure);
    tcase_add_test(c, a_file_that_is_no_database_is_refused);
    suite_add_tcase(s, c);
    return s;
}
