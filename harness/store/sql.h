/* SQLite with our errors: statements with bound values, messages that name file and SQL's complaint. */
#ifndef STORE_SQL_H
#define STORE_SQL_H

#include "core/err.h"

#include <sqlite3.h>
#include <stdbool.h>

/* Prepares `sql` and binds the arguments by the letters of `types`: i int, l long long, d double (NaN:
 * NULL), s text (NULL: NULL; must outlive the step), n NULL (takes no argument). NULL on failure. */
sqlite3_stmt *sql_prepare(sqlite3 *db, struct err *e, const char *sql, const char *types, ...);

/* Steps: 1 a row, 0 done, -1 failed (err set). A lock that does not clear within the busy timeout,
 * a full disk and a read-only file each have their own remedy in the message. */
int sql_step(sqlite3_stmt *stmt, struct err *e);

/* Prepares, runs to the end, finalises. */
bool sql_run(sqlite3 *db, struct err *e, const char *sql, const char *types, ...);
bool sql_script(sqlite3 *db, const char *script, struct err *e);

/* Runs a prepared statement to the end with new values, for many rows. */
bool sql_again(sqlite3_stmt *stmt, struct err *e, const char *types, ...);

/* First column of the first row; `absent` where there is no row, it is NULL, or it failed (err set). */
long long sql_long(
    sqlite3 *db, struct err *e, long long absent, const char *sql, const char *types, ...);
const char *sql_text(sqlite3_stmt *stmt, int column); /* "" for NULL; valid until the next step */

/* Turns the database's last complaint, result code `rc`, into an error with its remedy, ERR_NO_SPACE for a
 * full disk; false. */
bool sql_fail(sqlite3 *db, int rc, struct err *e);

#endif
