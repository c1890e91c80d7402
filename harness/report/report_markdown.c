/* The report for people: the tables of the model (table.h) in Markdown. */
#include "report/report.h"

#include "core/escape.h"
#include "report/table.h"

#include <math.h>

/* What a table shows beside the numbers. */
struct look {
    bool readout, source, cells, intervals; /* intervals: in place of the numbers themselves */
    bool bins_alone;                        /* columns are called by their bins */
};

/* "64.74 ± 0.31", with a dagger where it is told apart from the baseline's and "(2 of 3 cells)" where some are
 * missing; "0 of 3 cells" where all are. */
static void number_cell(struct str *out, const struct table_column *column,
    const struct table_row *row, const struct table_cell *cell) {
    const struct result_number *n = &cell->number;
    if (row->run && n->n == 0) {
        str_addf(out, "0 of %zu cells", n->planned);
        return;
    }
    if (!row->run) {
        table_published(out, column, n->mean);
        return;
    }
    str_add(out, cell->best ? "**" : "");
    table_value(out, column, n->mean);
    if (isfinite(n->sd)) {
        str_add(out, " ± ");
        table_value(out, column, n->sd);
    }
    str_add(out, cell->best ? "**" : "");
    str_add(out, cell->test.significant ? " †" : "");
    if (n->n < n->planned)
        str_addf(out, " (%zu of %zu cells)", n->n, n->planned);
}

/* "5.11 to 5.32, folds" */
static void interval_cell(
    struct str *out, const struct table_column *column, const struct table_cell *cell) {
    const struct result_number *n = &cell->number;
    if (n->n < n->planned)
        str_addf(out, "– (%zu of %zu cells)", n->n, n->planned);
    else if (!isfinite(n->interval.low))
        str_add(out, n->n == 1 ? "one cell" : "not known");
    else {
        table_value(out, column, n->interval.low);
        str_add(out, " to ");
        table_value(out, column, n->interval.high);
        str_addf(out, ", %s", n->variance_of);
    }
}

static void heading(struct str *out, const struct table_column *c, struct look look) {
    str_addc(out, ' ');
    if (!look.bins_alone) {
        str_addf(out, "%s%s", look.readout ? "" : table_task(c->task), look.readout ? "" : ": ");
        escape_markdown(out, c->title);
        str_add(out, c->share || *c->bins ? " (" : "");
    }
    escape_markdown(out, c->bins);
    if (!look.bins_alone)
        str_addf(out, "%s%s%s", c->share && *c->bins ? ", " : "", c->share ? "%" : "",
            c->share || *c->bins ? ")" : "");
    str_add(out, " |");
}

static void head(struct str *out, const struct table *t, struct look look) {
    str_addf(
        out, "| Approach |%s%s", look.source ? " Source |" : "", look.readout ? " Read-out |" : "");
    for (size_t c = 0; c < t->n_columns; c++)
        heading(out, &t->columns[c], look);
    str_addf(out, "%s\n|---|%s", look.cells ? " Cells |" : "",
        look.source || look.readout ? "---|" : "");
    for (size_t c = 0; c < t->n_columns + look.cells; c++)
        str_add(out, "---:|");
    str_addc(out, '\n');
}

static void table(struct str *out, const struct table *t, struct look look) {
    head(out, t, look);
    for (size_t i = 0; i < t->n_rows; i++) {
        const struct table_row *row = &t->rows[i];
        if (look.intervals && !row->run)
            continue;
        str_add(out, "| ");
        table_row_name(out, row, escape_markdown);
        str_add(out, " |");
        if (look.source && row->run)
            str_add(out, " run here |");
        else if (look.source)
            str_addf(out, " published (%d) |", row->source);
        if (look.readout)
            str_addf(out, " %s |", readout_name[row->readout]);
        for (size_t c = 0; c < t->n_columns; c++) {
            str_addc(out, ' ');
            if (!row->cells[c].has)
                str_add(out, "–");
            else if (look.intervals)
                interval_cell(out, &t->columns[c], &row->cells[c]);
            else
                number_cell(out, &t->columns[c], row, &row->cells[c]);
            str_add(out, " |");
        }
        if (look.cells && row->run)
            str_addf(out, row->done == row->planned ? " %zu |" : " %zu of %zu |", row->done,
                row->planned);
        else if (look.cells)
            str_add(out, " – |");
        str_addc(out, '\n');
    }
}

