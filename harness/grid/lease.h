/* Who works on a cell: a lock on the cell's folder, which the kernel frees when the process dies, and a
 * fencing token in the store, which the last transaction checks. */
#ifndef GRID_LEASE_H
#define GRID_LEASE_H

#include "store/store.h"

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
