/* The disk that loses its power, by itself: what it may forget, and what it may not. */
#include "check_folder.h"
#include "check_suites.h"
#include "fixture_disk.h"

#include "core/file.h"
#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

static char *dir;

static void set_up(void) {
    dir = folder_new();
}

static void tear_down(void) {
    folder_remove(dir);
}

/* What `name` holds once the power is back, or "none"; the caller frees. */
static char *left(const struct disk *d, enum disk_fate fate, struct rng *chance, const char *name) {
    struct err e = {0};
    char *folder = path_join(dir, "left"), *path = path_join(folder, name);
    disk_put(d, fate, chance, folder);
    char *text = file_exists(path) ? file_read(path, 4096, NULL, &e) : xstrdup("none");
    dir_remove(folder);
    free(path);
    free(folder);
    return text;
}

static void left_is(const struct disk *d, enum disk_fate fate, const char *name, const char *want) {
    char *text = left(d, fate, NULL, name);
    ck_assert_str_eq(text, want);
    free(text);
}

START_TEST(the_disk_keeps_what_was_synced) {
    static unsigned char old[] = "old", new[] = "new";
    static char a[] = "a", b[] = "b", folder[] = "";
    struct disk_op create = {DISK_CREATE, .path = a}, sync = {DISK_SYNC, .path = a},
                   sync_folder = {DISK_SYNC, .path = folder},
                   write = {DISK_WRITE, .path = a, .bytes = old, .n = 3},
                   again = {DISK_WRITE, .path = a, .bytes = new, .n = 3},
                   rename = {DISK_RENAME, .path = a, .to = b};
    struct disk *d = disk_new();
    disk_apply(d, &create);
    disk_apply(d, &write);
    disk_apply(d, &sync);
    left_is(d, DISK_SYNCED, "a", "none");
    left_is(d, DISK_ALL, "a", "old");
    disk_apply(d, &sync_folder);
    disk_apply(d, &again);
    left_is(d, DISK_SYNCED, "a", "old");
    left_is(d, DISK_ALL, "a", "new");
    disk_apply(d, &rename);
    left_is(d, DISK_SYNCED, "b", "none");
    left_is(d, DISK_SYNCED, "a", "old");
    left_is(d, DISK_ALL, "b", "new");
    disk_apply(d, &sync_folder);
    left_is(d, DISK_SYNCED, "b", "old");
    disk_free(d);
}
END_TEST

/* Two sectors are written over two others: all four mixes are seen, and no other bytes. */
START_TEST(the_disk_tears_between_sectors) {
    static unsigned char old[1024], new[1024];
    static char a[] = "a", folder[] = "";
    struct disk_op ops[] = {{DISK_CREATE, .path = a}, {DISK_SYNC, .path = folder},
        {DISK_WRITE, .path = a, .bytes = old, .n = 1024}, {DISK_SYNC, .path = a},
        {DISK_WRITE, .path = a, .bytes = new, .n = 1024}};
    struct rng chance = rng_open(12, RNG_TEST, 0, 0);
    struct disk *d = disk_new();
    int seen[2][2] = {{0}};
    memset(old, 'o', sizeof old);
    memset(new, 'n', sizeof new);
    for (size_t i = 0; i < ARRAY_LEN(ops); i++)
        disk_apply(d, &ops[i]);
    for (int i = 0; i < 400; i++) {
        char *text = left(d, DISK_MIXED, &chance, "a");
        ck_assert_uint_eq(strlen(text), 1024);
        ck_assert_uint_eq(strspn(text, (char[]){*text, '\0'}) % 512, 0);
        ck_assert_uint_eq(strspn(text + 512, (char[]){text[512], '\0'}), 512);
        seen[*text == 'n'][text[512] == 'n']++;
        free(text);
    }
    for (int i = 0; i < 4; i++)
        ck_assert_int_gt(seen[i / 2][i % 2], 0);
    disk_free(d);
}
END_TEST

Suite *disk_suite(void) {
    Suite *s = suite_create("disk");
    TCase *c = tcase_create("disk");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, the_disk_keeps_what_was_synced);
    tcase_add_test(c, the_disk_tears_between_sectors);
    suite_add_tcase(s, c);
    return s;
}
