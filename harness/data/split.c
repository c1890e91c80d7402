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

/* ---- folds ---- */

/* Samples of one subject stand together, in the order of subjects' names; without subjects each sample is a
 * group of its own, in the manifest's order. */
struct groups {
    uint32_t *rows;  /* of the manifest, group by group */
    uint32_t *first; /* [n + 1] of rows */
    size_t n;
};

struct member {
    const char *subject; /* NULL: none */
    uint32_t row;
};

static int by_subject(const void *a, const void *b) {
    const struct member *x = a, *y = b;
    const char *s = x->subject, *t = y->subject;
    int order = !s || !t ? (s != NULL) - (t != NULL) : strcmp(s, t);
    return order ? order : by_row(&x->row, &y->row);
}

/* Takes `rows`, n of them, over. */
static void group(struct groups *g, const struct manifest *m, uint32_t *rows, size_t n) {
    struct member *members = xcalloc(n, sizeof *members);
    for (size_t i = 0; i < n; i++)
        members[i] = (struct member){m->samples[rows[i]].subject, rows[i]};
    qsort(members, n, sizeof *members, by_subject);
    *g = (struct groups){.rows = rows, .first = xcalloc(n + 1, sizeof *g->first)};
    for (size_t i = 0; i < n; i++) {
        const char *subject = members[i].subject, *before = i ? members[i - 1].subject : NULL;
        if (!subject || !before || strcmp(before, subject) != 0)
            g->first[g->n++] = (uint32_t)i;
        rows[i] = members[i].row;
    }
    g->first[g->n] = (uint32_t)n;
    free(members);
}

static void groups_release(struct groups *g) {
    free(g->rows);
    free(g->first);
}

/* Marks with `mark` the rows of those groups that stand at `from`, `from + step`, ... below `to` in an order
 * that the stream draws. */
static void mark_groups(const struct groups *g, struct rng r, size_t from, size_t to, size_t step,
    int mark, int *part) {
    uint32_t *order = xcalloc(g->n, sizeof *order);
    for (size_t i = 0; i < g->n; i++)
        order[i] = (uint32_t)i;
    rng_shuffle(&r, order, g->n);
    for (size_t i = from; i < to; i += step)
        for (uint32_t j = g->first[order[i]]; j < g->first[order[i] + 1]; j++)
            part[g->rows[j]] = mark;
    free(order);
}

/* Rows whose part is `wanted`; their number to *n; the caller frees. */
static uint32_t *rows_of(const int *part, size_t all, int wanted, size_t *n) {
    uint32_t *rows = xcalloc(all, sizeof *rows);
    *n = 0;
    for (size_t i = 0; i < all; i++)
        if (part[i] == wanted)
            rows[(*n)++] = (uint32_t)i;
    return rows;
}

static void mark_test(const struct manifest *m, int fold, uint64_t seed, int *part) {
    struct groups g;
    size_t n, shipped = 0;
    for (size_t i = 0; i < m->n; i++)
        shipped += m->samples[i].fold >= 0;
    for (size_t i = 0; i < m->n && shipped; i++)
        if (m->samples[i].fold == fold)
            part[i] = PART_TEST;
    if (shipped)
        return;
    uint32_t *rows = rows_of(part, m->n, PART_TRAIN, &n);
    group(&g, m, rows, n);
    mark_groups(
        &g, rng_open(seed, RNG_SPLIT, 1, 0), (size_t)fold, g.n, SPLIT_FOLDS, PART_TEST, part);
    groups_release(&g);
}

static void mark_validation(
    const struct manifest *m, int fold, uint64_t seed, double share, int *part) {
    struct groups g;
    size_t n;
    uint32_t *rows = rows_of(part, m->n, PART_TRAIN, &n);
    group(&g, m, rows, n);
    size_t taken = g.n ? share_of(g.n, share) : 0;
    mark_groups(
        &g, rng_open(seed, RNG_SPLIT, 2, (uint32_t)fold), 0, taken, 1, PART_VALIDATION, part);
    groups_release(&g);
}

void split_take_marked(struct split *s, const struct manifest *m, int *marks,
    double validation_share, int stream, uint64_t seed) {
    mark_validation(m, stream, seed, validation_share, marks);
    for (int p = 0; p < PART_COUNT; p++) {
        size_t n;
        uint32_t *rows = rows_of(marks, m->n, p, &n);
        take(s, p, rows, n);
        free(rows);
    }
}

bool split_folds(struct split *s, const struct manifest *m, int fold, uint64_t seed,
    double validation_share, struct err *e) {
    assert(fold >= 0 && fold < SPLIT_FOLDS && validation_share >= 0 && validation_share < 1);
    *s = (struct split){0};
    int *part = xcalloc(m->n, sizeof *part);
    _Static_assert(PART_TRAIN == 0, "what is not marked is trained on");
    mark_test(m, fold, seed, part);
    split_take_marked(s, m, part, validation_share, fold, seed);
    free(part);
    if (s->n[PART_TEST] && s->n[PART_TRAIN])
        return true;
    return err_usage(e, "%s: %zu usable images cannot be tested on fold %d: %s", m->root, m->n,
        fold,
        s->n[PART_TEST] ? "the other folds leave none for training" : "none of them is in it");
}

size_t split_shared_subjects(const struct split *s, const struct manifest *m) {
    int *part = xcalloc(m->n, sizeof *part);
    size_t n, shared = 0;
    for (int p = 0; p < PART_COUNT; p++)
        for (size_t i = 0; i < s->n[p]; i++)
            part[s->rows[p][i]] = p + 1;
    uint32_t *rows = xcalloc(m->n, sizeof *rows);
    for (size_t i = n = 0; i < m->n; i++)
        if (part[i])
            rows[n++] = (uint32_t)i;
    struct groups g;
    group(&g, m, rows, n);
    for (size_t i = 0; i < g.n; i++) {
        uint32_t j = g.first[i];
        while (j < g.first[i + 1] && part[g.rows[j]] == part[g.rows[g.first[i]]])
            j++;
        shared += j < g.first[i + 1];
    }
    groups_release(&g);
    free(part);
    return shared;
}

void split_free(struct split *s) {
    for (int part = 0; part < PART_COUNT; part++)
        free(s->rows[part]);
    *s = (struct split){0};
}
