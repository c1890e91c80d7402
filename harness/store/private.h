/* What the store's own files share: the open database and helpers that more than one of them needs. */
#ifndef STORE_PRIVATE_H
#define STORE_PRIVATE_H

#include "store/sql.h"
#include "store/store.h"

struct store {
    sqlite3 *db;
    char *path; /* as the user wrote it */
    long long
        version; /* of the file's schema: an older one where a file of then was opened to read */
};

/* How long a lock is waited for; a cell's results take well under a second to write. */
enum { BUSY_TIMEOUT_MS = 30000 };

/* Groups a function's statements into one transaction: a new one where none is open, else part of the
 * caller's. store_end commits what store_enter began where `ok`, or rolls it back, and returns whether
 * all went well. */
bool store_enter(struct store *s, bool *own, struct err *e);
bool store_end(struct store *s, bool own, bool ok, struct err *e);

/* Whether a file system of this type (statfs f_type) is shared between machines, or may be: there the
 * shared memory of SQLite's WAL does not work. */
bool store_on_network(long fs_type);

/* The number of `name` in metric_name, given on first use; -1 on failure. */
int store_metric_number(struct store *s, const char *name, struct err *e);

/* Samples of earlier contents of the set that this one has too give way to it in v_samples. */
bool store_supersede(struct store *s, int64_t dataset, const char *name, struct err *e);

/* Grids, members and choices of `from`, whose cells `to` has; inside a transaction. */
bool store_merge_plans(struct store *to, struct store *from, struct err *e);

/* "now" in UTC, for the columns of schema.sql that hold times. */
#define SQL_NOW "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')"

#endif
