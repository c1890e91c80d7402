#include "analysis/audit_rows.h"

#include "analysis/distributions.h"
#include "core/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- layout ---- */

static bool counted(const double *terms, int runs) {
    for (int r = 0; r < runs; r++)
        if (terms[2 * r + 1] > 0)
            return true;
    return false;
}

static bool predicted(const struct predictions *p, size_t i) {
    for (int r = 0; r < p->runs; r++)
        if (!isnan(p->predicted[i * (size_t)p->runs + (size_t)r]))
            return true;
    return false;
}

/* Clusters that have a row, numbered by their first sample. */
static uint32_t *new_units(
    const struct predictions *p, const struct crossing *c, const double *terms, size_t *units) {
    uint32_t *unit = xcalloc(p->clusters, sizeof *unit), none = UINT32_MAX;
    memset(unit, 0xff, p->clusters * sizeof *unit);
    *units = 0;
    for (size_t i = 0; i < p->n; i++)
        if (c->cell[i] >= 0 && counted(terms + i * 2 * (size_t)p->runs, p->runs) &&
            unit[p->cluster[i]] == none)
            unit[p->cluster[i]] = (uint32_t)(*units)++;
    return unit;
}

static void sum_everyone(struct audit_rows *a) {
    size_t groups = a->rows.groups, width = (size_t)a->rows.width;
    double *all = a->sums + groups * width;
    for (size_t g = 0; g < groups; g++) {
        a->samples[groups] += a->samples[g];
        for (size_t k = 0; k < width; k++)
            all[k] += a->sums[g * width + k];
    }
}

static bool share_denominators(const struct audit_rows *a) {
    for (size_t i = 0; i < a->rows.n; i++)
        for (int r = 1; r < a->runs; r++) {
            const double *row = a->terms + i * (size_t)a->rows.width;
            if (row[2 * r + 1] != row[1])
                return false;
        }
    return true;
}

static void make_compact(struct audit_rows *a) {
    size_t n = a->rows.n, runs = (size_t)a->runs, width = (size_t)a->rows.width;
    a->drawn = a->permuted = a->rows;
    a->shared = share_denominators(a);
    if (!a->shared)
        return;
    a->drawn.width = a->runs + 1;
    a->permuted.width = 2;
    a->drawn.terms = a->drawn_terms = xcalloc(n, (runs + 1) * sizeof *a->drawn_terms);
    a->permuted.terms = a->permuted_terms = xcalloc(n, 2 * sizeof *a->permuted_terms);
    for (size_t i = 0; i < n; i++) {
        const double *row = a->terms + i * width;
        double *drawn = a->drawn_terms + i * (runs + 1), *permuted = a->permuted_terms + 2 * i;
        for (size_t r = 0; r < runs; r++) {
            drawn[r] = row[2 * r];
            permuted[0] += row[2 * r] / (double)runs;
        }
        drawn[runs] = permuted[1] = row[1];
    }
}

void audit_rows_make(struct audit_rows *a, const struct outcome *o, const struct predictions *p,
    const struct age_bins *bins, const struct crossing *crossing) {
    size_t width = 2 * (size_t)p->runs, units;
    double *terms = xcalloc(p->n, width * sizeof *terms);
    outcome_terms(o, p, bins, terms);
    uint32_t *unit = new_units(p, crossing, terms, &units);
    *a = (struct audit_rows){.runs = p->runs,
        .terms = xcalloc(p->n, width * sizeof *terms),
        .unit = xcalloc(p->n, sizeof *a->unit),
        .first = xcalloc(crossing->n + 2, sizeof *a->first),
        .samples = xcalloc(crossing->n + 1, sizeof *a->samples),
        .sums = xcalloc(crossing->n + 1, width * sizeof *a->sums)};
    size_t *next = a->first + 1; /* moved up by one while rows are put in */
    for (size_t i = 0; i < p->n; i++)
        if (crossing->cell[i] >= 0 && counted(terms + i * width, p->runs))
            next[crossing->cell[i] + 1]++;
    for (size_t g = 0; g < crossing->n; g++)
        next[g + 1] += next[g];
    for (size_t i = 0; i < p->n; i++) {
        if (crossing->cell[i] < 0 || !predicted(p, i))
            continue;
        a->samples[crossing->cell[i]]++;
        if (!counted(terms + i * width, p->runs))
            continue;
        size_t row = next[crossing->cell[i]]++;
        memcpy(a->terms + row * width, terms + i * width, width * sizeof *terms);
        a->unit[row] = unit[p->cluster[i]];
    }
    a->rows = (struct grouped_rows){.n = a->first[crossing->n],
        .width = (int)width,
        .terms = a->terms,
        .unit = a->unit,
        .units = units,
        .first = a->first,
        .groups = crossing->n};
    rows_sums(&a->rows, a->sums);
    sum_everyone(a);
    make_compact(a);
    free(terms);
    free(unit);
}

double audit_drawn_value(const struct audit_rows *a, const double *sums, const double *weight) {
    if (!a->shared)
        return outcome_value(sums, a->runs, weight);
    double sum = 0, weights = 0;
    for (int r = 0; r < a->runs; r++) {
        sum += weight[r] * sums[r];
        weights += weight[r];
    }
    return sums[a->runs] > 0 ? sum / weights / sums[a->runs] : NAN;
}

