/* dmtl compare --claims, as a user types it, on a store whose images pass for photographs of UTKFace. */
#include "check_folder.h"
#include "check_suites.h"
#include "fixture_stored.h"

#include "core/mem.h"
#include "store/sql.h"
#include "store/store.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COMPARE "$DMTL compare fixture --db r.db --claims=c.json"

static void set_up(void) {
    stored_set_up();
    stored_change(
        "UPDATE cell SET dataset = 'utkface'; UPDATE dataset SET name = 'utkface', drawn = 0");
}

/* A file of these claims, with the protocol's rows that a test asks for. */
static void put_claims(const char *protocol, const char *claims) {
    char *text = xasprintf(
        "{\"paper\": \"A paper\", \"protocol\": [%s], \"margins\": ["
        "{\"metric\": \"mae\", \"margin\": 0.5, \"reason\": \"half a year\"},"
        "{\"metric\": \"accuracy\", \"margin\": 0.01, \"reason\": \"a point\"}], \"claims\": [%s]}",
        protocol, claims);
    folder_put_text(stored_dir, "c.json", text);
    free(text);
}

#define ABOUT(id, kind, variant, task)                                                             \
    "{\"id\": \"" id "\", \"where\": \"T\", \"set\": \"utkface\", \"kind\": \"" kind               \
    "\", \"system\": \"S\", \"variants\": [\"" variant "\"], \"task\": \"" task "\""
#define MAE(id, value)                                                                             \
    ABOUT(id, "value", "full", "age") ", \"metric\": \"mae\", \"value\": " value "}"
#define ORDER(id, one, other)                                                                      \
    ABOUT(id, "order", one, "age")                                                                 \
    ", \"metric\": \"mae\", \"than\": \"O\", \"than_variants\": [\"" other "\"]}"
#define GROUP(id, group, form)                                                                     \
    ABOUT(id, "group", "full", "gender")                                                           \
    ", \"metric\": \"accuracy\", \"says\": \"s\", \"by\": \"gender\", \"group\": \"gender=" group  \
    "\", \"form\": \"" form "\"}"

static double ask(const char *sql) {
    struct err e = {0};
    struct store *s = store_open(stored_db, STORE_READ, &e);
    sqlite3_stmt *row = s ? sql_prepare(store_db(s), &e, sql, "") : NULL;
    ck_assert_msg(row && sql_step(row, &e) == 1, "%s", e.msg);
    double value = sqlite3_column_double(row, 0);
    sqlite3_finalize(row);
    store_close(s);
    return value;
}

static double stored_mae(const char *variant) {
    char *sql = xasprintf(
        "SELECT avg(value) FROM v_metrics WHERE grid = 'fixture' AND variant = '%s' AND part = 'test'"
        " AND task = 'age' AND metric = 'mae' AND grouping = 'all' AND readout = 'count'",
        variant);
    double value = ask(sql);
    free(sql);
    return value;
}

static const cJSON *claim(const cJSON *root, const char *id) {
    const cJSON *c;
    cJSON_ArrayForEach(c, json_get(root, "claims")) if (strcmp(text_of(c, "id"), id) == 0) return c;
    ck_abort_msg("no claim %s", id);
    return NULL;
}

static void expect_verdict(
    const cJSON *root, const char *id, const char *verdict, const char *why) {
    const cJSON *c = claim(root, id);
    ck_assert_msg(strcmp(text_of(c, "verdict"), verdict) == 0 && strstr(text_of(c, "why"), why),
        "%s: %s: %s", id, text_of(c, "verdict"), text_of(c, "why"));
}

static bool differs_in(const cJSON *root, const char *id, const char *text) {
    const cJSON *d;
    cJSON_ArrayForEach(d,
        json_get(claim(root, id), "protocol")) if (strcmp(d->valuestring, text) == 0) return true;
    return false;
}

/* A mean error of some years over 80 faces has an interval of about 1 year to each side: within a margin of 3, and too wide
 * for one of .05. */
