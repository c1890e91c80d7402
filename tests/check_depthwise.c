/* Depthwise kernels of every instruction set that this processor has, against plain loops in double, on maps smaller
 * and larger than what a kernel makes at once. */
#include "check_suites.h"

#include "core/mem.h"
#include "fixture_kernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of the terms' magnitudes: a place has up to 25 of them, an activation (3e-7) in each and another behind. Sums over a
 * map of 20 x 20 round 20 times along a row and 20 times over rows, 6e-8 each, and have the places' own. */
#define PLACE_BOUND 2e-6
#define SUM_BOUND 5e-6

static size_t places(int height, int width) {
    return (size_t)height * (size_t)width;
}

/* The size that TensorFlow's "same" leaves, and the zeros that it puts before. */
static void same(int kernel, int stride, int size, int *out, int *before) {
    *out = (size + stride - 1) / stride;
    int total = (*out - 1) * stride + kernel - size;
    *before = total > 0 ? total / 2 : 0;
}

static struct depthwise random_shape(void) {
    struct depthwise d = {.kernel = spans_coin() ? 3 : 5,
        .stride = 1 + spans_below(2),
        .height = 1 + spans_below(20),
        .width = 1 + spans_below(20),
        .channels = 1 + spans_below(100)};
    if (spans_coin()) {
        same(d.kernel, d.stride, d.height, &d.out_height, &d.top);
        same(d.kernel, d.stride, d.width, &d.out_width, &d.left);
        return d;
    }
    d.top = d.left = d.kernel / 2;
    d.out_height = (d.height - 1) / d.stride + 1;
    d.out_width = (d.width - 1) / d.stride + 1;
    return d;
}

static void describe(const struct depthwise *d, const char *kernel, char text[200]) {
    snprintf(text, 200, "%s: kernel %d, stride %d, %d x %d x %d -> %d x %d, begin %d, %d", kernel,
        d->kernel, d->stride, d->height, d->width, d->channels, d->out_height, d->out_width, d->top,
        d->left);
}

/* The place of the input that tap (i, j) of output place (y, x) reads, or -1: a zero. */
static ptrdiff_t source(const struct depthwise *d, int y, int x, int i, int j) {
    int from_y = y * d->stride - d->top + i, from_x = x * d->stride - d->left + j;
    bool there = from_y >= 0 && from_x >= 0 && from_y < d->height && from_x < d->width;
    return there ? (ptrdiff_t)from_y * d->width + from_x : -1;
}

/* Calls each(context, output place, input place, tap) for all that a convolution adds up. */
static void each_tap(
    const struct depthwise *d, void (*each)(void *, size_t, size_t, size_t), void *context) {
    for (int y = 0; y < d->out_height; y++)
        for (int x = 0; x < d->out_width; x++)
            for (int i = 0; i < d->kernel; i++)
                for (int j = 0; j < d->kernel; j++) {
                    ptrdiff_t from = source(d, y, x, i, j);
                    if (from >= 0)
                        each(context, (size_t)y * (size_t)d->out_width + (size_t)x, (size_t)from,
                            (size_t)(i * d->kernel + j));
                }
}

/* ---- forward ---- */

/* The input as the convolution takes it; the caller frees. */
static struct activated *loaded(const float *in, const float *scale, const float *shift,
    enum activation kind, size_t n, size_t channels) {
    struct activated *a = xmalloc(n * sizeof *a);
    for (size_t i = 0; i < n; i++)
        a[i] = scale ? activated_plainly(kind, (double)in[i] * (double)scale[i % channels] +
                                                   (double)shift[i % channels])
                     : (struct activated){(double)in[i], 1, 1};
    return a;
}

struct convolution {
    const struct activated *in;
    const float *weights;
    size_t channels;
    struct sum *out;
};

