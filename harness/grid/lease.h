/* Who works on a cell: a lock on the cell's folder, which the kernel frees when the process dies, and a
 * fencing token in the store, which the last transaction checks. Results stand in X/NAME.db and, beside
 * it, X/NAME/CELL/ with the cell's checkpoints. */
#ifndef GRID_LEASE_H
#define GRID_LEASE_H

#include "store/store.h"

/* The folder of a database's cells ("results/demo" for "results/demo.db") or of one of them; the
 * caller frees. */
char *cells_folder(const char *db_path);
char *cell_folder(const char *db_path, const char *cell_id);

/* The one checkpoint that a cell keeps in its folder once it is done; NULL: it is not there. The caller frees. */
char *cell_checkpoint(const char *folder);

struct lease {
    int fd;       /* of the lock file; -1: not held */
    char *folder; /* the cell's; made where absent */
};

/* Locks without waiting for another worker; for one that only looks (lease_held) it tries again. false
 * with no error: another process holds the cell. */
bool lease_take(struct lease *l, const char *db_path, const char *cell_id, struct err *e);
void lease_release(struct lease *l);

/* Whether a worker holds the cell now: 1 yes, 0 no, -1 it cannot be said: its folder is not there. */
int lease_held(const char *db_path, const char *cell_id);

#endif
