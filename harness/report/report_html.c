#include "report/report_html.h"

#include "core/escape.h"
#include "core/mem.h"
#include "core/version.h"
#include "report/html.h"
#include "report/html_figures.h"
#include "report/html_groups.h"
#include "report/html_run.h"
#include "report/html_tables.h"
#include "report/row_audits.h"
#include "report/summary.h"

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

static void section_end(struct str *out) {
    str_add(out, "</section>\n");
}

/* ---- findings and groups ---- */

static void findings(struct str *out, const struct summary *summary) {
    section(out, "findings", "Findings");
    str_add(out, "<ul class=\"findings\">\n");
    for (size_t i = 0; i < summary->n; i++) {
        str_add(out, "<li>");
        html_name(out, summary->text[i]);
        str_add(out, "</li>\n");
    }
    str_addf(out,
        "</ul>\n<p class=\"faint\">In brackets: %g %% intervals. Approaches are told apart by paired tests on "
        "the samples that both predicted, corrected by Holm over all of them, and by an interval that holds "
        "seeds too; groups by permutation, with an interval that holds for the largest gap of all pairs.</p>\n",
        100 * RESULT_CONFIDENCE);
    section_end(out);
}

static void groups(struct str *out, const struct row_audits *a) {
    section(out, "groups", "Groups");
    if (a->n) {
        struct str json = {0};
        str_addf(out,
            "<p>Every group of the crossings, with its confusion matrix. Images that depend on each other count as "
            "one. Intervals of shares are Wilson's, exact for small groups, and hold the variance over seeds. "
            "Intervals of means are a bootstrap's of %zu draws; these and chances (q: the share of false alarms "
            "among groups that are called different at that level) are made for the baseline, and for another "
            "approach by <code>dmtl audit GRID:ROW</code>.</p>\n"
            "<noscript><p class=\"note\">This part needs the page's script, which the browser does not "
            "run.</p></noscript>\n<div id=\"groups-here\"></div>\n",
            a->baseline.options.draws);
        html_groups_json(&json, a->list, a->n, a->first);
        html_json(out, "groups-data", &json);
        str_free(&json);
    } else
        str_add(out, "<p>No cell has predictions yet.</p>\n");
    section_end(out);
}

/* ---- the page ---- */

static void summary_of(struct summary *summary, const struct results *r,
    const struct row_tests *tests, const struct row_audits *audits) {
    summary_make(summary, r, tests, audits->n ? &audits->list[audits->first] : NULL);
}

bool report_html(struct str *out, const struct results *r, const struct systems *systems,
    bool tested, int threads, struct err *e) {
    struct row_tests made = {0};
    struct row_audits audits = {0};
    struct summary summary = {0};
    struct html_figures *figures = html_figures_begin(r, systems, threads, e);
    if (figures && tested)
        row_tests_make(&made, systems, r, threads, true);
    const struct row_tests *tests = tested ? &made : NULL;
    bool ok = figures && row_audits_make(&audits, systems, r, threads, false, e);
    if (ok) {
        summary_of(&summary, r, tests, &audits);
        begin(out, r);
        section(out, "run", "What was run");
        html_run(out, r);
        section_end(out);
        findings(out, &summary);
        section(out, "results", "Results");
        html_tables(out, r, tests);
        section_end(out);
        section(out, "figures", "Figures");
        ok = html_figures_end(out, figures, &audits, tests, e);
        section_end(out);
        groups(out, &audits);
        section(out, "cells", "Cells");
        html_cells(out, r);
        section_end(out);
        end(out);
    }
    html_figures_free(figures);
    summary_free(&summary);
    row_audits_free(&audits);
    row_tests_free(&made);
    return ok;
}

bool report_summary(struct str *out, const struct results *r, const struct systems *systems,
    bool tested, int threads, struct err *e) {
    struct row_tests tests = {0};
    struct row_audits audits = {0};
    struct summary summary = {0};
    if (tested)
        row_tests_make(&tests, systems, r, threads, false);
    bool ok = row_audits_make(&audits, systems, r, threads, true, e);
    if (ok)
        summary_of(&summary, r, tested ? &tests : NULL, &audits);
    for (size_t i = 0; i < summary.n; i++) {
        escape_line(out, summary.text[i]);
        str_addc(out, '\n');
    }
    summary_free(&summary);
    row_audits_free(&audits);
    row_tests_free(&tests);
    return ok;
}
