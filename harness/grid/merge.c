#include "grid/merge.h"

#include "core/file.h"
#include "core/mem.h"
#include "grid/lease.h"
#include "store/sql.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- checkpoints ---- */

/* A file system may have no links, or they would cross to another. */
static bool link_or_copy(const char *from, const char *to, struct err *e) {
    if (link(from, to) == 0 || errno == EEXIST)
        return true;
    struct file_map map;
    if (!file_map_open(&map, from, e))
        return false;
    bool ok = file_write(to, map.bytes, map.size, e);
    file_map_close(&map);
    return ok;
}

static bool is_kept(const char *name) {
    return strncmp(name, "step-", 5) == 0 || strcmp(name, "log") == 0;
}

static bool take_files(const char *from, const char *to, struct err *e) {
    DIR *dir = opendir(from);
    bool ok = true;
    for (struct dirent *d; ok && dir && (d = readdir(dir));) {
        if (!is_kept(d->d_name))
            continue;
        char *source = path_join(from, d->d_name), *target = path_join(to, d->d_name);
        ok = dir_make(to, e) && link_or_copy(source, target, e);
        free(source);
        free(target);
    }
    if (dir)
        closedir(dir);
    return ok && (!dir_exists(to) || dir_sync(to, e));
}

/* Whose cell is done in the shard and not here. */
static bool take_checkpoints(struct store *to, struct store *from, struct err *e) {
    sqlite3_stmt *cells =
        sql_prepare(store_db(from), e, "SELECT id FROM cell WHERE state = ?1", "i", CELL_DONE);
    int row = cells ? 1 : -1;
    while (row > 0 && (row = sql_step(cells, e)) > 0) {
        const char *id = sql_text(cells, 0);
        if (sql_long(store_db(to), e, 0, "SELECT state = ?2 FROM cell WHERE id = ?1", "si", id,
                CELL_DONE) == 1)
            continue;
        char *source = cell_folder(store_path(from), id), *target = cell_folder(store_path(to), id);
        if (e->kind != ERR_NONE || !take_files(source, target, e))
            row = -1;
        free(source);
        free(target);
    }
    sqlite3_finalize(cells);
    return row == 0;
}

/* ---- the databases ---- */

static bool check_idle(struct store *to, struct err *e) {
    sqlite3_stmt *cells =
        sql_prepare(store_db(to), e, "SELECT id FROM cell WHERE state = ?1", "i", CELL_RUNNING);
    int row = cells ? 1 : -1;
    while (row > 0 && (row = sql_step(cells, e)) > 0)
        if (lease_held(store_path(to), sql_text(cells, 0)) == 1) {
            err_usage(e, "%s: a worker is at its cell %.12s: merge when its run has ended",
                store_path(to), sql_text(cells, 0));
            row = -1;
        }
    sqlite3_finalize(cells);
    return row == 0;
}

static struct store *open_current(const char *path, struct err *e) {
    struct store *s = store_open(path, STORE_READ, e);
    if (!s || !store_outdated(s))
        return s;
    store_close(s);
    return store_open(path, STORE_WRITE, e);
}

bool merge_shard(struct store *to, const char *shard, struct merge_count *count, struct err *e) {
    struct store *from = open_current(shard, e);
    bool ok = from && check_idle(to, e) && take_checkpoints(to, from, e) &&
              store_merge(to, from, count, e);
    store_close(from);
    return ok;
}
