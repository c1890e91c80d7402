/* A set of one's own: labels.csv, what is read of it and what is refused. */
#include "check_folder.h"
#include "check_suites.h"

#include "core/mem.h"
#include "data/labels_csv.h"

#include <stdlib.h>
#include <string.h>

static char *dir;

static void set_up(void) {
    dir = folder_new();
    free(folder_sub(dir, "sub"));
    folder_put_text(dir, "b.jpg", "one");
    folder_put_text(dir, "sub/a.png", "two");
}

static void tear_down(void) {
    folder_remove(dir);
}

static struct manifest opened(struct reading reading) {
    struct manifest m;
    struct err e = {0};
    ck_assert_msg(manifest_open(&m, DATASET_FOLDER, reading, dir, NULL, 1, &e), "%s", e.msg);
    return m;
}

static void expect_labels(const struct sample *s, int age, int gender, int race) {
    ck_assert_int_eq(s->label[ATTR_AGE], age);
    ck_assert_int_eq(s->label[ATTR_GENDER], gender);
    ck_assert_int_eq(s->label[ATTR_RACE], race);
}

/* Columns in any order, classes by name in whatever letters or by number, empty fields, quotes, CR LF, a byte-order
 * mark; rows sorted by their paths. */
START_TEST(a_row_is_a_sample) {
    folder_put_text(dir, "labels.csv",
        "\xEF\xBB\xBFrace,subject,file,age,fold,gender\r\n"
        "indian,\"Ann, the elder\",sub/a.png,120,4,Female\r\n"
        ",,b.jpg,0,0,0\r\n");
    struct manifest m = opened((struct reading){0});
    ck_assert_uint_eq(m.n, 2);
    ck_assert_str_eq(m.samples[0].id, "b.jpg");
    expect_labels(&m.samples[0], 0, 0, LABEL_MISSING);
    ck_assert_ptr_null(m.samples[0].subject);
    ck_assert_int_eq(m.samples[0].fold, 0);
    ck_assert_str_eq(m.samples[1].file, "sub/a.png");
    expect_labels(&m.samples[1], 120, 1, 3);
    ck_assert_str_eq(m.samples[1].subject, "Ann, the elder");
    ck_assert_int_eq(m.samples[1].fold, 4);
    char two[SHA256_HEX];
    sha256_bytes("two", 3, two);
    ck_assert_str_eq(m.samples[1].content, two);
    manifest_close(&m);
}
END_TEST

START_TEST(columns_may_be_missing) {
    folder_put_text(dir, "labels.csv", "file,gender\nb.jpg,male\n");
    struct manifest m = opened((struct reading){0});
    ck_assert_uint_eq(m.n, 1);
    expect_labels(&m.samples[0], LABEL_MISSING, 0, LABEL_MISSING);
    ck_assert_int_eq(m.samples[0].fold, -1);
    ck_assert_uint_eq(m.n_aside, 0);
    manifest_close(&m);
}
END_TEST

START_TEST(what_is_not_used_has_its_reason) {
    folder_put_text(dir, "labels.csv", "file,age\nsub,3\nz.jpg,4\nb.jpg,5\nsub/a.png,\n");
    struct manifest m = opened((struct reading){0});
    ck_assert_uint_eq(m.n, 1);
    ck_assert_uint_eq(m.n_aside, 3);
    ck_assert_str_eq(m.aside[0].file, "sub");
    ck_assert_str_eq(m.aside[0].reason, "is no regular file");
    ck_assert_str_eq(m.aside[1].file, "sub/a.png");
    ck_assert_str_eq(m.aside[1].reason, "has no label in labels.csv");
    ck_assert_str_eq(m.aside[2].reason, "labels.csv names it, but it is not there");
    manifest_close(&m);
}
END_TEST

