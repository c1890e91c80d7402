/* 1x1 convolutions as products of matrices: tiles of up to 8 x 3 vectors whose sums stay in registers while
 * k runs, rows of A broadcast from memory (Goto & van de Geijn 2008; here B is a layer's weights and always fits
 * the cache, and A is a panel that the caller has just made, so that neither is cut along k). What runs along k are
 * words of 4 bytes: a float, or two operands of bfloat16. */
#ifndef KERNELS_SIMD_GEMM_TILE_H
#define KERNELS_SIMD_GEMM_TILE_H

#include "kernels/simd/entries.h"

enum {
    ROWS = 8, /* at most */
    WIDE = 3  /* vectors across, at most */
};

typedef vec tile[ROWS][WIDE];

/* Rows of a tile: 24 sums of 32 registers, or 12 of 16; a tile of one vector is higher, for each sum waits for itself. */
INLINE int rows_of_tile(int wide) {
    return LANES == 16 || wide == 1 ? 8 : 4;
}

/* t[i][j] += a[i] b[j], of one word of each. `some`: of the last vector of b only so many columns are there; 0: all. */
INLINE void multiply_word(int rows, int wide, int some, int there, const operand *a, size_t a_row,
    const float *b, tile t) {
    vec right[WIDE];
#pragma GCC unroll 4
    for (int j = 0; j < wide; j++)
        right[j] = get(b + j * LANES, j == wide - 1 ? some : 0);
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
        vec left = all_of(a + (size_t)i * a_row, there);
#pragma GCC unroll 4
        for (int j = 0; j < wide; j++)
            t[i][j] = add_product(t[i][j], left, right[j]);
    }
}

/* t[i][j] += sum over k of a[i, k] b[k, j]; `a_row` and `a_word`: steps of a, in operands, `b_word` of b, in floats. */
INLINE void multiply(int rows, int wide, int some, int k, const operand *a, size_t a_row,
    size_t a_word, const float *b, size_t b_word, tile t) {
    for (int word = 0; word < k / PAIR; word++, a += a_word, b += b_word)
        multiply_word(rows, wide, some, PAIR, a, a_row, b, t);
    if (k % PAIR)
        multiply_word(rows, wide, some, 1, a, a_row, b, t);
}

static inline int words(int k) {
    return (k + PAIR - 1) / PAIR;
}

/* Columns that a packed panel of B has: whole vectors, at most WIDE. */
static inline int panel_columns(int left) {
    int vectors = (left + LANES - 1) / LANES;
    return (vectors > WIDE ? WIDE : vectors) * LANES;
}

INLINE void put_or_add(float *to, vec v, int some, bool add) {
    put(to, add ? get(to, some) + v : v, some);
}

#endif
