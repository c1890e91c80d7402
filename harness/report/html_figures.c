#include "report/html_figures.h"

#include "core/escape.h"
#include "core/mem.h"
#include "core/parallel.h"
#include "report/figure.h"
#include "report/gnuplot.h"
#include "report/html.h"

#include <stdlib.h>
#include <string.h>

static const char *const heading[FIGURE_COUNT] = {
    [FIGURE_CS] = "Cumulative scores of age",
    [FIGURE_WEIGHTS] = "Learned weights of the tasks",
    [FIGURE_CONFUSION] = "Confusion matrices",
    [FIGURE_LOSS] = "Learning curves",
};

struct drawing {
    struct str script, picture;
    struct err e; /* of gnuplot */
};

static void draw(void *context, int worker, size_t i) {
    struct drawing *d = (struct drawing *)context + i;
    (void)worker;
    if (d->script.len)
        gnuplot_draw(&d->script, &d->picture, &d->e);
}

static void figure(struct str *out, const struct drawing *d, int kind) {
    if (!d->script.len) {
        str_addf(out, "<p class=\"faint\">%s: %s.</p>\n", heading[kind], figure_missing(kind));
        return;
    }
    str_addf(out, "<figure id=\"figure-%s\"><h3>%s</h3>", figure_name[kind], heading[kind]);
    if (d->picture.len) {
        str_addf(out, "<img alt=\"%s\" src=\"", heading[kind]);
        html_data_address(out, "image/svg+xml", d->picture.text, d->picture.len);
        str_add(out, "\">");
    } else {
        str_add(out, "<p class=\"note\">Not drawn: ");
        escape_html(out, d->e.msg);
        str_add(out, "</p>");
    }
    str_add(out, "</figure>\n");
}

bool html_figures(
    struct str *out, const struct results *r, sqlite3 *db, int threads, struct err *e) {
    struct figure_options options = {.task = -1, .convention = CS_LT, .format = PICTURE_SVG};
    struct drawing *drawings = xcalloc(FIGURE_COUNT, sizeof *drawings);
    bool ok = true;
    for (int kind = 0; ok && kind < FIGURE_COUNT; kind++)
        ok = figure_script(&drawings[kind].script, (enum figure_kind)kind, r, db, &options, e);
    if (ok) {
        parallel_for(FIGURE_COUNT, threads, draw, drawings);
        for (int kind = 0; kind < FIGURE_COUNT; kind++)
            figure(out, &drawings[kind], kind);
    }
    for (int kind = 0; kind < FIGURE_COUNT; kind++) {
        str_free(&drawings[kind].script);
        str_free(&drawings[kind].picture);
    }
    free(drawings);
    return ok;
}
