#include "data/codec.h"

#include "core/mem.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

struct source {
    const uint8_t *bytes;
    size_t left;
};
struct problem {
    char message[200];
};

static void on_error(png_structp png, png_const_charp text) {
    struct problem *p = png_get_error_ptr(png);
    strncpy(p->message, text, sizeof p->message - 1);
    longjmp(*png_set_longjmp_fn(png, longjmp, sizeof(jmp_buf)), 1);
}

static void on_warning(png_structp png, png_const_charp text) {
    (void)png, (void)text; /* the picture is whole: broken data that matters is an error */
}

static void on_read(png_structp png, png_bytep to, size_t n) {
    struct source *s = png_get_io_ptr(png);
    if (n > s->left)
        png_error(png, "the data ends too early");
    memcpy(to, s->bytes, n);
    s->bytes += n;
    s->left -= n;
}

/* Whatever the file holds becomes 8-bit RGB; alpha is dropped, not blended, as Pillow's convert does. */
static bool read_pixels(png_structp png, png_infop info, struct image *im, int *orientation,
    png_bytep **rows, const char *name, struct err *e) {
    png_read_info(png, info);
    png_uint_32 width = png_get_image_width(png, info), height = png_get_image_height(png, info);
    if (!image_size_ok(name, width, height, e))
        return false;
    png_set_palette_to_rgb(png);
    png_set_expand_gray_1_2_4_to_8(png);
    png_set_scale_16(png);
    png_set_gray_to_rgb(png);
    png_set_strip_alpha(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    size_t stride = (size_t)3 * width;
    if (png_get_rowbytes(png, info) != stride)
        return err_set(
            e, "%s: is a PNG of a kind that is not read (not grey, palette or RGB)", name);
    *im = (struct image){(int)width, (int)height, xmalloc(stride * height)};
    *rows = xcalloc(height, sizeof **rows);
    for (size_t y = 0; y < height; y++)
        (*rows)[y] = im->rgb + stride * y;
    png_read_image(png, *rows);
    png_read_end(png, info);
    png_uint_32 exif_n = 0;
    png_bytep exif = NULL;
    if (png_get_eXIf_1(png, info, &exif_n, &exif) & PNG_INFO_eXIf)
        *orientation = exif_orientation_bare(exif, exif_n);
    return true;
}

bool png_decode(struct image *im, int *orientation, const char *name, const uint8_t *bytes,
    size_t n, struct err *e) {
    struct problem problem = {""};
    struct source source = {bytes, n};
    png_bytep *volatile rows = NULL;
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &problem, on_error, on_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    bool ok = false;
    if (!info) {
        err_set(e, "%s: libpng cannot be used (is it %s?)", name, PNG_LIBPNG_VER_STRING);
    } else if (setjmp(png_jmpbuf(png))) {
        err_set(e, "%s: broken PNG data: %s", name, problem.message);
        ok = false;
    } else {
        png_set_read_fn(png, &source, on_read);
        /* Texts and profiles pass by unread: a thousand of them would unpack to gigabytes. */
        png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
        png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_AS_DEFAULT, (png_const_bytep) "eXIf", 1);
        ok = read_pixels(png, info, im, orientation, (png_bytep **)&rows, name, e);
    }
    png_destroy_read_struct(&png, &info, NULL);
    free((void *)rows);
    return ok;
}
