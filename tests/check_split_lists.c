/* Parts that are lists of names: on a manifest of twenty names, and CORAL's lists on the real UTKFace. */
#include "check_folder.h"
#include "check_suites.h"

#include "core/file.h"
#include "core/mem.h"
#include "data/split_lists.h"
#include "grid/config_split.h"
#include "grid/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 20 };
static struct sample samples[N];
static char ids[N][16];
static struct set_aside aside[] = {{(char *)"gone", (char *)"name has no race field"}};
static char *dir;

/* i00 ... i19, of which each two after each other are one subject. */
static struct manifest manifest(void) {
    static char subjects[N][16];
    for (int i = 0; i < N; i++) {
        snprintf(ids[i], sizeof ids[i], "i%02d", i);
        snprintf(subjects[i], sizeof subjects[i], "s%02d", i / 2);
        samples[i] = (struct sample){.id = ids[i], .subject = subjects[i], .fold = -1};
    }
    return (struct manifest){
        .n = N, .samples = samples, .aside = aside, .n_aside = 1, .root = (char *)"faces"};
}

static void setup(void) {
    dir = folder_new();
}

static void teardown(void) {
    folder_remove(dir);
}

/* Names ids[from] to ids[to - 1], from the last to the first, and then `more`. */
static void put_list(const char *name, int from, int to, const char *more) {
    struct str text = {0};
    for (int i = to - 1; i >= from; i--)
        str_addf(&text, "i%02d\n", i);
    str_add(&text, more);
    folder_put_text(dir, name, text.text);
    str_free(&text);
}

static bool split_by(struct split *s, const char *validation, bool pass, uint64_t seed,
    double share, struct err *e) {
    const char *file[PART_COUNT] = {
        [PART_TRAIN] = "train", [PART_VALIDATION] = validation, [PART_TEST] = "test"};
    struct manifest m = manifest();
    struct part_lists l;
    *s = (struct split){0};
    bool ok = part_lists_read(&l, dir, file, e) &&
              split_lists(s, &m, &l, pass, seed, share, DUPLICATES_APART, e);
    part_lists_free(&l);
    return ok;
}

static uint32_t rows_seen(const struct split *s) { /* a bit a row; each stands once */
    uint32_t seen = 0;
    for (int p = 0; p < PART_COUNT; p++)
        for (size_t i = 0; i < s->n[p]; i++) {
            ck_assert_uint_eq(seen >> s->rows[p][i] & 1, 0);
            ck_assert(i == 0 || s->rows[p][i] > s->rows[p][i - 1]);
            seen |= 1u << s->rows[p][i];
        }
    return seen;
}

/* Of the training list's six subjects a third, two, are validated on: four images. i16 to i19 are in no list. */
START_TEST(validation_is_drawn_from_the_training_list) {
    struct split a, b, c;
    struct err e = {0};
    put_list("train", 0, 12, "");
    put_list("test", 12, 16, "");
    ck_assert_msg(split_by(&a, NULL, false, 1, 1.0 / 3, &e), "%s", e.msg);
    ck_assert(
        split_by(&b, NULL, false, 1, 1.0 / 3, &e) && split_by(&c, NULL, false, 2, 1.0 / 3, &e));
    ck_assert_uint_eq(a.n[PART_TRAIN], 8);
    ck_assert_uint_eq(a.n[PART_VALIDATION], 4);
    ck_assert_uint_eq(a.n[PART_TEST], 4);
    ck_assert_uint_eq(rows_seen(&a), 0xffff);
    ck_assert_uint_eq(a.rows[PART_TEST][0], 12);
    for (int i = 0; i < 4; i += 2) /* both images of a subject */
        ck_assert_uint_eq(a.rows[PART_VALIDATION][i] + 1, a.rows[PART_VALIDATION][i + 1]);
    size_t bytes = 4 * sizeof(uint32_t);
    ck_assert_int_eq(memcmp(a.rows[PART_VALIDATION], b.rows[PART_VALIDATION], bytes), 0);
    ck_assert_int_ne(memcmp(a.rows[PART_VALIDATION], c.rows[PART_VALIDATION], bytes), 0);
    split_free(&a);
    split_free(&b);
    split_free(&c);
}
END_TEST

