#include "analysis/resample.h"

#include "analysis/resample_whole.h"
#include "core/mem.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "core/wide.h"

#include <stdlib.h>
#include <string.h>

void rows_sums(const struct grouped_rows *rows, double *sums) {
    size_t width = (size_t)rows->width;
    memset(sums, 0, rows->groups * width * sizeof *sums);
    for (size_t g = 0; g < rows->groups; g++)
        for (size_t i = rows->first[g]; i < rows->first[g + 1]; i++)
            for (size_t k = 0; k < width; k++)
                sums[g * width + k] += rows->terms[i * width + k];
}

enum { COLUMNS = 4, CHUNK = 64 };
typedef double four_doubles
    __attribute__((vector_size(32))); /* written out, for the compiler mixes them up */
/* A thread's own. */
struct scratch {
    double *sums, *abreast; /* of one draw: [groups + 1][width]; of eight */
    float *whole;           /* of eight, of a group's whole numbers */
    uint8_t *drawn;         /* [units][ABREAST]: how often a bootstrap draws each unit */
    uint32_t *from;         /* [n][ABREAST]: whose terms a permutation gives each row */
    uint32_t *order;        /* units as they are drawn, or a shuffle of them */
};

struct work {
    const struct grouped_rows *rows;
    struct draws draws;
    sums_fn *each;
    void *context;
    struct scratch *own;         /* [threads] */
    const float *whole;          /* a bootstrap's terms where they are whole, or NULL */
    const struct strata *strata; /* of a permutation */
};

static size_t blocks(const struct work *w) {
    return (w->draws.n + ABREAST - 1) / ABREAST;
}

static void work_run(struct work *w, void (*make)(struct work *)) {
    const struct grouped_rows *rows = w->rows;
    size_t threads = (size_t)w->draws.threads, width = (size_t)rows->width;
    size_t units = w->strata ? 0 : rows->units, given = w->strata ? rows->n : 0;
    w->own = xcalloc(threads, sizeof *w->own);
    for (size_t t = 0; t < threads; t++)
        w->own[t] = (struct scratch){.sums = xcalloc((rows->groups + 1) * width, sizeof(double)),
            .abreast = xcalloc(rows->groups * width, ABREAST * sizeof(double)),
            .whole = xcalloc(w->whole ? width : 0, ABREAST * sizeof(float)),
            .drawn = xcalloc(units, ABREAST),
            .from = xcalloc(given, ABREAST * sizeof(uint32_t)),
            .order = xcalloc(rows->units, sizeof(uint32_t))};
    make(w);
    for (size_t t = 0; t < threads; t++) {
        struct scratch *own = &w->own[t];
        free(own->sums);
        free(own->abreast);
        free(own->whole);
        free(own->drawn);
        free(own->from);
        free(own->order);
    }
    free(w->own);
}

/* Hands out the eight draws of a block one by one; of the last block those that there are. */
static void hand_out(struct work *w, int worker, size_t block) {
    size_t numbers = w->rows->groups * (size_t)w->rows->width;
    double *sums = w->own[worker].sums, *abreast = w->own[worker].abreast;
    for (size_t j = 0; j < ABREAST && block * ABREAST + j < w->draws.n; j++) {
        for (size_t k = 0; k < numbers; k++)
            sums[k] = abreast[k * ABREAST + j];
        w->each(w->context, worker, block * ABREAST + j, sums);
    }
}

/* ---- what is shared ---- */

enum { SHARED_BYTES = 64 << 20 }; /* at most, of each half */

static void free_bootstrap(struct shared_draws *d) {
    free(d->bootstrap.times);
    memset(&d->bootstrap, 0, sizeof d->bootstrap);
}

static void free_permutation(struct shared_draws *d) {
    free(d->permutation.units);
    free(d->permutation.from);
    memset(&d->permutation, 0, sizeof d->permutation);
}

void shared_draws_free(struct shared_draws *d) {
    free_bootstrap(d);
    free_permutation(d);
    kept_sums_free(d);
}

/* ---- bootstrap ---- */

/* Of the draws of a block: times[units][ABREAST]. Up to 255 units no number of times is above 255; of more units, 256
 * times has a chance below 1e-500. */
static void draw_times(const struct work *w, int worker, size_t block, uint8_t *times) {
    size_t units = w->rows->units;
    uint32_t *order = w->own[worker].order;
    memset(times, 0, units * ABREAST);
    for (size_t j = 0; j < ABREAST && block * ABREAST + j < w->draws.n; j++) {
        struct rng rng = rng_open(w->draws.seed, RNG_CLUSTERS, (uint32_t)(block * ABREAST + j), 0);
        rng_indices(&rng, (uint32_t)units, order, units);
        for (size_t u = 0; u < units; u++)
            times[order[u] * ABREAST + j]++;
    }
}

