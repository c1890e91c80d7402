/* Every kernel of every instruction set that this processor has, against a plain loop in double: products and passes
 * over maps here, depthwise convolutions in check_depthwise.c. Bounds are multiples of what the terms' magnitudes
 * add up to. A float rounds by 6e-8 of itself, a sigmoid is within 3e-7 of itself. */
#include "check_suites.h"

#include "core/mem.h"
#include "fixture_kernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the choice ---- */

static void expect_refused(const char *set, const char *why) {
    struct err e = {0};
    setenv("DMTL_SIMD", set, 1);
    ck_assert(!simd_check(&e));
    ck_assert_int_eq(e.kind, ERR_USAGE);
    ck_assert_msg(strstr(e.msg, why) != NULL, "%s", e.msg);
    ck_assert_msg(strstr(e.msg, "unset it for ") != NULL, "%s", e.msg);
}

START_TEST(a_set_is_named_or_the_best) {
    struct err e = {0};
    const char *asked = getenv("DMTL_SIMD");
    char *kept = asked ? xstrdup(asked) : NULL;
    for (int id = 0; id < SIMD_COUNT; id++) {
        setenv("DMTL_SIMD", simd_names[id], 1);
        if (simd_of((enum simd_id)id, SIMD_F32)) {
            ck_assert_msg(simd_check(&e), "%s", e.msg);
            ck_assert_int_eq((int)simd_best(SIMD_BF16), id);
            ck_assert_ptr_eq(
                simd_of(simd_best(SIMD_F32), SIMD_F32), simd_of((enum simd_id)id, SIMD_F32));
        } else
            expect_refused(simd_names[id], "this processor has no such instructions");
    }
    expect_refused("avx-2",
        "DMTL_SIMD: \"avx-2\": no instruction set that we know; it may be one of "
        "portable, avx2, avx512, avx512_bf16; unset it for ");
    expect_refused("avx-2", "did you mean avx2?");
    setenv("DMTL_SIMD", "", 1);
    ck_assert_msg(simd_check(&e), "%s", e.msg);
    unsetenv("DMTL_SIMD");
    ck_assert_msg(simd_check(&e), "%s", e.msg);
#if defined(__x86_64__)
    bool paired = simd_of(SIMD_AVX512_BF16, SIMD_BF16) && __builtin_cpu_is("amd");
#else
    bool paired = false;
#endif
    ck_assert_int_eq(simd_best(SIMD_BF16), paired ? SIMD_AVX512_BF16 : simd_best(SIMD_F32));
    for (int id = (int)simd_best(SIMD_F32) + 1; id < SIMD_AVX512_BF16; id++)
        ck_assert_ptr_null(simd_of((enum simd_id)id, SIMD_F32));
    if (kept) /* where tests share a process */
        setenv("DMTL_SIMD", kept, 1);
    free(kept);
}
END_TEST

/* ---- products ---- */

/* 100 terms, each product and each sum rounded: at the very worst 101 x 6e-8 of the terms; with a sum over 40 rows
 * behind it, or an activation, half as much again. */
#define PRODUCT_BOUND 1e-5

struct shape {
    int m, n, k;
};

/* From 1 on, small ones often. */
static int side(void) {
    return 1 + spans_below(spans_coin() ? 9 : 100);
}

/* Row i of b at [k, n], packed as `packed`; b itself lies either way round. */
static const float *packed_b(
    const struct simd *simd, struct shape s, double *b /* [k, n] */, const float *factor) {
    bool turned = spans_coin();
    size_t step_k = turned ? 1 : (size_t)s.n + (size_t)spans_below(4),
           step_n = turned ? (size_t)s.k + (size_t)spans_below(4) : 1;
    const float *of_b = span_exact((size_t)(s.k - 1) * step_k + (size_t)(s.n - 1) * step_n + 1);
    float *packed = span_fresh(simd->packed_floats(s.k, s.n));
    simd->pack(s.k, s.n, of_b, step_k, step_n, packed);
    for (int i = 0; i < s.k; i++)
        for (int j = 0; j < s.n; j++)
            b[i * s.n + j] = (double)of_b[(size_t)i * step_k + (size_t)j * step_n] *
                             (factor ? (double)factor[i] : 1);
    if (!factor)
        return packed;
    float *scaled = span_fresh(simd->packed_floats(s.k, s.n));
    simd->scale_packed(s.k, s.n, packed, factor, scaled);
    return scaled;
}

