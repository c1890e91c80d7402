/* Inside of resampling. Sums of whole numbers, as hits and errors in years are. A float holds them exactly while they are below
 * 2^24, so that half the bytes of doubles and products that are added in one operation (this file is compiled so) give the
 * same bits. */
#ifndef ANALYSIS_RESAMPLE_WHOLE_H
#define ANALYSIS_RESAMPLE_WHOLE_H

#include "analysis/resample.h"
#include "core/wide.h"

#include <string.h>

/* Draws are made eight abreast: an addition waits for the one before it in the same draw, and meanwhile there are seven
 * others to do. Sums of eight draws: [groups][width][ABREAST]. */
enum { ABREAST = 8 };

/* How often each of n rows is drawn: [n][ABREAST], of `drawn` [units][ABREAST]. */
INTO_WIDE static inline void drawn_of_rows(
    const uint32_t *unit, size_t n, const uint8_t *drawn, uint8_t *of_rows) {
    for (size_t i = 0; i < n; i++)
        memcpy(of_rows + i * ABREAST, drawn + (size_t)unit[i] * ABREAST, ABREAST);
}

/* The terms as floats; NULL: they are not whole, or a draw's sum may be too large. The caller frees. */
float *whole_terms(const struct grouped_rows *rows);

/* Sums of eight draws, each row as often as its unit is in `drawn` [units][ABREAST]. `own`: scratch, [width][ABREAST]. */
void add_whole_units(const struct grouped_rows *rows, const float *whole, const uint8_t *drawn,
    float *own, double *sums);

/* What resampled_sums keeps (resample_sums.c). */
void kept_sums_free(struct shared_draws *d);

#endif
