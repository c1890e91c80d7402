/* dmtl plan: every cell of a grid with what it changes and how far it is. */
#include "commands/command.h"
#include "commands/plan_estimate.h"

#include "core/escape.h"
#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"
#include "grid/grid.h"
#include "grid/leaky.h"
#include "grid/schema.h"
#include "report/duration.h"
#include "report/setting.h"
#include "report/size.h"
#include "store/sql.h"
#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_RESOLVED = 256,
    KEY_JSON,
    KEY_PROBE,
    KEY_THREADS,
    KEY_DEVICE,
    KEY_DATA,
    KEY_LISTS,
    KEY_CACHE,
    KEY_KEYS,
    KEY_SCHEMA
};
enum { ID_SHOWN = 12 };

static const struct argp_option options[] = {
    {"resolved", KEY_RESOLVED, NULL, 0, "print each cell's whole configuration, defaults too", 0},
    {"json", KEY_JSON, NULL, 0, "print JSON", 0},
    {"jobs", 'j', "N", 0, "the time left for so many workers (default: 1)", 0},
    {"threads", KEY_THREADS, "N", 0,
        "-j: threads of each worker (default: the cores divided by the workers)", 0},
    {"probe", KEY_PROBE, NULL, 0,
        "time a few steps of each kind of cell that none is done of, one process alone, for the time left and the disk needed",
        0},
    {"device", KEY_DEVICE, "NAME", 0, "--probe: cpu, cuda or cuda:N (default: cpu)", 0},
    {"data", KEY_DATA, DATA_OPTION_ARG, 0, "--probe: " DATA_OPTION_HELP, 0},
    {"lists", KEY_LISTS, "DIR", 0, "--probe: " LISTS_OPTION_HELP, 0},
    {"cache", KEY_CACHE, "DIR", 0,
        "--probe: where hashes of images are kept (default: cache, beside the database)", 0},
    {"keys", KEY_KEYS, NULL, 0, "print every key that a grid can set, and leave", 0},
    {"schema", KEY_SCHEMA, NULL, 0, "print the JSON Schema of grid files, and leave", 0},
    {0},
};

struct plan {
    struct grid_options grid;
    struct estimate_options estimate;
    bool resolved, json, keys, schema;
    struct err *e;
};

