/* What an epoch came to, in words, for a cell's log. */
#ifndef LEARN_EPOCH_TEXT_H
#define LEARN_EPOCH_TEXT_H

#include "core/str.h"
#include "store/store.h"

/* "epoch 3 of 20: train loss 4.1 (age 3.9, gender 0.2); validation loss 4.3 (...), age mae 7.1, gender accuracy
 * 0.91": of the rows that have this epoch. */
void epoch_text(struct str *out, const struct epoch_row *rows, size_t n, int epoch, int epochs);

#endif
