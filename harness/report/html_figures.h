/* The figures of the HTML report, drawn by gnuplot. */
#ifndef REPORT_HTML_FIGURES_H
#define REPORT_HTML_FIGURES_H

#include "core/err.h"
#include "core/str.h"
#include "report/row_audits.h"
#include "report/row_tests.h"

/* Begins the figures that need no audit and no tests: `threads` read them, through a connection of their own, and have
 * them drawn beside what the caller does. `systems`: of the grid and store of `r`; both must outlive the figures. NULL for
 * a store that cannot be read. */
struct html_figures;
struct html_figures *html_figures_begin(
    const struct results *r, const struct systems *systems, int threads, struct err *e);
/* Makes the others, waits for all and appends every figure that has something to draw, as a picture in the page with its
 * numbers as CSV; what cannot be drawn, as without gnuplot, is said there and is no error. `audits` and `tests` (NULL:
 * none): of the same results. */
bool html_figures_end(struct str *out, struct html_figures *f, const struct row_audits *audits,
    const struct row_tests *tests, struct err *e);
void html_figures_free(struct html_figures *f); /* NULL is fine */

#endif