/* drawn_of_rows in the numbers that terms are multiplied by. */
INTO_WIDE static inline void times_of_rows(
    const uint32_t *unit, size_t n, const uint8_t *drawn, double *times) {
    uint8_t of_rows[CHUNK * ABREAST];
    drawn_of_rows(unit, n, drawn, of_rows);
    for (size_t i = 0; i < n * ABREAST; i++)
        times[i] = of_rows[i];
}

/* Adds `columns` of n rows. The sums stay in registers: in memory each addition would wait for the one before to be
 * stored. */
INTO_WIDE static inline void add_rows(
    int columns, size_t n, const double *times, const double *terms, size_t width, double *sums) {
    four_doubles own[COLUMNS][2];
    memcpy(own, sums, (size_t)columns * sizeof *own);
    for (size_t i = 0; i < n; i++, times += ABREAST, terms += width) {
        four_doubles low, high;
        memcpy(&low, times, sizeof low);
        memcpy(&high, times + 4, sizeof high);
        for (int k = 0; k < columns; k++) {
            own[k][0] += low * terms[k];
            own[k][1] += high * terms[k];
        }
    }
    memcpy(sums, own, (size_t)columns * sizeof *own);
}

WIDE static void add_units(const struct grouped_rows *rows, const uint8_t *drawn, double *sums) {
    size_t width = (size_t)rows->width;
    double times[CHUNK * ABREAST];
    memset(sums, 0, rows->groups * width * ABREAST * sizeof *sums);
    for (size_t g = 0; g < rows->groups; g++, sums += width * ABREAST)
        for (size_t n, i = rows->first[g], end = rows->first[g + 1]; i < end; i += n) {
            n = end - i < CHUNK ? end - i : CHUNK;
            times_of_rows(rows->unit + i, n, drawn, times);
            const double *terms = rows->terms + i * width;
            size_t k = 0;
            for (; k + COLUMNS <= width; k += COLUMNS)
                add_rows(COLUMNS, n, times, terms + k, width, sums + k * ABREAST);
            for (; k + 2 <= width; k += 2)
                add_rows(2, n, times, terms + k, width, sums + k * ABREAST);
            for (; k < width; k++)
                add_rows(1, n, times, terms + k, width, sums + k * ABREAST);
        }
}

static void draw_units(void *context, int worker, size_t block) {
    struct work *w = context;
    struct scratch *own = &w->own[worker];
    const uint8_t *drawn = own->drawn;
    if (w->draws.shared && w->draws.shared->bootstrap.times)
        drawn = w->draws.shared->bootstrap.times + block * w->rows->units * ABREAST;
    else
        draw_times(w, worker, block, own->drawn);
    if (w->whole)
        add_whole_units(w->rows, w->whole, drawn, own->whole, own->abreast);
    else
        add_units(w->rows, drawn, own->abreast);
    hand_out(w, worker, block);
}

static void share_times(void *context, int worker, size_t block) {
    struct work *w = context;
    draw_times(
        w, worker, block, w->draws.shared->bootstrap.times + block * w->rows->units * ABREAST);
}

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
    d->bootstrap.times = xcalloc(blocks(w), units * ABREAST);
    parallel_for(blocks(w), w->draws.threads, share_times, w);
}

static void make_draws(struct work *w) {
    share_bootstrap(w);
    parallel_for(blocks(w), w->draws.threads, draw_units, w);
}

void resample_units(
    const struct grouped_rows *rows, struct draws draws, sums_fn *each, void *context) {
    float *whole = whole_terms(rows);
    struct work w = {
        .rows = rows, .draws = draws, .each = each, .context = context, .whole = whole};
    work_run(&w, make_draws);
    free(whole);
}

void resample_runs(uint64_t seed, size_t draw, int system, int runs, double *times) {
    struct rng rng = rng_open(seed, RNG_RUNS, (uint32_t)draw, (uint32_t)system);
    for (int r = 0; r < runs; r++)
        times[r] = 0;
    for (int r = 0; r < runs; r++)
        times[runs == 1 ? 0 : rng_below(&rng, (uint32_t)runs)]++;
}

/* ---- permutation ---- */

/* Units by how many rows they have, and their rows one behind the other in that order. */
struct strata {
    double *terms;  /* [n][width] */
    uint32_t *rows; /* [n]: places in that order, group by group */
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
            s->rows[i] = (uint32_t)to;
        }
    free(place);
}

/* Of the draws of a block: from[n][ABREAST], each row's place in the strata's order, whose terms a draw gives it. */
static void shuffle_units(const struct work *w, int worker, size_t block, uint32_t *from) {
    uint32_t *taken = w->own[worker].order;
    for (size_t j = 0; j < ABREAST && block * ABREAST + j < w->draws.n; j++)
        for (size_t k = 0; k < w->strata->sizes; k++) {
            const struct stratum *s = &w->strata->of_size[k];
            struct rng rng = rng_open(
                w->draws.seed, RNG_PERMUTATION, (uint32_t)(block * ABREAST + j), (uint32_t)k);
            for (size_t u = 0; u < s->units; u++)
                taken[u] = (uint32_t)u;
            rng_shuffle(&rng, taken, s->units);
            for (size_t u = 0; u < s->units; u++)
                for (size_t i = 0; i < s->rows; i++)
                    from[(s->first + taken[u] * s->rows + i) * ABREAST + j] =
                        (uint32_t)(s->first + u * s->rows + i);
        }
}

