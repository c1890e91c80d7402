#include "commands/status_overview.h"

#include "commands/stored_grid.h"
#include "core/mem.h"
#include "grid/choice.h"
#include "grid/leaky.h"
#include "grid/lease.h"
#include "report/time_left.h"
#include "store/sql.h"

#include <stdlib.h>
#include <string.h>

static void estimate(struct overview *o) {
    o->left_s = left_s(o->cells, o->n);
    for (size_t i = 0; i < o->n; i++) {
        o->count[o->cells[i].state]++;
        o->wall_s += o->cells[i].wall_s;
    }
}

/* ---- leaky splits, which are never silent ---- */

/* A file of an older version that is only read has no findings. */
static bool count_leaky(struct overview *o, const struct stored_grid *g, struct err *e) {
    sqlite3 *db = store_db(g->store);
    bool told = sql_long(
        db, e, 0, "SELECT count(*) FROM pragma_table_info('v_cells') WHERE name = 'leaky'", "");
    sqlite3_stmt *row = sql_prepare(db, e,
        told
            ? "SELECT DISTINCT cell, dataset, split, leaky FROM v_cells WHERE grid IN (?1, ?1 || ':select')"
            : "SELECT DISTINCT cell, dataset, split, 0 FROM v_cells WHERE grid IN (?1, ?1 || ':select')",
        "s", g->name);
    int found = row ? 1 : -1;
    while (found > 0 && (found = sql_step(row, e)) > 0)
        o->leaky +=
            sqlite3_column_int(row, 3) == 1 || split_leaky(sql_text(row, 1), sql_text(row, 2));
    sqlite3_finalize(row);
    return found == 0;
}

/* ---- workers that have died ---- */

/* The cell's newest claim where nothing has ended it, else 0. */
static long long open_claim(
    const struct stored_grid *g, const struct cell_record *c, struct err *e) {
    return sql_long(store_db(g->store), e, 0,
        "SELECT iif(outcome IS NULL, run, 0) FROM v_runs WHERE cell = ?1 ORDER BY run DESC LIMIT 1",
        "s", c->id);
}

/* The kernel frees a dead worker's lock, and a living one ends its claim before it gives its lock back: a
 * claim that is open before and after the lock is found free is a dead worker's. */
static bool find_gone(struct overview *o, const struct stored_grid *g, struct err *e) {
    o->gone = xcalloc(o->n + 1, sizeof *o->gone);
    for (size_t i = 0; i < o->n && e->kind == ERR_NONE; i++) {
        const struct cell_record *c = &o->cells[i];
        long long claim = c->state == CELL_RUNNING ? open_claim(g, c, e) : 0;
        o->gone[i] = claim && lease_held(g->db, c->id) == 0 && open_claim(g, c, e) == claim;
    }
    return e->kind == ERR_NONE;
}

/* A worker keeps the lock of a cell that has failed until it has tried it as often as it was asked to. */
static void count_open(struct overview *o) {
    o->open = o->count[CELL_PENDING] + o->count[CELL_RUNNING];
    for (size_t i = 0; i < o->n; i++)
        o->open += o->cells[i].state == CELL_FAILED && lease_held(o->db, o->cells[i].id) == 1;
}

/* ---- all of it ---- */

bool overview_read(struct overview *o, const struct grid_options *of, struct err *e) {
    struct stored_grid g;
    *o = (struct overview){0};
    bool ok = stored_grid_open(&g, of, e) && choice_cells(g.store, g.name, &o->cells, &o->n, e);
    o->members = o->n;
    o->grid = xstrdup(g.name);
    o->db = xstrdup(g.db);
    if (ok) {
        o->n = store_cells_once(o->cells, o->n);
        estimate(o);
        count_open(o);
        ok = find_gone(o, &g, e) && count_leaky(o, &g, e);
    }
    stored_grid_close(&g);
    return ok;
}

void overview_free(struct overview *o) {
    store_cells_free(o->cells, o->members);
    free(o->gone);
    free(o->grid);
    free(o->db);
    *o = (struct overview){0};
}
