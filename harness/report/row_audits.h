/* Audits of a table's rows, with the defaults of `dmtl audit`, for what shows them beside the table. */
#ifndef REPORT_ROW_AUDITS_H
#define REPORT_ROW_AUDITS_H

#include "report/audits.h"
#include "report/results.h"

struct row_audits {
    struct audit_request baseline, others;
    /* [n]: of rows that have a done cell with values on the part of the results */
    struct audits *list;
    size_t n;
    size_t first;   /* the baseline's, or where it has none the first */
    bool resampled; /* whether that is the baseline's */
};

/* With confusion matrices, unless the baseline is alone. The baseline's alone resamples: its gaps are findings; of the others values and the intervals
 * of shares, which need no draws, are there, and no chances. `baseline_alone` leaves the others out. `systems`, of the
 * same grid, must outlive them; `draws` are what others made and will use (resample.h), NULL: its own. row_audits_free on success and failure alike. */
bool row_audits_make(struct row_audits *a, const struct systems *systems, const struct results *r,
    int threads, struct shared_draws *draws, bool baseline_alone, struct err *e);
void row_audits_free(struct row_audits *a);

#endif
