#include "report/table.h"

#include "analysis/metrics.h"
#include "core/mem.h"
#include "report/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *table_task(enum attribute task) {
    static const char *const titles[ATTR_COUNT] = {
        [ATTR_AGE] = "Age", [ATTR_GENDER] = "Gender", [ATTR_RACE] = "Race"};
    return titles[task];
}

/* ---- columns ---- */

static const char *unit_of_age(const struct results *r, bool squared) {
    static const char *const units[][2] = {
        {"years", "years²"}, {"groups", "groups²"}, {"years or groups", "years² or groups²"}};
    return units[!r->age_groups ? 0 : !r->age_years ? 1 : 2][squared];
}

static void add_column(struct table *t, enum attribute task, const char *metric, const char *bins) {
    struct table_column *c = &t->columns[t->n_columns++];
    /* Cumulative scores have no row among the metrics: they are shares, and higher is better. */
    *c = (struct table_column){.task = task,
        .metric = metric,
        .bins = bins,
        .title = strcmp(metric, "cs_lt_5") == 0 ? "CS, error < 5" : "CS, error ≤ 5",
        .share = true,
        .unit = "%",
        .better = 1};
    for (int m = 0; m < METRIC_COUNT; m++)
        if (strcmp(metric_rows[m].name, metric) == 0) {
            c->title = metric_rows[m].title;
            c->share = metric_rows[m].share;
            c->better = metric_rows[m].better;
            c->unit = c->share ? "%" : unit_of_age(t->results, m == METRIC_MSE);
        }
}

static double shown(const struct table_column *c, double x) {
    return c->share ? 100 * x : x;
}

/* Decimals that show two significant digits of `half`; the exponent is that of the rounded number. */
static int decimals_of(double half) {
    char text[32];
    snprintf(text, sizeof text, "%.1e", half);
    int decimals = 1 - atoi(strchr(text, 'e') + 1);
    return decimals < 0 ? 0 : decimals > 4 ? 4 : decimals;
}

/* The side that the bounds of a share did not cut off. */
static double half_width(const struct result_number *n) {
    return fmax(n->interval.high - n->mean, n->mean - n->interval.low);
}

static void choose_decimals(struct table *t) {
    for (size_t c = 0; c < t->n_columns; c++) {
        struct table_column *column = &t->columns[c];
        double least = INFINITY;
        for (size_t i = 0; i < t->n_rows; i++) {
            const struct result_number *n = &t->rows[i].cells[c].number;
            if (isfinite(n->interval.low) && half_width(n) > 0)
                least = fmin(least, half_width(n));
        }
        column->decimals = isfinite(least) ? decimals_of(shown(column, least))
                           : column->share || strcmp(column->metric, "mse") == 0 ? 2
                                                                                 : 3;
        t->intervals = t->intervals || isfinite(least);
    }
}

static void add_rounded(struct str *out, double x, int decimals) {
    char text[64];
    snprintf(text, sizeof text, "%.*f", decimals, x);
    bool zero = strspn(text, "-0.") == strlen(text);
    str_add(out, zero && *text == '-' ? text + 1 : text);
}

void table_value(struct str *out, const struct table_column *c, double x) {
    add_rounded(out, shown(c, x), c->decimals);
}

void table_published(struct str *out, const struct table_column *c, double x) {
    int decimals = 0;
    double scaled = fabs(shown(c, x)), scale = 1;
    while (decimals < 4 &&
           fabs(scaled * scale - round(scaled * scale)) > 1e-9 * fmax(1, scaled * scale)) {
        scale *= 10;
        decimals++;
    }
    add_rounded(out, shown(c, x), decimals);
}

/* ---- rows and cells ---- */

void table_row_name(
    struct str *out, const struct table_row *row, void (*text)(struct str *out, const char *text)) {
    text(out, row->title);
    if (*row->setting) {
        str_add(out, ", ");
        text(out, row->setting);
    }
    str_addf(out, "%s%s%s", row->mark, row->leaky ? " (leaky split)" : "",
        row->baseline ? " (baseline)" : "");
}

static struct table_row *add_row(struct table *t, const struct report_row *of) {
    struct table_row *row = &t->rows[t->n_rows++];
    *row = (struct table_row){.of = of,
        .title = of->title,
        .setting = "",
        .mark = "",
        .readout = READOUT_COUNT,
        .cells = xcalloc(t->n_columns, sizeof *row->cells)};
    return row;
}

static void add_run(struct table *t, const struct result_row *run, const struct row_tests *tests) {
    const struct results *r = t->results;
    struct table_row *row = add_row(t, run->source);
    row->run = run;
    row->setting = run->setting;
    row->mark = results_row_mark(r, run);
    row->baseline = run->baseline;
    row->leaky = results_row_leaky(r, run);
    results_row_cells(r, run, &row->done, &row->planned);
    for (size_t c = 0; c < t->n_columns; c++) {
        const struct table_column *column = &t->columns[c];
        struct table_cell *cell = &row->cells[c];
        cell->has = results_number(
            r, run, column->task, READOUT_COUNT, column->bins, column->metric, &cell->number);
        cell->tested = cell->has && row_tests_find(tests, r, run, column->task, column->bins,
                                        column->metric, &cell->test);
    }
}

