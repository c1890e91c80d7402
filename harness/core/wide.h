/* Functions that are compiled once more for processors with wider vectors, which the program's start chooses between: the
 * same operations in the same order, so the same bits. */
#ifndef CORE_WIDE_H
#define CORE_WIDE_H

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12
#define WIDE __attribute__((target_clones("arch=x86-64-v3", "default"))) /* AVX2 and FMA */
#elif defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif
#define INTO_WIDE __attribute__((always_inline)) /* not called, or it would be the narrow one */

#endif
