/* dmtl verify: runs stored cells once more, from their stored configuration, and compares. */
#include "commands/command.h"
#include "commands/stored_grid.h"
#include "commands/workers.h"

#include "core/escape.h"
#include "core/file.h"
#include "core/interrupt.h"
#include "core/json.h"
#include "core/mem.h"
#include "grid/choice.h"
#include "grid/data_option.h"
#include "grid/import.h"
#include "grid/register.h"
#include "report/output.h"
#include "report/progress.h"
#include "report/verification.h"
#include "store/sql.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    KEY_DATA = 256,
    KEY_LISTS,
    KEY_CACHE,
    KEY_WEIGHTS,
    KEY_THREADS,
    KEY_DEVICE,
    KEY_TOLERANCE,
    KEY_JSON
};
#define SCRATCH_GRID "verify"

static const struct argp_option options[] = {
    {"data", KEY_DATA, DATA_OPTION_ARG, 0, DATA_OPTION_HELP, 0},
    {"lists", KEY_LISTS, "DIR", 0, LISTS_OPTION_HELP, 0},
    {"cache", KEY_CACHE, "DIR", 0,
        "where decoded pixels and features are, and the reruns lie for a while (default: cache, beside the "
        "database)",
        0},
    {"weights", KEY_WEIGHTS, "DIR", 0, "where trunks' weights are (default: datasets/weights)", 0},
    {"threads", KEY_THREADS, "N", 0, "threads (default: as many as each cell was run with)", 0},
    {"device", KEY_DEVICE, "NAME", 0, "cpu, cuda or cuda:N (default: cpu)", 0},
    {"tolerance", KEY_TOLERANCE, "SHARE", 0,
        "how far losses (of their value) and metrics (of theirs, or of 1 below it) may depart on another device, "
        "libtorch, number of threads or build (default: 0.01)",
        0},
    {"json", KEY_JSON, NULL, 0, "print JSON", 0},
    {0},
};

struct verify {
    struct grid_options grid;
    struct option_texts named; /* cells, by the beginning of their ids or by their variants */
    struct data_options data;
    const char *given_cache, *weights, *device;
    int threads; /* 0: each cell's own */
    double tolerance;
    bool json;
    struct err *e;
};

static bool number(
    const char *option, const char *text, double min, double max, double *value, struct err *e) {
    char *end;
    *value = strtod(text, &end);
    return (end != text && !*end && *value >= min && *value <= max) ||
           err_usage(e, "verify: %s: %s: expected a number from %g to %g", option, text, min, max);
}