double audit_permuted_value(const struct audit_rows *a, const double *sums) {
    return outcome_value(sums, a->shared ? 1 : a->runs, NULL);
}

void audit_rows_free(struct audit_rows *a) {
    if (a->shared) {
        free(a->drawn_terms);
        free(a->permuted_terms);
    }
    free(a->terms);
    free(a->unit);
    free(a->first);
    free(a->samples);
    free(a->sums);
    *a = (struct audit_rows){0};
}

/* ---- one cell ---- */

struct range {
    size_t begin, end;
};

/* What a row adds to the value's deviation from the truth, to first order. */
static double influence(const double *terms, const double *sums, int runs) {
    double sum = 0;
    int defined = 0;
    for (int r = 0; r < runs; r++) {
        double all = sums[2 * r + 1];
        if (all <= 0)
            continue;
        sum += (terms[2 * r] - sums[2 * r] / all * terms[2 * r + 1]) / all;
        defined++;
    }
    return defined ? sum / defined : 0;
}

/* The variance of the mean over runs that is the runs' own. */
static double variance_of_runs(const double *sums, int runs) {
    double mean = outcome_value(sums, runs, NULL), squares = 0;
    int defined = 0;
    for (int r = 0; r < runs; r++)
        if (sums[2 * r + 1] > 0) {
            double off = sums[2 * r] / sums[2 * r + 1] - mean;
            squares += off * off;
            defined++;
        }
    return defined > 1 ? squares / (defined - 1) / defined : 0;
}

/* Sums over clusters: how many there are, Kish's size, the variance over them. */
static void cluster_sums(const struct audit_rows *a, struct range range, const double *sums,
    size_t *clusters, double *kish, double *variance) {
    double *count = xcalloc(a->rows.units, sizeof *count);
    double *deviation = xcalloc(a->rows.units, sizeof *deviation), squares = 0, sizes = 0;
    size_t width = (size_t)a->rows.width, n = range.end - range.begin;
    for (size_t i = range.begin; i < range.end; i++) {
        count[a->unit[i]]++;
        deviation[a->unit[i]] += influence(a->terms + i * width, sums, a->runs);
    }
    *clusters = 0;
    for (size_t u = 0; u < a->rows.units; u++) {
        if (count[u] == 0) /* as most are in a small cell */
            continue;
        *clusters += 1;
        sizes += count[u] * count[u];
        squares += deviation[u] * deviation[u];
    }
    *kish = sizes > 0 ? (double)n * (double)n / sizes : 0;
    *variance = *clusters > 1 ? squares * (double)*clusters / (double)(*clusters - 1) : NAN;
    free(count);
    free(deviation);
}

/* Where samples depend on each other the variance is estimated from few clusters: Student's quantile over the normal
 * one makes up for that. */
static double effective_size(
    const struct audit_cell *cell, double kish, double variance, double confidence) {
    double n = (double)cell->n, clusters = (double)cell->clusters, share = cell->value;
    double simple = share * (1 - share) / (n - 1); /* what n independent samples would have */
    if (!(simple > 0) || isnan(variance) || !(variance > 0))
        return kish;
    double size = fmin(n, n * simple / variance);
    if (cell->clusters == cell->n)
        return size;
    double tail = 0.5 + confidence / 2;
    double ratio = normal_quantile(tail) / student_t_quantile(tail, clusters - 1);
    return size * ratio * ratio;
}

static void share_interval(
    struct audit_cell *cell, double kish, double variance, double confidence) {
    double size = effective_size(cell, kish, variance, confidence);
    bool tiny = cell->clusters < AUDIT_TINY;
    cell->method = tiny ? INTERVAL_EXACT : INTERVAL_WILSON;
    cell->interval = tiny ? interval_exact(cell->value, size, confidence)
                          : interval_wilson(cell->value, size, confidence);
}

/* A share of 0 or 1 shows no variance of its own; as a scale Agresti & Coull's stands in for it. */
static double share_error(double share, double size) {
    double shrunk = (share * size + 2) / (size + 4);
    return sqrt(shrunk * (1 - shrunk) / (size + 4));
}

void audit_cell_fill(struct audit_cell *cell, const struct audit_rows *a, size_t number,
    struct outcome_traits traits, const struct audit_options *options) {
    size_t groups = a->rows.groups, width = (size_t)a->rows.width;
    bool all = number == groups;
    struct range range = {a->first[all ? 0 : number], a->first[all ? groups : number + 1]};
    const double *sums = a->sums + number * width;
    *cell = (struct audit_cell){.samples = a->samples[number],
        .n = range.end - range.begin,
        .value = outcome_value(sums, a->runs, NULL),
        .error = NAN,
        .interval = {NAN, NAN},
        .p = NAN,
        .q = NAN};
    if (options->fairlearn && cell->n == 0 && cell->samples > 0)
        cell->value = 0;
    if (cell->n == 0)
        return;
    double kish, variance;
    cluster_sums(a, range, sums, &cell->clusters, &kish, &variance);
    variance += variance_of_runs(sums, a->runs);
    cell->error = sqrt(variance);
    if (traits.count) {
        share_interval(cell, kish, variance, options->confidence);
        if (!(cell->error > 0))
            cell->error = share_error(cell->value, kish);
    }
}
