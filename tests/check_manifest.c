#include "check_folder.h"
#include "check_suites.h"

#include "core/file.h"
#include "core/mem.h"
#include "data/hashes.h"
#include "data/manifest.h"
#include "data/synth.h"
#include "data/utkface.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Names as they are in UTKFace, then made-up ones. `reason` NULL: usable. */
static const struct {
    const char *name;
    int age, gender, race;
    const char *reason;
} names[] = {
    {"100_0_0_20170112213500903.jpg.chip.jpg", 100, 0, 0, NULL},
    {"24_0_1_20170116220224657 .jpg.chip.jpg", 24, 0, 1, NULL},
    {"55_0_0_20170116232725357jpg.chip.jpg", 55, 0, 0, NULL},
    {"14_0_0_2017011022340900.jpg.chip.jpg", 14, 0, 0, NULL},
    {"7_1_4.PNG", 7, 1, 4, NULL},
    {"61_1_20170109150557335.jpg.chip.jpg", 0, 0, 0, "name has no race field"},
    {"53__0_20170116184028385.jpg", 0, 0, 0, "name has no gender field"},
    {"1_0.jpg", 0, 0, 0, "name's gender field is no whole number"},
    {"117_0_0_1.jpg", 0, 0, 0, "name's age field is 117, expected 0 to 116"},
    {"30_2_0_1.jpg", 0, 0, 0, "name's gender field is 2, expected 0 to 1"},
    {"30_0_5_1.jpg", 0, 0, 0, "name's race field is 5, expected 0 to 4"},
    {"30_0_-1_1.jpg", 0, 0, 0, "name's race field is no whole number"},
    {"portrait.jpg", 0, 0, 0, "name's age field is no whole number"},
    {"_0_1_1.jpg", 0, 0, 0, "name has no age field"},
    {"30_0_1_1.gif", 0, 0, 0, "name does not end in .jpg, .jpeg or .png"},
    {".jpg", 0, 0, 0, "name does not end in .jpg, .jpeg or .png"},
    {"", 0, 0, 0, "name does not end in .jpg, .jpeg or .png"},
};

START_TEST(name_gives_labels_or_a_reason) {
    int16_t label[ATTR_COUNT] = {-7, -7, -7};
    char *reason = utkface_parse_name(names[_i].name, label);
    if (names[_i].reason) {
        ck_assert_ptr_nonnull(reason);
        ck_assert_str_eq(reason, names[_i].reason);
    } else {
        ck_assert_ptr_null(reason);
        ck_assert_int_eq(label[ATTR_AGE], names[_i].age);
        ck_assert_int_eq(label[ATTR_GENDER], names[_i].gender);
        ck_assert_int_eq(label[ATTR_RACE], names[_i].race);
    }
    free(reason);
}
END_TEST

static char *dir, *cache;

static void setup(void) {
    dir = folder_new();
    cache = folder_new();
}

static void teardown(void) {
    folder_remove(dir);
    folder_remove(cache);
}

START_TEST(samples_are_sorted_and_the_rest_has_its_reason) {
    folder_put_text(dir, "9_1_2_b.jpg", "nine");
    folder_put_text(dir, "10_0_0_a.jpg", "ten");
    folder_put_text(dir, "61_1_20170109150557335.jpg", "x");
    folder_put_text(dir, "notes.txt", "x");
    folder_put_text(dir, ".hidden.jpg", "x");
    free(folder_sub(dir, "5_0_0_folder.jpg"));
    struct manifest m;
    struct err e = {0};
    ck_assert_msg(
        manifest_open(&m, DATASET_UTKFACE, (struct reading){0}, dir, NULL, 2, &e), "%s", e.msg);
    ck_assert_uint_eq(m.n, 2);
    ck_assert_str_eq(m.samples[0].id, "10_0_0_a.jpg"); /* bytes: '1' < '9' */
    ck_assert_str_eq(m.samples[1].file, "9_1_2_b.jpg");
    ck_assert_int_eq(m.samples[1].label[ATTR_RACE], 2);
    char ten[SHA256_HEX];
    sha256_bytes("ten", 3, ten);
    ck_assert_str_eq(m.samples[0].content, ten);
    ck_assert_uint_eq(m.n_aside, 3);
    ck_assert_str_eq(m.aside[0].file, "5_0_0_folder.jpg/");
    ck_assert_str_eq(m.aside[1].reason, "name has no race field");
    ck_assert_str_eq(m.aside[2].file, "notes.txt");
    ck_assert(!m.drawn);
    manifest_close(&m);
}
END_TEST

