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

/* A width that the compiler knows makes no loop. */
static inline void add_row(double *sum, const double *terms, int width, double times) {
    switch (width) {
    case 2:
        add_numbers(sum, terms, 2, times);
        break;
    case 4:
        add_numbers(sum, terms, 4, times);
        break;
    case 8:
        add_numbers(sum, terms, 8, times);
        break;
    default:
        add_numbers(sum, terms, width, times);
    }
}

/* Rows of one group, each as often as its unit is drawn. Sums of a known width stay in registers: in memory each addition
 * would wait for the one before to be stored. */
static inline void add_rows_of(int width, double *sum, const double *terms, const uint32_t *unit,
    size_t n, const uint32_t *times) {
    enum { WIDEST = 8 };
    double own[WIDEST] = {0};
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < width; k++)
            own[k] += times[unit[i]] * terms[i * (size_t)width + (size_t)k];
    memcpy(sum, own, (size_t)width * sizeof *sum);
}

static inline void add_rows(double *sum, const double *terms, int width, const uint32_t *unit,
    size_t n, const uint32_t *times) {
    switch (width) {
    case 2:
        add_rows_of(2, sum, terms, unit, n, times);
        break;
    case 4:
        add_rows_of(4, sum, terms, unit, n, times);
        break;
    case 8:
        add_rows_of(8, sum, terms, unit, n, times);
        break;
    default:
        for (size_t i = 0; i < n; i++)
            add_numbers(sum, terms + i * (size_t)width, width, times[unit[i]]);
    }
}

/* Where the processor has wider vectors they are used: the same additions in the same order, so the same bits. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

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

/* ---- what is shared ---- */

enum { SHARED_BYTES = 64 << 20 }; /* at most, of each half */

static void free_bootstrap(struct shared_draws *d) {
    free(d->bootstrap.times);
    memset(&d->bootstrap, 0, sizeof d->bootstrap);
}

static void free_permutation(struct shared_draws *d) {
    free(d->permutation.units);
    free(d->permutation.taken);
    memset(&d->permutation, 0, sizeof d->permutation);
}

void shared_draws_free(struct shared_draws *d) {
    free_bootstrap(d);
    free_permutation(d);
}

/* ---- bootstrap ---- */

static void draw_times(uint64_t seed, size_t draw, size_t units, uint32_t *times) {
    struct rng rng = rng_open(seed, RNG_CLUSTERS, (uint32_t)draw, 0);
    memset(times, 0, units * sizeof *times);
    for (size_t u = 0; u < units; u++)
        times[rng_below(&rng, (uint32_t)units)]++;
}

WIDE static void draw_units(void *context, int worker, size_t draw) {
    struct work *w = context;
    const struct grouped_rows *rows = w->rows;
    const uint8_t *shared = w->draws.shared ? w->draws.shared->bootstrap.times : NULL;
    uint32_t *times = w->times[worker];
    double *sums = w->sums[worker];
    size_t width = (size_t)rows->width;
    for (size_t u = 0; shared && u < rows->units; u++)
        times[u] = shared[draw * rows->units + u];
    if (!shared)
        draw_times(w->draws.seed, draw, rows->units, times);
    memset(sums, 0, rows->groups * width * sizeof *sums);
    for (size_t g = 0; g < rows->groups; g++) {
        size_t first = rows->first[g];
        add_rows(sums + g * width, rows->terms + first * width, rows->width, rows->unit + first,
            rows->first[g + 1] - first, times);
    }
    w->each(w->context, worker, draw, sums);
}

static void share_times(void *context, int worker, size_t draw) {
    struct work *w = context;
    size_t units = w->rows->units;
    uint32_t *times = w->times[worker];
    draw_times(w->draws.seed, draw, units, times);
    for (size_t u = 0; u < units; u++)
        w->draws.shared->bootstrap.times[draw * units + u] = (uint8_t)times[u];
}

/* Up to 255 units no number of times is above 255; of more units, 256 times has a chance below 1e-500. */
static void share_bootstrap(struct work *w) {
    struct shared_draws *d = w->draws.shared;
    size_t units = w->rows->units, n = w->draws.n;
    if (!d ||
        (d->bootstrap.units == units && d->bootstrap.n == n && d->bootstrap.seed == w->draws.seed))
        return;
    free_bootstrap(d);
    if (n == 0 || units > SHARED_BYTES / n)
        return;
    d->bootstrap.seed = w->draws.seed;
    d->bootstrap.n = n;
    d->bootstrap.units = units;
    d->bootstrap.times = xcalloc(n, units);
    parallel_for(n, w->draws.threads, share_times, w);
}