static void convolve_tap(void *context, size_t to, size_t from, size_t tap) {
    const struct convolution *v = context;
    for (size_t c = 0; c < v->channels; c++)
        sum_add(&v->out[to * v->channels + c],
            v->in[from * v->channels + c].a * (double)v->weights[tap * v->channels + c]);
}

/* Expects what f's outputs are to be, of channels from..end-1. */
static void expect_forward(const struct depthwise *d, const struct depthwise_forward *f,
    const struct activated *in, size_t from, size_t end) {
    size_t channels = (size_t)d->channels, n = places(d->out_height, d->out_width) * channels;
    struct convolution v = {in, f->weights, channels, sums_new(n)};
    struct sum *sums = f->sums ? sums_from(span_begin(f->sums), channels) : NULL,
               *squares = f->squares ? sums_from(span_begin(f->squares), channels) : NULL;
    each_tap(d, convolve_tap, &v);
    for (size_t i = 0; i < n; i++) {
        size_t c = i % channels;
        struct sum *out = &v.out[i];
        if (c < from || c >= end) { /* another block's: as it was */
            *out = (struct sum){(double)span_begin(span_of_map(f->out))[i], 0};
            continue;
        }
        if (f->bias) {
            sum_add(out, (double)f->bias[c]);
            out->value = activated_plainly(f->activation, out->value).a;
        }
        if (sums)
            sum_add_sized(&sums[c], out->value, out->size);
        if (squares)
            sum_add_sized(&squares[c], out->value * out->value, out->size * out->size);
    }
    expect_map("out", f->out, v.out, n, PLACE_BOUND);
    if (sums)
        expect_sums("sums", f->sums, sums, channels, SUM_BOUND);
    if (squares)
        expect_sums("squares", f->squares, squares, channels, 2 * SUM_BOUND);
}

static void forward_case(const struct simd *simd) {
    struct depthwise d = random_shape();
    size_t channels = (size_t)d.channels, n = places(d.height, d.width) * channels;
    bool norm = spans_coin(), sums = spans_coin();
    char text[200];
    struct depthwise_forward f = {.in = map_of(span_in(n)),
        .scale = norm ? span_in(channels) : NULL,
        .shift = norm ? span_in(channels) : NULL,
        .activation = spans_coin() ? ACT_SILU : ACT_RELU6,
        .weights = span_reals((size_t)(d.kernel * d.kernel) * channels),
        .out = map_of(span_fresh(places(d.out_height, d.out_width) * channels)),
        .sums = sums ? span_sums(channels) : NULL,
        .bias = spans_coin() && !norm ? span_reals(channels) : NULL};
    f.squares = sums && !f.bias ? span_sums(channels) : NULL;
    simd->depthwise_forward(&d, &f, span_room(depthwise_scratch(d.width)));
    struct activated *in = loaded(span_of_map(f.in), f.scale, f.shift, f.activation, n, channels);
    expect_forward(&d, &f, in, 0, channels);
    free(in);
    describe(&d, "forward", text);
    snprintf(text + strlen(text), sizeof text - strlen(text), ", norm %d, sums %d, bias %d", norm,
        sums, f.bias != NULL);
    spans_close(text);
}

START_TEST(forward) {
    const struct simd *simd = kernels_tested(_i);
    spans_open(0, _i);
    for (int i = 0; simd && i < 250; i++)
        forward_case(simd);
}
END_TEST

/* ---- rows that lie padded ---- */

/* The input's channels from `channel` on, in rows of row_floats with their borders. */
static const float *padded_rows(
    const struct depthwise *d, const float *in, int channel, int step, size_t row_floats) {
    int count = d->channels - channel < DEPTHWISE_BLOCK ? d->channels - channel : DEPTHWISE_BLOCK;
    float *rows = span_room((size_t)d->height * row_floats);
    memset(rows, 0, (size_t)d->height * row_floats * sizeof *rows);
    for (int y = 0; y < d->height; y++)
        for (int x = 0; x < d->width; x++)
            memcpy(rows + (size_t)y * row_floats + (size_t)((d->left + x) * step),
                in + ((size_t)y * (size_t)d->width + (size_t)x) * (size_t)d->channels + channel,
                (size_t)count * sizeof *rows);
    return rows;
}

