#include "report/html_run.h"

#include "core/escape.h"
#include "core/mem.h"
#include "report/duration.h"
#include "report/html.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- facts ---- */

static void fact(struct str *out, const char *name, const char *text) {
    if (!*text)
        return;
    str_addf(out, "<dt>%s</dt><dd>", name);
    html_name(out, text);
    str_add(out, "</dd>\n");
}

static void facts(struct str *out, const struct results *r) {
    struct str text = {0};
    str_add(out, "<dl>\n");
    fact(out, "Grid", r->grid.name);
    fact(out, "Image set", r->dataset);
    for (int p = 0; p < PART_COUNT; p++)
        if (r->samples[p])
            str_addf(&text, "%s%s %ld", text.len ? ", " : "", part_name[p], r->samples[p]);
    fact(out, "Samples", text.len ? text.text : "");
    fact(out, "Shown", part_name[r->part]);
    str_clear(&text);
    str_addf(&text, "%zu of %zu done", r->cells_done, r->n_cells);
    fact(out, "Cells", text.text);
    fact(out, "Device", r->device);
    fact(out, "Threads", r->threads);
    fact(out, "libtorch", r->libtorch);
    fact(out, "Commit", r->commit);
    str_clear(&text);
    duration_add(&text, r->wall_s);
    fact(out, "Work of all cells", text.text);
    str_free(&text);
    str_add(out, "</dl>\n");
}

static void note(struct str *out, const char *text) {
    str_addf(out, "<p class=\"note\">%s</p>\n", text);
}

static void cautions(struct str *out, const struct results *r) {
    if (r->drawn)
        note(out,
            "<strong>Drawn images.</strong> These numbers say that the program works, nothing about faces.");
    if (r->cells_done < r->n_cells)
        note(out,
            "<strong>Not all cells are done.</strong> Numbers of fewer cells than planned say so.");
    for (size_t i = 0; i < r->n_rows; i++)
        if (results_row_leaky(r, &r->rows[i])) {
            note(out,
                "<strong>Leaky split.</strong> Rows with this mark were tested on what they were nearly trained on: "
                "images that are nearly the same, or the same persons. Their numbers are too good.");
            break;
        }
    if (r->undecodable > 0)
        str_addf(out,
            "<p class=\"note\">%ld of %ld images did not decode and were left out of every part.</p>\n",
            r->undecodable, r->images);
    if (r->age_groups)
        note(out, r->age_years ? "Errors of age count groups in rows with this mark, else years."
                               : "Errors of age count groups.");
}

/* ---- the gates' warnings ---- */

static void warnings(struct str *out, const struct warnings *w) {
    if (w->n) {
        html_table(out,
            "What the gates warned of; of several cells, the one farthest from its bound", false,
            (const char *const[]){"Gate", "Warning", "Variants", "#Cells", NULL});
        for (size_t i = 0; i < w->n; i++) {
            char cells[32];
            snprintf(cells, sizeof cells, "%ld", w->list[i].cells);
            str_add(out, "<tr>");
            html_name_cell(out, w->list[i].gate);
            html_name_cell(out, w->list[i].text);
            str_add(out, "<td>");
            warning_variants(out, &w->list[i], html_name);
            str_add(out, "</td>");
            html_number_cell(out, cells, (double)w->list[i].cells);
            str_add(out, "</tr>\n");
        }
        html_table_end(out);
    } else if (!w->unknown && w->done)
        str_add(out, "<p>No gate warned of anything in the splits.</p>\n");
    if (w->unknown)
        str_addf(out,
            "<p class=\"note\">No gate looked at the splits of %ld of %ld done cells: an older dmtl ran them. "
            "<code>dmtl data check</code> does now.</p>\n",
            w->unknown, w->done);
}

/* ---- approaches, and what was chosen ---- */

static void approaches(struct str *out, const struct grid *g) {
    html_table(
        out, "Variants of the grid", false, (const char *const[]){"Variant", "What it is", NULL});
    for (int v = 0; v < g->n_variants; v++) {
        str_add(out, "<tr><td>");
        html_name(out, g->variants[v]);
        str_add(out, strcmp(g->variants[v], g->baseline) == 0 ? " (baseline)</td>" : "</td>");
        html_name_cell(out, g->descriptions[v]);
        str_add(out, "</tr>\n");
    }
    html_table_end(out);
}

static void chosen(struct str *out, const struct choices *c) {
    if (!c->n)
        return;
    str_addf(out,
        "<details><summary>What was chosen on the validation part (%zu choices)</summary>\n", c->n);
    html_table(out,
        "Chosen on the validation part; gain: mean over tasks of the relative gain against the first candidate",
        false,
        (const char *const[]){"Variant", "Setting", "#Split seed", "#Fold", "Chosen", "#Gain (%)",
            "#Candidates", "#Diverged", NULL});
    for (size_t i = 0; i < c->n; i++) {
        const struct choice_row *row = &c->rows[i];
        const double values[] = {(double)row->split_seed, row->fold < 0 ? (double)NAN : row->fold,
            100 * row->gain, (double)row->tried, (double)row->failed};
        char text[ARRAY_LEN(values)][32];
        for (size_t k = 0; k < ARRAY_LEN(values); k++)
            snprintf(text[k], sizeof text[k],
                isnan(values[k]) ? "–"
                : k == 2         ? "%.2f"
                                 : "%.0f",
                values[k]);
        str_add(out, "<tr>");
        html_name_cell(out, row->variant);
        html_name_cell(out, row->setting);
        html_number_cell(out, text[0], values[0]);
        html_number_cell(out, text[1], values[1]);
        html_name_cell(out, row->selected);
        for (size_t k = 2; k < ARRAY_LEN(values); k++)
            html_number_cell(out, text[k], values[k]);
        str_add(out, "</tr>\n");
    }
    html_table_end(out);
    str_add(out, "</details>\n");
}

void html_run(struct str *out, const struct results *r) {
    facts(out, r);
    cautions(out, r);
    warnings(out, &r->warnings);
    approaches(out, &r->grid);
    chosen(out, &r->choices);
}

/* ---- cells ---- */

static void whole_cell(struct str *out, long long x) {
    char text[32];
    snprintf(text, sizeof text, "%lld", x);
    html_number_cell(out, text, (double)x);
}

void html_cells(struct str *out, const struct results *r) {
    html_table(out, "Cells behind the numbers; dmtl verify runs one again", true,
        (const char *const[]){
            "Cell", "Variant", "Setting", "#Seed", "#Split seed", "#Fold", "State", NULL});
    for (size_t c = 0; c < r->n_cells; c++) {
        const struct result_cell *cell = &r->cells[c];
        str_addf(out, "<tr data-cell=\"%zu\"><td class=\"id\" title=\"%s\">%.12s</td>", c, cell->id,
            cell->id);
        html_name_cell(out, cell->variant);
        html_name_cell(out, cell->setting);
        whole_cell(out, cell->seed);
        whole_cell(out, cell->split_seed);
        if (cell->fold < 0)
            html_number_cell(out, "–", NAN);
        else
            whole_cell(out, cell->fold);
        str_addf(out, "<td>%s</td></tr>\n", cell_state_name[cell->state]);
    }
    html_table_end(out);
}
