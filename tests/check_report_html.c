/* The HTML report as text: what stands in it is what the store and the audit say, whatever names are called. What it
 * does in a browser is tested by tests/html. */
#include "check_suites.h"

#include "check_run.h"
#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"
#include "fixture_store.h"
#include "fixture_stored.h"
#include "report/figure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REPORT "$DMTL report fixture --db r.db --format html"

/* The page that the line writes to page.html; the caller frees. */
static char *page_of(const char *command) {
    struct err e = {0};
    char *line = xasprintf("%s -o page.html", command), *path = path_join(stored_dir, "page.html");
    char *page;
    size_t n;
    stored_expect(line, 0, NULL, NULL);
    page = file_read(path, 64 << 20, &n, &e);
    ck_assert_msg(page, "%s", e.msg);
    free(line);
    free(path);
    return page;
}

static int count_of(const char *text, const char *what) {
    int n = 0;
    for (const char *at = text; (at = strstr(at, what)); at += strlen(what))
        n++;
    return n;
}

static void has(const char *page, const char *what) {
    ck_assert_msg(strstr(page, what), "no \"%s\" in the page", what);
}

/* The JSON of the page's groups; the caller deletes. */
static cJSON *page_groups(const char *page) {
    struct err e = {0};
    static const char begin[] = "<script type=\"application/json\" id=\"groups-data\">";
    const char *from = strstr(page, begin);
    ck_assert_ptr_nonnull(from);
    from += strlen(begin);
    cJSON *json = json_parse("groups", from, (size_t)(strstr(from, "</script>") - from), &e);
    ck_assert_msg(json, "%s", e.msg);
    return json;
}

static void store_anew(const struct fixture_names *names) {
    struct err e = {0};
    ck_assert_int_eq(unlink(stored_db), 0);
    ck_assert_msg(fixture_store_named(stored_db, names, &e), "%s", e.msg);
}

START_TEST(the_page_is_whole) {
    char *page = page_of(REPORT), *again = page_of(REPORT);
    static const char *const sections[] = {
        "run", "findings", "results", "figures", "groups", "cells"};
    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        char *section = xasprintf("<section id=\"%s\">", sections[i]);
        has(page, section);
        free(section);
    }
    ck_assert_str_eq(page, again);
    ck_assert_int_eq(count_of(page, "<script"), 2); /* the data of groups, and the page's own */
    ck_assert_int_eq(count_of(page, "<img "), FIGURE_COUNT);
    ck_assert_int_eq(count_of(page, "http:") + count_of(page, "https:"), 0);
    has(page, "<strong>Drawn images.</strong>");
    ck_assert_int_eq(
        count_of(page, "hese numbers say that the program works"), 1); /* once is enough */
    has(page, "2 of 240 images did not decode");
    ck_assert_int_eq(count_of(page, "<tr data-cell="), 4);
    free(page);
    free(again);
}
END_TEST

static const cJSON *table_of(
    const cJSON *audit, const char *task, const char *metric, const char *by) {
    const cJSON *table;
    cJSON_ArrayForEach(
        table, json_get(audit, "tables")) if (strcmp(text_of(table, "task"), task) == 0 &&
                                              strcmp(text_of(table, "metric"), metric) == 0 &&
                                              strcmp(text_of(table, "by"), by) == 0) return table;
    ck_abort_msg("the audit has no %s %s by %s", task, metric, by);
    return NULL;
}

static double at_of(const cJSON *object, const char *key, int i) {
    const cJSON *item = cJSON_GetArrayItem(json_get(object, key), i);
    return cJSON_IsNumber(item) ? item->valuedouble : NAN;
}

/* Five digits. */
static void same_number(double here, double audit, const char *what, const char *group) {
    ck_assert_msg((isnan(here) && isnan(audit)) || fabs(here - audit) <= 5e-5 * fabs(audit),
        "%s of %s: %g and %g", what, group, here, audit);
}

/* Number i of the section's lists, of which the first is everyone's. */
static void same_cell(const cJSON *groups, const cJSON *here, int i, const cJSON *audit) {
    const char *name = text_of(audit, "group");
    const cJSON *interval = json_get(audit, "interval"), *low = cJSON_GetArrayItem(interval, 0),
                *high = cJSON_GetArrayItem(interval, 1);
    double rank = at_of(here, "rank", i);
    if (i)
        ck_assert_str_eq(
            cJSON_GetStringValue(cJSON_GetArrayItem(json_get(groups, "names"), i - 1)), name);
    ck_assert_double_eq(at_of(groups, "n", i), number_of(audit, "n"));
    ck_assert_double_eq(at_of(groups, "clusters", i), number_of(audit, "clusters"));
    same_number(at_of(here, "value", i), number_of(audit, "value"), "value", name);
    same_number(at_of(here, "low", i), low ? cJSON_GetNumberValue(low) : NAN, "low", name);
    same_number(at_of(here, "high", i), high ? cJSON_GetNumberValue(high) : NAN, "high", name);
    same_number(at_of(here, "q", i), number_of(audit, "q"), "q", name);
    same_number(rank > 0 ? rank : NAN, number_of(audit, "rank"), "rank", name);
}

