#include "check_suites.h"

#include "analysis/age_groups.h"
#include "check_folder.h"
#include "core/file.h"
#include "core/mem.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct age_bin_sets sets;

static void load(void) {
    struct err e = {0};
    ck_assert_msg(age_bins_load(&sets, NULL, &e), "%s", e.msg);
}

static void unload(void) {
    age_bins_free(&sets);
}

static const struct {
    const char *set;
    double age;
    const char *group;
} ages[] = {
    {"fairface-9", 0, "0-2"},
    {"fairface-9", 2.4, "0-2"},
    {"fairface-9", 2.5, "3-9"},
    {"fairface-9", 9, "3-9"},
    {"fairface-9", 69, "60-69"},
    {"fairface-9", 70, "70+"},
    {"fairface-9", 116, "70+"},
    {"fairface-9", -3, "0-2"},
    {"adience-8", 3, "0-2"},      /* one year from 0-2 and from 4-6: the younger */
    {"adience-8", 7, "4-6"},      /* a tie again */
    {"adience-8", 13, "8-12"},    /* 1 and 2 years */
    {"adience-8", 14, "15-20"},   /* 2 and 1 */
    {"adience-8", 22, "15-20"},   /* 2 and 3 */
    {"adience-8", 22.5, "25-32"}, /* 23 once rounded: 3 and 2 */
    {"adience-8", 35, "25-32"},   /* 3 and 3 */
    {"adience-8", 36, "38-43"},
    {"adience-8", 45, "38-43"},
    {"adience-8", 46, "48-53"},
    {"adience-8", 56, "48-53"},
    {"adience-8", 57, "60-100"},
    {"adience-8", 116, "60-100"},
    {"decades", 0, "0-9"},
    {"decades", 19.4, "10-19"},
    {"decades", 19.5, "20-29"},
    {"decades", 99, "90-99"},
    {"decades", 110, "100+"},
};

START_TEST(group_of_an_age) {
    const struct age_bins *b = age_bins_find(&sets, ages[_i].set);
    ck_assert_str_eq(b->groups[age_bin(b, ages[_i].age)].name, ages[_i].group);
}
END_TEST

START_TEST(sets_that_are_compiled_in) {
    static const struct {
        const char *name;
        int groups;
    } wanted[] = {{"fairface-9", 9}, {"adience-8", 8}, {"decades", 11}};
    ck_assert_int_eq(sets.n, ARRAY_LEN(wanted));
    for (int i = 0; i < sets.n; i++) {
        ck_assert_str_eq(sets.sets[i].name, wanted[i].name);
        ck_assert_int_eq(sets.sets[i].n, wanted[i].groups);
        ck_assert_uint_gt(strlen(sets.sets[i].source), 20);
        for (int years = 1; years < 130; years++) /* older is never a younger group */
            ck_assert_int_ge(age_bin(&sets.sets[i], years), age_bin(&sets.sets[i], years - 1));
    }
    ck_assert_ptr_null(age_bins_find(&sets, "none"));
}
END_TEST

#define SET(members) "{\"s\": {\"source\": \"x\", " members "}}"
static const struct {
    const char *text, *message;
} wrong[] = {
    {"[]", "expected an object with a member for each set"},
    {"{}", "expected an object with a member for each set"},
    {"{\"s\": 1}", "/s: expected a name and an object"},
    {"{\"\": {}}", "expected a name and an object"},
    {"{\"s\": {\"groups\": [\"0+\"]}}", "/s/source: expected text"},
    {SET("\"edges\": []"), "/s/edges: unknown key (known: source, gaps, groups)"},
    {SET("\"groups\": []"), "/s/groups: expected 1 to 100 groups"},
    {SET("\"groups\": [7]"), "/s/groups/0: expected text such as"},
    {SET("\"groups\": [\"old\"]"), "/s/groups/0: \"old\": expected first and last age"},
    {SET("\"groups\": [\"0-\"]"), "\"0-\": expected first and last age"},
    {SET("\"groups\": [\"5-4\"]"), "\"5-4\": expected first and last age"},
    {SET("\"groups\": [\"0-4x\"]"), "\"0-4x\": expected first and last age"},
    {SET("\"groups\": [\"0-99999999999999999999\"]"),
        "expected first and last age in years, 0 to 200"},
    {SET("\"groups\": [\"0-4\", \"4+\"]"), "\"4+\" does not begin after \"0-4\" ends"},
    {SET("\"groups\": [\"0+\", \"5+\"]"), "\"5+\" does not begin after \"0+\" ends"},
    {SET("\"groups\": [\"0-4\", \"6+\"]"), "/s/groups/1: \"6+\": expected to begin at 5"},
    {SET("\"groups\": [\"1+\"]"), "expected to begin at 0"},
    {SET("\"groups\": [\"0-4\"]"), "expected the oldest group to end with '+'"},
    {SET("\"gaps\": \"far\", \"groups\": [\"0-4\"]"), "/s/gaps: expected \"nearest\""},
    {"{\"s\": {\"source\": \"x\", \"groups\": [\"0+\"]}} trailing", "f.json"},
};

