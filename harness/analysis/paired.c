#include "analysis/paired.h"

#include "analysis/equivalence.h"
#include "analysis/percentile.h"
#include "analysis/resample.h"
#include "core/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Shared samples side by side; both systems' terms in a row: a's runs, then b's. */
struct pairs {
    const struct paired_options *o;
    int runs_a, runs_b, width; /* width: 2 * (runs_a + runs_b) */
    size_t n;
    double *terms;  /* [n][width] */
    uint32_t *unit; /* [n] */
    size_t units;
    bool alone;     /* each sample is its own cluster */
    bool same_runs; /* by their seeds */
    double *replicates, *weight;
};

/* Whether a system's terms count the sample in each of its runs: a pair needs both. */
static bool counted(const double *terms, int runs) {
    for (int r = 0; r < runs; r++)
        if (terms[2 * r + 1] > 0)
            return true;
    return false;
}

static bool one_split(const struct predictions *p) {
    for (int r = 1; r < p->runs; r++)
        if (p->split_seed[r] != p->split_seed[0])
            return false;
    return true;
}

/* Runs of one seed, of training and of the split; where each system has one split, of training alone, for the split seed
 * of an imported system is not known. */
static bool runs_equal(const struct predictions *a, const struct predictions *b) {
    bool training_alone = one_split(a) && one_split(b);
    if (a->runs != b->runs)
        return false;
    for (int r = 0; r < a->runs; r++)
        if (a->seed[r] != b->seed[r] || (!training_alone && a->split_seed[r] != b->split_seed[r]))
            return false;
    return true;
}

/* Both lists of ids ascend. */
static void pair_up(struct pairs *x, const struct outcome *o, const struct predictions *a,
    const struct predictions *b, const struct age_bins *bins) {
    size_t wide_a = 2 * (size_t)a->runs, wide_b = 2 * (size_t)b->runs, width = wide_a + wide_b;
    double *terms_a = xcalloc(a->n, wide_a * sizeof *terms_a);
    double *terms_b = xcalloc(b->n, wide_b * sizeof *terms_b);
    uint32_t *unit = xcalloc(a->clusters, sizeof *unit);
    outcome_terms(o, a, bins, terms_a);
    outcome_terms(o, b, bins, terms_b);
    memset(unit, 0xff, a->clusters * sizeof *unit);
    x->terms = xcalloc(a->n, width * sizeof *x->terms);
    x->unit = xcalloc(a->n, sizeof *x->unit);
    for (size_t i = 0, j = 0; i < a->n && j < b->n;) {
        int order = strcmp(a->id[i], b->id[j]);
        if (order == 0 && counted(terms_a + i * wide_a, a->runs) &&
            counted(terms_b + j * wide_b, b->runs)) {
            double *row = x->terms + x->n * width;
            memcpy(row, terms_a + i * wide_a, wide_a * sizeof *row);
            memcpy(row + wide_a, terms_b + j * wide_b, wide_b * sizeof *row);
            uint32_t *of_cluster = &unit[a->cluster[i]];
            if (*of_cluster == UINT32_MAX)
                *of_cluster = (uint32_t)x->units++;
            x->unit[x->n++] = *of_cluster;
        }
        i += order <= 0;
        j += order >= 0;
    }
    x->alone = x->units == x->n;
    free(terms_a);
    free(terms_b);
    free(unit);
}

static double mean_of_sample(const double *terms, int runs) {
    double sum = 0;
    int n = 0;
    for (int r = 0; r < runs; r++)
        if (terms[2 * r + 1] > 0) {
            sum += terms[2 * r];
            n++;
        }
    return n ? sum / n : 0;
}

/* Whether the runs of both systems share their denominators, as they do but where one lacks a prediction: draws then need
 * numerators and that one. */
static bool share_denominators(const struct pairs *x) {
    for (size_t i = 0; i < x->n; i++)
        for (int r = 1; r < x->runs_a + x->runs_b; r++) {
            const double *row = x->terms + i * (size_t)x->width;
            if (row[2 * r + 1] != row[1])
                return false;
        }
    return true;
}

/* Numbers of a compact row of one system: the numerators of its runs and the denominator, up to a multiple of four, by
 * which sums go fastest. */
static int compact_width(int runs) {
    return (runs + 1 + 3) / 4 * 4;
}

/* Of a system whose first run is `first`, [n][compact_width]. */
static double *compact_terms(const struct pairs *x, int first, int runs) {
    size_t width = (size_t)compact_width(runs);
    double *terms = xcalloc(x->n, width * sizeof *terms);
    for (size_t i = 0; i < x->n; i++) {
        const double *row = x->terms + i * (size_t)x->width;
        for (int r = 0; r < runs; r++)
            terms[i * width + (size_t)r] = row[2 * (first + r)];
        terms[i * width + (size_t)runs] = row[1];
    }
    return terms;
}

/* `sums` of a compact row. */
static double mean_of_runs(const double *sums, int runs, const double *weight) {
    double sum = 0, weights = 0, denominator = sums[runs];
    for (int r = 0; r < runs; r++) {
        sum += weight[r] * (sums[r] / denominator);
        weights += weight[r];
    }
    return denominator > 0 ? sum / weights : NAN;
}

/* How often each of a system's runs counts in a draw. */
static void draw_runs(const struct pairs *x, size_t draw, bool of_b, double *weight) {
    resample_runs(
        x->o->seed, draw, of_b && !x->same_runs ? 1 : 0, of_b ? x->runs_b : x->runs_a, weight);
}

