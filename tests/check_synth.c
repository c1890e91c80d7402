#include "check_folder.h"
#include "check_suites.h"

#include "core/file.h"
#include "core/mem.h"
#include "data/image.h"
#include "data/manifest.h"
#include "data/synth.h"

#include <stdlib.h>
#include <string.h>

enum { PX = 48, CELLS = 12, FEATURES = CELLS * CELLS * 3, PER_CLASS = 120, MAX_CLASSES = 5 };

static bool same(const struct image *a, const struct image *b) {
    return memcmp(a->rgb, b->rgb, (size_t)3 * PX * PX) == 0;
}

START_TEST(a_face_is_its_seed_and_item) {
    struct image a, again, item, seed, older;
    synth_face(&a, PX, 30, 1, 2, 5, 7);
    synth_face(&again, PX, 30, 1, 2, 5, 7);
    synth_face(&item, PX, 30, 1, 2, 5, 8);
    synth_face(&seed, PX, 30, 1, 2, 6, 7);
    synth_face(&older, PX, 70, 1, 2, 5, 7);
    ck_assert(same(&a, &again));
    ck_assert(!same(&a, &item) && !same(&a, &seed) && !same(&a, &older));
    image_free(&a);
    image_free(&again);
    image_free(&item);
    image_free(&seed);
    image_free(&older);
}
END_TEST

/* Mean colour of each of 12 x 12 squares. */
static void features_of(float *f, const struct image *im) {
    int step = PX / CELLS;
    memset(f, 0, FEATURES * sizeof *f);
    for (int y = 0; y < PX; y++)
        for (int x = 0; x < PX; x++)
            for (int c = 0; c < 3; c++)
                f[(y / step * CELLS + x / step) * 3 + c] +=
                    (float)im->rgb[(y * PX + x) * 3 + c] / (float)(step * step);
}

/* Face `i` of class `k` of an attribute; the other labels run through their values. */
static void face_of(float *f, enum attribute a, int k, int i) {
    static const int ages[] = {6, 30, 75};
    int spread = i * 7 % 13;
    int age = a == ATTR_AGE ? ages[k] + spread - 5 : 1 + i * 37 % 90;
    int gender = a == ATTR_GENDER ? k : i % 2, race = a == ATTR_RACE ? k : i / 2 % 5;
    struct image im;
    synth_face(&im, PX, age, gender, race, 11, (uint32_t)(i * MAX_CLASSES + k));
    features_of(f, &im);
    image_free(&im);
}

/* Accuracy of the nearest class mean, learned on the first half of each class. */
static double nearest_mean(enum attribute a, int classes) {
    static float mean[MAX_CLASSES][FEATURES];
    float f[FEATURES];
    int right = 0, tested = 0;
    memset(mean, 0, sizeof mean);
    for (int k = 0; k < classes; k++)
        for (int i = 0; i < PER_CLASS / 2; i++) {
            face_of(f, a, k, i);
            for (int j = 0; j < FEATURES; j++)
                mean[k][j] += f[j] / (PER_CLASS / 2);
        }
    for (int k = 0; k < classes; k++)
        for (int i = PER_CLASS / 2; i < PER_CLASS; i++) {
            double best = 1e30;
            int nearest = -1;
            face_of(f, a, k, i);
            for (int c = 0; c < classes; c++) {
                double d = 0;
                for (int j = 0; j < FEATURES; j++)
                    d += (f[j] - mean[c][j]) * (f[j] - mean[c][j]);
                if (d < best) {
                    best = d;
                    nearest = c;
                }
            }
            right += nearest == k;
            tested++;
        }
    return (double)right / tested;
}

/* Even the crudest classifier is above chance (1/3, 1/2, 1/5) by more than 4 standard errors, and is
 * far from perfect: light, background and pose vary more than the labels do. */
START_TEST(looks_follow_the_labels) {
    static const struct {
        enum attribute attribute;
        int classes;
        double least;
    } rows[] = {{ATTR_AGE, 3, .48}, {ATTR_GENDER, 2, .68}, {ATTR_RACE, 5, .30}};
    double accuracy = nearest_mean(rows[_i].attribute, rows[_i].classes);
    ck_assert_msg(accuracy >= rows[_i].least && accuracy < .97, "%s: %.3f",
        attribute_name[rows[_i].attribute], accuracy);
}
END_TEST

