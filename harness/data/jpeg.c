#include "data/codec.h"

#include "core/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

/* Progressive files may hold any number of scans, each a pass over the whole picture; encoders write
 * about ten. */
#define MAX_SCANS 200

struct handler {
    struct jpeg_error_mgr base; /* first: libjpeg hands this back */
    jmp_buf back;
    char message[JMSG_LENGTH_MAX];
};

static void on_error(j_common_ptr c) {
    struct handler *h = (struct handler *)c->err;
    c->err->format_message(c, h->message);
    longjmp(h->back, 1);
}

/* libjpeg goes on after warnings with filler where the data ends or breaks. Only what leaves the
 * picture whole is let pass. */
static void on_message(j_common_ptr c, int level) {
    if (level < 0 && c->err->msg_code != JWRN_EXTRANEOUS_DATA &&
        c->err->msg_code != JWRN_ADOBE_XFORM)
        on_error(c);
}

static void on_output(j_common_ptr c) {
    (void)c;
}

static void on_progress(j_common_ptr c) {
    struct handler *h = (struct handler *)c->err;
    if (((j_decompress_ptr)c)->input_scan_number <= MAX_SCANS)
        return;
    snprintf(h->message, sizeof h->message, "more than %d scans", MAX_SCANS);
    longjmp(h->back, 1);
}

static void handler_set(struct handler *h, struct jpeg_error_mgr **place) {
    *place = jpeg_std_error(&h->base);
    h->base.error_exit = on_error;
    h->base.emit_message = on_message;
    h->base.output_message = on_output;
}

static int orientation_in(const struct jpeg_decompress_struct *c) {
    int orientation = 1;
    for (jpeg_saved_marker_ptr m = c->marker_list; m; m = m->next)
        if (m->marker == JPEG_APP0 + 1 && exif_headed(m->data, m->data_length))
            orientation = exif_orientation(m->data, m->data_length);
    return orientation;
}

static bool read_pixels(struct jpeg_decompress_struct *c, struct image *im, int *orientation,
    const char *name, struct err *e) {
    if (!image_size_ok(name, c->image_width, c->image_height, e))
        return false;
    if (c->jpeg_color_space == JCS_CMYK || c->jpeg_color_space == JCS_YCCK)
        return err_set(e, "%s: is a CMYK image; convert it to RGB", name);
    *orientation = orientation_in(c);
    c->out_color_space = JCS_RGB;
    c->dct_method = JDCT_ISLOW; /* the exact one, as Pillow uses */
    c->do_fancy_upsampling = TRUE;
    jpeg_start_decompress(c);
    *im = (struct image){(int)c->output_width, (int)c->output_height, NULL};
    size_t stride = (size_t)3 * c->output_width;
    im->rgb = xmalloc(stride * c->output_height);
    while (c->output_scanline < c->output_height) {
        JSAMPROW rows[8];
        for (size_t i = 0; i < 8; i++) /* libjpeg asks for no more rows than are left */
            rows[i] = im->rgb + stride * (c->output_scanline + i);
        JDIMENSION left = c->output_height - c->output_scanline;
        jpeg_read_scanlines(c, rows, left < 8 ? left : 8);
    }
    jpeg_finish_decompress(c);
    return true;
}

bool jpeg_decode(struct image *im, int *orientation, const char *name, const uint8_t *bytes,
    size_t n, struct err *e) {
    struct jpeg_decompress_struct c;
    struct jpeg_progress_mgr progress = {.progress_monitor = on_progress};
    struct handler h;
    memset(&c, 0, sizeof c);
    handler_set(&h, &c.err);
    if (setjmp(h.back)) {
        jpeg_destroy_decompress(&c);
        return err_set(e, "%s: broken JPEG data: %s", name, h.message);
    }
    jpeg_create_decompress(&c);
    c.progress = &progress;
    jpeg_mem_src(&c, bytes, (unsigned long)n);
    jpeg_save_markers(&c, JPEG_APP0 + 1, 0xFFFF);
    jpeg_read_header(&c, TRUE);
    bool ok = read_pixels(&c, im, orientation, name, e);
    jpeg_destroy_decompress(&c);
    return ok;
}

/* Encodes to memory that libjpeg allocates; the caller frees *bytes on success and failure alike. */
static bool encode(const struct image *im, int quality, unsigned char **bytes, unsigned long *n,
    const char *path, struct err *e) {
    struct jpeg_compress_struct c;
    struct handler h;
    memset(&c, 0, sizeof c);
    handler_set(&h, &c.err);
    if (setjmp(h.back)) {
        jpeg_destroy_compress(&c);
        return err_set(e, "%s: cannot be made: %s", path, h.message);
    }
    jpeg_create_compress(&c);
    jpeg_mem_dest(&c, bytes, n);
    c.image_width = (JDIMENSION)im->width;
    c.image_height = (JDIMENSION)im->height;
    c.input_components = 3;
    c.in_color_space = JCS_RGB;
    jpeg_set_defaults(&c);
    jpeg_set_quality(&c, quality, TRUE);
    jpeg_start_compress(&c, TRUE);
    while (c.next_scanline < c.image_height) {
        JSAMPROW row = im->rgb + (size_t)3 * im->width * c.next_scanline;
        jpeg_write_scanlines(&c, &row, 1);
    }
    jpeg_finish_compress(&c);
    jpeg_destroy_compress(&c);
    return true;
}

bool image_write_jpeg(const char *path, const struct image *im, int quality, struct err *e) {
    unsigned char *bytes = NULL;
    unsigned long n = 0;
    bool ok = encode(im, quality, &bytes, &n, path, e);
    if (ok) {
        FILE *f = fopen(path, "wb");
        bool written = f && fwrite(bytes, 1, n, f) == n;
        int problem = errno;
        if (f && fclose(f) != 0 && written) {
            written = false;
            problem = errno;
        }
        if (!written)
            ok = err_sys(e, problem, "%s: cannot be written", path);
    }
    free(bytes);
    return ok;
}
