/* The distinct splits of a grid's cells, each made once and handed to a callback. */
#ifndef COMMANDS_DATA_SPLITS_H
#define COMMANDS_DATA_SPLITS_H

#include "data/split.h"
#include "grid/data_option.h"
#include "grid/grid.h"

struct data_split {
    const struct manifest *manifest; /* duplicates are marked */
    const struct split *split; /* of samples with labels to learn (config_split_keep_labelled) */
    const struct config
        *config;         /* of the first cell that has it: its /data and /split are those of all */
    const char *variant; /* of that cell, the grid's */
    size_t n_cells;      /* that have it */
    bool task[ATTR_COUNT]; /* whether any of them learns it */
};

/* Calls `fn` for each split in the order of the cells; false from it ends the walk, as does a cell that has a
 * part without a usable sample (config_split_serves). Cells of which
 * `chosen` (NULL: all) is false are passed over. What a callback is given lives until the walk ends, the
 * split until the callback does. */
struct data_splits {
    const struct grid *grid;
    const struct data_options *data;
    const char *cache_dir;
    int threads;
    bool (*chosen)(void *context, const struct cell *cell);
    bool (*fn)(void *context, const struct data_split *d, struct err *e);
    void *context;
};
bool data_splits_walk(const struct data_splits *w, struct err *e);

#endif
