/* Tests of paired differences: signs flipped by chance, and McNemar's. */
#include "analysis/distributions.h"
#include "analysis/paired.h"
#include "core/mem.h"
#include "core/parallel.h"
#include "core/rng.h"

#include <math.h>
#include <stdlib.h>

enum { PATTERNS = 256, WORDS = 256 };

struct flips {
    const double *difference; /* those that are not 0 */
    size_t n, draws;
    double *sums; /* patterns_make */
    size_t eights;
    uint64_t seed;
    double seen;
    size_t *hits; /* [threads] */
};

/* As far but for rounding. */
static bool as_far(double chance, double seen) {
    return fabs(chance) >= seen - 1e-12 * fmax(1, seen);
}

/* The sums of each eight differences with each pattern of signs, [eights][PATTERNS]: a draw then adds a sum for
 * eight of them. What is behind the last difference counts as 0. */
static double *patterns_make(const double *difference, size_t eights, size_t n) {
    double *sums = xcalloc(eights, PATTERNS * sizeof *sums);
    for (size_t e = 0; e < eights; e++) {
        double *of = sums + e * PATTERNS;
        size_t count = n - 8 * e < 8 ? n - 8 * e : 8;
        for (size_t k = 0; k < count; k++)
            of[0] -= difference[8 * e + k];
        for (size_t k = 0; k < 8;
             k++) /* the patterns whose highest sign is the k-th, from those without it */
            for (size_t below = 0; below < (size_t)1 << k; below++)
                of[((size_t)1 << k) + below] =
                    of[below] + (k < count ? 2 * difference[8 * e + k] : 0);
    }
    return sums;
}

static void flip(void *context, int worker, size_t draw) {
    struct flips *f = context;
    struct rng rng = rng_open(f->seed, RNG_SIGNS, (uint32_t)draw, 0);
    double sum = 0;
    for (size_t e = 0; e < f->eights;) {
        uint32_t words[WORDS];
        size_t left = (f->eights - e + 3) / 4, n = left < WORDS ? left : WORDS;
        rng_words(&rng, words, n);
        for (size_t w = 0; w < n; w++)
            for (int k = 0; k < 4 && e < f->eights; k++, e++, words[w] >>= 8)
                sum += f->sums[e * PATTERNS + (words[w] & (PATTERNS - 1))];
    }
    f->hits[worker] += as_far(sum, f->seen);
}

/* Every pattern of signs. */
static double enumerate(const struct flips *f) {
    size_t patterns = (size_t)1 << f->n, hits = 0;
    for (size_t pattern = 0; pattern < patterns; pattern++) {
        double sum = 0;
        for (size_t i = 0; i < f->n; i++)
            sum += pattern >> i & 1 ? f->difference[i] : -f->difference[i];
        hits += as_far(sum, f->seen);
    }
    return (double)hits / (double)patterns;
}

double sign_flip_test(
    const double *difference, size_t n, size_t draws, uint64_t seed, int threads) {
    double *kept = xcalloc(n, sizeof *kept), sum = 0, p;
    struct flips f = {.difference = kept, .draws = draws, .seed = seed};
    for (size_t i = 0; i < n; i++)
        if (difference[i] != 0) {
            kept[f.n++] = difference[i];
            sum += difference[i];
        }
    f.seen = fabs(sum);
    if (f.n <= PAIRED_ENUMERATED) {
        p = enumerate(&f);
    } else if (draws == 0) {
        p = NAN;
    } else {
        size_t hits = 1;
        f.eights = (f.n + 7) / 8;
        f.sums = patterns_make(kept, f.eights, f.n);
        f.hits = xcalloc((size_t)threads, sizeof *f.hits);
        parallel_for(draws, threads, flip, &f);
        for (int w = 0; w < threads; w++)
            hits += f.hits[w];
        p = (double)hits / (double)(draws + 1);
        free(f.hits);
        free(f.sums);
    }
    free(kept);
    return p;
}

double mcnemar_exact(size_t only_a, size_t only_b) {
    size_t least = only_a < only_b ? only_a : only_b, n = only_a + only_b;
    return n == 0 ? 1 : fmin(1, 2 * binomial_cdf((double)least, (double)n, 0.5));
}
