/* One vector of floats of the instruction set that this file is compiled for: AVX-512, with or without its products of
 * bfloat16, AVX2 with FMA, or whatever the compiler has (GCC's generic vectors, 16 bytes). The files beside this one
 * are written once with it and compiled once an instruction set and type of maps; ISA(name) makes their names differ.
 *
 * Vectors add and multiply by C's operators; a * b + c is one fused operation where there is one
 * (-ffp-contract=fast, for these files alone). Memory need not be aligned.
 */
#ifndef KERNELS_SIMD_VEC_H
#define KERNELS_SIMD_VEC_H

#include "nets/trunk_table.h"

#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
/* Compiled once, and not anew in each place that calls it. */
#define APART static __attribute__((noinline))

#ifdef MAPS_ARE_BF16
#define TYPED(name, isa) name##_bf16_##isa
#else
#define TYPED(name, isa) name##_f32_##isa
#endif

#if defined(__AVX512F__)
#include <immintrin.h>
#if defined(__AVX512BF16__)
#define ISA(name) TYPED(name, avx512_bf16)
#else
#define ISA(name) TYPED(name, avx512)
#endif
enum { LANES = 16 };
#elif defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#define ISA(name) TYPED(name, avx2)
enum { LANES = 8 };
#else
#define ISA(name) TYPED(name, portable)
enum { LANES = 4 };
#endif

typedef float vec __attribute__((vector_size(LANES * 4)));
typedef int32_t ivec __attribute__((vector_size(LANES * 4)));
typedef float loose_vec __attribute__((vector_size(LANES * 4), aligned(4), may_alias));

INLINE vec load(const float *p) {
    return *(const loose_vec *)p;
}
INLINE void store(float *p, vec v) {
    *(loose_vec *)p = v;
}
INLINE vec all(float x) {
    return x - (vec){0};
}

/* The first n of LANES elements; the others are 0, and their memory is not touched. */
INLINE vec load_some(const float *p, int n) {
#if defined(__AVX512F__)
    return (vec)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
#else
    vec v = {0};
    memcpy(&v, p, (size_t)n * sizeof *p);
    return v;
#endif
}
INLINE void store_some(float *p, vec v, int n) {
#if defined(__AVX512F__)
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
#else
    memcpy(p, &v, (size_t)n * sizeof *p);
#endif
}

/* Asks for memory that is soon read; any address will do. */
INLINE void fetch(const void *p) {
    __builtin_prefetch(p, 0, 2);
}

/* The same where `some` is 0 for a whole vector. */
INLINE vec get(const float *p, int some) {
    return some ? load_some(p, some) : load(p);
}
INLINE void put(float *p, vec v, int some) {
    if (some)
        store_some(p, v, some);
    else
        store(p, v);
}

/* ---- values of a map ---- */

#ifdef MAPS_ARE_BF16
typedef uint16_t stored; /* the upper half of a float */
typedef uint16_t half_vec __attribute__((vector_size(LANES * 2)));
typedef uint32_t uvec __attribute__((vector_size(LANES * 4)));

INLINE half_vec get_halves(const stored *p, int some) {
    half_vec h = {0};
#if defined(__AVX512BW__)
    if (some)
        h = (half_vec)_mm256_maskz_loadu_epi16((__mmask16)((1u << some) - 1), p);
    else
#endif
        memcpy(&h, p, some ? (size_t)some * sizeof *p : sizeof h);
    return h;
}
INLINE vec get_stored(const stored *p, int some) {
    return (vec)(__builtin_convertvector(get_halves(p, some), uvec) << 16);
}
/* To the nearest, to even where two are. What is no number stays none: that which arithmetic makes has zeros behind its
 * first bit, and the rounding carries nothing into its exponent. AVX512-BF16 takes what is less than 2^-126 as zero. */