static char *dir;

static void setup(void) {
    dir = folder_new();
}

static void teardown(void) {
    folder_remove(dir);
}

static void write_ok(size_t n, int px, uint64_t seed, int threads) {
    struct err e = {0};
    ck_assert_msg(synth_write(dir, n, px, seed, threads, &e), "%s", e.msg);
}

static size_t fingerprint_of(char *out) {
    struct manifest m;
    struct err e = {0};
    ck_assert_msg(
        manifest_open(&m, DATASET_SYNTHETIC, (struct reading){0}, dir, NULL, 1, &e), "%s", e.msg);
    ck_assert(m.drawn);
    ck_assert_uint_eq(m.n_aside, 0);
    memcpy(out, m.fingerprint, SHA256_HEX);
    size_t n = m.n;
    manifest_close(&m);
    return n;
}

START_TEST(a_set_is_its_recipe) {
    char a[SHA256_HEX], b[SHA256_HEX];
    write_ok(30, 16, 3, 1);
    ck_assert_uint_eq(fingerprint_of(a), 30);
    write_ok(30, 16, 3, 3); /* over the first */
    fingerprint_of(b);
    ck_assert_str_eq(a, b);
    write_ok(12, 16, 4, 2); /* fewer, others: none of the first may stay */
    ck_assert_uint_eq(fingerprint_of(b), 12);
    ck_assert_str_ne(a, b);
}
END_TEST

START_TEST(an_interrupted_drawing_is_gone_over) {
    char a[SHA256_HEX], b[SHA256_HEX];
    write_ok(9, 16, 3, 1);
    fingerprint_of(a);
    folder_put_text(dir, SYNTH_MARK, "dmtl synthetic 1 n=9 px=16 seed=3 unfinished\n");
    ck_assert_int_eq(synth_state_of(dir), SYNTH_UNFINISHED);
    write_ok(9, 16, 3, 1);
    ck_assert_int_eq(synth_state_of(dir), SYNTH_DRAWN);
    fingerprint_of(b);
    ck_assert_str_eq(a, b);
}
END_TEST

static void expect_refusal(const char *text) {
    struct err e = {0};
    ck_assert(!synth_write(dir, 3, 16, 1, 1, &e));
    ck_assert_msg(strstr(e.msg, text), "\"%s\" is not in: %s", text, e.msg);
    ck_assert_int_eq(err_exit_code(&e), 2);
}

/* Nothing that this command did not draw is touched, whatever its name. */
START_TEST(folders_of_others_are_refused) {
    folder_put_text(dir, "20_0_0_1.jpg", "mine");
    expect_refusal("holds \"20_0_0_1.jpg\", which this command did not draw");
    folder_remove(dir);
    dir = folder_new();
    write_ok(3, 16, 1, 1);
    folder_put_text(dir, "holiday\n.jpg", "mine");
    expect_refusal("holds \"holiday\\n.jpg\"");
    char *path = path_join(dir, "holiday\n.jpg");
    ck_assert(file_exists(path));
    free(path);
    folder_put_text(dir, SYNTH_MARK, "something else");
    expect_refusal("is no mark of this version");
}
END_TEST

START_TEST(a_place_that_cannot_be_written) {
    struct err e = {0};
    ck_assert(!synth_write("/proc/faces", 3, 16, 1, 1, &e));
    ck_assert_ptr_nonnull(strstr(e.msg, "/proc/faces: cannot make this folder"));
}
END_TEST

Suite *synth_suite(void) {
    Suite *s = suite_create("synth");
    TCase *c = tcase_create("synth");
    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, a_face_is_its_seed_and_item);
    tcase_add_loop_test(c, looks_follow_the_labels, 0, ATTR_COUNT);
    tcase_add_test(c, a_set_is_its_recipe);
    tcase_add_test(c, an_interrupted_drawing_is_gone_over);
    tcase_add_test(c, folders_of_others_are_refused);
    tcase_add_test(c, a_place_that_cannot_be_written);
    suite_add_tcase(s, c);
    return s;
}
