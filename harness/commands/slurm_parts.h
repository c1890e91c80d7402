/* Which parts of a grid `dmtl slurm` makes tasks of: those that hold chosen cells which are not done. */
#ifndef COMMANDS_SLURM_PARTS_H
#define COMMANDS_SLURM_PARTS_H

#include "commands/grid_option.h"

struct slurm_parts {
    int n;        /* parts that all the grid's cells are dealt out to (grid/chosen.h) */
    int tasks;    /* parts that want one */
    char *array;  /* their numbers, from 1: "1-4,7" */
    bool begun;   /* one of them holds results already, in the database */
    size_t cells; /* that are chosen */
};

/* chunks, cells_per_task: 0 where they are not given, else one of them. `db` need not be there. slurm_parts_free. */
bool slurm_parts_make(struct slurm_parts *p, const struct grid *g, const struct grid_options *o,
    const char *db, int chunks, int cells_per_task, struct err *e);
void slurm_parts_free(struct slurm_parts *p);

#endif
