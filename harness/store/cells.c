/* The life of a cell: claimed by a worker, going on in durable steps, done or failed; and the list of a
 * grid's cells with where each stands. */
#include "store/private.h"

#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

static bool no_such_cell(struct store *s, int64_t cell, struct err *e) {
    return err_set(e, "%s: holds no cell number %lld", s->path, (long long)cell);
}

/* An UPDATE of a cell that must be there. */
#define update_cell(s, cell, e, sql, types, ...)                                                   \
    (sql_run((s)->db, e, sql, types, __VA_ARGS__) &&                                               \
        (sqlite3_changes((s)->db) > 0 || no_such_cell(s, cell, e)))

static bool begin_attempt(
    struct store *s, int64_t cell, const struct provenance *p, int64_t token, struct err *e) {
    return sql_run(s->db, e,
               "UPDATE cell SET state = ?2, token = ?3, diverged = 0, error = NULL, finished = NULL,"
               " started = coalesce(started, " SQL_NOW ") WHERE cell = ?1",
               "lil", (long long)cell, CELL_RUNNING, (long long)token) &&
           sql_run(s->db, e,
               "INSERT INTO attempt (cell, attempt, started, threads, host, device,"
               " program_version, git_commit, libtorch, blas, data_fingerprint, weights_sha256,"
               " lists_sha256, backend)"
               " VALUES (?1, ?2, " SQL_NOW ", ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
               "llissssssssss", (long long)cell, (long long)token, p->threads, p->host, p->device,
               p->program_version, p->git_commit, p->libtorch, p->blas, p->data_fingerprint,
               p->weights_sha256, p->lists_sha256, p->backend);
}

bool store_claim(
    struct store *s, int64_t cell, const struct provenance *p, int64_t *token, struct err *e) {
    bool own;
    if (!store_enter(s, &own, e))
        return false;
    long long state =
        sql_long(s->db, e, -1, "SELECT state FROM cell WHERE cell = ?1", "l", (long long)cell);
    *token =
        1 + sql_long(s->db, e, 0, "SELECT token FROM cell WHERE cell = ?1", "l", (long long)cell);
    bool ok = e->kind == ERR_NONE;
    if (ok && state < 0)
        ok = no_such_cell(s, cell, e);
    bool refused = ok && state == CELL_DONE;
    if (ok && !refused)
        ok = begin_attempt(s, cell, p, *token, e);
    return store_end(s, own, ok, e) && !refused;
}

bool store_check_token(struct store *s, int64_t cell, int64_t token, struct err *e) {
    long long newest =
        sql_long(s->db, e, -1, "SELECT token FROM cell WHERE cell = ?1", "l", (long long)cell);
    if (e->kind != ERR_NONE)
        return false;
    if (newest < 0)
        return no_such_cell(s, cell, e);
    if (newest != token)
        return err_set(e,
            "%s: cell %lld was taken over by another worker (claim %lld, ours was %lld): "
            "this worker's work on it is dropped",
            s->path, (long long)cell, newest, (long long)token);
    return true;
}

bool store_progress(
    struct store *s, int64_t cell, int epochs_done, int64_t step, double wall_s, struct err *e) {
    return update_cell(s, cell, e,
        "UPDATE cell SET epochs_done = ?2, step = ?3, wall_s = ?4 WHERE cell = ?1", "lild",
        (long long)cell, epochs_done, (long long)step, wall_s);
}

bool store_heartbeat(struct store *s, int64_t cell, int epochs_done, double fraction,
    double images_per_s, struct err *e) {
    sqlite3_busy_timeout(s->db, 0);
    bool ok = sql_run(s->db, e,
        "INSERT OR REPLACE INTO heartbeat (cell, at, epochs_done, fraction, images_per_s)"
        " VALUES (?1, " SQL_NOW ", ?2, ?3, ?4)",
        "lidd", (long long)cell, epochs_done, fraction, images_per_s);
    sqlite3_busy_timeout(s->db, BUSY_TIMEOUT_MS);
    return ok;
}

/* Closes the newest attempt with the cell's own state. */
static bool end_attempt(struct store *s, int64_t cell, int64_t peak_rss_bytes, struct err *e) {
    return sql_run(s->db, e,
        "UPDATE attempt SET ended = " SQL_NOW ","
        " outcome = (SELECT state FROM cell WHERE cell = ?1),"
        " wall_s = (SELECT wall_s FROM cell WHERE cell = ?1), peak_rss_bytes = nullif(?2, 0)"
        " WHERE cell = ?1 AND attempt = (SELECT token FROM cell WHERE cell = ?1)",
        "ll", (long long)cell, (long long)peak_rss_bytes);
}

