/* The paper's claims: its numbers as typed in here a second time, the grids that show them, and what a file of claims
 * may not say. */
#include "check_suites.h"

#include "core/mem.h"
#include "data/manifest.h"
#include "grid/claims.h"
#include "grid/grid.h"

#include <glob.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the numbers ---- */

/* By rows of the paper's tables, in percent where they are accuracies; 0: the table has none. */
static const struct {
    const char *table, *system;
    double adience[4], utkface[5]; /* age accuracy, gender, (race,) MSE, MAE */
} published[] = {
    {"Table I", "Single Task", {73.25, 90.67}, {0}},
    {"Table I", "GRA-Net", {66.10, 81.80}, {0}},
    {"Table I", "AFA-Net", {80.40, 90.00}, {0}},
    {"Table I", "Zhang et al.", {70.90, 90.03}, {0}},
    {"Table I", "Eidinger et al.", {45.10, 76.10}, {0}},
    {"Table I", "Earnest Paul et al.", {70.80, 82.92}, {0}},
    {"Table I", "Insha Rafique et al.", {79.30, 50.70}, {0}},
    {"Table I", "Anweasha Saha et al.", {75.10, 84.94}, {0}},
    {"Tables I", "Proposed", {86.59, 95.75}, {0}},
    {"Table II", "Single Task", {0}, {60.17, 90.09, 76.23}},
    {"Table II", "ResNet", {0}, {58.6, 87.4}},
    {"Table II", "AlexNet", {0}, {55.96, 85.1}},
    {"Table II", "DenseNet", {0}, {59.22, 87.28}},
    {"Table II", "VGGNet", {0}, {57.06, 83.63}},
    {"Table II", "Jamoliddin et al.", {0}, {61.34, 88.67}},
    {"Tables II", "Proposed", {0}, {64.74, 90.91}},
    {"Table II", "Proposed", {0}, {0, 0, 79.98}},
    {"Table III", "Single Task", {0, 0, .9266, .4194}, {0, 0, 0, 116.87, 6.73}},
    {"Table III", "Li et al.", {0, 0, 0, .41}, {0}},
    {"Table III", "MobileNet v2", {0, 0, 0, .37}, {0, 0, 0, 0, 7.29}},
    {"Table III", "Sumit Kothari", {0}, {0, 0, 0, 0, 6.76}},
    {"Table III", "FaceNet", {0}, {0, 0, 0, 0, 6.71}},
    {"Table III", "Proposed", {0, 0, .2409, 0}, {0, 0, 0, 66.3958, 0}},
    {"Tables III and IV", "Proposed", {0, 0, 0, .1639}, {0, 0, 0, 0, 5.323}},
    {"Table IV", "Proposed without ordinal opti", {82.78, 94.08, 0, .2397},
        {61.78, 90.63, 78.49, 0, 6.6190}},
    {"Table IV", "Proposed without uncertainty", {83.70, 94.13, 0, .2179},
        {62.48, 90.70, 78.80, 0, 5.9562}},
    {"Table IV", "Proposed", {0}, {0, 0, 78.98}},
};

static void load(struct claims *c) {
    struct err e = {0};
    ck_assert_msg(claims_load(c, NULL, &e), "%s", e.msg);
}

static size_t expect(const struct claims *c, const char *table, const char *system, int set,
    enum attribute task, const char *metric, double value) {
    size_t found = 0;
    if (value == 0)
        return 0;
    for (size_t i = 0; i < c->n; i++) {
        const struct claim *one = &c->list[i];
        if (one->kind != CLAIM_VALUE || one->set != set || one->task != (int)task ||
            strcmp(one->metric, metric) != 0 || strcmp(one->system, system) != 0 ||
            strncmp(one->where, table, strlen(table)) != 0)
            continue;
        double shown = strcmp(metric, "accuracy") == 0 ? 100 * one->value : one->value;
        ck_assert_msg(fabs(shown - value) < 1e-9, "%s: %g, not %g", one->id, shown, value);
        found++;
    }
    ck_assert_msg(found == 1, "%zu claims of %s: %s %s %g", found, table, system, metric, value);
    return 1;
}

