/* The report of a grid as one HTML page that needs nothing beside itself: no network, no file, no server. What was run
 * and what the gates warned of come first, then findings, tables, the paper's claims where the grid has any of them, figures, groups, cells. */
#ifndef REPORT_REPORT_HTML_H
#define REPORT_REPORT_HTML_H

#include "core/err.h"
#include "core/str.h"
#include "report/results.h"
#include "report/row_tests.h"

/* Appends the whole page. `systems`: of the same grid and store as `r`; it gains
 * the variants that claims are of. `tested`: whether rows are tested
 * against the baseline; `threads` of gnuplots and of
 * resampling run side by side. A figure that cannot be drawn is said in its place. */
bool report_html(struct str *out, const struct results *r, struct systems *systems, bool tested,
    int threads, struct err *e);

/* The page's findings alone, as lines of plain text. */
bool report_summary(struct str *out, const struct results *r, struct systems *systems, bool tested,
    int threads, struct err *e);

#endif