/* Which row of c has row i of the product: any order, and rows between that are nobody's. */
static const int *some_places(int m, int rows, int *places) {
    uint32_t all[256];
    for (int i = 0; i < rows; i++)
        all[i] = (uint32_t)i;
    rng_shuffle(&spans_rng, all, (size_t)rows);
    for (int i = 0; i < m; i++)
        places[i] = (int)all[i];
    return places;
}

/* What c is to be: [rows, ldc], what nobody writes as it was. */
static void finish_plainly(const struct product *p, int i, struct sum *c) {
    const struct finish *f = p->finish;
    for (int j = 0; f && j < p->n; j++) {
        sum_add(&c[j], (double)f->bias[j]);
        if (f->activates)
            c[j].value = activated_plainly(f->activation, c[j].value).a;
        if (f->plus)
            sum_add(&c[j], (double)f->plus[(size_t)i * p->ldc + (size_t)j]);
    }
}

static void multiply_plainly(const struct product *p, const float *a, const double *b, int rows) {
    size_t floats = (size_t)rows * p->ldc;
    struct sum *c = sums_from(span_begin(p->c ? p->c : span_of_map(p->map)), floats), *sums = NULL,
               *squares = NULL;
    if (p->sums) {
        sums = sums_from(span_begin(p->sums), (size_t)p->n);
        squares = sums_from(span_begin(p->squares), (size_t)p->n);
    }
    for (int i = 0; i < p->m; i++) {
        struct sum *row = c + (size_t)(p->places ? p->places[i] : i) * p->ldc;
        for (int j = 0; j < p->n; j++) {
            row[j] = p->add ? row[j] : (struct sum){0, 0};
            for (int k = 0; k < p->k; k++)
                sum_add(&row[j], (double)a[(size_t)i * p->lda + (size_t)k] * b[k * p->n + j]);
            if (p->sums) {
                sum_add_sized(&sums[j], row[j].value, row[j].size);
                sum_add_sized(&squares[j], row[j].value * row[j].value, row[j].size * row[j].size);
            }
        }
        finish_plainly(p, i, row);
    }
    if (p->c)
        expect_sums("c", p->c, c, floats, PRODUCT_BOUND);
    else
        expect_map("map", p->map, c, floats, PRODUCT_BOUND);
    if (p->sums) {
        expect_sums("sums", p->sums, sums, (size_t)p->n, PRODUCT_BOUND);
        expect_sums("squares", p->squares, squares, (size_t)p->n, 2 * PRODUCT_BOUND);
    }
}

