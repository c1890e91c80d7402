#include "data/split.h"

#include "core/mem.h"
#include "core/rng.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_row(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void take(struct split *s, enum part part, const uint32_t *rows, size_t n) {
    s->rows[part] = xcalloc(n, sizeof **s->rows);
    s->n[part] = n;
    if (n == 0)
        return;
    memcpy(s->rows[part], rows, n * sizeof *rows);
    qsort(s->rows[part], n, sizeof *rows, by_row);
}

static size_t share_of(size_t n, double share) {
    size_t taken = (size_t)floor((double)n * share + 0.5);
    return taken == 0 && share > 0 ? 1 : taken;
}

bool split_random(struct split *s, const struct manifest *m, uint64_t seed, double test_share,
    double validation_share, struct err *e) {
    assert(test_share > 0 && test_share < 1 && validation_share >= 0 && validation_share < 1);
    *s = (struct split){0};
    size_t n_test = share_of(m->n, test_share);
    size_t n_validation = n_test < m->n ? share_of(m->n - n_test, validation_share) : 0;
    if (n_test + n_validation >= m->n)
        return err_usage(e,
            "%s: %zu usable images are too few to split: a test part of %g of them and a "
            "validation part of %g of the rest leave none for training",
            m->root, m->n, test_share, validation_share);
    uint32_t *rows = xcalloc(m->n, sizeof *rows);
    for (size_t i = 0; i < m->n; i++)
        rows[i] = (uint32_t)i;
    struct rng r = rng_open(seed, RNG_SPLIT, 0, 0);
    rng_shuffle(&r, rows, m->n);
    take(s, PART_TEST, rows, n_test);
    take(s, PART_VALIDATION, rows + n_test, n_validation);
    take(s, PART_TRAIN, rows + n_test + n_validation, m->n - n_test - n_validation);
    free(rows);
    return true;
}

void split_free(struct split *s) {
    for (int part = 0; part < PART_COUNT; part++)
        free(s->rows[part]);
    *s = (struct split){0};
}
