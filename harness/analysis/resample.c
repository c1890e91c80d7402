#include "analysis/resample.h"

#include "core/mem.h"
#include "core/parallel.h"
#include "core/rng.h"

#include <stdlib.h>
#include <string.h>

static inline void add_numbers(
    double *restrict sum, const double *restrict terms, int width, double times) {
    for (int k = 0; k < width; k++)
        sum[k] += times * terms[k];
}

/* A width that the compiler knows makes no loop: the usual ones are those of one to three runs. */
static inline void add_row(double *sum, const double *terms, int width, double times) {
    switch (width) {
    case 2:
        add_numbers(sum, terms, 2, times);
        break;
    case 3:
        add_numbers(sum, terms, 3, times);
        break;
    case 4:
        add_numbers(sum, terms, 4, times);
        break;
    case 7:
        add_numbers(sum, terms, 7, times);
        break;
    default:
        add_numbers(sum, terms, width, times);
    }
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

static void work_run(struct work *w, void (*make)(struct work *)) {
    const struct grouped_rows *rows = w->rows;
    size_t threads = (size_t)w->draws.threads;
    w->sums = xcalloc(threads, sizeof *w->sums);
    w->times = xcalloc(threads, sizeof *w->times);
    for (size_t t = 0; t < threads; t++) {
        w->sums[t] = xcalloc((rows->groups + 1) * (size_t)rows->width, sizeof **w->sums);
        w->times[t] = xcalloc(rows->units, sizeof **w->times);
    }
    make(w);
    for (size_t t = 0; t < threads; t++) {
        free(w->sums[t]);
        free(w->times[t]);
    }
    free(w->sums);
    free(w->times);
}

/* ---- bootstrap ---- */

static void draw_times(uint64_t seed, size_t draw, size_t units, uint32_t *times) {
    struct rng rng = rng_open(seed, RNG_CLUSTERS, (uint32_t)draw, 0);
    memset(times, 0, units * sizeof *times);
    for (size_t u = 0; u < units; u++)
        times[rng_below(&rng, (uint32_t)units)]++;
}

static void draw_units(void *context, int worker, size_t draw) {
    struct work *w = context;
    const struct grouped_rows *rows = w->rows;
    const struct unit_draws *shared = w->draws.shared;
    uint32_t *times = w->times[worker];
    double *sums = w->sums[worker];
    size_t width = (size_t)rows->width;
    if (shared && shared->times)
        for (size_t u = 0; u < rows->units; u++)
            times[u] = shared->times[draw * rows->units + u];
    else
        draw_times(w->draws.seed, draw, rows->units, times);
    memset(sums, 0, rows->groups * width * sizeof *sums);
    for (size_t g = 0; g < rows->groups; g++)
        for (size_t i = rows->first[g]; i < rows->first[g + 1]; i++)
            add_row(sums + g * width, rows->terms + i * width, rows->width, times[rows->unit[i]]);
    w->each(w->context, worker, draw, sums);
}

static void fill_shared(void *context, int worker, size_t draw) {
    struct work *w = context;
    const struct unit_draws *shared = w->draws.shared;
    uint32_t *times = w->times[worker];
    draw_times(w->draws.seed, draw, shared->units, times);
    for (size_t u = 0; u < shared->units; u++)
        shared->times[draw * shared->units + u] = (uint8_t)times[u];
}

/* Up to 255 units no number of times is above 255; of more units, 256 times has a chance below 1e-500. */
static void make_shared(struct work *w) {
    enum { MOST_BYTES = 64 << 20 };
    struct unit_draws *shared = w->draws.shared;
    size_t units = w->rows->units;
    if (!shared ||
        (shared->units == units && shared->n == w->draws.n && shared->seed == w->draws.seed))
        return;
    unit_draws_free(shared);
    if (w->draws.n == 0 || units > MOST_BYTES / w->draws.n)
        return;
    *shared = (struct unit_draws){w->draws.seed, units, w->draws.n, xcalloc(w->draws.n, units)};
    parallel_for(w->draws.n, w->draws.threads, fill_shared, w);
}

void unit_draws_free(struct unit_draws *d) {
    free(d->times);
    *d = (struct unit_draws){0};
}

static void make_draws(struct work *w) {
    make_shared(w);
    parallel_for(w->draws.n, w->draws.threads, draw_units, w);
}

void resample_units(
    const struct grouped_rows *rows, struct draws draws, sums_fn *each, void *context) {
    struct work w = {.rows = rows, .draws = draws, .each = each, .context = context};
    work_run(&w, make_draws);
}

void resample_runs(uint64_t seed, size_t draw, int system, int runs, double *times) {
    struct rng rng = rng_open(seed, RNG_RUNS, (uint32_t)draw, (uint32_t)system);
    for (int r = 0; r < runs; r++)
        times[r] = 0;
    for (int r = 0; r < runs; r++)
        times[runs == 1 ? 0 : rng_below(&rng, (uint32_t)runs)]++;
}

/* ---- permutation ---- */

/* Units by how many rows they have, and their rows one behind the other in that order, so that a draw walks
 * through memory and only looks up groups. */
struct strata {
    double *terms;   /* [n][width] */
    uint32_t *group; /* [n] */
    size_t sizes;
    struct stratum {
        size_t first, units, rows; /* its first row; how many units, of how many rows each */
    } * of_size;
};

/* Where each unit's rows begin once units are sorted by size; makes the strata. */
static size_t *place_units(struct strata *s, const struct grouped_rows *rows) {
    size_t *count = xcalloc(rows->units, sizeof *count),
           *place = xcalloc(rows->units, sizeof *place);
    size_t largest = 0, next = 0;
    for (size_t i = 0; i < rows->n; i++)
        if (++count[rows->unit[i]] > largest)
            largest = count[rows->unit[i]];
    size_t *of_size = xcalloc(largest + 1, sizeof *of_size);
    for (size_t u = 0; u < rows->units; u++)
        of_size[count[u]]++;
    s->of_size = xcalloc(largest + 1, sizeof *s->of_size);
    for (size_t size = 1; size <= largest; size++) {
        if (of_size[size])
            s->of_size[s->sizes++] = (struct stratum){next, of_size[size], size};
        size_t begin = next;
        next += of_size[size] * size;
        of_size[size] = begin; /* from here on: the place of the next unit of that size */
    }
    for (size_t u = 0; u < rows->units; u++) {
        place[u] = of_size[count[u]];
        of_size[count[u]] += count[u];
    }
    free(of_size);
    free(count);
    return place;
}

static void strata_make(struct strata *s, const struct grouped_rows *rows) {
    size_t width = (size_t)rows->width, *place = place_units(s, rows);
    for (size_t g = 0; g < rows->groups; g++)
        for (size_t i = rows->first[g]; i < rows->first[g + 1]; i++) {
            size_t to = place[rows->unit[i]]++;
            memcpy(s->terms + to * width, rows->terms + i * width, width * sizeof *s->terms);
            s->group[to] = (uint32_t)g;
        }
    free(place);
}

static void draw_stratum(const struct work *w, const struct stratum *s, size_t draw, size_t number,
    uint32_t *taken, double *sums) {
    const uint32_t *group = w->strata->group + s->first;
    const double *terms = w->strata->terms + s->first * (size_t)w->rows->width;
    int width = w->rows->width;
    struct rng rng = rng_open(w->draws.seed, RNG_PERMUTATION, (uint32_t)draw, (uint32_t)number);
    for (size_t u = 0; u < s->units; u++)
        taken[u] = (uint32_t)u;
    rng_shuffle(&rng, taken, s->units);
    for (size_t u = 0; u < s->units; u++)
        for (size_t k = 0; k < s->rows; k++, terms += width)
            add_row(sums + group[taken[u] * s->rows + k] * (size_t)width, terms, width, 1);
}

static void draw_groups(void *context, int worker, size_t draw) {
    struct work *w = context;
    double *sums = w->sums[worker];
    memset(sums, 0, w->rows->groups * (size_t)w->rows->width * sizeof *sums);
    for (size_t k = 0; k < w->strata->sizes; k++)
        draw_stratum(w, &w->strata->of_size[k], draw, k, w->times[worker], sums);
    w->each(w->context, worker, draw, sums);
}

static void permute(struct work *w) {
    parallel_for(w->draws.n, w->draws.threads, draw_groups, w);
}

void permute_groups(
    const struct grouped_rows *rows, struct draws draws, sums_fn *each, void *context) {
    struct strata s = {.terms = xcalloc(rows->n, (size_t)rows->width * sizeof *s.terms),
        .group = xcalloc(rows->n, sizeof *s.group)};
    strata_make(&s, rows);
    struct work w = {.rows = rows, .draws = draws, .each = each, .context = context, .strata = &s};
    work_run(&w, permute);
    free(s.terms);
    free(s.group);
    free(s.of_size);
}
