/* Which epoch is the best so far on the validation part, by the mean relative gain over the tasks against
 * epoch 1 (analysis/gain.h): for /report_epoch "best" and /early_stop_epochs. A pure function of the
 * metrics of the epochs, which a resume reads back from the store. */
#ifndef LEARN_BEST_EPOCH_H
#define LEARN_BEST_EPOCH_H

#include "analysis/metrics.h"
#include "grid/config.h"
#include "store/store.h"

struct best_epoch {
    const struct config *config;
    enum metric_id metric[MAX_TASKS];
    double now[MAX_TASKS], first[MAX_TASKS]; /* of this epoch and of epoch 1, NaN: not seen */
    double gain;                             /* of the best */
    int epoch, last; /* the best and the newest, counted from 1; 0: none yet */
};
void best_epoch_open(struct best_epoch *b, const struct config *c);

/* One row of an epoch's validation; others are passed over. */
void best_epoch_see(struct best_epoch *b, const struct epoch_row *row);
/* All rows of `epoch` were seen: whether it is the best. The first of equals stays the best. */
bool best_epoch_end(struct best_epoch *b, int epoch);

/* Reads epochs 1 to `epochs` of a cell back. */
bool best_epoch_restore(
    struct best_epoch *b, struct store *s, int64_t cell, int epochs, struct err *e);

/* Whether /early_stop_epochs have passed without a better one. */
bool best_epoch_stops(const struct best_epoch *b);

#endif