START_TEST(the_numbers_are_the_papers) {
    struct claims c;
    load(&c);
    size_t typed = 0, values = 0;
    for (size_t i = 0; i < ARRAY_LEN(published); i++) {
        const char *t = published[i].table, *s = published[i].system;
        const double *a = published[i].adience, *u = published[i].utkface;
        const int adience = DATASET_ADIENCE, utkface = DATASET_UTKFACE;
        typed += expect(&c, t, s, adience, ATTR_AGE, "accuracy", a[0]);
        typed += expect(&c, t, s, adience, ATTR_GENDER, "accuracy", a[1]);
        typed += expect(&c, t, s, adience, ATTR_AGE, "mse", a[2]);
        typed += expect(&c, t, s, adience, ATTR_AGE, "mae", a[3]);
        typed += expect(&c, t, s, utkface, ATTR_AGE, "accuracy", u[0]);
        typed += expect(&c, t, s, utkface, ATTR_GENDER, "accuracy", u[1]);
        typed += expect(&c, t, s, utkface, ATTR_RACE, "accuracy", u[2]);
        typed += expect(&c, t, s, utkface, ATTR_AGE, "mse", u[3]);
        typed += expect(&c, t, s, utkface, ATTR_AGE, "mae", u[4]);
    }
    for (size_t i = 0; i < c.n; i++)
        values += c.list[i].kind == CLAIM_VALUE;
    ck_assert_uint_eq(typed, values); /* and there is no other */
    claims_free(&c);
}
END_TEST

START_TEST(table_five_is_there_and_not_testable) {
    static const struct {
        const char *id;
        double value;
    } rows[] = {{"speed-k40c-size", 21}, {"speed-k40c-time", .028}, {"speed-k40c-rate", 35.7},
        {"speed-tx2-size", 21}, {"speed-tx2-time", 2.12}, {"speed-tx2-rate", .47},
        {"speed-tx2-tensorrt-size", 16}, {"speed-tx2-tensorrt-time", .018},
        {"speed-tx2-tensorrt-rate", 55}, {"speed-tx2-tensorrt-error", 1.138e-11}};
    struct claims c;
    load(&c);
    for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
        const struct claim *found = NULL;
        for (size_t i = 0; i < c.n; i++)
            if (strcmp(c.list[i].id, rows[k].id) == 0)
                found = &c.list[i];
        ck_assert_msg(found && found->kind == CLAIM_UNTESTABLE, "%s", rows[k].id);
        ck_assert_double_eq(found->value, rows[k].value);
    }
    claims_free(&c);
}
END_TEST

static double value_of(const struct claims *c, const char *system, int set, int task,
    const char *metric, const char *table) {
    double value = NAN;
    for (size_t i = 0; i < c->n; i++) {
        const struct claim *one = &c->list[i];
        bool only = strcmp(one->contradicts, "") == 0 || strcmp(one->where, table) == 0;
        if (one->kind == CLAIM_VALUE && one->set == set && one->task == task && only &&
            strcmp(one->metric, metric) == 0 && strcmp(one->system, system) == 0)
            value = one->value;
    }
    return value;
}

/* An order's number is the difference of the two; a contradiction is one on both sides. */
START_TEST(claims_agree_with_each_other) {
    struct claims c;
    load(&c);
    for (size_t i = 0; i < c.n; i++) {
        const struct claim *one = &c.list[i];
        if (one->kind == CLAIM_ORDER && !isnan(one->value)) {
            const char *table = strstr(one->where, "Table IV") ? "Table IV" : "Table II";
            double a = value_of(&c, one->system, one->set, one->task, one->metric, table);
            double b = value_of(&c, one->than, one->set, one->task, one->metric, table);
            ck_assert_msg(fabs(a - b - one->value) < 1e-9, "%s: %g", one->id, a - b);
        }
        if (one->kind == CLAIM_ABOVE)
            ck_assert_double_eq(
                value_of(&c, one->than, one->set, one->task, one->metric, ""), one->value);
        for (size_t k = 0; *one->contradicts && k < c.n; k++)
            if (strcmp(c.list[k].id, one->contradicts) == 0)
                ck_assert_str_eq(c.list[k].contradicts, one->id);
    }
    claims_free(&c);
}
END_TEST

/* ---- the grids ---- */

static void check_published_row(
    const struct claims *c, const struct grid *g, const char *path, const struct report_row *row) {
    size_t length = strlen(row->title) -
                    (str_ends(row->title, ", as published") ? strlen(", as published") : 0);
    char *system = xstrndup(row->title, length);
    int set = g->cells[0].config.data.set;
    char *table = xstrndup(row->published, strcspn(row->published, "o"));
    while (str_ends(table, " "))
        table[strlen(table) - 1] = '\0';
    for (int k = 0; k < g->n_columns; k++) {
        const struct report_column *column = &g->columns[k];
        double value = value_of(c, system, set, (int)column->task, column->metric, table);
        bool same = isnan(value) ? isnan(row->values[k]) : value == row->values[k];
        ck_assert_msg(same, "%s: %s, %s of %s: %g, claimed %g", path, row->title, column->metric,
            attribute_name[column->task], row->values[k], value);
    }
    free(system);
    free(table);
}

