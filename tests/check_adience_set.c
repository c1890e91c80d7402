/* Adience as a set: which rows of its fold files become samples, under which names, and why others do not. */
#include "check_folder.h"
#include "check_suites.h"

#include "core/mem.h"
#include "data/adience.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER "user_id\toriginal_image\tface_id\tage\tgender\n"

static char *dir;

static void put_image(const char *path, const char *bytes) {
    char *folder = xstrndup(path, (size_t)(strrchr(path, '/') - path));
    char *command = xasprintf("mkdir -p '%s/%s'", dir, folder);
    ck_assert_int_eq(system(command), 0);
    folder_put_text(dir, path, bytes);
    free(command);
    free(folder);
}

static void put_folds(const char *first) {
    folder_put_text(dir, "fold_0_data.txt", first);
    for (int fold = 1; fold < ADIENCE_FOLDS; fold++) {
        char name[32], *text = xasprintf(HEADER "w\ti%d.jpg\t%d\t(0, 2)\tm\n", fold, fold);
        snprintf(name, sizeof name, "fold_%d_data.txt", fold);
        folder_put_text(dir, name, text);
        free(text);
    }
    put_image("aligned/w/landmark_aligned_face.3.i3.jpg", "three");
}

static void setup(void) {
    dir = folder_new();
}

static void teardown(void) {
    folder_remove(dir);
}

static struct manifest opened(struct reading reading) {
    struct manifest m;
    struct err e = {0};
    ck_assert_msg(manifest_open(&m, DATASET_ADIENCE, reading, dir, NULL, 1, &e), "%s", e.msg);
    return m;
}

/* Rows of u: a (13, female) twice, b without age but male, c with neither, d with both, f a folder. */
#define ROWS                                                                                       \
    HEADER "u\tb.jpg\t2\tNone\tm\nu\ta.jpg\t1\t13\tf\nu\ta.jpg\t1\t13\tf\nu\tc.jpg\t3\tNone\tu\n"  \
           "u\td.jpg\t1\t(60, 100)\tf\nu\tf.jpg\t4\t(0, 2)\tm\n"

static void put_rows(void) {
    put_folds(ROWS);
    put_image("aligned/u/landmark_aligned_face.1.a.jpg", "a");
    put_image("aligned/u/landmark_aligned_face.2.b.jpg", "b");
    put_image("aligned/u/landmark_aligned_face.3.c.jpg", "c");
    put_image("aligned/u/landmark_aligned_face.1.d.jpg", "d");
    free(folder_sub(dir, "aligned/u/landmark_aligned_face.4.f.jpg"));
}

static void is_sample(
    const struct manifest *m, size_t i, const char *id, int age, int gender, int fold) {
    ck_assert_str_eq(m->samples[i].id, id);
    ck_assert_int_eq(m->samples[i].label[ATTR_AGE], age);
    ck_assert_int_eq(m->samples[i].label[ATTR_GENDER], gender);
    ck_assert_int_eq(m->samples[i].label[ATTR_RACE], LABEL_MISSING);
    ck_assert_int_eq(m->samples[i].fold, fold);
}

static void is_aside(const struct manifest *m, size_t i, const char *file, const char *reason) {
    ck_assert_str_eq(m->aside[i].file, file);
    ck_assert_str_eq(m->aside[i].reason, reason);
}

START_TEST(rows_become_samples) {
    put_rows();
    struct manifest m = opened((struct reading){0});
    ck_assert_uint_eq(m.n, 5);
    is_sample(&m, 0, "u/1.a.jpg", LABEL_MISSING, 1, 0); /* its gender takes part */
    is_sample(&m, 1, "u/1.a.jpg#1", LABEL_MISSING, 1, 0);
    is_sample(&m, 2, "u/1.d.jpg", 7, 1, 0);
    is_sample(&m, 3, "u/2.b.jpg", LABEL_MISSING, 0, 0);
    is_sample(&m, 4, "w/3.i3.jpg", 0, 0, 3);
    ck_assert_str_eq(m.samples[1].file, "aligned/u/landmark_aligned_face.1.a.jpg");
    ck_assert_str_eq(m.samples[1].subject, "u/1");
    ck_assert_str_eq(m.samples[1].album, "u");
    ck_assert_str_eq(m.samples[0].content, m.samples[1].content);
    char d[SHA256_HEX];
    sha256_bytes("d", 1, d);
    ck_assert_str_eq(m.samples[2].content, d);
    ck_assert_uint_eq(m.n_aside, 5);
    is_aside(
        &m, 0, "aligned/u/landmark_aligned_face.3.c.jpg", "has neither an age group nor a gender");
    is_aside(&m, 1, "aligned/u/landmark_aligned_face.4.f.jpg", "is a folder in an image's place");
    is_aside(&m, 2, "aligned/w/landmark_aligned_face.1.i1.jpg",
        "a fold file names it, but it is not there");
    manifest_close(&m);
}
END_TEST