/* Whose terms rows are given, [n][ABREAST]: as it is shared, or NULL and as it is made. */
struct given {
    const uint16_t *narrow;
    const uint32_t *wide;
};

/* `columns` of a group's numbers, of the rows that it is given. */
INTO_WIDE static inline void add_given(int columns, const struct work *w, size_t begin, size_t end,
    size_t column, struct given from, double *sums) {
    double own[COLUMNS * ABREAST] = {0};
    size_t width = (size_t)w->rows->width;
    const double *terms = w->strata->terms + column;
    for (size_t i = begin; i < end; i++) {
        size_t at = (size_t)w->strata->rows[i] * ABREAST;
        for (size_t j = 0; j < ABREAST; j++) {
            size_t given = from.narrow ? from.narrow[at + j] : from.wide[at + j];
            for (size_t k = 0; k < (size_t)columns; k++)
                own[j * (size_t)columns + k] += terms[given * width + k];
        }
    }
    for (int k = 0; k < columns; k++)
        for (int j = 0; j < ABREAST; j++)
            sums[(column + (size_t)k) * ABREAST + (size_t)j] = own[j * columns + k];
}

INTO_WIDE static inline void add_groups(const struct work *w, struct given from, double *sums) {
    size_t width = (size_t)w->rows->width;
    for (size_t g = 0; g < w->rows->groups; g++, sums += width * ABREAST) {
        size_t begin = w->rows->first[g], end = w->rows->first[g + 1], k = 0;
        for (; k + 2 <= width; k += 2)
            add_given(2, w, begin, end, k, from, sums);
        for (; k < width; k++)
            add_given(1, w, begin, end, k, from, sums);
    }
}

WIDE static void draw_groups(void *context, int worker, size_t block) {
    struct work *w = context;
    struct scratch *own = &w->own[worker];
    const uint16_t *shared = w->draws.shared ? w->draws.shared->permutation.from : NULL;
    if (shared)
        add_groups(
            w, (struct given){.narrow = shared + block * w->rows->n * ABREAST}, own->abreast);
    else {
        shuffle_units(w, worker, block, own->from);
        add_groups(w, (struct given){.wide = own->from}, own->abreast);
    }
    hand_out(w, worker, block);
}

static void share_units(void *context, int worker, size_t block) {
    struct work *w = context;
    size_t numbers = w->rows->n * ABREAST;
    shuffle_units(w, worker, block, w->own[worker].from);
    for (size_t i = 0; i < numbers; i++)
        w->draws.shared->permutation.from[block * numbers + i] = (uint16_t)w->own[worker].from[i];
}

static bool permutation_is_of(const struct shared_draws *d, const struct work *w) {
    bool same = d->permutation.n == w->draws.n && d->permutation.seed == w->draws.seed &&
                d->permutation.rows == w->rows->n && d->permutation.sizes == w->strata->sizes;
    for (size_t k = 0; same && k < w->strata->sizes; k++)
        same = d->permutation.units[k] == w->strata->of_size[k].units;
    return same;
}

static void share_permutation(struct work *w) {
    struct shared_draws *d = w->draws.shared;
    size_t n = w->draws.n, rows = w->rows->n;
    if (!d || permutation_is_of(d, w))
        return;
    free_permutation(d);
    if (n == 0 || rows > UINT16_MAX || rows * sizeof *d->permutation.from > SHARED_BYTES / n)
        return;
    d->permutation.seed = w->draws.seed;
    d->permutation.n = n;
    d->permutation.rows = rows;
    d->permutation.sizes = w->strata->sizes;
    d->permutation.units = xcalloc(w->strata->sizes, sizeof *d->permutation.units);
    d->permutation.from = xcalloc(blocks(w), rows * ABREAST * sizeof *d->permutation.from);
    for (size_t k = 0; k < w->strata->sizes; k++)
        d->permutation.units[k] = w->strata->of_size[k].units;
    parallel_for(blocks(w), w->draws.threads, share_units, w);
}

static void permute(struct work *w) {
    share_permutation(w);
    parallel_for(blocks(w), w->draws.threads, draw_groups, w);
}

void permute_groups(
    const struct grouped_rows *rows, struct draws draws, sums_fn *each, void *context) {
    struct strata s = {.terms = xcalloc(rows->n, (size_t)rows->width * sizeof *s.terms),
        .rows = xcalloc(rows->n, sizeof *s.rows)};
    strata_make(&s, rows);
    struct work w = {.rows = rows, .draws = draws, .each = each, .context = context, .strata = &s};
    work_run(&w, permute);
    free(s.terms);
    free(s.rows);
    free(s.of_size);
}
