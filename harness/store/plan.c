/* What is planned: grids, cells, and which cell stands where in which grid. */
#include "store/private.h"

#include "core/mem.h"
#include "core/str.h"

#include <stdlib.h>

bool store_put_grid(
    struct store *s, const char *name, const char *source, int64_t *grid, struct err *e) {
    bool ok = sql_run(s->db, e,
        "INSERT INTO grid (name, source) VALUES (?1, ?2)"
        " ON CONFLICT (name) DO UPDATE SET source = excluded.source",
        "ss", name, source);
    *grid = ok ? sql_long(s->db, e, -1, "SELECT grid FROM grid WHERE name = ?1", "s", name) : -1;
    return ok && e->kind == ERR_NONE;
}

/* A cell that is done keeps the configuration it ran with; otherwise keys that change no result may
 * have changed since it was planned. */
bool store_put_cell(struct store *s, const struct store_cell *c, int64_t *cell, struct err *e) {
    if (c->seed > INT64_MAX || c->split_seed > INT64_MAX)
        return err_usage(e, "%s: seeds must be below 2^63, got /seed %llu, /split/seed %llu",
            s->path, (unsigned long long)c->seed, (unsigned long long)c->split_seed);
    bool ok = sql_run(s->db, e,
        "INSERT INTO cell (id, config, dataset, split, split_seed, seed, fold, epochs)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (id) DO UPDATE"
        " SET config = excluded.config WHERE state <> ?9 AND config <> excluded.config",
        "sssslliii", c->id, c->config, c->dataset, c->split, (long long)c->split_seed,
        (long long)c->seed, c->fold, c->epochs, CELL_DONE);
    *cell = ok ? sql_long(s->db, e, -1, "SELECT cell FROM cell WHERE id = ?1", "s", c->id) : -1;
    return ok && e->kind == ERR_NONE;
}

bool store_clear_members(struct store *s, int64_t grid, struct err *e) {
    return sql_run(s->db, e, "DELETE FROM member WHERE grid = ?1", "l", (long long)grid);
}

bool store_put_member(struct store *s, int64_t grid, int64_t cell, const char *variant,
    const char *axes, int position, struct err *e) {
    return sql_run(s->db, e,
        "INSERT INTO member (grid, cell, asked, variant, axes, position)"
        " SELECT ?1, coalesce(c.chosen, ?2), c.cell, ?3, ?4, ?5"
        " FROM (SELECT 1) LEFT JOIN choice c ON c.cell = ?2",
        "llssi", (long long)grid, (long long)cell, variant, axes, position);
}

static void no_such_grid(struct store *s, const char *name, struct err *e) {
    struct str known = {0};
    char **names = NULL;
    size_t n = 0, capacity = 0;
    sqlite3_stmt *stmt = sql_prepare(s->db, e, "SELECT name FROM grid ORDER BY name", "");
    while (stmt && sql_step(stmt, e) > 0) {
        names = xgrow(names, &capacity, n + 1, sizeof *names);
        names[n++] = xstrdup(sql_text(stmt, 0));
        str_addf(&known, "%s%s", known.len ? ", " : "", sql_text(stmt, 0));
    }
    sqlite3_finalize(stmt);
    err_usage(e, "%s: holds no grid \"%s\" (it holds: %s)", s->path, name,
        known.len ? known.text : "none yet, `dmtl run` writes them");
    err_hint(e, name, names, n, sizeof *names);
    while (n)
        free(names[--n]);
    free(names);
    str_free(&known);
}

char *store_grid_source(struct store *s, const char *name, struct err *e) {
    char *source = NULL;
    sqlite3_stmt *stmt =
        sql_prepare(s->db, e, "SELECT source FROM grid WHERE name = ?1", "s", name);
    int row = stmt ? sql_step(stmt, e) : -1;
    if (row > 0)
        source = xstrdup(sql_text(stmt, 0));
    sqlite3_finalize(stmt);
    if (row == 0)
        no_such_grid(s, name, e);
    return source;
}
