#include "store/merge.h"

#include "core/mem.h"
#include "store/private.h"

#include <stdlib.h>
#include <string.h>

/* ---- results ---- */

/* Numbers that every file has alike, below these. */
static const int64_t words_end[COLUMN_IN_FILE] = {[COLUMN_PART] = PART_COUNT,
    [COLUMN_TASK] = ATTR_COUNT,
    [COLUMN_READOUT] = READOUT_COUNT,
    [COLUMN_CONVENTION] = 2};

static int64_t number_here(
    const struct translation *numbers, enum column_kind kind, int64_t number) {
    if (kind >= COLUMN_IN_FILE)
        return translation_number(numbers, kind, number);
    return number >= (kind == COLUMN_TASK ? -1 : 0) && number < words_end[kind] ? number
                                                                                : INT64_MIN;
}

static bool copy_row(const struct result_table *t, const struct translation *numbers,
    sqlite3_stmt *read, sqlite3_stmt *write, const char *file, struct err *e) {
    for (int c = 0; c < t->n_columns; c++) {
        enum column_kind kind = t->columns[c].kind;
        if (kind == COLUMN_VALUE) {
            sqlite3_bind_value(write, c + 2, sqlite3_column_value(read, c));
            continue;
        }
        int64_t number = number_here(numbers, kind, sqlite3_column_int64(read, c));
        if (number < -1 || (number < 0 && kind != COLUMN_TASK))
            return err_set(e, "%s: is damaged: a row of its %s names a %s that it does not hold",
                file, t->what, t->columns[c].name);
        sqlite3_bind_int64(write, c + 2, number);
    }
    bool ok = sql_step(write, e) == 0;
    sqlite3_reset(write);
    return ok;
}

static bool copy_table(const struct result_table *t, const struct translation *numbers,
    struct store *from, int64_t from_cell, struct store *to, int64_t cell, struct err *e) {
    char *select = result_select(t), *insert = result_insert(t);
    sqlite3_stmt *read = sql_prepare(from->db, e, select, "l", (long long)from_cell);
    sqlite3_stmt *write = sql_prepare(to->db, e, insert, "l", (long long)cell);
    int row = read && write ? 1 : -1;
    while (row > 0 && (row = sql_step(read, e)) > 0)
        if (!copy_row(t, numbers, read, write, from->path, e))
            row = -1;
    sqlite3_finalize(read);
    sqlite3_finalize(write);
    free(select);
    free(insert);
    return row == 0;
}

/* Rows of `select` (its cell is ?1) into `insert`, whose ?1 is the cell here and ?2 ... what was read. */
static bool copy_rows(struct store *from, const char *select, int64_t from_cell, struct store *to,
    const char *insert, int64_t cell, struct err *e) {
    sqlite3_stmt *read = sql_prepare(from->db, e, select, "l", (long long)from_cell);
    sqlite3_stmt *write = sql_prepare(to->db, e, insert, "l", (long long)cell);
    int row = read && write ? 1 : -1;
    while (row > 0 && (row = sql_step(read, e)) > 0) {
        for (int c = 0; c < sqlite3_column_count(read); c++)
            sqlite3_bind_value(write, c + 2, sqlite3_column_value(read, c));
        if (sql_step(write, e) < 0)
            row = -1;
        sqlite3_reset(write);
    }
    sqlite3_finalize(read);
    sqlite3_finalize(write);
    return row == 0;
}

#define OUTCOME                                                                                    \
    "epochs_done, step, reported_epoch, diverged, wall_s, started, finished, error, state, config"

