#include "analysis/percentile.h"

#include "core/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void sort_ascending(double *values, size_t n) {
    qsort(values, n, sizeof *values, ascending);
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
