#include "check_folder.h"
#include "check_suites.h"

#include "core/file.h"
#include "core/mem.h"
#include "data/image.h"
#include "fixture_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <jpeglib.h>
#include <png.h>

static const struct {
    int width, height, out_width, out_height;
    const uint8_t *pixels;
} pillow[] = {
#include "reference/resize_pillow.inc"
};

/* The picture of tests/reference/resize_pillow.py. */
static struct image picture(int width, int height) {
    struct image im = {width, height, xmalloc((size_t)3 * width * height)};
    uint32_t state = (uint32_t)(width * 1000 + height);
    for (size_t i = 0; i < (size_t)3 * width * height; i++) {
        state = (state * 1103515245u + 12345u) % 0x80000000u;
        im.rgb[i] = state >> 28 < 5 ? (uint8_t)(state >> 16) : (state >> 20 & 1) ? 255 : 0;
    }
    return im;
}

/* The arithmetic is the same, so nothing differs. */
START_TEST(resize_is_pillows) {
    struct image im = picture(pillow[_i].width, pillow[_i].height);
    size_t n = (size_t)3 * pillow[_i].out_width * pillow[_i].out_height;
    uint8_t *out = xmalloc(n);
    struct resizer *r = resizer_new(pillow[_i].out_width, pillow[_i].out_height);
    resizer_run(r, &im, out);
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(out[i] == pillow[_i].pixels[i], "byte %zu is %d, Pillow's %d", i, out[i],
            pillow[_i].pixels[i]);
    resizer_free(r);
    free(out);
    image_free(&im);
}
END_TEST

START_TEST(a_resizer_serves_sizes_in_turn) {
    struct resizer *used = resizer_new(17, 9);
    uint8_t a[17 * 9 * 3], b[17 * 9 * 3];
    static const int sides[][2] = {{40, 31}, {5, 70}, {5, 4}, {40, 31}, {200, 3}};
    for (size_t i = 0; i < ARRAY_LEN(sides); i++) {
        struct image im = picture(sides[i][0], sides[i][1]);
        struct resizer *fresh = resizer_new(17, 9);
        resizer_run(used, &im, a);
        resizer_run(fresh, &im, b);
        ck_assert_int_eq(memcmp(a, b, sizeof a), 0);
        resizer_free(fresh);
        image_free(&im);
    }
    resizer_free(used);
}
END_TEST

START_TEST(a_flat_picture_stays_flat) {
    struct image im = {31, 13, xmalloc(3 * 31 * 13)};
    memset(im.rgb, 200, 3 * 31 * 13);
    uint8_t out[3 * 8 * 50];
    struct resizer *r = resizer_new(8, 50);
    resizer_run(r, &im, out);
    for (size_t i = 0; i < sizeof out; i++)
        ck_assert_int_eq(out[i], 200);
    resizer_free(r);
    image_free(&im);
}
END_TEST

static char *dir;

static void setup(void) {
    dir = folder_new();
}

static void teardown(void) {
    folder_remove(dir);
}

/* A red upper left corner on grey, so that every turn and mirror image differs. */
static struct image corner(int width, int height) {
    struct image im = {width, height, xmalloc((size_t)3 * width * height)};
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            static const uint8_t red[] = {250, 10, 10}, grey[] = {128, 128, 128};
            memcpy(im.rgb + 3 * ((size_t)y * width + x),
                x < width / 2 && y < height / 2 ? red : grey, 3);
        }
    return im;
}

static uint8_t *jpeg_of(const struct image *im, size_t *n) {
    struct err e = {0};
    char *path = path_join(dir, "x.jpg");
    ck_assert_msg(image_write_jpeg(path, im, 95, &e), "%s", e.msg);
    uint8_t *bytes = (uint8_t *)file_read(path, 1 << 24, n, &e);
    ck_assert_ptr_nonnull(bytes);
    free(path);
    return bytes;
}

