/* What the gates found of a cell's split. */
#include "store/private.h"

static bool put(
    sqlite3 *db, long long cell, int position, const struct store_finding *f, struct err *e) {
    return sql_run(db, e,
        "INSERT INTO finding (cell, position, gate, verdict, attribute, part, against, value, bound, n,"
        " examples, text) VALUES (?1, ?2, ?3, ?4, nullif(?5, -1), nullif(?6, -1), nullif(?7, -1), ?8, ?9,"
        " ?10, ?11, ?12)",
        "liiiiiiddlss", cell, position, f->gate, f->verdict, f->attribute, f->part, f->against,
        f->value, f->bound, (long long)f->n, f->examples, f->text);
}

bool store_put_findings(
    struct store *s, int64_t cell, const struct store_finding *rows, size_t n, struct err *e) {
    bool own;
    if (!store_enter(s, &own, e))
        return false;
    bool ok = sql_run(s->db, e, "DELETE FROM finding WHERE cell = ?1", "l", (long long)cell);
    for (size_t i = 0; ok && i < n; i++)
        ok = put(s->db, (long long)cell, (int)i, &rows[i], e);
    return store_end(s, own, ok, e);
}
