/* B as products take it: panels of columns, each in words along k. */
#include "kernels/simd/gemm_tile.h"

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