static error_t parse(int key, char *value, struct argp_state *state) {
    struct verify *v = state->input;
    double n;
    switch (key) {
    case KEY_DATA:
        return data_options_add(&v->data, value, v->e) ? 0 : EINVAL;
    case KEY_LISTS:
        v->data.lists = value;
        break;
    case KEY_CACHE:
        v->given_cache = value;
        break;
    case KEY_WEIGHTS:
        v->weights = value;
        break;
    case KEY_DEVICE:
        v->device = value;
        break;
    case KEY_THREADS:
        if (!number("--threads", value, 1, 4096, &n, v->e) || n != floor(n))
            return EINVAL;
        v->threads = (int)n;
        break;
    case KEY_TOLERANCE:
        return number("--tolerance", value, 0, 1, &v->tolerance, v->e) ? 0 : EINVAL;
    case KEY_JSON:
        v->json = true;
        break;
    case ARGP_KEY_ARG:
        if (!v->grid.grid)
            return ARGP_ERR_UNKNOWN;
        option_texts_add(&v->named, value);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {options, parse, "GRID [CELL...]",
    "Runs stored cells once more, from their stored configuration, and says whether the same comes out: "
    "bit-identical, within a tolerance under other circumstances, which are named, or different, with the first step "
    "at which a loss departs.\v"
    "CELL is the beginning of a cell's id or a variant's name; none: all that are done. The database is only read. "
    "Pixels and features in the cache are taken as they are: another --cache makes them anew. Exit 1 where a cell "
    "came out different.",
    NULL, NULL, NULL};

/* ---- which cells ---- */

struct rerun {
    struct cell_record *cells; /* of the grid, candidates first */
    size_t n;
    size_t *chosen, n_chosen; /* of them */
    int *threads;             /* of each chosen one */
};

static bool is_named(const struct cell_record *c, const char *name) {
    return strcmp(c->variant, name) == 0 ||
           (strlen(name) >= 4 && strncmp(c->id, name, strlen(name)) == 0);
}

static bool wanted(const struct verify *v, const struct cell_record *c) {
    bool named = v->named.n == 0;
    for (size_t i = 0; i < v->named.n; i++)
        named = named || is_named(c, v->named.text[i]);
    return named && grid_options_choose(&v->grid, c->variant);
}

static bool seen(const struct rerun *r, size_t cell) {
    for (size_t i = 0; i < r->n_chosen; i++)
        if (r->cells[r->chosen[i]].cell == r->cells[cell].cell)
            return true;
    return false;
}

static bool hint_variant(const struct rerun *r, const char *name, struct err *e) {
    return r->n && err_hint(e, name, &r->cells[0].variant, r->n, sizeof r->cells[0]);
}

static bool check_only(const struct verify *v, const struct rerun *r, struct err *e) {
    const struct option_texts *only = &v->grid.only;
    for (size_t i = 0; i < only->n; i++) {
        bool there = false;
        for (size_t k = 0; k < r->n; k++)
            there = there || strcmp(r->cells[k].variant, only->text[i]) == 0;
        if (!there) {
            err_usage(e, "verify: --only %s: %s has no such variant", only->text[i], v->grid.grid);
            return hint_variant(r, only->text[i], e);
        }
    }
    return true;
}

static bool check_names(const struct verify *v, const struct rerun *r, struct err *e) {
    for (size_t i = 0; i < v->named.n; i++) {
        bool there = false, done = false;
        for (size_t k = 0; k < r->n; k++) {
            bool this_one = is_named(&r->cells[k], v->named.text[i]);
            there = there || this_one;
            done = done || (this_one && r->cells[k].state == CELL_DONE);
        }
        if (!there) {
            err_usage(e,
                "verify: %s: no cell of %s has an id that begins so (four digits at least), nor such a "
                "variant: `dmtl status %s --json` lists them",
                v->named.text[i], v->grid.grid, v->grid.grid);
            return hint_variant(r, v->named.text[i], e);
        }
        if (!done)
            return err_usage(e, "verify: %s: is not done, so there is nothing to compare with yet",
                v->named.text[i]);
    }
    return true;
}

/* Whatever stands behind imported predictions is not here. */
static bool check_grid(const struct verify *v, struct err *e) {
    const char *grid = v->grid.grid;
    if (grid && (strcmp(grid, IMPORT_GRID) == 0 || str_starts(grid, IMPORT_GRID ":")))
        return err_usage(e,
            "verify: %.200s: predictions that were imported cannot be run again, only looked at: `dmtl report " IMPORT_GRID
            "`, `dmtl audit " IMPORT_GRID ":SYSTEM`",
            grid);
    return grid_options_stored(&v->grid, "verify", e);
}

static bool choose(
    struct rerun *r, const struct verify *v, struct store *s, const char *grid, struct err *e) {
    if (!choice_cells(s, grid, &r->cells, &r->n, e) || !check_only(v, r, e) ||
        !check_names(v, r, e))
        return false;
    r->chosen = xcalloc(r->n + 1, sizeof *r->chosen);
    r->threads = xcalloc(r->n + 1, sizeof *r->threads);
    for (size_t i = 0; i < r->n; i++)
        if (r->cells[i].state == CELL_DONE && wanted(v, &r->cells[i]) && !seen(r, i))
            r->chosen[r->n_chosen++] = i;
    for (size_t i = 0; i < r->n_chosen; i++)
        r->threads[i] = v->threads ? v->threads
                                   : (int)sql_long(store_db(s), e, 1,
                                         "SELECT threads FROM v_runs WHERE cell = ?1 AND outcome ="
                                         " 'done' ORDER BY run DESC LIMIT 1",
                                         "s", r->cells[r->chosen[i]].id);
    return r->n_chosen > 0 ||
           err_usage(e, "verify: %s: no cell of it that was asked for is done", grid);
}

/* ---- running them again ---- */

static bool put_cell(
    const struct cell_record *c, struct store *scratch, int64_t grid, int position, struct err *e) {
    struct config config = {0};
    int64_t cell;
    bool ok = config_parse_text(&config, c->config, "the stored configuration", e) &&
              grid_put_config(&config, c->id, scratch, &cell, e) &&
              store_put_member(scratch, grid, cell, c->variant, c->axes, position, e);
    config_free(&config);
    return ok;
}

static bool put_cells(const struct rerun *r, struct store *scratch, struct err *e) {
    int64_t grid;
    bool ok = store_begin(scratch, e) && store_put_grid(scratch, SCRATCH_GRID, "{}", &grid, e);
    for (size_t i = 0; ok && i < r->n_chosen; i++)
        ok = put_cell(&r->cells[r->chosen[i]], scratch, grid, (int)i, e);
    return ok && store_commit(scratch, e);
}

/* Gates refuse nothing here: what they found then stands, and the data are the same or the answer says so. */
static char *gates_that_warn(void) {
    struct gate_rules rules = gate_rules_default;
    for (int g = 0; g < GATE_COUNT; g++)
        rules.action[g] = ACTION_WARN;
    return gate_rules_text(&rules);
}

static bool worker_arguments(const struct verify *v, const char *db, const char *cache, int threads,
    const bool *places, size_t n, struct arguments *a, struct err *e) {
    char *program = workers_program(e);
    if (!program)
        return false;
    char *gates = gates_that_warn(), *cells = places_text(places, n);
    arguments_add(a, program);
    arguments_add(a, xstrdup("work"));
    arguments_add(a, xasprintf("--db=%s", db));
    arguments_add(a, xstrdup("--grid=" SCRATCH_GRID));
    arguments_add(a, xasprintf("--cache=%s", cache));
    arguments_add(a, xasprintf("--weights=%s", v->weights));
    arguments_add(a, xasprintf("--device=%s", v->device));
    arguments_add(a, xasprintf("--threads=%d", threads));
    arguments_add(a, xasprintf("--gates=%s", gates));
    arguments_add(a, xasprintf("--lists=%s", data_options_lists(&v->data)));
    arguments_add(a, xasprintf("--cells=%s", cells));
    for (int set = 0; set < DATASET_COUNT; set++)
        if (v->data.dir[set])
            arguments_add(a, xasprintf("--data=%s=%s", dataset_names[set].name, v->data.dir[set]));
    if (command_quiet())
        arguments_add(a, xstrdup("--quiet"));
    free(gates);
    free(cells);
    return true;
}

static bool wait_for(struct workers *w, struct progress *p, struct err *e) {
    bool stopping = false, ok = true;
    while (w->running) {
        workers_reap(w);
        if (interrupt_requested() && !stopping) {
            workers_stop(w);
            stopping = true;
        }
        ok = ok && progress_update(p, e);
        if (w->running)
            workers_wait(w, 200);
    }
    if (interrupt_requested() || w->worst == 75)
        return err_interrupted(e, "verify: stopped; nothing was changed");
    if (w->worst == WORKER_EXIT_NO_SPACE)
        return err_no_space(
            e, "verify: stopped for there is no room to write, as the message above says");
    if (w->worst == 2)
        return err_usage(e, "verify: stopped, as the message above says");
    if (w->worst > 2) {
        char *why = workers_breakdown(w);
        err_set(e, "verify: a worker %s", why);
        free(why);
        return false;
    }
    return ok;
}

/* Those of one number of threads, by one worker. */
static bool run_with(const struct verify *v, const struct rerun *r, struct store *scratch,
    const char *cache, int threads, struct err *e) {
    struct arguments a = {0};
    struct workers w = {0};
    bool *places = xcalloc(r->n_chosen, sizeof *places);
    struct chosen chosen = {places, NULL, r->n_chosen, 0};
    for (size_t i = 0; i < r->n_chosen; i++)
        places[i] = r->threads[i] == threads;
    struct progress *p = progress_new(scratch, SCRATCH_GRID, &chosen, command_quiet());
    bool ok =
        worker_arguments(v, store_path(scratch), cache, threads, places, r->n_chosen, &a, e) &&
        workers_start(&w, 1, true, STDERR_FILENO, p, a.list, e) && wait_for(&w, p, e);
    workers_free(&w);
    progress_free(p);
    arguments_free(&a);
    free(places);
    return ok;
}

static bool run_again(const struct verify *v, const struct rerun *r, struct store *scratch,
    const char *cache, struct err *e) {
    bool ok = put_cells(r, scratch, e);
    for (size_t i = 0; ok && i < r->n_chosen; i++) {
        bool again = false;
        for (size_t k = 0; k < i; k++)
            again = again || r->threads[k] == r->threads[i];
        ok = again || run_with(v, r, scratch, cache, r->threads[i], e);
    }
    return ok;
}

/* ---- what came out ---- */

struct outcome {
    struct str text;
    cJSON *cells;
    size_t count[AGREEMENT_COUNT], failed;
};

static bool add_failed(
    struct outcome *o, cJSON *json, struct store *scratch, const char *id, struct err *e) {
    sqlite3_stmt *row =
        sql_prepare(store_db(scratch), e, "SELECT error FROM cell WHERE id = ?1", "s", id);
    bool ok = row && sql_step(row, e) > 0;
    str_add(&o->text, "could not be run again: ");
    escape_line(&o->text, ok ? sql_text(row, 0) : "");
    cJSON_AddStringToObject(json, "error", ok ? sql_text(row, 0) : "");
    sqlite3_finalize(row);
    o->failed++;
    return ok;
}

static bool add_cell(struct outcome *o, const struct cell_record *c, struct store *then,
    struct store *now, double tolerance, struct err *e) {
    struct verification v = {0};
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "id", c->id);
    cJSON_AddStringToObject(json, "variant", c->variant);
    escape_line(&o->text, c->variant);
    str_addf(&o->text, " %.12s: ", c->id);
    bool done = sql_long(store_db(now), e, 0, "SELECT state = ?2 FROM cell WHERE id = ?1", "si",
                    c->id, CELL_DONE) == 1;
    bool ok = done ? verification_make(&v, then, now, c->id, tolerance, e)
                   : add_failed(o, json, now, c->id, e);
    if (ok && done) {
        o->count[v.agreement]++;
        verification_add_text(&o->text, &v, tolerance);
        verification_add_json(json, &v);
    }
    str_addc(&o->text, '\n');
    cJSON_AddItemToArray(o->cells, json);
    verification_free(&v);
    return ok;
}

static void add_total(struct outcome *o, size_t n, double tolerance) {
    str_addf(&o->text, "\n%zu cell%s run again:", n, n == 1 ? "" : "s");
    const char *between = " ";
    for (int k = 0; k < AGREEMENT_COUNT; k++)
        if (o->count[k]) {
            str_addf(&o->text, "%s%zu %s", between, o->count[k], agreement_name[k]);
            if (k == AGREES_WITHIN)
                str_addf(&o->text, " (%g)", tolerance);
            between = ", ";
        }
    if (o->failed)
        str_addf(&o->text, "%s%zu could not be", between, o->failed);
    str_addc(&o->text, '\n');
}

static bool compare(const struct verify *v, const struct rerun *r, struct store *then,
    struct store *now, struct err *e) {
    struct outcome o = {.cells = cJSON_CreateArray()};
    bool ok = true;
    for (size_t i = 0; ok && i < r->n_chosen; i++)
        ok = add_cell(&o, &r->cells[r->chosen[i]], then, now, v->tolerance, e);
    add_total(&o, r->n_chosen, v->tolerance);
    if (v->json) {
        str_free(&o.text);
        json_pretty(&o.text, o.cells);
        str_addc(&o.text, '\n');
    }
    ok = ok && output_write(NULL, o.text.text, o.text.len, e);
    if (ok && o.count[DISAGREES] + o.failed)
        ok = err_set(e, "verify: %zu of %zu cells did not come out the same",
            o.count[DISAGREES] + o.failed, r->n_chosen);
    str_free(&o.text);
    cJSON_Delete(o.cells);
    return ok;
}

/* ---- the verb ---- */

static char *cache_folder(const struct verify *v, const char *db) {
    const char *slash = strrchr(db, '/');
    return v->given_cache ? xstrdup(v->given_cache)
           : slash        ? xasprintf("%.*s/cache", (int)(slash - db), db)
                          : xstrdup("cache");
}

static bool verify_in(const struct verify *v, const struct rerun *r, struct store *then,
    const char *cache, const char *folder, struct err *e) {
    char *db = path_join(folder, SCRATCH_GRID ".db");
    struct store *scratch = store_open(db, STORE_WRITE, e);
    bool ok = scratch && run_again(v, r, scratch, cache, e) && compare(v, r, then, scratch, e);
    store_close(scratch);
    free(db);
    return ok;
}

static bool verify_grid(const struct verify *v, struct err *e) {
    struct stored_grid g = {0};
    struct rerun r = {0};
    bool ok = stored_grid_open(&g, &v->grid, e) && choose(&r, v, g.store, g.name, e);
    if (ok) {
        char *cache = cache_folder(v, g.db), *folder = path_join(cache, "verify-XXXXXX");
        interrupt_catch();
        ok = dir_make(cache, e);
        if (ok && !mkdtemp(folder))
            ok = err_sys(e, errno, "%s: cannot make this folder", folder);
        else if (ok)
            ok = verify_in(v, &r, g.store, cache, folder, e);
        dir_remove(folder);
        free(folder);
        free(cache);
    }
    store_cells_free(r.cells, r.n);
    free(r.chosen);
    free(r.threads);
    stored_grid_close(&g);
    return ok;
}

bool command_verify(int argc, char **argv, struct err *e) {
    struct verify v = {.grid.takes = TAKES_ONLY,
        .weights = "datasets/weights",
        .device = "cpu",
        .tolerance = 0.01,
        .e = e};
    bool done, ok = command_parse(&argp, argc, argv, &v, &v.grid, &done, e);
    ok = ok && (done || (check_grid(&v, e) && verify_grid(&v, e)));
    data_options_free(&v.data);
    grid_options_free(&v.grid);
    free(v.named.text);
    return ok;
}