/* A band of a map has fewer zeros above it, and may end before its last row's kernel does. */
static void padded_case(const struct simd *simd) {
    struct depthwise d = random_shape();
    d.top = spans_below(d.top + 1);
    size_t channels = (size_t)d.channels, n = places(d.height, d.width) * channels;
    int channel =
        spans_below((d.channels + DEPTHWISE_BLOCK - 1) / DEPTHWISE_BLOCK) * DEPTHWISE_BLOCK;
    int step = simd->padded_step(&d, channel);
    size_t row_floats = (size_t)(simd->padded_places(&d) * step) + (size_t)spans_below(3);
    const float *whole = span_in(n);
    char text[200];
    struct depthwise_forward f = {.activation = spans_coin() ? ACT_SILU : ACT_RELU6,
        .weights = span_reals((size_t)(d.kernel * d.kernel) * channels),
        .out = span_sums(places(d.out_height, d.out_width) * channels),
        .sums = spans_coin() ? span_sums(channels) : NULL,
        .bias = spans_coin() ? span_reals(channels) : NULL};
    simd->depthwise_padded(&d, &f, channel, padded_rows(&d, whole, channel, step, row_floats),
        row_floats, span_room(depthwise_scratch(d.width)));
    struct activated *in = loaded(whole, NULL, NULL, ACT_SILU, n, channels);
    expect_forward(&d, &f, in, (size_t)channel, (size_t)(channel + DEPTHWISE_BLOCK));
    free(in);
    describe(&d, "padded", text);
    snprintf(text + strlen(text), sizeof text - strlen(text), ", channel %d, bias %d", channel,
        f.bias != NULL);
    spans_close(text);
}

START_TEST(padded) {
    const struct simd *simd = kernels_tested(_i);
    spans_open(1, _i);
    for (int i = 0; simd && i < 250; i++)
        padded_case(simd);
}
END_TEST

/* ---- backward ---- */

struct gradient {
    const struct activated *in;
    const float *weights;
    size_t channels;
    const struct sum *out_grad;
    struct sum *in_grad, *weight_grad;
};

static void gradient_tap(void *context, size_t to, size_t from, size_t tap) {
    const struct gradient *v = context;
    for (size_t c = 0; c < v->channels; c++) {
        struct sum dd = v->out_grad[to * v->channels + c];
        double w = (double)v->weights[tap * v->channels + c], a = v->in[from * v->channels + c].a;
        sum_add_sized(&v->in_grad[from * v->channels + c], dd.value * w, dd.size * fabs(w));
        sum_add_sized(&v->weight_grad[tap * v->channels + c], dd.value * a, dd.size * fabs(a));
    }
}

/* dd of struct depthwise_grad. */
static struct sum *output_gradient(const struct depthwise_grad *g, size_t n, size_t channels) {
    struct sum *dd = sums_new(n);
    const float *out = span_of_map(g->out), *out_grad = span_of_map(g->out_grad);
    for (size_t i = 0; i < n; i++) {
        size_t c = i % channels;
        double d = (double)out[i], dh = (double)out_grad[i], by = (double)g->of_grad[c];
        struct activated z =
            activated_plainly(g->activation, d * (double)g->out_scale[c] + (double)g->out_shift[c]);
        double gated = g->gate ? dh * (double)g->gate[c] : dh,
               plus = g->plus ? (double)g->plus[c] : 0;
        sum_add_sized(&dd[i], by * (gated + plus) * z.slope,
            fabs(by) * (fabs(gated) + fabs(plus)) * z.slope_size);
        sum_add(&dd[i], (double)g->of_out[c] * d);
        sum_add(&dd[i], (double)g->of_one[c]);
    }
    return dd;
}