static bool take_results(struct store *to, int64_t cell, struct store *from, int64_t from_cell,
    const struct translation *numbers, struct err *e) {
    bool ok = store_rewind(to, cell, 0, 0, e) &&
              sql_run(to->db, e, "DELETE FROM finding WHERE cell = ?1", "l", (long long)cell) &&
              copy_rows(from, "SELECT " OUTCOME " FROM cell WHERE cell = ?1", from_cell, to,
                  "UPDATE cell SET (" OUTCOME ") = (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
                  " WHERE cell = ?1",
                  cell, e) &&
              copy_rows(from,
                  "SELECT position, gate, verdict, attribute, part, against, value, bound, n,"
                  " examples, text FROM finding WHERE cell = ?1 ORDER BY position",
                  from_cell, to,
                  "INSERT INTO finding (cell, position, gate, verdict, attribute, part, against,"
                  " value, bound, n, examples, text)"
                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
                  cell, e);
    for (int i = 0; ok && i < RESULT_TABLES; i++)
        ok = copy_table(&result_tables[i], numbers, from, from_cell, to, cell, e);
    return ok;
}

/* ---- claims ---- */

#define CLAIM                                                                                       \
    "started, ended, outcome, wall_s, peak_rss_bytes, images_per_s, threads, host, device,"         \
    " program_version, git_commit, libtorch, blas, data_fingerprint, weights_sha256, lists_sha256," \
    " backend"

/* The claims of both files, each once. Their numbers go by their times, so that the order of merging shows nowhere;
 * what the cell's results came from is the last. */
static bool join_claims(
    struct store *to, int64_t cell, struct store *from, int64_t from_cell, struct err *e) {
    static const char number[] =
        "INSERT INTO attempt (cell, attempt, " CLAIM ") SELECT ?1, row_number() OVER"
        " (ORDER BY coalesce(outcome, -1) = ?2, started, ended, " CLAIM "), " CLAIM
        " FROM (SELECT DISTINCT " CLAIM " FROM temp.claim)";
    return sql_script(to->db,
               "CREATE TEMP TABLE IF NOT EXISTS claim AS SELECT " CLAIM
               " FROM attempt WHERE 0; DELETE FROM temp.claim",
               e) &&
           sql_run(to->db, e,
               "INSERT INTO temp.claim SELECT " CLAIM " FROM attempt WHERE cell = ?1", "l",
               (long long)cell) &&
           copy_rows(from, "SELECT " CLAIM " FROM attempt WHERE cell = ?1", from_cell, to,
               "INSERT INTO temp.claim SELECT ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
               " ?14, ?15, ?16, ?17, ?18 WHERE ?1",
               1, e) &&
           sql_run(to->db, e, "DELETE FROM attempt WHERE cell = ?1", "l", (long long)cell) &&
           sql_run(to->db, e, number, "li", (long long)cell, CELL_DONE) &&
           sql_run(to->db, e,
               "UPDATE cell SET token = (SELECT count(*) FROM attempt WHERE cell = ?1)"
               " WHERE cell = ?1",
               "l", (long long)cell);
}

/* ---- cells ---- */

static bool refuse_two_results(
    struct store *to, struct store *from, const char *id, const char *words, struct err *e) {
    return err_usage(e,
        "cell %.12s has other results in %s than in %s: %.1400s; nothing of %s is taken: keep one of "
        "the two (`dmtl verify` tells which comes out again)",
        id, from->path, to->path, words, from->path);
}

static bool check_same(struct store *to, int64_t cell, struct store *from, int64_t from_cell,
    const struct translation *numbers, const char *id, struct err *e) {
    struct str words = {0};
    bool ok = store_cell_differences(to, cell, from, from_cell, numbers, &words, e) &&
              (!words.len || refuse_two_results(to, from, id, words.text, e));
    str_free(&words);
    return ok;
}

/* Of two failures the later one, by time and then by message. */
static bool fails_later(struct store *to, int64_t cell, sqlite3_stmt *there, struct err *e) {
    return sql_long(to->db, e, 0,
               "SELECT coalesce(finished, '') < ?2 OR (coalesce(finished, '') = ?2"
               " AND coalesce(error, '') < ?3) FROM cell WHERE cell = ?1",
               "lss", (long long)cell, sql_text(there, 2), sql_text(there, 3)) == 1;
}

