/* Data sets, their samples, and predictions on them. */
#include "check_suites.h"

#include "core/mem.h"
#include "fixture_bed.h"

#include <string.h>

static const struct store_sample faces[] = {
    {"a.jpg", {20, 0, LABEL_MISSING}, "s1", -1, NULL}, {"b.jpg", {30, 1, 2}, NULL, 4, "c0ffee"}};

static int64_t put_faces(const char *fingerprint, bool exact_ages, const struct store_sample *s) {
    struct err e = {0};
    int64_t dataset;
    must(store_put_dataset(bed.s, "faces", fingerprint, false, exact_ages,
             "{\"gender\": [\"male\", \"female\"]}", s, 2, &dataset, &e),
        &e);
    return dataset;
}

START_TEST(a_set_is_registered_once_per_content) {
    int64_t first = put_faces("f1", true, faces);
    ck_assert_int_eq(put_faces("f1", true, faces), first);
    row_is(
        "SELECT count(*), min(age), max(race), max(subject), max(duplicate_group), count(content),"
        " max(content) FROM v_samples",
        "2|20|2|s1|4|1|c0ffee");
    struct store_sample known[] = {faces[0], faces[1]};
    known[0].content = "ab"; /* an older dmtl stored none, and nobody had looked for duplicates */
    known[0].duplicate_group = 4;
    ck_assert_int_eq(put_faces("f1", true, known), first);
    ck_assert_int_eq(put_faces("f1", true, faces), first);
    row_is("SELECT group_concat(content || ' ' || duplicate_group, ', ') FROM v_samples",
        "ab 4, c0ffee 4");
    struct store_sample corrected[] = {faces[0], faces[1]};
    corrected[0].label[ATTR_AGE] = 21;
    corrected[1].id = "c.jpg";
    ck_assert_int_ne(put_faces("f2", true, corrected), first);
    row_is("SELECT group_concat(sample || ' ' || age, ', ') FROM"
           " (SELECT * FROM v_samples ORDER BY sample)",
        "a.jpg 21, b.jpg 30, c.jpg 30");
    row_is("SELECT group_concat(current) FROM v_datasets", "0,1");
    row_is("SELECT group_concat(name) FROM v_classes", "male,female");
}
END_TEST

/* Unknown at first; by number in the set, whatever stands before it; said again, the same. */
START_TEST(undecodable_images_are_on_record) {
    struct err e = {0};
    int64_t before = put_faces("f0", true, faces), dataset = put_faces("f1", true, faces);
    static const uint8_t none[2] = {0, 0}, second[2] = {0, 1};
    row_is("SELECT count(undecodable) FROM v_datasets", "0");
    for (int times = 0; times < 2; times++)
        must(store_put_undecodable(bed.s, before, none, 2, &e) &&
                 store_put_undecodable(bed.s, dataset, second, 2, &e),
            &e);
    row_is("SELECT group_concat(fingerprint || undecodable) FROM v_datasets", "f00,f11");
    row_is("SELECT group_concat(sample || undecodable) FROM"
           " (SELECT * FROM v_samples ORDER BY sample)",
        "a.jpg0,b.jpg1");
    row_is("SELECT sum(undecodable) FROM sample", "1");
}
END_TEST

START_TEST(ages_that_are_groups_stand_in_their_own_column) {
    put_faces("f1", false, faces);
    row_is("SELECT age, age_group FROM v_samples", "|20");
}
END_TEST

START_TEST(class_names_are_checked) {
    static const struct {
        const char *names, *message;
    } cases[] = {{"{\"gender\": 1}", "/gender: expected an attribute with an array"},
        {"{\"hair\": []}", "/hair: expected an attribute"},
        {"{\"gender\": [1]}", "/gender/0: expected a text"}, {"[]", "expected an object"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err e = {0};
        int64_t dataset;
        must(store_begin(bed.s, &e), &e);
        ck_assert(!store_put_dataset(
            bed.s, "faces", "f", false, true, cases[i].names, faces, 2, &dataset, &e));
        ck_assert_msg(strstr(e.msg, cases[i].message) != NULL, "%s", e.msg);
        store_rollback(bed.s);
    }
}
END_TEST

START_TEST(predictions_by_number_in_the_set) {
    struct err e = {0};
    static const struct store_sample others[] = {
        {"x.jpg", {1, 0, 0}, NULL, -1, NULL}, {"y.jpg", {2, 0, 0}, NULL, -1, NULL}};
    put_faces("f0", true, others); /* so that the set in use does not begin at sample 0 */
    int64_t dataset = put_faces("f1", true, faces);
    static const uint32_t samples[] = {1, 0};
    static const int truth[] = {30, 20};
    static const double said[] = {31.25, 18};
    static const float p[] = {0.5F, 0.25F, 1, 0};
    must(store_put_predictions(bed.s, bed.cell, dataset, PART_TEST, ATTR_AGE, true, 2, samples,
             truth, said, p, 2, &e),
        &e);
    row_is(
        "SELECT group_concat(sample || ' ' || truth || ' ' || predicted, ', ') FROM v_predictions",
        "a.jpg 20 18.0, b.jpg 30 31.25");
    row_is("SELECT kind, hex(probabilities) FROM v_probabilities WHERE sample = 'b.jpg'",
        "ordinal|0000003F0000803E");
    must(store_put_predictions(bed.s, bed.cell, dataset, PART_TEST, ATTR_GENDER, false, 2, samples,
             truth, said, NULL, 0, &e),
        &e);
    ck_assert_int_eq(count("SELECT count(*) FROM v_probabilities"), 2);
    static const uint32_t outside[] = {2};
    ck_assert(!store_put_predictions(bed.s, bed.cell, dataset, PART_TEST, ATTR_RACE, false, 1,
        outside, truth, said, NULL, 0, &e));
    ck_assert_ptr_nonnull(strstr(e.msg, "sample number 2 of a data set of 2"));
    e = (struct err){0};
    ck_assert(!store_put_predictions(
        bed.s, bed.cell, 77, PART_TEST, ATTR_RACE, false, 1, outside, truth, said, NULL, 0, &e));
    ck_assert_ptr_nonnull(strstr(e.msg, "holds no data set number 77"));
}
END_TEST

START_TEST(no_prediction_is_stored_twice) {
    struct err e = {0};
    int64_t dataset = put_faces("f1", true, faces);
    static const uint32_t samples[] = {1};
    static const int truth[] = {30};
    static const double said[] = {31};
    must(store_put_predictions(bed.s, bed.cell, dataset, PART_TEST, ATTR_AGE, true, 1, samples,
             truth, said, NULL, 0, &e),
        &e);
    ck_assert(!store_put_predictions(
        bed.s, bed.cell, dataset, PART_TEST, ATTR_AGE, true, 1, samples, truth, said, NULL, 0, &e));
    ck_assert_ptr_nonnull(strstr(e.msg, "UNIQUE constraint failed"));
}
END_TEST

Suite *store_samples_suite(void) {
    Suite *s = suite_create("store_samples");
    TCase *c = tcase_create("store_samples");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, bed_open, bed_close);
    tcase_add_test(c, a_set_is_registered_once_per_content);
    tcase_add_test(c, undecodable_images_are_on_record);
    tcase_add_test(c, ages_that_are_groups_stand_in_their_own_column);
    tcase_add_test(c, class_names_are_checked);
    tcase_add_test(c, predictions_by_number_in_the_set);
    tcase_add_test(c, no_prediction_is_stored_twice);
    suite_add_tcase(s, c);
    return s;
}
