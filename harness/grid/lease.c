#include "grid/lease.h"

#include "core/file.h"
#include "grid/cell_folder.h"

#include <stdlib.h>
#include <time.h>

bool lease_take(struct lease *l, const char *db_path, const char *cell_id, struct err *e) {
    static const struct timespec look = {.tv_nsec = 50 * 1000 * 1000}; /* takes much less */
    *l = (struct lease){.fd = -1, .folder = cell_folder(db_path, cell_id)};
    char *lock = path_join(l->folder, "lock");
    bool ok = dir_make(l->folder, e);
    for (int tries = 0; ok && l->fd < 0 && e->kind == ERR_NONE && tries < 2; tries++) {
        if (tries)
            nanosleep(&look, NULL);
        l->fd = file_lock(lock, false, e);
    }
    free(lock);
    if (l->fd >= 0)
        return true;
    lease_release(l);
    return false;
}

void lease_release(struct lease *l) {
    if (l->fd >= 0)
        file_unlock(l->fd);
    free(l->folder);
    *l = (struct lease){.fd = -1};
}

int lease_held(const char *db_path, const char *cell_id) {
    char *folder = cell_folder(db_path, cell_id), *lock = path_join(folder, "lock");
    int held = file_locked(lock);
    free(lock);
    free(folder);
    return held;
}