static error_t parse(int key, char *value, struct argp_state *state) {
    struct plan *p = state->input;
    switch (key) {
    case 'j':
        return command_number("plan", "-j", value, 1, 1024, &p->estimate.jobs, p->e) ? 0 : EINVAL;
    case KEY_THREADS:
        return command_number("plan", "--threads", value, 1, 4096, &p->estimate.threads, p->e)
                   ? 0
                   : EINVAL;
    case KEY_PROBE:
        p->estimate.probe = true;
        break;
    case KEY_DEVICE:
        p->estimate.device = value;
        break;
    case KEY_DATA:
        return data_options_add(&p->estimate.data, value, p->e) ? 0 : EINVAL;
    case KEY_LISTS:
        p->estimate.data.lists = value;
        break;
    case KEY_CACHE:
        p->estimate.cache = value;
        break;
    case KEY_RESOLVED:
        p->resolved = true;
        break;
    case KEY_JSON:
        p->json = true;
        break;
    case KEY_KEYS:
        p->keys = true;
        break;
    case KEY_SCHEMA:
        p->schema = true;
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {options, parse, "GRID",
    "Shows every cell of a grid file, what it changes, how far it is, and what is left. No cell is run.\v"
    "The grid file is JSON; `dmtl plan --keys` lists what it can set.",
    NULL, NULL, NULL};

/* ---- states ---- */

static bool look_up(struct store *s, const struct cell *cells, size_t n,
    struct cell_progress *progress, struct err *e) {
    return n == 0 || store_cells_progress(s, cells[0].id, n, sizeof cells[0], progress, e);
}

/* How far each cell is; all pending where there is no database yet. */
static bool look_up_all(
    const char *db, const struct grid *g, struct plan_progress *p, struct err *e) {
    p->cells = xcalloc(g->n_cells, sizeof *p->cells);
    p->candidates = xcalloc(g->n_candidates + 1, sizeof *p->candidates);
    if (file_absent(db))
        return true;
    struct store *s = store_open(db, STORE_READ, e);
    bool ok = s && look_up(s, g->cells, g->n_cells, p->cells, e) &&
              look_up(s, g->candidates, g->n_candidates, p->candidates, e);
    if (ok)
        p->done_in_database = sql_long(
            store_db(s), e, 0, "SELECT count(DISTINCT cell) FROM v_cells WHERE state = 'done'", "");
    ok = ok && e->kind == ERR_NONE;
    store_close(s);
    return ok;
}

/* ---- printing ---- */

/* "12 cells: 10 done, 2 pending", with `before` in front; nothing where no cell is shown. */
static void add_count(struct str *out, const struct plan *p, const struct cell *list, size_t n,
    const struct cell_progress *progress, const char *before, const char *what) {
    int count[CELL_STATE_COUNT] = {0}, cells = 0;
    for (size_t i = 0; i < n; i++)
        if (grid_options_choose(&p->grid, list[i].variant)) {
            count[progress[i].state]++;
            cells++;
        }
    if (cells == 0)
        return;
    str_addf(out, "%s%d %s%s:", before, cells, what, cells == 1 ? "" : "s");
    for (int s = CELL_STATE_COUNT - 1, first = 1; s >= 0; s--)
        if (count[s]) {
            str_addf(out, "%s %d %s", first ? "" : ",", count[s], cell_state_name[s]);
            first = 0;
        }
}

static void add_total(struct str *out, const struct plan *p, const struct grid *g,
    const struct plan_progress *progress, const char *db) {
    add_count(out, p, g->cells, g->n_cells, progress->cells, "", "cell");
    add_count(out, p, g->candidates, g->n_candidates, progress->candidates, "; ", "candidate");
    str_addf(out, " (%s%s)\n", db, file_absent(db) ? ", not there yet" : "");
}

/* "left about 3 h 10 min for 2 workers, 1.2 GB more on disk of 45.0 GB that are free (from 6 cells that are done)" */
static void add_left(struct str *out, const struct plan *p, const struct estimate *left) {
    int jobs = p->estimate.jobs;
    if (left->open == 0)
        return;
    if (left->left_s < 0 || left->disk_bytes < 0) {
        str_add(
            out, "time and disk are not known before a cell is done: --probe times a few steps\n");
        return;
    }
    str_add(out, "left about ");
    duration_add(out, left->left_s);
    if (jobs == 1)
        str_add(out, " for one worker, ");
    else
        str_addf(out, " for %d workers, ", jobs);
    size_add(out, left->disk_bytes);
    str_add(out, " more on disk");
    if (left->free_bytes >= 0) {
        str_add(out, left->free_bytes < left->disk_bytes ? ", MORE THAN THE " : " of ");
        size_add(out, left->free_bytes);
        str_add(out, left->free_bytes < left->disk_bytes ? " THAT ARE FREE" : " that are free");
    }
    if (left->probed)
        str_add(out, " (by a probe)\n");
    else
        str_addf(out, " (from %zu cell%s that %s done)\n", left->done, left->done == 1 ? "" : "s",
            left->done == 1 ? "is" : "are");
}

static void add_config(struct str *out, const struct cell *cell) {
    cJSON *config = config_resolved(&cell->config);
    json_pretty(out, config);
    str_addc(out, '\n');
    cJSON_Delete(config);
}

static void add_cell(struct str *out, const struct plan *p, const struct cell *cell,
    const struct cell_progress *at, const char *what) {
    str_addf(out, "  %.*s  %-7s %3d/%d  %s%s", ID_SHOWN, cell->id, cell_state_name[at->state],
        at->epochs_done, cell->config.epochs, what, cell->changes);
    if (at->selected) {
        char *selected = setting_text(at->selected);
        str_add(out, ", chosen: ");
        escape_line(out, selected);
        free(selected);
    }
    str_add(out, config_leaky(&cell->config) ? " (leaky split)\n" : "\n");
    if (p->resolved)
        add_config(out, cell);
}

static void add_variant(struct str *out, const struct plan *p, const struct grid *g,
    const struct plan_progress *progress, int v) {
    str_addc(out, '\n');
    escape_line(out, g->variants[v]);
    if (*g->descriptions[v]) {
        str_add(out, ": ");
        escape_line(out, g->descriptions[v]);
    }
    str_addc(out, '\n');
    for (size_t i = 0; i < g->n_candidates; i++)
        if (g->candidates[i].variant == g->variants[v])
            add_cell(out, p, &g->candidates[i], &progress->candidates[i], "tries ");
    for (size_t i = 0; i < g->n_cells; i++)
        if (g->cells[i].variant == g->variants[v])
            add_cell(out, p, &g->cells[i], &progress->cells[i], "");
}

static bool has_cells(const struct grid *g, const char *variant) {
    for (size_t i = 0; i < g->n_cells; i++)
        if (g->cells[i].variant == variant)
            return true;
    return false;
}

static void add_text(struct str *out, const struct plan *p, const struct grid *g,
    const struct plan_progress *progress, const struct estimate *left, const char *db) {
    escape_line(out, g->title);
    str_addc(out, '\n');
    for (int v = 0; v < g->n_variants; v++)
        if (grid_options_choose(&p->grid, g->variants[v]) && has_cells(g, g->variants[v]))
            add_variant(out, p, g, progress, v);
    str_addc(out, '\n');
    add_total(out, p, g, progress, db);
    add_left(out, p, left);
    char *leaky = grid_options_leaky(&p->grid, g);
    str_add(out, leaky);
    free(leaky);
}

static cJSON *cell_json(
    const struct plan *p, const struct cell *cell, const struct cell_progress *at) {
    struct err none = {0};
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "id", cell->id);
    cJSON_AddStringToObject(object, "variant", cell->variant);
    cJSON_AddItemToObject(
        object, "axes", json_parse("axes", cell->axes, strlen(cell->axes), &none));
    cJSON_AddStringToObject(object, "changes", cell->changes);
    cJSON_AddBoolToObject(object, "leaky", config_leaky(&cell->config));
    cJSON_AddStringToObject(object, "state", cell_state_name[at->state]);
    cJSON_AddNumberToObject(object, "epochs_done", at->epochs_done);
    cJSON_AddNumberToObject(object, "epochs", cell->config.epochs);
    if (at->selected)
        cJSON_AddItemToObject(
            object, "selected", json_parse("selected", at->selected, strlen(at->selected), &none));
    if (p->resolved)
        cJSON_AddItemToObject(object, "config", config_resolved(&cell->config));
    return object;
}

static void add_list(cJSON *root, const char *name, const struct plan *p, const struct cell *list,
    size_t n, const struct cell_progress *progress) {
    cJSON *cells = cJSON_AddArrayToObject(root, name);
    for (size_t i = 0; i < n; i++)
        if (grid_options_choose(&p->grid, list[i].variant))
            cJSON_AddItemToArray(cells, cell_json(p, &list[i], &progress[i]));
}

static void add_number(cJSON *object, const char *name, double x) {
    cJSON_AddItemToObject(object, name, x < 0 ? cJSON_CreateNull() : cJSON_CreateNumber(x));
}

static void add_json(struct str *out, const struct plan *p, const struct grid *g,
    const struct plan_progress *progress, const struct estimate *left, const char *db) {
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "grid", g->name);
    cJSON_AddStringToObject(root, "title", g->title);
    cJSON_AddStringToObject(root, "baseline", g->baseline);
    cJSON_AddStringToObject(root, "database", db);
    cJSON_AddNumberToObject(root, "workers", p->estimate.jobs);
    add_number(root, "left_s", left->left_s);
    add_number(root, "worker_s", left->worker_s);
    add_number(root, "disk_bytes", left->disk_bytes);
    add_number(root, "free_bytes", left->free_bytes);
    cJSON_AddBoolToObject(root, "probed", left->probed);
    add_list(root, "cells", p, g->cells, g->n_cells, progress->cells);
    if (g->n_candidates)
        add_list(root, "candidates", p, g->candidates, g->n_candidates, progress->candidates);
    json_pretty(out, root);
    str_addc(out, '\n');
    cJSON_Delete(root);
}

