/* Bicubic resize, the algorithm of Pillow's Resample.c (8 bits a channel): a pass over rows, rounded to
 * 8 bits, then one over columns, coefficients in fixed point with 22 fractional bits. Integer
 * arithmetic only, so every processor gives the same bytes, and they are Pillow's own.
 * Deviations: none in the numbers; the loops are laid out for vectors. */
#include "data/image.h"

#include "core/mem.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FRACTION_BITS 22 /* 32 - 8 bits of a pixel - 2 for sums above 1 */

/* The widest vectors are taken at run time where the processor has them (not under sanitizers, whose
 * run time is not up yet when that choice is made). */
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__clang__) &&                        \
    !defined(__SANITIZE_ADDRESS__)
#define WIDE __attribute__((target_clones("avx2", "sse4.1", "default")))
#else
#define WIDE
#endif

enum {
    GROUP = 4, /* taps handled together; their number is a multiple of it */
    PAIR = 8   /* lanes of two pixels: R G B and one of no meaning, of two rows */
};

/* For each output place: first input place, and `taps` weights. Weights of taps that are not there,
 * beyond the kernel or the border, are 0. */
struct axis {
    int in, out, taps;
    int *first;       /* [out] */
    int32_t *weights; /* [out][taps] */
};

struct resizer {
    struct axis x, y;
    int32_t *pairs; /* [in width + taps][PAIR]: two input rows, widened */
    uint8_t *rows;  /* [in height][stride]: after the first pass */
    size_t pairs_bytes, rows_bytes;
    size_t stride; /* bytes of a row and some to spare */
    int32_t *sums; /* [3 * out width] */
};

/* Keys 1981, "Cubic convolution interpolation for digital image processing", a = -0.5. */
static double cubic(double x) {
    const double a = -0.5;
    x = fabs(x);
    if (x < 1)
        return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2)
        return (((x - 5) * x + 8) * x - 4) * a;
    return 0;
}

static void axis_free(struct axis *a) {
    free(a->first);
    free(a->weights);
    *a = (struct axis){0};
}

/* Shrinking widens the kernel by the scale, so that every input pixel counts. */
static void axis_make(struct axis *a, int in, int out) {
    double scale = (double)in / out, widen = scale > 1 ? scale : 1, support = 2 * widen;
    int taps = ((int)ceil(2 * support) + 1 + GROUP - 1) / GROUP * GROUP;
    if (scale <= 1)
        taps = GROUP; /* a window of 2 * support = 4 holds four pixel centres, no more */
    *a = (struct axis){in, out, taps, xcalloc((size_t)out, sizeof(int)),
        xcalloc((size_t)out * taps, sizeof(int32_t))};
    double *w = xcalloc((size_t)taps, sizeof *w);
    for (int i = 0; i < out; i++) {
        double center = (i + 0.5) * scale, sum = 0;
        int from = (int)(center - support + 0.5), to = (int)(center + support + 0.5);
        from = from < 0 ? 0 : from;
        to = to > in ? in : to;
        assert(to - from <= taps);
        for (int t = 0; t < to - from; t++)
            sum += w[t] = cubic((t + from - center + 0.5) / widen);
        a->first[i] = from;
        for (int t = 0; t < to - from; t++) {
            double k = w[t] / sum * (1 << FRACTION_BITS);
            a->weights[(size_t)i * taps + t] = (int32_t)(k < 0 ? k - 0.5 : k + 0.5);
        }
    }
    free(w);
}

struct resizer *resizer_new(int out_width, int out_height) {
    assert(out_width > 0 && out_height > 0);
    struct resizer *r = xcalloc(1, sizeof *r);
    r->x.out = out_width;
    r->y.out = out_height;
    r->stride = (size_t)3 * out_width + 1;
    r->sums = xcalloc((size_t)3 * out_width, sizeof *r->sums);
    return r;
}

void resizer_free(struct resizer *r) {
    if (!r)
        return;
    axis_free(&r->x);
    axis_free(&r->y);
    free(r->pairs);
    free(r->rows);
    free(r->sums);
    free(r);
}

typedef int32_t lanes __attribute__((vector_size(4 * PAIR)));
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "pass_x takes a lane's first byte");
typedef uint8_t bytes __attribute__((vector_size(4 * PAIR)));

#define ROUND (1 << (FRACTION_BITS - 1))

/* To 0..255: a negative value becomes 0 by its sign, one above 255 all ones. gcc and clang shift
 * signed numbers arithmetically and say so. */
