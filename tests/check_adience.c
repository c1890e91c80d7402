/* Adience's fold files and age groups: hand-written lines, and the counts of the real files. */
#include "check_folder.h"
#include "check_suites.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/words.h"
#include "data/adience_labels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER "user_id\toriginal_image\tface_id\tage\tgender\tx\n"

static struct adience_rows parsed(const char *text) {
    struct adience_rows rows = {0};
    struct err e = {0};
    ck_assert_msg(adience_rows_parse(&rows, text, strlen(text), "f.txt", 3, &e), "%s", e.msg);
    return rows;
}

START_TEST(a_line_is_a_face) {
    struct adience_rows rows =
        parsed(HEADER "7@N03\ta.jpg\t12\t(25, 32)\tf\t0\n8@N03\tb c.jpg\t1\t35\tm\t\n"
                      "8@N03\tb.jpg\t0\tNone\tu\t9\n8@N03\tc.jpg\t0\t(25, 23)\t\t9");
    ck_assert_uint_eq(rows.n, 4);
    ck_assert_str_eq(rows.list[0].user, "7@N03");
    ck_assert_str_eq(rows.list[1].image, "b c.jpg");
    ck_assert_int_eq(rows.list[0].face_id, 12);
    ck_assert_int_eq(rows.list[0].fold, 3);
    static const int expected[][3] = {
        {25, 32, 1}, {35, 35, 0}, {-1, -1, LABEL_MISSING}, {25, 23, LABEL_MISSING}};
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(rows.list[i].first_age, expected[i][0]);
        ck_assert_int_eq(rows.list[i].last_age, expected[i][1]);
        ck_assert_int_eq(rows.list[i].gender, expected[i][2]);
    }
    adience_rows_free(&rows);
}
END_TEST

/* Saved again by a spreadsheet: a byte order mark, CRLF, columns in another order and more of them. */
START_TEST(columns_go_by_their_names) {
    struct adience_rows rows =
        parsed("\xEF\xBB\xBFgender\tnote\tage\tface_id\toriginal_image\tuser_id\r\n"
               "m\thello\t(4, 6)\t3\ta.jpg\tu\r\n");
    ck_assert_uint_eq(rows.n, 1);
    ck_assert_str_eq(rows.list[0].user, "u");
    ck_assert_int_eq(rows.list[0].last_age, 6);
    ck_assert_int_eq(rows.list[0].gender, 0);
    adience_rows_free(&rows);
}
END_TEST

#define LINE(user, image, face, age, gender)                                                       \
    HEADER "u\ti.jpg\t1\t35\tm\t0\n" user "\t" image "\t" face "\t" age "\t" gender "\t0\n"
static const struct {
    const char *text, *message;
} bad[] = {
    {"", "f.txt: is empty"},
    {HEADER, "f.txt: has no face behind its first line"},
    {"user_id\tage\n", "f.txt: has no column original_image in its first line"},
    {HEADER "u\ti.jpg\t1\t35\tm\n",
        "f.txt: line 2: has 5 fields, expected the 6 of the first line"},
    {HEADER "u\ti.jpg\t1\t35\tm\t0\t0\t0\n",
        "f.txt: line 2: has more than 6 fields, expected the 6"},
    {HEADER "\nu\ti.jpg\t1\t35\tm\t0\n", "f.txt: line 2: has 1 fields"},
    {HEADER "\n", "f.txt: has no face behind its first line"},
    {"user_id\tage\toriginal_image\tface_id\tage\tgender\n",
        "f.txt: has two columns age in its first line"},
    {LINE("u", "i.jpg", "1", "(25 32)", "m"),
        "f.txt: line 3: age \"(25 32)\": expected a number up to 150, "
        "two as in \"(25, 32)\", or \"None\""},
    {LINE("u", "i.jpg", "1", "(25, 32", "m"), "line 3: age \"(25, 32\": expected"},
    {LINE("u", "i.jpg", "1", "(25, 32)x", "m"), "line 3: age"},
    {LINE("u", "i.jpg", "1", "151", "m"), "line 3: age \"151\": expected"},
    {LINE("u", "i.jpg", "1", "99999999999999999999", "m"), "line 3: age"},
    {LINE("u", "i.jpg", "1", "", "m"), "line 3: age \"\": expected"},
    {LINE("u", "i.jpg", "1", "-3", "m"), "line 3: age"},
    {LINE("u", "i.jpg", "1", "35", "x"), "line 3: gender \"x\": expected m, f, u or nothing"},
    {LINE("u", "i.jpg", "", "35", "m"), "line 3: face_id \"\": expected a whole number"},
    {LINE("u", "i.jpg", "4294967297", "35", "m"), "line 3: face_id"},
    {LINE("..", "i.jpg", "1", "35", "m"), "line 3: user_id \"..\": expected a file's name"},
    {LINE("u", "../../etc/passwd", "1", "35", "m"), "line 3: original_image"},
    {LINE("", "i.jpg", "1", "35", "m"), "line 3: user_id \"\""},
    {LINE("u", "a\x1b[2J/", "1", "35", "m"), "line 3: original_image \"a\\x1b[2J/\": expected"},
};

