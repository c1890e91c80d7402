/* Arrays of floats for kernels under test, and what a plain loop in double says should be in them.
 *
 * An array begins where no vector does in half of all cases (base + 4 bytes). What a kernel reads ends where its memory
 * ends, so that ASan and valgrind see a read behind it; what a kernel writes lies between canaries. What fails
 * ends the test.
 */
#ifndef FIXTURE_KERNELS_H
#define FIXTURE_KERNELS_H

#include "core/rng.h"
#include "kernels/simd.h"

#include <stdbool.h>
#include <stddef.h>

/* Every set with either type of maps: those of float32 are the first SIMD_COUNT. */
enum { KERNELS = SIMD_COUNT * SIMD_MAPS };
/* NULL: this processor does not have the set, or DMTL_SIMD names another. */
const struct simd *kernels_tested(int kernels);
void kernels_say_untested(void); /* for a test case's setup */

/* An activation at z, its slope, and the magnitude of the slope's terms: SiLU's is s + a - a s, whose last two cancel
 * where s is near 1. */
struct activated {
    double a, slope, slope_size;
};
struct activated activated_plainly(enum activation kind, double z);

/* A sum's value and the sum of its terms' magnitudes, which rounding errors are measured by. */
struct sum {
    double value, size;
};
void sum_add(struct sum *s, double term);
void sum_add_sized(struct sum *s, double term, double size);

extern struct rng spans_rng;
void spans_open(uint32_t item, int kernels); /* draws begin; messages name the set */
int spans_below(int n);                      /* 0..n-1 */
bool spans_coin(void);
/* Multiples of 1/64 in [-4, 4), which bfloat16 holds: a product of two and a third added are exact in float, so that activations' bends lie
 * on the same side for everyone. */
float spans_grain(void);

float *span_in(size_t n);    /* of grains; must not change */
float *span_reals(size_t n); /* of reals in [-1, 1); must not change */
float *span_fresh(size_t n); /* of NaN: to be written */
float *span_sums(size_t n);  /* of grains, to be increased: span_begin has what they were */
float *span_room(size_t n);  /* of NaN, without canaries: to work with */
const float *span_begin(const float *values);

/* A span as a map of the type under test: itself where that is of floats, else its values rounded, so that of grains
 * alone it is the same. */
void *map_of(const float *span);
const float *span_of_map(const void *map);
bool maps_are_rounded(void);

/* A span as operands of products, likewise; reals are grains where operands are rounded, so that nothing is lost. */
bool operands_are_rounded(void);
void *operands_of(const float *span);
float *span_exact(size_t n); /* to become operands; must not change */
void expect_operands(
    const char *what, const void *got, const struct sum *want, size_t n, double bound);

/* Each of n is within bound times its sum's size of its value; what: of the message. */
void expect_sums(
    const char *what, const float *got, const struct sum *want, size_t n, double bound);
/* The same of a map, and of its values' rounding. */
void expect_map(const char *what, const void *got, const struct sum *want, size_t n, double bound);
/* Canaries and inputs are as they were; everything is freed. `shape` is for the message. */
void spans_close(const char *shape);
struct sum *sums_new(size_t n);                    /* zeros, freed by spans_close */
struct sum *sums_from(const float *old, size_t n); /* the same beginning at what was there */

#endif
