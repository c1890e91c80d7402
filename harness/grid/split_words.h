/* What a configuration's split is called where people read it. */
#ifndef GRID_SPLIT_WORDS_H
#define GRID_SPLIT_WORDS_H

#include "core/str.h"
#include "grid/config.h"

/* Appends how a split comes about: set and kind, and the keys of /data and /split that are not at their
 * defaults: "adience age_labels=nested, folds fold=3". Names of files in it are as the grid wrote them. */
void split_words(struct str *out, const struct config *c);

#endif