static void product_case(const struct simd *simd) {
    struct shape s = {side(), side(), side()};
    int places[128], rows = s.m + spans_below(5), what = spans_below(4);
    double *b = xmalloc((size_t)(s.k * s.n) * sizeof *b);
    const float *factor = simd->scale_packed && spans_coin() ? span_reals((size_t)s.k) : NULL;
    struct product p = {.m = s.m,
        .n = s.n,
        .k = s.k,
        .packed = packed_b(simd, s, b, factor),
        .lda = (size_t)s.k + (size_t)spans_below(4),
        .ldc = (size_t)s.n + (size_t)spans_below(4),
        .places = spans_coin() ? some_places(s.m, rows, places) : NULL};
    size_t floats = (size_t)rows * p.ldc;
    struct finish f = {.bias = span_reals((size_t)s.n),
        .activates = spans_coin(),
        .activation = spans_coin() ? ACT_SILU : ACT_RELU6,
        .plus = spans_coin() ? span_reals((size_t)s.m * p.ldc) : NULL};
    const float *a = span_exact((size_t)(s.m - 1) * p.lda + (size_t)s.k);
    p.a = operands_of(a);
    float *c = span_sums(floats);
    p.c = what == 3 || spans_coin() ? c : NULL;
    p.map = p.c ? NULL : map_of(c);
    p.add = what == 1;
    if (what == 2) {
        p.sums = span_sums((size_t)s.n);
        p.squares = span_sums((size_t)s.n);
    }
    if (what == 3)
        p.finish = &f;
    simd->multiply_rows(&p);
    multiply_plainly(&p, a, b, rows);
    free(b);
    char shape[100];
    snprintf(shape, sizeof shape, "product %d x %d x %d, kind %d, places %d, scaled %d, map %d",
        s.m, s.n, s.k, what, p.places != NULL, factor != NULL, p.map != NULL);
    spans_close(shape);
}

START_TEST(products_of_rows) {
    const struct simd *simd = kernels_tested(_i);
    spans_open(0, _i);
    for (int i = 0; simd && i < 600; i++)
        product_case(simd);
}
END_TEST

static void outer_case(const struct simd *simd) {
    struct outer p = {.rows = side(), .m = side(), .n = side(), .add = spans_coin()};
    p.lda = (size_t)p.m + (size_t)spans_below(4);
    p.ldb = (size_t)p.n + (size_t)spans_below(4);
    p.ldc = (size_t)p.n + (size_t)spans_below(4);
    size_t floats = (size_t)p.m * p.ldc;
    const float *a = span_exact((size_t)(p.rows - 1) * p.lda + (size_t)p.m),
                *b = span_exact((size_t)(p.rows - 1) * p.ldb + (size_t)p.n);
    p.a = operands_of(a);
    p.b = operands_of(b);
    p.c = span_sums(floats);
    if (operands_are_rounded())
        p.room = span_fresh(outer_room(p.rows, p.m, p.n));
    simd->multiply_outer(&p);
    struct sum *c = sums_from(span_begin(p.c), floats);
    for (int i = 0; !p.add && i < p.m; i++)
        memset(&c[(size_t)i * p.ldc], 0, (size_t)p.n * sizeof *c);
    for (int r = 0; r < p.rows; r++)
        for (int i = 0; i < p.m; i++)
            for (int j = 0; j < p.n; j++)
                sum_add(&c[(size_t)i * p.ldc + (size_t)j],
                    (double)a[(size_t)r * p.lda + (size_t)i] *
                        (double)b[(size_t)r * p.ldb + (size_t)j]);
    expect_sums("c", p.c, c, floats, PRODUCT_BOUND);
    char shape[100];
    snprintf(shape, sizeof shape, "outer product of %d rows, %d x %d%s", p.rows, p.m, p.n,
        p.add ? ", added" : "");
    spans_close(shape);
}

START_TEST(outer_products) {
    const struct simd *simd = kernels_tested(_i);
    spans_open(1, _i);
    for (int i = 0; simd && i < 300; i++)
        outer_case(simd);
}
END_TEST

/* ---- values ---- */

/* In steps that no power of two divides; a whole vector and a part of one at a time. */
START_TEST(sigmoids_are_within_3e7_of_themselves) {
    const struct simd *simd = kernels_tested(_i);
    enum { N = 37 };
    spans_open(2, _i);
    for (double from = -86; simd && from < 88;) {
        float x[N];
        float *out = span_fresh(N);
        struct sum *want = sums_new(N);
        for (int i = 0; i < N; i++, from += 0.00137) {
            x[i] = (float)fmin(from, 88);
            sum_add(&want[i], 1 / (1 + exp(-(double)x[i])));
        }
        simd->sigmoid_values(N, x, out);
        expect_sums("sigmoid", out, want, N, 3e-7);
        memcpy(out, x, sizeof x);
        simd->sigmoid_values(N, out, out);
        expect_sums("sigmoid in place", out, want, N, 3e-7);
        spans_close("sigmoids");
    }
}
END_TEST

