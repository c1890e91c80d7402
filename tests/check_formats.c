/* results/README.md says which views, columns and members others may rely on: here it is held to the program. */
#include "check_folder.h"
#include "check_run.h"
#include "check_suites.h"

#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"
#include "store/sql.h"
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

#define PAGE "results/README.md"

static char *page, *dir;

/* Drawn faces in a folder of one's own, and two systems that predict their gender, one with probabilities. */
static const char prepare[] =
    "$DMTL data synth -n 40 --px 16 --out faces -q\n"
    "$DMTL data export synthetic --data synthetic=faces | cut -d, -f2-5 >l && mv l faces/labels.csv\n"
    "for s in a b; do awk -F, -v s=$s 'BEGIN { print \"sample,task,predicted,p0,p1\" }"
    " NR > 1 { p = s == \"a\" || NR % 3 ? $3 : 1 - $3; print $1 \",gender,\" p \",\" 1 - p \",\" p }'"
    " faces/labels.csv >$s.csv && $DMTL import $s.csv --name $s --data folder=faces -q || exit; done\n"
    "echo '{\"base\": {\"data\": {\"set\": \"folder\"}, \"tasks\": {\"gender\": {}}}, \"variants\": {\"full\": {}}}' >g.json";

static void set_up(void) {
    struct err e = {0};
    dir = folder_new();
    page = file_read(PAGE, 1 << 20, NULL, &e);
    ck_assert_msg(page != NULL, "%s", e.msg);
    expect_shell(dir, prepare, 0, NULL, "");
}

static void tear_down(void) {
    free(page);
    folder_remove(dir);
}

/* ---- what the page says ---- */

/* The names in backquotes of a table row's first cell, each with a comma behind. */
static void add_names(struct str *out, const char *row) {
    const char *end = strstr(row + 2, " |");
    for (const char *at = row; (at = strchr(at, '`')) && at < end;) {
        size_t n = strcspn(at + 1, "`");
        str_addn(out, at + 1, n);
        str_addc(out, ',');
        at += n + 2;
    }
}

/* The names that the tables behind a heading list, in order. The caller frees. */
static char *documented(const char *title) {
    struct str names = {0};
    char *heading = xasprintf("\n### %s\n", title);
    const char *at = strstr(page, heading);
    ck_assert_msg(at != NULL, PAGE ": no heading \"%s\"", title);
    for (at = strchr(at + 1, '\n'); at && at[1] && at[1] != '#'; at = strchr(at + 1, '\n'))
        if (str_starts(at + 1, "| `"))
            add_names(&names, at + 1);
    free(heading);
    return str_detach(&names);
}

static void expect_documented(const char *title, const char *names) {
    char *said = documented(title);
    ck_assert_msg(
        strcmp(said, names) == 0, PAGE ": %s: says\n%s\nand there are\n%s", title, said, names);
    free(said);
}

static int count(const char *text, const char *part) {
    int n = 0;
    for (const char *at = text; (at = strstr(at, part)); at++)
        n++;
    return n;
}

/* ---- what there is ---- */

START_TEST(views) {
    struct err e = {0};
    char *path = path_join(dir, "results/import.db");
    struct store *s = store_open(path, STORE_READ, &e);
    ck_assert_msg(s != NULL, "%s", e.msg);
    sqlite3_stmt *row = sql_prepare(store_db(s), &e,
        "SELECT v.name, (SELECT group_concat(name, ',') || ',' FROM pragma_table_info(v.name))"
        " FROM sqlite_master v WHERE v.type = 'view'",
        "");
    int n = 0;
    for (; sql_step(row, &e) > 0; n++)
        expect_documented(sql_text(row, 0), sql_text(row, 1));
    sqlite3_finalize(row);
    store_close(s);
    free(path);
    ck_assert_int_ge(n, 14);
    ck_assert_int_eq(count(page, "\n### v_"), n);
}
END_TEST

static const struct {
    const char *title, *command;
} csv[] = {
    {"dmtl report GRID --format csv", "$DMTL report import --format csv"},
    {"dmtl audit SYSTEM --format csv", "$DMTL audit import:a --format csv --draws 50"},
    {"dmtl compare A B --format csv", "$DMTL compare import:a import:b --format csv --draws 50"},
    {"dmtl export GRID --probabilities", "$DMTL export import --probabilities"},
    {"dmtl data export SET", "$DMTL data export folder --data folder=faces"},
};

START_TEST(csv_columns) {
    struct ran r = run_shell(dir, csv[_i].command);
    ck_assert_msg(r.code == 0 && count(r.out, "\n") > 1, "%s: %s%s", csv[_i].command, r.out, r.err);
    r.out[strcspn(r.out, "\r\n")] = '\0';
    char *names = xasprintf("%s,", r.out);
    expect_documented(csv[_i].title, names);
    free(names);
    ran_free(&r);
}
END_TEST

static const struct {
    const char *title, *command;
} json[] = {
    {"dmtl plan GRID --json", "$DMTL plan g.json --json"},
    {"dmtl status GRID --json", "$DMTL status import --json"},
    {"dmtl report GRID --format json", "$DMTL report import --format json"},
    {"dmtl audit SYSTEM --format json", "$DMTL audit import:a --format json --draws 50"},
    {"dmtl compare A B --format json", "$DMTL compare import:a import:b --format json --draws 50"},
    {"dmtl data info SET --json", "$DMTL data info folder --data folder=faces --json"},
    {"dmtl data check GRID --json", "$DMTL data check g.json --data folder=faces --json"},
};

START_TEST(json_members) {
    struct err e = {0};
    struct ran r = run_shell(dir, json[_i].command);
    ck_assert_msg(r.code == 0, "%s: %s", json[_i].command, r.err);
    cJSON *root = json_parse("answer", r.out, strlen(r.out), &e);
    ck_assert_msg(root != NULL, "%s", e.msg);
    struct str names = {0};
    for (const cJSON *member = root->child; member; member = member->next)
        str_addf(&names, "%s,", member->string);
    expect_documented(json[_i].title, names.text);
    str_free(&names);
    cJSON_Delete(root);
    ran_free(&r);
}
END_TEST

START_TEST(nothing_else_is_promised) {
    ck_assert_int_eq(count(page, "\n### dmtl "), (int)(ARRAY_LEN(csv) + ARRAY_LEN(json)));
}
END_TEST

Suite *formats_suite(void) {
    Suite *s = suite_create("formats");
    TCase *c = tcase_create("formats");
    tcase_add_unchecked_fixture(c, set_up, tear_down); /* tests only read it */
    tcase_add_test(c, views);
    tcase_add_loop_test(c, csv_columns, 0, (int)ARRAY_LEN(csv));
    tcase_add_loop_test(c, json_members, 0, (int)ARRAY_LEN(json));
    tcase_add_test(c, nothing_else_is_promised);
    suite_add_tcase(s, c);
    return s;
}