bool store_trained(struct store *s, int64_t cell, double images_per_s, struct err *e) {
    return sql_run(s->db, e,
        "UPDATE attempt SET images_per_s = ?2"
        " WHERE cell = ?1 AND attempt = (SELECT token FROM cell WHERE cell = ?1)",
        "ld", (long long)cell, images_per_s);
}

bool store_finish(struct store *s, int64_t cell, double wall_s, int64_t peak_rss_bytes,
    int reported_epoch, struct err *e) {
    bool own;
    if (!store_enter(s, &own, e))
        return false;
    bool ok = update_cell(s, cell, e,
                  "UPDATE cell SET state = ?2, finished = " SQL_NOW ","
                  " wall_s = ?3, reported_epoch = ?4, error = NULL WHERE cell = ?1",
                  "lidi", (long long)cell, CELL_DONE, wall_s, reported_epoch) &&
              end_attempt(s, cell, peak_rss_bytes, e);
    return store_end(s, own, ok, e);
}

/* Ends a claim without results: the cell's state and message, and the attempt's end. */
static bool end_claim(struct store *s, int64_t cell, int64_t token, enum cell_state state,
    const char *message, struct err *e) {
    bool own;
    if (!store_enter(s, &own, e))
        return false;
    bool ok = store_check_token(s, cell, token, e) &&
              update_cell(s, cell, e,
                  "UPDATE cell SET state = ?2, error = ?3,"
                  " finished = iif(?3 IS NULL, NULL, " SQL_NOW ") WHERE cell = ?1",
                  "lis", (long long)cell, state, message) &&
              end_attempt(s, cell, 0, e);
    return store_end(s, own, ok, e);
}

bool store_fail(struct store *s, int64_t cell, int64_t token, const char *message, struct err *e) {
    return end_claim(s, cell, token, CELL_FAILED, message, e);
}

bool store_diverged(struct store *s, int64_t cell, struct err *e) {
    return sql_run(s->db, e, "UPDATE cell SET diverged = 1 WHERE cell = ?1", "l", (long long)cell);
}

bool store_interrupt(struct store *s, int64_t cell, int64_t token, struct err *e) {
    return end_claim(s, cell, token, CELL_PENDING, NULL, e);
}

bool store_retry(struct store *s, int64_t cell, struct err *e) {
    return sql_run(s->db, e,
        "UPDATE cell SET state = ?2, finished = NULL WHERE cell = ?1 AND state = ?3", "lii",
        (long long)cell, CELL_PENDING, CELL_FAILED);
}

bool store_rewind(struct store *s, int64_t cell, int epochs_done, int64_t step, struct err *e) {
    static const char *const results[] = {"DELETE FROM prediction WHERE cell = ?1",
        "DELETE FROM probability WHERE cell = ?1", "DELETE FROM metric WHERE cell = ?1",
        "DELETE FROM confusion WHERE cell = ?1", "DELETE FROM cs WHERE cell = ?1"};
    bool own;
    if (!store_enter(s, &own, e))
        return false;
    bool ok = update_cell(s, cell, e, "UPDATE cell SET epochs_done = ?2, step = ?3 WHERE cell = ?1",
                  "lil", (long long)cell, epochs_done, (long long)step) &&
              sql_run(s->db, e, "DELETE FROM epoch WHERE cell = ?1 AND epoch > ?2", "li",
                  (long long)cell, epochs_done) &&
              sql_run(s->db, e, "DELETE FROM weight WHERE cell = ?1 AND step > ?2", "ll",
                  (long long)cell, (long long)step);
    for (size_t i = 0; ok && i < ARRAY_LEN(results); i++)
        ok = sql_run(s->db, e, results[i], "l", (long long)cell);
    return store_end(s, own, ok, e);
}

bool store_delete_cell(struct store *s, int64_t cell, struct err *e) {
    static const char *const rest[] = {"DELETE FROM finding WHERE cell = ?1",
        "DELETE FROM heartbeat WHERE cell = ?1", "DELETE FROM attempt WHERE cell = ?1",
        "DELETE FROM member WHERE cell = ?1", "DELETE FROM cell WHERE cell = ?1"};
    bool own;
    if (!store_enter(s, &own, e))
        return false;
    bool ok = store_rewind(s, cell, 0, 0, e);
    for (size_t i = 0; ok && i < ARRAY_LEN(rest); i++)
        ok = sql_run(s->db, e, rest[i], "l", (long long)cell);
    return store_end(s, own, ok, e);
}

