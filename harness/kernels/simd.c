#include "kernels/simd.h"

#include "core/words.h"

#include <assert.h>
#include <stdlib.h>

/* Each made by simd/table.c, as its file was compiled. */
extern const struct simd simd_f32_portable, simd_f32_avx2, simd_f32_avx512;
extern const struct simd simd_bf16_portable, simd_bf16_avx2, simd_bf16_avx512,
    simd_bf16_avx512_bf16;

const char *const simd_names[SIMD_COUNT] = {[SIMD_PORTABLE] = "portable",
    [SIMD_AVX2] = "avx2",
    [SIMD_AVX512] = "avx512",
    [SIMD_AVX512_BF16] = "avx512_bf16"};

static bool is_here(enum simd_id id) {
#if defined(__x86_64__)
    if (id == SIMD_AVX512_BF16)
        return is_here(SIMD_AVX512) && __builtin_cpu_supports("avx512bf16");
    if (id == SIMD_AVX512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
    if (id == SIMD_AVX2)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    return id == SIMD_PORTABLE;
}

const struct simd *simd_of(enum simd_id id, enum simd_maps maps) {
    static const struct simd *const tables[SIMD_COUNT][SIMD_MAPS] = {
        [SIMD_PORTABLE] = {&simd_f32_portable, &simd_bf16_portable},
#if defined(__x86_64__)
        [SIMD_AVX2] = {&simd_f32_avx2, &simd_bf16_avx2},
        [SIMD_AVX512] = {&simd_f32_avx512, &simd_bf16_avx512},
        [SIMD_AVX512_BF16] = {&simd_f32_avx512, &simd_bf16_avx512_bf16},
#endif
    };
    return is_here(id) ? tables[id][maps] : NULL;
}

void multiply_dense(const struct simd *simd, int m, int n, int k, const float *a,
    const float *packed, float *c, const struct finish *finish) {
    assert(simd->operand_bytes == sizeof *a);
    simd->multiply_rows(&(struct product){.m = m,
        .n = n,
        .k = k,
        .a = a,
        .lda = (size_t)k,
        .packed = packed,
        .c = c,
        .ldc = (size_t)n,
        .finish = finish});
}

/* NULL: the user leaves it to us. */
static const char *asked_for(void) {
    const char *asked = getenv("DMTL_SIMD");
    return asked && asked[0] ? asked : NULL;
}

/* Intel's cores multiply bfloat16 at less than half the rate of float32 (34 against 75 GMAC/s on a Sapphire Rapids),
 * AMD's at twice that rate (440 against 210 GFLOP/s on a Zen 4). */
static bool multiplies_bf16_faster(void) {
#if defined(__x86_64__)
    return __builtin_cpu_is("amd");
#else
    return false;
#endif
}

static enum simd_id best_here(enum simd_maps maps) {
    bool paired = maps == SIMD_BF16 && multiplies_bf16_faster();
    int best = paired ? SIMD_AVX512_BF16 : SIMD_AVX512;
    while (!is_here((enum simd_id)best))
        best--;
    return (enum simd_id)best;
}

enum simd_id simd_best(enum simd_maps maps) {
    const char *asked = asked_for();
    int id = asked ? word_find(simd_names, SIMD_COUNT, asked) : -1;
    if (id < 0 || !is_here((enum simd_id)id))
        return best_here(maps);
    return id == SIMD_AVX512_BF16 && maps == SIMD_F32 ? SIMD_AVX512 : (enum simd_id)id;
}

bool simd_check(struct err *e) {
    const char *asked = asked_for();
    int id = asked ? word_find(simd_names, SIMD_COUNT, asked) : -1;
    if (!asked || (id >= 0 && is_here((enum simd_id)id)))
        return true;
    err_usage(e,
        "the environment variable DMTL_SIMD: \"%s\": %s; it may be one of portable, avx2, avx512, avx512_bf16; unset it for "
        "\"%s\", the best that this processor has for f32",
        asked,
        id < 0 ? "no instruction set that we know" : "this processor has no such instructions",
        simd_names[best_here(SIMD_F32)]);
    return id < 0 ? err_hint(e, asked, simd_names, SIMD_COUNT, sizeof *simd_names) : false;
}

size_t outer_room(int rows, int m, int n) {
    enum { MOST_LANES = 16 };
    return (size_t)((rows + 1) / 2) * (size_t)(m + n + 2 * (MOST_LANES - 1));
}

/* Two sets of a kernel's weights, 5 rows that are convolved, the input's and the slopes'. Rows are as wide as a
 * tile past the input and its borders. */
size_t depthwise_scratch(int width) {
    enum { TAPS = 25, ROWS = 7, BORDERS = 40 };
    return (size_t)DEPTHWISE_BLOCK * (2 * TAPS + (size_t)ROWS * (size_t)(width + BORDERS));
}
