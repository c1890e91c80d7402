/* dmtl status: how far a grid is, from its results database alone. */
#include "commands/command.h"

#include "commands/stored_grid.h"
#include "core/escape.h"
#include "core/json.h"
#include "core/mem.h"
#include "grid/choice.h"
#include "grid/leaky.h"
#include "grid/lease.h"
#include "report/duration.h"
#include "report/output.h"
#include "report/time_left.h"
#include "store/sql.h"

#include <stdlib.h>
#include <string.h>

enum { KEY_JSON = 256 };
enum { ID_SHOWN = 12 };

/* Workers give a sign of life every few seconds: one that has been silent for so long is called so. */
static const double silent_s = 120;

static const struct argp_option options[] = {
    {"json", KEY_JSON, NULL, 0, "print JSON", 0},
    {0},
};

struct status_options {
    struct grid_options grid;
    bool json;
};

static error_t parse(int key, char *value, struct argp_state *state) {
    struct status_options *o = state->input;
    (void)value;
    if (key != KEY_JSON)
        return ARGP_ERR_UNKNOWN;
    o->json = true;
    return 0;
}

static const struct argp argp = {options, parse, "GRID",
    "Shows how far a grid is: cells by state, those that run, those that failed and why, time left.\v"
    "GRID is the grid's file or its name in the database.",
    NULL, NULL, NULL};

/* ---- what there is to say ---- */

struct overview {
    struct cell_record
        *cells; /* each cell once, however often it stands in the grid, candidates first */
    size_t n, count[CELL_STATE_COUNT];
    size_t leaky;  /* whose split leaks: by its kind, or as the gates found */
    bool *gone;    /* [n] it counts as running, but its worker has died */
    double wall_s; /* of all cells so far */
    double left_s; /* of work, one worker; -1: no cell is done, so nothing is known */
};

/* Orders pointers to records by cell; those of one cell by their places. */
static int by_cell(const void *a, const void *b) {
    const struct cell_record *x = *(const struct cell_record *const *)a;
    const struct cell_record *y = *(const struct cell_record *const *)b;
    return x->cell != y->cell ? (x->cell > y->cell) - (x->cell < y->cell) : (x > y) - (x < y);
}

/* In the grid's order; those not kept go behind the others, to be freed. */
static void keep_each_once(struct overview *o) {
    const struct cell_record **list = xcalloc(o->n + 1, sizeof *list);
    bool *again = xcalloc(o->n + 1, sizeof *again);
    for (size_t i = 0; i < o->n; i++)
        list[i] = &o->cells[i];
    qsort(list, o->n, sizeof *list, by_cell);
    for (size_t i = 1; i < o->n; i++)
        again[list[i] - o->cells] = list[i]->cell == list[i - 1]->cell;
    size_t kept = 0;
    for (size_t i = 0; i < o->n; i++) {
        struct cell_record cell = o->cells[i];
        if (again[i])
            continue;
        o->cells[i] = o->cells[kept];
        o->cells[kept++] = cell;
    }
    o->n = kept;
    free(again);
    free(list);
}

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

/* ---- text ---- */

static void add_cell(struct str *out, const struct cell_record *c) {
    str_addf(out, "  %.*s  ", ID_SHOWN, c->id);
    escape_line(out, c->variant);
    str_addc(out, ' ');
    escape_line(out, c->axes);
}

static void add_running(struct str *out, const struct overview *o, size_t i) {
    const struct cell_record *c = &o->cells[i];
    add_cell(out, c);
    str_addf(out, "  %d/%d epochs", c->epochs_done, c->epochs);
    if (o->gone[i]) {
        str_add(out, "; its worker is gone: `dmtl run` goes on from its last checkpoint");
    } else if (c->heartbeat_age_s >= 0) {
        str_addf(out, ", %.0f%%, %.0f images/s", 100 * share_done(c), c->images_per_s);
        if (c->heartbeat_age_s > silent_s) {
            str_add(out, "; no sign of life for ");
            duration_add(out, c->heartbeat_age_s);
        }
    }
    str_addc(out, '\n');
}

static void add_failed(struct str *out, const struct overview *o, size_t i) {
    const struct cell_record *c = &o->cells[i];
    add_cell(out, c);
    str_add(out, "\n    ");
    escape_line(out, c->error ? c->error : "no message");
    str_addc(out, '\n');
}

static void add_state(struct str *out, const struct overview *o, enum cell_state state,
    void (*add)(struct str *out, const struct overview *o, size_t i)) {
    if (o->count[state])
        str_addf(out, "\n%s\n", cell_state_name[state]);
    for (size_t i = 0; i < o->n; i++)
        if (o->cells[i].state == state)
            add(out, o, i);
}