static void what_was_run(struct str *out, const struct results *r) {
    struct str text = {0};
    table_data_text(&text, r);
    str_add(&text, "; ");
    table_machine_text(&text, r);
    escape_markdown(out, text.text);
    str_add(out, ".\n\n");
    str_free(&text);
}

static void notes(struct str *out, const struct table *t) {
    for (size_t i = 0; i < t->n_notes; i++) {
        if (*t->notes[i].lead)
            str_addf(out, "**%s** ", t->notes[i].lead);
        escape_markdown(out, t->notes[i].text);
        str_add(out, "\n\n");
    }
}

static void sources(struct str *out, const struct table *t) {
    for (size_t s = 0; s < t->n_sources; s++) {
        str_addf(out, "%s(%zu) ", s ? "; " : "\nPublished: ", s + 1);
        escape_markdown(out, t->sources[s]);
    }
    str_add(out, t->n_sources ? "\n" : "");
}

static void left_out(struct str *out, const struct results *r) {
    if (r->undecodable > 0)
        str_addf(out, "\n%ld of %ld images did not decode and %s left out of every part.\n",
            r->undecodable, r->images, r->undecodable == 1 ? "was" : "were");
}

static void interval_table(struct str *out, const struct table *t) {
    if (!t->intervals)
        return;
    str_addf(out,
        "\n## Intervals of the means (%g %%)\n\nEach names what it is over; the variance of the test "
        "samples is not in it (`dmtl audit`, `dmtl compare`). Over folds and splits it is the "
        "corrected resampled t.\n\n",
        100 * RESULT_CONFIDENCE);
    table(out, t, (struct look){.intervals = true});
}

static void task_table(
    struct str *out, const struct results *r, enum attribute task, const struct row_tests *tests) {
    struct table t;
    table_of_task(&t, r, task, tests);
    if (t.n_columns) {
        str_addf(out, "\n### %s\n\n", table_task(task));
        table(out, &t, (struct look){.readout = true});
    }
    table_free(&t);
}

static void bins_table(struct str *out, const struct results *r, const struct row_tests *tests) {
    struct table t;
    table_of_bins(&t, r, tests);
    if (t.n_columns) {
        str_add(out, "\n## Age-group accuracy by named bins (%)\n\n");
        table(out, &t, (struct look){.bins_alone = true});
    }
    table_free(&t);
}

/* Whether there is nothing to show yet, having said why. */
static bool nothing_done(struct str *out, const struct results *r) {
    if (!r->n_cells)
        str_add(out,
            "The grid's file leaves no key open any more (/select/keys), so that nothing is tried on "
            "the validation part.\n");
    else if (!r->cells_done)
        str_addf(out,
            "No cell is done yet (0 of %zu), so there is no number to show: `dmtl run` with the grid's "
            "file runs them, `dmtl status` says how far they are.\n",
            r->n_cells);
    return !r->cells_done;
}

static void tables(struct str *out, const struct table *t, const struct row_tests *tests) {
    const struct results *r = t->results;
    what_was_run(out, r);
    notes(out, t);
    table(out, t, (struct look){.cells = true, .source = t->n_sources > 0});
    sources(out, t);
    left_out(out, r);
    interval_table(out, t);
    warnings_markdown(out, &r->warnings);
    choices_markdown(out, &r->choices);
    str_add(out, "\n## Every metric by task\n");
    for (int task = 0; task < ATTR_COUNT; task++)
        task_table(out, r, (enum attribute)task, tests);
    bins_table(out, r, tests);
}

void report_markdown(struct str *out, const struct results *r, const struct row_tests *tests) {
    struct table t;
    str_add(out, "# ");
    table_of_grid(&t, r, tests);
    escape_markdown(out, t.title);
    str_add(out, "\n\n");
    if (!nothing_done(out, r))
        tables(out, &t, tests);
    table_free(&t);
}
