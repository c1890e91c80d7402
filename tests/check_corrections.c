/* Corrections of labels: what a file of them must say, and what becomes of the set. */
#include "check_folder.h"
#include "check_suites.h"

#include "core/file.h"
#include "core/mem.h"
#include "data/corrections.h"
#include "data/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *dir, *cache;

static void setup(void) {
    dir = folder_new();
    cache = folder_new();
    folder_put_text(dir, "20_0_0_a.jpg", "a");
    folder_put_text(dir, "39_1_2017.jpg", "b");
}

static void teardown(void) {
    folder_remove(dir);
    folder_remove(cache);
}

#define ENTRY(file, attribute, value)                                                              \
    "{\"file\":\"" file "\",\"attribute\":\"" attribute "\",\"value\":" value ",\"source\":\"s\"}"
#define LIST(entries) "{\"corrections\":[" entries "]}"

/* Opens the folder with these corrections, written to a file of the cache's folder. */
static bool opens(struct manifest *m, const char *text, struct err *e) {
    folder_put_text(cache, "c.json", text);
    char *path = path_join(cache, "c.json");
    bool ok =
        manifest_open(m, DATASET_UTKFACE, (struct reading){.corrections = path}, dir, NULL, 1, e);
    free(path);
    return ok;
}

START_TEST(a_label_is_set_and_the_fingerprint_differs) {
    struct manifest m, plain;
    struct err e = {0};
    ck_assert_msg(opens(&m, LIST(ENTRY("20_0_0_a.jpg", "race", "4")), &e), "%s", e.msg);
    ck_assert_msg(
        manifest_open(&plain, DATASET_UTKFACE, (struct reading){0}, dir, NULL, 1, &e), "%s", e.msg);
    ck_assert_uint_eq(m.n, 1);
    ck_assert_uint_eq(m.corrected, 1);
    ck_assert_int_eq(m.samples[0].label[ATTR_AGE], 20);
    ck_assert_int_eq(m.samples[0].label[ATTR_RACE], 4);
    ck_assert_int_eq(plain.samples[0].label[ATTR_RACE], 0);
    ck_assert_uint_eq(plain.corrected, 0);
    ck_assert_str_ne(m.fingerprint, plain.fingerprint);
    manifest_close(&m);
    manifest_close(&plain);
}
END_TEST

START_TEST(a_name_without_a_field_serves_with_all_three_labels) {
    struct manifest m;
    struct err e = {0};
    ck_assert_msg(opens(&m,
                      LIST(ENTRY("39_1_2017.jpg", "gender", "1") "," ENTRY(
                          "39_1_2017.jpg", "age", "39") "," ENTRY("39_1_2017.jpg", "race", "1")),
                      &e),
        "%s", e.msg);
    ck_assert_uint_eq(m.n, 2);
    ck_assert_uint_eq(m.n_aside, 0);
    ck_assert_str_eq(m.samples[1].id, "39_1_2017.jpg");
    ck_assert_int_eq(m.samples[1].label[ATTR_AGE], 39);
    ck_assert_int_eq(m.samples[1].label[ATTR_GENDER], 1);
    ck_assert_int_eq(m.samples[1].label[ATTR_RACE], 1);
    manifest_close(&m);
}
END_TEST

/* Years are corrected before they become groups: 60 is in 60-100, 20 in 15-20. */
START_TEST(years_are_corrected_before_they_are_grouped) {
    struct manifest m;
    struct err e = {0};
    folder_put_text(cache, "c.json", LIST(ENTRY("20_0_0_a.jpg", "age", "60")));
    char *path = path_join(cache, "c.json");
    struct reading reading = {.ages = AGES_ADIENCE_8, .corrections = path};
    ck_assert_msg(manifest_open(&m, DATASET_UTKFACE, reading, dir, NULL, 1, &e), "%s", e.msg);
    ck_assert_int_eq(m.samples[0].label[ATTR_AGE], 7);
    manifest_close(&m);
    free(path);
}
END_TEST

START_TEST(what_is_disputed_is_not_applied) {
    struct manifest m;
    struct err e = {0};
    ck_assert_msg(opens(&m,
                      "{\"disputed\":[" ENTRY("20_0_0_a.jpg", "race", "1") "," ENTRY(
                          "20_0_0_a.jpg", "race", "2") "]}",
                      &e),
        "%s", e.msg);
    ck_assert_int_eq(m.samples[0].label[ATTR_RACE], 0);
    ck_assert_uint_eq(m.corrected, 0);
    ck_assert_uint_eq(m.disputed, 2);
    manifest_close(&m);
}
END_TEST

