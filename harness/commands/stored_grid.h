/* A grid as the reading verbs (status, report, plot) meet it: named on the command line, stored. */
#ifndef COMMANDS_STORED_GRID_H
#define COMMANDS_STORED_GRID_H

#include "commands/grid_option.h"
#include "core/err.h"
#include "store/store.h"

struct stored_grid {
    char *name, *db; /* the grid's name, the database's path */
    struct store *store;
};

/* GRID is a grid file ("experiments/demo.json") or a name ("demo"), and was given. Opens the
 * database for reading and checks that the grid is in it: the message lists those that are. Where there
 * is no database it says how to make one. stored_grid_close on success and failure alike. */
bool stored_grid_open(struct stored_grid *g, const struct grid_options *o, struct err *e);
/* The part that is shown where none was asked for: test, of a grid's candidates validation, by which they
 * are chosen. */
enum part stored_grid_part(const struct stored_grid *g);
void stored_grid_close(struct stored_grid *g);

#endif
