/* What a grid found, in sentences: how far it is, which approaches differ from the baseline, where the baseline's
 * errors are uneven, what speaks against the numbers. For the head of the HTML report and for short summaries. */
#ifndef REPORT_SUMMARY_H
#define REPORT_SUMMARY_H

#include "core/str.h"
#include "report/audits.h"
#include "report/results.h"
#include "report/row_tests.h"

struct summary {
    char **text; /* plain: whoever prints one escapes it */
    size_t n, capacity;
};

/* `tests`: of the grid's rows against the baseline, NULL: none were wanted; `audit`: of the baseline, NULL: it has no
 * predictions. A sentence of chance is at RESULT_CONFIDENCE. summary_free frees. */
void summary_make(struct summary *f, const struct results *r, const struct row_tests *tests,
    const struct audits *audit);
void summary_free(struct summary *f);

#endif