/* The same numbers are not the same labels where their names differ. */
START_TEST(races_may_be_fairface_s_seven) {
    folder_put_text(dir, "labels.csv", "file,race\nb.jpg,middle eastern\nsub/a.png,1\n");
    struct manifest seven = opened((struct reading){.races = RACES_FAIRFACE_7});
    expect_labels(&seven.samples[0], LABEL_MISSING, LABEL_MISSING, 6);
    expect_labels(&seven.samples[1], LABEL_MISSING, LABEL_MISSING, 1);
    manifest_close(&seven);
    folder_put_text(dir, "labels.csv", "file,race\nb.jpg,White\nsub/a.png,1\n");
    seven = opened((struct reading){.races = RACES_FAIRFACE_7});
    struct manifest five = opened((struct reading){0});
    ck_assert_str_ne(five.fingerprint, seven.fingerprint);
    manifest_close(&five);
    manifest_close(&seven);
}
END_TEST

/* 13 is between the groups 8-12 and 15-20: no age, and here no label at all. */
START_TEST(years_become_groups) {
    folder_put_text(dir, "labels.csv", "file,age\nb.jpg,30\nsub/a.png,13\n");
    struct manifest m = opened((struct reading){.ages = AGES_ADIENCE_8});
    ck_assert_uint_eq(m.n, 1);
    expect_labels(&m.samples[0], 4, LABEL_MISSING, LABEL_MISSING); /* 25-32 */
    manifest_close(&m);
}
END_TEST

/* Whatever a split or a loss goes by is in the fingerprint; the order of rows and columns is not. */
START_TEST(the_fingerprint_is_of_what_is_said) {
    static const struct {
        const char *text;
        bool same;
    } rows[] = {
        {"file,age,subject,fold\nb.jpg,30,x,1\nsub/a.png,40,y,2\n", true},
        {"fold,file,subject,age\n2,sub/a.png,y,40\n1,b.jpg,x,30\n", true},
        {"file,age,subject,fold\nb.jpg,31,x,1\nsub/a.png,40,y,2\n", false},
        {"file,age,subject,fold\nb.jpg,30,z,1\nsub/a.png,40,y,2\n", false},
        {"file,age,subject,fold\nb.jpg,30,x,3\nsub/a.png,40,y,2\n", false},
        {"file,age,fold\nb.jpg,30,1\nsub/a.png,40,2\n", false},
    };
    char first[SHA256_HEX] = "";
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        folder_put_text(dir, "labels.csv", rows[i].text);
        struct manifest m = opened((struct reading){0});
        if (i == 0)
            memcpy(first, m.fingerprint, sizeof first);
        ck_assert_msg((strcmp(first, m.fingerprint) == 0) == rows[i].same, "%s", rows[i].text);
        manifest_close(&m);
    }
}
END_TEST

