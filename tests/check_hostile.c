/* A folder of images as the world has them, through manifest and pixels: each is decoded as it should be, or
 * set aside with the reason, and none of them harms its neighbours. */
#include "check_folder.h"
#include "check_suites.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/str.h"
#include "data/pixels.h"
#include "fixture_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jpeglib.h>
#include <png.h>

enum { PX = 2, ROW = 3 * PX * PX };

static char *dir, *cache;

/* *n is read after the call that makes the bytes, whatever the order of arguments. */
static void put(const char *name, uint8_t *bytes, const size_t *n) {
    folder_put(dir, name, bytes, *n);
    free(bytes);
}

static void put_jpegs(void) {
    size_t n, m;
    uint8_t *rgb = file_jpeg(3, JCS_RGB, false, 16, &n);
    put("30_0_0_grey.jpg", file_jpeg(1, JCS_GRAYSCALE, false, 16, &m), &m);
    put("30_0_0_ink.jpg", file_jpeg(4, JCS_CMYK, false, 16, &m), &m);
    put("30_0_0_inks.jpg", file_jpeg(4, JCS_YCCK, false, 16, &m), &m);
    put("30_0_0_progressive.jpg", file_jpeg(3, JCS_RGB, true, 16, &m), &m);
    put("30_0_0_wide.jpg", file_jpeg_sized(rgb, n, 30000, 30000), &n);
    put("30_0_0_turned.jpg", file_jpeg_turned(rgb, n, 6, &m), &m);
    folder_put(dir, "30_0_0_cut.jpg", rgb, n / 2);
    folder_put(dir, "30_0_0_head.jpg", rgb, 3);
    folder_put(dir, "30_0_0_bytes\xff\xfe.jpg", rgb, n); /* no UTF-8 */
    free(rgb);
}

static void put_pngs(void) {
    static const uint8_t grey[4] = {90, 90, 90, 90}, index[4] = {1, 1, 1, 1},
                         palette[8] = {1, 1, 1, 255, 90, 90, 90, 255};
    static const uint16_t deep[4] = {23130, 23130, 23130, 23130}; /* 90 x 257 */
    size_t n, m;
    uint8_t *png = file_png(PNG_FORMAT_GRAY, grey, NULL, 2, &n);
    put("30_0_0_deep.png", file_png(PNG_FORMAT_LINEAR_Y, deep, NULL, 2, &m), &m);
    put("30_0_0_palette.png", file_png(PNG_FORMAT_RGBA_COLORMAP, index, palette, 2, &m), &m);
    put("30_0_0_bomb.png", file_png_sized(png, n, 1000000, 1000000), &n);
    put("30_0_0_hollow.png", file_png_sized(png, n, 7000, 7000), &n);
    put("30_0_0_texts.png", file_png_texts(png, n, 1 << 20, 50, &m), &m);
    put("30_0_0_called.jpg", file_png(PNG_FORMAT_GRAY, grey, NULL, 2, &m), &m);
    folder_put(dir, "30_0_0_cut.png", png, n - 14);
    free(png);
}

static void put_others(void) {
    char *loop = path_join(dir, "30_0_0_loop.jpg"), *lost = path_join(dir, "30_0_0_lost.jpg");
    folder_put(dir, "30_0_0_empty.jpg", "", 0);
    folder_put_text(dir, "30_0_0_page.jpg", "<html>404</html>");
    free(folder_sub(dir, "30_0_0_folder.jpg"));
    ck_assert_int_eq(symlink("30_0_0_loop.jpg", loop), 0);
    ck_assert_int_eq(symlink("/nowhere/face.jpg", lost), 0);
    free(lost);
    free(loop);
}

static void setup(void) {
    dir = folder_new();
    cache = folder_new();
    put_jpegs();
    put_pngs();
    put_others();
}

static void teardown(void) {
    folder_remove(dir);
    folder_remove(cache);
}

