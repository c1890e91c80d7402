/* The rows of a split's parts that can be learned from or judged. */
#ifndef LEARN_SAMPLE_ROWS_H
#define LEARN_SAMPLE_ROWS_H

#include "data/split.h"
#include "grid/config.h"
#include "learn/feed.h"

/* Those that decode and are labelled as /split/require says, in the split's order; the caller frees each of rows[],
 * on failure too. ERR_USAGE: a part has none, or a label is outside its task's ranks. */
bool sample_rows(uint32_t *rows[PART_COUNT], size_t n[PART_COUNT], const struct config *c,
    const struct source *source, const struct split *split, struct err *e);

#endif