START_TEST(numbers) {
    double measured = stored_mae("full");
    char *claims = xasprintf(MAE("same", "%.3f") "," MAE("other", "%.3f") ", " MAE("near", "%.3f"),
        measured, measured + 5, measured);
    put_claims("", claims);
    free(claims);
    cJSON *root = stored_json(COMPARE " --margin mae=3 --format json");
    expect_verdict(root, "same", "reproduced", "the interval lies within the bounds");
    const cJSON *c = claim(root, "same");
    ck_assert_double_eq_tol(number_of(c, "measured"), measured, 1e-12);
    ck_assert_double_eq_tol(
        number_of(c, "difference"), measured - number_of(c, "published"), 1e-12);
    ck_assert(number_of(c, "low") < number_of(c, "difference") &&
              number_of(c, "difference") < number_of(c, "high"));
    ck_assert_double_eq_tol(number_of(c, "interval_confidence"), .9, 1e-12);
    ck_assert_int_eq(cJSON_GetArraySize(json_get(c, "cells")), 2);
    cJSON_Delete(root);
    root = stored_json(COMPARE " --margin mae=0.05 --format json");
    expect_verdict(root, "other", "not reproduced", "outside of the bounds");
    expect_verdict(root, "near", "undecided", " would decide it");
    cJSON_Delete(root);
    stored_expect(COMPARE " --margin mae=0.05", 0,
        "3 claims: 0 reproduced, 1 not reproduced, 2 undecided, 0 not testable.\n", NULL);
}
END_TEST

/* The fixture's equal weights err more: full better than those, those not better than full, nothing than itself. */
START_TEST(orders_both_ways) {
    put_claims("", ORDER("right", "full", "equal-weights") "," ORDER(
                       "wrong", "equal-weights", "full") "," ORDER("none", "full", "full"));
    cJSON *root = stored_json(COMPARE " --format json");
    expect_verdict(root, "right", "reproduced", "claimed by test and interval");
    expect_verdict(root, "wrong", "not reproduced", "the opposite is claimed");
    expect_verdict(root, "none", "not reproduced", "no difference beyond the margin");
    const cJSON *right = claim(root, "right"), *wrong = claim(root, "wrong");
    ck_assert_double_eq_tol(
        number_of(right, "difference"), stored_mae("full") - stored_mae("equal-weights"), 1e-12);
    ck_assert_double_eq_tol(number_of(right, "difference"), -number_of(wrong, "difference"), 1e-12);
    /* Holm over three: the two smallest, which are the same, are multiplied by 3 and 2, and do not descend. */
    ck_assert_double_eq_tol(number_of(right, "p_holm"), 3 * number_of(right, "p"), 1e-12);
    ck_assert_double_eq_tol(number_of(wrong, "p_holm"), 3 * number_of(wrong, "p"), 1e-12);
    ck_assert_double_eq(number_of(root, "orders_tested"), 3);
    cJSON_Delete(root);
}
END_TEST

/* Better than a published number: outside of its interval on the better side. */
START_TEST(above_a_published_number) {
    put_claims("",
        ABOUT("yes", "above", "full",
            "age") ", \"metric\": \"mae\", \"than\": \"X\", \"value\": 50}," ABOUT("no", "above",
            "full", "age") ", \"metric\": \"mae\", \"than\": \"X\", \"value\": 0.5}," ABOUT("share",
            "above", "full",
            "gender") ", \"metric\": \"accuracy\", \"than\": \"X\", \"value\": 0.01}");
    cJSON *root = stored_json(COMPARE " --format json");
    expect_verdict(root, "yes", "reproduced", "");
    expect_verdict(root, "no", "not reproduced", "");
    expect_verdict(root, "share", "reproduced", "");
    cJSON_Delete(root);
}
END_TEST

/* Women's gender is made wrong for every one of them. */
START_TEST(groups) {
    put_claims("", GROUP("lower", "female", "lower") "," GROUP("lowest", "female",
                       "lowest") "," GROUP("men", "male", "lower") "," GROUP("men-lowest", "male",
                       "lowest") "," GROUP("nobody", "other", "lower"));
    stored_change("UPDATE prediction SET predicted = truth WHERE task = 1;"
                  "UPDATE prediction SET predicted = 0 WHERE task = 1 AND truth = 1");
    cJSON *root = stored_json(COMPARE " --format json");
    expect_verdict(root, "lower", "reproduced", "claimed");
    expect_verdict(root, "lowest", "reproduced", "claimed");
    expect_verdict(root, "men", "not reproduced", "the opposite");
    expect_verdict(root, "men-lowest", "not reproduced", "the opposite");
    expect_verdict(root, "nobody", "not testable", "the set has no group gender=other");
    const cJSON *c = claim(root, "lowest");
    ck_assert_double_eq(number_of(c, "measured"), 0);
    ck_assert_double_eq(number_of(c, "beside"), 1);
    ck_assert_str_eq(text_of(c, "beside_name"), "gender=male");
    cJSON_Delete(root);
}
END_TEST

