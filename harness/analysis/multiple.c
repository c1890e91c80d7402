#include "analysis/multiple.h"

#include "core/mem.h"

#include <math.h>
#include <stdlib.h>

struct ranked {
    double p;
    size_t at;
};

static int by_p(const void *a, const void *b) {
    const struct ranked *x = a, *y = b;
    if (x->p != y->p)
        return x->p < y->p ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

/* The tests that were made, by rising p. The caller frees. */
static struct ranked *rank(const double *p, size_t n, size_t *tests) {
    struct ranked *r = xcalloc(n, sizeof *r);
    *tests = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(p[i]))
            r[(*tests)++] = (struct ranked){p[i], i};
    qsort(r, *tests, sizeof *r, by_p);
    return r;
}

void holm_adjust(const double *p, size_t n, double *adjusted) {
    size_t tests;
    struct ranked *r = rank(p, n, &tests);
    for (size_t i = 0; i < n; i++)
        adjusted[i] = NAN;
    double least = 0;
    for (size_t i = 0; i < tests; i++) {
        least = fmax(least, fmin(1, r[i].p * (double)(tests - i)));
        adjusted[r[i].at] = least;
    }
    free(r);
}

void false_discovery_adjust(const double *p, size_t n, double *adjusted) {
    size_t tests;
    struct ranked *r = rank(p, n, &tests);
    for (size_t i = 0; i < n; i++)
        adjusted[i] = NAN;
    double most = 1;
    for (size_t i = tests; i-- > 0;) {
        most = fmin(most, r[i].p * (double)tests / (double)(i + 1));
        adjusted[r[i].at] = most;
    }
    free(r);
}