/* Every cell of the baseline has the numbers that `dmtl audit` prints, and counts that add up. */
START_TEST(groups_are_those_of_the_audit) {
    char *page = page_of(REPORT);
    cJSON *groups = page_groups(page);
    cJSON *audit = stored_json("$DMTL audit fixture --db r.db --format json");
    const cJSON *first =
        cJSON_GetArrayItem(json_get(groups, "systems"), (int)number_of(groups, "first"));
    const cJSON *measures = json_get(groups, "measures"),
                *crossings = json_get(groups, "crossings");
    int compared = 0;
    ck_assert_str_eq(text_of(first, "title"), "full");
    for (int m = 0; m < cJSON_GetArraySize(measures); m++)
        for (int k = 0; k < cJSON_GetArraySize(crossings); k++) {
            const cJSON *measure = cJSON_GetArrayItem(measures, m);
            const char *by = cJSON_GetStringValue(cJSON_GetArrayItem(crossings, k));
            const cJSON *table =
                table_of(audit, text_of(measure, "task"), text_of(measure, "metric"), by);
            const cJSON *own = cJSON_GetArrayItem(
                json_get(cJSON_GetArrayItem(json_get(first, "measures"), m), "crossings"), k);
            const cJSON *of =
                cJSON_GetArrayItem(json_get(groups, "groups"), (int)number_of(own, "of"));
            const cJSON *theirs = json_get(table, "cells");
            int n = cJSON_GetArraySize(theirs);
            ck_assert_int_eq(cJSON_GetArraySize(json_get(of, "names")), n);
            ck_assert_int_eq(cJSON_GetArraySize(json_get(own, "value")), n + 1);
            same_cell(of, own, 0, json_get(table, "all"));
            for (int c = 0; c < n; c++, compared++)
                same_cell(of, own, c + 1, cJSON_GetArrayItem(theirs, c));
        }
    ck_assert_int_gt(compared, 300);
    /* Both approaches were tested on the same faces: three tasks of one set share their groups. */
    ck_assert_int_eq(cJSON_GetArraySize(json_get(groups, "groups")), cJSON_GetArraySize(crossings));
    cJSON_Delete(groups);
    cJSON_Delete(audit);
    free(page);
}
END_TEST

/* Two runs of 80 test faces: 160 predictions, whatever the crossing. */
START_TEST(matrices_hold_every_prediction) {
    char *page = page_of(REPORT);
    cJSON *groups = page_groups(page);
    const cJSON *system, *task, *crossing, *cell;
    int matrices = 0;
    cJSON_ArrayForEach(system, json_get(groups, "systems"))
        cJSON_ArrayForEach(task, json_get(system, "matrices")) cJSON_ArrayForEach(crossing, task) {
        double sum = 0;
        cJSON_ArrayForEach(cell, crossing) for (int i = 1; i < cJSON_GetArraySize(cell); i += 2)
            sum += cJSON_GetNumberValue(cJSON_GetArrayItem(cell, i));
        ck_assert_double_eq(sum, 160);
        matrices++;
    }
    ck_assert_int_eq(matrices, 2 * 3 * 4);
    cJSON_Delete(groups);
    free(page);
}
END_TEST

/* Images that pass for photographs of UTKFace: its claims on `full` can be asked of them. */
static void pass_for_photographs(void) {
    stored_change(
        "UPDATE cell SET dataset = 'utkface'; UPDATE dataset SET name = 'utkface', drawn = 0");
}

static const cJSON *claim_of(const cJSON *claims, const char *id) {
    const cJSON *claim;
    cJSON_ArrayForEach(
        claim, json_get(claims, "claims")) if (strcmp(text_of(claim, "id"), id) == 0) return claim;
    ck_abort_msg("no claim %s", id);
    return NULL;
}

