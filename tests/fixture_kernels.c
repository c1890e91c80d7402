#include "fixture_kernels.h"

#include "check_suites.h"

#include "core/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CANARIES = 40, MOST = 64 };
static const float canary = -12345.678f;

static struct span {
    float *memory, *values, *begin; /* begin: a copy */
    uint16_t *map_memory, *map;     /* of bfloat16, between canaries too; NULL: not asked for */
    size_t n, behind;               /* canaries behind */
    bool input;
} spans[MOST];
static size_t n_spans, n_sums;
static struct sum *sums[MOST];
static const char *set_name;
static enum simd_maps map_type;
static char failure[300]; /* the first, until the shape is known */

/* ---- instruction sets ---- */

/* SIMD_AVX512_BF16's kernels of floats are SIMD_AVX512's. */
static bool tested_before(enum simd_id id, enum simd_maps maps) {
    return id == SIMD_AVX512_BF16 && maps == SIMD_F32 && !getenv("DMTL_SIMD");
}

const struct simd *kernels_tested(int kernels) {
    enum simd_id id = (enum simd_id)(kernels % SIMD_COUNT);
    enum simd_maps maps = (enum simd_maps)(kernels / SIMD_COUNT);
    const char *asked = getenv("DMTL_SIMD");
    return (asked && strcmp(asked, simd_names[id]) != 0) || tested_before(id, maps)
               ? NULL
               : simd_of(id, maps);
}

void kernels_say_untested(void) {
    for (int id = 0; id < SIMD_COUNT; id++)
        if (!kernels_tested(SIMD_COUNT + id))
            printf("skipped: kernels of %s: %s\n", simd_names[id],
                simd_of((enum simd_id)id, SIMD_F32) ? "DMTL_SIMD names another set"
                                                    : "this processor has no such instructions");
    fflush(stdout);
}

struct activated activated_plainly(enum activation kind, double z) {
    if (kind == ACT_RELU6)
        return (struct activated){fmin(fmax(z, 0), 6), z > 0 && z<6, z> 0 && z < 6};
    double s = 1 / (1 + exp(-z)), a = z * s;
    return (struct activated){a, s + a * (1 - s), s + fabs(a)};
}

/* ---- draws ---- */

struct rng spans_rng;

void sum_add(struct sum *s, double term) {
    sum_add_sized(s, term, fabs(term));
}

void sum_add_sized(struct sum *s, double term, double size) {
    s->value += term;
    s->size += size;
}

void spans_open(uint32_t item, int kernels) {
    spans_rng = rng_open(3, RNG_TEST, 0, item);
    set_name = simd_names[kernels % SIMD_COUNT];
    map_type = (enum simd_maps)(kernels / SIMD_COUNT);
}

int spans_below(int n) {
    return (int)rng_below(&spans_rng, (uint32_t)n);
}

bool spans_coin(void) {
    return spans_below(2) == 1;
}

float spans_grain(void) {
    return (float)(spans_below(512) - 256) / 64;
}

/* ---- arrays ---- */

static struct span *span_new(size_t n, size_t before, size_t behind) {
    ck_assert_uint_lt(n_spans, MOST);
    struct span *s = &spans[n_spans++];
    before += spans_coin();
    *s = (struct span){.n = n, .behind = behind, .begin = xmalloc(n * sizeof(float))};
    s->memory = xmalloc((before + n + behind) * sizeof(float));
    s->values = s->memory + before;
    for (size_t i = 0; i < before + n + behind; i++)
        s->memory[i] = canary;
    return s;
}

static float *filled(struct span *s, float (*draw)(void)) {
    for (size_t i = 0; i < s->n; i++)
        s->values[i] = draw();
    memcpy(s->begin, s->values, s->n * sizeof(float));
    return s->values;
}

static float real(void) {
    return (float)(2 * rng_uniform(&spans_rng) - 1);
}

static float nothing(void) {
    return NAN;
}

static float *input(size_t n, float (*draw)(void)) {
    struct span *s = span_new(n, 0, 0);
    s->input = true;
    return filled(s, draw);
}

float *span_in(size_t n) {
    return input(n, spans_grain);
}

float *span_reals(size_t n) {
    return input(n, real);
}

float *span_fresh(size_t n) {
    return filled(span_new(n, CANARIES, CANARIES), nothing);
}

float *span_sums(size_t n) {
    return filled(span_new(n, CANARIES, CANARIES), spans_grain);
}

float *span_room(size_t n) {
    return filled(span_new(n, 0, 0), nothing);
}

static struct span *span_of(const float *values) {
    for (size_t i = 0; i < n_spans; i++)
        if (spans[i].values == values)
            return &spans[i];
    ck_abort_msg("no such array");
    return NULL;
}

const float *span_begin(const float *values) {
    return span_of(values)->begin;
}

/* ---- maps ---- */

static const uint16_t map_canary = 0xABCD;

bool maps_are_rounded(void) {
    return map_type == SIMD_BF16;
}