static bool show(const struct plan *p, struct err *e) {
    struct grid g = {0};
    struct str out = {0};
    struct plan_progress progress = {0};
    struct estimate left;
    char *db = NULL;
    bool ok = grid_options_read(&p->grid, &g, e);
    if (ok) {
        db = grid_options_database(&p->grid, g.name);
        ok = look_up_all(db, &g, &progress, e) &&
             estimate_make(&left, &g, &p->grid, &progress, db, &p->estimate, e);
    }
    if (ok) {
        if (p->json)
            add_json(&out, p, &g, &progress, &left, db);
        else
            add_text(&out, p, &g, &progress, &left, db);
        fputs(out.text, stdout);
    }
    free(db);
    store_progress_free(progress.cells, g.n_cells);
    store_progress_free(progress.candidates, g.n_candidates);
    str_free(&out);
    grid_free(&g);
    return ok;
}

bool command_plan(int argc, char **argv, struct err *e) {
    struct plan p = {.grid.takes = TAKES_SET, .estimate = {.jobs = 1, .device = "cpu"}, .e = e};
    bool done, ok = command_parse(&argp, argc, argv, &p, &p.grid, &done, e);
    p.estimate.quiet = command_quiet();
    if (ok && !done && (p.keys || p.schema)) {
        struct str text = {0};
        (p.keys ? keys_help : schema_print)(&text);
        fputs(text.text, stdout);
        str_free(&text);
    } else if (ok && !done) {
        ok = grid_options_file(&p.grid, "plan", e) && show(&p, e);
    }
    grid_options_free(&p.grid);
    data_options_free(&p.estimate.data);
    return ok;
}
