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
    html_data_address(out, "text/csv;charset=utf-8", f->csv.text, f->csv.len);
    str_add(out, "\">Its numbers as CSV</a></p></figure>\n");
}

/* ---- all of them ---- */

struct html_figures {
    const struct results *r;
    const struct systems *systems;
    struct figure_options options;
    struct drawing drawings[FIGURE_COUNT];
    struct pipeline *drawn; /* those that wait for nothing, in their order */
};

/* Whether a figure shows what the page's audit and tests are. */
static bool waits(int kind) {
    return kind == FIGURE_GAPS || kind == FIGURE_DIFFERENCES;
}

static bool make(struct html_figures *f, bool waiting, struct err *e) {
    bool ok = true;
    for (int kind = 0; ok && kind < FIGURE_COUNT; kind++)
        if (waits(kind) == waiting)
            ok = figure_make(&f->drawings[kind].figure, (enum figure_kind)kind, f->r,
                f->systems->store, &f->options, e);
    return ok;
}

static void draw_early(void *context, int worker, size_t kind, int slot) {
    (void)slot;
    if (!waits((int)kind))
        draw(context, worker, kind);
}

static void draw_late(void *context, int worker, size_t kind) {
    if (waits((int)kind))
        draw(context, worker, kind);
}

struct html_figures *html_figures_begin(
    const struct results *r, const struct systems *systems, int threads, struct err *e) {
    struct html_figures *f = xcalloc(1, sizeof *f);
    f->r = r;
    f->systems = systems;
    f->options = (struct figure_options){.task = -1,
        .convention = CS_LT,
        .format = PICTURE_SVG,
        .statistics = {.confidence = RESULT_CONFIDENCE,
            .min_clusters = AUDIT_SMALL,
            .draws = COMPARISON_DRAWS,
            .seed = COMPARISON_SEED,
            .threads = threads},
        .systems = systems};
    if (make(f, false, e)) {
        f->drawn = pipeline_open(0, FIGURE_COUNT, threads, FIGURE_COUNT, draw_early, f->drawings);
        return f;
    }
    html_figures_free(f);
    return NULL;
}

bool html_figures_end(struct str *out, struct html_figures *f, const struct row_audits *audits,
    const struct row_tests *tests, struct err *e) {
    bool same_bins = audits->baseline.bins != NULL; /* else figures have decades */
    size_t kind;
    int slot;
    f->options.audit = audits->resampled && same_bins ? &audits->list[audits->first] : NULL;
    f->options.comparisons = tests && tests->why.kind == ERR_NONE ? &tests->comparisons : NULL;
    if (!make(f, true, e))
        return false;
    parallel_for(FIGURE_COUNT, f->options.statistics.threads, draw_late, f->drawings);
    while (pipeline_next(f->drawn, &kind, &slot))
        continue;
    for (int k = 0; k < FIGURE_COUNT; k++)
        add_figure(out, &f->drawings[k], &figure_rows[k]);
    return true;
}

void html_figures_free(struct html_figures *f) {
    if (!f)
        return;
    pipeline_close(f->drawn);
    for (int kind = 0; kind < FIGURE_COUNT; kind++) {
        figure_free(&f->drawings[kind].figure);
        str_free(&f->drawings[kind].picture);
    }
    free(f);
}