/* What is named like an image and is none: opening the pipe would wait for ever. A link to a file serves. */
START_TEST(links_and_pipes) {
    char *pipe = path_join(dir, "20_0_0_pipe.jpg"), *lost = path_join(dir, "21_0_0_lost.jpg");
    char *link = path_join(dir, "22_0_0_link.jpg"), *loop = path_join(dir, "23_0_0_loop.jpg");
    folder_put_text(dir, "24_0_0_file.jpg", "image");
    ck_assert_int_eq(mkfifo(pipe, 0666), 0);
    ck_assert_int_eq(symlink("/nowhere/image.jpg", lost), 0);
    ck_assert_int_eq(symlink("24_0_0_file.jpg", link), 0);
    ck_assert_int_eq(symlink("23_0_0_loop.jpg", loop), 0);
    struct manifest m;
    struct err e = {0};
    ck_assert_msg(
        manifest_open(&m, DATASET_UTKFACE, (struct reading){0}, dir, NULL, 2, &e), "%s", e.msg);
    ck_assert_uint_eq(m.n, 2);
    ck_assert_str_eq(m.samples[0].file, "22_0_0_link.jpg");
    ck_assert_str_eq(m.samples[0].content, m.samples[1].content);
    ck_assert_uint_eq(m.n_aside, 3);
    ck_assert_str_eq(m.aside[0].reason, "is no regular file");
    ck_assert_str_eq(m.aside[1].reason, "is a link that leads to no file");
    ck_assert_str_eq(m.aside[2].file, "23_0_0_loop.jpg");
    manifest_close(&m);
    free(pipe);
    free(lost);
    free(link);
    free(loop);
}
END_TEST

static void fingerprint_of(char *out) {
    struct manifest m;
    struct err e = {0};
    ck_assert_msg(
        manifest_open(&m, DATASET_UTKFACE, (struct reading){0}, dir, cache, 2, &e), "%s", e.msg);
    memcpy(out, m.fingerprint, SHA256_HEX);
    manifest_close(&m);
}

static void rename_in(const char *from, const char *to) {
    char *a = path_join(dir, from), *b = path_join(dir, to);
    ck_assert_int_eq(rename(a, b), 0);
    free(a);
    free(b);
}

/* Same size, other content, time moved by a second: the cache must see it. */
START_TEST(fingerprint_follows_content_and_labels) {
    char first[SHA256_HEX], again[SHA256_HEX], content[SHA256_HEX], labels[SHA256_HEX];
    folder_put_text(dir, "10_0_0_a.jpg", "ten");
    folder_put_text(dir, "9_1_2_b.jpg", "nine");
    fingerprint_of(first);
    fingerprint_of(again);
    ck_assert_str_eq(first, again);
    folder_put_text(dir, "notes.txt", "x");
    fingerprint_of(again);
    ck_assert_str_eq(first, again);
    folder_put_text(dir, "10_0_0_a.jpg", "TEN");
    char *path = path_join(dir, "10_0_0_a.jpg");
    struct timespec later[2] = {{.tv_sec = 2000000000}, {.tv_sec = 2000000000}};
    ck_assert_int_eq(utimensat(AT_FDCWD, path, later, 0), 0);
    free(path);
    fingerprint_of(content);
    ck_assert_str_ne(first, content);
    rename_in("10_0_0_a.jpg", "11_0_0_a.jpg");
    fingerprint_of(labels);
    ck_assert_str_ne(content, labels);
}
END_TEST

/* The cache is taken where the stamp holds: a wrong hash put there by hand shows. */
START_TEST(hashes_come_from_the_cache) {
    char a[SHA256_HEX], b[SHA256_HEX], truth[SHA256_HEX];
    struct hash_item items[] = {{"1_0_0_\n.jpg", a}, {"2_0_0_x.jpg", b}};
    folder_put_text(dir, items[0].file, "one");
    folder_put_text(dir, items[1].file, "two");
    struct err e = {0};
    ck_assert_msg(hashes_fill(items, 2, dir, cache, 1, &e), "%s", e.msg);
    sha256_bytes("one", 3, truth);
    ck_assert_str_eq(a, truth);
    char command[512];
    snprintf(command, sizeof command, "sed -i 's/^%.60s/%060d/' %s/hashes-*", truth, 7, cache);
    ck_assert_int_eq(system(command), 0);
    ck_assert_msg(hashes_fill(items, 2, dir, cache, 1, &e), "%s", e.msg);
    ck_assert_str_ne(a, truth);
    ck_assert_int_eq(a[0], '0');
    snprintf(command, sizeof command, "printf 'dmtl content hashes 1\\nrubbish' > %s/$(ls %s)",
        cache, cache);
    ck_assert_int_eq(system(command), 0);
    ck_assert_msg(hashes_fill(items, 2, dir, cache, 1, &e), "%s", e.msg);
    ck_assert_str_eq(a, truth);
}
END_TEST

