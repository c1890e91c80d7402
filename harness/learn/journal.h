/* Rows that a training has made since its last durable step. They reach the store together with the
 * checkpoint that they lead up to, so the store never runs ahead of what a resume can go on from. */
#ifndef LEARN_JOURNAL_H
#define LEARN_JOURNAL_H

#include "store/store.h"

struct journal {
    struct weight_row *weights;
    size_t n_weights, weights_capacity;
    struct epoch_row *epochs;
    size_t n_epochs, epochs_capacity;
};
void journal_weight(struct journal *j, const struct weight_row *row);
void journal_epoch(struct journal *j, const struct epoch_row *row); /* its metric: a static name */
void journal_free(struct journal *j);

/* Inside a transaction: writes the rows and the progress that they lead up to. */
bool journal_put(const struct journal *j, struct store *s, int64_t cell, int epochs_done,
    int64_t step, double wall_s, struct err *e);
void journal_clear(struct journal *j); /* after the commit */

/* One durable transaction: the token's check, then journal_put; the rows are kept on failure. */
bool journal_commit(struct journal *j, struct store *s, int64_t cell, int64_t token,
    int epochs_done, int64_t step, double wall_s, struct err *e);

#endif