static void expect_broken(const uint8_t *bytes, size_t n, const char *text) {
    struct image im;
    struct err e = {0};
    ck_assert_msg(!image_decode(&im, "x.jpg", bytes, n, &e), "%zu bytes decoded", n);
    ck_assert_msg(strstr(e.msg, text) == e.msg, "\"%s\" does not begin: %s", text, e.msg);
    ck_assert_ptr_null(im.rgb);
}

static bool is_red(const struct image *im, int x, int y) {
    const uint8_t *p = im->rgb + 3 * ((size_t)y * im->width + x);
    return p[0] > 200 && p[1] < 80;
}

START_TEST(jpeg_comes_back) {
    struct image im = corner(48, 32), back;
    size_t n;
    uint8_t *bytes = jpeg_of(&im, &n);
    struct err e = {0};
    ck_assert_msg(image_decode(&back, "x.jpg", bytes, n, &e), "%s", e.msg);
    ck_assert_int_eq(back.width, 48);
    ck_assert_int_eq(back.height, 32);
    ck_assert(is_red(&back, 5, 5) && !is_red(&back, 40, 5) && !is_red(&back, 5, 28));
    image_free(&back);
    image_free(&im);
    free(bytes);
}
END_TEST

/* Every prefix is refused: none gives a picture with filler in it. */
START_TEST(truncated_jpeg_is_an_error) {
    struct image im = picture(40, 40);
    size_t n;
    uint8_t *bytes = jpeg_of(&im, &n);
    expect_broken(bytes, 0, "x.jpg: is empty, expected a JPEG or PNG image");
    for (size_t cut = 3; cut < n - 1; cut += 7)
        expect_broken(bytes, cut, "x.jpg: broken JPEG data: ");
    memset(bytes + n / 2, 0xFF, 40);
    expect_broken(bytes, n, "x.jpg: broken JPEG data: ");
    image_free(&im);
    free(bytes);
}
END_TEST

START_TEST(other_bytes_are_an_error) {
    static const char text[] = "<html>404 not found</html>";
    expect_broken(
        (const uint8_t *)text, sizeof text, "x.jpg: its first bytes are those of neither");
    static const uint8_t only_magic[] = {0xFF, 0xD8, 0xFF};
    expect_broken(only_magic, 3, "x.jpg: broken JPEG data");
}
END_TEST

/* The stored picture's red corner is upper left; EXIF 2.3, tag 0x0112, says where row 0 and column 0
 * are in the upright picture: 1 top left, 2 top right, 3 bottom right, 4 bottom left, 5 left top,
 * 6 right top, 7 right bottom, 8 left bottom. */
static const struct {
    bool turned, right, bottom;
} upright[] = {{false, false, false}, {false, true, false}, {false, true, true},
    {false, false, true}, {true, false, false}, {true, true, false}, {true, true, true},
    {true, false, true}};

static void expect_red(const struct image *im, int orientation) {
    for (int corner_at = 0; corner_at < 4; corner_at++) {
        bool right = corner_at & 1, bottom = corner_at & 2;
        ck_assert_int_eq(is_red(im, right ? im->width - 3 : 2, bottom ? im->height - 3 : 2),
            right == upright[orientation - 1].right && bottom == upright[orientation - 1].bottom);
    }
}

START_TEST(exif_orientation_is_applied) {
    struct image im = corner(48, 32), back;
    size_t n, with_n;
    uint8_t *bytes = jpeg_of(&im, &n);
    uint8_t *with = file_jpeg_turned(bytes, n, (uint8_t)(_i + 1), &with_n);
    struct err e = {0};
    ck_assert_msg(image_decode(&back, "x.jpg", with, with_n, &e), "%s", e.msg);
    ck_assert_int_eq(back.width, upright[_i].turned ? 32 : 48);
    ck_assert_int_eq(back.height, upright[_i].turned ? 48 : 32);
    expect_red(&back, _i + 1);
    image_free(&back);
    image_free(&im);
    free(bytes);
    free(with);
}
END_TEST

