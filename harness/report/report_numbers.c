/* The numbers of a report one after the other, and the two formats for programs. */
#include "report/report.h"

#include "analysis/metrics.h"
#include "core/escape.h"
#include "core/json.h"
#include "core/mem.h"

#include <math.h>

const char *report_metric(int i) {
    static const char *const scores[] = {"cs_lt_5", "cs_le_5"};
    if (i < METRIC_COUNT)
        return metric_rows[i].name;
    return i - METRIC_COUNT < (int)ARRAY_LEN(scores) ? scores[i - METRIC_COUNT] : NULL;
}

static void each_of_task(const struct results *r, const struct result_row *row, enum attribute task,
    report_number_fn *each, void *context) {
    enum readout of_record = results_readout(r, row, task);
    if (of_record == READOUT_COUNT)
        return;
    for (int i = 0; i < READOUT_COUNT; i++) { /* that of record first, the others behind it */
        enum readout readout = (enum readout)(i == 0                ? (int)of_record
                                              : i <= (int)of_record ? i - 1
                                                                    : i);
        for (size_t b = 0; b <= r->n_bins; b++)
            for (int m = 0; report_metric(m); m++) {
                const char *bins = b ? r->bins[b - 1] : "";
                struct result_number number;
                results_number(r, row, task, readout, bins, report_metric(m), &number);
                bool placeholder = i == 0 && b == 0 && m == METRIC_ACCURACY;
                if (number.n || placeholder)
                    each(context, r, row, task, readout, bins, report_metric(m), &number);
                result_number_free(&number);
            }
    }
}

void report_each_number(const struct results *r, report_number_fn *each, void *context) {
    for (size_t i = 0; i < r->n_rows && r->cells_done; i++)
        for (int t = 0; t < ATTR_COUNT; t++)
            each_of_task(r, &r->rows[i], (enum attribute)t, each, context);
}

typedef void published_fn(void *context, const struct results *r, const struct report_row *row,
    const struct report_column *column, double value);

/* The values of published rows, row by row; none before any cell is done. */
static void each_published(const struct results *r, published_fn *each, void *context) {
    for (int i = 0; i < r->grid.n_rows && r->cells_done; i++)
        for (int c = 0; c < r->grid.n_columns && r->grid.rows[i].published; c++)
            if (!isnan(r->grid.rows[i].values[c]))
                each(context, r, &r->grid.rows[i], &r->grid.columns[c], r->grid.rows[i].values[c]);
}

/* What both formats write with. */
struct with_tests {
    struct str *out;
    const struct row_tests *tests;
    size_t n; /* numbers written */
};

/* Tests are of the read-out of record. */
static bool test_of(const struct row_tests *tests, const struct results *r,
    const struct result_row *row, enum attribute task, enum readout readout, const char *bins,
    const char *metric, struct row_test *test) {
    return readout == results_readout(r, row, task) &&
           row_tests_find(tests, r, row, task, bins, metric, test);
}

/* ---- CSV ---- */

static void csv_text(struct str *out, const char *text) {
    escape_csv(out, text);
    str_addc(out, ',');
}

static void csv_number(struct str *out, double x) {
    if (isfinite(x))
        json_add_number(out, x);
    str_addc(out, ',');
}

static void csv_line(void *context, const struct results *r, const struct result_row *row,
    enum attribute task, enum readout readout, const char *bins, const char *metric,
    const struct result_number *number) {
    const struct with_tests *with = context;
    struct str *out = with->out, variants = {0};
    struct row_test test;
    csv_text(out, r->grid.name);
    csv_text(out, r->dataset);
    str_addf(out, "%d,%s,", r->drawn, part_name[r->part]);
    csv_text(out, row->title);
    csv_text(out, row->setting);
    str_addf(out, "%d,", row->baseline);
    for (int v = 0; v < row->source->n_variants; v++)
        str_addf(&variants, "%s%s", v ? ";" : "", row->source->variants[v]);
    csv_text(out, variants.text);
    str_addf(out, "%s,%s,%d,", attribute_name[task], readout_name[readout],
        readout == results_readout(r, row, task));
    csv_text(out, bins);
    csv_text(out, metric);
    csv_number(out, number->mean);
    csv_number(out, number->sd);
    str_addf(out, "%zu,%zu,%ld,%d,%d,", number->n, number->planned, number->samples,
        results_row_leaky(r, row), task == ATTR_AGE && results_row_age_groups(r, row));
    csv_number(out, number->interval.low);
    csv_number(out, number->interval.high);
    str_addf(out, "%s,", number->variance_of);
    if (test_of(with->tests, r, row, task, readout, bins, metric, &test)) {
        csv_number(out, test.p);
        csv_number(out, test.holm);
        str_addf(out, "%d,\r\n", test.significant);
    } else {
        str_add(out, ",,,\r\n");
    }
    str_free(&variants);
}

static void csv_published(void *context, const struct results *r, const struct report_row *row,
    const struct report_column *column, double value) {
    struct str *out = ((struct with_tests *)context)->out;
    csv_text(out, r->grid.name);
    csv_text(out, r->dataset);
    str_addf(out, "%d,%s,", r->drawn, part_name[r->part]);
    csv_text(out, row->title);
    str_addf(out, ",0,,%s,,1,%s,%s,", attribute_name[column->task], column->bins, column->metric);
    csv_number(out, value);
    str_add(out, ",0,0,0,0,0,,,,,,,");
    escape_csv(out, row->published);
    str_add(out, "\r\n");
}

