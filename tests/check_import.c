/* dmtl import and export, as a user types them, on a small drawn set. */
#include "check_folder.h"
#include "check_run.h"
#include "check_suites.h"

#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"
#include "core/str.h"
#include "store/sql.h"
#include "store/store.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FACES = 60 };
static char *dir;
static char *id[FACES]; /* of the drawn set, sorted */
static int age[FACES], gender[FACES], race[FACES];

static void run_ok(const char *command) {
    struct ran r = run_shell(dir, command);
    ck_assert_msg(r.code == 0, "%s: exit %d: %.1000s", command, r.code, r.err);
    ran_free(&r);
}

static void set_up(void) {
    dir = folder_new();
    run_ok("$DMTL data synth -n 60 --px 24 --out faces --quiet");
    struct ran r = run_shell(
        dir, "$DMTL data export synthetic --data synthetic=faces | tr -d '\\r' | tail -n +2");
    int n = 0;
    for (char *line = strtok(r.out, "\n"); line && n < FACES; line = strtok(NULL, "\n"), n++) {
        char *comma = strchr(line, ',');
        id[n] = xstrndup(line, (size_t)(comma - line));
        ck_assert_int_eq(
            sscanf(strchr(comma + 1, ',') + 1, "%d,%d,%d", &age[n], &gender[n], &race[n]), 3);
    }
    ck_assert_int_eq(n, FACES);
    ran_free(&r);
}

static void tear_down(void) {
    for (int i = 0; i < FACES; i++)
        free(id[i]);
    folder_remove(dir);
}

#define IMPORT "$DMTL import p.csv --name theirs --data synthetic=faces --db i.db"

static void expect(const char *command, int code, const char *in_out, const char *in_err) {
    expect_shell(dir, command, code, in_out, in_err);
}

/* A metric of the only system, over all. */
static double metric(const char *variant, const char *task, const char *name, const char *readout) {
    struct err e = {0};
    char *path = path_join(dir, "i.db");
    struct store *s = store_open(path, STORE_READ, &e);
    ck_assert_msg(s, "%s", e.msg);
    sqlite3_stmt *row = sql_prepare(store_db(s), &e,
        "SELECT avg(value) FROM v_metrics WHERE grid = 'import' AND variant = ?1 AND task = ?2 AND metric = ?3 AND"
        " readout = ?4 AND grouping = 'all' AND bins = '' AND part = 'test'",
        "ssss", variant, task, name, readout);
    ck_assert_msg(row && sql_step(row, &e) == 1, "%s", e.msg);
    double value = sqlite3_column_type(row, 0) == SQLITE_NULL ? NAN : sqlite3_column_double(row, 0);
    sqlite3_finalize(row);
    store_close(s);
    free(path);
    return value;
}

/* Gender by name or number, each tenth wrong; age two years off, upwards. */
static void put_long(const char *file, const char *end, bool names) {
    static const char *const words[] = {"male", "female"};
    struct str text = {0};
    str_addf(&text, "sample,task,predicted%s", end);
    for (int i = 0; i < FACES; i++) {
        int said = i % 10 == 0 ? 1 - gender[i] : gender[i];
        if (names)
            str_addf(&text, "%s,gender,%s%s", id[i], words[said], end);
        else
            str_addf(&text, "%s,gender,%d%s", id[i], said, end);
        str_addf(&text, "%s,age,%g%s", id[i], age[i] + 2.5, end);
    }
    folder_put_text(dir, file, text.text);
    str_free(&text);
}

START_TEST(the_long_form) {
    put_long("p.csv", "\n", false);
    expect(
        IMPORT, 0, "120 predictions of synthetic stored in i.db as import:theirs, 1 cell ", NULL);
    ck_assert_double_eq_tol(metric("theirs", "gender", "accuracy", "argmax"), 0.9, 1e-12);
    ck_assert_double_eq_tol(metric("theirs", "age", "mae", "count"), 2.5, 1e-12);
    expect(IMPORT, 0, "i.db: the same predictions are there already as import:theirs", NULL);
    expect("$DMTL report import --db i.db", 0, "| theirs (baseline) | 2.500 |", NULL);
    expect("$DMTL report import --db i.db | grep -c 'No gate'", 1, "0\n", NULL);
    expect("$DMTL status import --db i.db", 0, "import: 1 cell: 1 done", NULL);
    expect("$DMTL audit import:theirs --db i.db --task gender --by gender --min-n 5", 0,
        "| Largest difference |", NULL);
    expect("$DMTL plot cs import --db i.db -o cs.svg && test -s cs.svg", 0, NULL, NULL);
    expect("$DMTL plot all import:theirs --db i.db -o figs && ls figs", 0,
        "confusion.svg\ncs.svg\nerror.svg\ngaps.svg\nsubgroups.svg\n",
        "dmtl: no calibration: no done cell of this choice has probabilities stored\n");
    expect("$DMTL plot gaps import:their --db i.db -o x.svg", 2, NULL, "did you mean \"theirs\"?");
}
END_TEST

