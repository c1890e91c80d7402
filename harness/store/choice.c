/* Which values of a cell's open keys were chosen on the validation part, and among which. */
#include "store/private.h"

#include <math.h>

static bool put_candidate(struct store *s, int64_t cell, int position,
    const struct store_candidate *c, bool best, struct err *e) {
    return sql_run(s->db, e,
        "INSERT INTO choice_candidate (cell, position, candidate, selected, gain, best)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        "lilsdi", (long long)cell, position, (long long)c->cell, c->selected, c->gain, (int)best);
}

bool store_put_choice(struct store *s, int64_t cell, int64_t chosen,
    const struct store_candidate *candidates, size_t n, size_t best, struct err *e) {
    long long there =
        sql_long(s->db, e, 0, "SELECT count(*) FROM choice WHERE cell = ?1", "l", (long long)cell);
    if (e->kind != ERR_NONE || there)
        return e->kind == ERR_NONE;
    bool ok = sql_run(s->db, e, "INSERT INTO choice (cell, chosen) VALUES (?1, ?2)", "ll",
        (long long)cell, (long long)chosen);
    for (size_t i = 0; ok && i < n; i++)
        ok = put_candidate(s, cell, (int)i, &candidates[i], i == best, e);
    return ok && sql_run(s->db, e, "UPDATE member SET asked = cell, cell = ?2 WHERE cell = ?1",
                     "ll", (long long)cell, (long long)chosen);
}

int64_t store_choice(struct store *s, const char *id, struct err *e) {
    return sql_long(s->db, e, 0,
        "SELECT chosen FROM choice WHERE cell = (SELECT cell FROM cell WHERE id = ?1)", "s", id);
}