/* A configuration without a key of the reading is older than the key. Of the first three, its set then has one
 * reading; the others have the default. */
bool store_check_data(
    struct store *s, const char *grid, const struct store_source *source, struct err *e) {
    sqlite3_stmt *stmt = sql_prepare(s->db, e,
        "SELECT c.id, m.variant, a.data_fingerprint FROM grid g JOIN member m ON m.grid = g.grid"
        " JOIN cell c ON c.cell = m.cell JOIN attempt a ON a.cell = c.cell AND a.attempt ="
        " (SELECT max(attempt) FROM attempt WHERE cell = c.cell AND data_fingerprint IS NOT NULL)"
        " WHERE g.name = ?1 AND c.dataset = ?2 AND a.data_fingerprint <> ?3"
        " AND coalesce(json_extract(c.config, '$.data.age_labels'), ?5) = ?5"
        " AND coalesce(json_extract(c.config, '$.data.repeated_rows'), ?6) = ?6"
        " AND coalesce(json_extract(c.config, '$.data.crop'), ?7) = ?7"
        " AND coalesce(json_extract(c.config, '$.data.ages'), 'own') = ?8"
        " AND coalesce(json_extract(c.config, '$.data.corrections'), 'none') = ?9"
        " AND coalesce(json_extract(c.config, '$.data.races'), 'utkface-5') = ?10"
        " AND (c.state = ?4 OR c.step > 0) ORDER BY m.position LIMIT 1",
        "sssissssss", grid, source->dataset, source->fingerprint, CELL_DONE, source->age_labels,
        source->repeated_rows, source->crop, source->ages, source->corrections, source->races);
    int row = stmt ? sql_step(stmt, e) : -1;
    struct str changes = {0};
    if (row == 1 && store_describe_changes(s, source, sql_text(stmt, 2), &changes, e))
        err_usage(e,
            "%s: this folder's data have the fingerprint %.12s, but the cells of %s stored in %s "
            "were made from data with %.12s (%s, cell %.12s)%s: give the folder as it was then, or "
            "another --db for the folder as it is now",
            source->folder, source->fingerprint, grid, s->path, sql_text(stmt, 2),
            sql_text(stmt, 1), sql_text(stmt, 0), changes.text ? changes.text : "");
    str_free(&changes);
    sqlite3_finalize(stmt);
    return row == 0;
}

bool store_check_lists(
    struct store *s, const char *grid, const char *lists, const char *sha256, struct err *e) {
    sqlite3_stmt *stmt = sql_prepare(s->db, e,
        "SELECT c.id, m.variant FROM grid g JOIN member m ON m.grid = g.grid"
        " JOIN cell c ON c.cell = m.cell JOIN attempt a ON a.cell = c.cell AND a.attempt ="
        " (SELECT max(attempt) FROM attempt WHERE cell = c.cell AND lists_sha256 IS NOT NULL)"
        " WHERE g.name = ?1 AND json_extract(c.config, '$.split.lists') = ?2"
        " AND a.lists_sha256 <> ?3 AND (c.state = ?4 OR c.step > 0) ORDER BY m.position LIMIT 1",
        "sssi", grid, lists, sha256, CELL_DONE);
    int row = stmt ? sql_step(stmt, e) : -1;
    if (row == 1)
        err_usage(e,
            "/split/lists %s: the lists have changed since cells of %s stored in %s were split by them "
            "(%s, cell %.12s): give them as they were with --lists DIR, or another --db for the lists as "
            "they are now",
            lists, grid, s->path, sql_text(stmt, 1), sql_text(stmt, 0));
    sqlite3_finalize(stmt);
    return row == 0;
}