/* To the nearest by way of double: 8 significant bits, to even where two are as near. */
static uint16_t bf16_of(float x) {
    int exponent;
    float rounded = x;
    uint32_t bits;
    if (isfinite(x)) {
        double digits = frexp((double)x, &exponent);
        rounded = (float)ldexp(nearbyint(ldexp(digits, 8)), exponent - 8);
    }
    memcpy(&bits, &rounded, sizeof bits);
    return (uint16_t)(bits >> 16);
}

static float of_bf16(uint16_t half) {
    uint32_t bits = (uint32_t)half << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

void *map_of(const float *values) {
    struct span *s = span_of(values);
    if (!maps_are_rounded())
        return s->values;
    size_t before = s->behind + (size_t)spans_coin();
    s->map_memory = xmalloc((before + s->n + s->behind) * sizeof *s->map);
    s->map = s->map_memory + before;
    for (size_t i = 0; i < before + s->n + s->behind; i++)
        s->map_memory[i] = map_canary;
    for (size_t i = 0; i < s->n; i++)
        s->map[i] = bf16_of(values[i]);
    return s->map;
}

const float *span_of_map(const void *map) {
    for (size_t i = 0; i < n_spans; i++)
        if (map && (spans[i].values == map || spans[i].map == map))
            return spans[i].values;
    ck_abort_msg("no such map");
    return NULL;
}

void expect_map(const char *what, const void *got, const struct sum *want, size_t n, double bound) {
    struct span *s = span_of(span_of_map(got));
    for (size_t i = 0; s->map && i < n; i++)
        s->values[i] = of_bf16(s->map[i]);
    expect_sums(what, s->values, want, n, s->map ? bound + 0x1.01p-8 : bound);
}

bool operands_are_rounded(void) {
    return maps_are_rounded() && strcmp(set_name, simd_names[SIMD_AVX512_BF16]) == 0;
}

void *operands_of(const float *values) {
    return operands_are_rounded() ? map_of(values) : span_of(values)->values;
}

float *span_exact(size_t n) {
    return operands_are_rounded() ? span_in(n) : span_reals(n);
}

void expect_operands(
    const char *what, const void *got, const struct sum *want, size_t n, double bound) {
    if (operands_are_rounded())
        expect_map(what, got, want, n, bound);
    else
        expect_sums(what, got, want, n, bound);
}

struct sum *sums_new(size_t n) {
    ck_assert_uint_lt(n_sums, MOST);
    return sums[n_sums++] = xcalloc(n, sizeof(struct sum));
}

struct sum *sums_from(const float *old, size_t n) {
    struct sum *s = sums_new(n);
    for (size_t i = 0; i < n; i++)
        sum_add(&s[i], (double)old[i]);
    return s;
}

/* ---- what is expected ---- */

static void note(const char *what, size_t at, double got, struct sum want) {
    if (!failure[0])
        snprintf(failure, sizeof failure, "%s[%zu] is %.9g, expected %.9g (of terms of %.9g)", what,
            at, got, want.value, want.size);
}

void expect_sums(
    const char *what, const float *got, const struct sum *want, size_t n, double bound) {
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - want[i].value) <= bound * want[i].size))
            note(what, i, (double)got[i], want[i]);
}

static void expect_whole(size_t number) {
    const struct span *s = &spans[number];
    size_t before = (size_t)(s->values - s->memory);
    for (size_t i = 0; i < before; i++)
        if (memcmp(&s->memory[i], &canary, sizeof canary) != 0)
            note("before array", number, (double)s->memory[i], (struct sum){(double)canary, 0});
    for (size_t i = 0; i < s->behind; i++)
        if (memcmp(&s->values[s->n + i], &canary, sizeof canary) != 0)
            note("behind array", number, (double)s->values[s->n + i],
                (struct sum){(double)canary, 0});
    for (size_t i = 0; s->map && i < (size_t)(s->map - s->map_memory); i++)
        if (s->map_memory[i] != map_canary)
            note("before map", number, 0, (struct sum){0, 0});
    for (size_t i = 0; s->map && i < s->behind; i++)
        if (s->map[s->n + i] != map_canary)
            note("behind map", number, 0, (struct sum){0, 0});
    for (size_t i = 0; s->map && s->input && i < s->n; i++)
        if (s->map[i] != bf16_of(s->values[i]))
            note("input map", number, 0, (struct sum){0, 0});
    if (s->input && memcmp(s->values, s->begin, s->n * sizeof(float)) != 0)
        note("input", number, 0, (struct sum){0, 0});
}

void spans_close(const char *shape) {
    for (size_t i = 0; i < n_spans; i++) {
        expect_whole(i);
        free(spans[i].memory);
        free(spans[i].begin);
        free(spans[i].map_memory);
    }
    for (size_t i = 0; i < n_sums; i++)
        free(sums[i]);
    n_spans = n_sums = 0;
    if (failure[0])
        ck_abort_msg("%s%s, %s: %s", set_name, maps_are_rounded() ? ", bf16" : "", shape, failure);
}
