#include "analysis/audit.h"

#include "analysis/audit_rows.h"
#include "analysis/multiple.h"
#include "analysis/percentile.h"
#include "core/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const interval_method_name[] = {[INTERVAL_NONE] = "none",
    [INTERVAL_WILSON] = "wilson",
    [INTERVAL_EXACT] = "exact",
    [INTERVAL_BOOTSTRAP] = "bootstrap"};

enum {
    BLOCK = 128
}; /* cells whose replicates are held at a time, so that memory does not grow with cells */

struct audit {
    struct audit_table *t;
    const struct audit_options *o;
    struct outcome_traits traits;
    struct audit_rows rows;
    size_t *ranked; /* [t->ranked]: cells */
    struct gap_groups groups;
    double *value, *scratch; /* [threads] of a draw: [t->n + 1] each, scratch twice */
    double *weight;          /* [threads][runs] */
    double *replicates;      /* [BLOCK][draws] of the cells from block on */
    double *deviation;       /* [GAP_COUNT][draws] */
    size_t block;
    /* permutation: how often chance was as far off */
    size_t *cell_hits, *gap_hits; /* [threads][ranked], [threads][GAP_COUNT] */
};

/* The values of all cells, everyone's behind them, in a draw. `weight`: of runs; NULL: of a permutation. */
static double *values_of(struct audit *a, int worker, const struct grouped_rows *rows, double *sums,
    const double *weight) {
    size_t n = a->t->n, width = (size_t)rows->width;
    double *value = a->value + (size_t)worker * (n + 1);
    double *all = sums + n * width;
    memset(all, 0, width * sizeof *all);
    for (size_t g = 0; g <= n; g++) {
        const double *own = sums + g * width;
        for (size_t k = 0; g < n && k < width; k++)
            all[k] += own[k];
        value[g] =
            weight ? audit_drawn_value(&a->rows, own, weight) : audit_permuted_value(&a->rows, own);
        if (a->o->fairlearn && g < n && isnan(value[g]) && a->t->cells[g].samples > 0)
            value[g] = 0;
    }
    return value;
}

static double *ranked_values(struct audit *a, int worker, const double *value) {
    double *of_ranked = a->scratch + (size_t)worker * 2 * (a->t->n + 1);
    for (size_t i = 0; i < a->t->ranked; i++)
        of_ranked[i] = value[a->ranked[i]];
    return of_ranked;
}

/* ---- cells ---- */

/* How far a value is from ideal: larger is worse. */
static double badness(struct outcome_traits traits, double value) {
    return traits.better == 1 ? -value : traits.better == 0 ? fabs(value) : value;
}

static bool rankable(const struct audit *a, const struct audit_cell *c) {
    if (isnan(c->value))
        return false;
    return a->o->fairlearn || c->clusters >= (a->o->min_clusters > 2 ? a->o->min_clusters : 2);
}

static void rank_cells(struct audit *a) {
    struct audit_table *t = a->t;
    a->ranked = xcalloc(t->n, sizeof *a->ranked);
    for (size_t g = 0; g < t->n; g++)
        if (rankable(a, &t->cells[g]))
            a->ranked[t->ranked++] = g;
    for (size_t i = 0; i < t->ranked; i++) {
        struct audit_cell *c = &t->cells[a->ranked[i]];
        double bad = badness(a->traits, c->value);
        c->rank = 1;
        for (size_t j = 0; j < t->ranked; j++) {
            double other = badness(a->traits, t->cells[a->ranked[j]].value);
            c->rank += other > bad || (other == bad && j < i);
        }
    }
}

static void fill_cells(struct audit *a) {
    struct audit_table *t = a->t;
    for (size_t g = 0; g < t->n; g++)
        audit_cell_fill(&t->cells[g], &a->rows, g, a->traits, a->o);
    audit_cell_fill(&t->all, &a->rows, t->n, a->traits, a->o);
}

/* ---- bootstrap ---- */

static void keep_replicate(void *context, int worker, size_t draw, double *sums) {
    struct audit *a = context;
    size_t n = a->t->n;
    double *weight = a->weight + (size_t)worker * (size_t)a->rows.runs;
    resample_runs(a->o->seed, draw, 0, a->rows.runs, weight);
    const double *value = values_of(a, worker, &a->rows.drawn, sums, weight);
    for (size_t g = a->block; g <= n && g < a->block + BLOCK; g++)
        a->replicates[(g - a->block) * a->o->draws + draw] = value[g];
    if (a->block)
        return;
    double *of_ranked = ranked_values(a, worker, value), deviation[GAP_COUNT];
    gaps_deviation(&a->groups, of_ranked, value[n], of_ranked + n + 1, deviation);
    for (int k = 0; k < GAP_COUNT; k++)
        a->deviation[(size_t)k * a->o->draws + draw] = deviation[k];
}

/* Sorts the numbers that are there to the front; how many. */
static size_t sort_defined(double *values, size_t n) {
    size_t defined = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(values[i]))
            values[defined++] = values[i];
    sort_ascending(values, defined);
    return defined;
}