bool store_check_weights(struct store *s, const char *grid, const char *trunk, const char *weights,
    const char *sha256, struct err *e) {
    sqlite3_stmt *stmt = sql_prepare(s->db, e,
        "SELECT c.id, m.variant, a.weights_sha256 FROM grid g JOIN member m ON m.grid = g.grid"
        " JOIN cell c ON c.cell = m.cell JOIN attempt a ON a.cell = c.cell AND a.attempt ="
        " (SELECT max(attempt) FROM attempt WHERE cell = c.cell AND weights_sha256 IS NOT NULL)"
        " WHERE g.name = ?1 AND json_extract(c.config, '$.trunk.name') = ?2"
        " AND json_extract(c.config, '$.trunk.weights') = ?3 AND a.weights_sha256 <> ?4"
        " AND c.state = ?5 ORDER BY m.position LIMIT 1",
        "ssssi", grid, trunk, weights, sha256, CELL_DONE);
    int row = stmt ? sql_step(stmt, e) : -1;
    if (row == 1)
        err_usage(e,
            "/trunk/weights \"%s\": the file has the SHA-256 %.12s, but the cells of %s that are done in "
            "%s began with one of %.12s (%s, cell %.12s): put that file back, give this one another "
            "name in the grid, or use another --db",
            weights, sha256, grid, s->path, sql_text(stmt, 2), sql_text(stmt, 1),
            sql_text(stmt, 0));
    sqlite3_finalize(stmt);
    return row == 0;
}

static bool check_state(struct store *s, int state, struct err *e) {
    return (state >= 0 && state < CELL_STATE_COUNT) ||
           err_set(e, "%s: is damaged: a cell has state %d; restore a copy", s->path, state);
}

static char *copy_text(sqlite3_stmt *stmt, int column) {
    return sqlite3_column_type(stmt, column) == SQLITE_NULL ? NULL
                                                            : xstrdup(sql_text(stmt, column));
}

static struct cell_progress read_progress(sqlite3_stmt *stmt) {
    return (struct cell_progress){.state = (enum cell_state)sqlite3_column_int(stmt, 0),
        .epochs_done = sqlite3_column_int(stmt, 1),
        .selected = copy_text(stmt, 2),
        .fraction = sqlite3_column_double(stmt, 3),
        .wall_s = sqlite3_column_double(stmt, 4),
        .threads = sqlite3_column_int(stmt, 5),
        .diverged = sqlite3_column_int(stmt, 6) != 0};
}

bool store_cells_progress(struct store *s, const char *ids, size_t n, size_t stride,
    struct cell_progress *progress, struct err *e) {
    static const char own[] =
        "SELECT a.state, a.epochs_done, NULL, h.fraction, a.wall_s, t.threads, 0"
        " FROM cell a LEFT JOIN heartbeat h ON h.cell = a.cell LEFT JOIN attempt t ON t.cell = a.cell"
        " WHERE a.id = ?1 ORDER BY t.attempt DESC";
    static const char answered[] =
        "SELECT a.state, a.epochs_done, k.selected, h.fraction, a.wall_s, t.threads, a.diverged"
        " FROM cell c LEFT JOIN choice o ON o.cell = c.cell"
        " LEFT JOIN choice_candidate k ON k.cell = o.cell AND k.best"
        " JOIN cell a ON a.cell = coalesce(o.chosen, c.cell)"
        " LEFT JOIN heartbeat h ON h.cell = a.cell LEFT JOIN attempt t ON t.cell = a.cell"
        " WHERE c.id = ?1 ORDER BY t.attempt DESC";
    sqlite3_stmt *stmt = sql_prepare(s->db, e, s->version < 2 ? own : answered, "");
    bool ok = stmt != NULL;
    for (size_t i = 0; ok && i < n; i++) {
        sqlite3_bind_text(stmt, 1, ids + i * stride, -1, SQLITE_STATIC);
        int row = sql_step(stmt, e);
        progress[i] = row > 0 ? read_progress(stmt) : (struct cell_progress){0};
        ok = row >= 0 && check_state(s, (int)progress[i].state, e);
        sqlite3_reset(stmt);
    }
    sqlite3_finalize(stmt);
    return ok;
}

void store_progress_free(struct cell_progress *progress, size_t n) {
    for (size_t i = 0; progress && i < n; i++)
        free(progress[i].selected);
    free(progress);
}

static struct cell_record read_record(sqlite3_stmt *stmt) {
    struct cell_record r = {
        .cell = sqlite3_column_int64(stmt, 0),
        .variant = xstrdup(sql_text(stmt, 2)),
        .axes = xstrdup(sql_text(stmt, 3)),
        .config = xstrdup(sql_text(stmt, 4)),
        .error = copy_text(stmt, 5),
        .fingerprint = copy_text(stmt, 6),
        .state = (enum cell_state)sqlite3_column_int(stmt, 7),
        .epochs = sqlite3_column_int(stmt, 8),
        .epochs_done = sqlite3_column_int(stmt, 9),
        .step = sqlite3_column_int64(stmt, 10),
        .wall_s = sqlite3_column_double(stmt, 11),
        .fraction = sqlite3_column_double(stmt, 12),
        .images_per_s = sqlite3_column_double(stmt, 13),
        .heartbeat_age_s =
            sqlite3_column_type(stmt, 14) == SQLITE_NULL ? -1 : sqlite3_column_double(stmt, 14),
        .diverged = sqlite3_column_int(stmt, 15) != 0,
    };
    strncpy(r.id, sql_text(stmt, 1), sizeof r.id - 1);
    return r;
}