/* A weight that is no number must reach the loss, or a diverged training would look like a bad one. */
START_TEST(limits_and_what_is_no_number) {
    const struct simd *simd = kernels_tested(_i);
    if (!simd)
        return;
    for (int n = 4; n < 40; n++) { /* whole vectors, and parts of them */
        float x[40], out[40];
        for (int i = 0; i < n; i++)
            x[i] = (float[]){INFINITY, -INFINITY, NAN, n % 2 ? 1000 : 3e38f}[i % 4];
        simd->sigmoid_values((size_t)n, x, out);
        ck_assert(out[0] == 1 && out[1] >= 0 && out[1] < 1e-37f && isnan(out[2]) && out[3] == 1);
        simd->activate_values(ACT_RELU6, (size_t)n, x, out);
        ck_assert(out[0] == 6 && out[1] == 0 && isnan(out[2]) && out[3] == 6);
        simd->activate_values(ACT_SILU, (size_t)n, x, out);
        ck_assert(isinf(out[0]) && isnan(out[2]) && out[3] == x[3]);
        ck_assert(isnan(out[n / 4 * 4 - 2]));
    }
}
END_TEST

static void values_case(const struct simd *simd, enum activation kind) {
    size_t n = (size_t)side();
    const float *x = span_in(n);
    float *out = span_fresh(n), *grad = span_sums(n);
    struct sum *a = sums_new(n), *slope = sums_new(n);
    simd->activate_values(kind, n, x, out);
    simd->slope_values(kind, n, x, grad);
    for (size_t i = 0; i < n; i++) {
        struct activated z = activated_plainly(kind, (double)x[i]);
        double g = (double)span_begin(grad)[i];
        sum_add(&a[i], z.a);
        sum_add_sized(&slope[i], g * z.slope, fabs(g) * z.slope_size);
    }
    expect_sums("activation", out, a, n, 1e-6);
    expect_sums("slope", grad, slope, n, 1e-6);
    spans_close(kind == ACT_SILU ? "values of SiLU" : "values of ReLU6");
}

START_TEST(values) {
    const struct simd *simd = kernels_tested(_i);
    spans_open(3, _i);
    for (int i = 0; simd && i < 300; i++)
        values_case(simd, i % 2 ? ACT_SILU : ACT_RELU6);
}
END_TEST

/* ---- passes over maps ---- */

/* Up to 70 rows in sums of 8 and those added up: 16 roundings of the terms, and the activations' own. */
#define MAP_BOUND 3e-6

/* A map's rows, with all that a plain loop needs of them. */
struct plain {
    struct map m;
    const float *x;
    size_t n; /* rows x channels */
    struct activated *z;
};

static struct plain plain_new(void) {
    int rows = 1 + spans_below(spans_coin() ? 10 : 70), channels = side();
    size_t c = (size_t)channels, n = (size_t)rows * c;
    struct plain p = {{.x = map_of(span_in(n)),
                          .rows = (size_t)rows,
                          .channels = channels,
                          .activation = spans_coin() ? ACT_SILU : ACT_RELU6,
                          .scale = span_in(c),
                          .shift = span_in(c),
                          .mean = span_in(c),
                          .of_grad = span_in(c),
                          .of_x = span_in(c),
                          .of_one = span_in(c)},
        NULL, n, xmalloc(n * sizeof(struct activated))};
    p.x = span_of_map(p.m.x);
    for (size_t i = 0; i < n; i++)
        p.z[i] = activated_plainly(
            p.m.activation, (double)p.x[i] * (double)p.m.scale[i % c] + (double)p.m.shift[i % c]);
    return p;
}