/* Of no such value, as 9, nothing is turned. */
START_TEST(exif_orientation_of_a_png_is_applied) {
    int orientation = _i / 2 + 1;
    struct image im = corner(32, 32), back;
    size_t n, with_n;
    uint8_t *bytes = file_png(PNG_FORMAT_RGB, im.rgb, NULL, 32, &n);
    uint8_t *with = file_png_turned(bytes, n, (uint8_t)orientation, _i % 2, &with_n);
    struct err e = {0};
    ck_assert_msg(image_decode(&back, "x.png", with, with_n, &e), "%s", e.msg);
    expect_red(&back, orientation > 8 ? 1 : orientation);
    image_free(&back);
    image_free(&im);
    free(bytes);
    free(with);
}
END_TEST

START_TEST(kinds_of_jpeg) {
    struct image im;
    struct err e = {0};
    size_t n = 0;
    uint8_t *grey = file_jpeg(1, JCS_GRAYSCALE, false, 17, &n);
    ck_assert_msg(image_decode(&im, "grey", grey, n, &e), "%s", e.msg);
    ck_assert(im.rgb[0] == 90 && im.rgb[1] == 90 && im.rgb[2] == 90);
    image_free(&im);
    uint8_t *progressive = file_jpeg(3, JCS_RGB, true, 17, &n);
    ck_assert_msg(image_decode(&im, "progressive", progressive, n, &e), "%s", e.msg);
    ck_assert_int_eq(im.width, 17);
    image_free(&im);
    uint8_t *cmyk = file_jpeg(4, JCS_CMYK, false, 17, &n);
    ck_assert(!image_decode(&im, "ink.jpg", cmyk, n, &e));
    ck_assert_str_eq(e.msg, "ink.jpg: is a CMYK image; convert it to RGB");
    free(grey);
    free(progressive);
    free(cmyk);
}
END_TEST

/* The header alone decides, before memory is taken for pixels; libjpeg's own bound is 65,500 a side. */
START_TEST(sizes_have_bounds) {
    static const struct {
        unsigned width, height;
        const char *message;
    } sizes[] = {
        {60138, 60138, "x.jpg: is 60138 x 60138 pixels; read are 1 to 20000 a side"},
        {30000, 17, "x.jpg: is 30000 x 17 pixels; read are 1 to 20000 a side"},
        {17, 30000, "x.jpg: is 17 x 30000 pixels; read are 1 to 20000 a side"},
        {10000, 5001,
            "x.jpg: is 10000 x 5001 pixels; read are 1 to 20000 a side and at most 50000000"},
    };
    static const uint8_t grey[4] = {0, 50, 100, 255};
    size_t n = 0, png_n;
    uint8_t *jpeg = file_jpeg(1, JCS_GRAYSCALE, false, 17, &n),
            *png = file_png(PNG_FORMAT_GRAY, grey, NULL, 2, &png_n);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        uint8_t *a = file_jpeg_sized(jpeg, n, sizes[i].width, sizes[i].height),
                *b = file_png_sized(png, png_n, sizes[i].width, sizes[i].height);
        expect_broken(a, n, sizes[i].message);
        expect_broken(b, png_n, sizes[i].message);
        free(a);
        free(b);
    }
    uint8_t *allowed = file_png_sized(png, png_n, 10000, 5000);
    expect_broken(allowed, png_n, "x.jpg: broken PNG data: ");
    free(allowed);
    free(jpeg);
    free(png);
}
END_TEST