/* Of every 7th image the gender is wrong, whose ever it is: the interval of so small a difference reaches both ways, and
 * equally far. */
START_TEST(an_interval_of_groups_holds_both_ways) {
    put_claims("", GROUP("women", "female", "lower") "," GROUP("men", "male", "lower"));
    stored_change("UPDATE prediction SET predicted = truth WHERE task = 1;"
                  "UPDATE prediction SET predicted = 1 - truth WHERE task = 1 AND sample % 7 = 0");
    cJSON *root = stored_json(COMPARE " --format json");
    const cJSON *c = claim(root, "women"), *men = claim(root, "men");
    double difference = number_of(c, "difference"), low = number_of(c, "low"),
           high = number_of(c, "high");
    ck_assert(low < 0 && high > 0);
    ck_assert_double_eq_tol(high - difference, difference - low, 1e-12);
    ck_assert_double_eq_tol(number_of(men, "low"), -high, 1e-12);
    cJSON_Delete(root);
}
END_TEST

#define WEIGHT(id, variant, form, more)                                                            \
    ABOUT(id, "weight", variant, "age") ", \"says\": \"s\", \"form\": \"" form "\"" more "}"

/* Two seeds: an interval of one degree of freedom, 6.31 standard errors to each side. */
START_TEST(weights) {
    static const char of_age[] =
        "SELECT avg(beta) FROM v_weights WHERE grid = 'fixture' AND variant = 'full' AND task = 'age' AND epoch = 3";
    put_claims("",
        WEIGHT("low", "full", "low", ", \"bound\": 0.9") "," WEIGHT(
            "not-low", "full", "low", ", \"bound\": 0.000001") "," WEIGHT("like", "full",
            "comparable", ", \"bound\": 1, \"against\": \"gender\"") "," WEIGHT("unlike", "full",
            "comparable", ", \"bound\": 0, \"against\": \"gender\"") "," WEIGHT("inverse", "full",
            "inverse", "") "," WEIGHT("unlearned", "equal-weights", "low", ", \"bound\": 0.9"));
    cJSON *root = stored_json(COMPARE " --format json");
    expect_verdict(root, "low", "reproduced", "");
    expect_verdict(root, "not-low", "not reproduced", "");
    expect_verdict(root, "like", "reproduced", "");
    expect_verdict(root, "unlike", "not reproduced", "");
    expect_verdict(root, "inverse", "reproduced", "");
    expect_verdict(root, "unlearned", "not testable", "learns no weights");
    const cJSON *like = claim(root, "like");
    ck_assert_double_eq_tol(number_of(claim(root, "low"), "measured"), ask(of_age), 1e-12);
    ck_assert_double_eq_tol(number_of(like, "difference"),
        number_of(like, "measured") - number_of(like, "beside"), 1e-12);
    ck_assert_double_ne(number_of(like, "beside"), 0);
    cJSON_Delete(root);
    stored_change("DELETE FROM member WHERE cell IN (SELECT cell FROM cell WHERE seed = 2)");
    root = stored_json(COMPARE " --format json");
    expect_verdict(root, "low", "undecided", "one seed gives no interval");
    cJSON_Delete(root);
}
END_TEST

#define ROW(what, key, value)                                                                      \
    "{\"what\": \"" what "\", \"key\": \"" key "\", \"value\": " value ", \"where\": \"II\"}"