static void make_draws(struct work *w) {
    share_bootstrap(w);
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

static void shuffle_stratum(
    const struct work *w, const struct stratum *s, size_t draw, size_t number, uint32_t *taken) {
    struct rng rng = rng_open(w->draws.seed, RNG_PERMUTATION, (uint32_t)draw, (uint32_t)number);
    for (size_t u = 0; u < s->units; u++)
        taken[u] = (uint32_t)u;
    rng_shuffle(&rng, taken, s->units);
}

WIDE static void add_stratum(
    const struct work *w, const struct stratum *s, const uint32_t *taken, double *sums) {
    const uint32_t *group = w->strata->group + s->first;
    const double *terms = w->strata->terms + s->first * (size_t)w->rows->width;
    int width = w->rows->width;
    for (size_t u = 0; u < s->units; u++)
        for (size_t k = 0; k < s->rows; k++, terms += width)
            add_row(sums + group[taken[u] * s->rows + k] * (size_t)width, terms, width, 1);
}

static void draw_groups(void *context, int worker, size_t draw) {
    struct work *w = context;
    const struct shared_draws *d = w->draws.shared;
    const uint16_t *shared =
        d && d->permutation.taken ? d->permutation.taken + draw * d->permutation.all : NULL;
    double *sums = w->sums[worker];
    uint32_t *taken = w->times[worker];
    memset(sums, 0, w->rows->groups * (size_t)w->rows->width * sizeof *sums);
    for (size_t k = 0; k < w->strata->sizes; k++) {
        const struct stratum *s = &w->strata->of_size[k];
        for (size_t u = 0; shared && u < s->units; u++)
            taken[u] = *shared++;
        if (!shared)
            shuffle_stratum(w, s, draw, k, taken);
        add_stratum(w, s, taken, sums);
    }
    w->each(w->context, worker, draw, sums);
}

static void share_taken(void *context, int worker, size_t draw) {
    struct work *w = context;
    uint32_t *taken = w->times[worker];
    uint16_t *shared = w->draws.shared->permutation.taken + draw * w->draws.shared->permutation.all;
    for (size_t k = 0; k < w->strata->sizes; k++) {
        const struct stratum *s = &w->strata->of_size[k];
        shuffle_stratum(w, s, draw, k, taken);
        for (size_t u = 0; u < s->units; u++)
            *shared++ = (uint16_t)taken[u];
    }
}

static bool permutation_is_of(const struct shared_draws *d, const struct work *w) {
    bool same = d->permutation.n == w->draws.n && d->permutation.seed == w->draws.seed &&
                d->permutation.sizes == w->strata->sizes;
    for (size_t k = 0; same && k < w->strata->sizes; k++)
        same = d->permutation.units[k] == w->strata->of_size[k].units;
    return same;
}

static void share_permutation(struct work *w) {
    struct shared_draws *d = w->draws.shared;
    size_t n = w->draws.n, all = 0, most = 0;
    if (!d || permutation_is_of(d, w))
        return;
    free_permutation(d);
    for (size_t k = 0; k < w->strata->sizes; k++) {
        size_t units = w->strata->of_size[k].units;
        all += units;
        most = units > most ? units : most;
    }
    if (n == 0 || most > UINT16_MAX || all * sizeof *d->permutation.taken > SHARED_BYTES / n)
        return;
    d->permutation.seed = w->draws.seed;
    d->permutation.n = n;
    d->permutation.sizes = w->strata->sizes;
    d->permutation.all = all;
    d->permutation.units = xcalloc(w->strata->sizes, sizeof *d->permutation.units);
    d->permutation.taken = xcalloc(n, all * sizeof *d->permutation.taken);
    for (size_t k = 0; k < w->strata->sizes; k++)
        d->permutation.units[k] = w->strata->of_size[k].units;
    parallel_for(n, w->draws.threads, share_taken, w);
}

static void permute(struct work *w) {
    share_permutation(w);
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
