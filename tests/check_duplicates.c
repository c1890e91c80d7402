/* Identical and near-identical images: prints, pairs of them, groups, and the real ones of UTKFace. */
#include "check_suites.h"

#include "check_folder.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/rng.h"
#include "core/str.h"
#include "data/duplicates.h"
#include "data/joined.h"
#include "data/near.h"
#include "data/noise_floor.h"
#include "data/split.h"
#include "data/synth.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *dir, *cache;

static void make_folders(void) {
    dir = folder_new();
    cache = folder_new();
}

static void drop_folders(void) {
    folder_remove(dir);
    folder_remove(cache);
}

/* ---- prints ---- */

static struct image image_new(int width, int height) {
    return (struct image){width, height, xcalloc((size_t)3 * width * height, 1)};
}

static void paint(struct image *im, int x, int y, int r, int g, int b) {
    const uint8_t rgb[] = {(uint8_t)r, (uint8_t)g, (uint8_t)b};
    memcpy(im->rgb + (size_t)3 * (y * im->width + x), rgb, sizeof rgb);
}

/* 48 x 32: a value is 1.5 columns of one line. Columns of 30, 90, 60: (30 + 90 / 2) / 1.5 = 50 and
 * (90 / 2 + 60) / 1.5 = 70. Of one pixel of (10, 20, 30): 2.99 + 11.74 + 3.42 = 18.15. */
START_TEST(values_are_means_of_brightness) {
    uint8_t print[PRINT_VALUES];
    struct image im = image_new(48, 32);
    for (int y = 0; y < 32; y++)
        for (int x = 0; x < 3; x++) {
            int grey = x == 0 ? 30 : x == 1 ? 90 : 60;
            paint(&im, x, y, grey, grey, grey);
        }
    print_of(print, &im);
    for (int y = 0; y < PRINT_SIDE; y++) {
        ck_assert_int_eq(print[y * PRINT_SIDE], 50);
        ck_assert_int_eq(print[y * PRINT_SIDE + 1], 70);
        ck_assert_int_eq(print[y * PRINT_SIDE + 2], 0);
    }
    image_free(&im);
    im = image_new(1, 1);
    paint(&im, 0, 0, 10, 20, 30);
    print_of(print, &im);
    for (int i = 0; i < PRINT_VALUES; i++)
        ck_assert_int_eq(print[i], 18);
    image_free(&im);
}
END_TEST

/* 64 x 64, of each 2 x 2 pixels one white: 255 / 4 = 63.75, rounded 64. Rows and columns are not exchanged. */
START_TEST(values_stand_where_the_pixels_do) {
    uint8_t print[PRINT_VALUES];
    struct image im = image_new(64, 64);
    for (int y = 0; y < 8; y += 2)
        paint(&im, 63, y, 255, 255, 255);
    print_of(print, &im);
    for (int i = 0; i < PRINT_VALUES; i++)
        ck_assert_int_eq(print[i], i % PRINT_SIDE == 31 && i / PRINT_SIDE < 4 ? 64 : 0);
    image_free(&im);
}
END_TEST

/* ---- pairs ---- */

static double correlation(const uint8_t *x, const uint8_t *y, bool mirrored) {
    double sx = 0, sy = 0, xx = 0, yy = 0, xy = 0, n = PRINT_VALUES;
    for (int i = 0; i < PRINT_VALUES; i++) {
        int j = mirrored ? i / PRINT_SIDE * PRINT_SIDE + PRINT_SIDE - 1 - i % PRINT_SIDE : i;
        sx += x[i];
        sy += y[j];
        xx += x[i] * x[i];
        yy += y[j] * y[j];
        xy += x[i] * y[j];
    }
    return (n * xy - sx * sy) / sqrt((n * xx - sx * sx) * (n * yy - sy * sy));
}

/* Smooth pictures, as prints of photographs are: each value of a coarse random pattern over 4 x 4 of the print,
 * with noise that grows from pair to pair, so that correlations lie on both sides of the bound; each second one
 * is mirrored. */