static void plain_close(struct plain *p, const char *kernel) {
    char shape[100];
    free(p->z);
    snprintf(shape, sizeof shape, "%s, %zu rows of %d, activation %d", kernel, p->m.rows,
        p->m.channels, (int)p->m.activation);
    spans_close(shape);
}

static size_t channel(const struct plain *p, size_t i) {
    return i % (size_t)p->m.channels;
}

static double centred(const struct plain *p, size_t i) {
    return (double)p->x[i] - (double)p->m.mean[channel(p, i)];
}

/* The map without what the kernel has no use for. */
static struct map only(const struct plain *p, bool norm, bool mean, bool of) {
    struct map m = p->m;
    if (!norm)
        m.scale = m.shift = NULL;
    if (!mean)
        m.mean = NULL;
    if (!of)
        m.of_grad = m.of_x = m.of_one = NULL;
    return m;
}

/* The sums of dz, and those times (x - mean), of a gradient behind the activation or (`normed`) of z. */
struct pair {
    struct sum *sums, *products;
};

static struct pair pair_new(const float *sums, const float *products, size_t n) {
    return (struct pair){sums_from(span_begin(sums), n), sums_from(span_begin(products), n)};
}

static void pair_add(struct pair *to, const struct plain *p, size_t i, double dz, double size) {
    size_t c = channel(p, i);
    double by = centred(p, i);
    sum_add_sized(&to->sums[c], dz, size);
    sum_add_sized(&to->products[c], dz * by, size * fabs(by));
}

static void forward_rows(const struct simd *simd) {
    struct plain p = plain_new();
    size_t c = (size_t)p.m.channels;
    struct map m = only(&p, true, false, false);
    const float *gate = spans_coin() ? span_in(c) : NULL;
    const float *plus = spans_coin() ? span_in(p.n) : NULL, factor = spans_grain();
    float *totals = span_sums(c);
    void *activated = operands_of(span_fresh(p.n)), *mapped = map_of(span_fresh(p.n));
    void *normed = map_of(span_fresh(p.n));
    simd->activate_rows(&m, gate, activated);
    simd->activate_map(&m, mapped);
    simd->norm_rows(&m, factor, plus ? map_of(plus) : NULL, normed);
    simd->activate_sums(&m, totals);
    struct sum *a = sums_new(p.n), *b = sums_new(p.n), *t = sums_from(span_begin(totals), c);
    struct sum *ungated = sums_new(p.n);
    for (size_t i = 0; i < p.n; i++) {
        size_t k = channel(&p, i);
        sum_add(&a[i], p.z[i].a * (gate ? (double)gate[k] : 1));
        sum_add(&ungated[i], p.z[i].a);
        sum_add(&b[i], (double)p.x[i] * (double)p.m.scale[k] * (double)factor);
        sum_add(&b[i], (double)p.m.shift[k] * (double)factor);
        sum_add(&b[i], plus ? (double)plus[i] : 0);
        sum_add(&t[k], p.z[i].a);
    }
    expect_operands("activate_rows", activated, a, p.n, 1e-6);
    expect_map("activate_map", mapped, ungated, p.n, 1e-6);
    expect_map("norm_rows", normed, b, p.n, 1e-6);
    expect_sums("activate_sums", totals, t, c, MAP_BOUND);
    plain_close(&p, "forward");
}

