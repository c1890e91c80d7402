#include "report/report_html.h"

#include "analysis/metrics.h"
#include "core/escape.h"
#include "core/mem.h"
#include "core/version.h"
#include "report/audits.h"
#include "report/duration.h"
#include "report/summary.h"
#include "report/html.h"
#include "report/html_figures.h"
#include "report/html_groups.h"
#include "report/html_run.h"
#include "report/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char page_css[] =
#include "harness/report/html_page.css.inc"
    ;
static const char page_js[] =
#include "harness/report/html_page.js.inc"
    ;

/* ---- the frame ---- */

static void begin(struct str *out, const struct results *r) {
    static const char *const sections[][2] = {{"run", "What was run"}, {"findings", "Findings"},
        {"results", "Results"}, {"figures", "Figures"}, {"groups", "Groups"}, {"cells", "Cells"}};
    const char *title = r->grid.title && *r->grid.title ? r->grid.title : r->grid.name;
    str_add(out,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
        "script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">\n"
        "<meta name=\"generator\" content=\"dmtl " DMTL_VERSION "\">\n"
        "<link rel=\"icon\" href=\"data:,\"><title>");
    escape_html(out, title);
    str_addf(out, "</title>\n<style>\n%s</style></head>\n<body>\n", page_css);
    str_add(out, "<a class=\"skip\" href=\"#main\">To the content</a>\n<header><h1>");
    html_name(out, title);
    str_add(out, "</h1><nav aria-label=\"Sections\"><ul>");
    for (size_t i = 0; i < ARRAY_LEN(sections); i++)
        str_addf(out, "<li><a href=\"#%s\">%s</a></li>", sections[i][0], sections[i][1]);
    str_add(out,
        "<li><button type=\"button\" id=\"scheme\" hidden></button></li></ul></nav></header>\n"
        "<main id=\"main\">\n");
}

static void section(struct str *out, const char *id, const char *title) {
    str_addf(out, "<section id=\"%s\"><h2>%s</h2>\n", id, title);
}

static void end(struct str *out) {
    str_addf(out,
        "</main>\n<footer>Made by dmtl " DMTL_VERSION
        " from the grid's results database. The page is whole in itself: it fetches nothing.</footer>\n"
        "<script>\n%s</script></body></html>\n",
        page_js);
}

/* ---- groups ---- */

enum { SMALL_GROUP = 100, DRAWS = 2000 };

/* The age groups of the grid's table, NULL: the audit's own. */
static const char *bins_of(const struct grid *g) {
    for (int c = 0; c < g->n_columns; c++)
        if (g->columns[c].task == ATTR_AGE && *g->columns[c].bins)
            return g->columns[c].bins;
    return NULL;
}

/* The audits of all approaches that have predictions. The baseline's alone resamples: its gaps are findings, and of
 * the others values and the shares' intervals, which need no draws, are enough to look at. */
struct all_audits {
    struct audit_request baseline, others;
    struct audits *list;
    size_t n;
    size_t first; /* the baseline, or else the first; n: none */
};

/* Whether a done cell of the system has values on the part that is shown. */
static bool has_values(const struct html_source *s, const struct system *system) {
    const struct results *r = s->results;
    for (size_t c = 0; c < r->n_cells; c++)
        if (r->cells[c].values_end > r->cells[c].values_begin &&
            strcmp(r->cells[c].setting, system->setting) == 0 &&
            word_find((const char *const *)system->variants, system->n_variants,
                r->cells[c].variant) >= 0)
            return true;
    return false;
}

static bool make_audits(struct all_audits *a, const struct html_source *s, struct err *e) {
    const struct systems *systems = s->systems;
    a->baseline = (struct audit_request){.bins = bins_of(&s->results->grid),
        .confusion = true,
        .choice = {.part = s->results->part},
        .options = {.confidence = RESULT_CONFIDENCE,
            .min_clusters = SMALL_GROUP,
            .draws = DRAWS,
            .seed = 1,
            .threads = s->threads}};
    a->others = a->baseline;
    a->others.options.draws = 0;
    a->list = xcalloc(systems->n, sizeof *a->list);
    bool ok = true, found = false;
    for (size_t i = 0; ok && i < systems->n; i++) {
        const struct system *system = &systems->list[i];
        if (!system->row || !has_values(s, system))
            continue;
        bool first = system->baseline && !found;
        struct audits *audits = &a->list[a->n++];
        ok = audits_make(audits, first ? &a->baseline : &a->others, systems, i, e);
        if (first) {
            a->first = a->n - 1;
            found = true;
        }
    }
    return ok;
}

static void free_audits(struct all_audits *a) {
    for (size_t i = 0; i < a->n; i++)
        audits_free(&a->list[i]);
    free(a->list);
}

static void groups(struct str *out, const struct all_audits *a) {
    section(out, "groups", "Groups");
    if (!a->n) {
        str_add(out, "<p>No cell has predictions yet.</p></section>\n");
        return;
    }
    str_addf(out,
        "<p>Every group of the crossings, with its confusion matrix. Images that depend on each other count as "
        "one. Intervals of shares are Wilson's, exact for small groups, and hold the variance over seeds; of means "
        "they are a bootstrap's of %d draws, made for the approach that is shown first, as are chances "
        "(q: the share of false alarms among groups called different at that level). For another approach "
        "<code>dmtl audit GRID:ROW</code> makes them.</p>\n"
        "<noscript><p class=\"note\">This part needs the page's script, which the browser does not run.</p></noscript>\n"
        "<div id=\"groups-here\"></div>\n",
        DRAWS);
    struct str json = {0};
    html_groups_json(&json, a->list, a->n, a->first);
    html_json(out, "groups-data", &json);
    str_free(&json);
    str_add(out, "</section>\n");
}

/* ---- the page ---- */

static void findings(struct str *out, const struct html_source *s, const struct all_audits *a) {
    struct summary f;
    section(out, "findings", "Findings");
    summary_make(&f, s->results, s->comparisons, a->n ? &a->list[a->first] : NULL);
    str_add(out, "<ul class=\"findings\">\n");
    for (size_t i = 0; i < f.n; i++) {
        str_add(out, "<li>");
        html_name(out, f.text[i]);
        str_add(out, "</li>\n");
    }
    if (!s->comparisons) {
        str_add(out, "<li>Approaches were not compared: ");
        html_name(out, s->not_compared);
        str_add(out, "</li>\n");
    }
    str_addf(out,
        "</ul>\n<p class=\"faint\">In brackets: %g %% intervals. Approaches are told apart by paired tests on "
        "the samples that both predicted, corrected by Holm over all of them, and by an interval that holds "
        "seeds too; groups by permutation, with an interval that holds for the largest gap of all pairs.</p>"
        "</section>\n",
        100 * RESULT_CONFIDENCE);
    summary_free(&f);
}

bool report_html(struct str *out, const struct html_source *s, struct err *e) {
    struct all_audits audits = {0};
    bool ok = make_audits(&audits, s, e);
    if (ok) {
        begin(out, s->results);
        section(out, "run", "What was run");
        html_run(out, s->results);
        str_add(out, "</section>\n");
        findings(out, s, &audits);
        section(out, "results", "Results");
        str_add(out, "</section>\n");
        section(out, "figures", "Figures");
        ok = html_figures(out, s->results, store_db(s->systems->store), s->threads, e);
        str_add(out, "</section>\n");
        groups(out, &audits);
        section(out, "cells", "Cells");
        html_cells(out, s->results);
        str_add(out, "</section>\n");
        end(out);
    }
    free_audits(&audits);
    return ok;
}