static void bootstrap_interval(struct audit *a, struct audit_cell *cell, double *replicates) {
    if (cell->clusters < 2 || a->traits.count)
        return;
    size_t n = sort_defined(replicates, a->o->draws);
    if (n == 0)
        return;
    cell->method = INTERVAL_BOOTSTRAP;
    cell->interval = interval_percentile(replicates, n, (double)cell->clusters, a->o->confidence);
}

static double quantile_of_deviation(struct audit *a, int kind, double confidence) {
    double *deviation = a->deviation + (size_t)kind * a->o->draws;
    size_t n = sort_defined(deviation, a->o->draws);
    return n == a->o->draws ? percentile(deviation, n, confidence) : NAN;
}

static void gap_intervals(struct audit *a) {
    double confidence = a->o->confidence;
    for (int k = 0; k < GAP_COUNT; k++) {
        double one = quantile_of_deviation(a, k, confidence);
        double two = quantile_of_deviation(a, k, (1 + confidence) / 2);
        a->t->gap[k].gap.interval = gap_interval(&a->groups, (enum gap_kind)k, one);
        a->t->half_gap[k] = gap_interval(&a->groups, (enum gap_kind)k, two);
    }
}

static void bootstrap(struct audit *a) {
    struct audit_table *t = a->t;
    struct draws draws = {a->o->seed, a->o->draws, a->o->threads, a->o->shared_draws};
    a->replicates = xcalloc(BLOCK, a->o->draws * sizeof *a->replicates);
    a->deviation = xcalloc(GAP_COUNT, a->o->draws * sizeof *a->deviation);
    /* Shares have intervals of their own: their cells need no replicates. */
    for (a->block = 0; a->block <= t->n && !(a->block && a->traits.count); a->block += BLOCK) {
        resample_units(&a->rows.drawn, draws, keep_replicate, a);
        for (size_t g = a->block; g <= t->n && g < a->block + BLOCK; g++)
            bootstrap_interval(a, g == t->n ? &t->all : &t->cells[g],
                a->replicates + (g - a->block) * a->o->draws);
    }
    gap_intervals(a);
    free(a->replicates);
    free(a->deviation);
}

/* ---- permutation ---- */

/* As large but for rounding: relabelled sums run in another order. */
static bool as_large(double chance, double seen) {
    return chance >= seen - 1e-12 * fmax(1, fabs(seen));
}

static void count_chance(void *context, int worker, size_t draw, double *sums) {
    struct audit *a = context;
    size_t ranked = a->t->ranked;
    (void)draw;
    const double *value = values_of(a, worker, &a->rows.permuted, sums, NULL);
    double *of_ranked = ranked_values(a, worker, value), all = a->t->all.value;
    size_t *hits = a->cell_hits + (size_t)worker * ranked;
    double high = -INFINITY, low = INFINITY, far = 0, least = INFINITY;
    for (size_t i = 0; i < ranked; i++) {
        double seen = fabs(a->groups.value[i] - all), off = fabs(of_ranked[i] - all);
        hits[i] += isnan(off) ? 1 : as_large(off, seen);
        if (isnan(off))
            continue;
        high = fmax(high, of_ranked[i]);
        low = fmin(low, of_ranked[i]);
        far = fmax(far, off);
        least = fmin(least, fmin(of_ranked[i], all) / fmax(of_ranked[i], all));
    }
    size_t *gap_hits = a->gap_hits + (size_t)worker * GAP_COUNT;
    const struct audit_gap *gap = a->t->gap;
    gap_hits[GAP_DIFFERENCE] += as_large(high - low, gap[GAP_DIFFERENCE].gap.value);
    gap_hits[GAP_DIFFERENCE_TO_OVERALL] += as_large(far, gap[GAP_DIFFERENCE_TO_OVERALL].gap.value);
    gap_hits[GAP_RATIO] += as_large(-low / high, -gap[GAP_RATIO].gap.value);
    gap_hits[GAP_RATIO_TO_OVERALL] += as_large(-least, -gap[GAP_RATIO_TO_OVERALL].gap.value);
}

static double chance(const size_t *hits, size_t stride, const struct audit_options *o) {
    size_t count = 1;
    for (int w = 0; w < o->threads; w++)
        count += hits[(size_t)w * stride];
    return (double)count / (double)(o->draws + 1);
}

static void permutation(struct audit *a) {
    struct audit_table *t = a->t;
    size_t threads = (size_t)a->o->threads, ranked = t->ranked;
    a->cell_hits = xcalloc(threads * ranked, sizeof *a->cell_hits);
    a->gap_hits = xcalloc(threads * GAP_COUNT, sizeof *a->gap_hits);
    permute_groups(&a->rows.permuted,
        (struct draws){a->o->seed, a->o->draws, a->o->threads, a->o->shared_draws}, count_chance,
        a);
    double *p = xcalloc(ranked, sizeof *p), *q = xcalloc(ranked, sizeof *q);
    for (size_t i = 0; i < ranked; i++)
        p[i] = chance(a->cell_hits + i, ranked, a->o);
    false_discovery_adjust(p, ranked, q);
    for (size_t i = 0; i < ranked; i++) {
        t->cells[a->ranked[i]].p = p[i];
        t->cells[a->ranked[i]].q = q[i];
    }
    for (int k = 0; k < GAP_COUNT; k++)
        if (!isnan(t->gap[k].gap.value))
            t->gap[k].p = chance(a->gap_hits + k, GAP_COUNT, a->o);
    free(p);
    free(q);
    free(a->cell_hits);
    free(a->gap_hits);
}

