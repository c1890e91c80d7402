/* C = A' B: sums run along rows, which words of two operands have to be made of first. */
#include "kernels/simd/gemm_tile.h"

/* The two matrices as their product takes them: rows of words. */
struct sides {
    int rows; /* operands that are summed over */
    const operand *a;
    size_t a_row, a_word;
    const float *b;
    size_t b_word;
};

#ifdef PAIRED
/* Two rows become one of words, a row of zeros behind the last if it is alone; whole vectors. */
static size_t pair_rows(int rows, int n, const operand *from, size_t step, float *pairs) {
    size_t to_step = (size_t)((n + LANES - 1) / LANES * LANES);
    for (int r = 0; r < rows; r += 2, from += 2 * step, pairs += to_step)
        for (int j = 0; j < n; j += LANES) {
            int some = n - j < LANES ? n - j : 0;
            store(pairs + j, paired(get_halves(from + j, some),
                                 r + 1 < rows ? get_halves(from + step + j, some) : (half_vec){0}));
        }
    return to_step;
}

static struct sides sides_of(const struct outer *p) {
    float *b =
        (float *)p->room + (size_t)words(p->rows) * (size_t)((p->m + LANES - 1) / LANES * LANES);
    size_t a_word = pair_rows(p->rows, p->m, p->a, p->lda, p->room);
    size_t b_word = pair_rows(p->rows, p->n, p->b, p->ldb, b);
    return (struct sides){
        words(p->rows) * PAIR, (const operand *)(void *)p->room, PAIR, a_word * PAIR, b, b_word};
}
#else
static struct sides sides_of(const struct outer *p) {
    return (struct sides){p->rows, p->a, 1, p->lda, p->b, p->ldb};
}
#endif

INLINE void outer_rows(
    int rows, int wide, int some, const struct outer *p, const struct sides *s, int row, int from) {
    tile t = {{{0}}};
    multiply(rows, wide, some, s->rows, s->a + (size_t)row * s->a_row, s->a_row, s->a_word,
        s->b + from, s->b_word, t);
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
        for (int j = 0; j < wide; j++)
            put_or_add(p->c + (size_t)(row + i) * p->ldc + from + j * LANES, t[i][j],
                j == wide - 1 ? some : 0, p->add);
}

INLINE void outer_columns(
    int wide, int some, const struct outer *p, const struct sides *s, int from) {
    int row = 0, most = rows_of_tile(wide);
    for (; row + most <= p->m; row += most)
        outer_rows(most, wide, some, p, s, row, from);
    if (most > 4 && row + 4 <= p->m) {
        outer_rows(4, wide, some, p, s, row, from);
        row += 4;
    }
    for (; row < p->m; row++)
        outer_rows(1, wide, some, p, s, row, from);
}

void ISA(multiply_outer)(const struct outer *p) {
    struct sides s = sides_of(p);
    int from = 0;
    for (; from + 3 * LANES <= p->n; from += 3 * LANES)
        outer_columns(3, 0, p, &s, from);
    for (; from + 2 * LANES <= p->n; from += 2 * LANES)
        outer_columns(2, 0, p, &s, from);
    for (; from + LANES <= p->n; from += LANES)
        outer_columns(1, 0, p, &s, from);
    if (from < p->n)
        outer_columns(1, p->n - from, p, &s, from);
}