START_TEST(bad_lines_are_named) {
    struct adience_rows rows = {0};
    struct err e = {0};
    ck_assert(!adience_rows_parse(&rows, bad[_i].text, strlen(bad[_i].text), "f.txt", 0, &e));
    ck_assert_msg(strstr(e.msg, bad[_i].message) != NULL, "%s", e.msg);
    ck_assert_int_eq(e.kind, ERR_USAGE);
    adience_rows_free(&rows);
}
END_TEST

START_TEST(five_files_make_a_set) {
    char *dir = folder_new();
    struct adience_rows rows;
    struct err e = {0};
    for (int fold = 0; fold < 4; fold++) {
        char name[32], *text = xasprintf(HEADER "u\ti.jpg\t%d\t35\tm\t0\n", fold);
        snprintf(name, sizeof name, "fold_%d_data.txt", fold);
        folder_put_text(dir, name, text);
        free(text);
    }
    ck_assert(!adience_rows_read(&rows, dir, &e));
    ck_assert_ptr_nonnull(strstr(e.msg, "fold_4_data.txt"));
    adience_rows_free(&rows);
#define ROW(image, face) "u\t" image "\t" face "\t35\tm\t0\n"
    folder_put_text(dir, "fold_4_data.txt",
        HEADER ROW("a.jpg", "9") ROW("b.jpg", "9") ROW("a.jpg", "9") ROW("a.jpg", "8")
            ROW("a.jpg", "9") "\n");
    e = (struct err){0};
    ck_assert_msg(adience_rows_read(&rows, dir, &e), "%s", e.msg);
    static const int repeat[] = {0, 0, 0, 0, 0, 0, 1, 0, 2};
    ck_assert_uint_eq(rows.n, ARRAY_LEN(repeat));
    for (size_t i = 0; i < rows.n; i++)
        ck_assert_int_eq(rows.list[i].repeat, repeat[i]);
    adience_rows_free(&rows);
    folder_put_text(dir, "fold_4_data.txt", HEADER ROW("b.jpg", "2"));
    e = (struct err){0};
    ck_assert(!adience_rows_read(&rows, dir, &e));
    ck_assert_ptr_nonnull(
        strstr(e.msg, "face 2 of \"u\" stands in folds 4 and 2: expected a person in one fold"));
    adience_rows_free(&rows);
    folder_remove(dir);
}
END_TEST

/* Every age that the real files hold beside the eight groups, as the three policies have it; MiVOLO's table
 * is that of its prepare_adience.py, the nested rule that of the Facial Age Estimation Benchmark. */
static const struct {
    int first, last, exact, nested, nearest;
} ages[] = {
    {0, 2, 0, 0, 0},
    {4, 6, 1, 1, 1},
    {8, 12, 2, 2, 2},
    {15, 20, 3, 3, 3},
    {25, 32, 4, 4, 4},
    {38, 43, 5, 5, 5},
    {48, 53, 6, 6, 6},
    {60, 100, 7, 7, 7},
    {2, 2, -1, 0, 0},
    {3, 3, -1, -1, 0},
    {13, 13, -1, 2, 2},
    {8, 23, -1, -1, 2},
    {22, 22, -1, -1, 3},
    {23, 23, -1, -1, 4},
    {25, 23, -1, 4, 4},
    {27, 32, -1, 4, 4},
    {29, 29, -1, 4, 4},
    {32, 32, -1, 4, 4},
    {34, 34, -1, -1, 4},
    {35, 35, -1, -1, 4},
    {36, 36, -1, -1, 5},
    {38, 42, -1, 5, 5},
    {38, 48, -1, -1, 5},
    {42, 42, -1, 5, 5},
    {45, 45, -1, -1, 5},
    {46, 46, -1, -1, 6},
    {55, 55, -1, -1, 6},
    {56, 56, -1, -1, 6},
    {57, 57, -1, -1, 7},
    {58, 58, -1, -1, 7},
    {-1, -1, -1, -1, -1},
};

START_TEST(ages_by_policy) {
    struct adience_row row = {.first_age = ages[_i].first, .last_age = ages[_i].last};
    ck_assert_int_eq(adience_group(&row, AGE_LABELS_EXACT), ages[_i].exact);
    ck_assert_int_eq(adience_group(&row, AGE_LABELS_NESTED), ages[_i].nested);
    ck_assert_int_eq(adience_group(&row, AGE_LABELS_NEAREST), ages[_i].nearest);
}
END_TEST

static const char *real_folds(void) {
    static char *dir;
    const char *data = getenv("DMTL_DATA");
    free(dir);
    dir = data ? path_join(data, "adience") : NULL;
    if (dir && dir_exists(dir))
        return dir;
    printf("skipped: Adience's counts: DMTL_DATA names no folder with adience/\n");
    return NULL;
}