/* The bootstrap is too sure of itself in small cells; what the exact test does not reject, no gap at all, is in the
 * interval too. */
static void hold_no_gap(struct interval *i, int kind, double p, double level) {
    bool ratio = kind == GAP_RATIO || kind == GAP_RATIO_TO_OVERALL;
    if (isnan(i->low) || !(p > level))
        return;
    if (ratio)
        i->high = 1;
    else
        i->low = 0;
}

static void reconcile(struct audit *a) {
    double level = 1 - a->o->confidence;
    for (int k = 0; k < GAP_COUNT; k++) {
        double p = a->t->gap[k].p;
        hold_no_gap(&a->t->gap[k].gap.interval, k, p, level);
        hold_no_gap(&a->t->half_gap[k], k, p, level / 2);
    }
}

/* ---- all of it ---- */

static size_t cell_of_gap(const struct audit *a, size_t i) {
    return i == GAP_OVERALL ? GAP_OVERALL : a->ranked[i];
}

static void find_gaps(struct audit *a) {
    size_t ranked = a->t->ranked;
    double *value = xcalloc(ranked, sizeof *value), *scale = xcalloc(ranked, sizeof *scale);
    struct gap gap[GAP_COUNT];
    for (size_t i = 0; i < ranked; i++) {
        const struct audit_cell *c = &a->t->cells[a->ranked[i]];
        value[i] = c->value;
        scale[i] = c->error > 0 ? c->error : INFINITY; /* of no use in telling a gap */
    }
    gap_groups_make(&a->groups, ranked, value, scale, a->t->all.value);
    gaps_find(&a->groups, gap);
    if (a->traits.better == 0 &&
        !a->o->fairlearn) /* of what may be below 0 a quotient says nothing */
        gap[GAP_RATIO].value = gap[GAP_RATIO_TO_OVERALL].value = NAN;
    for (int k = 0; k < GAP_COUNT; k++) {
        gap[k].high = cell_of_gap(a, gap[k].high);
        gap[k].low = cell_of_gap(a, gap[k].low);
        a->t->gap[k] = (struct audit_gap){gap[k], NAN};
        a->t->half_gap[k] = (struct interval){NAN, NAN};
    }
    free(value);
    free(scale);
}

void audit_compute(struct audit_table *t, const struct outcome *o, const struct predictions *p,
    const struct age_bins *bins, const struct crossing *crossing,
    const struct audit_options *options) {
    struct audit a = {.t = t, .o = options, .traits = outcome_traits(o)};
    size_t threads = (size_t)options->threads;
    *t = (struct audit_table){.n = crossing->n, .cells = xcalloc(crossing->n, sizeof *t->cells)};
    audit_rows_make(&a.rows, o, p, bins, crossing);
    fill_cells(&a);
    rank_cells(&a);
    find_gaps(&a);
    a.value = xcalloc(threads * (t->n + 1), sizeof *a.value);
    a.scratch = xcalloc(threads * 2 * (t->n + 1), sizeof *a.scratch);
    a.weight = xcalloc(threads * (size_t)p->runs, sizeof *a.weight);
    if (a.rows.rows.n && options->draws) {
        if (!options->tests_alone)
            bootstrap(&a);
        if (t->ranked >= 2) {
            permutation(&a);
            reconcile(&a);
        }
    }
    free(a.value);
    free(a.scratch);
    free(a.weight);
    free(a.ranked);
    gap_groups_free(&a.groups);
    audit_rows_free(&a.rows);
}

void audit_free(struct audit_table *t) {
    free(t->cells);
    *t = (struct audit_table){0};
}

void audit_equalised_odds(const struct audit_table *tpr, const struct audit_table *fpr,
    struct audit_gap gap[GAP_COUNT], bool *of_tpr) {
    for (int k = 0; k < GAP_COUNT; k++) {
        bool ratio = k == GAP_RATIO || k == GAP_RATIO_TO_OVERALL;
        double t = tpr->gap[k].gap.value, f = fpr->gap[k].gap.value;
        of_tpr[k] = isnan(f) || (ratio ? t <= f : t >= f);
        const struct audit_table *maker = of_tpr[k] ? tpr : fpr, *other = of_tpr[k] ? fpr : tpr;
        struct interval a = maker->half_gap[k], b = other->half_gap[k];
        gap[k] = maker->gap[k];
        gap[k].p = fmin(1, 2 * gap[k].p);
        if (isnan(b.low))
            gap[k].gap.interval = a;
        else
            gap[k].gap.interval = ratio
                                      ? (struct interval){fmin(a.low, b.low), fmin(a.high, b.high)}
                                      : (struct interval){fmax(a.low, b.low), fmax(a.high, b.high)};
    }
}
