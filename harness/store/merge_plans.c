/* Merging what is planned: grids, their members, choices of open keys. */
#include "store/private.h"

/* ---- grids ---- */

static bool put_grid(struct store *to, struct store *from, const char *name, const char *source,
    int64_t *grid, struct err *e) {
    static const char differs[] = "SELECT source <> ?2 FROM grid WHERE name = ?1";
    if (sql_long(to->db, e, 0, differs, "ss", name, source) == 1)
        return err_usage(e,
            "grid %s: its file was another for %s than for %s: give both the file as it is now with "
            "`dmtl run` (cells that are done stay so)",
            name, from->path, to->path);
    return e->kind == ERR_NONE && store_put_grid(to, name, source, grid, e);
}

static int64_t cell_here(struct store *to, const char *id, struct err *e) {
    return sql_long(to->db, e, -1, "SELECT cell FROM cell WHERE id = ?1", "s", id);
}

/* `m`: position, id of the cell that was asked for, variant, axes. */
static bool put_member(struct store *to, struct store *from, int64_t grid, const char *name,
    sqlite3_stmt *m, struct err *e) {
    static const char same[] =
        "SELECT c.id = ?3 AND m.variant = ?4 FROM member m"
        " JOIN cell c ON c.cell = coalesce(m.asked, m.cell) WHERE m.grid = ?1 AND m.position = ?2";
    long long position = sqlite3_column_int64(m, 0);
    const char *id = sql_text(m, 1), *variant = sql_text(m, 2), *axes = sql_text(m, 3);
    long long there = sql_long(to->db, e, -1, same, "llss", (long long)grid, position, id, variant);
    if (there == 0)
        return err_usage(e,
            "grid %s: place %lld is %s (cell %.12s) in %s and another cell in %s: they were run with "
            "other --set, and belong into databases of their own",
            name, position, variant, id, from->path, to->path);
    if (there == 1 || e->kind != ERR_NONE)
        return e->kind == ERR_NONE;
    int64_t cell = cell_here(to, id, e);
    return e->kind == ERR_NONE && store_put_member(to, grid, cell, variant, axes, (int)position, e);
}

static bool merge_members(struct store *to, struct store *from, int64_t from_grid, int64_t grid,
    const char *name, struct err *e) {
    sqlite3_stmt *m = sql_prepare(from->db, e,
        "SELECT m.position, c.id, m.variant, m.axes FROM member m"
        " JOIN cell c ON c.cell = coalesce(m.asked, m.cell) WHERE m.grid = ?1 ORDER BY m.position",
        "l", (long long)from_grid);
    int row = m ? 1 : -1;
    while (row > 0 && (row = sql_step(m, e)) > 0)
        if (!put_member(to, from, grid, name, m, e))
            row = -1;
    sqlite3_finalize(m);
    return row == 0;
}

static bool merge_grids(struct store *to, struct store *from, struct err *e) {
    sqlite3_stmt *g =
        sql_prepare(from->db, e, "SELECT grid, name, source FROM grid ORDER BY grid", "");
    int row = g ? 1 : -1;
    while (row > 0 && (row = sql_step(g, e)) > 0) {
        int64_t grid;
        const char *name = sql_text(g, 1);
        if (!put_grid(to, from, name, sql_text(g, 2), &grid, e) ||
            !merge_members(to, from, sqlite3_column_int64(g, 0), grid, name, e))
            row = -1;
    }
    sqlite3_finalize(g);
    return row == 0;
}

/* ---- choices ---- */

static bool put_candidates(
    struct store *to, struct store *from, int64_t from_cell, int64_t cell, struct err *e) {
    sqlite3_stmt *k = sql_prepare(from->db, e,
        "SELECT k.position, c.id, k.selected, k.gain, k.best FROM choice_candidate k"
        " JOIN cell c ON c.cell = k.candidate WHERE k.cell = ?1 ORDER BY k.position",
        "l", (long long)from_cell);
    sqlite3_stmt *write = sql_prepare(to->db, e,
        "INSERT INTO choice_candidate (cell, position, candidate, selected, gain, best)"
        " SELECT ?1, ?2, cell, ?4, ?5, ?6 FROM cell WHERE id = ?3",
        "l", (long long)cell);
    int row = k && write ? 1 : -1;
    while (row > 0 && (row = sql_step(k, e)) > 0) {
        for (int c = 0; c < 5; c++)
            sqlite3_bind_value(write, c + 2, sqlite3_column_value(k, c));
        if (sql_step(write, e) < 0)
            row = -1;
        sqlite3_reset(write);
    }
    sqlite3_finalize(k);
    sqlite3_finalize(write);
    return row == 0;
}

/* `h`: row there, id of the cell that asks, id of the one that answers. */
static bool put_choice(struct store *to, struct store *from, sqlite3_stmt *h, struct err *e) {
    const char *asks = sql_text(h, 1), *answers = sql_text(h, 2);
    int64_t cell = cell_here(to, asks, e), chosen = cell_here(to, answers, e);
    long long own =
        sql_long(to->db, e, -1, "SELECT chosen FROM choice WHERE cell = ?1", "l", (long long)cell);
    if (e->kind != ERR_NONE)
        return false;
    if (own >= 0 && own != chosen)
        return err_usage(e,
            "cell %.12s: the values of its open keys were chosen otherwise in %s (cell %.12s) than in "
            "%s: their candidates did not come out the same; keep one of the two",
            asks, from->path, answers, to->path);
    return own >= 0 ||
           (sql_run(to->db, e, "INSERT INTO choice (cell, chosen) VALUES (?1, ?2)", "ll",
                (long long)cell, (long long)chosen) &&
               put_candidates(to, from, sqlite3_column_int64(h, 0), cell, e) &&
               sql_run(to->db, e, "UPDATE member SET asked = cell, cell = ?2 WHERE cell = ?1", "ll",
                   (long long)cell, (long long)chosen));
}

static bool merge_choices(struct store *to, struct store *from, struct err *e) {
    sqlite3_stmt *h = sql_prepare(from->db, e,
        "SELECT h.cell, a.id, b.id FROM choice h JOIN cell a ON a.cell = h.cell"
        " JOIN cell b ON b.cell = h.chosen ORDER BY h.cell",
        "");
    int row = h ? 1 : -1;
    while (row > 0 && (row = sql_step(h, e)) > 0)
        if (!put_choice(to, from, h, e))
            row = -1;
    sqlite3_finalize(h);
    return row == 0;
}

bool store_merge_plans(struct store *to, struct store *from, struct err *e) {
    return merge_grids(to, from, e) && merge_choices(to, from, e);
}
