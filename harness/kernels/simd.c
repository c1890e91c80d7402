#include "kernels/simd.h"

#include <stdlib.h>
#include <string.h>

/* Each made by simd/table.c, as its file was compiled. */
extern const struct simd simd_portable, simd_avx2, simd_avx512;

const char *const simd_names[SIMD_COUNT] = {
    [SIMD_PORTABLE] = "portable", [SIMD_AVX2] = "avx2", [SIMD_AVX512] = "avx512"};

const struct simd *simd_of(enum simd_id id) {
#if defined(__x86_64__)
    if (id == SIMD_AVX512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                       __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")
                   ? &simd_avx512
                   : NULL;
    if (id == SIMD_AVX2)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &simd_avx2 : NULL;
#endif
    return id == SIMD_PORTABLE ? &simd_portable : NULL;
}

enum simd_id simd_best(void) {
    const char *asked = getenv("DMTL_SIMD");
    int best = SIMD_COUNT - 1;
    for (int id = 0; asked && id < SIMD_COUNT; id++)
        if (strcmp(asked, simd_names[id]) == 0 && simd_of((enum simd_id)id))
            return (enum simd_id)id;
    while (!simd_of((enum simd_id)best))
        best--;
    return (enum simd_id)best;
}

/* Two sets of a kernel's weights, 5 rows that are convolved, the input's and the slopes'. Rows are as wide as a
 * tile past the input and its borders. */
size_t depthwise_scratch(int width) {
    enum { BLOCK = 48, TAPS = 25, ROWS = 7, BORDERS = 40 };
    return (size_t)BLOCK * (2 * TAPS + (size_t)ROWS * (size_t)(width + BORDERS));
}
