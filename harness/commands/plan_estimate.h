/* How long the cells that are not done take, and how much they add to the disk: from cells that are done, or from a
 * probe. */
#ifndef COMMANDS_PLAN_ESTIMATE_H
#define COMMANDS_PLAN_ESTIMATE_H

#include "commands/grid_option.h"
#include "grid/data_option.h"
#include "store/store.h"

/* How far a grid's cells are, and what it tries for their open keys. */
struct plan_progress {
    struct cell_progress *cells, *candidates;
    long long done_in_database; /* of all its grids */
};

struct estimate_options {
    int jobs, threads; /* as `dmtl run` takes them; threads 0: the cores divided by the workers */
    bool probe, quiet;
    const char *device, *cache; /* cache NULL: beside the database */
    struct data_options data;
};

struct estimate {
    size_t open, done; /* chosen cells and candidates, each once */
    bool probed;       /* some of it */
    double worker_s;   /* of work, all workers together; -1: not known */
    double left_s;     /* until the last worker ends; -1: not known */
    double disk_bytes; /* that the open cells add; -1: not known */
    double free_bytes; /* where the database is or comes to be; -1: not known */
};

/* Of the cells that --only leaves. Nothing is written, but a probe puts the files' hashes in the cache. */
bool estimate_make(struct estimate *out, const struct grid *g, const struct grid_options *chosen,
    const struct plan_progress *at, const char *db, const struct estimate_options *o,
    struct err *e);

#endif
