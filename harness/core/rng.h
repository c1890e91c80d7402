/* Random numbers without state: every draw is a function of (seed, purpose, step, item) and of its
 * place in that stream. Any stream can be opened at any time without replaying those before it, so
 * an exact resume stores no generator, and two cells of one seed share order, initial weights and
 * augmentation.
 *
 * Philox4x32-10 of Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3".
 * Deviation: none in the rounds; the 128-bit counter is laid out as {block, item, step, purpose}
 * with 32 bits each, the 64-bit key is the seed.
 */
#ifndef CORE_RNG_H
#define CORE_RNG_H

#include <stddef.h>
#include <stdint.h>

/* Part of every stored result: never renumber, only append. */
enum rng_purpose {
    RNG_SPLIT = 1,            /* seed: /split/seed */
    RNG_INIT = 2,             /* initial weights; item: number of the parameter */
    RNG_ORDER = 3,            /* order of an epoch; step: epoch */
    RNG_AUGMENT = 4,          /* step: epoch, item: row of the manifest */
    RNG_DROPOUT = 5,          /* step: global step, item: number of the layer */
    RNG_STOCHASTIC_DEPTH = 6, /* the same */
    RNG_SYNTH = 7,            /* drawn faces; item: number of the face */
    RNG_CLUSTERS = 8,         /* bootstrap; step: draw */
    RNG_RUNS = 9,             /* bootstrap of seeds; step: draw, item: number of the system */
    RNG_PERMUTATION = 10,     /* of groups; step: draw, item: stratum */
    RNG_SIGNS = 11,           /* of paired differences; step: draw */
    RNG_TEST = 100            /* tests and benches */
};

struct rng {
    uint32_t key[2], counter[4], out[4];
    unsigned used; /* of out[0..3] */
};

struct rng rng_open(uint64_t seed, enum rng_purpose purpose, uint32_t step, uint32_t item);

uint32_t rng_u32(struct rng *r);
void rng_words(struct rng *r, uint32_t *words, size_t n); /* as n of rng_u32, which is slower */
uint32_t rng_below(struct rng *r, uint32_t n); /* uniform in 0..n-1, n > 0, without modulo bias */
void rng_indices(
    struct rng *r, uint32_t n, uint32_t *drawn, size_t count); /* as `count` of rng_below */
double rng_uniform(struct rng *r);                             /* [0, 1), 53 bits */
double rng_normal(struct rng *r); /* mean 0, variance 1 (Box-Muller, one of the pair) */

/* Fisher-Yates; the result depends on `n` and on the stream alone. */
void rng_shuffle(struct rng *r, uint32_t *items, size_t n);

#endif