static void add_text(struct str *out, const struct overview *o, const struct stored_grid *g) {
    escape_line(out, g->name);
    str_addf(out, ": %zu cell%s:", o->n, o->n == 1 ? "" : "s");
    const char *between = " ";
    for (int s = CELL_STATE_COUNT - 1; s >= 0; s--)
        if (o->count[s]) {
            str_addf(out, "%s%zu %s", between, o->count[s], cell_state_name[s]);
            between = ", ";
        }
    str_add(out, " (");
    escape_line(out, g->db);
    str_add(out, ")\n");
    if (o->leaky)
        str_addf(out, "leaky split in %zu of them: parts share persons or images\n", o->leaky);
    add_state(out, o, CELL_RUNNING, add_running);
    add_state(out, o, CELL_FAILED, add_failed);
    str_add(out, "\nwork so far ");
    duration_add(out, o->wall_s);
    if (o->count[CELL_DONE] < o->n && o->left_s >= 0) {
        str_add(out, ", left about ");
        duration_add(out, o->left_s);
        str_add(out, " for one worker");
    }
    str_addc(out, '\n');
}

/* ---- JSON ---- */

static cJSON *cell_json(const struct overview *o, size_t i) {
    const struct cell_record *c = &o->cells[i];
    struct err none = {0};
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "id", c->id);
    cJSON_AddStringToObject(object, "variant", c->variant);
    cJSON_AddItemToObject(object, "axes", json_parse("axes", c->axes, strlen(c->axes), &none));
    cJSON_AddStringToObject(object, "state", cell_state_name[c->state]);
    cJSON_AddNumberToObject(object, "epochs_done", c->epochs_done);
    cJSON_AddNumberToObject(object, "epochs", c->epochs);
    cJSON_AddNumberToObject(object, "fraction", share_done(c));
    cJSON_AddNumberToObject(object, "wall_s", c->wall_s);
    if (c->state == CELL_RUNNING)
        cJSON_AddBoolToObject(object, "worker_gone", o->gone[i]);
    if (c->state == CELL_RUNNING && c->heartbeat_age_s >= 0) {
        cJSON_AddNumberToObject(object, "images_per_s", c->images_per_s);
        cJSON_AddNumberToObject(object, "heartbeat_age_s", c->heartbeat_age_s);
    }
    if (c->state == CELL_FAILED)
        cJSON_AddStringToObject(object, "error", c->error ? c->error : "");
    return object;
}

static void add_json(struct str *out, const struct overview *o, const struct stored_grid *g) {
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "grid", g->name);
    cJSON_AddStringToObject(root, "database", g->db);
    cJSON *count = cJSON_AddObjectToObject(root, "count");
    for (int s = 0; s < CELL_STATE_COUNT; s++)
        cJSON_AddNumberToObject(count, cell_state_name[s], (double)o->count[s]);
    cJSON_AddNumberToObject(root, "leaky", (double)o->leaky);
    cJSON_AddNumberToObject(root, "wall_s", o->wall_s);
    if (o->left_s < 0)
        cJSON_AddNullToObject(root, "left_s");
    else
        cJSON_AddNumberToObject(root, "left_s", o->left_s);
    cJSON *cells = cJSON_AddArrayToObject(root, "cells");
    for (size_t i = 0; i < o->n; i++)
        cJSON_AddItemToArray(cells, cell_json(o, i));
    json_pretty(out, root);
    str_addc(out, '\n');
    cJSON_Delete(root);
}

static bool show(const struct status_options *given, struct err *e) {
    struct stored_grid g;
    struct overview o = {0};
    struct str text = {0};
    bool ok =
        stored_grid_open(&g, &given->grid, e) && choice_cells(g.store, g.name, &o.cells, &o.n, e);
    size_t members = o.n;
    if (ok) {
        keep_each_once(&o);
        estimate(&o);
        ok = find_gone(&o, &g, e) && count_leaky(&o, &g, e);
    }
    if (ok) {
        if (given->json)
            add_json(&text, &o, &g);
        else
            add_text(&text, &o, &g);
        ok = output_write(NULL, text.text, text.len, e);
    }
    str_free(&text);
    free(o.gone);
    store_cells_free(o.cells, members);
    stored_grid_close(&g);
    return ok;
}

bool command_status(int argc, char **argv, struct err *e) {
    struct status_options o = {.grid.takes = TAKES_DB};
    bool done, ok = command_parse(&argp, argc, argv, &o, &o.grid, &done, e);
    return ok && (done || (grid_options_stored(&o.grid, "status", e) && show(&o, e)));
}
