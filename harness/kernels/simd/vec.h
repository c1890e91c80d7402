/* One vector of floats of the instruction set that this file is compiled for: AVX-512, AVX2 with FMA, or
 * whatever the compiler has (GCC's generic vectors, 16 bytes). The files beside this one are written once
 * with it and compiled once an instruction set; ISA(name) makes their names differ.
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

#if defined(__AVX512F__)
#include <immintrin.h>
#define ISA(name) name##_avx512
enum { LANES = 16 };
#elif defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#define ISA(name) name##_avx2
enum { LANES = 8 };
#else
#define ISA(name) name##_portable
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
INLINE void fetch(const float *p) {
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

/* 1 / (1 + e^-x), within 3e-7 of itself: 2^n e^r, |r| <= ln 2 / 2, e^r by its series up to r^7. Beyond
 * +-87 it is that of +-87. */
INLINE vec sigmoid(vec x) {
    const vec magic = all(0x1.8p23f); /* adding it rounds to the nearest integer */
    x = max(min(x, all(87)), all(-87));
    vec shifted = x * all(-0x1.715476p0f) + magic; /* -x / ln 2 */
    vec n = shifted - magic;
    vec r = n * all(-0x1.62e4p-1f) - x; /* ln 2 in two parts, so that n ln 2 is exact */
    r = n * all(-0x1.7f7d1cp-20f) + r;
    vec e = all(1.0f / 5040) * r + all(1.0f / 720);
    e = e * r + all(1.0f / 120);
    e = e * r + all(1.0f / 24);
    e = e * r + all(1.0f / 6);
    e = e * r + all(0.5f);
    e = e * r + all(1);
    e = e * r + all(1);
    ivec exponent = ((ivec)shifted - (ivec)magic) << 23;
    return reciprocal(1 + (vec)((ivec)e + exponent));
}

/* An activation and its derivative at z. `kind` is known when this is compiled. */
INLINE void activate(enum activation kind, vec z, vec *a, vec *slope) {
    if (kind == ACT_SILU) {
        vec s = sigmoid(z);
        *a = z * s;
        *slope = s + *a * (1 - s);
    } else {
        *a = min(max(z, all(0)), all(6));
        *slope = between(z, 0, 6);
    }
}

/* The sum of a vector's lanes, in their order. */
INLINE float lane_sum(vec v) {
    float sum = 0;
    for (int i = 0; i < LANES; i++)
        sum += v[i];
    return sum;
}

#endif
