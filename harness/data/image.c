#include "data/image.h"

#include "core/mem.h"
#include "data/codec.h"

#include <stdlib.h>
#include <string.h>

/* Far above any face picture, far below what would exhaust memory: 150 MB of pixels. */
#define MAX_SIDE 20000ul
#define MAX_PIXELS 50000000ul

bool image_size_ok(const char *name, unsigned long width, unsigned long height, struct err *e) {
    if (width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE ||
        width * height > MAX_PIXELS)
        return err_set(e,
            "%s: is %lu x %lu pixels; read are 1 to %lu a side and at most %lu in all", name, width,
            height, MAX_SIDE, MAX_PIXELS);
    return true;
}

/* EXIF's values 1 to 8: 2 to 4 mirror or turn by half; 5 to 8 exchange rows and columns first. */
static void orient(struct image *im, int orientation) {
    if (orientation <= 1)
        return;
    bool swap = orientation >= 5;
    bool mirror = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
    bool flip = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
    struct image out = {swap ? im->height : im->width, swap ? im->width : im->height, NULL};
    out.rgb = xmalloc((size_t)3 * out.width * out.height);
    uint8_t *to = out.rgb;
    for (int y = 0; y < out.height; y++)
        for (int x = 0; x < out.width; x++, to += 3) {
            int u = mirror ? out.width - 1 - x : x, v = flip ? out.height - 1 - y : y;
            size_t from = swap ? (size_t)u * im->width + v : (size_t)v * im->width + u;
            memcpy(to, im->rgb + 3 * from, 3);
        }
    image_free(im);
    *im = out;
}

bool image_decode(
    struct image *im, const char *name, const uint8_t *bytes, size_t n, struct err *e) {
    static const uint8_t jpeg[] = {0xFF, 0xD8, 0xFF},
                         png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    *im = (struct image){0};
    int orientation = 1;
    bool ok;
    if (n >= sizeof jpeg && memcmp(bytes, jpeg, sizeof jpeg) == 0)
        ok = jpeg_decode(im, &orientation, name, bytes, n, e);
    else if (n >= sizeof png && memcmp(bytes, png, sizeof png) == 0)
        ok = png_decode(im, &orientation, name, bytes, n, e);
    else
        ok = err_set(e, "%s: %s, expected a JPEG or PNG image", name,
            n == 0 ? "is empty" : "its first bytes are those of neither format");
    if (ok)
        orient(im, orientation);
    else
        image_free(im);
    return ok;
}

void image_free(struct image *im) {
    free(im->rgb);
    *im = (struct image){0};
}