START_TEST(a_list_for_validation_is_taken_as_it_is) {
    struct split s;
    struct err e = {0};
    put_list("train", 0, 6, "");
    put_list("validation", 6, 9, "");
    put_list("test", 9, 14, "");
    ck_assert_msg(split_by(&s, "validation", false, 1, 0.5, &e), "%s", e.msg);
    ck_assert_uint_eq(s.n[PART_TRAIN], 6);
    ck_assert_uint_eq(s.n[PART_VALIDATION], 3);
    ck_assert_uint_eq(s.n[PART_TEST], 5);
    ck_assert_uint_eq(rows_seen(&s), 0x3fff);
    split_free(&s);
}
END_TEST

/* "gone" is set aside, "who" is nowhere; they stand in lines 7 and 8, behind six usable names. */
START_TEST(unusable_names_are_refused_or_passed_over) {
    struct split s;
    struct err e = {0};
    put_list("train", 0, 6, "gone\nwho\n");
    put_list("test", 6, 9, "");
    ck_assert(!split_by(&s, NULL, false, 1, 0.5, &e));
    ck_assert_ptr_nonnull(strstr(e.msg,
        "/train: 2 of 8 names are no usable image of faces: line 7: \"gone\" (name has no race "
        "field); line 8: \"who\" (there is none of this name): correct the list, or say \"pass\" in "
        "/split/unusable_names"));
    split_free(&s);
    e = (struct err){0};
    ck_assert_msg(split_by(&s, NULL, true, 1, 0.5, &e), "%s", e.msg);
    ck_assert_uint_eq(s.unusable, 2);
    ck_assert_uint_eq(rows_seen(&s), 0x1ff);
    split_free(&s);
}
END_TEST

START_TEST(many_unusable_names_are_counted) {
    struct split s;
    struct err e = {0};
    put_list("train", 0, 6, "a\nb\nc\nd\ne\nf\ng\n");
    put_list("test", 6, 9, "");
    ck_assert(!split_by(&s, NULL, false, 1, 0.5, &e));
    ck_assert_ptr_nonnull(
        strstr(e.msg, "line 11: \"e\" (there is none of this name); and 2 more:"));
    split_free(&s);
}
END_TEST

START_TEST(lists_that_leave_a_part_without_images) {
    struct split s;
    struct err e = {0};
    put_list("train", 0, 2, "");
    folder_put_text(dir, "test", "who\n");
    ck_assert(!split_by(&s, NULL, true, 1, 0.5, &e));
    ck_assert_ptr_nonnull(strstr(e.msg, "/test: none of its 1 names is a usable image of faces"));
    split_free(&s);
    e = (struct err){0};
    put_list("test", 2, 4, ""); /* one subject to train on, which is drawn for validation */
    ck_assert(!split_by(&s, NULL, true, 1, 0.5, &e));
    ck_assert_ptr_nonnull(
        strstr(e.msg, "/train: its names leave none for training beside a validation part"));
    split_free(&s);
    e = (struct err){0};
    put_list("train", 0, 3, "");
    ck_assert(!split_by(&s, NULL, true, 1, 0.5, &e));
    ck_assert_ptr_nonnull(strstr(e.msg, "\"i02\" stands in two lists, in line 1 of "));
    split_free(&s);
}
END_TEST

