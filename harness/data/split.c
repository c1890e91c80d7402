#include "data/split.h"

#include "core/mem.h"
#include "core/rng.h"
#include "data/bundles.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

/* ---- what is drawn ---- */

/* The order in which bundles are drawn, and those that are not any more. */
struct draw {
    const struct bundles *b;
    uint32_t *order;
    bool *taken;
};

static struct draw draw_open(const struct bundles *b, struct rng r) {
    struct draw d = {b, xcalloc(b->n, sizeof *d.order), xcalloc(b->n, sizeof *d.taken)};
    for (size_t i = 0; i < b->n; i++)
        d.order[i] = (uint32_t)i;
    rng_shuffle(&r, d.order, b->n);
    return d;
}

static void draw_close(struct draw *d) {
    free(d->order);
    free(d->taken);
}

static size_t mark_bundle(struct draw *d, uint32_t bundle, int mark, int *part) {
    const struct bundles *b = d->b;
    for (uint32_t j = b->first[bundle]; j < b->first[bundle + 1]; j++)
        part[b->rows[j]] = mark;
    d->taken[bundle] = true;
    return b->units[bundle];
}

/* Marks bundles of `wanted` units: in the drawn order each that fits. Where that falls short, the smallest of the
 * rest follows if that comes nearer, or if nothing fitted. Bundles of one unit each fit exactly. */