static void norm_gradients(const struct simd *simd) {
    struct plain p = plain_new();
    size_t c = (size_t)p.m.channels;
    struct map for_sums = only(&p, false, true, false), for_rows = only(&p, false, false, true);
    const float *grad = span_in(p.n), factor = spans_grain();
    float *sums = span_sums(c), *products = span_sums(c);
    void *out = operands_of(span_fresh(p.n));
    struct pair pair = pair_new(sums, products, c);
    struct sum *x = sums_new(p.n);
    const void *map = map_of(grad);
    simd->grad_sums(&for_sums, map, factor, sums, products);
    simd->grad_rows(&for_rows, map, factor, out);
    for (size_t i = 0; i < p.n; i++) {
        double dz = (double)grad[i] * (double)factor;
        pair_add(&pair, &p, i, dz, fabs(dz));
        sum_add(&x[i], (double)p.m.of_grad[channel(&p, i)] * dz);
        sum_add(&x[i], (double)p.m.of_x[channel(&p, i)] * (double)p.x[i]);
        sum_add(&x[i], (double)p.m.of_one[channel(&p, i)]);
    }
    expect_sums("grad_sums", sums, pair.sums, c, MAP_BOUND);
    expect_sums("grad_sums' products", products, pair.products, c, MAP_BOUND);
    expect_operands("grad_rows", out, x, p.n, 1e-6);
    plain_close(&p, "gradients of a norm");
}

static void gate_gradients(const struct simd *simd) {
    struct plain p = plain_new();
    size_t c = (size_t)p.m.channels;
    struct map m = only(&p, true, true, false);
    const float *grad = span_in(p.n), *gate = spans_coin() ? span_in(c) : NULL;
    void *out = operands_of(span_fresh(p.n));
    struct gate_sums s = {.grads = span_sums(c), .grad_products = span_sums(c)};
    struct pair of_grad = pair_new(s.grads, s.grad_products, c), of_slope = {0};
    struct sum *a = sums_new(p.n), *of_gate = NULL;
    if (gate) {
        s.of_gate = span_sums(c);
        s.slopes = span_sums(c);
        s.slope_products = span_sums(c);
        of_gate = sums_from(span_begin(s.of_gate), c);
        of_slope = pair_new(s.slopes, s.slope_products, c);
    }
    simd->gate_rows(&m, &s, map_of(grad), gate, out);
    for (size_t i = 0; i < p.n; i++) {
        struct activated z = p.z[i];
        double g = (double)grad[i];
        sum_add(&a[i], z.a * (gate ? (double)gate[channel(&p, i)] : 1));
        pair_add(&of_grad, &p, i, g * z.slope, fabs(g) * z.slope_size);
        if (gate) {
            sum_add(&of_gate[channel(&p, i)], g * z.a);
            pair_add(&of_slope, &p, i, z.slope, z.slope_size);
        }
    }
    expect_operands("out", out, a, p.n, 1e-6);
    expect_sums("grads", s.grads, of_grad.sums, c, MAP_BOUND);
    expect_sums("grad_products", s.grad_products, of_grad.products, c, MAP_BOUND);
    if (gate) {
        expect_sums("of_gate", s.of_gate, of_gate, c, MAP_BOUND);
        expect_sums("slopes", s.slopes, of_slope.sums, c, MAP_BOUND);
        expect_sums("slope_products", s.slope_products, of_slope.products, c, MAP_BOUND);
    }
    plain_close(&p, "gate_rows");
}

static void pooled_gradients(const struct simd *simd) {
    struct plain p = plain_new();
    size_t c = (size_t)p.m.channels;
    struct map for_sums = only(&p, true, true, false), for_rows = only(&p, true, false, true);
    const float *grad = span_in(c);
    float *sums = span_sums(c), *products = span_sums(c);
    void *out = operands_of(span_fresh(p.n));
    struct pair pair = pair_new(sums, products, c);
    struct sum *x = sums_new(p.n);
    simd->pooled_sums(&for_sums, grad, sums, products);
    simd->pooled_grad_rows(&for_rows, grad, out);
    for (size_t i = 0; i < p.n; i++) {
        size_t k = channel(&p, i);
        double g = (double)grad[k], by = (double)p.m.of_grad[k];
        pair_add(&pair, &p, i, g * p.z[i].slope, fabs(g) * p.z[i].slope_size);
        sum_add_sized(&x[i], by * g * p.z[i].slope, fabs(by * g) * p.z[i].slope_size);
        sum_add(&x[i], (double)p.m.of_x[k] * (double)p.x[i]);
        sum_add(&x[i], (double)p.m.of_one[k]);
    }
    expect_sums("pooled_sums", sums, pair.sums, c, MAP_BOUND);
    expect_sums("pooled_sums' products", products, pair.products, c, MAP_BOUND);
    expect_operands("pooled_grad_rows", out, x, p.n, 1e-6);
    plain_close(&p, "gradients behind a mean");
}