enum { PICTURES = 300 };
static void draw_prints(uint8_t *prints) {
    for (uint32_t i = 0; i < PICTURES; i++) {
        struct rng pattern = rng_open(1, RNG_SPLIT, i / 4, 0), own = rng_open(2, RNG_SPLIT, i, 0);
        int coarse[64];
        for (int k = 0; k < 64; k++)
            coarse[k] = 60 + (int)(120 * rng_uniform(&pattern));
        for (int y = 0; y < PRINT_SIDE; y++)
            for (int x = 0; x < PRINT_SIDE; x++) {
                int at = i % 2 ? PRINT_SIDE - 1 - x : x;
                double noise = (rng_uniform(&own) - 0.5) * 0.4 * (double)i;
                prints[i * PRINT_VALUES + (uint32_t)(y * PRINT_SIDE + at)] =
                    (uint8_t)(coarse[y / 4 * 8 + x / 4] + noise);
            }
    }
}

/* How many sets n prints make; the first of each one's set in `root`. */
static size_t sets_of(
    uint32_t *root, const uint8_t *prints, const uint8_t *decoded, uint32_t n, int threads) {
    struct err e = {0};
    size_t sets = 0;
    for (uint32_t i = 0; i < n; i++)
        root[i] = i;
    ck_assert_msg(near_join(root, prints, decoded, n, threads, &e), "%s", e.msg);
    for (uint32_t i = 0; i < n; i++) {
        root[i] = joined_root(root, i);
        sets += root[i] == i;
    }
    return sets;
}

/* Each pair by itself, then all together, against sets joined by the correlations. */
START_TEST(no_pair_is_missed) {
    static uint32_t expected[PICTURES], root[PICTURES], again[PICTURES];
    uint8_t *prints = xcalloc(PICTURES, PRINT_VALUES), *pair = xcalloc(2, PRINT_VALUES),
            decoded[PICTURES];
    size_t n = 0, mirrored = 0;
    memset(decoded, 1, sizeof decoded);
    draw_prints(prints);
    for (uint32_t i = 0; i < PICTURES; i++)
        expected[i] = i;
    for (uint32_t i = 0; i < PICTURES; i++)
        for (uint32_t j = i + 1; j < PICTURES; j++) {
            const uint8_t *x = prints + i * PRINT_VALUES, *y = prints + j * PRINT_VALUES;
            bool plain = correlation(x, y, false) >= NEAR_CORRELATION,
                 turned = correlation(x, y, true) >= NEAR_CORRELATION;
            memcpy(pair, x, PRINT_VALUES);
            memcpy(pair + PRINT_VALUES, y, PRINT_VALUES);
            ck_assert_uint_eq(sets_of(root, pair, decoded, 2, 1), plain || turned ? 1 : 2);
            mirrored += turned && !plain;
            n += plain || turned;
            if (plain || turned)
                joined_join(expected, i, j);
        }
    ck_assert_uint_gt(mirrored, 20);
    ck_assert_uint_gt(n, mirrored);
    ck_assert_uint_lt(
        n, 3 * PICTURES / 2); /* of the 450 that share a pattern some are no more near */
    size_t sets = sets_of(root, prints, decoded, PICTURES, 1);
    ck_assert_uint_lt(sets, PICTURES);
    for (uint32_t i = 0; i < PICTURES; i++)
        ck_assert_uint_eq(root[i], joined_root(expected, i));
    ck_assert_uint_eq(sets_of(again, prints, decoded, PICTURES, 3), sets);
    ck_assert_int_eq(memcmp(root, again, sizeof root), 0);
    free(pair);
    free(prints);
}
END_TEST

/* Two that are all black, two that are equal but do not count. */
START_TEST(flat_and_missing_prints_are_near_nothing) {
    uint8_t prints[4 * PRINT_VALUES] = {0}, decoded[] = {1, 1, 0, 0};
    uint32_t root[4];
    for (int i = 0; i < PRINT_VALUES; i++)
        prints[2 * PRINT_VALUES + i] = prints[3 * PRINT_VALUES + i] = (uint8_t)i;
    ck_assert_uint_eq(sets_of(root, prints, decoded, 4, 1), 4);
    decoded[2] = decoded[3] = 1;
    ck_assert_uint_eq(sets_of(root, prints, decoded, 4, 1), 3);
    ck_assert_uint_eq(sets_of(root, prints, decoded, 0, 1), 0);
}
END_TEST

/* ---- groups of a set ---- */

/* Six drawn faces of years 20 to 25 in UTKFace's layout, and of the first a copy, a mirrored one of half the size
 * and one compressed hard; two copies of the second; two files that do not decode, with the same bytes. */