static void draw_units(struct draw *d, size_t wanted, int mark, int *part) {
    const struct bundles *b = d->b;
    size_t left = wanted;
    for (size_t i = 0; i < b->n && left; i++)
        if (!d->taken[d->order[i]] && b->units[d->order[i]] <= left)
            left -= mark_bundle(d, d->order[i], mark, part);
    const uint32_t *least = NULL;
    for (size_t i = 0; i < b->n && left; i++)
        if (!d->taken[d->order[i]] && (!least || b->units[d->order[i]] < b->units[*least]))
            least = &d->order[i];
    if (least && (left == wanted || b->units[*least] - left < left))
        mark_bundle(d, *least, mark, part);
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

_Static_assert(PART_TRAIN == 0, "what is not marked is trained on");

/* Bundles of what is not marked so far. */
static void bundle_rest(struct bundles *b, const struct manifest *m, const int *part, bool persons,
    const int32_t *duplicate) {
    size_t n;
    uint32_t *rows = rows_of(part, m->n, PART_TRAIN, &n);
    bundles_make(b, m, rows, n, persons, duplicate);
    free(rows);
}

static void take_parts(struct split *s, const struct manifest *m, const int *part) {
    for (int p = 0; p < PART_COUNT; p++) {
        s->rows[p] = rows_of(part, m->n, p, &s->n[p]);
    }
}

static size_t share_of(size_t n, double share) {
    size_t taken = (size_t)floor((double)n * share + 0.5);
    return taken == 0 && share > 0 && n ? 1 : taken;
}

/* ---- random ---- */

static size_t count_marked(const int *part, size_t n, int mark) {
    size_t marked = 0;
    for (size_t i = 0; i < n; i++)
        marked += part[i] == mark;
    return marked;
}

bool split_random(struct split *s, const struct manifest *m, uint64_t seed, double test_share,
    double validation_share, enum split_duplicates duplicates, struct err *e) {
    assert(test_share > 0 && test_share < 1 && validation_share >= 0 && validation_share < 1);
    *s = (struct split){0};
    int *part = xcalloc(m->n, sizeof *part);
    int32_t *duplicate = duplicate_groups(m, duplicates);
    struct bundles b;
    bundle_rest(&b, m, part, false, duplicate);
    struct draw d = draw_open(&b, rng_open(seed, RNG_SPLIT, 0, 0));
    draw_units(&d, share_of(m->n, test_share), PART_TEST, part);
    size_t rest = count_marked(part, m->n, PART_TRAIN);
    draw_units(&d, share_of(rest, validation_share), PART_VALIDATION, part);
    take_parts(s, m, part);
    bool ok = s->n[PART_TRAIN] > 0 && s->n[PART_TEST] > 0 &&
              (s->n[PART_VALIDATION] > 0 || validation_share == 0);
    if (!ok)
        err_usage(e,
            "%s: %zu usable images%s are too few to split: a test part of %g of them and a "
            "validation part of %g of the rest leave none for training",
            m->root, m->n, b.n < m->n ? ", duplicates of which are kept together," : "", test_share,
            validation_share);
    draw_close(&d);
    bundles_free(&b);
    free(duplicate);
    free(part);
    return ok;
}

/* ---- folds and marks ---- */

/* Each bundle in a drawn order to the fold that has the fewest units so far, the first of equals: dealt like cards
 * where all are of one unit. */
static void deal(const struct bundles *b, struct rng r, int fold, int *part) {
    size_t units[SPLIT_FOLDS] = {0};
    struct draw d = draw_open(b, r);
    for (size_t i = 0; i < b->n; i++) {
        int least = 0;
        for (int f = 1; f < SPLIT_FOLDS; f++)
            if (units[f] < units[least])
                least = f;
        units[least] += b->units[d.order[i]];
        if (least == fold)
            mark_bundle(&d, d.order[i], PART_TEST, part);
    }
    draw_close(&d);
}

static void mark_test(
    const struct manifest *m, int fold, uint64_t seed, const int32_t *duplicate, int *part) {
    size_t shipped = 0;
    for (size_t i = 0; i < m->n; i++)
        shipped += m->samples[i].fold >= 0;
    for (size_t i = 0; i < m->n && shipped; i++)
        if (m->samples[i].fold == fold)
            part[i] = PART_TEST;
    if (shipped)
        return;
    struct bundles b;
    bundle_rest(&b, m, part, true, duplicate);
    deal(&b, rng_open(seed, RNG_SPLIT, 1, 0), fold, part);
    bundles_free(&b);
}

static void mark_validation(const struct manifest *m, int stream, uint64_t seed, double share,
    const int32_t *duplicate, int *part) {
    struct bundles b;
    bundle_rest(&b, m, part, true, duplicate);
    struct draw d = draw_open(&b, rng_open(seed, RNG_SPLIT, 2, (uint32_t)stream));
    draw_units(&d, share_of(b.n_units, share), PART_VALIDATION, part);
    draw_close(&d);
    bundles_free(&b);
}

void split_take_marked(struct split *s, const struct manifest *m, int *marks,
    double validation_share, int stream, uint64_t seed, enum split_duplicates duplicates) {
    int32_t *duplicate = duplicate_groups(m, duplicates);
    mark_validation(m, stream, seed, validation_share, duplicate, marks);
    take_parts(s, m, marks);
    free(duplicate);
}

bool split_folds(struct split *s, const struct manifest *m, int fold, uint64_t seed,
    double validation_share, enum split_duplicates duplicates, struct err *e) {
    assert(fold >= 0 && fold < SPLIT_FOLDS && validation_share >= 0 && validation_share < 1);
    *s = (struct split){0};
    int *part = xcalloc(m->n, sizeof *part);
    int32_t *duplicate = duplicate_groups(m, duplicates);
    mark_test(m, fold, seed, duplicate, part);
    split_take_marked(s, m, part, validation_share, fold, seed, duplicates);
    free(duplicate);
    free(part);
    if (s->n[PART_TEST] && s->n[PART_TRAIN])
        return true;
    return err_usage(e, "%s: %zu usable images cannot be tested on fold %d: %s", m->root, m->n,
        fold,
        s->n[PART_TEST] ? "the other folds leave none for training" : "none of them is in it");
}

int *split_part_of(const struct split *s, size_t n) {
    int *part = xcalloc(n, sizeof *part);
    for (size_t i = 0; i < n; i++)
        part[i] = PART_COUNT;
    for (int p = 0; p < PART_COUNT; p++)
        for (size_t i = 0; i < s->n[p]; i++)
            part[s->rows[p][i]] = p;
    return part;
}

size_t split_shared_subjects(const struct split *s, const struct manifest *m) {
    int *part = split_part_of(s, m->n);
    size_t n = 0, shared = 0;
    uint32_t *rows = xcalloc(m->n, sizeof *rows);
    for (uint32_t i = 0; i < m->n; i++)
        if (part[i] != PART_COUNT)
            rows[n++] = i;
    struct bundles b;
    bundles_make(&b, m, rows, n, true, NULL);
    for (size_t i = 0; i < b.n; i++) {
        uint32_t j = b.first[i];
        while (j < b.first[i + 1] && part[b.rows[j]] == part[b.rows[b.first[i]]])
            j++;
        shared += j < b.first[i + 1];
    }
    bundles_free(&b);
    free(rows);
    free(part);
    return shared;
}

void split_free(struct split *s) {
    for (int part = 0; part < PART_COUNT; part++)
        free(s->rows[part]);
    *s = (struct split){0};
}