static void expect_gradients(const struct depthwise *d, const struct depthwise_grad *g) {
    size_t channels = (size_t)d->channels, n = places(d->height, d->width) * channels,
           taps = (size_t)(d->kernel * d->kernel) * channels;
    const float *of_in = span_of_map(g->in);
    struct activated *in = loaded(of_in, g->scale, g->shift, g->activation, n, channels);
    struct gradient v = {in, g->weights, channels,
        output_gradient(g, places(d->out_height, d->out_width) * channels, channels), sums_new(n),
        sums_from(span_begin(g->weight_grad), taps)};
    struct sum *sums = sums_from(span_begin(g->sums), channels),
               *products = sums_from(span_begin(g->products), channels);
    each_tap(d, gradient_tap, &v);
    for (size_t i = 0; g->scale && i < n; i++) {
        size_t c = i % channels;
        struct sum *dz = &v.in_grad[i];
        double centred = (double)of_in[i] - (double)g->mean[c];
        *dz = (struct sum){dz->value * in[i].slope, dz->size * in[i].slope_size};
        sum_add_sized(&sums[c], dz->value, dz->size);
        sum_add_sized(&products[c], dz->value * centred, dz->size * fabs(centred));
    }
    expect_map("in_grad", g->in_grad, v.in_grad, n, PLACE_BOUND);
    expect_sums("weight_grad", g->weight_grad, v.weight_grad, taps, SUM_BOUND);
    expect_sums("sums", g->sums, sums, channels, SUM_BOUND);
    expect_sums("products", g->products, products, channels, SUM_BOUND);
    free(in);
}

static void gradient_case(const struct simd *simd) {
    struct depthwise d = random_shape();
    size_t channels = (size_t)d.channels, n = places(d.height, d.width) * channels,
           out = places(d.out_height, d.out_width) * channels,
           taps = (size_t)(d.kernel * d.kernel) * channels;
    bool norm = spans_coin(), gated = spans_coin();
    char text[200];
    struct depthwise_grad g = {.activation = spans_coin() ? ACT_SILU : ACT_RELU6,
        .out_grad = map_of(span_in(out)),
        .out = map_of(span_in(out)),
        .out_scale = span_in(channels),
        .out_shift = span_in(channels),
        .gate = gated ? span_in(channels) : NULL,
        .plus = gated ? span_in(channels) : NULL,
        .of_grad = span_in(channels),
        .of_out = span_in(channels),
        .of_one = span_in(channels),
        .in = map_of(span_in(n)),
        .scale = norm ? span_in(channels) : NULL,
        .shift = norm ? span_in(channels) : NULL,
        .mean = norm ? span_in(channels) : NULL,
        .weights = span_reals(taps),
        .in_grad = map_of(span_fresh(n)),
        .sums = span_sums(channels),
        .products = span_sums(channels),
        .weight_grad = span_sums(taps)};
    simd->depthwise_grad(&d, &g, span_room(depthwise_scratch(d.width)));
    expect_gradients(&d, &g);
    describe(&d, "gradient", text);
    snprintf(text + strlen(text), sizeof text - strlen(text), ", norm %d, gated %d", norm, gated);
    spans_close(text);
}

START_TEST(gradients) {
    const struct simd *simd = kernels_tested(_i);
    spans_open(2, _i);
    for (int i = 0; simd && i < 250; i++)
        gradient_case(simd);
}
END_TEST

Suite *depthwise_suite(void) {
    Suite *s = suite_create("depthwise");
    TCase *c = tcase_create("depthwise");
    tcase_add_unchecked_fixture(c, kernels_say_untested, NULL);
    tcase_add_loop_test(c, forward, 0, KERNELS);
    tcase_add_loop_test(c, padded, 0, SIMD_COUNT);
    tcase_add_loop_test(c, gradients, 0, KERNELS);
    suite_add_tcase(s, c);
    return s;
}