#define CLIP(v) ((((v) & ~((v) >> 31)) | ((255 - (v)) >> 31)) & 255)

WIDE static void widen_rows(int32_t *pairs, const uint8_t *top, const uint8_t *below, int width) {
    for (int x = 0; x < width; x++)
        for (int c = 0; c < 3; c++) {
            pairs[x * PAIR + c] = top[3 * x + c];
            pairs[x * PAIR + 4 + c] = below[3 * x + c];
        }
}

/* First pass, two rows at once. Each result is stored as four bytes, the fourth to be written over by
 * the next pixel's first. */
WIDE static void pass_x(
    const struct axis *a, const int32_t *pairs, uint8_t *out_top, uint8_t *out_below) {
    for (int i = 0; i < a->out; i++) {
        const int32_t *w = a->weights + (size_t)i * a->taps, *from = pairs + a->first[i] * PAIR;
        lanes sum = (lanes){0} + ROUND;
        for (int t = 0; t < a->taps; t++) {
            lanes pixels;
            memcpy(&pixels, from + t * PAIR, sizeof pixels);
            sum += pixels * w[t];
        }
        sum >>= FRACTION_BITS;
        bytes wide = (bytes)CLIP(sum); // cppcheck-suppress shiftTooManyBitsSigned
        bytes packed = __builtin_shufflevector(wide, wide, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0,
            4, 8, 12, 16, 20, 24, 28, 16, 20, 24, 28, 16, 20, 24, 28, 16, 20, 24, 28);
        memcpy(out_top + (size_t)3 * i, (const char *)&packed, 4);
        memcpy(out_below + (size_t)3 * i, (const char *)&packed + 16, 4);
    }
}

/* Adds GROUP weighted rows to the sums of one output row. */
WIDE static void add_rows(
    int32_t *restrict sums, const uint8_t *const rows[GROUP], const int32_t *w, size_t n) {
    const uint8_t *a = rows[0], *b = rows[1], *c = rows[2], *d = rows[3];
    int32_t wa = w[0], wb = w[1], wc = w[2], wd = w[3];
    for (size_t i = 0; i < n; i++)
        sums[i] += a[i] * wa + b[i] * wb + c[i] * wc + d[i] * wd;
}

WIDE static void clip_row(uint8_t *restrict out, int32_t *restrict sums, size_t n) {
    for (size_t i = 0; i < n; i++) {
        int32_t v = sums[i] >> FRACTION_BITS;
        out[i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
        sums[i] = ROUND;
    }
}

static void *room_for(void *old, size_t *have, size_t needed) {
    if (needed <= *have)
        return old;
    free(old);
    *have = needed;
    return xcalloc(needed, 1);
}

static void axis_fit(struct axis *a, int in) {
    if (a->in == in)
        return;
    int out = a->out;
    axis_free(a);
    axis_make(a, in, out);
}

/* Second pass: row y of the output. */
static void run_y(struct resizer *r, int y, uint8_t *out) {
    const struct axis *a = &r->y;
    size_t n = (size_t)3 * r->x.out;
    const int32_t *w = a->weights + (size_t)y * a->taps;
    for (int t = 0; t < a->taps; t += GROUP) {
        const uint8_t *rows[GROUP];
        for (int k = 0; k < GROUP; k++) { /* rows beyond the border have no weight */
            int row = a->first[y] + t + k;
            rows[k] = r->rows + r->stride * (row < a->in ? row : a->in - 1);
        }
        add_rows(r->sums, rows, w + t, n);
    }
    clip_row(out, r->sums, n);
}

void resizer_run(struct resizer *r, const struct image *im, uint8_t *rgb) {
    axis_fit(&r->x, im->width);
    axis_fit(&r->y, im->height);
    r->pairs = room_for(
        r->pairs, &r->pairs_bytes, sizeof(int32_t) * PAIR * ((size_t)im->width + r->x.taps));
    r->rows = room_for(r->rows, &r->rows_bytes, r->stride * im->height);
    size_t in_row = (size_t)3 * im->width, out_row = (size_t)3 * r->x.out;
    for (int y = 0; y < im->height; y += 2) {
        int next = y + 1 < im->height ? y + 1 : y;
        widen_rows(r->pairs, im->rgb + in_row * y, im->rgb + in_row * next, im->width);
        pass_x(&r->x, r->pairs, r->rows + r->stride * y, r->rows + r->stride * next);
    }
    for (size_t i = 0; i < out_row; i++)
        r->sums[i] = ROUND;
    for (int y = 0; y < r->y.out; y++)
        run_y(r, y, rgb + out_row * y);
}
