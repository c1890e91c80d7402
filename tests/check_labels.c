/* What labels are: by set and reading, and Adience's groups of ages in years. */
#include "check_folder.h"
#include "check_suites.h"

#include "core/file.h"
#include "core/mem.h"
#include "data/adience_labels.h"
#include "data/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct reading own = {0}, groups = {.ages = AGES_ADIENCE_8};

START_TEST(a_set_has_its_own_labels) {
    ck_assert_int_eq(attribute_classes(DATASET_UTKFACE, own, ATTR_AGE), 0);
    ck_assert_ptr_null(attribute_class_name(DATASET_UTKFACE, own, ATTR_AGE, 3));
    ck_assert_int_eq(label_range(DATASET_SYNTHETIC, own, ATTR_AGE).first, 1);
    ck_assert_int_eq(label_range(DATASET_SYNTHETIC, own, ATTR_AGE).last, 116);
    ck_assert_str_eq(attribute_class_name(DATASET_UTKFACE, own, ATTR_RACE, 3), "Indian");
    ck_assert_int_eq(label_range(DATASET_ADIENCE, own, ATTR_RACE).last, -1);
    ck_assert(!ages_are_groups(DATASET_UTKFACE, own));
    ck_assert(ages_are_groups(DATASET_ADIENCE, own));
}
END_TEST

START_TEST(years_become_groups) {
    ck_assert(ages_are_groups(DATASET_UTKFACE, groups));
    ck_assert_int_eq(attribute_classes(DATASET_UTKFACE, groups, ATTR_AGE), 8);
    ck_assert_str_eq(attribute_class_name(DATASET_UTKFACE, groups, ATTR_AGE, 7), "60-100");
    ck_assert_int_eq(label_range(DATASET_UTKFACE, groups, ATTR_AGE).first, 0);
    ck_assert_int_eq(label_range(DATASET_UTKFACE, groups, ATTR_AGE).last, 7);
    ck_assert_int_eq(attribute_classes(DATASET_UTKFACE, groups, ATTR_GENDER), 2);
}
END_TEST

/* Ages at the edges: exact, nested (8-12 up to 13), nearest (ties to the younger: 3 is 1 from 2 and from 4;
 * 14 is 2 from 12 and 1 from 15; 22 is 2 from 20 and 3 from 25; 35 is 3 from 32 and from 38). */
static const struct {
    int age, exact, nested, nearest;
} edges[] = {{0, 0, 0, 0}, {2, 0, 0, 0}, {3, -1, -1, 0}, {4, 1, 1, 1}, {7, -1, -1, 1},
    {12, 2, 2, 2}, {13, -1, 2, 2}, {14, -1, -1, 3}, {20, 3, 3, 3}, {22, -1, -1, 3}, {23, -1, -1, 4},
    {32, 4, 4, 4}, {35, -1, -1, 4}, {36, -1, -1, 5}, {43, 5, 5, 5}, {48, 6, 6, 6}, {57, -1, -1, 7},
    {60, 7, 7, 7}, {100, 7, 7, 7}, {101, -1, -1, 7}, {116, -1, -1, 7}};

START_TEST(groups_of_years) {
    ck_assert_int_eq(adience_group_of_years(edges[_i].age, AGE_LABELS_EXACT), edges[_i].exact);
    ck_assert_int_eq(adience_group_of_years(edges[_i].age, AGE_LABELS_NESTED), edges[_i].nested);
    ck_assert_int_eq(adience_group_of_years(edges[_i].age, AGE_LABELS_NEAREST), edges[_i].nearest);
}
END_TEST

/* A face whose age is in no group keeps its other labels. */
START_TEST(an_age_without_a_group_is_no_label) {
    char *dir = folder_new();
    folder_put_text(dir, "30_1_2_a.jpg", "a");
    folder_put_text(dir, "22_0_4_b.jpg", "b");
    struct manifest m, years;
    struct err e = {0};
    ck_assert_msg(manifest_open(&m, DATASET_UTKFACE, groups, dir, NULL, 1, &e) &&
                      manifest_open(&years, DATASET_UTKFACE, own, dir, NULL, 1, &e),
        "%s", e.msg);
    ck_assert_uint_eq(m.n, 2);
    ck_assert_int_eq(m.samples[0].label[ATTR_AGE], LABEL_MISSING);
    ck_assert_int_eq(m.samples[0].label[ATTR_RACE], 4);
    ck_assert_int_eq(m.samples[1].label[ATTR_AGE], 4);
    ck_assert_str_ne(m.fingerprint, years.fingerprint);
    manifest_close(&m);
    manifest_close(&years);
    folder_remove(dir);
}
END_TEST

static const struct {
    enum age_labels labels;
    size_t without, first, last; /* ages in no group, in 0-2, in 60-100 */
} counts[] = {{AGE_LABELS_EXACT, 7091, 1605, 2667}, {AGE_LABELS_NESTED, 7010, 1605, 2667},
    {AGE_LABELS_NEAREST, 0, 1894, 3138}};

START_TEST(utkface_in_groups) {
    const char *data = getenv("DMTL_DATA");
    if (!data || !*data) {
        printf("skipped: utkface_in_groups: DMTL_DATA names no folder with utkface/\n");
        return;
    }
    char *root = path_join(data, "utkface"), *cache = folder_new();
    for (size_t k = 0; k < ARRAY_LEN(counts); k++) {
        struct manifest m;
        struct err e = {0};
        struct reading reading = {.ages = AGES_ADIENCE_8, .age_labels = counts[k].labels};
        ck_assert_msg(manifest_open(&m, DATASET_UTKFACE, reading, root, cache, 2, &e), "%s", e.msg);
        size_t of[9] = {0};
        for (size_t i = 0; i < m.n; i++)
            of[m.samples[i].label[ATTR_AGE] + 1]++;
        ck_assert_uint_eq(m.n, 23704);
        ck_assert_uint_eq(of[0], counts[k].without);
        ck_assert_uint_eq(of[1], counts[k].first);
        ck_assert_uint_eq(of[8], counts[k].last);
        manifest_close(&m);
    }
    folder_remove(cache);
    free(root);
}
END_TEST

Suite *labels_suite(void) {
    Suite *s = suite_create("labels");
    TCase *c = tcase_create("labels");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, a_set_has_its_own_labels);
    tcase_add_test(c, years_become_groups);
    tcase_add_loop_test(c, groups_of_years, 0, (int)ARRAY_LEN(edges));
    tcase_add_test(c, an_age_without_a_group_is_no_label);
    tcase_add_test(c, utkface_in_groups);
    suite_add_tcase(s, c);
    return s;
}
