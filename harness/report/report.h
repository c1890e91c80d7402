/* The report of a grid in its formats. Each appends the whole text. `tests`: what rows are marked by, NULL for none. */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "core/str.h"
#include "report/results.h"
#include "report/row_tests.h"

/* Markdown for people: what was run, the grid's ablation table, every metric by task, age-group accuracy
 * by bins. Shares are percent; mean ± sample standard deviation over the repetitions; what is bold or marked:
 * table.h. Before any cell is done it says so and what to type, without
 * tables; the formats for programs have no numbers then. */
void report_markdown(struct str *out, const struct results *r, const struct row_tests *tests);

/* LaTeX for a paper: the grid's table with its notes as a fragment for \input, in as many `table` environments as its
 * width and height need. Needs booktabs; letters that are no ASCII need the T1 encoding too. */
void report_latex(struct str *out, const struct results *r, const struct row_tests *tests);

/* RFC 4180, one line a number (row, task, readout, bins, metric), full precision, shares 0 to 1, lines
 * end in CR LF. Columns: grid, dataset, drawn, part, row, setting, baseline, variants, task, readout,
 * of_record, bins, metric, mean, sd, cells, planned, samples, leaky (grid/leaky.h), age_groups, low, high (the
 * mean's interval), variance_of (what it is over: results.h), p, holm, significant (row_tests.h; empty where there is
 * no test), published (the source; such a line has no cells); sd is empty for fewer than two cells. */
void report_csv(struct str *out, const struct results *r, const struct row_tests *tests);

/* The same numbers with the cells behind each: {"grid", ..., "choices": [...], "numbers": [{"row", ..., "leaky", "mean", "sd",
 * "p", "holm", "significant", "cells": [{"cell": id, "seed", "split_seed", "fold", "value"}]}], "published":
 * [{"row", "source", "task", "bins", "metric", "value"}]}. */
void report_json(struct str *out, const struct results *r, const struct row_tests *tests);

/* Calls `each` for every number there is, in the order of the formats: by row, task, read-out, bins,
 * metric. A number with no done cell comes once a row and task, for the read-out of record; none comes
 * before any cell is done. */
typedef void report_number_fn(void *context, const struct results *r, const struct result_row *row,
    enum attribute task, enum readout readout, const char *bins, const char *metric,
    const struct result_number *number);
void report_each_number(const struct results *r, report_number_fn *each, void *context);

/* The names in tables' order, the metrics' own and then the scores "cs_lt_5", "cs_le_5"; NULL ends. */
const char *report_metric(int i);

#endif
