/* The report for people. */
#include "report/report.h"

#include "analysis/metrics.h"
#include "core/escape.h"
#include "report/duration.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const task_title[ATTR_COUNT] = {
    [ATTR_AGE] = "Age", [ATTR_GENDER] = "Gender", [ATTR_RACE] = "Race"};

static const struct metric_row *metric_find(const char *name) {
    for (int m = 0; m < METRIC_COUNT; m++)
        if (strcmp(metric_rows[m].name, name) == 0)
            return &metric_rows[m];
    return NULL;
}

/* Cumulative scores have no row among the metrics: they are shares, and higher is better. */
static bool is_share(const char *metric) {
    const struct metric_row *row = metric_find(metric);
    return !row || row->share;
}

static int better(const char *metric) {
    const struct metric_row *row = metric_find(metric);
    return row ? row->better : 1;
}

static const char *title_of(const char *metric) {
    if (strcmp(metric, "cs_lt_5") == 0)
        return "CS, error &lt; 5";
    if (strcmp(metric, "cs_le_5") == 0)
        return "CS, error ≤ 5";
    const struct metric_row *row = metric_find(metric);
    return row ? row->title : metric;
}

static void value(struct str *out, const char *metric, double x) {
    if (is_share(metric))
        str_addf(out, "%.2f", 100 * x);
    else
        str_addf(out, strcmp(metric, "mse") == 0 ? "%.2f" : "%.3f", x);
}

/* "64.74 ± 0.31", with "(2 of 3 cells)" where some are missing; "0 of 3 cells" where all are. */
static void number_cell(
    struct str *out, const char *metric, const struct result_number *n, bool best) {
    if (n->n == 0) {
        str_addf(out, "0 of %zu cells", n->planned);
        return;
    }
    str_add(out, best ? "**" : "");
    value(out, metric, n->mean);
    if (isfinite(n->sd)) {
        str_add(out, " ± ");
        value(out, metric, n->sd);
    }
    str_add(out, best ? "**" : "");
    if (n->n < n->planned)
        str_addf(out, " (%zu of %zu cells)", n->n, n->planned);
}

/* How far a mean is from ideal: smaller is better. */
static double badness(const char *metric, double mean) {
    int b = better(metric);
    return b > 0 ? -mean : b < 0 ? mean : fabs(mean);
}

/* Whether a row's number may be the best of its column: complete, and not of a leaky split, which is no
 * result to be beaten by. */
static bool competes(
    const struct results *r, const struct result_row *row, const struct result_number *n) {
    return n->n > 0 && n->n == n->planned && !results_row_leaky(r, row);
}

/* The best mean of a column among those that compete with `of`: an error of a group is none of a year. Infinite
 * where fewer than two do. */
static double best_of(const struct results *r, const struct result_row *of, enum attribute task,
    const char *bins, const char *metric) {
    bool groups = results_row_age_groups(r, of);
    double best = INFINITY;
    size_t complete = 0;
    for (size_t i = 0; i < r->n_rows; i++) {
        struct result_number n;
        if (results_number(r, &r->rows[i], task, READOUT_COUNT, bins, metric, &n) &&
            (task != ATTR_AGE || results_row_age_groups(r, &r->rows[i]) == groups) &&
            competes(r, &r->rows[i], &n)) {
            complete++;
            best = fmin(best, badness(metric, n.mean));
        }
        result_number_free(&n);
    }
    return complete > 1 ? best : INFINITY;
}

static void table_cell(struct str *out, const struct results *r, const struct result_row *row,
    enum attribute task, const char *bins, const char *metric) {
    struct result_number n;
    str_addc(out, ' ');
    if (results_number(r, row, task, READOUT_COUNT, bins, metric, &n)) {
        double best = best_of(r, row, task, bins, metric);
        number_cell(out, metric, &n,
            isfinite(best) && competes(r, row, &n) && badness(metric, n.mean) <= best);
    } else {
        str_add(out, "–");
    }
    str_add(out, " |");
    result_number_free(&n);
}

static void row_title(struct str *out, const struct results *r, const struct result_row *row) {
    str_add(out, "| ");
    escape_markdown(out, row->title);
    if (*row->setting) {
        str_add(out, ", ");
        escape_markdown(out, row->setting);
    }
    str_add(out, results_row_mark(r, row));
    str_add(out, results_row_leaky(r, row) ? " (leaky split)" : "");
    str_add(out, row->baseline ? " (baseline) |" : " |");
}

