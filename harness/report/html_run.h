/* What was run, and on what: the first and the last part of the HTML report. */
#ifndef REPORT_HTML_RUN_H
#define REPORT_HTML_RUN_H

#include "core/str.h"
#include "report/results.h"

/* Facts, cautions, the gates' warnings, approaches and what was chosen for their open keys. */
void html_run(struct str *out, const struct results *r);

/* The grid's cells, one a line; the row of cell i of `r` has data-cell="i". */
void html_cells(struct str *out, const struct results *r);

#endif