static const struct {
    const char *file, *message; /* NULL: decoded, and every pixel is 90, 90, 90 */
} outcomes[] = {
    {"30_0_0_bomb.png", "is 1000000 x 1000000 pixels; read are 1 to 20000 a side"},
    {"30_0_0_bytes\xff\xfe.jpg", NULL},
    {"30_0_0_called.jpg", NULL},
    {"30_0_0_cut.jpg", "broken JPEG data: Premature end of JPEG file"},
    {"30_0_0_cut.png", "broken PNG data: the data ends too early"},
    {"30_0_0_deep.png", NULL},
    {"30_0_0_empty.jpg", "is empty, expected a JPEG or PNG image"},
    {"30_0_0_grey.jpg", NULL},
    {"30_0_0_head.jpg", "broken JPEG data: "},
    {"30_0_0_hollow.png", "broken PNG data: Not enough image data"},
    {"30_0_0_ink.jpg", "is a CMYK image; convert it to RGB"},
    {"30_0_0_inks.jpg", "is a CMYK image; convert it to RGB"},
    {"30_0_0_page.jpg",
        "its first bytes are those of neither format, expected a JPEG or PNG image"},
    {"30_0_0_palette.png", NULL},
    {"30_0_0_progressive.jpg", NULL},
    {"30_0_0_texts.png", NULL},
    {"30_0_0_turned.jpg", NULL},
    {"30_0_0_wide.jpg", "is 30000 x 30000 pixels; read are 1 to 20000 a side"},
};
static const struct {
    const char *file, *reason;
} never_listed[] = {
    {"30_0_0_folder.jpg/", "is a folder, images are looked for beside it"},
    {"30_0_0_loop.jpg", "is a link that leads to no file"},
    {"30_0_0_lost.jpg", "is a link that leads to no file"},
};

/* The message that names the row, quoted, and says why; NULL where it was decoded. */
static const char *message_of(const struct pixels *p, size_t row) {
    for (size_t i = 0; i < p->n_bad; i++)
        if (p->bad_images[i].row == row)
            return p->bad_images[i].message;
    return NULL;
}

static void check_outcome(const struct pixels *p, size_t row) {
    const char *message = message_of(p, row), *file = outcomes[row].file;
    ck_assert_int_eq(p->bad[row], message != NULL);
    if (outcomes[row].message) {
        char *name = str_quoted(file), *wanted = xasprintf("%s: %s", name, outcomes[row].message);
        ck_assert_msg(message && str_starts(message, wanted), "%s is not in: %s", wanted,
            message ? message : "nothing");
        free(wanted);
        free(name);
    } else {
        ck_assert_msg(!message, "%s", message);
        for (int k = 0; k < ROW; k++)
            ck_assert_msg(abs(p->rgb[row * ROW + (size_t)k] - 90) <= 1, "%s: value %d is %d", file,
                k, p->rgb[row * ROW + (size_t)k]);
    }
}

START_TEST(each_has_its_outcome) {
    struct manifest m;
    struct pixels p;
    struct err e = {0};
    ck_assert_msg(
        manifest_open(&m, DATASET_UTKFACE, (struct reading){0}, dir, cache, 2, &e), "%s", e.msg);
    ck_assert_uint_eq(m.n, ARRAY_LEN(outcomes));
    ck_assert_uint_eq(m.n_aside, ARRAY_LEN(never_listed));
    for (size_t i = 0; i < m.n_aside; i++) {
        ck_assert_str_eq(m.aside[i].file, never_listed[i].file);
        ck_assert_str_eq(m.aside[i].reason, never_listed[i].reason);
    }
    ck_assert_msg(pixels_open(&p, &m, PX, cache, 2, .9, NULL, NULL, &e), "%s", e.msg);
    for (size_t i = 0; i < m.n; i++) {
        ck_assert_str_eq(m.samples[i].id, outcomes[i].file);
        check_outcome(&p, i);
    }
    pixels_close(&p);
    manifest_close(&m);
}
END_TEST

Suite *hostile_suite(void) {
    Suite *s = suite_create("hostile");
    TCase *c = tcase_create("hostile");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, each_has_its_outcome);
    suite_add_tcase(s, c);
    return s;
}
