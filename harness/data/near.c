/* All pairs are compared, but most only by a few numbers. Of two unit vectors x and y, cut into their parts in a
 * subspace (s) and outside it (q), the inner product is s_x . s_y + q_x . q_y, at most s_x . s_y + |q_x| |q_y|.
 * The subspaces are means over 4 x 4 and 8 x 8 blocks, in each of which a part that a mirror leaves as it is (even)
 * stands apart from one that it turns round (odd): with the mirrored y the product is even - odd. */
#include "data/near.h"

#include "core/mem.h"
#include "data/joined.h"
#include "core/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COARSE = 4, FINE = 8, BLOCK = 256 };
enum { COARSE_HALF = COARSE * COARSE / 2, FINE_HALF = FINE * FINE / 2 };
#define SLACK                                                                                      \
    1e-4f /* far above what rounding does to the bounds, which decide nothing that is near */

struct fine { /* of one print */
    float even[FINE_HALF], odd[FINE_HALF], rest;
};
struct search {
    const uint8_t *prints;
    size_t n, padded; /* to whole blocks */
    /* of each print: the sum of its values; PRINT_VALUES^2 times their variance */
    int64_t *sum, *variance;
    struct fine *fine;
    float *even, *odd; /* [COARSE_HALF][padded] */
    float *rest;       /* [padded] */
    uint32_t **joined; /* by worker: the sets that it found, [n] */
};

/* ---- what each print is known by ---- */

/* Sums of neighbours by two in each direction: of side 2n to side n. Halved, they keep their lengths. */
static void coarsen(double *out, const double *in, int n) {
    for (int y = 0; y < n; y++)
        for (int x = 0; x < n; x++) {
            const double *p = in + (size_t)4 * n * y + 2 * x;
            out[y * n + x] = (p[0] + p[1] + p[2 * n] + p[2 * n + 1]) / 2;
        }
}

/* Puts the even and the odd part of n x n coefficients `stride` floats apart; returns the length of the rest. */
static float halves(float *even, float *odd, size_t stride, const double *in, int n) {
    double length = 0;
    size_t k = 0;
    for (int y = 0; y < n; y++)
        for (int x = 0; x < n / 2; x++, k++) {
            double left = in[y * n + x], right = in[y * n + n - 1 - x];
            even[k * stride] = (float)((left + right) * M_SQRT1_2);
            odd[k * stride] = (float)((left - right) * M_SQRT1_2);
            length += left * left + right * right;
        }
    return length < 1 ? (float)sqrt(1 - length) : 0;
}

static void know(struct search *s, size_t i, bool counts) {
    const uint8_t *print = s->prints + i * PRINT_VALUES;
    int64_t sum = 0, squares = 0;
    for (int k = 0; k < PRINT_VALUES; k++) {
        sum += print[k];
        squares += print[k] * print[k];
    }
    s->sum[i] = sum;
    s->variance[i] = counts ? PRINT_VALUES * squares - sum * sum : 0;
    if (s->variance[i] == 0)
        return; /* its numbers stay zero, and so do all bounds with it */
    double unit[PRINT_VALUES], half[PRINT_VALUES / 4], fine[FINE * FINE], coarse[COARSE * COARSE];
    double mean = (double)sum / PRINT_VALUES, length = sqrt((double)s->variance[i] / PRINT_VALUES);
    for (int k = 0; k < PRINT_VALUES; k++)
        unit[k] = (print[k] - mean) / length;
    coarsen(half, unit, PRINT_SIDE / 2);
    coarsen(fine, half, FINE);
    coarsen(coarse, fine, COARSE);
    s->fine[i].rest = halves(s->fine[i].even, s->fine[i].odd, 1, fine, FINE);
    s->rest[i] = halves(s->even + i, s->odd + i, s->padded, coarse, COARSE);
}

/* ---- pairs ---- */

static void turn_round(uint8_t *out, const uint8_t *print) {
    for (int y = 0; y < PRINT_SIDE; y++)
        for (int x = 0; x < PRINT_SIDE; x++)
            out[y * PRINT_SIDE + x] = print[y * PRINT_SIDE + PRINT_SIDE - 1 - x];
}

