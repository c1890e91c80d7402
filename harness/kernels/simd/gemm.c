/* 1x1 convolutions as products of matrices: tiles of ROWS x 3 vectors whose sums stay in registers while
 * k runs, rows of A broadcast from memory, B packed by columns (Goto & van de Geijn 2008; here B is a
 * layer's weights and always fits the cache, and A is a panel that the caller has just made, so that
 * neither is cut along k). */
#include "kernels/simd/entries.h"

enum {
#if defined(__AVX512F__)
    ROWS = 8, /* 24 of 32 registers */
#else
    ROWS = 4, /* 12 of 16 */
#endif
    WIDE = 3 /* vectors across */
};

typedef vec tile[ROWS][WIDE];

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

static int words(int k) {
    return (k + PAIR - 1) / PAIR;
}

/* ---- C = A B ---- */

/* Columns a packed panel has: whole vectors, at most WIDE. */
static int panel_columns(int left) {
    int vectors = (left + LANES - 1) / LANES;
    return (vectors > WIDE ? WIDE : vectors) * LANES;
}

size_t ISA(packed_floats)(int k, int n) {
    return (size_t)words(k) * (size_t)((n + LANES - 1) / LANES * LANES);
}

/* Where columns lie together, SOME of each at a time: lines of both are in the first cache then. */
enum { SOME = 16 };

#ifdef PAIRED
static void pack_rows(int k, int there, int columns, const float *b, size_t step, float *packed) {
    for (int i = 0; i < k; i += PAIR, packed += columns)
        for (int j = 0; j < columns; j += LANES) {
            int some = there - j < LANES ? there - j : 0;
            const float *from = b + (size_t)i * step + j;
            store(packed + j, paired(halves(get(from, some)),
                                  i + 1 < k ? halves(get(from + step, some)) : (half_vec){0}));
        }
}

static void pack_turned(int k, int there, int columns, const float *b, size_t step, float *packed) {
    for (int from = 0; from < k; from += SOME)
        for (int j = 0; j < columns; j++) {
            half_vec h = {0};
            float word[SOME / PAIR];
            if (j < there)
                h = halves(get(b + from + (size_t)j * step, k - from < SOME ? k - from : 0));
            memcpy(word, &h, sizeof word);
            for (int i = 0; i < SOME / PAIR && from / PAIR + i < words(k); i++)
                packed[(size_t)(from / PAIR + i) * (size_t)columns + (size_t)j] = word[i];
        }
}
#else
static void pack_rows(int k, int there, int columns, const float *b, size_t step, float *packed) {
    for (int i = 0; i < k; i++, packed += columns) {
        memcpy(packed, b + (size_t)i * step, (size_t)there * sizeof *packed);
        memset(packed + there, 0, (size_t)(columns - there) * sizeof *packed);
    }
}

static void pack_turned(int k, int there, int columns, const float *b, size_t step, float *packed) {
    for (int from = 0; from < k; from += SOME)
        for (int j = 0; j < columns; j++)
            for (int i = from; i < k && i < from + SOME; i++)
                packed[(size_t)i * (size_t)columns + (size_t)j] =
                    j < there ? b[(size_t)i + (size_t)j * step] : 0;
}
#endif

void ISA(pack)(int k, int n, const float *b, size_t step_k, size_t step_n, float *packed) {
    for (int from = 0; from < n; from += WIDE * LANES) {
        int columns = panel_columns(n - from), there = n - from < columns ? n - from : columns;
        if (step_n == 1)
            pack_rows(k, there, columns, b + from, step_k, packed);
        else
            pack_turned(k, there, columns, b + (size_t)from * step_n, step_n, packed);
        packed += (size_t)words(k) * (size_t)columns;
    }
}

#ifndef PAIRED
void ISA(scale_packed)(int k, int n, const float *packed, const float *factor, float *scaled) {
    for (int from = 0; from < n; from += WIDE * LANES) {
        int columns = panel_columns(n - from);
        for (int i = 0; i < k; i++)
            for (int j = 0; j < columns; j += LANES, packed += LANES, scaled += LANES)
                store(scaled, load(packed) * factor[i]);
    }
}
#endif

INLINE size_t row_at(const struct product *p, int i) {
    return (size_t)(p->places ? p->places[i] : i) * p->ldc;
}

INLINE void put_or_add(float *to, vec v, int some, bool add) {
    put(to, add ? get(to, some) + v : v, some);
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

/* What becomes of the tile before it is stored (struct finish); known when this is compiled. */
enum ending { AS_IT_IS, BIASED, BIASED_SILU, BIASED_RELU6 };

/* n rows of the tile from `first` on, their vector j. */
INLINE void finish_some(enum ending ending, int n, const struct product *p, int row, int first,
    int j, int column, int some, tile t) {
    const float *plus = p->finish->plus;
    vec x[ABREAST], slope[ABREAST];
    EACH(i, n) x[i] = t[first + i][j];
    if (ending != BIASED)
        activate(ending == BIASED_SILU ? ACT_SILU : ACT_RELU6, n, x, x, slope);
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
    int row = 0;
    while (row + ROWS <= p->m)
        row = rows_of(ending, ROWS, wide, p, row, packed, from);
    if (ROWS == 8 && row + 4 <= p->m)
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
    if (!p->finish)
        multiply_ending(AS_IT_IS, p);
    else if (!p->finish->activates)
        multiply_ending(BIASED, p);
    else if (p->finish->activation == ACT_SILU)
        multiply_ending(BIASED_SILU, p);
    else
        multiply_ending(BIASED_RELU6, p);
}

/* ---- C = A' B ---- */

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
    int row = 0;
    for (; row + ROWS <= p->m; row += ROWS)
        outer_rows(ROWS, wide, some, p, s, row, from);
    if (ROWS == 8 && row + 4 <= p->m) {
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
