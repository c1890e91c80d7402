/* Puts a grid that was read from its file into the store: the grid, its cells, which cell is which
 * variant. What was there stays, with its results. */
#ifndef GRID_REGISTER_H
#define GRID_REGISTER_H

#include "grid/grid.h"
#include "store/store.h"

/* The row of the cell with this configuration and its id (config_id), put there where it is new. */
bool grid_put_config(
    const struct config *c, const char *id, struct store *s, int64_t *cell, struct err *e);

/* One transaction. What cells with open keys try is a grid of its own (choice_grid). */
bool grid_register(const struct grid *g, struct store *s, struct err *e);

#endif