START_TEST(png_of_every_kind) {
    static const uint8_t rgba[16] = {9, 8, 7, 0, 1, 2, 3, 255, 4, 5, 6, 128, 10, 20, 30, 64},
                         rgb[12] = {9, 8, 7, 1, 2, 3, 4, 5, 6, 10, 20, 30},
                         grey[4] = {0, 50, 100, 255}, index[4] = {1, 0, 0, 0},
                         palette[2 * 4] = {9, 8, 7, 0, 1, 2, 3, 255};
    /* 16 bits: 0x40D0 of 65,535 are 64.56 of 255, to the nearest 65, where its high byte is 64. */
    static const uint16_t deep[4 * 3] = {0x40D0, 0x40C0, 0xFFFF, 0, 0x0080, 0x0081};
    static const struct {
        int format;
        const void *pixels, *palette;
        uint8_t first[6];
    } kinds[] = {
        {PNG_FORMAT_RGB, rgb, NULL, {9, 8, 7, 1, 2, 3}},
        {PNG_FORMAT_RGBA, rgba, NULL, {9, 8, 7, 1, 2, 3}}, /* alpha dropped, not blended */
        {PNG_FORMAT_GRAY, grey, NULL, {0, 0, 0, 50, 50, 50}},
        {PNG_FORMAT_RGBA_COLORMAP, index, palette, {1, 2, 3, 9, 8, 7}},
        {PNG_FORMAT_LINEAR_RGB, deep, NULL, {65, 64, 255, 0, 0, 1}},
    };
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        struct image im;
        struct err e = {0};
        size_t n;
        uint8_t *bytes = file_png(kinds[k].format, kinds[k].pixels, kinds[k].palette, 2, &n);
        ck_assert_msg(image_decode(&im, "x.png", bytes, n, &e), "%s", e.msg);
        ck_assert_int_eq(memcmp(im.rgb, kinds[k].first, 6), 0);
        image_free(&im);
        for (size_t cut = 8; cut < n; cut++)
            expect_broken(bytes, cut, "x.jpg: broken PNG data: ");
        free(bytes);
    }
}
END_TEST

/* 200 texts of 4 MB are 800 MB where they are unpacked; packed they are 4 KB each. */
START_TEST(texts_in_a_png_are_not_unpacked) {
    static const uint8_t grey[4] = {0, 50, 100, 255};
    struct image im;
    struct err e = {0};
    struct rusage before, after;
    size_t n, with_n;
    uint8_t *png = file_png(PNG_FORMAT_GRAY, grey, NULL, 2, &n),
            *with = file_png_texts(png, n, 4 << 20, 200, &with_n);
    ck_assert_uint_lt(with_n, 2 << 20);
    getrusage(RUSAGE_SELF, &before);
    ck_assert_msg(image_decode(&im, "x.png", with, with_n, &e), "%s", e.msg);
    getrusage(RUSAGE_SELF, &after);
    ck_assert_int_eq(im.rgb[3], 50);
    ck_assert_int_lt(after.ru_maxrss - before.ru_maxrss, 2 << 10 /* KB */);
    image_free(&im);
    free(png);
    free(with);
}
END_TEST

Suite *image_suite(void) {
    Suite *s = suite_create("image");
    TCase *c = tcase_create("image");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, resize_is_pillows, 0, (int)ARRAY_LEN(pillow));
    tcase_add_test(c, a_resizer_serves_sizes_in_turn);
    tcase_add_test(c, a_flat_picture_stays_flat);
    tcase_add_test(c, jpeg_comes_back);
    tcase_add_test(c, truncated_jpeg_is_an_error);
    tcase_add_test(c, other_bytes_are_an_error);
    tcase_add_loop_test(c, exif_orientation_is_applied, 0, 8);
    tcase_add_loop_test(c, exif_orientation_of_a_png_is_applied, 0, 18);
    tcase_add_test(c, kinds_of_jpeg);
    tcase_add_test(c, sizes_have_bounds);
    tcase_add_test(c, png_of_every_kind);
    tcase_add_test(c, texts_in_a_png_are_not_unpacked);
    suite_add_tcase(s, c);
    return s;
}