/* Names of classes, CR LF and a byte-order mark say the same. */
START_TEST(spreadsheets_say_the_same) {
    put_long("p.csv", "\r\n", true);
    run_ok("printf '\\357\\273\\277' | cat - p.csv > bom.csv && mv bom.csv p.csv && " IMPORT);
    ck_assert_double_eq_tol(metric("theirs", "gender", "accuracy", "argmax"), 0.9, 1e-12);
}
END_TEST

/* Two seeds; probabilities of gender, P(age > r_k) of age, which sum to anything; some cells empty. */
START_TEST(the_wide_form_with_probabilities) {
    struct str text = {0};
    str_add(&text, "sample,seed,gender,gender_truth,gender_p0,gender_p1,age,age_probabilities\n");
    for (int seed = 1; seed <= 2; seed++)
        for (int i = 0; i < FACES; i++) {
            if (i % 2)
                str_addf(&text, "%s,%d,%d,%d,%g,%g,", id[i], seed, gender[i], gender[i],
                    gender[i] ? .2 : .8, gender[i] ? .8 : .2);
            else
                str_addf(&text, "%s,%d,,,,,", id[i], seed);
            str_addf(&text, "%d,", age[i]);
            for (int k = 1; k < 116; k++)
                str_addf(&text, "%s%g", k > 1 ? ";" : "", k < age[i] + seed ? .9 : .1);
            str_addc(&text, '\n');
        }
    folder_put_text(dir, "p.csv", text.text);
    str_free(&text);
    expect(
        IMPORT, 0, "180 predictions of synthetic stored in i.db as import:theirs, 2 cells ", NULL);
    ck_assert_double_eq_tol(metric("theirs", "gender", "accuracy", "argmax"), 1, 1e-12);
    ck_assert_double_eq_tol(metric("theirs", "age", "mae", "count"), 0, 1e-12);
    /* P(age > r) is .9 below age + seed: the median is that age, 1 and 2 years off. */
    ck_assert_double_eq_tol(metric("theirs", "age", "mae", "median"), 1.5, 0.05);
    expect(
        "$DMTL audit import --db i.db --task gender --metric brier,overconfidence --by gender --min-n 5 --format csv"
        " | grep -c 'brier,gender,cell'",
        0, "3\n", NULL); /* (.2)^2 + (.2)^2 */
    expect("$DMTL audit import --db i.db --task gender --metric brier --by gender --min-n 5", 0,
        "| 0.080 |", NULL);
}
END_TEST

START_TEST(the_order_of_lines_does_not_matter) {
    put_long("p.csv", "\n", false);
    run_ok(IMPORT);
    run_ok("(head -1 p.csv; tail -n +2 p.csv | sort -r) > q.csv && "
           "$DMTL import q.csv --name other --data synthetic=faces --db i.db");
    run_ok(
        "for n in theirs other; do $DMTL audit import:$n --db i.db --min-n 5 --format csv | sed s/$n/x/ > $n.csv || "
        "exit 1; done; cmp theirs.csv other.csv");
}
END_TEST

/* What export writes is imported as it was. */
static void round_trip(const char *options) {
    char *command = xasprintf(
        "$DMTL export import --only theirs --db i.db %s -o out.csv && "
        "$DMTL import out.csv --name again --data synthetic=faces --db i.db --replace -q && "
        "$DMTL compare import:again import:theirs --db i.db --metric mae,accuracy --format csv "
        "| cut -d, -f13,15,18 | sort -u | tr -d '\\n'",
        options);
    expect(command, 0, NULL, NULL);
    free(command);
    ck_assert_double_eq(metric("again", "gender", "accuracy", "argmax"),
        metric("theirs", "gender", "accuracy", "argmax"));
    ck_assert_double_eq(
        metric("again", "age", "mse", "count"), metric("theirs", "age", "mse", "count"));
}