INLINE half_vec halves(vec v) {
#if defined(__AVX512BF16__)
    return (half_vec)_mm512_cvtneps_pbh((__m512)v);
#else
    uvec bits = (uvec)v;
    return __builtin_convertvector((bits + 0x7FFF + (bits >> 16 & 1)) >> 16, half_vec);
#endif
}
INLINE void put_stored(stored *p, vec v, int some) {
    half_vec h = halves(v);
#if defined(__AVX512BW__)
    if (some)
        _mm256_mask_storeu_epi16(p, (__mmask16)((1u << some) - 1), (__m256i)h);
    else
#endif
        memcpy(p, &h, some ? (size_t)some * sizeof *p : sizeof h);
}
#else
typedef float stored;
INLINE vec get_stored(const stored *p, int some) {
    return get(p, some);
}
INLINE void put_stored(stored *p, vec v, int some) {
    put(p, v, some);
}
#endif

/* ---- operands of products ---- */

#if defined(__AVX512BF16__)
/* A word of a vector holds two operands, one after the other of those that are summed over: both products are added. */
#define PAIRED
enum { PAIR = 2 };
typedef stored operand;

INLINE vec add_product(vec sum, vec a, vec b) {
    return (vec)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
}
/* The word at p, in which `there` operands are: in all lanes. */
INLINE vec all_of(const operand *p, int there) {
    uint32_t word = p[0];
    if (there == PAIR)
        memcpy(&word, p, sizeof word);
    return (vec)(word - (uvec){0});
}
INLINE void put_operands(operand *p, vec v, int some) {
    put_stored(p, v, some);
}
/* Words of `first` and what follows it. */
INLINE vec paired(half_vec first, half_vec second) {
    return (
        vec)(__builtin_convertvector(first, uvec) | __builtin_convertvector(second, uvec) << 16);
}
#else
enum { PAIR = 1 };
typedef float operand;

INLINE vec add_product(vec sum, vec a, vec b) {
    return sum + a * b;
}
INLINE vec all_of(const operand *p, int there) {
    (void)there;
    return all(*p);
}
INLINE void put_operands(operand *p, vec v, int some) {
    put(p, v, some);
}
#endif

/* ---- arithmetic ---- */

/* Of a and b the larger, the smaller; b where one of them is no number. */
INLINE vec max(vec a, vec b) {
#if defined(__AVX512F__)
    return (vec)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined(__AVX2__)
    return (vec)_mm256_max_ps((__m256)a, (__m256)b);
#else
    ivec more = a > b;
    return (vec)((more & (ivec)a) | (~more & (ivec)b));
#endif
}
INLINE vec min(vec a, vec b) {
#if defined(__AVX512F__)
    return (vec)_mm512_min_ps((__m512)a, (__m512)b);
#elif defined(__AVX2__)
    return (vec)_mm256_min_ps((__m256)a, (__m256)b);
#else
    ivec less = a < b;
    return (vec)((less & (ivec)a) | (~less & (ivec)b));
#endif
}

/* 1 where low < x < high, else 0. */
INLINE vec between(vec x, float low, float high) {
#if defined(__AVX512F__)
    __mmask16 inside = _mm512_cmp_ps_mask((__m512)x, (__m512)all(low), _CMP_GT_OQ) &
                       _mm512_cmp_ps_mask((__m512)x, (__m512)all(high), _CMP_LT_OQ);
    return (vec)_mm512_maskz_mov_ps(inside, (__m512)all(1));
#else
    return (vec)((x > all(low)) & (x < all(high)) & (ivec)all(1));
#endif
}

INLINE vec reciprocal(vec x) {
#if defined(__AVX512F__) /* 14 bits, and one step of Newton's: four times as fast as the division */
    vec r = (vec)_mm512_rcp14_ps((__m512)x);
    return r + r * (1 - x * r);
#else
    return 1 / x;
#endif
}

/* How many vectors a long chain of operations is made for at once, as registers allow: one chain alone waits for itself,
 * and the processor does not look far enough ahead to find the next. */
#if defined(__AVX512F__)
enum { ABREAST = 8 };
#else
enum { ABREAST = 4 };
#endif
#define EACH(i, n) _Pragma("GCC unroll 8") for (int i = 0; i < (n); i++)