START_TEST(differences_of_protocol) {
    put_claims(
        ROW("epochs", "/epochs", "80") "," ROW("set", "/data/set", "\"synthetic\"") "," ROW("batch",
            "/batch",
            "32") ","
                  "{\"what\": \"weighting\", \"key\": \"/weighting/kind\", \"where\": \"not said\"},"
                  "{\"what\": \"alignment\", \"value\": \"five landmarks\", \"here\": \"none\", \"where\": \"II\"},"
                  "{\"what\": \"crop\", \"value\": \"tight\", \"here\": \"wide\", \"set\": \"adience\", \"where\": \"II\"}",
        MAE("value", "5") "," ORDER("order", "full", "equal-weights"));
    cJSON *root = stored_json(COMPARE " --format json");
    ck_assert(differs_in(root, "value", "epochs: 80, here 3"));
    ck_assert(
        !differs_in(root, "value", "set: synthetic, here synthetic")); /* what agrees is none */
    ck_assert(differs_in(root, "value", "batch: 32, here not on record"));
    ck_assert(differs_in(root, "value", "weighting: not stated, here uncertainty"));
    ck_assert(differs_in(root, "order", "weighting: not stated, here uncertainty and equal"));
    ck_assert(differs_in(root, "value", "alignment: five landmarks, here none"));
    ck_assert(differs_in(root, "value", "seeds: not stated, here 2"));
    ck_assert_int_eq(cJSON_GetArraySize(json_get(claim(root, "value"), "protocol")), 5);
    cJSON_Delete(root);
    stored_expect(COMPARE, 0,
        "Protocol of the paper, and of every cell here: epochs: 80, here 3; batch", NULL);
    stored_expect(
        COMPARE " --part validation --readout median", 0, "part: test, here validation", NULL);
}
END_TEST

START_TEST(edges_that_the_paper_does_not_give) {
    put_claims(
        "", ABOUT("acc", "value", "full",
                "age") ", \"metric\": \"accuracy\", \"bins\": \"fairface-9\", \"value\": 1}");
    cJSON *root = stored_json(COMPARE " --format json");
    expect_verdict(
        root, "acc", "not testable", "by the edges of fairface-9 it would be not reproduced");
    ck_assert(differs_in(root, "acc", "edges of age groups: not stated, here fairface-9"));
    ck_assert(!isnan(number_of(claim(root, "acc"), "measured")));
    cJSON_Delete(root);
    root = stored_json(COMPARE " --bins decades --format json");
    expect_verdict(root, "acc", "not reproduced", "outside");
    ck_assert_str_eq(text_of(claim(root, "acc"), "bins"), "decades");
    cJSON_Delete(root);
}
END_TEST

START_TEST(drawn_faces_test_nothing) {
    put_claims("", MAE("a", "5") "," ORDER("b", "full", "equal-weights"));
    stored_change("UPDATE dataset SET drawn = 1");
    stored_expect(
        COMPARE, 0, "2 claims: 0 reproduced, 0 not reproduced, 0 undecided, 2 not testable.", NULL);
    stored_expect(COMPARE, 0, "- 2: drawn images: a; b", NULL);
    stored_expect(COMPARE, 0, "**Drawn images:**", NULL);
    stored_change("UPDATE cell SET dataset = 'synthetic'; UPDATE dataset SET name = 'synthetic'");
    stored_expect(COMPARE, 0, "- 2: drawn images: a; b", NULL);
    stored_change(
        "UPDATE cell SET dataset = 'adience'; UPDATE dataset SET name = 'adience', drawn = 0");
    stored_expect(COMPARE, 0, "- 2: it is about utkface, and this grid of adience: a; b", NULL);
    stored_expect("$DMTL compare fixture --db r.db --claims", 0,
        "ages are years in this grid and groups in the paper", NULL);
}
END_TEST

START_TEST(half_done_grids) {
    put_claims("", MAE("a", "500") "," ORDER("b", "full", "equal-weights") "," ORDER(
                       "c", "equal-weights", "full"));
    stored_change(
        "UPDATE cell SET state = 0 WHERE cell = (SELECT max(cell) FROM member WHERE variant = 'full')");
    cJSON *root = stored_json(COMPARE " --format json");
    expect_verdict(root, "a", "undecided", "1 of 2 cells are done; one seed");
    expect_verdict(root, "b", "undecided", "1 of 2 cells are done");
    expect_verdict(root, "c", "undecided", "1 of 2 cells are done");
    ck_assert(!isnan(number_of(claim(root, "a"), "measured")));
    ck_assert_double_eq(number_of(root, "orders_tested"), 0);
    cJSON_Delete(root);
    stored_change("UPDATE cell SET state = 0");
    root = stored_json(COMPARE " --format json");
    expect_verdict(root, "a", "undecided", "0 of 2 cells are done");
    ck_assert(isnan(number_of(claim(root, "a"), "measured")));
    cJSON_Delete(root);
}
END_TEST

