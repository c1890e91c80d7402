/* The gates at `dmtl run`: before a worker starts, each split that is to be trained on is looked at once. */
#ifndef COMMANDS_RUN_GATES_H
#define COMMANDS_RUN_GATES_H

#include "commands/grid_option.h"
#include "grid/data_option.h"

/* Prints to stderr what is warned of; `quiet`: leaks alone, which are never silent. False where a split is
 * refused, with the finding and what to do. */
bool run_gates(const struct grid *g, const struct grid_options *options,
    const struct data_options *data, const char *cache_dir, bool quiet, struct err *e);

#endif