static int64_t put_cell(
    struct store *to, struct store *from, int64_t from_cell, const char *id, struct err *e) {
    bool ok = copy_rows(from,
        "SELECT id, seed, split_seed, fold, epochs, dataset, split, config FROM cell"
        " WHERE cell = ?1",
        from_cell, to,
        "INSERT OR IGNORE INTO cell (id, seed, split_seed, fold, epochs, dataset, split, config)"
        " SELECT ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 WHERE ?1",
        1, e);
    return ok ? sql_long(to->db, e, -1, "SELECT cell FROM cell WHERE id = ?1", "s", id) : -1;
}

/* `there`: row, state, finished, error, id. */
static bool merge_cell(struct store *to, struct store *from, sqlite3_stmt *there,
    const struct translation *numbers, struct merge_count *count, struct err *e) {
    int64_t from_cell = sqlite3_column_int64(there, 0);
    int state = sqlite3_column_int(there, 1);
    const char *id = sql_text(there, 4);
    if (strlen(id) != SHA256_HEX - 1 || strspn(id, "0123456789abcdef") != SHA256_HEX - 1)
        return err_set(e, "%s: is damaged: \"%.80s\" is no cell's id", from->path, id);
    int64_t cell = put_cell(to, from, from_cell, id, e);
    long long own =
        sql_long(to->db, e, -1, "SELECT state FROM cell WHERE cell = ?1", "l", (long long)cell);
    if (cell < 0 || e->kind != ERR_NONE)
        return false;
    bool settled = state == CELL_DONE || state == CELL_FAILED;
    bool begun = sql_long(to->db, e, 0, "SELECT step > 0 FROM cell WHERE cell = ?1", "l",
                     (long long)cell) == 1; /* a failure never replaces what can go on */
    bool take =
        settled && own != CELL_DONE &&
        (state == CELL_DONE || (own == CELL_FAILED ? fails_later(to, cell, there, e) : !begun));
    count->same += state == CELL_DONE && own == CELL_DONE;
    count->taken += state == CELL_DONE && own != CELL_DONE;
    bool fails = state == CELL_FAILED && own != CELL_DONE;
    count->failed += fails && (take || own == CELL_FAILED);
    count->open += !settled || (fails && !take && own != CELL_FAILED);
    if (state == CELL_DONE && own == CELL_DONE &&
        !check_same(to, cell, from, from_cell, numbers, id, e))
        return false;
    return (!take || take_results(to, cell, from, from_cell, numbers, e)) &&
           (!settled || join_claims(to, cell, from, from_cell, e)) && e->kind == ERR_NONE;
}

static bool merge_cells(struct store *to, struct store *from, const struct translation *numbers,
    struct merge_count *count, struct err *e) {
    sqlite3_stmt *there = sql_prepare(
        from->db, e, "SELECT cell, state, finished, error, id FROM cell ORDER BY cell", "");
    int row = there ? 1 : -1;
    while (row > 0 && (row = sql_step(there, e)) > 0)
        if (!merge_cell(to, from, there, numbers, count, e))
            row = -1;
    sqlite3_finalize(there);
    return row == 0;
}

/* ---- all of it ---- */

static bool merge_in_transaction(
    struct store *to, struct store *from, struct merge_count *count, struct err *e) {
    struct translation numbers = {0};
    if (!store_begin(to, e))
        return false;
    bool ok = translation_make(&numbers, from, to, true, e) &&
              merge_cells(to, from, &numbers, count, e) && store_merge_plans(to, from, e) &&
              store_commit(to, e);
    if (!ok)
        store_rollback(to);
    translation_free(&numbers);
    return ok;
}

/* Every number of a row is looked up above, so SQLite's own look at the tables they stand in, a third of the time,
 * is left out. */
bool store_merge(struct store *to, struct store *from, struct merge_count *count, struct err *e) {
    *count = (struct merge_count){0};
    sqlite3_db_config(to->db, SQLITE_DBCONFIG_ENABLE_FKEY, 0, NULL);
    bool ok = merge_in_transaction(to, from, count, e);
    sqlite3_db_config(to->db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
    return ok;
}
