/* The tables of the HTML report: those of the model (report/table.h), to be sorted, with the cells behind each number. */
#ifndef REPORT_HTML_TABLES_H
#define REPORT_HTML_TABLES_H

#include "core/str.h"
#include "report/results.h"
#include "report/row_tests.h"

/* The grid's table with its notes, every metric by task, age groups by named bins. A number has data-cells: the cells of
 * `r` that it is made of, as html_cells (html_run.h) numbers them. `tests`: NULL where none were made. */
void html_tables(struct str *out, const struct results *r, const struct row_tests *tests);

#endif