static void heading(struct str *out, const char *task, const char *metric, const char *bins) {
    bool percent = is_share(metric), binned = *bins;
    str_addf(
        out, " %s%s%s%s", task, *task ? ": " : "", title_of(metric), percent || binned ? " (" : "");
    escape_markdown(out, bins);
    str_addf(out, "%s%s%s |", percent && binned ? ", " : "", percent ? "%" : "",
        percent || binned ? ")" : "");
}

static void rule(struct str *out, int text, int numbers) {
    str_add(out, "\n|");
    for (int i = 0; i < text + numbers; i++)
        str_add(out, i < text ? "---|" : "---:|");
    str_addc(out, '\n');
}

static void ablation_table(struct str *out, const struct results *r) {
    str_add(out, "| Approach |");
    for (int c = 0; c < r->grid.n_columns; c++) {
        const struct report_column *column = &r->grid.columns[c];
        heading(out, task_title[column->task], column->metric, column->bins);
    }
    str_add(out, " Cells |");
    rule(out, 1, r->grid.n_columns + 1);
    for (size_t i = 0; i < r->n_rows; i++) {
        row_title(out, r, &r->rows[i]);
        for (int c = 0; c < r->grid.n_columns; c++) {
            const struct report_column *column = &r->grid.columns[c];
            table_cell(out, r, &r->rows[i], column->task, column->bins, column->metric);
        }
        size_t done, planned;
        results_row_cells(r, &r->rows[i], &done, &planned);
        str_addf(out, done == planned ? " %zu |\n" : " %zu of %zu |\n", done, planned);
    }
}

/* "[5.11, 5.32] folds" */
static void interval_cell(struct str *out, const struct results *r, const struct result_row *row,
    const struct report_column *column) {
    struct result_number n;
    bool has =
        results_number(r, row, column->task, READOUT_COUNT, column->bins, column->metric, &n);
    if (!has)
        str_add(out, " – |");
    else if (n.n < n.planned)
        str_addf(out, " – (%zu of %zu cells) |", n.n, n.planned);
    else if (!isfinite(n.interval.low))
        str_addf(out, n.n == 1 ? " one cell |" : " not known |");
    else {
        str_add(out, " ");
        value(out, column->metric, n.interval.low);
        str_add(out, " to ");
        value(out, column->metric, n.interval.high);
        str_addf(out, ", %s |", n.variance_of);
    }
    result_number_free(&n);
}

static bool has_repetitions(const struct results *r) {
    bool found = false;
    for (size_t i = 0; i < r->n_rows && !found; i++)
        for (int c = 0; c < r->grid.n_columns && !found; c++) {
            const struct report_column *column = &r->grid.columns[c];
            struct result_number n;
            results_number(
                r, &r->rows[i], column->task, READOUT_COUNT, column->bins, column->metric, &n);
            found = isfinite(n.interval.low);
            result_number_free(&n);
        }
    return found;
}

static void interval_table(struct str *out, const struct results *r) {
    if (!has_repetitions(r))
        return;
    str_addf(out,
        "\n## Intervals of the means (%g %%)\n\nEach names what it is over; the variance of the test "
        "samples is not in it (`dmtl audit`, `dmtl compare`). Over folds and splits it is the "
        "corrected resampled t.\n\n| Approach |",
        100 * RESULT_CONFIDENCE);
    for (int c = 0; c < r->grid.n_columns; c++) {
        const struct report_column *column = &r->grid.columns[c];
        heading(out, task_title[column->task], column->metric, column->bins);
    }
    rule(out, 1, r->grid.n_columns);
    for (size_t i = 0; i < r->n_rows; i++) {
        row_title(out, r, &r->rows[i]);
        for (int c = 0; c < r->grid.n_columns; c++)
            interval_cell(out, r, &r->rows[i], &r->grid.columns[c]);
        str_addc(out, '\n');
    }
}