/* What a result hangs on changes with any list, and with which part it is for. */
START_TEST(the_content_of_lists) {
    static const char *const config = "{\"tasks\": {\"age\": {}}, \"split\": {\"kind\": \"lists\", "
                                      "\"lists\": {\"train\": \"%s\", \"test\": \"%s\"}}}";
    char content[4][SHA256_HEX];
    struct err e = {0};
    for (int i = 0; i < 4; i++) {
        struct config c;
        char *text = xasprintf(config, i == 2 ? "test" : "train", i == 2 ? "train" : "test");
        put_list("train", 0, 3, "");
        put_list("test", 6, i == 1 ? 8 : 9, "");
        ck_assert_msg(
            config_parse_text(&c, text, "t", &e) && config_lists_content(&c, dir, content[i], &e),
            "%s", e.msg);
        config_free(&c);
        free(text);
    }
    ck_assert_str_ne(content[0], content[1]);
    ck_assert_str_ne(content[0], content[2]);
    ck_assert_str_eq(content[0], content[3]);
}
END_TEST

/* CORAL's lists: ages 21 to 60. 13,147 names to train on, of which one has no race field, and 3,287 to test on;
 * of the 13,146 a tenth, 1,314.6, is validated on. */
START_TEST(coral_s_lists) {
    const char *data = getenv("DMTL_DATA");
    char *faces = data ? path_join(data, "utkface") : NULL,
         *train = data ? path_join(data, "utkface_coral_train.csv") : NULL;
    struct manifest m;
    struct split s = {0};
    struct err e = {0};
    if (!faces || !dir_exists(faces) || !file_exists(train)) {
        printf(
            "skipped: coral_s_lists: DMTL_DATA names no folder with utkface/ and CORAL's lists\n");
    } else {
        struct config c;
        ck_assert_msg(
            config_parse_text(&c,
                "{\"tasks\": {\"age\": {\"ranks\": [21, 60]}}, \"split\": {\"kind\": \"lists\", "
                "\"lists\": {\"train\": \"utkface_coral_train.csv\", "
                "\"test\": \"utkface_coral_test.csv\"}}}",
                "coral", &e) &&
                manifest_open(&m, DATASET_UTKFACE, (struct reading){0}, faces, NULL, 2, &e),
            "%s", e.msg);
        ck_assert(!config_split(&s, &m, &c, data, &e));
        ck_assert_ptr_nonnull(
            strstr(e.msg, "utkface_coral_train.csv: 1 of 13147 names are no usable image of "));
        ck_assert_ptr_nonnull(
            strstr(e.msg, "\"39_1_20170116174525125.jpg.chip.jpg\" (name has no race field)"));
        split_free(&s);
        e = (struct err){0};
        c.split.pass_unusable = true;
        ck_assert_msg(config_split(&s, &m, &c, data, &e), "%s", e.msg);
        ck_assert_uint_eq(s.unusable, 1);
        ck_assert_uint_eq(s.n[PART_TRAIN], 11831);
        ck_assert_uint_eq(s.n[PART_VALIDATION], 1315);
        ck_assert_uint_eq(s.n[PART_TEST], 3287);
        for (int p = 0; p < PART_COUNT; p++)
            for (size_t i = 0; i < s.n[p]; i++) {
                int age = m.samples[s.rows[p][i]].label[ATTR_AGE];
                ck_assert(age >= 21 && age <= 60);
            }
        split_free(&s);
        config_free(&c);
        manifest_close(&m);
    }
    free(train);
    free(faces);
}
END_TEST

Suite *split_lists_suite(void) {
    Suite *s = suite_create("split_lists");
    TCase *c = tcase_create("split_lists");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 120);
    tcase_add_test(c, validation_is_drawn_from_the_training_list);
    tcase_add_test(c, a_list_for_validation_is_taken_as_it_is);
    tcase_add_test(c, unusable_names_are_refused_or_passed_over);
    tcase_add_test(c, many_unusable_names_are_counted);
    tcase_add_test(c, lists_that_leave_a_part_without_images);
    tcase_add_test(c, the_content_of_lists);
    tcase_add_test(c, coral_s_lists);
    suite_add_tcase(s, c);
    return s;
}