/* The published rows of experiments/paper say what the claims say, and rows that are run have their systems' names. */
START_TEST(the_grids_show_the_claims_numbers) {
    struct claims c;
    glob_t found;
    size_t published_rows = 0;
    load(&c);
    ck_assert_int_eq(glob("experiments/paper/[ft]*.json", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct grid g;
        struct err e = {0};
        ck_assert_msg(grid_read(&g, found.gl_pathv[i], NULL, 0, &e), "%s", e.msg);
        for (int r = 0; r < g.n_rows; r++)
            if (g.rows[r].published) {
                check_published_row(&c, &g, found.gl_pathv[i], &g.rows[r]);
                published_rows++;
            }
        grid_free(&g);
    }
    ck_assert_uint_eq(published_rows, 9 + 7 + 4 + 5 + 3 + 3);
    globfree(&found);
    claims_free(&c);
}
END_TEST

/* ---- what is refused ---- */

#define VALUE                                                                                         \
    "\"id\": \"a\", \"where\": \"T\", \"set\": \"utkface\", \"kind\": \"value\", \"system\": \"S\", " \
    "\"variants\": [\"full\"], \"task\": \"age\""
#define FILE_OF(claims)                                                                                         \
    "{\"paper\": \"P\", \"protocol\": [], \"margins\": [{\"metric\": \"mae\", \"margin\": 1, "                  \
    "\"reason\": \"r\"}, {\"metric\": \"accuracy\", \"margin\": 0.01, \"reason\": \"r\"}], \"claims\": " claims \
    "}"
#define MAE VALUE ", \"metric\": \"mae\", \"value\": 5"
#define GROUP                                                                                       \
    "\"id\": \"g\", \"where\": \"T\", \"set\": \"utkface\", \"kind\": \"group\", \"says\": \"s\", " \
    "\"system\": \"S\", \"variants\": [\"full\"], \"task\": \"gender\", \"metric\": \"accuracy\", " \
    "\"group\": \"gender=female\""
#define WEIGHT                                                                                       \
    "\"id\": \"w\", \"where\": \"T\", \"set\": \"utkface\", \"kind\": \"weight\", \"says\": \"s\", " \
    "\"system\": \"S\", \"variants\": [\"full\"], \"task\": \"age\""

static const struct {
    const char *text, *message;
} refused[] = {
    {"[]", "f: expected an object with paper, protocol, margins and claims"},
    {"{\"claims\": [}", "f: line 1, column 13"},
    {"{\"paper\": \"P\", \"claim\": []}",
        "f: /\"claim\": unknown member (known: paper, protocol, margins, claims); did "
        "you mean claims?"},
    {"{\"paper\": 3}", "f: /paper: expected a text"},
    {"{\"paper\": \"P\", \"protocol\": [], \"margins\": []}",
        "f: /claims: expected a list of 1 to 1000 objects"},
    {"{\"paper\": \"P\", \"protocol\": 1, \"margins\": [], \"claims\": []}",
        "f: /protocol: expected a list of 0 to 1000 objects"},
    {FILE_OF("[]"), "f: /claims: expected a list of 1 to 1000 objects"},
    {FILE_OF("[7]"), "f: /claims/0: expected an object with id, where, kind"},
    {FILE_OF("[{\"id\": \"a\"}]"),
        "f: /claims/0/kind (\"a\"): expected one of value, order, above"},
    {FILE_OF("[{\"id\": \"a\", \"kind\": \"valu\"}]"),
        "f: /claims/0/kind (\"a\"): \"valu\": expected one of value, order, above, group, weight, untestable; did you "
        "mean value?"},
    {FILE_OF("[{" MAE ", \"valeu\": 3}]"),
        "f: /claims/0 (\"a\"): \"valeu\": expected one of id, where, set"},
    {FILE_OF("[{" MAE ", \"valeu\": 3}]"), "did you mean value?"},
    {FILE_OF("[{" MAE ", \"reason\": \"r\"}]"),
        "f: /claims/0/reason (\"a\"): expected no such member in a claim of kind value"},
    {FILE_OF("[{" VALUE ", \"metric\": \"mae\"}]"),
        "f: /claims/0/value (\"a\"): expected this member"},
    {FILE_OF("[{" VALUE ", \"metric\": \"mae\", \"value\": \"5\"}]"),
        "f: /claims/0/value (\"a\"): expected a number, -1e+06 to 1e+06"},
    {FILE_OF("[{" VALUE ", \"metric\": \"mae\", \"value\": 1e7}]"),
        "/claims/0/value (\"a\"): 1e+07: expected a number"},
    {FILE_OF("[{" VALUE ", \"metric\": \"mae\", \"value\": -1}]"),
        "/claims/0/value (\"a\"): expected no number below 0"},
    {FILE_OF("[{" VALUE ", \"metric\": \"accuracy\", \"value\": 86.59}]"),
        "f: /claims/0/value (\"a\"): 86.59: expected a share, 0 to 1"},
    {FILE_OF("[{" VALUE ", \"metric\": \"mea\", \"value\": 5}]"),
        "f: /claims/0/metric (\"a\"): \"mea\": expected a metric of age: accuracy, accuracy_within_1, mae"},
    {FILE_OF("[{" VALUE ", \"metric\": \"tpr:female\", \"value\": 0.5}]"),
        "\"tpr:female\": expected a metric of age"},
    {FILE_OF("[{" VALUE ", \"metric\": \"mse\", \"value\": 5}]"),
        "f: /claims/0/metric (\"a\"): \"mse\": expected a metric that /margins has a margin for"},
    {FILE_OF("[{" MAE ", \"bins\": \"fairface\"}]"),
        "f: /claims/0/bins: fairface: expected fairface-9"},
    {FILE_OF("[{" MAE ", \"bins\": \"20-10,30+\"}]"),
        "f: /claims/0/bins: /20-10,30+/groups/0: \"20-10\""},
    {FILE_OF("[{" MAE ", \"note\": \"\"}]"),
        "/claims/0/note (\"a\"): expected a text of at most 400 bytes"},
    {FILE_OF("[{" MAE ", \"contradicts\": \"b\"}]"),
        "/claims/0/contradicts: \"b\": expected the id of another claim"},
    {FILE_OF("[{" MAE ", \"contradicts\": \"a\"}]"),
        "/claims/0/contradicts: \"a\": expected the id of another claim"},
    {FILE_OF("[{" MAE "}, {" MAE "}]"), "f: /claims/1/id: \"a\": expected an id of its own"},
    {FILE_OF("[{\"id\": \"a\", \"where\": \"T\", \"set\": \"utkfaces\", \"kind\": \"value\"}]"),
        "/claims/0/set (\"a\"): \"utkfaces\": expected one of utkface, synthetic, adience, folder; did you mean utkface?"},
    {FILE_OF("[{\"id\": \"a\", \"kind\": \"value\", \"variants\": []}]"),
        "/claims/0/variants (\"a\"): expected a list of 1 to 16 names"},
    {FILE_OF("[{\"id\": \"a\", \"kind\": \"value\", \"variants\": [\"full\", 3]}]"),
        "expected a list of 1 to 16 names"},
    {FILE_OF("[{" GROUP ", \"by\": \"sex\", \"form\": \"lower\"}]"),
        "f: /claims/0/by: \"sex\": expected attributes"},
    {FILE_OF("[{" GROUP ", \"by\": \"gender\", \"form\": \"low\"}]"),
        "/claims/0/form (\"g\"): low: expected lower or lowest"},
    {FILE_OF("[{" WEIGHT ", \"form\": \"lowest\"}]"),
        "/claims/0/form (\"w\"): lowest: expected comparable, low or inverse"},
    {FILE_OF("[{" WEIGHT ", \"form\": \"low\"}]"),
        "/claims/0/bound (\"w\"): expected a number, 0 to 1"},
    {FILE_OF("[{" WEIGHT ", \"form\": \"inverse\", \"bound\": 0.1}]"),
        "/claims/0/bound (\"w\"): expected no such member"},
    {FILE_OF("[{" WEIGHT ", \"form\": \"comparable\", \"bound\": 0.1}]"),
        "/claims/0/against (\"w\"): expected another task than /task"},
    {FILE_OF("[{" WEIGHT ", \"form\": \"comparable\", \"bound\": 0.1, \"against\": \"age\"}]"),
        "expected another task than /task"},
    {FILE_OF("[{" WEIGHT ", \"form\": \"low\", \"bound\": 2}]"),
        "/claims/0/bound (\"w\"): 2: expected a number, 0 to 1"},
    {"{\"paper\": \"P\", \"margins\": [{\"metric\": \"mae\", \"margin\": 0, \"reason\": \"r\"}], \"protocol\": [], "
     "\"claims\": [{" MAE "}]}",
        "f: /margins/0/margin: 0: expected a number, 1e-09"},
    {"{\"paper\": \"P\", \"margins\": [{\"metric\": \"mae\", \"margin\": 1}], \"protocol\": [], \"claims\": [{" MAE
     "}]}",
        "f: /margins/0/reason: expected this member"},
    {"{\"paper\": \"P\", \"margins\": [], \"protocol\": [{\"what\": \"w\", \"where\": \"x\", \"key\": \"/epoch\"}], "
     "\"claims\": [{" MAE "}]}",
        "f: /protocol/0/key: \"/epoch\": expected a key of a configuration (dmtl plan --keys); did you mean /epochs?"},
    {"{\"paper\": \"P\", \"margins\": [], \"protocol\": [{\"what\": \"w\", \"where\": \"x\"}], \"claims\": [{" MAE
     "}]}",
        "f: /protocol/0/here: expected what is done here, or a key"},
    {"{\"paper\": \"P\", \"margins\": [], \"protocol\": [{\"what\": \"w\", \"where\": \"x\", \"key\": \"/epochs\", "
     "\"value\": [80]}], \"claims\": [{" MAE "}]}",
        "f: /protocol/0/value: expected a text, a number or a truth value"},
};

START_TEST(refused_with_a_message) {
    struct claims c;
    struct err e = {0};
    ck_assert(!claims_parse(&c, "f", refused[_i].text, strlen(refused[_i].text), &e));
    ck_assert_int_eq(e.kind, ERR_USAGE);
    ck_assert_msg(
        strstr(e.msg, refused[_i].message), "\"%s\" is not in \"%s\"", refused[_i].message, e.msg);
    claims_free(&c);
}
END_TEST

START_TEST(a_list_too_long) {
    struct str text = {0};
    struct claims c;
    struct err e = {0};
    str_add(&text, "{\"paper\": \"P\", \"protocol\": [], \"margins\": [], \"claims\": [0");
    for (int i = 0; i < 1000; i++)
        str_add(&text, ",0");
    str_add(&text, "]}");
    ck_assert(!claims_parse(&c, "f", text.text, text.len, &e));
    ck_assert_str_eq(e.msg, "f: /claims: expected a list of 1 to 1000 objects");
    claims_free(&c);
    str_free(&text);
}
END_TEST

START_TEST(margins_are_taken_and_changed) {
    static const char text[] =
        "{\"paper\": \"P\", \"protocol\": [], \"margins\": [{\"metric\": \"mae\", \"set\": \"utkface\", \"margin\": 2, "
        "\"reason\": \"r\"}, {\"metric\": \"mae\", \"margin\": 1, \"reason\": \"r\"}], \"claims\": [{" MAE
        "}]}";
    struct claims c;
    struct err e = {0};
    ck_assert_msg(claims_parse(&c, "f", text, strlen(text), &e), "%s", e.msg);
    ck_assert_double_eq(c.list[0].margin, 2); /* the set's own */
    ck_assert(claims_set_margin(&c, "mae=0.5", "--margin", &e));
    ck_assert_double_eq(c.list[0].margin, .5);
    ck_assert(!claims_set_margin(&c, "mea=1", "--margin", &e));
    ck_assert_msg(strstr(e.msg, "--margin: \"mea=1\": expected METRIC=VALUE") &&
                      strstr(e.msg, "did you mean mae?"),
        "%s", e.msg);
    static const char *const wrong[] = {
        "mae", "mae=", "mae=0", "mae=-1", "mae=1x", "mae=nan", "=1", ""};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct err one = {0};
        ck_assert_msg(!claims_set_margin(&c, wrong[i], "--margin", &one), "%s", wrong[i]);
    }
    claims_free(&c);
}
END_TEST

Suite *claims_suite(void) {
    Suite *s = suite_create("claims");
    TCase *c = tcase_create("claims");
    tcase_add_test(c, the_numbers_are_the_papers);
    tcase_add_test(c, table_five_is_there_and_not_testable);
    tcase_add_test(c, claims_agree_with_each_other);
    tcase_add_test(c, the_grids_show_the_claims_numbers);
    tcase_add_loop_test(c, refused_with_a_message, 0, ARRAY_LEN(refused));
    tcase_add_test(c, a_list_too_long);
    tcase_add_test(c, margins_are_taken_and_changed);
    suite_add_tcase(s, c);
    return s;
}
