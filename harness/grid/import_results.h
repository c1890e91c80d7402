/* The results of imported predictions: what an evaluation leaves of a cell of our own. */
#ifndef GRID_IMPORT_RESULTS_H
#define GRID_IMPORT_RESULTS_H

#include "data/predictions_csv.h"
#include "store/store.h"

/* Stores the predictions of one run with their probabilities, and every metric of every group; inside a transaction.
 * The read-out of record is what was predicted; others come from probabilities. */
bool import_put_results(struct store *s, const struct manifest *m, const struct imported *im,
    size_t run, int64_t cell, int64_t dataset, struct err *e);

#endif
