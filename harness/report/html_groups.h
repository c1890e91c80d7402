/* The groups of the HTML report: what an audit says of every cell of the crossings, with its confusion matrix. */
#ifndef REPORT_HTML_GROUPS_H
#define REPORT_HTML_GROUPS_H

#include "core/str.h"
#include "report/audits.h"

/* The audits of a grid's approaches, `first` the one that is shown first, as the JSON that html_page.js reads:
 * {"confidence", "small", "first", "measures": [{"task", "unit", "metric"}], "crossings": ["age_group", ...],
 *  "groups": [{"names": ["gender=female", ...], "n", "clusters"}],
 *  "systems": [{"title", "measures": [null or {"share", "crossings": [null or {"of", "value", "low", "high", "rank", "q"}]}],
 *               "classes": {"age": [...]}, "matrices": {"age": [null or [COUNTS...]]}}]}
 * with "of" a place in "groups", whose lists but the names begin with everyone's number, as all those of a section do;
 * null: none; rank 0: not ranked; without "q": not tested. COUNTS is a list [truth * classes + predicted, n, ...] of those
 * above 0. */
void html_groups_json(struct str *out, const struct audits *audits, size_t n, size_t first);

#endif
