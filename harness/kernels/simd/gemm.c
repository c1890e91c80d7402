/* C = A B, and what becomes of a tile of it before it is stored. */
#include "kernels/simd/gemm_tile.h"

#include <assert.h>

INLINE size_t row_at(const struct product *p, int i) {
    return (size_t)(p->places ? p->places[i] : i) * p->ldc;
}

INLINE void put_or_add_stored(stored *to, vec v, int some, bool add) {
    put_stored(to, add ? get_stored(to, some) + v : v, some);
}

INLINE void add_up(int rows, int j, tile t, const struct product *p, int column) {
    vec sum = {0}, square = {0};
    int n = p->n - column < LANES ? p->n - column : LANES;
    for (int i = 0; i < rows; i++) {
        sum += t[i][j];
        square += t[i][j] * t[i][j];
    }
    put_or_add(p->sums + column, sum, n < LANES ? n : 0, true);
    put_or_add(p->squares + column, square, n < LANES ? n : 0, true);
}

/* n rows of the tile from `first` on, their vector j. */
INLINE void finish_some(enum ending ending, int n, const struct product *p, int row, int first,
    int j, int column, int some, tile t) {
    const float *plus = p->finish->plus;
    vec x[ABREAST];
    EACH(i, n) x[i] = t[first + i][j];
    complete(ending, n, x);
    if (plus)
        EACH(i, n) x[i] += get(plus + (size_t)(row + first + i) * p->ldc + column, some);
    EACH(i, n) put(p->c + row_at(p, row + first + i) + column, x[i], some);
}

INLINE void put_tile(
    int rows, int wide, const struct product *p, int row, int from, int some, tile t) {
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
        for (int j = 0; j < wide; j++) {
            size_t at = row_at(p, row + i) + (size_t)(from + j * LANES);
            int there = j == wide - 1 ? some : 0;
            if (p->c)
                put_or_add(p->c + at, t[i][j], there, p->add);
            else
                put_or_add_stored((stored *)p->map + at, t[i][j], there, p->add);
        }
    if (p->sums)
#pragma GCC unroll 4
        for (int j = 0; j < wide; j++)
            add_up(rows, j, t, p, from + j * LANES);
}

INLINE int rows_of(enum ending ending, int rows, int wide, const struct product *p, int row,
    const float *packed, int from) {
    enum { GROUP = 4 };
    int some = p->n - from - (wide - 1) * LANES;
    if (some >= LANES)
        some = 0;
    tile t = {{{0}}};
    if (ending != AS_IT_IS)
#pragma GCC unroll 4
        for (int j = 0; j < wide; j++) {
            vec bias = get(p->finish->bias + from + j * LANES, j == wide - 1 ? some : 0);
#pragma GCC unroll 16
            for (int i = 0; i < rows; i++)
                t[i][j] = bias;
        }
    multiply(rows, wide, 0, p->k, (const operand *)p->a + (size_t)row * p->lda, p->lda, PAIR,
        packed, (size_t)wide * LANES, t);
    if (ending == AS_IT_IS)
        put_tile(rows, wide, p, row, from, some, t);
    else
#pragma GCC unroll 4
        for (int i = 0; i < rows; i += GROUP)
#pragma GCC unroll 4
            for (int j = 0; j < wide; j++)
                finish_some(ending, rows < GROUP ? rows : GROUP, p, row, i, j, from + j * LANES,
                    j == wide - 1 ? some : 0, t);
    return row + rows;
}

INLINE void columns_of(
    enum ending ending, int wide, const struct product *p, const float *packed, int from) {
    int row = 0, most = rows_of_tile(wide);
    while (row + most <= p->m)
        row = rows_of(ending, most, wide, p, row, packed, from);
    if (most > 4 && row + 4 <= p->m)
        row = rows_of(ending, 4, wide, p, row, packed, from);
    if (row + 2 <= p->m)
        row = rows_of(ending, 2, wide, p, row, packed, from);
    if (row < p->m)
        rows_of(ending, 1, wide, p, row, packed, from);
}

INLINE void multiply_ending(enum ending ending, const struct product *p) {
    const float *packed = p->packed;
    for (int from = 0; from < p->n; from += WIDE * LANES) {
        int columns = panel_columns(p->n - from);
        if (columns == 3 * LANES)
            columns_of(ending, 3, p, packed, from);
        else if (columns == 2 * LANES)
            columns_of(ending, 2, p, packed, from);
        else
            columns_of(ending, 1, p, packed, from);
        packed += (size_t)words(p->k) * (size_t)columns;
    }
}

void ISA(multiply_rows)(const struct product *p) {
    assert(!p->finish || (p->c && !p->add && !p->sums));
    if (!p->finish)
        multiply_ending(AS_IT_IS, p);
    else if (!p->finish->activates)
        multiply_ending(BIASED, p);
    else if (p->finish->activation == ACT_SILU)
        multiply_ending(BIASED_SILU, p);
    else
        multiply_ending(BIASED_RELU6, p);
}
