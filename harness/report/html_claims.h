/* The paper's claims in the HTML report. */
#ifndef REPORT_HTML_CLAIMS_H
#define REPORT_HTML_CLAIMS_H

#include "report/results.h"
#include "report/verdicts.h"

/* Whether the grid can be asked any of them: a page has nothing to say of claims about other sets, other variants, or
 * photographs where images are drawn. */
bool html_claims_any(const struct verdicts *v);

/* Appends counts, and a table of those that were measured, each number with the cells of `r` behind it. */
void html_claims(struct str *out, const struct verdicts *v, const struct results *r);

/* "5 reproduced, 20 not reproduced, 14 undecided, 79 not testable" */
void html_claims_counts(struct str *out, const struct verdicts *v);

#endif
