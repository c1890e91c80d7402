#include "analysis/percentile.h"

#include "core/mem.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Merges halves that are sorted: values[0..half-1] and the others. */
static void merge(const double *values, size_t half, size_t n, double *merged) {
    for (size_t a = 0, b = half, i = 0; i < n; i++) {
        bool first = b >= n || (a < half && values[a] <= values[b]);
        merged[i] = first ? values[a] : values[b];
        a += first;
        b += !first;
    }
}

/* qsort calls a function for every comparison, which is most of what sorting numbers would cost. */
void sort_ascending(double *values, size_t n) {
    double *sorted = values, *other = xmalloc(n * sizeof *other);
    double *scratch = other;
    for (size_t half = 1; half < n; half *= 2) {
        for (size_t i = 0; i < n; i += 2 * half) {
            size_t rest = n - i;
            merge(sorted + i, half < rest ? half : rest, 2 * half < rest ? 2 * half : rest,
                other + i);
        }
        double *swap = sorted;
        sorted = other;
        other = swap;
    }
    if (sorted != values)
        memcpy(values, sorted, n * sizeof *values);
    free(scratch);
}

double percentile(const double *sorted, size_t n, double share) {
    assert(n > 0 && share >= 0 && share <= 1);
    double place = share * (double)(n - 1);
    size_t below = (size_t)place;
    if (below + 1 >= n)
        return sorted[n - 1];
    return sorted[below] + (place - (double)below) * (sorted[below + 1] - sorted[below]);
}

double median(const double *values, size_t n) {
    double *sorted = xmalloc(n * sizeof *sorted);
    memcpy(sorted, values, n * sizeof *sorted);
    sort_ascending(sorted, n);
    double middle = percentile(sorted, n, 0.5);
    free(sorted);
    return middle;
}
