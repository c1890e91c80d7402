#include "core/rng.h"

#include "core/wide.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

static const uint32_t multiplier[2] = {0xD2511F53u, 0xCD9E8D57u};
static const uint32_t weyl[2] = {0x9E3779B9u, 0xBB67AE85u}; /* added to the key after each round */

enum { ROUNDS = 10, AHEAD = 32 };

INTO_WIDE static inline void philox_round(
    uint32_t *c0, uint32_t *c1, uint32_t *c2, uint32_t *c3, const uint32_t k[2]) {
    uint64_t p0 = (uint64_t)multiplier[0] * *c0, p1 = (uint64_t)multiplier[1] * *c2;
    *c0 = (uint32_t)(p1 >> 32) ^ *c1 ^ k[0];
    *c1 = (uint32_t)p1;
    *c2 = (uint32_t)(p0 >> 32) ^ *c3 ^ k[1];
    *c3 = (uint32_t)p0;
}

/* The next AHEAD blocks of a stream, each round of all of them at once: one block's rounds wait for each other. */
WIDE static void blocks_ahead(const struct rng *r, uint32_t out[AHEAD][4]) {
    uint32_t c[4][AHEAD], k[2] = {r->key[0], r->key[1]};
    for (uint32_t b = 0; b < AHEAD; b++) {
        c[0][b] = r->counter[0] + b;
        c[1][b] = r->counter[1];
        c[2][b] = r->counter[2];
        c[3][b] = r->counter[3];
    }
    for (int round = 0; round < ROUNDS; round++, k[0] += weyl[0], k[1] += weyl[1])
        for (int b = 0; b < AHEAD; b++)
            philox_round(&c[0][b], &c[1][b], &c[2][b], &c[3][b], k);
    for (int b = 0; b < AHEAD; b++)
        for (int i = 0; i < 4; i++)
            out[b][i] = c[i][b];
}

static void refill(struct rng *r) {
    uint32_t c[4] = {r->counter[0], r->counter[1], r->counter[2], r->counter[3]};
    uint32_t k[2] = {r->key[0], r->key[1]};
    for (int round = 0; round < ROUNDS; round++, k[0] += weyl[0], k[1] += weyl[1])
        philox_round(&c[0], &c[1], &c[2], &c[3], k);
    memcpy(r->out, c, sizeof c);
    r->counter[0]++;
    r->used = 0;
}

struct rng rng_open(uint64_t seed, enum rng_purpose purpose, uint32_t step, uint32_t item) {
    return (struct rng){
        .key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
        .counter = {0, item, step, (uint32_t)purpose},
        .used = 4,
    };
}

uint32_t rng_u32(struct rng *r) {
    if (r->used == 4)
        refill(r);
    return r->out[r->used++];
}

void rng_words(struct rng *r, uint32_t *words, size_t n) {
    size_t i = 0;
    while (i < n && r->used < 4)
        words[i++] = rng_u32(r);
    for (; n - i >= 4 * AHEAD; i += 4 * AHEAD, r->counter[0] += AHEAD)
        blocks_ahead(r, (uint32_t(*)[4])(words + i));
    while (i < n)
        words[i++] = rng_u32(r);
}

/* Lemire 2019, "Fast random integer generation in an interval": whether the word gives one below n, or another word is
 * to be asked. */
static inline bool below(uint32_t word, uint32_t n, uint32_t *drawn) {
    uint64_t m = (uint64_t)word * n;
    *drawn = (uint32_t)(m >> 32);
    return (uint32_t)m >= n || (uint32_t)m >= -n % n;
}

uint32_t rng_below(struct rng *r, uint32_t n) {
    assert(n > 0);
    uint32_t drawn;
    while (!below(rng_u32(r), n, &drawn))
        continue;
    return drawn;
}

void rng_indices(struct rng *r, uint32_t n, uint32_t *drawn, size_t count) {
    assert(n > 0);
    for (size_t done = 0;
         done < count;) { /* as many words as there are yet to draw, and again for those refused */
        size_t words = count - done;
        rng_words(r, drawn + done, words);
        for (size_t i = done, end = done + words; i < end; i++)
            done += below(drawn[i], n, &drawn[done]);
    }
}

double rng_uniform(struct rng *r) {
    uint64_t high = rng_u32(r) >> 5, low = rng_u32(r) >> 6;
    return (double)(high << 26 | low) * 0x1p-53;
}

double rng_normal(struct rng *r) {
    double radius = sqrt(-2.0 * log(1.0 - rng_uniform(r))); /* 1 - u is in (0, 1] */
    return radius * cos(6.283185307179586 * rng_uniform(r));
}

void rng_shuffle(struct rng *r, uint32_t *items, size_t n) {
    uint32_t words[4 * AHEAD];
    size_t next = 0, end = 0;
    for (size_t i = n; i > 1;) {
        if (next == end) { /* each swap takes a word at least, so that none is drawn in vain */
            end = i - 1 < 4 * AHEAD ? i - 1 : 4 * AHEAD;
            next = 0;
            rng_words(r, words, end);
        }
        uint32_t j;
        if (!below(words[next++], (uint32_t)i, &j))
            continue;
        uint32_t swap = items[--i];
        items[i] = items[j];
        items[j] = swap;
    }
}
