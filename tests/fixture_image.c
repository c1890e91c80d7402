#include "fixture_image.h"

#include "core/mem.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <png.h>

static void put_be32(uint8_t *to, uint32_t x) {
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(x >> (24 - 8 * i));
}

/* ---- JPEG ---- */

uint8_t *file_jpeg(int components, int space, bool progressive, int side, size_t *n) {
    struct jpeg_compress_struct c;
    struct jpeg_error_mgr errors;
    uint8_t *bytes = NULL, *row = xmalloc((size_t)side * components);
    unsigned long size = 0;
    c.err = jpeg_std_error(&errors);
    jpeg_create_compress(&c);
    jpeg_mem_dest(&c, &bytes, &size);
    c.image_width = c.image_height = (JDIMENSION)side;
    c.input_components = components;
    c.in_color_space = (J_COLOR_SPACE)space;
    jpeg_set_defaults(&c);
    if (progressive)
        jpeg_simple_progression(&c);
    jpeg_start_compress(&c, TRUE);
    memset(row, 90, (size_t)side * components);
    while (c.next_scanline < c.image_height)
        jpeg_write_scanlines(&c, &row, 1);
    jpeg_finish_compress(&c);
    jpeg_destroy_compress(&c);
    free(row);
    *n = size;
    return bytes;
}

/* SOF0: FF C0 length(2) precision height(2) width(2). */
uint8_t *file_jpeg_sized(const uint8_t *jpeg, size_t n, unsigned width, unsigned height) {
    uint8_t *out = xmalloc(n);
    memcpy(out, jpeg, n);
    size_t i = 2;
    while (i + 9 < n && !(out[i] == 0xFF && out[i + 1] == 0xC0))
        i++;
    ck_assert_msg(i + 9 < n, "no frame header");
    out[i + 5] = (uint8_t)(height >> 8);
    out[i + 6] = (uint8_t)height;
    out[i + 7] = (uint8_t)(width >> 8);
    out[i + 8] = (uint8_t)width;
    return out;
}

/* EXIF: little-endian TIFF with one entry, orientation (0x0112), a SHORT; put behind SOI as APP1. */
uint8_t *file_jpeg_turned(const uint8_t *jpeg, size_t n, uint8_t orientation, size_t *out_n) {
    uint8_t app1[] = {0xFF, 0xE1, 0, 34, 'E', 'x', 'i', 'f', 0, 0, 'I', 'I', 42, 0, 8, 0, 0, 0, 1,
        0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0};
    *out_n = n + sizeof app1;
    uint8_t *out = xmalloc(*out_n);
    memcpy(out, jpeg, 2);
    memcpy(out + 2, app1, sizeof app1);
    memcpy(out + 2 + sizeof app1, jpeg + 2, n - 2);
    return out;
}

/* ---- PNG ---- */

/* A file is 8 bytes and chunks of length(4) type(4) data sum(4); the first is IHDR, of 13 bytes of data. */
enum { PNG_HEAD = 8, PNG_FRAME = 12, IHDR_END = PNG_HEAD + PNG_FRAME + 13 };

uint8_t *file_png(int format, const void *pixels, const void *palette, int side, size_t *n) {
    png_image png = {.version = PNG_IMAGE_VERSION,
        .width = (png_uint_32)side,
        .height = (png_uint_32)side,
        .colormap_entries = palette ? 2 : 0,
        .format = (png_uint_32)format};
    *n = 0;
    ck_assert(png_image_write_to_memory(&png, NULL, n, 0, pixels, 0, palette));
    uint8_t *bytes = xmalloc(*n);
    ck_assert(png_image_write_to_memory(&png, bytes, n, 0, pixels, 0, palette));
    return bytes;
}

/* The CRC of PNG's specification, annex D, bit by bit. */
static uint32_t crc(const uint8_t *bytes, size_t n) {
    uint32_t c = 0xFFFFFFFF;
    for (size_t i = 0; i < n; i++) {
        c ^= bytes[i];
        for (int k = 0; k < 8; k++)
            c = c & 1 ? 0xEDB88320 ^ c >> 1 : c >> 1;
    }
    return ~c;
}

uint8_t *file_png_sized(const uint8_t *png, size_t n, unsigned width, unsigned height) {
    uint8_t *out = xmalloc(n), *header = out + PNG_HEAD + 4; /* from its type on */
    memcpy(out, png, n);
    put_be32(header + 4, width);
    put_be32(header + 8, height);
    put_be32(header + 17, crc(header, 17));
    return out;
}

/* Chunk eXIf: big-endian TIFF with one entry, orientation (0x0112), a SHORT. */
uint8_t *file_png_turned(
    const uint8_t *png, size_t n, uint8_t orientation, bool behind, size_t *out_n) {
    uint8_t chunk[] = {0, 0, 0, 26, 'e', 'X', 'I', 'f', 'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01,
        0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    size_t at = behind ? n - PNG_FRAME : IHDR_END; /* IEND has no data */
    put_be32(chunk + sizeof chunk - 4, crc(chunk + 4, sizeof chunk - 8));
    *out_n = n + sizeof chunk;
    uint8_t *out = xmalloc(*out_n);
    memcpy(out, png, at);
    memcpy(out + at, chunk, sizeof chunk);
    memcpy(out + at + sizeof chunk, png + at, n - at);
    return out;
}

static void append(png_structp png, png_bytep bytes, size_t n) {
    FILE *to = png_get_io_ptr(png);
    ck_assert_uint_eq(fwrite(bytes, 1, n, to), n);
}

/* A zTXt chunk with its frame, as libpng writes it into a file of its own. */
static uint8_t *text_chunk(size_t bytes, size_t *n) {
    char *file = NULL, *text = xmalloc(bytes + 1);
    size_t size = 0;
    FILE *to = open_memstream(&file, &size);
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_set_write_fn(png, to, append, NULL);
    png_set_IHDR(png, info, 1, 1, 8, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
        PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    memset(text, '0', bytes);
    text[bytes] = '\0';
    png_set_text(png, info,
        &(png_text){.compression = PNG_TEXT_COMPRESSION_zTXt,
            .key = (char *)"Comment",
            .text = text,
            .text_length = bytes},
        1);
    png_write_info(png, info);
    png_destroy_write_struct(&png, &info);
    fclose(to);
    *n = size - IHDR_END;
    memmove(file, file + IHDR_END, *n);
    free(text);
    return (uint8_t *)file;
}

uint8_t *file_png_texts(const uint8_t *png, size_t n, size_t bytes, int copies, size_t *out_n) {
    size_t size;
    uint8_t *chunk = text_chunk(bytes, &size), *out = xmalloc(n + size * (size_t)copies), *to = out;
    memcpy(to, png, IHDR_END);
    to += IHDR_END;
    for (int i = 0; i < copies; i++, to += size)
        memcpy(to, chunk, size);
    memcpy(to, png + IHDR_END, n - IHDR_END);
    *out_n = n + size * (size_t)copies;
    free(chunk);
    return out;
}