/* The page has the counts and the lines of `dmtl compare --claims`, and the cells behind each number. */
START_TEST(claims_are_those_of_compare) {
    pass_for_photographs();
    char *page = page_of(REPORT), *shown = NULL;
    cJSON *claims = stored_json("$DMTL compare fixture --db r.db --claims --format json");
    const cJSON *mae = claim_of(claims, "utkface-proposed-age-mae");
    has(page, "<section id=\"claims\">");
    has(page, "<a href=\"#claims\">");
    const cJSON *claim;
    int lines = 0, counts[3] = {0};
    static const char *const verdicts[] = {"reproduced", "not reproduced", "undecided"};
    cJSON_ArrayForEach(claim, json_get(claims, "claims")) {
        const char *verdict = text_of(claim, "verdict");
        for (int k = 0; k < 3; k++)
            counts[k] += strcmp(verdict, verdicts[k]) == 0;
        lines += strcmp(verdict, "not testable") != 0 ||
                 cJSON_GetArraySize(json_get(claim, "cells")) > 0;
    }
    ck_assert_int_gt(counts[0] + counts[1] + counts[2], 10);
    shown = xasprintf(
        "%d reproduced, %d not reproduced, %d undecided", counts[0], counts[1], counts[2]);
    has(page, shown);
    free(shown);
    const char *table = strstr(page, "What the paper says and what was measured here");
    const char *body = strstr(strstr(table, "What the paper says"), "<tbody>");
    char *rows = xasprintf("%.*s", (int)(strstr(body, "</tbody>") - body), body);
    ck_assert_int_eq(count_of(rows, "<tr>"), lines);
    has(rows, "<td>Proposed: age mae</td><td>Tables III and IV</td>"
              "<td class=\"number\" data-value=\"5.323\">5.323</td>");
    shown = xasprintf(" data-cells=\"0 1\">%.3f</td>", number_of(mae, "measured"));
    has(rows, shown);
    free(shown);
    free(rows);
    free(page);
    cJSON_Delete(claims);
}
END_TEST

/* A grid of drawn faces, or of variants that no claim is of, has nothing to say of them; without tests nothing is judged. */
START_TEST(claims_stay_out_of_other_grids) {
    static const char no_tests[] = "$DMTL report fixture --db r.db --format html --no-tests";
    for (int i = 0; i < 3; i++) {
        store_anew(&fixture_plain);
        if (i)
            pass_for_photographs();
        if (i == 1)
            stored_change("UPDATE member SET variant = 'mine' WHERE variant = 'full';"
                          "UPDATE grid SET source = replace(source, '\"full\"', '\"mine\"')");
        char *page = page_of(i == 2 ? no_tests : REPORT);
        ck_assert_ptr_null(strstr(page, "claims\""));
        has(page, "</html>");
        free(page);
    }
}
END_TEST

START_TEST(names_are_only_text) {
    store_anew(&fixture_hostile);
    stored_change(
        "UPDATE grid SET source = json_set(source, '$.title', '</title><script>x</script>')");
    char *page = page_of(REPORT);
    ck_assert_int_eq(count_of(page, "<script"), 2);
    ck_assert_int_eq(count_of(page, "</script"), 2);
    ck_assert_int_eq(count_of(page, "</title"), 1);
    has(page, "&lt;/title&gt;&lt;script&gt;x&lt;/script&gt;");
    cJSON_Delete(page_groups(page));
    free(page);
}
END_TEST

START_TEST(what_is_missing_is_said) {
    static const struct {
        const char *change, *said;
    } cases[] = {
        {"UPDATE cell SET state = 0 WHERE cell IN (SELECT cell FROM member WHERE variant = 'full' LIMIT 1)",
            "3 of 4 cells are done; numbers of the other 1 are missing"},
        {"UPDATE cell SET state = 0", "No cell has predictions yet."},
        {"DELETE FROM member WHERE variant = 'equal-weights'", "Approaches were not compared: "},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        store_anew(&fixture_plain);
        stored_change(cases[i].change);
        char *page = page_of(REPORT);
        has(page, cases[i].said);
        has(page, "</html>");
        free(page);
    }
}
END_TEST

START_TEST(without_gnuplot_the_rest_is_there) {
    char *page = page_of("D=$DMTL; PATH=/nonexistent $D report fixture --db r.db --format html");
    has(page, "Not drawn: gnuplot is not installed");
    ck_assert_int_eq(count_of(page, "<img "), 0);
    has(page, "</html>");
    free(page);
}
END_TEST

START_TEST(a_place_that_cannot_be_written_is_named) {
    stored_expect(REPORT " -o nowhere/page.html", 1, NULL, "nowhere/page.html");
}
END_TEST

Suite *report_html_suite(void) {
    Suite *s = suite_create("report_html");
    TCase *c = tcase_create("report_html");
    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, stored_set_up, stored_tear_down);
    tcase_add_test(c, the_page_is_whole);
    tcase_add_test(c, groups_are_those_of_the_audit);
    tcase_add_test(c, matrices_hold_every_prediction);
    tcase_add_test(c, claims_are_those_of_compare);
    tcase_add_test(c, claims_stay_out_of_other_grids);
    tcase_add_test(c, names_are_only_text);
    tcase_add_test(c, what_is_missing_is_said);
    tcase_add_test(c, without_gnuplot_the_rest_is_there);
    tcase_add_test(c, a_place_that_cannot_be_written_is_named);
    suite_add_tcase(s, c);
    return s;
}
