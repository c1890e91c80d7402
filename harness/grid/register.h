/* Puts a grid that was read from its file into the store: the grid, its cells, which cell is which
 * variant. What was there stays, with its results. */
#ifndef GRID_REGISTER_H
#define GRID_REGISTER_H

#include "grid/grid.h"
#include "store/store.h"

/* One transaction. */
bool grid_register(const struct grid *g, struct store *s, struct err *e);

#endif