static void left_out(struct str *out, const struct results *r) {
    if (r->undecodable > 0)
        str_addf(out, "\n%ld of %ld images did not decode and %s left out of every part.\n",
            r->undecodable, r->images, r->undecodable == 1 ? "was" : "were");
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

static void task_table(struct str *out, const struct results *r, enum attribute task) {
    int columns = 0;
    for (int m = 0; report_metric(m); m++)
        columns += occurs(r, task, "", report_metric(m));
    if (!columns)
        return;
    str_addf(out, "\n### %s\n\n| Approach | Read-out |", task_title[task]);
    for (int m = 0; report_metric(m); m++)
        if (occurs(r, task, "", report_metric(m)))
            heading(out, "", report_metric(m), "");
    rule(out, 2, columns);
    for (size_t i = 0; i < r->n_rows; i++) {
        enum readout readout = results_readout(r, &r->rows[i], task);
        if (readout == READOUT_COUNT)
            continue;
        row_title(out, r, &r->rows[i]);
        str_addf(out, " %s |", readout_name[readout]);
        for (int m = 0; report_metric(m); m++)
            if (occurs(r, task, "", report_metric(m)))
                table_cell(out, r, &r->rows[i], task, "", report_metric(m));
        str_addc(out, '\n');
    }
}

static void bins_table(struct str *out, const struct results *r) {
    if (!r->n_bins)
        return;
    str_add(out, "\n## Age-group accuracy by named bins (%)\n\n| Approach |");
    for (size_t b = 0; b < r->n_bins; b++) {
        str_addc(out, ' ');
        escape_markdown(out, r->bins[b]);
        str_add(out, " |");
    }
    rule(out, 1, (int)r->n_bins);
    for (size_t i = 0; i < r->n_rows; i++) {
        if (results_readout(r, &r->rows[i], ATTR_AGE) == READOUT_COUNT ||
            results_row_age_groups(r, &r->rows[i]))
            continue;
        row_title(out, r, &r->rows[i]);
        for (size_t b = 0; b < r->n_bins; b++)
            table_cell(out, r, &r->rows[i], ATTR_AGE, r->bins[b], "accuracy");
        str_addc(out, '\n');
    }
}

static void fact(struct str *out, const char *name, const char *text) {
    if (!*text)
        return;
    str_addf(out, "; %s ", name);
    escape_markdown(out, text);
}

static void what_was_run(struct str *out, const struct results *r) {
    str_add(out, "Set ");
    escape_markdown(out, r->dataset);
    str_add(out, r->drawn ? " (drawn images, no photographs)" : "");
    str_add(out, !r->age_groups ? ""
                 : r->age_years ? "; errors of age count groups in rows with this mark, else years"
                                : "; errors of age count groups");
    for (int p = 0; p < PART_COUNT; p++)
        if (r->samples[p])
            str_addf(out, "; %s %ld", part_name[p], r->samples[p]);
    str_addf(out, "; %zu of %zu cells done", r->cells_done, r->n_cells);
    fact(out, "device", r->device);
    fact(out, "threads", r->threads);
    fact(out, "libtorch", r->libtorch);
    fact(out, "commit", r->commit);
    str_add(out, "; work of all cells ");
    duration_add(out, r->wall_s);
    str_add(out, ".\n\n");
}

#define LEAKY_TEXT                                                                                             \
    "**Leaky split:** rows with this mark were trained on images that are nearly the same as tested ones, or " \
    "show the same persons, so that their numbers are too good.\n\n"

void report_markdown(struct str *out, const struct results *r) {
    str_add(out, "# ");
    escape_markdown(out, r->grid.title && *r->grid.title ? r->grid.title : r->grid.name);
    str_add(out, "\n\n");
    if (!r->n_cells) {
        str_add(out,
            "The grid's file leaves no key open any more (/select/keys), so that nothing is tried on "
            "the validation part.\n");
        return;
    }
    if (!r->cells_done) {
        str_addf(out,
            "No cell is done yet (0 of %zu), so there is no number to show: `dmtl run` with the grid's "
            "file runs them, `dmtl status` says how far they are.\n",
            r->n_cells);
        return;
    }
    what_was_run(out, r);
    if (r->drawn)
        str_add(out, "**Drawn images:** these numbers say that the program works, nothing about "
                     "faces.\n\n");
    for (size_t i = 0; i < r->n_rows; i++)
        if (results_row_leaky(r, &r->rows[i])) {
            str_add(out, LEAKY_TEXT);
            break;
        }
    str_addf(out,
        "Values on the %s part: mean ± sample standard deviation over seeds, split seeds and folds; "
        "bold: the best mean among complete rows.\n\n",
        part_name[r->part]);
    ablation_table(out, r);
    left_out(out, r);
    interval_table(out, r);
    warnings_markdown(out, &r->warnings);
    choices_markdown(out, &r->choices);
    str_add(out, "\n## Every metric by task\n");
    for (int t = 0; t < ATTR_COUNT; t++)
        task_table(out, r, (enum attribute)t);
    bins_table(out, r);
}
