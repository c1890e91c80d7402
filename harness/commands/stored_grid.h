/* A grid as the reading verbs (status, report, plot) meet it: named on the command line, stored. */
#ifndef COMMANDS_STORED_GRID_H
#define COMMANDS_STORED_GRID_H

#include "core/err.h"
#include "store/store.h"

struct stored_grid {
    char *name, *db; /* the grid's name, the database's path */
    struct store *store;
};

/* `grid`: a grid file ("experiments/demo.json") or a name ("demo"); `db` NULL: results/NAME.db. Opens the
 * database for reading and checks that the grid is in it: the message lists those that are. Where there
 * is no database it says how to make one. stored_grid_close on success and failure alike. */
bool stored_grid_open(struct stored_grid *g, const char *grid, const char *db, struct err *e);
void stored_grid_close(struct stored_grid *g);

#endif