START_TEST(policies_are_versions_of_the_set) {
    put_rows();
    struct manifest exact = opened((struct reading){0}),
                    nested = opened((struct reading){.age_labels = AGE_LABELS_NESTED}),
                    dropped = opened((struct reading){.repeated_rows = REPEATED_DROP});
    ck_assert_uint_eq(nested.n, 5);
    is_sample(&nested, 0, "u/1.a.jpg", 2, 1, 0); /* 13 is in 8-13 */
    ck_assert_uint_eq(dropped.n, 4);
    is_sample(&dropped, 1, "u/1.d.jpg", 7, 1, 0);
    is_aside(&dropped, 0, "aligned/u/landmark_aligned_face.1.a.jpg", "a row names it again");
    ck_assert_str_ne(exact.fingerprint, nested.fingerprint);
    ck_assert_str_ne(exact.fingerprint, dropped.fingerprint);
    manifest_close(&exact);
    manifest_close(&nested);
    manifest_close(&dropped);
}
END_TEST

START_TEST(the_other_crop_is_another_folder) {
    put_rows();
    put_image("faces/u/coarse_tilt_aligned_face.1.d.jpg", "d, not so close");
    struct manifest m = opened((struct reading){.crop = CROP_FACES});
    ck_assert_uint_eq(m.n, 1);
    ck_assert_str_eq(m.samples[0].id, "u/1.d.jpg");
    ck_assert_str_eq(m.samples[0].file, "faces/u/coarse_tilt_aligned_face.1.d.jpg");
    manifest_close(&m);
}
END_TEST

static void refused(const char *message) {
    struct manifest m;
    struct err e = {0};
    ck_assert(!manifest_open(&m, DATASET_ADIENCE, (struct reading){0}, dir, NULL, 1, &e));
    ck_assert_msg(strstr(e.msg, message), "\"%s\" is not in: %s", message, e.msg);
    ck_assert_int_eq(e.kind, ERR_USAGE);
}

START_TEST(folders_that_do_not_serve) {
    refused("there is no fold_0_data.txt in it; expected a folder with Adience's five fold files");
    put_folds(HEADER "u\ta.jpg\t1\t(0, 2)\tm\n");
    char *image = xasprintf("rm -r '%s/aligned'", dir);
    ck_assert_int_eq(system(image), 0);
    free(image);
    refused(
        "none of the 5 images that its lists name is usable "
        "(\"aligned/u/landmark_aligned_face.1.a.jpg\": a fold file names it, but it is not there)");
    put_folds(HEADER "u\ta.jpg\t1\t35\tm\nu\ta.jpg\t1\t35\tm\nu\ta.jpg#1\t1\t35\tm\n");
    put_image("aligned/u/landmark_aligned_face.1.a.jpg", "a");
    put_image("aligned/u/landmark_aligned_face.1.a.jpg#1", "a");
    refused("two rows of its fold files would be called \"u/1.a.jpg#1\"");
    put_folds(HEADER);
    refused("fold_0_data.txt: has no face behind its first line");
}
END_TEST

/* Opening it would wait for a writer for ever. */
START_TEST(a_pipe_is_no_image) {
    put_rows();
    char *path = xasprintf("%s/aligned/w/landmark_aligned_face.2.i2.jpg", dir);
    ck_assert_int_eq(mkfifo(path, 0666), 0);
    free(path);
    struct manifest m = opened((struct reading){0});
    ck_assert_uint_eq(m.n, 5);
    is_aside(&m, 3, "aligned/w/landmark_aligned_face.2.i2.jpg", "is no regular file");
    manifest_close(&m);
}
END_TEST

START_TEST(a_link_to_itself_is_no_image) {
    put_rows();
    char *path = xasprintf("%s/aligned/w/landmark_aligned_face.2.i2.jpg", dir);
    ck_assert_int_eq(symlink("landmark_aligned_face.2.i2.jpg", path), 0);
    free(path);
    struct manifest m = opened((struct reading){0});
    ck_assert_uint_eq(m.n, 5);
    is_aside(&m, 3, "aligned/w/landmark_aligned_face.2.i2.jpg",
        "a fold file names it, but it is not there");
    manifest_close(&m);
}
END_TEST

Suite *adience_set_suite(void) {
    Suite *s = suite_create("adience_set");
    TCase *c = tcase_create("adience_set");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, rows_become_samples);
    tcase_add_test(c, policies_are_versions_of_the_set);
    tcase_add_test(c, the_other_crop_is_another_folder);
    tcase_add_test(c, folders_that_do_not_serve);
    tcase_add_test(c, a_pipe_is_no_image);
    tcase_add_test(c, a_link_to_itself_is_no_image);
    suite_add_tcase(s, c);
    return s;
}
