#include "grid/cell_folder.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/str.h"
#include "store/sql.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_FORMAT "step-%010" PRId64 ".safetensors"
/* The last step trained is that of the last epoch, for a cell that is done. */
#define REPORTED_STEP "step / epochs_done * reported_epoch"

static char *cells_folder(const char *db_path) {
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

static int newest_first(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x < y) - (x > y);
}

int64_t *cell_steps(const char *folder, size_t *n) {
    int64_t *steps = NULL;
    size_t capacity = 0;
    *n = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *d; dir && (d = readdir(dir));) {
        int64_t step;
        char name[64];
        if (sscanf(d->d_name, "step-%" SCNd64, &step) != 1)
            continue;
        snprintf(name, sizeof name, NAME_FORMAT, step);
        if (strcmp(name, d->d_name) != 0)
            continue;
        steps = xgrow(steps, &capacity, *n + 1, sizeof *steps);
        steps[(*n)++] = step;
    }
    if (dir)
        closedir(dir);
    if (*n)
        qsort(steps, *n, sizeof *steps, newest_first);
    return steps;
}

char *cell_step_path(const char *folder, int64_t step) {
    return xasprintf("%s/" NAME_FORMAT, folder, step);
}

void cell_step_drop(const char *folder, int64_t step) {
    char *path = cell_step_path(folder, step);
    unlink(path);
    free(path);
}

void cell_keep_only(const char *folder, int64_t step) {
    size_t n;
    int64_t *steps = cell_steps(folder, &n);
    bool there = false;
    for (size_t i = 0; i < n; i++)
        there = there || steps[i] == step;
    for (size_t i = 0; there && i < n; i++)
        if (steps[i] != step)
            cell_step_drop(folder, steps[i]);
    free(steps);
}

char *cell_checkpoint(struct store *s, const char *cell_id, struct err *e) {
    int64_t step = sql_long(store_db(s), e, 0,
        "SELECT " REPORTED_STEP " FROM cell WHERE id = ?1 AND state = ?2", "si", cell_id,
        CELL_DONE);
    char *folder = cell_folder(store_path(s), cell_id), *path = cell_step_path(folder, step);
    if (e->kind != ERR_NONE || !file_exists(path)) {
        free(path);
        path = NULL;
    }
    free(folder);
    return path;
}

bool cells_tidy(struct store *s, struct err *e) {
    sqlite3_stmt *cells = sql_prepare(store_db(s), e,
        "SELECT id, " REPORTED_STEP " FROM cell WHERE state = ?1 AND epochs_done > 0", "i",
        CELL_DONE);
    int row = cells ? 1 : -1;
    while (row > 0 && (row = sql_step(cells, e)) > 0) {
        char *folder = cell_folder(store_path(s), sql_text(cells, 0));
        cell_keep_only(folder, sqlite3_column_int64(cells, 1));
        free(folder);
    }
    sqlite3_finalize(cells);
    return row == 0;
}