static void slope_gradients(const struct simd *simd) {
    struct plain p = plain_new();
    size_t c = (size_t)p.m.channels;
    struct map m = only(&p, true, true, false);
    float *grad = span_sums(p.n), *sums = span_sums(c), *products = span_sums(c);
    void *map = map_of(grad);
    struct pair pair = pair_new(sums, products, c);
    struct sum *dz = sums_new(p.n);
    simd->slope_rows(&m, map, sums, products);
    for (size_t i = 0; i < p.n; i++) {
        double g = (double)span_begin(grad)[i];
        sum_add_sized(&dz[i], g * p.z[i].slope, fabs(g) * p.z[i].slope_size);
        pair_add(&pair, &p, i, dz[i].value, dz[i].size);
    }
    expect_map("grad", map, dz, p.n, 1e-6);
    expect_sums("sums", sums, pair.sums, c, MAP_BOUND);
    expect_sums("products", products, pair.products, c, MAP_BOUND);
    plain_close(&p, "slope_rows");
}

static void copied_maps(const struct simd *simd) {
    struct plain p = plain_new();
    const float *more = span_in(p.n), *reals = span_reals(p.n);
    float *read = span_fresh(p.n);
    void *operands = operands_of(span_fresh(p.n));
    void *sum = map_of(span_sums(p.n)), *written = map_of(span_fresh(p.n));
    struct sum *x = sums_new(p.n), *r = sums_new(p.n);
    struct sum *s = sums_from(span_begin(span_of_map(sum)), p.n);
    simd->read_map(p.n, p.m.x, read);
    simd->write_map(p.n, reals, written);
    simd->to_operands(p.n, reals, operands);
    simd->add_map(p.n, map_of(more), sum);
    for (size_t i = 0; i < p.n; i++) {
        sum_add(&x[i], (double)p.x[i]);
        sum_add(&r[i], (double)reals[i]);
        sum_add(&s[i], (double)more[i]);
    }
    expect_sums("read_map", read, x, p.n, 0);
    expect_map("write_map", written, r, p.n, 0);
    expect_operands("to_operands", operands, r, p.n, 0);
    expect_map("add_map", sum, s, p.n, 0);
    plain_close(&p, "copied maps");
}

START_TEST(maps) {
    static void (*const kernels[])(const struct simd *) = {forward_rows, norm_gradients,
        gate_gradients, pooled_gradients, slope_gradients, copied_maps};
    const struct simd *simd = kernels_tested(_i);
    spans_open(4, _i);
    for (int i = 0; simd && i < 1200; i++)
        kernels[(size_t)i % ARRAY_LEN(kernels)](simd);
}
END_TEST

Suite *kernels_suite(void) {
    Suite *s = suite_create("kernels");
    TCase *c = tcase_create("kernels");
    tcase_add_unchecked_fixture(c, kernels_say_untested, NULL);
    tcase_add_test(c, a_set_is_named_or_the_best);
    tcase_add_loop_test(c, products_of_rows, 0, KERNELS);
    tcase_add_loop_test(c, outer_products, 0, KERNELS);
    tcase_add_loop_test(c, sigmoids_are_within_3e7_of_themselves, 0, SIMD_COUNT);
    tcase_add_loop_test(c, limits_and_what_is_no_number, 0, SIMD_COUNT);
    tcase_add_loop_test(c, values, 0, SIMD_COUNT);
    tcase_add_loop_test(c, maps, 0, KERNELS);
    suite_add_tcase(s, c);
    return s;
}