/* x 2^k, where k holds integers and `shifted` is k + 1.5 2^23: its last bits are k. */
INLINE vec scale_by(vec x, vec k, vec shifted) {
#if defined(__AVX512F__)
    (void)shifted;
    return (vec)_mm512_scalef_ps((__m512)x, (__m512)k);
#else
    (void)k;
    return (vec)((ivec)x + ((ivec)shifted << 23));
#endif
}

/* 1 / (1 + e^-x) of n vectors, within 3e-7 of itself: 2^k e^r, |r| <= ln 2 / 2, e^r = 1 + r + r^2 p(r) with the
 * p of degree 3 whose largest relative error, 1e-7, is least. Beyond +-87 it is that of +-87. n is known when
 * this is compiled. */
INLINE void sigmoids(int n, const vec *x, vec *s) {
    static const float p[] = {0.00831252f, 0.04189011f, 0.16667114f, 0.49999232f, 1, 1};
    const vec magic = all(0x1.8p23f); /* adding it rounds to the nearest integer */
    vec shifted[ABREAST], k[ABREAST], r[ABREAST], e[ABREAST];
    EACH(i, n) r[i] = max(all(-87), min(all(87), x[i]));
    EACH(i, n) shifted[i] = r[i] * all(-0x1.715476p0f) + magic; /* -x / ln 2 */
    EACH(i, n) k[i] = shifted[i] - magic;
    EACH(i, n) r[i] = k[i] * all(-0x1.62e4p-1f) - r[i]; /* k ln 2 in two parts: exact */
    EACH(i, n) r[i] = k[i] * all(-0x1.7f7d1cp-20f) + r[i];
    EACH(i, n) e[i] = all(p[0]) * r[i] + all(p[1]);
    EACH(j, 4) EACH(i, n) e[i] = e[i] * r[i] + all(p[j + 2]);
    EACH(i, n) s[i] = reciprocal(1 + scale_by(e[i], k[i], shifted[i]));
}
INLINE vec sigmoid(vec x) {
    vec s;
    sigmoids(1, &x, &s);
    return s;
}

/* An activation and its derivative at n vectors z; a may be z. `kind` and n are known when this is compiled. */
INLINE void activate(enum activation kind, int n, const vec *z, vec *a, vec *slope) {
    if (kind == ACT_SILU) {
        vec s[ABREAST];
        sigmoids(n, z, s);
        EACH(i, n) a[i] = z[i] * s[i];
        EACH(i, n) slope[i] = s[i] + a[i] * (1 - s[i]);
    } else {
        EACH(i, n) slope[i] = between(z[i], 0, 6);
        EACH(i, n) a[i] = min(all(6), max(all(0), z[i]));
    }
}

/* What becomes of sums, begun with their bias if there is one, before they are stored. Known when this is compiled. */
enum ending { AS_IT_IS, BIASED, BIASED_SILU, BIASED_RELU6 };

INLINE void complete(enum ending ending, int n, vec *x) {
    vec slope[ABREAST];
    if (ending == BIASED_SILU)
        activate(ACT_SILU, n, x, x, slope);
    if (ending == BIASED_RELU6)
        activate(ACT_RELU6, n, x, x, slope);
}

/* Calls some(n, at) for at in 0..count-1, n of them at once. */
#define ABREAST_OF(count, at, some)                                                                \
    do {                                                                                           \
        size_t at = 0;                                                                             \
        for (; at + ABREAST <= (count); at += ABREAST)                                             \
            some(ABREAST);                                                                         \
        if (ABREAST > 4 && at + 4 <= (count)) {                                                    \
            some(4);                                                                               \
            at += 4;                                                                               \
        }                                                                                          \
        if (at + 2 <= (count)) {                                                                   \
            some(2);                                                                               \
            at += 2;                                                                               \
        }                                                                                          \
        if (at < (count))                                                                          \
            some(1);                                                                               \
    } while (0)

#endif