START_TEST(an_export_comes_back) {
    put_long("p.csv", "\n", false);
    run_ok(IMPORT);
    round_trip("");
    round_trip("--probabilities");
    expect("$DMTL export import --db i.db --task gender | head -1", 0,
        "grid,variant,cell,seed,split_seed,fold,part,task,sample,truth,predicted,label_age,", NULL);
    expect("$DMTL export import --db i.db --only none", 2, NULL,
        "--only \"none\": the grid import has no such variant");
    expect("$DMTL export import --db i.db --task size", 2, NULL,
        "export: --task: \"size\": expected age");
    expect("$DMTL export import --db i.db -o no/such/folder.csv", 1, NULL, "no/such");
}
END_TEST

START_TEST(other_predictions_of_a_name) {
    put_long("p.csv", "\n", false);
    run_ok(IMPORT);
    run_ok("sed -i '$d' p.csv && cp i.db before.db");
    expect(IMPORT, 2, NULL,
        "i.db: holds other predictions under the name theirs: --replace puts these in their place");
    run_ok("cmp i.db before.db");
    expect(IMPORT " --replace", 0, "119 predictions", NULL);
    expect(
        "$DMTL import p.csv --name ours --data synthetic=faces --db i.db", 0, "import:ours", NULL);
    expect("$DMTL compare import --db i.db", 0, "| ours | theirs | gender: accuracy", NULL);
    run_ok("$DMTL import p.csv --name ours --data synthetic=faces --db j.db");
    expect("$DMTL compare import:theirs import:ours --db i.db --db j.db", 0,
        "| theirs | ours | gender: accuracy", NULL);
    expect("$DMTL compare import --db i.db --db j.db --db k.db", 2, NULL,
        "--db: k.db: expected it twice at most");
    expect(
        "$DMTL audit import --db i.db --db j.db", 2, NULL, "audit: --db: j.db: expected it once");
    expect("$DMTL export import --db i.db --task age | wc -l", 0, "119\n",
        NULL); /* 59 + 59 and the head */
}
END_TEST

/* ---- refused ---- */

/* @0 ... @9 stand for samples' ids, %g0 for the gender of @0. */
static const struct {
    const char *text, *message;
} refused[] = {
    {"sample,predicted\n@0,1\n",
        "p.csv: line 1, column 2: \"predicted\": unknown column of the wide form"},
    {"task,predicted\ngender,1\n", "p.csv: line 1: has no column sample"},
    {"sample,task\n@0,gender\n", "p.csv: line 1: has no predictions: expected a column predicted"},
    {"sample,task,predictd\n@0,gender,1\n", "\"predictd\": unknown column of the long form"},
    {"sample,task,predictd\n@0,gender,1\n", "; did you mean predicted?"},
    {"sample,seed\n@0,1\n",
        "p.csv: line 1: has no predictions: expected columns task and predicted, or age, gender"},
    {"sample,gender_truth\n@0,1\n",
        "p.csv: line 1: has columns of gender_ but not what was predicted"},
    {"sample,task,predicted\n@0,gender,1\nnobody.jpg,gender,1\nno.jpg,age,3\n",
        "p.csv: line 3: \"nobody.jpg\": the set has no such sample (so in 2 of 3 rows): expected ids as"},
    {"sample,task,predicted\n@0,gender,1\n@1,gender,1\n@0,gender,0\n",
        "has a prediction of gender in line 2 already"},
    {"sample,task,predicted\n@0,gender,2\n",
        "p.csv: line 2, column 3 (\"predicted\"): \"2\": no class of gender: expected 0 to 1, or one of male, female"},
    {"sample,task,predicted\n@0,gender,Female\n", "\"Female\": no class of gender"},
    {"sample,task,predicted\n@0,gender,\n", "\"\": no class of gender"},
    {"sample,task,predicted\n@0,age,nan\n", "\"nan\": expected an age in years, -50 to 250"},
    {"sample,task,predicted\n@0,age,1e9\n", "\"1e9\": expected an age in years"},
    {"sample,task,predicted\n@0,age,0x20\n", "\"0x20\": expected an age in years"},
    {"sample,task,predicted\n@0,height,1\n",
        "column 2 (\"task\"): \"height\": expected age, gender or race"},
    {"sample,task,predicted,seed\n@0,gender,1,-1\n",
        "column 4 (\"seed\"): \"-1\": expected a whole number from 0 on"},
    {"sample,task,predicted,fold\n@0,gender,1,1.5\n",
        "column 4 (\"fold\"): \"1.5\": expected a fold's number"},
    {"sample,task,predicted,part\n@0,gender,1,train\n", "\"train\": expected test or validation"},
    {"sample,task,predicted,p0,p1\n@0,gender,1,0.5,0.4\n",
        "probabilities of classes sum to 0.9: expected 1"},
    {"sample,task,predicted,p0,p1\n@0,gender,1,-0.5,1.5\n",
        "probability 0 is \"-0.5\": expected numbers from 0 to 1"},
    {"sample,task,predicted,p0,p1,p2\n@0,gender,1,0.5,0.4,0.1\n",
        "3 probabilities: expected 2, of gender's classes"},
    {"sample,task,predicted,p0,p2\n@0,gender,1,0.5,0.5\n", "has a column p2 but none p1"},
    {"sample,task,predicted,probabilities,p0\n@0,gender,1,1,1\n", "has both probabilities and p0"},
    {"sample,task,predicted,probabilities\n@0,age,9,.5 .5\n",
        "2 probabilities: expected 116, of age's classes, or one fewer, P(age > r_k)"},
    {"sample,task,predicted,p0,p1\n@0,gender,1,0.5,0.5\n@1,gender,0,,\n",
        "0 probabilities of gender, where an earlier line has 2: expected as many in every line"},
    {"sample,task,predicted,truth\n@0,gender,1,%g0\n", "the set's label is"},
    {"sample,task,predicted\n", "p.csv: has no prediction of a labelled sample"},
    {"sample,task,predicted\n@0,gender\n",
        "p.csv: line 2: has 2 fields, expected the 3 of the first line"},
    {"sample,task,predicted\n\"@0,gender,1\n", "p.csv: line 2, column 1: a quote is not closed"},
};