static void put_copy(
    const char *name, const struct image *im, bool mirror, int shrink, int quality) {
    struct err e = {0};
    struct image out = image_new(im->width / shrink, im->height / shrink);
    for (int y = 0; y < out.height; y++)
        for (int x = 0; x < out.width; x++) {
            int u = shrink * (mirror ? out.width - 1 - x : x), v = shrink * y;
            memcpy(out.rgb + (size_t)3 * (y * out.width + x),
                im->rgb + (size_t)3 * (v * im->width + u), 3);
        }
    char *path = path_join(dir, name);
    ck_assert_msg(image_write_jpeg(path, &out, quality, &e), "%s", e.msg);
    free(path);
    image_free(&out);
}

static void put_faces(void) {
    struct err e = {0};
    char *drawn = folder_new(), name[64];
    struct manifest m;
    ck_assert_msg(synth_write(drawn, 6, 96, 1, 1, &e), "%s", e.msg);
    ck_assert_msg(
        manifest_open(&m, DATASET_SYNTHETIC, (struct reading){0}, drawn, NULL, 1, &e), "%s", e.msg);
    for (size_t i = 0; i < m.n; i++) {
        size_t n;
        char *path = path_join(drawn, m.samples[i].file), *bytes = file_read(path, 1 << 20, &n, &e);
        struct image im;
        ck_assert(bytes && image_decode(&im, path, (const uint8_t *)bytes, n, &e));
        snprintf(name, sizeof name, "%zu_0_0_1.jpg", 20 + i);
        folder_put(dir, name, bytes, n);
        if (i == 0) {
            folder_put(dir, "30_0_0_1.jpg", bytes, n);
            put_copy("31_0_0_1.jpg", &im, true, 2, 90);
            put_copy("32_0_0_1.jpg", &im, false, 1, 15);
        } else if (i == 1) {
            folder_put(dir, "40_0_0_1.jpg", bytes, n);
            folder_put(dir, "41_0_0_1.jpg", bytes, n);
        }
        image_free(&im);
        free(bytes);
        free(path);
    }
    folder_put_text(dir, "50_0_0_1.jpg", "no image");
    folder_put_text(dir, "51_0_0_1.jpg", "no image");
    manifest_close(&m);
    folder_remove(drawn);
}

static struct manifest open_faces(void) {
    struct err e = {0};
    struct manifest m;
    ck_assert_msg(
        manifest_open(&m, DATASET_UTKFACE, (struct reading){0}, dir, cache, 2, &e), "%s", e.msg);
    return m;
}

/* By age: 20 to 25, 30 to 32, 40 and 41, 50 and 51. */
static void groups_are(
    const struct manifest *m, enum split_duplicates kind, const int32_t *wanted) {
    int32_t *group = duplicate_groups(m, kind);
    ck_assert_uint_eq(m->n, 13);
    for (size_t i = 0; i < m->n; i++)
        ck_assert_msg(group[i] == wanted[i], "%s: %d", m->samples[i].id, (int)group[i]);
    free(group);
}

static const int32_t near_groups[] = {0, 1, -1, -1, -1, -1, 0, 0, 0, 1, 1, 2, 2},
                     identical_groups[] = {0, 1, -1, -1, -1, -1, 0, -1, -1, 1, 1, 2, 2},
                     no_groups[] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};

START_TEST(copies_are_one_group) {
    struct err e = {0};
    put_faces();
    struct manifest m = open_faces();
    groups_are(&m, DUPLICATES_IDENTICAL, identical_groups);
    groups_are(&m, DUPLICATES_APART, no_groups);
    ck_assert_int_eq(m.samples[0].duplicate_group, -1);
    ck_assert_msg(duplicates_mark(&m, NULL, 2, &e), "%s", e.msg);
    groups_are(&m, DUPLICATES_NEAR, near_groups);
    groups_are(&m, DUPLICATES_IDENTICAL, identical_groups);
    manifest_close(&m);
}
END_TEST

static void remove_image(const char *name) {
    char *path = path_join(dir, name);
    ck_assert_int_eq(unlink(path), 0);
    free(path);
}

