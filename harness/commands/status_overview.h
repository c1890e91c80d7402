/* How far a grid is: the numbers that `dmtl status` shows, read from its results database. */
#ifndef COMMANDS_STATUS_OVERVIEW_H
#define COMMANDS_STATUS_OVERVIEW_H

#include "commands/grid_option.h"
#include "core/err.h"
#include "store/store.h"

struct overview {
    char *grid, *db; /* the grid's name, the database's path */
    struct cell_record
        *cells;        /* each cell once, however often it stands in the grid, candidates first */
    size_t n, members; /* cells; those and the others behind them, to be freed */
    size_t count[CELL_STATE_COUNT];
    size_t leaky; /* whose split leaks: by its kind, or as the gates found */
    /* something may come of them yet: neither done nor failed, or failed and to be tried again */
    size_t open;
    bool *gone;    /* [n] it counts as running, but its worker has died */
    double wall_s; /* of all cells so far */
    double left_s; /* of work, one worker; -1: no cell is done, so nothing is known */
};

/* overview_free on success and failure alike. */
bool overview_read(struct overview *o, const struct grid_options *of, struct err *e);
void overview_free(struct overview *o);

#endif