/* The correlation itself, of whole numbers. */
static bool correlated(const struct search *s, const uint8_t *x, size_t i, size_t j) {
    const uint8_t *y = s->prints + j * PRINT_VALUES;
    int product = 0;
    for (int k = 0; k < PRINT_VALUES; k++)
        product += x[k] * y[k];
    double covariance = (double)(PRINT_VALUES * (int64_t)product - s->sum[i] * s->sum[j]);
    return covariance >=
           NEAR_CORRELATION * sqrt((double)s->variance[i]) * sqrt((double)s->variance[j]);
}

static bool near(const struct search *s, const uint8_t *mirrored, size_t i, size_t j) {
    const struct fine *x = &s->fine[i], *y = &s->fine[j];
    float even = x->rest * y->rest + SLACK, odd = 0;
    for (int k = 0; k < FINE_HALF; k++) {
        even += x->even[k] * y->even[k];
        odd += x->odd[k] * y->odd[k];
    }
    return (even + odd >= (float)NEAR_CORRELATION &&
               correlated(s, s->prints + i * PRINT_VALUES, i, j)) ||
           (even - odd >= (float)NEAR_CORRELATION && correlated(s, mirrored, i, j));
}

/* The coarse bounds of print i with those from `first` on, a block of them. */
static void bounds(float out[BLOCK], const struct search *s, size_t i, size_t first) {
    float even[BLOCK], odd[BLOCK] = {0};
    for (int k = 0; k < BLOCK; k++)
        even[k] = s->rest[i] * s->rest[first + k];
    for (int d = 0; d < COARSE_HALF; d++) {
        const float *row = s->even + d * s->padded, *other = s->odd + d * s->padded;
        float x = row[i], y = other[i];
        for (int k = 0; k < BLOCK; k++) {
            even[k] += x * row[first + k];
            odd[k] += y * other[first + k];
        }
    }
    for (int k = 0; k < BLOCK; k++)
        out[k] = even[k] + fabsf(odd[k]);
}

static bool compare(void *context, int worker, size_t i, struct err *e) {
    const struct search *s = context;
    uint32_t *joined = s->joined[worker];
    uint8_t mirrored[PRINT_VALUES];
    float bound[BLOCK];
    (void)e;
    turn_round(mirrored, s->prints + i * PRINT_VALUES);
    for (size_t first = i / BLOCK * BLOCK; first < s->n; first += BLOCK) {
        bounds(bound, s, i, first);
        for (size_t j = first > i ? first : i + 1; j < first + BLOCK; j++)
            if (bound[j - first] >= (float)NEAR_CORRELATION - SLACK &&
                joined_root(joined, (uint32_t)i) != joined_root(joined, (uint32_t)j) &&
                near(s, mirrored, i, j))
                joined_join(joined, (uint32_t)i, (uint32_t)j);
    }
    return true;
}

/* A worker keeps sets, not pairs: of n images that are all alike there are n (n - 1) / 2. */
bool near_join(uint32_t *parent, const uint8_t *prints, const uint8_t *decoded, size_t n,
    int threads, struct err *e) {
    struct search s = {.prints = prints, .n = n, .padded = (n + BLOCK - 1) / BLOCK * BLOCK};
    s.sum = xcalloc(n, sizeof *s.sum);
    s.variance = xcalloc(n, sizeof *s.variance);
    s.fine = xcalloc(n, sizeof *s.fine);
    s.even = xcalloc(COARSE_HALF * s.padded, sizeof *s.even);
    s.odd = xcalloc(COARSE_HALF * s.padded, sizeof *s.odd);
    s.rest = xcalloc(s.padded, sizeof *s.rest);
    s.joined = xcalloc((size_t)threads, sizeof *s.joined);
    for (int t = 0; t < threads; t++) {
        s.joined[t] = xcalloc(n, sizeof **s.joined);
        for (size_t i = 0; i < n; i++)
            s.joined[t][i] = (uint32_t)i;
    }
    for (size_t i = 0; i < n; i++)
        know(&s, i, decoded[i]);
    bool ok = parallel_try(n, threads, compare, &s, e);
    for (int t = 0; t < threads; t++) {
        for (size_t i = 0; ok && i < n; i++)
            joined_join(parent, (uint32_t)i, joined_root(s.joined[t], (uint32_t)i));
        free(s.joined[t]);
    }
    free(s.joined);
    free(s.rest);
    free(s.odd);
    free(s.even);
    free(s.fine);
    free(s.variance);
    free(s.sum);
    return ok;
}
