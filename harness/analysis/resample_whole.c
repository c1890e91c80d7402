#include "analysis/resample_whole.h"

#include "core/mem.h"
#include "core/wide.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

float *whole_terms(const struct grouped_rows *rows) {
    enum { EXACT = 1 << 24 };
    size_t numbers = rows->n * (size_t)rows->width, largest = 0;
    size_t *size = xcalloc(rows->units, sizeof *size); /* rows of each unit */
    double most = 0;
    bool whole = true;
    for (size_t i = 0; i < rows->n; i++)
        if (++size[rows->unit[i]] > largest)
            largest = size[rows->unit[i]];
    free(size);
    for (size_t i = 0; i < numbers && whole; i++) {
        whole = rows->terms[i] == floor(rows->terms[i]);
        most = fmax(most, fabs(rows->terms[i]));
    }
    if (!whole || !(most * (double)rows->units * (double)largest < EXACT))
        return NULL;
    float *terms = xcalloc(numbers, sizeof *terms);
    for (size_t i = 0; i < numbers; i++)
        terms[i] = (float)rows->terms[i];
    return terms;
}

enum { COLUMNS = 8, CHUNK = 128 };
typedef float eight_floats __attribute__((vector_size(32)));

/* drawn_of_rows in the numbers that terms are multiplied by. */
INTO_WIDE static inline void times_of_rows(
    const uint32_t *unit, size_t n, const uint8_t *drawn, float *times) {
    uint8_t of_rows[CHUNK * ABREAST];
    drawn_of_rows(unit, n, drawn, of_rows);
    for (size_t i = 0; i < n * ABREAST; i++)
        times[i] = of_rows[i];
}

/* Adds `columns` of n rows. The sums stay in registers: in memory each addition would wait for the one before to be
 * stored. */
INTO_WIDE static inline void add_rows(
    int columns, size_t n, const float *times, const float *terms, size_t width, float *sums) {
    eight_floats own[COLUMNS];
    memcpy(own, sums, (size_t)columns * sizeof *own);
    for (size_t i = 0; i < n; i++, times += ABREAST, terms += width) {
        eight_floats of_row;
        memcpy(&of_row, times, sizeof of_row);
        for (int k = 0; k < columns; k++)
            own[k] += of_row * terms[k];
    }
    memcpy(sums, own, (size_t)columns * sizeof *own);
}

WIDE void add_whole_units(const struct grouped_rows *rows, const float *whole, const uint8_t *drawn,
    float *own, double *sums) {
    size_t width = (size_t)rows->width;
    float times[CHUNK * ABREAST];
    for (size_t g = 0; g < rows->groups; g++, sums += width * ABREAST) {
        memset(own, 0, width * ABREAST * sizeof *own);
        for (size_t n, i = rows->first[g], end = rows->first[g + 1]; i < end; i += n) {
            n = end - i < CHUNK ? end - i : CHUNK;
            times_of_rows(rows->unit + i, n, drawn, times);
            const float *terms = whole + i * width;
            size_t k = 0;
            for (; k + COLUMNS <= width; k += COLUMNS)
                add_rows(COLUMNS, n, times, terms + k, width, own + k * ABREAST);
            for (; k + COLUMNS / 2 <= width; k += COLUMNS / 2)
                add_rows(COLUMNS / 2, n, times, terms + k, width, own + k * ABREAST);
            for (; k < width; k++)
                add_rows(1, n, times, terms + k, width, own + k * ABREAST);
        }
        for (size_t k = 0; k < width * ABREAST; k++)
            sums[k] = own[k];
    }
}
