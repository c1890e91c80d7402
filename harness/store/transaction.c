/* Transactions. BEGIN IMMEDIATE takes the write lock at once, so that a transaction that has read never
 * finds that another process wrote meanwhile. */
#include "store/private.h"

bool store_begin(struct store *s, struct err *e) {
    return sql_script(s->db, "BEGIN IMMEDIATE", e);
}

bool store_commit(struct store *s, struct err *e) {
    return sql_script(s->db, "COMMIT", e);
}

void store_rollback(struct store *s) {
    if (!sqlite3_get_autocommit(s->db)) /* a full disk ends the transaction by itself */
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

bool store_enter(struct store *s, bool *own, struct err *e) {
    *own = sqlite3_get_autocommit(s->db) != 0;
    return !*own || store_begin(s, e);
}

bool store_end(struct store *s, bool own, bool ok, struct err *e) {
    if (ok && own)
        ok = store_commit(s, e);
    if (!ok && own)
        store_rollback(s);
    return ok;
}
