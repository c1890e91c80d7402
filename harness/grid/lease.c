#include "grid/lease.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/str.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

char *cells_folder(const char *db_path) {
    size_t n = strlen(db_path);
    if (str_ends(db_path, ".db") && n > 3 && db_path[n - 4] != '/')
        return xstrndup(db_path, n - 3);
    return xasprintf("%s.cells", db_path);
}

char *cell_folder(const char *db_path, const char *cell_id) {
    char *cells = cells_folder(db_path), *path = path_join(cells, cell_id);
    free(cells);
    return path;
}

char *cell_checkpoint(const char *folder) {
    char *path = NULL;
    DIR *dir = opendir(folder);
    for (struct dirent *d; dir && !path && (d = readdir(dir));)
        if (strncmp(d->d_name, "step-", 5) == 0 && str_ends(d->d_name, ".safetensors"))
            path = path_join(folder, d->d_name);
    if (dir)
        closedir(dir);
    return path;
}

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