/* With prints in the cache no image is read; without, one that is gone is an error with its name. */
START_TEST(prints_are_kept) {
    struct err e = {0};
    put_faces();
    struct manifest m = open_faces(), again = open_faces(), without = open_faces();
    ck_assert_msg(duplicates_mark(&m, cache, 2, &e), "%s", e.msg);
    remove_image("25_0_0_1.jpg");
    ck_assert_msg(duplicates_mark(&again, cache, 2, &e), "%s", e.msg);
    groups_are(&again, DUPLICATES_NEAR, near_groups);
    ck_assert(!duplicates_mark(&without, NULL, 2, &e));
    ck_assert_ptr_nonnull(strstr(e.msg, "looking for duplicates in "));
    ck_assert_ptr_nonnull(strstr(e.msg, "25_0_0_1.jpg"));
    ck_assert(!without.duplicates_known);
    manifest_close(&m);
    manifest_close(&again);
    manifest_close(&without);
}
END_TEST

/* Another file: its print is added. A byte that changed: every print is made again. */
START_TEST(a_cache_grows_and_is_not_trusted) {
    struct err e = {0};
    put_faces();
    struct manifest m = open_faces();
    ck_assert(duplicates_mark(&m, cache, 1, &e));
    char *real = realpath(dir, NULL), key[SHA256_HEX];
    sha256_bytes(real, strlen(real), key);
    char *name = xasprintf("prints-%.16s.bin", key), *path = path_join(cache, name);
    size_t n, more;
    char *bytes = file_read(path, 1 << 20, &n, &e);
    ck_assert_msg(bytes != NULL, "%s", e.msg);
    bytes[n / 2] ^= 1;
    folder_put(cache, name, bytes, n);
    struct manifest again = open_faces();
    ck_assert(duplicates_mark(&again, cache, 1, &e));
    groups_are(&again, DUPLICATES_NEAR, near_groups);
    bytes[n / 2] ^= 1;
    char *repaired = file_read(path, 1 << 20, &more, &e);
    ck_assert(repaired && more == n && memcmp(repaired, bytes, n) == 0);
    manifest_close(&again);
    struct image grey = image_new(40, 40);
    paint(&grey, 1, 1, 255, 255, 255);
    put_copy("60_0_0_1.jpg", &grey, false, 1, 90);
    image_free(&grey);
    again = open_faces();
    ck_assert(duplicates_mark(&again, cache, 1, &e));
    free(repaired);
    repaired = file_read(path, 1 << 20, &more, &e);
    ck_assert_uint_eq(more, n + SHA256_HEX + PRINT_VALUES); /* a content of 64, a state, a print */
    free(repaired);
    free(bytes);
    free(path);
    free(name);
    free(real);
    manifest_close(&m);
    manifest_close(&again);
}
END_TEST

/* ---- labels of copies ---- */

/* Groups of ages {20, 20, 26}, {30, 31} and {40, none}; genders {0, 1, 1}, {0, none} and {1, 1}. Age: of the first
 * group (0 + 6) / 2 = 3, 3 and (6 + 6) / 2 = 6, of the second 1 and 1, so 14 / 5 = 2.8; another copy differs in
 * 1/2, 1/2, 1, 1, 1 of the draws, 4 / 5. Gender: 1, 1/2, 1/2, 0, 0: 2 / 5. */
START_TEST(the_noise_floor_is_what_copies_disagree_on) {
    enum { NONE = LABEL_MISSING };
    struct sample samples[] = {{.label = {20, 0, NONE}}, {.label = {30, 0, NONE}},
        {.label = {20, 1, NONE}}, {.label = {99, 1, NONE}}, {.label = {26, 1, NONE}},
        {.label = {31, NONE, NONE}}, {.label = {40, 1, NONE}}, {.label = {NONE, 1, NONE}}};
    static const int32_t group[] = {0, 1, 0, -1, 0, 1, 2, 2};
    const struct manifest m = {.samples = samples, .n = ARRAY_LEN(samples)};
    struct noise_floor f;
    noise_floor_of(&f, &m, group);
    ck_assert_uint_eq(f.groups, 3);
    ck_assert_uint_eq(f.files, 7);
    const struct label_noise *age = &f.of[ATTR_AGE], *gender = &f.of[ATTR_GENDER],
                             *race = &f.of[ATTR_RACE];
    ck_assert(age->groups == 2 && age->files == 5 && age->conflicts == 2);
    ck_assert_double_eq_tol(age->mae, 2.8, 1e-12);
    ck_assert_double_eq_tol(age->differing, 0.8, 1e-12);
    ck_assert(gender->groups == 2 && gender->files == 5 && gender->conflicts == 1);
    ck_assert_double_eq_tol(gender->differing, 0.4, 1e-12);
    ck_assert(race->groups == 0 && race->files == 0 && isnan(race->differing));
}
END_TEST