static char *filled_in(const char *text) {
    struct str out = {0};
    for (; *text; text++)
        if (*text == '@')
            str_add(&out, id[*++text - '0']);
        else if (str_starts(text, "%g0")) {
            str_addf(&out, "%d", 1 - gender[0]);
            text += 2;
        } else
            str_addc(&out, *text);
    return str_detach(&out);
}

/* Nothing is stored: no database where there was none, and the same bytes where there was one. */
START_TEST(refused_with_a_message) {
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        char *text = filled_in(refused[i].text);
        folder_put_text(dir, "p.csv", text);
        expect(IMPORT, 2, NULL, refused[i].message);
        free(text);
    }
    run_ok("test ! -e i.db");
    put_long("p.csv", "\n", false);
    run_ok(IMPORT " && cp i.db before.db");
    char *text = filled_in(refused[7].text);
    folder_put_text(dir, "p.csv", text);
    expect(IMPORT " --replace", 2, NULL, refused[7].message);
    free(text);
    run_ok("cmp i.db before.db");
}
END_TEST

START_TEST(options_are_checked) {
    put_long("p.csv", "\n", false);
    expect("$DMTL import", 2, NULL, "import: which file? expected FILE.csv");
    expect("$DMTL import p.csv --data synthetic=faces", 2, NULL,
        "import: --name: expected what the system");
    expect("$DMTL import p.csv --name a:b --data synthetic=faces", 2, NULL,
        "--name: \"a:b\": expected 1 to 200 bytes");
    expect("$DMTL import p.csv --name a", 2, NULL, "which set? expected one --data SET=DIR");
    expect("$DMTL import none.csv --name a --data synthetic=faces", 2, NULL, "none.csv");
    expect("$DMTL import p.csv --name a --data synthetic=none", 2, NULL, "none");
    expect("$DMTL import p.csv --name a --data synthetic=faces --db p.csv", 2, NULL, "p.csv");
    expect(
        "$DMTL import p.csv --name \"it's \\\"x\\\" | y\" --data synthetic=faces --db i.db && $DMTL report import --db "
        "i.db",
        0, "| it", NULL);
}
END_TEST

Suite *import_suite(void) {
    Suite *s = suite_create("import");
    TCase *c = tcase_create("import");
    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, the_long_form);
    tcase_add_test(c, spreadsheets_say_the_same);
    tcase_add_test(c, the_wide_form_with_probabilities);
    tcase_add_test(c, the_order_of_lines_does_not_matter);
    tcase_add_test(c, an_export_comes_back);
    tcase_add_test(c, other_predictions_of_a_name);
    tcase_add_test(c, refused_with_a_message);
    tcase_add_test(c, options_are_checked);
    suite_add_tcase(s, c);
    return s;
}
