/* The tests behind a table's marks: those that `dmtl compare GRID` makes with its defaults (comparisons.h), the same
 * family and the same correction, each of a row against the baseline's number in the same setting. */
#ifndef REPORT_ROW_TESTS_H
#define REPORT_ROW_TESTS_H

#include "report/comparisons.h"
#include "report/results.h"

struct row_tests {
    struct comparison_request request;
    /* unless all were wanted, its intervals are there where p does not rule a claim out */
    struct comparisons comparisons;
    struct err why; /* why no test was made; ERR_NONE: some were */
};

/* Where tests cannot be made (no predictions, a baseline in no row, truths that differ) `why` says so: a report has
 * its numbers without them. `systems`, of the same grid, must outlive them;
 * `draws` are what others made and will use (resample.h), NULL: its own.
 * row_tests_free in any case. */
void row_tests_make(struct row_tests *t, const struct systems *systems, const struct results *r,
    int threads, struct shared_draws *draws, bool all_intervals);
void row_tests_free(struct row_tests *t);

struct row_test {
    double p, holm;
    /* claimed (comparison_claims), of two complete rows whose splits do not leak */
    bool significant;
};

/* The test of a number, or false where there is none: of the baseline itself, of a metric that the family has not, of
 * another read-out than that of record, of which none is made. */
bool row_tests_find(const struct row_tests *t, const struct results *r,
    const struct result_row *row, enum attribute task, const char *bins, const char *metric,
    struct row_test *test);

#endif