void store_cell_free(struct cell_record *r) {
    free(r->variant);
    free(r->axes);
    free(r->config);
    free(r->error);
    free(r->fingerprint);
}

/* `diverged`: the column, or 0 in a file of version 1, which has none. */
#define CELLS_OF_GRID(diverged)                                                                    \
    "SELECT c.cell, c.id, m.variant, m.axes, c.config, c.error,"                                   \
    " (SELECT data_fingerprint FROM attempt a WHERE a.cell = c.cell AND"                           \
    "  data_fingerprint IS NOT NULL ORDER BY attempt DESC LIMIT 1), c.state,"                      \
    " c.epochs, c.epochs_done, c.step, c.wall_s, h.fraction, h.images_per_s,"                      \
    " max(0, (julianday('now') - julianday(h.at)) * 86400), " diverged                             \
    " FROM grid g JOIN member m ON m.grid = g.grid JOIN cell c ON c.cell = m.cell"                 \
    " LEFT JOIN heartbeat h ON h.cell = c.cell WHERE g.name = ?1"

int store_cell(
    struct store *s, const char *grid, int64_t cell, struct cell_record *r, struct err *e) {
    sqlite3_stmt *stmt = sql_prepare(s->db, e,
        s->version < 2 ? CELLS_OF_GRID("0") " AND c.cell = ?2 ORDER BY m.position"
                       : CELLS_OF_GRID("c.diverged") " AND c.cell = ?2 ORDER BY m.position",
        "sl", grid, cell);
    int row = stmt ? sql_step(stmt, e) : -1;
    if (row > 0) {
        *r = read_record(stmt);
        if (!check_state(s, (int)r->state, e)) {
            store_cell_free(r);
            row = -1;
        }
    }
    sqlite3_finalize(stmt);
    return row;
}

bool store_cells(
    struct store *s, const char *grid, struct cell_record **cells, size_t *n, struct err *e) {
    *cells = NULL;
    *n = 0;
    size_t capacity = 0;
    sqlite3_stmt *stmt = sql_prepare(s->db, e,
        s->version < 2 ? CELLS_OF_GRID("0") " ORDER BY m.position"
                       : CELLS_OF_GRID("c.diverged") " ORDER BY m.position",
        "s", grid);
    int row = stmt ? 1 : -1;
    while (row > 0 && (row = sql_step(stmt, e)) > 0) {
        *cells = xgrow(*cells, &capacity, *n + 1, sizeof **cells);
        (*cells)[(*n)++] = read_record(stmt);
        if (!check_state(s, (int)(*cells)[*n - 1].state, e))
            row = -1;
    }
    sqlite3_finalize(stmt);
    if (row == 0)
        return true;
    store_cells_free(*cells, *n);
    *cells = NULL;
    *n = 0;
    return false;
}

/* Orders pointers to records by id; those of one id by their places. */
static int by_id(const void *a, const void *b) {
    const struct cell_record *x = *(const struct cell_record *const *)a;
    const struct cell_record *y = *(const struct cell_record *const *)b;
    int order = strcmp(x->id, y->id);
    return order ? order : (x > y) - (x < y);
}

size_t store_cells_once(struct cell_record *cells, size_t n) {
    const struct cell_record **list = xcalloc(n + 1, sizeof *list);
    bool *again = xcalloc(n + 1, sizeof *again);
    for (size_t i = 0; i < n; i++)
        list[i] = &cells[i];
    qsort(list, n, sizeof *list, by_id);
    for (size_t i = 1; i < n; i++)
        again[list[i] - cells] = strcmp(list[i]->id, list[i - 1]->id) == 0;
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        struct cell_record cell = cells[i];
        if (again[i])
            continue;
        cells[i] = cells[kept];
        cells[kept++] = cell;
    }
    free(again);
    free(list);
    return kept;
}

void store_cells_free(struct cell_record *cells, size_t n) {
    for (size_t i = 0; i < n; i++)
        store_cell_free(&cells[i]);
    free(cells);
}