static size_t labelled(
    const struct adience_rows *rows, enum age_labels policy, bool repeats, int fold) {
    size_t n = 0;
    for (size_t i = 0; i < rows->n; i++)
        n += (fold < 0 || rows->list[i].fold == fold) && (repeats || rows->list[i].repeat == 0) &&
             adience_group(&rows->list[i], policy) != LABEL_MISSING;
    return n;
}

START_TEST(the_real_files_have_their_counts) {
    static const size_t exact[ADIENCE_FOLDS] = {4316, 3101, 3339, 2975, 3693},
                        nested[ADIENCE_FOLDS] = {4380, 3274, 3300, 3069, 3679},
                        nearest[ADIENCE_FOLDS] = {4432, 3693, 3343, 3400, 3754},
                        images[ADIENCE_FOLDS] = {4484, 3730, 3894, 3446, 3816}; /* 19,370 */
    struct adience_rows rows;
    struct err e = {0};
    const char *dir = real_folds();
    if (!dir)
        return;
    ck_assert_msg(adience_rows_read(&rows, dir, &e), "%s", e.msg);
    ck_assert_uint_eq(rows.n, 19487);
    for (int fold = 0; fold < ADIENCE_FOLDS; fold++) {
        ck_assert_uint_eq(labelled(&rows, AGE_LABELS_EXACT, true, fold), exact[fold]);
        ck_assert_uint_eq(labelled(&rows, AGE_LABELS_NESTED, false, fold), nested[fold]);
        ck_assert_uint_eq(labelled(&rows, AGE_LABELS_NEAREST, false, fold), nearest[fold]);
        size_t once = 0;
        for (size_t i = 0; i < rows.n; i++)
            once += rows.list[i].fold == fold && rows.list[i].repeat == 0;
        ck_assert_uint_eq(once, images[fold]);
    }
    ck_assert_uint_eq(labelled(&rows, AGE_LABELS_EXACT, true, -1), 17424);
    ck_assert_uint_eq(labelled(&rows, AGE_LABELS_EXACT, false, -1), 17321);
    ck_assert_uint_eq(labelled(&rows, AGE_LABELS_NESTED, true, -1), 17811);
    ck_assert_uint_eq(labelled(&rows, AGE_LABELS_NESTED, false, -1), 17702);
    ck_assert_uint_eq(labelled(&rows, AGE_LABELS_NEAREST, true, -1), 18734);
    ck_assert_uint_eq(labelled(&rows, AGE_LABELS_NEAREST, false, -1), 18622); /* MiVOLO's README */
    size_t repeats = 0, keys = 0, both = 0, gender_alone = 0;
    for (size_t i = 0; i < rows.n; i++) {
        bool age = adience_group(&rows.list[i], AGE_LABELS_EXACT) != LABEL_MISSING,
             gender = rows.list[i].gender != LABEL_MISSING;
        repeats += rows.list[i].repeat > 0;
        keys += rows.list[i].repeat == 1;
        both += age && gender;
        gender_alone += gender && !age;
    }
    ck_assert_uint_eq(repeats, 117);
    ck_assert_uint_eq(keys, 114);
    ck_assert_uint_eq(both, 16258);
    ck_assert_uint_eq(gender_alone, 1345);
    adience_rows_free(&rows);
}
END_TEST

static int by_person(const void *a, const void *b) {
    const struct adience_row *x = a, *y = b;
    int order = strcmp(x->user, y->user);
    return order ? order : (x->face_id > y->face_id) - (x->face_id < y->face_id);
}

/* 168 albums with 2,284 persons, and none of either in two folds: what its protocol stands on. */
START_TEST(the_real_files_keep_albums_and_persons_in_one_fold) {
    struct adience_rows rows;
    struct err e = {0};
    const char *dir = real_folds();
    if (!dir)
        return;
    ck_assert_msg(adience_rows_read(&rows, dir, &e), "%s", e.msg);
    qsort(rows.list, rows.n, sizeof *rows.list, by_person);
    size_t albums = 1, persons = 1;
    for (size_t i = 1; i < rows.n; i++) {
        const struct adience_row *before = &rows.list[i - 1], *row = &rows.list[i];
        persons += by_person(before, row) != 0;
        if (strcmp(before->user, row->user) == 0)
            ck_assert_int_eq(before->fold, row->fold);
        else
            albums++;
    }
    ck_assert_uint_eq(albums, 168);
    ck_assert_uint_eq(persons, 2284);
    adience_rows_free(&rows);
}
END_TEST

Suite *adience_suite(void) {
    Suite *s = suite_create("adience");
    TCase *c = tcase_create("adience");
    tcase_add_test(c, a_line_is_a_face);
    tcase_add_test(c, columns_go_by_their_names);
    tcase_add_loop_test(c, bad_lines_are_named, 0, (int)ARRAY_LEN(bad));
    tcase_add_test(c, five_files_make_a_set);
    tcase_add_loop_test(c, ages_by_policy, 0, (int)ARRAY_LEN(ages));
    tcase_add_test(c, the_real_files_have_their_counts);
    tcase_add_test(c, the_real_files_keep_albums_and_persons_in_one_fold);
    suite_add_tcase(s, c);
    return s;
}
