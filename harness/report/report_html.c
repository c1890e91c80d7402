#include "report/report_html.h"

#include "core/escape.h"
#include "core/mem.h"
#include "core/version.h"
#include "report/html.h"
#include "report/html_claims.h"
#include "report/html_figures.h"
#include "report/html_groups.h"
#include "report/html_run.h"
#include "report/html_tables.h"
#include "report/read_predictions.h"
#include "report/row_audits.h"
#include "report/summary.h"

#include <string.h>

static const char page_css[] =
#include "harness/report/html_page.css.inc"
    ;
static const char page_js[] =
#include "harness/report/html_page.js.inc"
    ;

#define CLAIMS_TITLE "The paper's claims"

/* ---- the frame ---- */

static void begin(struct str *out, const struct results *r, bool claims) {
    static const char *const sections[][2] = {{"run", "What was run"}, {"findings", "Findings"},
        {"results", "Results"}, {"claims", CLAIMS_TITLE}, {"figures", "Figures"},
        {"groups", "Groups"}, {"cells", "Cells"}};
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
        if (claims || strcmp(sections[i][0], "claims") != 0)
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

static void findings(
    struct str *out, const struct summary *summary, const struct verdicts *claims) {
    section(out, "findings", "Findings");
    str_add(out, "<ul class=\"findings\">\n");
    for (size_t i = 0; i < summary->n; i++) {
        str_add(out, "<li>");
        html_name(out, summary->text[i]);
        str_add(out, "</li>\n");
    }
    if (claims) {
        str_add(out, "<li><a href=\"#claims\">" CLAIMS_TITLE "</a>: ");
        html_claims_counts(out, claims);
        str_add(out, ".</li>\n");
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

/* What the page is made of. */
struct page {
    const struct results *r;
    struct systems *systems;
    struct shared_draws draws; /* of tests, audits and claims */
    struct row_tests made;
    const struct row_tests *tests; /* NULL: none were wanted */
    struct row_audits audits;
    struct summary summary;
    struct html_figures *figures;
    struct claims paper;
    struct verdict_request request;
    struct verdicts claims;
};

/* The paper's numbers are of test images, and its orders are tests. */
static bool make_claims(struct page *p, int threads, struct err *e) {
    if (!p->tests || p->r->part != PART_TEST)
        return true;
    p->request = (struct verdict_request){.choice = {.part = p->r->part},
        .options = {.confidence = COMPARISON_CONFIDENCE,
            .draws = COMPARISON_DRAWS,
            .seed = COMPARISON_SEED,
            .threads = threads,
            .shared_draws = &p->draws}};
    return claims_load(&p->paper, NULL, e) &&
           verdicts_make(&p->claims, &p->request, &p->paper, p->systems, e);
}

static bool make_page(struct page *p, bool tested, int threads, struct err *e) {
    systems_read_ahead(p->systems, p->r->part, threads);
    p->figures = html_figures_begin(p->r, p->systems, threads, e);
    if (!p->figures)
        return false;
    if (tested) {
        row_tests_make(&p->made, p->systems, p->r, threads, &p->draws, true);
        p->tests = &p->made;
    }
    if (!row_audits_make(&p->audits, p->systems, p->r, threads, &p->draws, false, e) ||
        !make_claims(p, threads, e))
        return false;
    summary_of(&p->summary, p->r, p->tests, &p->audits);
    return true;
}

static bool write_page(struct str *out, struct page *p, struct err *e) {
    bool claims = html_claims_any(&p->claims);
    begin(out, p->r, claims);
    section(out, "run", "What was run");
    html_run(out, p->r);
    section_end(out);
    findings(out, &p->summary, claims ? &p->claims : NULL);
    section(out, "results", "Results");
    html_tables(out, p->r, p->tests);
    section_end(out);
    if (claims) {
        section(out, "claims", CLAIMS_TITLE);
        html_claims(out, &p->claims, p->r);
        section_end(out);
    }
    section(out, "figures", "Figures");
    bool ok = html_figures_end(out, p->figures, &p->audits, p->tests, e);
    section_end(out);
    groups(out, &p->audits);
    section(out, "cells", "Cells");
    html_cells(out, p->r);
    section_end(out);
    end(out);
    return ok;
}

bool report_html(struct str *out, const struct results *r, struct systems *systems, bool tested,
    int threads, struct err *e) {
    struct page page = {.r = r, .systems = systems};
    bool ok = make_page(&page, tested, threads, e) && write_page(out, &page, e);
    verdicts_free(&page.claims);
    claims_free(&page.paper);
    html_figures_free(page.figures);
    summary_free(&page.summary);
    row_audits_free(&page.audits);
    row_tests_free(&page.made);
    shared_draws_free(&page.draws);
    return ok;
}

bool report_summary(struct str *out, const struct results *r, struct systems *systems, bool tested,
    int threads, struct err *e) {
    struct shared_draws draws = {0};
    struct row_tests tests = {0};
    struct row_audits audits = {0};
    struct summary summary = {0};
    if (tested)
        row_tests_make(&tests, systems, r, threads, &draws, false);
    bool ok = row_audits_make(&audits, systems, r, threads, &draws, true, e);
    if (ok)
        summary_of(&summary, r, tested ? &tests : NULL, &audits);
    for (size_t i = 0; i < summary.n; i++) {
        escape_line(out, summary.text[i]);
        str_addc(out, '\n');
    }
    summary_free(&summary);
    row_audits_free(&audits);
    row_tests_free(&tests);
    shared_draws_free(&draws);
    return ok;
}