/* ---- the real files ---- */

static void count(const struct manifest *m, enum split_duplicates kind, int *groups, int *files) {
    int32_t *group = duplicate_groups(m, kind);
    *groups = *files = 0;
    for (size_t i = 0; i < m->n; i++) {
        *files += group[i] >= 0;
        *groups = group[i] >= *groups ? group[i] + 1 : *groups;
    }
    free(group);
}

/* 23,704 x 0.2 = 4,740.8 and 18,963 x 0.1 = 1,896.3: parts are as large as without duplicates. */
static void none_is_torn(const struct manifest *m) {
    struct split s;
    struct err e = {0};
    int *part = xcalloc(m->n, sizeof *part), *of_group = xcalloc(m->n, sizeof *of_group);
    ck_assert_msg(split_random(&s, m, 1, 0.2, 0.1, DUPLICATES_NEAR, &e), "%s", e.msg);
    ck_assert_uint_eq(s.n[PART_TEST], 4741);
    ck_assert_uint_eq(s.n[PART_VALIDATION], 1896);
    for (int p = 0; p < PART_COUNT; p++)
        for (size_t i = 0; i < s.n[p]; i++)
            part[s.rows[p][i]] = p + 1;
    for (size_t i = 0; i < m->n; i++) {
        int32_t group = m->samples[i].duplicate_group;
        ck_assert(part[i] != 0);
        if (group >= 0 && of_group[group])
            ck_assert_int_eq(part[i], of_group[group]);
        if (group >= 0)
            of_group[group] = part[i];
    }
    split_free(&s);
    free(of_group);
    free(part);
}

/* 375 groups of 765 identical files is the literature's count; the near ones are this method's. */
START_TEST(utkface_duplicates) {
    const char *data = getenv("DMTL_DATA");
    if (!data || !*data) {
        printf("skipped: utkface_duplicates: DMTL_DATA names no folder with utkface/\n");
        return;
    }
    struct err e = {0};
    struct manifest m;
    int groups, files;
    char *root = path_join(data, "utkface");
    ck_assert_msg(
        manifest_open(&m, DATASET_UTKFACE, (struct reading){0}, root, cache, 2, &e), "%s", e.msg);
    ck_assert_msg(duplicates_mark(&m, cache, 2, &e), "%s", e.msg);
    count(&m, DUPLICATES_IDENTICAL, &groups, &files);
    ck_assert_int_eq(groups, 375);
    ck_assert_int_eq(files, 765);
    count(&m, DUPLICATES_NEAR, &groups, &files);
    ck_assert_int_eq(groups, 924);
    ck_assert_int_eq(files, 1941);
    none_is_torn(&m);
    struct noise_floor f;
    int32_t *group = duplicate_groups(&m, DUPLICATES_IDENTICAL);
    noise_floor_of(&f, &m, group);
    ck_assert_uint_eq(f.of[ATTR_AGE].conflicts, 205);
    ck_assert_uint_eq(f.of[ATTR_GENDER].conflicts, 40);
    ck_assert_uint_eq(f.of[ATTR_RACE].conflicts, 70);
    ck_assert_double_eq_tol(f.of[ATTR_AGE].mae, 4.248, 5e-4);
    free(group);
    manifest_close(&m);
    free(root);
}
END_TEST

Suite *duplicates_suite(void) {
    Suite *s = suite_create("duplicates");
    TCase *c = tcase_create("duplicates");
    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, make_folders, drop_folders);
    tcase_add_test(c, values_are_means_of_brightness);
    tcase_add_test(c, values_stand_where_the_pixels_do);
    tcase_add_test(c, no_pair_is_missed);
    tcase_add_test(c, flat_and_missing_prints_are_near_nothing);
    tcase_add_test(c, copies_are_one_group);
    tcase_add_test(c, prints_are_kept);
    tcase_add_test(c, a_cache_grows_and_is_not_trusted);
    tcase_add_test(c, the_noise_floor_is_what_copies_disagree_on);
    tcase_add_test(c, utkface_duplicates);
    suite_add_tcase(s, c);
    return s;
}