static void keep_difference(void *context, int worker, size_t draw, double *sums) {
    struct pairs *x = context;
    double *weight_a = x->weight + (size_t)worker * (size_t)(x->runs_a + x->runs_b);
    double *weight_b = weight_a + x->runs_a;
    draw_runs(x, draw, false, weight_a);
    draw_runs(x, draw, true, weight_b);
    x->replicates[draw] = outcome_value(sums, x->runs_a, weight_a) -
                          outcome_value(sums + 2 * x->runs_a, x->runs_b, weight_b);
}

/* Puts a's means in the draws, or takes b's off. A system is in many pairs, and what its rows sum to is kept for all. */
static void add_means(
    struct pairs *x, const struct grouped_rows *rows, struct draws draws, bool of_b) {
    int runs = of_b ? x->runs_b : x->runs_a;
    double *terms = compact_terms(x, of_b ? x->runs_a : 0, runs);
    struct grouped_rows own = *rows;
    own.terms = terms;
    own.width = compact_width(runs);
    const double *sums = resampled_sums(&own, draws);
    for (size_t d = 0; d < draws.n; d++, sums += own.width) {
        draw_runs(x, d, of_b, x->weight);
        double mean = mean_of_runs(sums, runs, x->weight);
        x->replicates[d] = of_b ? x->replicates[d] - mean : mean;
    }
    free(terms);
}

static void make_replicates(struct pairs *x, const struct grouped_rows *rows) {
    struct shared_draws own = {0}, *shared = x->o->shared_draws ? x->o->shared_draws : &own;
    struct draws draws = {x->o->seed, x->o->draws, x->o->threads, shared};
    if (share_denominators(x)) {
        add_means(x, rows, draws, false);
        add_means(x, rows, draws, true);
    } else
        resample_units(rows, draws, keep_difference, x);
    shared_draws_free(&own);
}

static void bootstrap(struct pairs *x, const struct grouped_rows *rows, struct paired_result *r) {
    size_t n = 0, draws = x->o->draws;
    x->replicates = xcalloc(draws, sizeof *x->replicates);
    x->weight = xcalloc((size_t)x->o->threads * (size_t)(x->runs_a + x->runs_b), sizeof *x->weight);
    make_replicates(x, rows);
    for (size_t d = 0; d < draws; d++)
        if (!isnan(x->replicates[d]))
            x->replicates[n++] = x->replicates[d];
    if (n) {
        sort_ascending(x->replicates, n);
        double units = (double)x->units, confidence = x->o->confidence;
        r->interval = interval_percentile(x->replicates, n, units, confidence);
        r->narrow =
            interval_percentile(x->replicates, n, units, equivalence_confidence(confidence));
    }
    free(x->replicates);
    free(x->weight);
}

/* Clusters' sums of samples' differences. */
static void test(const struct pairs *x, struct paired_result *r) {
    double *sum = xcalloc(x->units, sizeof *sum), mean = 0, squares = 0, units = (double)x->units;
    for (size_t i = 0; i < x->n; i++) {
        const double *row = x->terms + i * (size_t)x->width;
        sum[x->unit[i]] +=
            mean_of_sample(row, x->runs_a) - mean_of_sample(row + 2 * x->runs_a, x->runs_b);
    }
    for (size_t u = 0; u < x->units; u++)
        mean += sum[u] / units;
    for (size_t u = 0; u < x->units; u++)
        squares += (sum[u] - mean) * (sum[u] - mean);
    r->standardised = x->units > 1 && squares > 0 ? mean / sqrt(squares / (units - 1)) : NAN;
    r->p = sign_flip_test(sum, x->units, x->o->draws, x->o->seed, x->o->threads);
    free(sum);
}

static void count_discordant(const struct pairs *x, struct paired_result *r) {
    for (size_t i = 0; i < x->n; i++) {
        const double *row = x->terms + i * (size_t)x->width;
        r->only_a += row[0] > row[2];
        r->only_b += row[0] < row[2];
    }
    r->odds_ratio = r->only_b ? (double)r->only_a / (double)r->only_b : r->only_a ? INFINITY : NAN;
    r->mcnemar_p = mcnemar_exact(r->only_a, r->only_b);
}

void paired_compare(struct paired_result *r, const struct outcome *o, const struct predictions *a,
    const struct predictions *b, const struct age_bins *bins,
    const struct paired_options *options) {
    struct pairs x = {.o = options,
        .runs_a = a->runs,
        .runs_b = b->runs,
        .width = 2 * (a->runs + b->runs),
        .same_runs = runs_equal(a, b)};
    pair_up(&x, o, a, b, bins);
    *r = (struct paired_result){.n = x.n,
        .clusters = x.units,
        .a = NAN,
        .b = NAN,
        .difference = NAN,
        .interval = {NAN, NAN},
        .narrow = {NAN, NAN},
        .p = NAN,
        .relative = NAN,
        .standardised = NAN,
        .odds_ratio = NAN,
        .mcnemar_p = NAN,
        .runs_paired = x.same_runs};
    if (x.n) {
        const size_t first[] = {0, x.n};
        const struct grouped_rows rows = {x.n, x.width, x.terms, x.unit, x.units, first, 1};
        double *sums = xcalloc((size_t)x.width, sizeof *sums);
        rows_sums(&rows, sums);
        r->a = outcome_value(sums, x.runs_a, NULL);
        r->b = outcome_value(sums + 2 * x.runs_a, x.runs_b, NULL);
        r->difference = r->a - r->b;
        r->relative = r->b != 0 ? r->difference / r->b : NAN;
        test(&x, r);
        if (!options->claims_alone || !(r->p > 1 - options->confidence))
            bootstrap(&x, &rows, r);
        if (outcome_traits(o).count && x.alone && x.runs_a == 1 && x.runs_b == 1)
            count_discordant(&x, r);
        free(sums);
    }
    free(x.terms);
    free(x.unit);
}
