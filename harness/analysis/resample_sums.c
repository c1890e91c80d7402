/* What the draws of a bootstrap summed to, kept for the next who asks about equal rows. */
#include "analysis/resample.h"
#include "analysis/resample_whole.h"
#include "core/mem.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT_BYTES = 64 << 20 };

struct kept_sums {
    size_t n, width, units, draws;
    uint64_t seed;
    double *terms, *sums; /* [n][width], [draws][width] */
    uint32_t *unit;       /* [n] */
};

void kept_sums_free(struct shared_draws *d) {
    for (size_t i = 0; i < d->n_sums; i++) {
        free(d->sums[i].terms);
        free(d->sums[i].sums);
        free(d->sums[i].unit);
    }
    free(d->sums);
    d->sums = NULL;
    d->n_sums = d->sums_capacity = 0;
}

static bool is_of(const struct kept_sums *k, const struct grouped_rows *rows, struct draws draws) {
    size_t width = (size_t)rows->width;
    return k->n == rows->n && k->width == width && k->units == rows->units && k->draws == draws.n &&
           k->seed == draws.seed && memcmp(k->unit, rows->unit, rows->n * sizeof *k->unit) == 0 &&
           memcmp(k->terms, rows->terms, rows->n * width * sizeof *k->terms) == 0;
}

static size_t bytes_of(const struct kept_sums *k) {
    return k->n * sizeof *k->unit + (k->n + k->draws) * k->width * sizeof *k->terms;
}

/* Room for another: all are given up where they take too much. */
static struct kept_sums *add(struct shared_draws *d) {
    size_t bytes = 0;
    for (size_t i = 0; i < d->n_sums; i++)
        bytes += bytes_of(&d->sums[i]);
    if (bytes > KEPT_BYTES)
        kept_sums_free(d);
    d->sums = xgrow(d->sums, &d->sums_capacity, d->n_sums + 1, sizeof *d->sums);
    return &d->sums[d->n_sums++];
}

static void keep(void *context, int worker, size_t draw, double *sums) {
    struct kept_sums *k = context;
    (void)worker;
    memcpy(k->sums + draw * k->width, sums, k->width * sizeof *sums);
}

const double *resampled_sums(const struct grouped_rows *rows, struct draws draws) {
    struct shared_draws *d = draws.shared;
    size_t n = rows->n, width = (size_t)rows->width;
    assert(d && rows->groups == 1);
    for (size_t i = 0; i < d->n_sums; i++)
        if (is_of(&d->sums[i], rows, draws))
            return d->sums[i].sums;
    struct kept_sums *k = add(d);
    *k = (struct kept_sums){.n = n,
        .width = width,
        .units = rows->units,
        .draws = draws.n,
        .seed = draws.seed,
        .terms = xcalloc(n, width * sizeof *k->terms),
        .sums = xcalloc(draws.n, width * sizeof *k->sums),
        .unit = xcalloc(n, sizeof *k->unit)};
    memcpy(k->terms, rows->terms, n * width * sizeof *k->terms);
    memcpy(k->unit, rows->unit, n * sizeof *k->unit);
    resample_units(rows, draws, keep, k);
    return k->sums;
}