void report_csv(struct str *out, const struct results *r, const struct row_tests *tests) {
    struct with_tests with = {.out = out, .tests = tests};
    str_add(out,
        "grid,dataset,drawn,part,row,setting,baseline,variants,task,readout,of_record,bins,"
        "metric,mean,sd,cells,planned,samples,leaky,age_groups,low,high,variance_of,p,holm,significant,published\r\n");
    report_each_number(r, csv_line, &with);
    each_published(r, csv_published, &with);
}

/* ---- JSON ---- */

static void member(struct str *out, const char *name, const char *text) {
    json_add_string(out, name);
    str_add(out, ": ");
    json_add_string(out, text);
    str_add(out, ", ");
}

static void json_cells(
    struct str *out, const struct results *r, const struct result_number *number) {
    for (size_t i = 0; i < number->n; i++) {
        const struct result_cell *c = &r->cells[number->cells[i]];
        str_addf(out, "%s{\"cell\": \"%s\", \"seed\": %lld, \"split_seed\": %lld, \"fold\": %d, ",
            i ? ", " : "", c->id, (long long)c->seed, (long long)c->split_seed, c->fold);
        str_add(out, "\"value\": ");
        json_add_number(out, number->values[i]);
        str_addc(out, '}');
    }
}

static void json_number(void *context, const struct results *r, const struct result_row *row,
    enum attribute task, enum readout readout, const char *bins, const char *metric,
    const struct result_number *number) {
    struct with_tests *with = context;
    struct str *out = with->out;
    struct row_test test = {NAN, NAN, false};
    str_add(out, with->n++ ? ",\n    {" : "\n    {");
    member(out, "row", row->title);
    member(out, "setting", row->setting);
    str_addf(out, "\"baseline\": %s, \"leaky\": %s, ", row->baseline ? "true" : "false",
        results_row_leaky(r, row) ? "true" : "false");
    member(out, "task", attribute_name[task]);
    member(out, "readout", readout_name[readout]);
    str_addf(
        out, "\"of_record\": %s, ", readout == results_readout(r, row, task) ? "true" : "false");
    member(out, "bins", bins);
    member(out, "metric", metric);
    if (task == ATTR_AGE)
        str_addf(out, "\"age_groups\": %s, ", results_row_age_groups(r, row) ? "true" : "false");
    str_add(out, "\"mean\": ");
    json_add_number(out, number->mean);
    str_add(out, ", \"sd\": ");
    json_add_number(out, number->sd);
    str_add(out, ", \"interval\": [");
    json_add_number(out, number->interval.low);
    str_add(out, ", ");
    json_add_number(out, number->interval.high);
    str_add(out, "], ");
    json_add_string(out, "variance_of");
    str_add(out, ": ");
    json_add_string(out, number->variance_of);
    bool tested = test_of(with->tests, r, row, task, readout, bins, metric, &test);
    str_add(out, ", \"p\": ");
    json_add_number(out, test.p);
    str_add(out, ", \"holm\": ");
    json_add_number(out, test.holm);
    str_addf(out, ", \"significant\": %s, \"planned\": %zu, \"samples\": %ld, \"cells\": [",
        !tested            ? "null"
        : test.significant ? "true"
                           : "false",
        number->planned, number->samples);
    json_cells(out, r, number);
    str_add(out, "]}");
}

static void json_published(void *context, const struct results *r, const struct report_row *row,
    const struct report_column *column, double value) {
    struct with_tests *with = context;
    (void)r;
    str_add(with->out, with->n++ ? ",\n    {" : "\n    {");
    member(with->out, "row", row->title);
    member(with->out, "source", row->published);
    member(with->out, "task", attribute_name[column->task]);
    member(with->out, "bins", column->bins);
    member(with->out, "metric", column->metric);
    str_add(with->out, "\"value\": ");
    json_add_number(with->out, value);
    str_addc(with->out, '}');
}

void report_json(struct str *out, const struct results *r, const struct row_tests *tests) {
    struct with_tests with = {.out = out, .tests = tests}, published = {.out = out};
    str_add(out, "{\n  ");
    member(out, "grid", r->grid.name);
    member(out, "title", r->grid.title ? r->grid.title : "");
    member(out, "dataset", r->dataset);
    member(out, "part", part_name[r->part]);
    member(out, "device", r->device);
    member(out, "libtorch", r->libtorch);
    member(out, "git_commit", r->commit);
    str_addf(out, "\"drawn\": %s, \"cells_done\": %zu, \"cells\": %zu, \"undecodable\": ",
        r->drawn ? "true" : "false", r->cells_done, r->n_cells);
    json_add_number(out, r->undecodable < 0 ? NAN : (double)r->undecodable);
    str_add(out, ",\n  \"choices\": ");
    choices_json(out, &r->choices);
    str_add(out, ",\n  \"warnings\": ");
    warnings_json(out, &r->warnings);
    str_addf(out, ",\n  \"gates_unknown\": %ld", r->warnings.unknown);
    str_add(out, ",\n  \"numbers\": [");
    report_each_number(r, json_number, &with);
    str_add(out, with.n ? "\n  ],\n  \"published\": [" : "],\n  \"published\": [");
    each_published(r, json_published, &published);
    str_add(out, published.n ? "\n  ]\n}\n" : "]\n}\n");
}