static void expect_error(enum dataset_id set, const char *root, const char *text) {
    struct manifest m;
    struct err e = {0};
    ck_assert(!manifest_open(&m, set, (struct reading){0}, root, NULL, 1, &e));
    ck_assert_msg(strstr(e.msg, text), "\"%s\" is not in: %s", text, e.msg);
    ck_assert_int_eq(err_exit_code(&e), 2);
}

START_TEST(folders_that_do_not_serve) {
    expect_error(DATASET_UTKFACE, "/nowhere/faces", "/nowhere/faces: there is no such folder");
    expect_error(DATASET_UTKFACE, "/nowhere/faces", "AGE_GENDER_RACE_TIME.jpg");
    expect_error(DATASET_UTKFACE, dir, "the folder is empty; expected a folder of images");
    folder_put_text(dir, "a\n\"b\".jpg", "x");
    expect_error(DATASET_UTKFACE, dir,
        "none of its 1 files has a usable name (\"a\\n\\\"b\\\".jpg\": name's age field");
    folder_put_text(dir, "20_0_0_x.jpg", "x");
    expect_error(DATASET_SYNTHETIC, dir, "was not drawn by dmtl (no drawn-by-dmtl.txt in it)");
    folder_put_text(dir, SYNTH_MARK, "dmtl synthetic 1 n=1 px=8 seed=1 unfinished\n");
    expect_error(DATASET_SYNTHETIC, dir, "drawing was interrupted");
}
END_TEST

START_TEST(a_drawn_folder_is_known_under_any_set) {
    folder_put_text(dir, "20_0_0_x.jpg", "x");
    folder_put_text(dir, SYNTH_MARK, "dmtl synthetic 1 n=1 px=8 seed=1 finished\n");
    struct manifest m;
    struct err e = {0};
    ck_assert_msg(
        manifest_open(&m, DATASET_UTKFACE, (struct reading){0}, dir, NULL, 1, &e), "%s", e.msg);
    ck_assert(m.drawn);
    ck_assert_uint_eq(m.n_aside, 0);
    manifest_close(&m);
}
END_TEST

START_TEST(a_cache_folder_that_cannot_be_written) {
    folder_put_text(dir, "20_0_0_x.jpg", "x");
    struct manifest m;
    struct err e = {0};
    ck_assert(
        !manifest_open(&m, DATASET_UTKFACE, (struct reading){0}, dir, "/proc/nothing", 1, &e));
    ck_assert_msg(strstr(e.msg, "/proc/nothing") && strstr(e.msg, "cache folder"), "%s", e.msg);
}
END_TEST

/* The counts of the literature's section on label problems, on the real files. */
START_TEST(utkface_counts) {
    const char *data = getenv("DMTL_DATA");
    if (!data || !*data) {
        printf("skipped: utkface_counts: DMTL_DATA names no folder with utkface/\n");
        return;
    }
    static const int genders[] = {12390, 11314}, races[] = {10078, 4525, 3434, 3975, 1692};
    char *root = path_join(data, "utkface");
    struct manifest m;
    struct err e = {0};
    ck_assert_msg(
        manifest_open(&m, DATASET_UTKFACE, (struct reading){0}, root, cache, 2, &e), "%s", e.msg);
    ck_assert_uint_eq(m.n, 23704);
    ck_assert_uint_eq(m.n_aside, 3);
    int gender[2] = {0}, race[5] = {0}, first = 200, last = 0;
    for (size_t i = 0; i < m.n; i++) {
        const int16_t *label = m.samples[i].label;
        gender[label[ATTR_GENDER]]++;
        race[label[ATTR_RACE]]++;
        first = label[ATTR_AGE] < first ? label[ATTR_AGE] : first;
        last = label[ATTR_AGE] > last ? label[ATTR_AGE] : last;
    }
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(gender[i], genders[i]);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(race[i], races[i]);
    ck_assert_int_eq(first, 1);
    ck_assert_int_eq(last, 116);
    manifest_close(&m);
    free(root);
}
END_TEST

Suite *manifest_suite(void) {
    Suite *s = suite_create("manifest");
    TCase *c = tcase_create("manifest");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, name_gives_labels_or_a_reason, 0, (int)ARRAY_LEN(names));
    tcase_add_test(c, samples_are_sorted_and_the_rest_has_its_reason);
    tcase_add_test(c, links_and_pipes);
    tcase_add_test(c, fingerprint_follows_content_and_labels);
    tcase_add_test(c, hashes_come_from_the_cache);
    tcase_add_test(c, folders_that_do_not_serve);
    tcase_add_test(c, a_drawn_folder_is_known_under_any_set);
    tcase_add_test(c, a_cache_folder_that_cannot_be_written);
    tcase_add_test(c, utkface_counts);
    suite_add_tcase(s, c);
    return s;
}
