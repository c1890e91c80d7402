/* What a grid found, in sentences: how far it is, which approaches differ from the baseline, where the baseline's
 * errors are uneven, what speaks against the numbers. For the head of the HTML report and for short summaries. */
#ifndef REPORT_SUMMARY_H
#define REPORT_SUMMARY_H

#include "core/str.h"
#include "report/audits.h"
#include "report/comparisons.h"
#include "report/results.h"

struct summary {
    char **text; /* plain: whoever prints one escapes it */
    size_t n, capacity;
};

/* `comparisons`: of the grid's rows against the baseline, NULL: none could be made; `audit`: of the baseline, NULL
 * likewise. A sentence of chance is at RESULT_CONFIDENCE. summary_free frees. */
void summary_make(struct summary *f, const struct results *r,
    const struct comparisons *comparisons, const struct audits *audit);
void summary_free(struct summary *f);

#endif
