#include "report/html_figures.h"

#include "core/escape.h"
#include "core/mem.h"
#include "core/parallel.h"
#include "report/audits.h"
#include "report/comparisons.h"
#include "report/figure.h"
#include "report/html.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct drawing {
    struct figure figure;
    struct str picture;
    struct err e; /* of gnuplot */
};

static void draw(void *context, int worker, size_t i) {
    struct drawing *d = (struct drawing *)context + i;
    (void)worker;
    if (!d->figure.missing)
        figure_draw(&d->figure, PICTURE_SVG, &d->picture, &d->e);
}

/* "Cumulative scores of age" */
static void heading(struct str *out, const struct figure_row *row) {
    str_addc(out, (char)toupper((unsigned char)row->help[0]));
    escape_html(out, row->help + 1);
}

static void notes(struct str *out, const struct figure *f) {
    if (!f->paging.len && !f->notes.len)
        return;
    str_add(out, "<figcaption>");
    escape_html(out, f->paging.len ? f->paging.text : "");
    escape_html(out, f->notes.len ? f->notes.text : "");
    str_add(out, "</figcaption>");
}

static void add_figure(struct str *out, const struct drawing *d, const struct figure_row *row) {
    const struct figure *f = &d->figure;
    if (f->missing) {
        str_add(out, "<p class=\"faint\">");
        heading(out, row);
        str_add(out, ": ");
        escape_html(out, f->missing);
        str_add(out, ".</p>\n");
        return;
    }
    str_addf(out, "<figure id=\"figure-%s\"><h3>", row->name);
    heading(out, row);
    str_add(out, "</h3>");
    if (d->picture.len) {
        str_add(out, "<img alt=\"");
        heading(out, row);
        str_add(out, "\" src=\"");
        html_data_address(out, "image/svg+xml", d->picture.text, d->picture.len);
        str_add(out, "\">");
    } else {
        str_add(out, "<p class=\"note\">Not drawn: ");
        escape_html(out, d->e.msg);
        str_add(out, "</p>");
    }
    notes(out, f);
    str_addf(out, "<p class=\"screen\"><a download=\"%s.csv\" href=\"", row->name);
    html_data_address(out, "text/csv", f->csv.text, f->csv.len);
    str_add(out, "\">Its numbers as CSV</a></p></figure>\n");
}

bool html_figures(struct str *out, const struct results *r, const struct systems *systems,
    const struct row_audits *audits, const struct row_tests *tests, int threads, struct err *e) {
    bool same_bins = audits->baseline.bins != NULL; /* else figures have decades */
    struct figure_options options = {.task = -1,
        .convention = CS_LT,
        .format = PICTURE_SVG,
        .statistics = {.confidence = RESULT_CONFIDENCE,
            .min_clusters = AUDIT_SMALL,
            .draws = COMPARISON_DRAWS,
            .seed = COMPARISON_SEED,
            .threads = threads},
        .audit = audits->resampled && same_bins ? &audits->list[audits->first] : NULL,
        .comparisons = tests && tests->why.kind == ERR_NONE ? &tests->comparisons : NULL,
        .systems = systems};
    struct drawing *drawings = xcalloc(FIGURE_COUNT, sizeof *drawings);
    bool ok = true;
    for (int kind = 0; ok && kind < FIGURE_COUNT; kind++)
        ok = figure_make(
            &drawings[kind].figure, (enum figure_kind)kind, r, systems->store, &options, e);
    if (ok) {
        parallel_for(FIGURE_COUNT, threads, draw, drawings);
        for (int kind = 0; kind < FIGURE_COUNT; kind++)
            add_figure(out, &drawings[kind], &figure_rows[kind]);
    }
    for (int kind = 0; kind < FIGURE_COUNT; kind++) {
        figure_free(&drawings[kind].figure);
        str_free(&drawings[kind].picture);
    }
    free(drawings);
    return ok;
}
