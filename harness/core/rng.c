#include "core/rng.h"

#include <assert.h>
#include <math.h>

static void philox_round(uint32_t c[4], const uint32_t k[2]) {
    uint64_t p0 = (uint64_t)0xD2511F53u * c[0], p1 = (uint64_t)0xCD9E8D57u * c[2];
    uint32_t next[4] = {
        (uint32_t)(p1 >> 32) ^ c[1] ^ k[0],
        (uint32_t)p1,
        (uint32_t)(p0 >> 32) ^ c[3] ^ k[1],
        (uint32_t)p0,
    };
    for (int i = 0; i < 4; i++)
        c[i] = next[i];
}

static void refill(struct rng *r) {
    uint32_t c[4] = {r->counter[0], r->counter[1], r->counter[2], r->counter[3]};
    uint32_t k[2] = {r->key[0], r->key[1]};
    for (int round = 0; round < 10; round++) {
        philox_round(c, k);
        k[0] += 0x9E3779B9u; /* the paper's Weyl constants */
        k[1] += 0xBB67AE85u;
    }
    for (int i = 0; i < 4; i++)
        r->out[i] = c[i];
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

/* Lemire 2019, "Fast random integer generation in an interval". */
uint32_t rng_below(struct rng *r, uint32_t n) {
    assert(n > 0);
    uint64_t m = (uint64_t)rng_u32(r) * n;
    if ((uint32_t)m < n) {
        uint32_t threshold = -n % n;
        while ((uint32_t)m < threshold)
            m = (uint64_t)rng_u32(r) * n;
    }
    return (uint32_t)(m >> 32);
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
    for (size_t i = n; i > 1; i--) {
        size_t j = rng_below(r, (uint32_t)i);
        uint32_t swap = items[i - 1];
        items[i - 1] = items[j];
        items[j] = swap;
    }
}
