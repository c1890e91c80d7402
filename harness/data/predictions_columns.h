/* Which column of a CSV of predictions says what. */
#ifndef DATA_PREDICTIONS_COLUMNS_H
#define DATA_PREDICTIONS_COLUMNS_H

#include "core/csv.h"
#include "core/words.h"

#include <stdbool.h>

enum { PREDICTION_CLASSES = 1000 }; /* most probabilities of a task */

/* Columns of one task, or in the long form of all of them; -1: there is none. */
struct task_columns {
    int predicted, truth, packed; /* packed: all probabilities in one */
    int *spread;                  /* [spread_n]: one column a probability */
    int spread_n;
};
struct prediction_columns {
    bool wide;
    int sample, task, seed, fold, part;
    struct task_columns of[ATTR_COUNT]; /* long: [0] alone */
};

/* Finds the columns by their names; ERR_USAGE for one that is unknown, or one too few. prediction_columns_free on
 * success and failure alike. */
bool prediction_columns_find(struct prediction_columns *p, const struct csv *c, struct err *e);
void prediction_columns_free(struct prediction_columns *p);

#endif
