#include "learn/journal.h"

#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

void journal_weight(struct journal *j, const struct weight_row *row) {
    j->weights = xgrow(j->weights, &j->weights_capacity, j->n_weights + 1, sizeof *row);
    j->weights[j->n_weights++] = *row;
}

void journal_epoch(struct journal *j, const struct epoch_row *row) {
    j->epochs = xgrow(j->epochs, &j->epochs_capacity, j->n_epochs + 1, sizeof *row);
    j->epochs[j->n_epochs++] = *row;
}

void journal_free(struct journal *j) {
    free(j->weights);
    free(j->epochs);
    memset(j, 0, sizeof *j);
}

void journal_clear(struct journal *j) {
    j->n_weights = j->n_epochs = 0;
}

bool journal_put(const struct journal *j, struct store *s, int64_t cell, int epochs_done,
    int64_t step, double wall_s, struct err *e) {
    return store_put_weights(s, cell, j->weights, j->n_weights, e) &&
           store_put_epochs(s, cell, j->epochs, j->n_epochs, e) &&
           store_progress(s, cell, epochs_done, step, wall_s, e);
}

bool journal_commit(struct journal *j, struct store *s, int64_t cell, int64_t token,
    int epochs_done, int64_t step, double wall_s, struct err *e) {
    if (!store_begin(s, e))
        return false;
    if (store_check_token(s, cell, token, e) &&
        journal_put(j, s, cell, epochs_done, step, wall_s, e) && store_commit(s, e)) {
        journal_clear(j);
        return true;
    }
    store_rollback(s);
    return false;
}
