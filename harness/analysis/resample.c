#include "analysis/resample.h"

#include "core/mem.h"
#include "core/parallel.h"
#include "core/rng.h"

#include <stdlib.h>
#include <string.h>

static void add_row(double *sum, const double *terms, int width, double times) {
    for (int k = 0; k < width; k++)
        sum[k] += times * terms[k];
}

void rows_sums(const struct grouped_rows *rows, double *sums) {
    size_t width = (size_t)rows->width;
    memset(sums, 0, rows->groups * width * sizeof *sums);
    for (size_t g = 0; g < rows->groups; g++)
        for (size_t i = rows->first[g]; i < rows->first[g + 1]; i++)
            add_row(sums + g * width, rows->terms + i * width, rows->width, 1);
}

/* What threads share, and what is each one's own. */
struct work {
    const struct grouped_rows *rows;
    struct draws draws;
    sums_fn *each;
    void *context;
    double **sums; /* [threads][groups + 1][width] */
    uint32_t *
        *times; /* bootstrap: how often each unit was drawn; permutation: whose groups it takes */
    const struct strata *strata;
};

static void work_run(struct work *w, void (*draw)(void *, int, size_t)) {
    const struct grouped_rows *rows = w->rows;
    size_t threads = (size_t)w->draws.threads;
    w->sums = xcalloc(threads, sizeof *w->sums);
    w->times = xcalloc(threads, sizeof *w->times);
    for (size_t t = 0; t < threads; t++) {
        w->sums[t] = xcalloc((rows->groups + 1) * (size_t)rows->width, sizeof **w->sums);
        w->times[t] = xcalloc(rows->units, sizeof **w->times);
    }
    parallel_for(w->draws.n, w->draws.threads, draw, w);
    for (size_t t = 0; t < threads; t++) {
        free(w->sums[t]);
        free(w->times[t]);
    }
    free(w->sums);
    free(w->times);
}

/* ---- bootstrap ---- */

static void draw_units(void *context, int worker, size_t draw) {
    struct work *w = context;
    const struct grouped_rows *rows = w->rows;
    uint32_t *times = w->times[worker];
    double *sums = w->sums[worker];
    size_t width = (size_t)rows->width;
    memset(times, 0, rows->units * sizeof *times);
    memset(sums, 0, rows->groups * width * sizeof *sums);
    struct rng rng = rng_open(w->draws.seed, RNG_CLUSTERS, (uint32_t)draw, 0);
    for (size_t u = 0; u < rows->units; u++)
        times[rng_below(&rng, (uint32_t)rows->units)]++;
    for (size_t g = 0; g < rows->groups; g++)
        for (size_t i = rows->first[g]; i < rows->first[g + 1]; i++)
            add_row(sums + g * width, rows->terms + i * width, rows->width, times[rows->unit[i]]);
    w->each(w->context, worker, draw, sums);
}

void resample_units(
    const struct grouped_rows *rows, struct draws draws, sums_fn *each, void *context) {
    struct work w = {.rows = rows, .draws = draws, .each = each, .context = context};
    work_run(&w, draw_units);
}

void resample_runs(uint64_t seed, size_t draw, int system, int runs, double *times) {
    struct rng rng = rng_open(seed, RNG_RUNS, (uint32_t)draw, (uint32_t)system);
    for (int r = 0; r < runs; r++)
        times[r] = 0;
    for (int r = 0; r < runs; r++)
        times[runs == 1 ? 0 : rng_below(&rng, (uint32_t)runs)]++;
}

/* ---- permutation ---- */

/* Rows unit by unit, and units by how many rows they have. */
struct strata {
    uint32_t *row;   /* [n] rows, those of a unit in their order */
    uint32_t *group; /* [n] of each row of rows->terms */
    size_t *first;   /* [units + 1] of row[] */
    uint32_t *unit;  /* [units], those of a size together */
    size_t *begin;   /* [sizes + 1] of unit[] */
    size_t sizes;
};

static void unit_rows(struct strata *s, const struct grouped_rows *rows) {
    size_t *next = xcalloc(rows->units + 1, sizeof *next);
    for (size_t i = 0; i < rows->n; i++)
        next[rows->unit[i] + 1]++;
    for (size_t u = 0; u < rows->units; u++)
        next[u + 1] += next[u];
    memcpy(s->first, next, (rows->units + 1) * sizeof *next);
    for (size_t g = 0; g < rows->groups; g++)
        for (size_t i = rows->first[g]; i < rows->first[g + 1]; i++) {
            s->group[i] = (uint32_t)g;
            s->row[next[rows->unit[i]]++] = (uint32_t)i;
        }
    free(next);
}

static void units_by_size(struct strata *s, size_t units) {
    size_t largest = 0;
    for (size_t u = 0; u < units; u++)
        if (s->first[u + 1] - s->first[u] > largest)
            largest = s->first[u + 1] - s->first[u];
    size_t *count = xcalloc(largest + 2, sizeof *count);
    for (size_t u = 0; u < units; u++)
        count[s->first[u + 1] - s->first[u] + 1]++;
    for (size_t k = 0; k <= largest; k++)
        count[k + 1] += count[k];
    s->begin = xcalloc(largest + 2, sizeof *s->begin);
    for (size_t k = 0; k <= largest; k++)
        if (count[k + 1] > count[k])
            s->begin[s->sizes++] = count[k];
    s->begin[s->sizes] = units;
    for (size_t u = 0; u < units; u++)
        s->unit[count[s->first[u + 1] - s->first[u]]++] = (uint32_t)u;
    free(count);
}

static void draw_groups(void *context, int worker, size_t draw) {
    struct work *w = context;
    const struct grouped_rows *rows = w->rows;
    const struct strata *s = w->strata;
    uint32_t *taken = w->times[worker];
    double *sums = w->sums[worker];
    size_t width = (size_t)rows->width;
    memset(sums, 0, rows->groups * width * sizeof *sums);
    memcpy(taken, s->unit, rows->units * sizeof *taken);
    for (size_t k = 0; k < s->sizes; k++) {
        struct rng rng = rng_open(w->draws.seed, RNG_PERMUTATION, (uint32_t)draw, (uint32_t)k);
        rng_shuffle(&rng, taken + s->begin[k], s->begin[k + 1] - s->begin[k]);
    }
    for (size_t i = 0; i < rows->units; i++) {
        size_t own = s->first[s->unit[i]], other = s->first[taken[i]];
        size_t count = s->first[s->unit[i] + 1] - own;
        for (size_t k = 0; k < count; k++)
            add_row(sums + s->group[s->row[other + k]] * width,
                rows->terms + s->row[own + k] * width, rows->width, 1);
    }
    w->each(w->context, worker, draw, sums);
}

void permute_groups(
    const struct grouped_rows *rows, struct draws draws, sums_fn *each, void *context) {
    struct strata s = {.row = xcalloc(rows->n, sizeof *s.row),
        .group = xcalloc(rows->n, sizeof *s.group),
        .first = xcalloc(rows->units + 1, sizeof *s.first),
        .unit = xcalloc(rows->units, sizeof *s.unit)};
    unit_rows(&s, rows);
    units_by_size(&s, rows->units);
    struct work w = {.rows = rows, .draws = draws, .each = each, .context = context, .strata = &s};
    work_run(&w, draw_groups);
    free(s.row);
    free(s.group);
    free(s.first);
    free(s.unit);
    free(s.begin);
}
