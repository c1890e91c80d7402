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
    struct str *out = context, variants = {0};
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
    str_addf(out, "%s\r\n", number->variance_of);
    str_free(&variants);
}

void report_csv(struct str *out, const struct results *r) {
    str_add(out,
        "grid,dataset,drawn,part,row,setting,baseline,variants,task,readout,of_record,bins,"
        "metric,mean,sd,cells,planned,samples,leaky,age_groups,low,high,variance_of\r\n");
    report_each_number(r, csv_line, out);
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

struct json_list {
    struct str *out;
    size_t n;
};

static void json_number(void *context, const struct results *r, const struct result_row *row,
    enum attribute task, enum readout readout, const char *bins, const char *metric,
    const struct result_number *number) {
    struct json_list *list = context;
    struct str *out = list->out;
    str_add(out, list->n++ ? ",\n    {" : "\n    {");
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
    str_addf(out, ", \"planned\": %zu, \"samples\": %ld, \"cells\": [", number->planned,
        number->samples);
    json_cells(out, r, number);
    str_add(out, "]}");
}

void report_json(struct str *out, const struct results *r) {
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
    struct json_list list = {.out = out};
    report_each_number(r, json_number, &list);
    str_add(out, list.n ? "\n  ]\n}\n" : "]\n}\n");
}
