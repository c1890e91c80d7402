#include "store/sql.h"

#include "core/mem.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>

/* What a user can do about a result code; SQLite's own words stand in front. */
static const struct remedy {
    int code;
    const char *text;
} remedies[] = {
    {SQLITE_BUSY, "another process holds the database: wait until it is done, or end it"},
    {SQLITE_LOCKED, "another process holds the database: wait until it is done, or end it"},
    {SQLITE_READONLY,
        "file or folder cannot be written: change their permissions, or work on a copy"},
    {SQLITE_PERM, "file or folder may not be used: change their permissions, or work on a copy"},
    {SQLITE_AUTH, "file or folder may not be used: change their permissions, or work on a copy"},
    {SQLITE_CANTOPEN, "its folder must exist, and be writable while the database is in use"},
    {SQLITE_CORRUPT, "the file is damaged: restore a copy, or save what is left with the sqlite3 "
                     "program's .recover"},
    {SQLITE_NOTADB,
        "the file is damaged or no SQLite database: restore a copy, or name another file"},
    {SQLITE_IOERR, "reading or writing its disk failed: see the system's log, then run the command "
                   "again"},
};

static const char *remedy_of(int rc) {
    for (size_t i = 0; i < ARRAY_LEN(remedies); i++)
        if (remedies[i].code == (rc & 0xff))
            return remedies[i].text;
    return NULL;
}

/* A commit that fails on its journal leaves sqlite3_system_errno at 0; the journal itself remembers. */
static int errno_of(sqlite3 *db) {
    int value = sqlite3_system_errno(db);
    sqlite3_file *journal = NULL;
    if (!value &&
        sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &journal) == SQLITE_OK &&
        journal && journal->pMethods)
        journal->pMethods->xFileControl(journal, SQLITE_FCNTL_LAST_ERRNO, &value);
    return value;
}

/* Where there is no room to write: what to do about it; NULL: it is something else. */
static const char *space_remedy(sqlite3 *db, int rc) {
    int code = rc & 0xff;
    if (code == SQLITE_FULL)
        return err_space_remedy(ENOSPC);
    bool of_system = code == SQLITE_IOERR || code == SQLITE_CANTOPEN;
    return of_system ? err_space_remedy(errno_of(db)) : NULL;
}

bool sql_fail(sqlite3 *db, int rc, struct err *e) {
    const char *name = sqlite3_db_filename(db, "main");
    const char *file = name && *name ? name : "(database in memory)";
    const char *space = space_remedy(db, rc), *remedy = remedy_of(rc);
    if (space)
        return err_no_space(e, "%s: cannot be written: %s; %s; what was committed is kept", file,
            sqlite3_errmsg(db), space);
    return err_set(
        e, "%s: %s%s%s", file, sqlite3_errmsg(db), remedy ? "; " : "", remedy ? remedy : "");
}

static void bind_all(sqlite3_stmt *stmt, const char *types, va_list args) {
    for (int i = 1; *types; types++, i++) {
        switch (*types) {
        case 'i':
            sqlite3_bind_int(stmt, i, va_arg(args, int));
            break;
        case 'l':
            sqlite3_bind_int64(stmt, i, va_arg(args, long long));
            break;
        case 'd': /* SQLite stores NaN as NULL */
            sqlite3_bind_double(stmt, i, va_arg(args, double));
            break;
        case 's':
            sqlite3_bind_text(stmt, i, va_arg(args, const char *), -1, SQLITE_STATIC);
            break;
        default:
            sqlite3_bind_null(stmt, i);
        }
    }
}

static sqlite3_stmt *prepare(
    sqlite3 *db, struct err *e, const char *sql, const char *types, va_list args) {
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
    if (rc != SQLITE_OK) {
        sql_fail(db, rc, e);
        return NULL;
    }
    bind_all(stmt, types, args);
    return stmt;
}

sqlite3_stmt *sql_prepare(sqlite3 *db, struct err *e, const char *sql, const char *types, ...) {
    va_list args;
    va_start(args, types);
    sqlite3_stmt *stmt = prepare(db, e, sql, types, args);
    va_end(args);
    return stmt;
}

int sql_step(sqlite3_stmt *stmt, struct err *e) {
    int rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW || rc == SQLITE_DONE)
        return rc == SQLITE_ROW;
    sql_fail(sqlite3_db_handle(stmt), rc, e);
    return -1;
}

static bool run_to_end(sqlite3_stmt *stmt, struct err *e) {
    int row;
    do
        row = sql_step(stmt, e);
    while (row > 0);
    return row == 0;
}

bool sql_run(sqlite3 *db, struct err *e, const char *sql, const char *types, ...) {
    va_list args;
    va_start(args, types);
    sqlite3_stmt *stmt = prepare(db, e, sql, types, args);
    va_end(args);
    bool ok = stmt && run_to_end(stmt, e);
    sqlite3_finalize(stmt);
    return ok;
}

bool sql_again(sqlite3_stmt *stmt, struct err *e, const char *types, ...) {
    va_list args;
    va_start(args, types);
    bind_all(stmt, types, args);
    va_end(args);
    bool ok = run_to_end(stmt, e);
    sqlite3_reset(stmt);
    return ok;
}

bool sql_script(sqlite3 *db, const char *script, struct err *e) {
    int rc = sqlite3_exec(db, script, NULL, NULL, NULL);
    return rc == SQLITE_OK || sql_fail(db, rc, e);
}

long long sql_long(
    sqlite3 *db, struct err *e, long long absent, const char *sql, const char *types, ...) {
    va_list args;
    va_start(args, types);
    sqlite3_stmt *stmt = prepare(db, e, sql, types, args);
    va_end(args);
    long long value = absent;
    if (stmt && sql_step(stmt, e) > 0 && sqlite3_column_type(stmt, 0) != SQLITE_NULL)
        value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return value;
}

const char *sql_text(sqlite3_stmt *stmt, int column) {
    const unsigned char *text = sqlite3_column_text(stmt, column);
    return text ? (const char *)text : "";
}