static void add_published(struct table *t, const struct report_row *of) {
    struct table_row *row = add_row(t, of);
    size_t s = 0;
    while (s < t->n_sources && strcmp(t->sources[s], of->published) != 0)
        s++;
    if (s == t->n_sources)
        t->sources[t->n_sources++] = of->published;
    row->source = (int)s + 1;
    for (size_t c = 0; c < t->n_columns; c++) {
        row->cells[c].has = !isnan(of->values[c]);
        row->cells[c].number = (struct result_number){
            .mean = of->values[c], .sd = NAN, .interval = {NAN, NAN}, .variance_of = ""};
    }
}

/* How far a mean is from ideal: smaller is better. */
static double badness(const struct table_column *c, double mean) {
    return c->better > 0 ? -mean : c->better < 0 ? mean : fabs(mean);
}

/* Whether a number may be the best of its column: complete, run here, and not of a leaky split, which is no result
 * to be beaten by. */
static bool competes(const struct table_row *row, const struct table_cell *cell) {
    return row->run && cell->has && cell->number.n > 0 && cell->number.n == cell->number.planned &&
           !row->leaky;
}

/* Marks the best of a column among rows whose ages are alike: an error of a group is none of a year. */
static void mark_best(struct table *t, size_t c, bool groups) {
    const struct table_column *column = &t->columns[c];
    double best = INFINITY;
    size_t n = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < t->n_rows; i++) {
            struct table_row *row = &t->rows[i];
            struct table_cell *cell = &row->cells[c];
            if (!competes(row, cell) || (column->task == ATTR_AGE &&
                                            results_row_age_groups(t->results, row->run) != groups))
                continue;
            if (pass)
                cell->best = n > 1 && badness(column, cell->number.mean) <= best;
            else
                best = fmin(best, badness(column, cell->number.mean));
            n += !pass;
        }
}

static void finish(struct table *t) {
    choose_decimals(t);
    for (size_t c = 0; c < t->n_columns; c++) {
        mark_best(t, c, false);
        if (t->columns[c].task == ATTR_AGE)
            mark_best(t, c, true);
    }
}

static void start(struct table *t, const struct results *r, size_t columns) {
    *t = (struct table){
        .results = r, .title = r->grid.title && *r->grid.title ? r->grid.title : r->grid.name};
    t->columns = xcalloc(columns, sizeof *t->columns);
    t->rows = xcalloc(r->n_rows + (size_t)r->grid.n_rows, sizeof *t->rows);
    t->sources = xcalloc((size_t)r->grid.n_rows, sizeof *t->sources);
}

/* ---- the tables ---- */

void table_of_grid(struct table *t, const struct results *r, const struct row_tests *tests) {
    start(t, r, (size_t)r->grid.n_columns);
    for (int c = 0; c < r->grid.n_columns; c++)
        add_column(t, r->grid.columns[c].task, r->grid.columns[c].metric, r->grid.columns[c].bins);
    for (int g = 0; g < r->grid.n_rows; g++) {
        if (r->grid.rows[g].published)
            add_published(t, &r->grid.rows[g]);
        for (size_t i = 0; i < r->n_rows; i++)
            if (r->rows[i].source == &r->grid.rows[g])
                add_run(t, &r->rows[i], tests);
    }
    finish(t);
    table_notes(t, tests);
}

/* Whether any row has a value, so that a table keeps no empty column. */
static bool occurs(
    const struct results *r, enum attribute task, const char *bins, const char *metric) {
    bool found = false;
    for (size_t i = 0; i < r->n_rows && !found; i++) {
        struct result_number n;
        found = results_number(r, &r->rows[i], task, READOUT_COUNT, bins, metric, &n) && n.n > 0;
        result_number_free(&n);
    }
    return found;
}

void table_of_task(
    struct table *t, const struct results *r, enum attribute task, const struct row_tests *tests) {
    size_t most = 0;
    while (report_metric((int)most))
        most++;
    start(t, r, most);
    for (int m = 0; report_metric(m); m++)
        if (occurs(r, task, "", report_metric(m)))
            add_column(t, task, report_metric(m), "");
    for (size_t i = 0; i < r->n_rows; i++)
        if (results_readout(r, &r->rows[i], task) != READOUT_COUNT) {
            add_run(t, &r->rows[i], tests);
            t->rows[t->n_rows - 1].readout = results_readout(r, &r->rows[i], task);
        }
    finish(t);
}

void table_of_bins(struct table *t, const struct results *r, const struct row_tests *tests) {
    start(t, r, r->n_bins);
    for (size_t b = 0; b < r->n_bins; b++)
        add_column(t, ATTR_AGE, metric_rows[METRIC_ACCURACY].name, r->bins[b]);
    for (size_t i = 0; i < r->n_rows; i++)
        if (results_readout(r, &r->rows[i], ATTR_AGE) != READOUT_COUNT &&
            !results_row_age_groups(r, &r->rows[i]))
            add_run(t, &r->rows[i], tests);
    finish(t);
}

void table_free(struct table *t) {
    for (size_t i = 0; i < t->n_rows; i++) {
        for (size_t c = 0; c < t->n_columns; c++)
            result_number_free(&t->rows[i].cells[c].number);
        free(t->rows[i].cells);
    }
    for (size_t i = 0; i < t->n_notes; i++)
        free(t->notes[i].text);
    free(t->notes);
    free(t->columns);
    free(t->rows);
    free(t->sources);
    *t = (struct table){0};
}