START_TEST(imported_systems) {
    put_claims(ROW("epochs", "/epochs", "80"), MAE("a", "500"));
    stored_change(
        "UPDATE cell SET split = 'imported'; UPDATE grid SET name = 'import' WHERE name = 'fixture'");
    cJSON *root = stored_json("$DMTL compare import --db r.db --claims=c.json --format json");
    expect_verdict(root, "a", "not reproduced", "");
    ck_assert(differs_in(root, "a", "training: an imported system's, not on record"));
    ck_assert_int_eq(
        cJSON_GetArraySize(json_get(claim(root, "a"), "protocol")), 2); /* and the seeds */
    cJSON_Delete(root);
}
END_TEST

START_TEST(what_the_grid_has_not) {
    put_claims("",
        ABOUT("a", "value", "resnet", "age") ", \"metric\": \"mae\", \"value\": 5}," ORDER("b",
            "full",
            "no-ordinal") ","
                          "{\"id\": \"c\", \"where\": \"T\", \"kind\": \"untestable\", \"says\": \"s|x\", \"reason\": \"<b>why</b>\"}");
    stored_expect(
        COMPARE, 0, "- 2: the grid has no such variant; &#96;dmtl import&#96; makes one", NULL);
    stored_expect(COMPARE, 0, "- 1: &lt;b&gt;why&lt;/b&gt;: c", NULL);
    stored_change("UPDATE cell SET config = json_remove(config, '$.tasks.age')");
    put_claims("", MAE("a", "5"));
    stored_expect(COMPARE, 0, "its variant has no task age", NULL);
}
END_TEST

START_TEST(nothing_depends_on_threads) {
    stored_expect(
        "for t in 1 3; do for f in md csv json; do $DMTL compare fixture --db r.db --claims --threads $t "
        "--format $f -o $t.$f || exit 1; done; done; for f in md csv json; do cmp 1.$f 3.$f || exit 1; done",
        0, NULL, NULL);
    stored_expect("head -1 1.csv", 0,
        "id,where,kind,claim,set,task,metric,bins,variant,beside_name,verdict", NULL);
    stored_expect("wc -l < 1.csv", 0, "119", NULL); /* 118 claims and the head */
    stored_expect(
        "$DMTL compare fixture --db r.db --claims --task race --format csv | wc -l", 0, "11", NULL);
}
END_TEST

static const struct {
    const char *options, *message;
} refused[] = {
    {"--claims", "compare: what? expected GRID"},
    {"fixture c.json --db r.db --claims", "stands behind an equals sign, --claims=FILE"},
    {"fixture:full --db r.db --claims", "compare: --claims: fixture:full: expected a GRID alone"},
    {"fixture --db r.db --claims=none.json", "none.json: cannot be read"},
    {"fixture --db r.db --claims=r.db", "r.db: has "},
    {"fixture --db r.db --claims --metric mae", "compare: --metric: with --claims the claims say"},
    {"fixture --db r.db --claims --readout bayes",
        "compare: --readout bayes: with --claims expected"},
    {"fixture --db r.db --claims --draws 10",
        "compare: --draws 10: with --claims expected at least 1000"},
    {"fixture --db r.db --claims --margin mea=1",
        "compare: --margin: \"mea=1\": expected METRIC=VALUE"},
    {"fixture --db r.db --margin mae=1", "compare: --margin: expected --claims beside it"},
    {"fixture --db r.db --claims --bins years", "--bins: years: expected fairface-9"},
};

START_TEST(refused_with_a_message) {
    char *command = xasprintf("$DMTL compare %s", refused[_i].options);
    stored_expect(command, 2, NULL, refused[_i].message);
    free(command);
}
END_TEST

Suite *claims_verb_suite(void) {
    Suite *s = suite_create("claims_verb");
    TCase *c = tcase_create("verb");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, set_up, stored_tear_down);
    tcase_add_test(c, numbers);
    tcase_add_test(c, orders_both_ways);
    tcase_add_test(c, above_a_published_number);
    tcase_add_test(c, groups);
    tcase_add_test(c, an_interval_of_groups_holds_both_ways);
    tcase_add_test(c, weights);
    tcase_add_test(c, differences_of_protocol);
    tcase_add_test(c, edges_that_the_paper_does_not_give);
    tcase_add_test(c, drawn_faces_test_nothing);
    tcase_add_test(c, half_done_grids);
    tcase_add_test(c, imported_systems);
    tcase_add_test(c, what_the_grid_has_not);
    tcase_add_test(c, nothing_depends_on_threads);
    tcase_add_loop_test(c, refused_with_a_message, 0, ARRAY_LEN(refused));
    suite_add_tcase(s, c);
    return s;
}