static const struct {
    const char *text, *message;
} wrong[] = {
    {"[]", "c.json: expected an object with the list \"corrections\""},
    {"{\"corrections\":{}}", "c.json: /corrections: expected a list of at most 100000 entries"},
    {"{\"fixes\":[]}", "c.json: /fixes: unknown key (known: corrections, disputed)"},
    {"{\"corrections\":[3]}",
        "/corrections/0: expected an object with file, attribute, value and source"},
    {"{\"corrections\":[{\"file\":\"a\",\"task\":\"age\"}]}",
        "/corrections/0/task: unknown key (known: file, attribute, value, source)"},
    {LIST(ENTRY("", "age", "3")), "/corrections/0/file: expected a file's name"},
    {LIST(ENTRY("20_0_0_a.jpg", "age", "3") "," ENTRY("20_0_0_a.jpg", "sex", "1")),
        "/corrections/1/attribute: sex: expected age, gender or race"},
    {LIST(ENTRY("20_0_0_a.jpg", "age", "117")),
        "/corrections/0/value: 117: expected a whole number from 0 to 116, the age of 20_0_0_a.jpg"},
    {LIST(ENTRY("20_0_0_a.jpg", "race", "5")),
        "/corrections/0/value: 5: expected a whole number from 0 to 4, the race of 20_0_0_a.jpg"},
    {LIST(ENTRY("20_0_0_a.jpg", "gender", "0.5")),
        "/corrections/0/value: 0.5: expected a whole number from 0 to 1"},
    {LIST(ENTRY("20_0_0_a.jpg", "gender", "\"male\"")),
        "/corrections/0/value: expected a whole number from 0 to 1"},
    {"{\"corrections\":[{\"file\":\"a\",\"attribute\":\"age\",\"value\":3}]}",
        "/corrections/0/source: expected a text that says where the correction comes from"},
    {LIST(ENTRY("20_0_0_a.jpg", "age", "3") "," ENTRY("20_0_0_a.jpg", "age", "3")),
        "/corrections: age of 20_0_0_a.jpg stands twice: expected one correction"},
    {"{\"corrections\":[" ENTRY("20_0_0_a.jpg", "age", "3") "],\"disputed\":[" ENTRY(
         "20_0_0_a.jpg", "age", "4") "]}",
        "/disputed: age of 20_0_0_a.jpg is among the corrections too"},
    {LIST(ENTRY("21_0_0_a.jpg", "age", "3")), "corrects age of 21_0_0_a.jpg, but"},
    {LIST(ENTRY("21_0_0_a.jpg", "age", "3")),
        "has no such file: take the entry out, or leave /data/corrections out"},
    {LIST(ENTRY("39_1_2017.jpg", "race", "1")),
        "corrects 1 labels of 39_1_2017.jpg, but its name has no race field: expected its age, gender "
        "and race, all three"},
};

START_TEST(what_a_file_must_say) {
    struct manifest m;
    struct err e = {0};
    ck_assert(!opens(&m, wrong[_i].text, &e));
    ck_assert_int_eq(e.kind, ERR_USAGE);
    ck_assert_msg(strstr(e.msg, wrong[_i].message) != NULL, "%s", e.msg);
}
END_TEST

START_TEST(a_file_that_is_not_there) {
    struct corrections c;
    struct err e = {0};
    ck_assert(!corrections_load(&c, "/nowhere/c.json", &e));
    ck_assert_ptr_nonnull(strstr(e.msg, "/nowhere/c.json"));
    corrections_free(&c);
}
END_TEST

/* On the real files: two of the three names without a field serve, 61 years old, female, Black and Indian;
 * sources disagree on the third. */
START_TEST(utkface_with_published_corrections) {
    const char *data = getenv("DMTL_DATA");
    if (!data || !*data) {
        printf(
            "skipped: utkface_with_published_corrections: DMTL_DATA names no folder with utkface/\n");
        return;
    }
    char *root = path_join(data, "utkface"), published[] = "published";
    struct manifest m;
    struct err e = {0};
    ck_assert_msg(manifest_open(&m, DATASET_UTKFACE, (struct reading){.corrections = published},
                      root, cache, 2, &e),
        "%s", e.msg);
    size_t female = 0, race[5] = {0};
    for (size_t i = 0; i < m.n; i++) {
        female += m.samples[i].label[ATTR_GENDER] == 1;
        race[m.samples[i].label[ATTR_RACE]]++;
    }
    ck_assert_uint_eq(m.n, 23706);
    ck_assert_uint_eq(m.corrected, 6);
    ck_assert_uint_eq(m.disputed, 4);
    ck_assert_uint_eq(female, 11316);
    ck_assert_uint_eq(race[1], 4526);
    ck_assert_uint_eq(race[3], 3976);
    ck_assert_uint_eq(m.n_aside, 1);
    ck_assert_str_eq(m.aside[0].file, "39_1_20170116174525125.jpg.chip.jpg");
    manifest_close(&m);
    free(root);
}
END_TEST

Suite *corrections_suite(void) {
    Suite *s = suite_create("corrections");
    TCase *c = tcase_create("corrections");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, a_label_is_set_and_the_fingerprint_differs);
    tcase_add_test(c, a_name_without_a_field_serves_with_all_three_labels);
    tcase_add_test(c, years_are_corrected_before_they_are_grouped);
    tcase_add_test(c, what_is_disputed_is_not_applied);
    tcase_add_loop_test(c, what_a_file_must_say, 0, (int)ARRAY_LEN(wrong));
    tcase_add_test(c, a_file_that_is_not_there);
    tcase_add_test(c, utkface_with_published_corrections);
    suite_add_tcase(s, c);
    return s;
}
