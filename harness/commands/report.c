/* dmtl report: a grid's tables from its results database. */
#include "commands/command.h"

#include "commands/stored_grid.h"
#include "core/cores.h"
#include "core/mem.h"
#include "report/output.h"
#include "report/report.h"
#include "report/report_html.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_FORMAT = 256, KEY_PART, KEY_NO_TESTS };

typedef void text_fn(struct str *out, const struct results *r, const struct row_tests *tests);
typedef bool page_fn(struct str *out, const struct results *r, struct systems *systems, bool tested,
    int threads, struct err *e);
static const struct {
    const char *name;
    text_fn *text; /* or */
    page_fn *page; /* which reads and tests more */
} formats[] = {
    {"md", report_markdown, NULL},
    {"html", NULL, report_html},
    {"summary", NULL, report_summary},
    {"tex", report_latex, NULL},
    {"csv", report_csv, NULL},
    {"json", report_json, NULL},
};

const struct command_words report_formats = {formats, ARRAY_LEN(formats), sizeof *formats};

static const struct argp_option options[] = {
    {"format", KEY_FORMAT, "FORMAT", 0, "md (the default), html, summary, tex, csv or json", 0},
    {"part", KEY_PART, "PART", 0,
        "test or validation (default: test, of GRID:select validation, which it was chosen on)", 0},
    {"no-tests", KEY_NO_TESTS, NULL, 0,
        "do not test rows against the baseline, which reads every prediction of the part", 0},
    {"output", 'o', "FILE", 0, "write there instead of to standard output", 0},
    {0},
};

struct report_options {
    struct grid_options grid;
    const char *output;
    int format;
    enum part part;
    bool no_tests;
    struct err *e;
};

static error_t parse(int key, char *value, struct argp_state *state) {
    struct report_options *o = state->input;
    int part;
    switch (key) {
    case KEY_FORMAT:
        return command_word("report", "--format", value, report_formats, &o->format, o->e) ? 0
                                                                                           : EINVAL;
    case KEY_PART:
        if (!command_word("report", "--part", value, command_parts, &part, o->e))
            return EINVAL;
        o->part = (enum part)(PART_VALIDATION + part);
        break;
    case KEY_NO_TESTS:
        o->no_tests = true;
        break;
    case 'o':
        o->output = value;
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {options, parse, "GRID",
    "Prints a grid's tables: the ablation, every metric by task, age groups by named bins.\v"
    "GRID is the grid's file or its name in the database. Title, rows and columns are those of the file "
    "as `dmtl run` last saw it. GRID:select is what was tried for its open keys. Numbers that are told apart from "
    "the baseline's are marked, by the tests of `dmtl compare GRID`. Formats: html is one page for a "
    "browser, summary findings in sentences, tex a LaTeX table for \\input that needs \\usepackage{booktabs}.",
    NULL, NULL, NULL};

static void print_text(struct str *text, const struct report_options *o, const struct results *r,
    const struct systems *systems) {
    struct row_tests tests = {0};
    if (!o->no_tests)
        row_tests_make(&tests, systems, r, cores_usable(), NULL, false);
    formats[o->format].text(text, r, o->no_tests ? NULL : &tests);
    row_tests_free(&tests);
}

bool command_report(int argc, char **argv, struct err *e) {
    struct report_options o = {.part = PART_COUNT, .e = e};
    bool done;
    if (!command_parse(&argp, argc, argv, &o, &o.grid, &done, e) || done)
        return e->kind == ERR_NONE;
    struct stored_grid grid = {0};
    struct results results = {0};
    struct systems systems = {0};
    struct str text = {0};
    bool ok = grid_options_stored(&o.grid, "report", e) && stored_grid_open(&grid, &o.grid, e) &&
              results_read(&results, grid.store, grid.name,
                  o.part == PART_COUNT ? stored_grid_part(&grid) : o.part, e) &&
              systems_read(&systems, grid.store, grid.name, e);
    if (ok) {
        if (formats[o.format].text)
            print_text(&text, &o, &results, &systems);
        else {
            systems_keep_predictions(&systems);
            ok = formats[o.format].page(&text, &results, &systems, !o.no_tests, cores_usable(), e);
        }
        ok = ok && output_write(o.output, text.text, text.len, e);
    }
    str_free(&text);
    systems_free(&systems);
    results_free(&results);
    stored_grid_close(&grid);
    return ok;
}