static const struct {
    const char *text, *message;
} refused[] = {
    {"", "labels.csv: "},
    {"file\n", "names no image: expected a line an image behind the first"},
    {"age\n3\n", "line 1: no column file: expected one, with each image's path in the folder"},
    {"file,gendre\nb.jpg,0\n",
        "line 1: column \"gendre\": expected file, age, gender, race, subject or fold; rename or remove it; did you mean "
        "gender?"},
    {"file,age,age\nb.jpg,1,1\n", "line 1, column 3: a column's name for the second time"},
    {"file,age\nb.jpg\n", "line 2"},
    {"file,age\nb.jpg,1\n\nc.jpg,x\n",
        "line 4, column 2 (\"age\"): \"x\": expected whole years from 0 to 120, or nothing"},
    {"file,age\nb.jpg,121\n", "\"121\": expected whole years"},
    {"file,age\nb.jpg,-1\n", "\"-1\": expected whole years"},
    {"file,age\nb.jpg,30.5\n", "\"30.5\": expected whole years"},
    {"file,age\nb.jpg,4294967297\n", "\"4294967297\": expected whole years"},
    {"file,gender\nb.jpg,2\n", "\"2\": expected male or female, a number from 0 to 1, or nothing"},
    {"file,race\nb.jpg,Latino\n",
        "\"Latino\": expected White, Black, Asian, Indian or Other, a number from 0 to 4"},
    {"file,fold\nb.jpg,5\n",
        "\"5\": expected a number from 0 to 4, in every line, or no such column"},
    {"file,fold\nb.jpg,1\nc.jpg,\n",
        "line 3, column 2 (\"fold\"): \"\": expected a number from 0 to 4"},
    {"file,age\nb.jpg,1\nc.jpg,2\nb.jpg,3\n",
        "line 4: \"b.jpg\": stands in line 2 already: expected each image once"},
    {"file,subject,fold\na,Ann,1\nb,Bo,1\nc,Ann,2\n",
        "line 4: \"Ann\" is in fold 2, and in fold 1 by line 2: expected a subject in one fold"},
    {"file\n../b.jpg\n",
        "\"../b.jpg\": expected an image's path within the folder, without \"..\""},
    {"file\n/etc/passwd\n", "\"/etc/passwd\": expected an image's path within the folder"},
    {"file\nsub/../b.jpg\n", "expected an image's path within the folder"},
    {"file\nsub//a.png\n", "expected an image's path within the folder"},
    {"file\n./b.jpg\n", "expected an image's path within the folder"},
    {"file\nsub/\n", "expected an image's path within the folder"},
    {"file\n..\n", "expected an image's path within the folder"},
    {"file\n\"a\nb.jpg\"\n", "\"a\\nb.jpg\": expected an image's path within the folder"},
    {"file,age\n,3\n", "\"\": expected an image's path within the folder"},
    {"file\nb\xFF.jpg\n", "UTF-8"},
};

START_TEST(a_wrong_file_is_refused) {
    struct manifest m;
    struct err e = {0};
    folder_put_text(dir, "labels.csv", refused[_i].text);
    ck_assert(!manifest_open(&m, DATASET_FOLDER, (struct reading){0}, dir, NULL, 1, &e));
    ck_assert_int_eq(e.kind, ERR_USAGE);
    ck_assert_msg(strstr(e.msg, refused[_i].message) != NULL, "%s", e.msg);
    ck_assert_msg(strstr(e.msg, "/labels.csv: ") != NULL, "%s", e.msg);
}
END_TEST

START_TEST(a_folder_without_the_file_is_told_what_it_lacks) {
    struct manifest m;
    struct err e = {0};
    ck_assert(!manifest_open(&m, DATASET_FOLDER, (struct reading){0}, dir, NULL, 1, &e));
    ck_assert_msg(
        strstr(e.msg, "there is no labels.csv in it; expected a folder of images") != NULL, "%s",
        e.msg);
    folder_put_text(dir, "labels.csv", "file,age\ngone.jpg,3\n");
    e = (struct err){0};
    ck_assert(!manifest_open(&m, DATASET_FOLDER, (struct reading){0}, dir, NULL, 1, &e));
    ck_assert_msg(
        strstr(e.msg, "none of the 1 images that its lists name is usable") != NULL, "%s", e.msg);
}
END_TEST

Suite *labels_csv_suite(void) {
    Suite *s = suite_create("labels_csv");
    TCase *c = tcase_create("labels.csv");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, a_row_is_a_sample);
    tcase_add_test(c, columns_may_be_missing);
    tcase_add_test(c, what_is_not_used_has_its_reason);
    tcase_add_test(c, races_may_be_fairface_s_seven);
    tcase_add_test(c, years_become_groups);
    tcase_add_test(c, the_fingerprint_is_of_what_is_said);
    tcase_add_loop_test(c, a_wrong_file_is_refused, 0, (int)ARRAY_LEN(refused));
    tcase_add_test(c, a_folder_without_the_file_is_told_what_it_lacks);
    suite_add_tcase(s, c);
    return s;
}
