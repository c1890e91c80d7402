/* The figures of the HTML report, drawn by gnuplot. */
#ifndef REPORT_HTML_FIGURES_H
#define REPORT_HTML_FIGURES_H

#include "core/err.h"
#include "core/str.h"
#include "report/row_audits.h"
#include "report/row_tests.h"

/* Appends every figure that has something to draw, as a picture in the page with its numbers as CSV; what cannot be drawn, as without gnuplot,
 * is said there and is no error. `systems`, `audits` and `tests` (NULL: none): of the same results; `threads` of gnuplot run side by side. False for a store that cannot be read. */
bool html_figures(struct str *out, const struct results *r, const struct systems *systems,
    const struct row_audits *audits, const struct row_tests *tests, int threads, struct err *e);

#endif
