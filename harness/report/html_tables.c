#include "report/html_tables.h"

#include "core/escape.h"
#include "core/json.h"
#include "report/html.h"
#include "report/table.h"

#include <math.h>
#include <stdio.h>

/* What a table shows beside the numbers. */
struct look {
    bool source, readout, cells;
    bool bins_alone; /* columns are called by their bins */
};

static void heading(struct str *out, const struct table_column *c, struct look look) {
    str_add(out, "<th scope=\"col\" class=\"number\">");
    if (!look.bins_alone) {
        if (!look.readout)
            str_addf(out, "%s: ", table_task(c->task));
        escape_html(out, c->title);
        str_add(out, " ");
        str_add(out, *c->bins || c->share ? "(" : "");
    }
    escape_html(out, c->bins);
    if (!look.bins_alone && (*c->bins || c->share))
        str_addf(out, "%s%s)", *c->bins && c->share ? ", " : "", c->share ? "%" : "");
    str_add(out, "</th>");
}

/* The mean's interval, as a hint on the number. */
static void interval_title(
    struct str *out, const struct table_column *column, const struct result_number *n) {
    if (!isfinite(n->interval.low))
        return;
    str_addf(out, " title=\"%g %% interval of the mean over %s: ", 100 * RESULT_CONFIDENCE,
        n->variance_of);
    table_value(out, column, n->interval.low);
    str_add(out, " to ");
    table_value(out, column, n->interval.high);
    str_addc(out, '"');
}

static void cells_behind(struct str *out, const struct result_number *n) {
    str_add(out, n->n ? " data-cells=\"" : "");
    for (size_t i = 0; i < n->n; i++)
        str_addf(out, "%s%zu", i ? " " : "", n->cells[i]);
    str_add(out, n->n ? "\"" : "");
}

static void number_cell(struct str *out, const struct table_column *column,
    const struct table_row *row, const struct table_cell *cell) {
    const struct result_number *n = &cell->number;
    str_add(out, "<td class=\"number\" data-value=\"");
    if (cell->has && isfinite(n->mean))
        json_add_number(out, n->mean);
    str_addc(out, '"');
    if (cell->has && row->run) {
        cells_behind(out, n);
        interval_title(out, column, n);
    }
    str_addc(out, '>');
    if (!cell->has)
        str_add(out, "–");
    else if (row->run && n->n == 0)
        str_addf(out, "0 of %zu cells", n->planned);
    else {
        str_add(out, cell->best ? "<strong>" : "");
        table_value(out, column, n->mean);
        if (isfinite(n->sd)) {
            str_add(out, " ± ");
            table_value(out, column, n->sd);
        }
        str_add(out, cell->best ? "</strong>" : "");
        str_add(out, cell->test.significant ? " †" : "");
        if (n->n < n->planned)
            str_addf(out, " (%zu of %zu cells)", n->n, n->planned);
    }
    str_add(out, "</td>");
}

static void line(
    struct str *out, const struct table *t, const struct table_row *row, struct look look) {
    char count[64];
    str_add(out, "<tr><td>");
    table_row_name(out, row, html_name);
    str_add(out, "</td>");
    if (look.source && row->run)
        str_add(out, "<td>run here</td>");
    else if (look.source)
        str_addf(out, "<td>published (%d)</td>", row->source);
    if (look.readout)
        str_addf(out, "<td>%s</td>", readout_name[row->readout]);
    for (size_t c = 0; c < t->n_columns; c++)
        number_cell(out, &t->columns[c], row, &row->cells[c]);
    if (look.cells) {
        snprintf(count, sizeof count, row->done == row->planned ? "%zu" : "%zu of %zu", row->done,
            row->planned);
        html_number_cell(out, row->run ? count : "–", row->run ? (double)row->done : (double)NAN);
    }
    str_add(out, "</tr>\n");
}

static void table(struct str *out, const struct table *t, const char *caption, struct look look) {
    if (!t->n_columns)
        return;
    html_table_begin(out, caption, t->n_rows > 8);
    str_add(out, "<th scope=\"col\">Approach</th>");
    str_add(out, look.source ? "<th scope=\"col\">Source</th>" : "");
    str_add(out, look.readout ? "<th scope=\"col\">Read-out</th>" : "");
    for (size_t c = 0; c < t->n_columns; c++)
        heading(out, &t->columns[c], look);
    str_add(out, look.cells ? "<th scope=\"col\" class=\"number\">Cells</th>" : "");
    html_table_head_end(out);
    for (size_t i = 0; i < t->n_rows; i++)
        line(out, t, &t->rows[i], look);
    html_table_end(out);
}

/* Cautions stand at the page's head. */
static void notes(struct str *out, const struct table *t) {
    for (size_t i = 0; i < t->n_notes; i++) {
        if (t->notes[i].caution)
            continue;
        str_add(out, "<p class=\"faint\">");
        if (*t->notes[i].lead)
            str_addf(out, "<strong>%s</strong> ", t->notes[i].lead);
        escape_html(out, t->notes[i].text);
        str_add(out, "</p>\n");
    }
    for (size_t s = 0; s < t->n_sources; s++) {
        str_addf(out, "<p class=\"faint\">Published (%zu): ", s + 1);
        html_name(out, t->sources[s]);
        str_add(out, "</p>\n");
    }
}

void html_tables(struct str *out, const struct results *r, const struct row_tests *tests) {
    struct table t;
    if (!r->cells_done) {
        str_addf(out,
            "<p>No cell is done yet (0 of %zu), so there is no number to show: <code>dmtl run</code> with "
            "the grid's file runs them, <code>dmtl status</code> says how far they are.</p>\n",
            r->n_cells);
        return;
    }
    table_of_grid(&t, r, tests);
    table(out, &t, "The grid's table", (struct look){.source = t.n_sources > 0, .cells = true});
    notes(out, &t);
    table_free(&t);
    str_add(out, "<h3>Every metric by task</h3>\n");
    for (int task = 0; task < ATTR_COUNT; task++) {
        table_of_task(&t, r, (enum attribute)task, tests);
        table(out, &t, table_task((enum attribute)task), (struct look){.readout = true});
        table_free(&t);
    }
    table_of_bins(&t, r, tests);
    table(out, &t, "Age-group accuracy by named bins (%)", (struct look){.bins_alone = true});
    table_free(&t);
}