START_TEST(wrong_files) {
    struct age_bin_sets b;
    struct err e = {0};
    ck_assert(!age_bins_parse(&b, "f.json", wrong[_i].text, strlen(wrong[_i].text), &e));
    ck_assert_int_eq(e.kind, ERR_USAGE);
    ck_assert_msg(strstr(e.msg, wrong[_i].message) != NULL, "%s", e.msg);
    ck_assert_ptr_eq(strstr(e.msg, "f.json"), e.msg);
    age_bins_free(&b);
}
END_TEST

START_TEST(a_file_of_ones_own) {
    char *dir = folder_new(), *path = path_join(dir, "bins.json");
    folder_put_text(dir, "bins.json", SET("\"groups\": [\"0-17\", \"18+\"]"));
    struct age_bin_sets b;
    struct err e = {0};
    ck_assert_msg(age_bins_load(&b, path, &e), "%s", e.msg);
    ck_assert_int_eq(b.n, 1);
    ck_assert_int_eq(age_bin(&b.sets[0], 17), 0);
    ck_assert_int_eq(age_bin(&b.sets[0], 17.5), 1);
    age_bins_free(&b);
    free(path);
    folder_remove(dir);
    ck_assert(!age_bins_load(&b, "/nowhere/bins.json", &e));
    ck_assert_ptr_nonnull(strstr(e.msg, "/nowhere/bins.json: cannot be read"));
    age_bins_free(&b);
}
END_TEST

/* Among UTKFace's 23,704 usable faces 7,070 are of an age between two of Adience's groups. */
START_TEST(utkface_between_adience_groups) {
    const char *data = getenv("DMTL_DATA");
    char *path = data ? path_join(data, "utkface") : NULL;
    DIR *dir = path ? opendir(path) : NULL;
    if (!dir) {
        printf(
            "skipped: UTKFace between Adience's groups: DMTL_DATA names no folder with utkface/\n");
        free(path);
        return;
    }
    const struct age_bins *b = age_bins_find(&sets, "adience-8");
    int usable = 0, between = 0;
    for (struct dirent *file; (file = readdir(dir));) {
        int age, gender, race, end = 0;
        if (sscanf(file->d_name, "%3d_%1d_%1d_%n", &age, &gender, &race, &end) != 3 || end == 0)
            continue; /* a field of the name is missing */
        usable++;
        const struct age_group *g = &b->groups[age_bin(b, age)];
        between += age < g->first || (age > g->last && g != &b->groups[b->n - 1]);
    }
    closedir(dir);
    free(path);
    ck_assert_int_eq(usable, 23704);
    ck_assert_int_eq(between, 7070);
}
END_TEST

Suite *age_groups_suite(void) {
    Suite *s = suite_create("age_groups");
    TCase *c = tcase_create("age_groups");
    tcase_add_checked_fixture(c, load, unload);
    tcase_add_loop_test(c, group_of_an_age, 0, (int)ARRAY_LEN(ages));
    tcase_add_test(c, sets_that_are_compiled_in);
    tcase_add_loop_test(c, wrong_files, 0, (int)ARRAY_LEN(wrong));
    tcase_add_test(c, a_file_of_ones_own);
    tcase_add_test(c, utkface_between_adience_groups);
    suite_add_tcase(s, c);
    return s;
}
