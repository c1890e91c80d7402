#include "grid/merge.h"

#include "core/file.h"
#include "core/mem.h"
#include "grid/cell_folder.h"
#include "grid/lease.h"
#include "store/sql.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- checkpoints ---- */

/* Files of a cell that is done in the shard wait here, in its folder, until its results are committed: before, the
 * folder may hold a training of our own that is to go on where the merge fails. */
#define INCOMING "incoming"

/* A file system may have no links, or they would cross to another. */
static bool link_or_copy(const char *from, const char *to, struct err *e) {
    if (link(from, to) == 0)
        return true;
    struct file_map map;
    if (!file_map_open(&map, from, e))
        return false;
    bool ok = file_write(to, map.bytes, map.size, e);
    file_map_close(&map);
    return ok;
}

static bool is_checkpoint(const char *name) {
    return strncmp(name, "step-", 5) == 0;
}

static bool take_files(const char *from, const char *cell, struct err *e) {
    char *to = path_join(cell, INCOMING);
    dir_remove(to); /* of a merge that was killed */
    DIR *dir = opendir(from);
    bool ok = !dir || dir_make(to, e);
    for (struct dirent *d; ok && dir && (d = readdir(dir));) {
        if (!is_checkpoint(d->d_name) && strcmp(d->d_name, "log") != 0)
            continue;
        char *source = path_join(from, d->d_name), *target = path_join(to, d->d_name);
        ok = link_or_copy(source, target, e);
        free(source);
        free(target);
    }
    if (dir)
        closedir(dir);
    ok = ok && (!dir || dir_sync(to, e));
    free(to);
    return ok;
}

/* Calls for each name in a folder that is there, with the cell's folders in the shard and here; false from it ends the
 * walk. */
static bool each_name(const char *folder, const char *source, const char *target,
    bool (*fn)(const char *source, const char *target, const char *name, struct err *e),
    struct err *e) {
    DIR *dir = opendir(folder);
    bool ok = true;
    for (struct dirent *d; ok && dir && (d = readdir(dir));)
        if (d->d_name[0] != '.')
            ok = fn(source, target, d->d_name, e);
    if (dir)
        closedir(dir);
    return ok;
}

static bool move_in(const char *source, const char *target, const char *name, struct err *e) {
    char *from = xasprintf("%s/" INCOMING "/%s", target, name), *to = path_join(target, name);
    bool ok = rename(from, to) == 0 || err_sys(e, errno, "%s: cannot be moved to %s", from, to);
    (void)source;
    free(from);
    free(to);
    return ok;
}

static bool drop_own(const char *source, const char *target, const char *name, struct err *e) {
    char *theirs = path_join(source, name), *path = path_join(target, name);
    bool ok = !is_checkpoint(name) || !file_absent(theirs) || unlink(path) == 0 ||
              err_sys(e, errno, "%s: cannot be removed", path);
    free(theirs);
    free(path);
    return ok;
}

/* The shard's files in place of ours. One that is killed here is finished by the next merge of the shard, which finds
 * what still waits. */
static bool adopt(const char *source, const char *target, struct err *e) {
    char *waiting = path_join(target, INCOMING);
    bool ok = true;
    if (dir_exists(waiting)) {
        ok = each_name(waiting, source, target, move_in, e) &&
             each_name(target, source, target, drop_own, e) && dir_sync(target, e);
        if (ok)
            dir_remove(waiting);
    }
    free(waiting);
    return ok;
}

/* For each cell that is done in the shard, and in `to` or not there, as `done` says. */
static bool each_done(struct store *to, struct store *from, bool done,
    bool (*fn)(const char *source, const char *target, struct err *e), struct err *e) {
    sqlite3_stmt *cells =
        sql_prepare(store_db(from), e, "SELECT id FROM cell WHERE state = ?1", "i", CELL_DONE);
    int row = cells ? 1 : -1;
    while (row > 0 && (row = sql_step(cells, e)) > 0) {
        const char *id = sql_text(cells, 0);
        bool here = sql_long(store_db(to), e, 0, "SELECT state = ?2 FROM cell WHERE id = ?1", "si",
                        id, CELL_DONE) == 1;
        char *source = cell_folder(store_path(from), id), *target = cell_folder(store_path(to), id);
        if (e->kind != ERR_NONE || (here == done && !fn(source, target, e)))
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
    bool ok = from && check_idle(to, e) && each_done(to, from, false, take_files, e) &&
              store_merge(to, from, count, e) && each_done(to, from, true, adopt, e);
    store_close(from);
    return ok;
}
