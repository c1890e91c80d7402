/* dmtl run: registers a grid's cells and has workers run those that are not done. */
#include "commands/command.h"
#include "commands/run_gates.h"
#include "commands/time_limit.h"
#include "commands/workers.h"

#include "core/cores.h"
#include "core/escape.h"
#include "core/file.h"
#include "core/interrupt.h"
#include "core/mem.h"
#include "grid/cell_folder.h"
#include "grid/choice.h"
#include "grid/config_split.h"
#include "grid/data_option.h"
#include "grid/grid.h"
#include "grid/register.h"
#include "report/progress.h"

#include <errno.h>
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
    KEY_FAIL_FAST,
    KEY_SHARD,
    KEY_RETRIES,
    KEY_TIME_LIMIT
};

static const struct argp_option options[] = {
    {"data", KEY_DATA, DATA_OPTION_ARG, 0, DATA_OPTION_HELP, 0},
    {"lists", KEY_LISTS, "DIR", 0, LISTS_OPTION_HELP, 0},
    {"cache", KEY_CACHE, "DIR", 0,
        "where decoded pixels and features are kept (default: cache, beside the database)", 0},
    {"weights", KEY_WEIGHTS, "DIR", 0, "where trunks' weights are (default: datasets/weights)", 0},
    {"jobs", 'j', "N", 0, "workers at a time (default: 1)", 0},
    {"threads", KEY_THREADS, "N", 0, "threads a worker (default: the cores divided by the workers)",
        0},
    {"device", KEY_DEVICE, "NAME", 0, "cpu, cuda or cuda:N (default: cpu)", 0},
    {"retries", KEY_RETRIES, "N", 0,
        "how often a cell that fails, or a worker that breaks down, is tried again (default: 0; the same command "
        "later tries them again too)",
        0},
    {"fail-fast", KEY_FAIL_FAST, NULL, 0, "stop at the first cell that fails", 0},
    {"shard", KEY_SHARD, "PART/PARTS", 0,
        "this part of the cells alone, such as 3/8, with a database of its own in --db (`dmtl merge` joins them)",
        0},
    {"time-limit", KEY_TIME_LIMIT, "SPAN", 0,
        "stop with checkpoints before it is over, such as 90m, 12h or 1-12:00:00 (a Slurm job's end is kept "
        "too)",
        0},
    {0},
};

struct run {
    struct grid_options grid;
    const char *given_cache, *weights, *device;
    struct data_options data;
    int jobs, threads, retries;
    bool fail_fast;
    struct shard shard;
    struct chosen chosen;
    double limit_s; /* 0: none given */
    struct time_limit limit;
    bool timed_out;
    struct err *e;
    char *db, *cache;      /* resolved */
    struct manifest *sets; /* what the chosen cells read, each set and reading once */
    size_t n_sets, sets_capacity;
};

static error_t parse(int key, char *value, struct argp_state *state) {
    struct run *r = state->input;
    switch (key) {
    case KEY_CACHE:
        r->given_cache = value;
        break;
    case KEY_LISTS:
        r->data.lists = value;
        break;
    case KEY_WEIGHTS:
        r->weights = value;
        break;
    case KEY_DEVICE:
        r->device = value;
        break;
    case KEY_DATA:
        return data_options_add(&r->data, value, r->e) ? 0 : EINVAL;
    case 'j':
        return command_number("run", "-j", value, 1, 1024, &r->jobs, r->e) ? 0 : EINVAL;
    case KEY_THREADS:
        return command_number("run", "--threads", value, 1, 4096, &r->threads, r->e) ? 0 : EINVAL;
    case KEY_RETRIES:
        return command_number("run", "--retries", value, 0, 1000, &r->retries, r->e) ? 0 : EINVAL;
    case KEY_FAIL_FAST:
        r->fail_fast = true;
        break;
    case KEY_SHARD:
        return shard_parse(&r->shard, value, r->e) ? 0 : EINVAL;
    case KEY_TIME_LIMIT:
        return time_limit_parse(value, &r->limit_s, r->e) ? 0 : EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {options, parse, "GRID",
    "Runs the cells of a grid file that are not done, and stores every prediction.\v"
    "Ctrl-C, SIGTERM, SIGHUP and SIGUSR1 stop with a checkpoint and exit code 75; the same command goes on from "
    "there. A second Ctrl-C stops at once: it goes on from the last checkpoint.",
    NULL, NULL, NULL};

/* ---- which cells ---- */

struct tally { /* of the chosen cells */
    size_t count[CELL_STATE_COUNT], all;
};

static bool is_chosen(const bool *places, size_t n, size_t i) {
    return i < n && places[i];
}

static bool count_cells(
    const struct run *r, struct store *s, const char *grid, struct tally *tally, struct err *e) {
    struct cell_record *cells = NULL;
    size_t n = 0;
    *tally = (struct tally){{0}, 0};
    if (!store_cells(s, grid, &cells, &n, e))
        return false;
    for (size_t i = 0; i < n; i++)
        if (is_chosen(r->chosen.cells, r->chosen.n_cells, i)) {
            tally->count[cells[i].state]++;
            tally->all++;
        }
    store_cells_free(cells, n);
    return true;
}

/* Whether a variant has a cell whose open keys nothing was chosen for. */
static bool asks(const struct cell_record *cells, size_t n, const char *variant) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(cells[i].variant, variant) == 0 && choice_open(&cells[i]))
            return true;
    return false;
}

/* Workers leave failed cells alone, so a cell that fails again is tried once, however many they are. A
 * candidate that failed is tried again only while its choice is open. */
static bool retry_failed(const struct run *r, struct store *s, const char *grid, struct err *e) {
    struct cell_record *cells = NULL, *candidates = NULL;
    size_t n = 0, n_candidates = 0;
    char *tried = choice_grid(grid);
    bool ok =
        store_cells(s, grid, &cells, &n, e) && store_cells(s, tried, &candidates, &n_candidates, e);
    for (size_t i = 0; ok && i < n; i++)
        if (cells[i].state == CELL_FAILED && is_chosen(r->chosen.cells, r->chosen.n_cells, i))
            ok = store_retry(s, cells[i].cell, e);
    for (size_t i = 0; ok && i < n_candidates; i++)
        if (candidates[i].state == CELL_FAILED &&
            is_chosen(r->chosen.candidates, r->chosen.n_candidates, i) &&
            asks(cells, n, candidates[i].variant))
            ok = store_retry(s, candidates[i].cell, e);
    store_cells_free(cells, n);
    store_cells_free(candidates, n_candidates);
    free(tried);
    return ok;
}

/* ---- the data ---- */

static bool have_set(const struct run *r, enum dataset_id set, struct reading reading) {
    for (size_t i = 0; i < r->n_sets; i++)
        if (r->sets[i].set == set && reading_equal(r->sets[i].reading, reading))
            return true;
    return false;
}

/* Opens the set's folder as a worker will, so that wrong ones are found before anything is written. The
 * files' hashes go to the cache, where the workers find them. */
static bool read_set(struct run *r, enum dataset_id set, struct reading reading, struct err *e) {
    const char *dir = data_options_dir(&r->data, set, e);
    if (!dir)
        return false;
    if (!dir_exists(dir))
        return err_usage(e, "--data %s=%s: there is no such folder", dataset_names[set].name, dir);
    r->sets = xgrow(r->sets, &r->sets_capacity, r->n_sets + 1, sizeof *r->sets);
    if (!manifest_open(&r->sets[r->n_sets], set, reading, dir, r->cache, cores_usable(), e))
        return false;
    r->n_sets++;
    return true;
}

static bool read_data(struct run *r, const struct grid *g, struct err *e) {
    for (size_t i = 0; i < g->n_cells; i++) {
        const struct config *c = &g->cells[i].config;
        if (r->chosen.cells[i] && !have_set(r, c->data.set, c->data.reading) &&
            !read_set(r, c->data.set, c->data.reading, e))
            return false;
    }
    return true;
}

static bool lists_seen(const struct grid *g, size_t i) {
    for (size_t j = 0; j < i; j++)
        if (strcmp(g->cells[j].config.split.lists, g->cells[i].config.split.lists) == 0)
            return true;
    return false;
}

/* Lists that do not read, or are not those of cells that are done, are found before a worker starts. */
static bool check_lists(const struct run *r, const struct grid *g, struct store *s, struct err *e) {
    const char *dir = data_options_lists(&r->data);
    for (size_t i = 0; i < g->n_cells; i++) {
        const struct config *c = &g->cells[i].config;
        char content[SHA256_HEX];
        if (r->chosen.cells[i] && !lists_seen(g, i) &&
            (!config_lists_content(c, dir, content, e) ||
                !choice_check_lists(s, g->name, c, content, e)))
            return false;
    }
    return true;
}

static bool check_stored(
    const struct run *r, const struct grid *g, struct store *s, struct err *e) {
    for (size_t i = 0; i < r->n_sets; i++)
        if (!choice_check_data(s, g->name, &r->sets[i], e))
            return false;
    return check_lists(r, g, s, e);
}

/* ---- the workers ---- */

static void worker_arguments(const struct run *r, const struct grid *g, struct arguments *a) {
    arguments_add(a, xstrdup("work"));
    arguments_add(a, xasprintf("--db=%s", r->db));
    arguments_add(a, xasprintf("--grid=%s", g->name));
    arguments_add(a, xasprintf("--cache=%s", r->cache));
    arguments_add(a, xasprintf("--weights=%s", r->weights));
    arguments_add(a, xasprintf("--device=%s", r->device));
    arguments_add(a, xasprintf("--threads=%d", workers_threads(r->threads, r->jobs)));
    char *gates = gate_rules_text(&g->gates);
    arguments_add(a, xasprintf("--gates=%s", gates));
    free(gates);
    for (int set = 0; set < DATASET_COUNT; set++)
        if (r->data.dir[set])
            arguments_add(a, xasprintf("--data=%s=%s", dataset_names[set].name, r->data.dir[set]));
    arguments_add(a, xasprintf("--lists=%s", data_options_lists(&r->data)));
    char *cells = places_text(r->chosen.cells, r->chosen.n_cells);
    char *candidates = places_text(r->chosen.candidates, r->chosen.n_candidates);
    arguments_add(a, xasprintf("--cells=%s", cells));
    arguments_add(a, xasprintf("--candidates=%s", candidates));
    free(cells);
    free(candidates);
    arguments_add(a, xasprintf("--retries=%d", r->retries));
    if (r->fail_fast)
        arguments_add(a, xstrdup("--fail-fast"));
    if (command_quiet())
        arguments_add(a, xstrdup("--quiet"));
}

/* As often as --retries says, in all; cells are gone on with from their checkpoints. *told: so many are dealt with. */
static bool replace_broken(
    struct workers *w, const struct run *r, struct progress *p, int *told, struct err *e) {
    for (; *told < w->broken; (*told)++) {
        bool replace = *told < r->retries;
        if (!replace && !w->running) /* the run's last words say it */
            continue;
        char *why = workers_breakdown(w);
        char *line = replace
                         ? xasprintf("dmtl: a worker %s; another takes its place (%d of %d)", why,
                               *told + 1, r->retries)
                         : xasprintf("dmtl: a worker %s; %d of %d go on", why, w->running, r->jobs);
        progress_say(p, line);
        free(line);
        free(why);
        if (replace && !workers_replace(w, e))
            return false;
    }
    return true;
}

/* Shows progress until every worker has ended; a request to stop is handed on to them once. */
static bool wait_for(struct workers *w, struct run *r, struct progress *p, struct err *e) {
    bool stopping = false, ok = true;
    int told = 0;
    while (w->running) {
        workers_reap(w);
        ok = ok && (stopping || replace_broken(w, r, p, &told, e));
        r->timed_out = r->timed_out || time_limit_near(&r->limit);
        bool stop = interrupt_requested() || r->timed_out || (r->fail_fast && w->worst) ||
                    w->worst == WORKER_EXIT_NO_SPACE;
        if (stop && !stopping) {
            workers_stop(w);
            stopping = true;
        }
        ok = ok && progress_update(p, e);
        if (w->running)
            workers_wait(w, 200);
    }
    return ok;
}

/* "demo", or "demo --db x.db" where the database has to be named, for a command that a message shows. */
static char *stored_as(const struct run *r, const struct grid *g) {
    struct str words = {0};
    escape_shell(&words, g->name);
    if (r->grid.db) {
        str_add(&words, " --db ");
        escape_shell(&words, r->db);
    }
    return str_detach(&words);
}

static void print_done(const struct grid *g, const struct tally *t, const char *more) {
    struct str line = {0};
    escape_line(&line, g->name);
    if (t->all == 0) /* more shards than parts of the grid */
        str_add(&line, ": no cell falls to this shard\n");
    else if (t->all == 1)
        str_addf(&line, ": its cell is done%s", more);
    else
        str_addf(&line, ": all %zu cells are done%s", t->all, more);
    if (t->all)
        str_addc(&line, '\n');
    fputs(line.text, stdout);
    str_free(&line);
}

static bool outcome(const struct run *r, const struct grid *g, const struct workers *w,
    const struct tally *t, struct err *e) {
    size_t done = t->count[CELL_DONE], failed = t->count[CELL_FAILED];
    char *of_grid = stored_as(r, g), *text = NULL;
    bool ok = false;
    if (w->worst == 2) {
        err_usage(
            e, "run: stopped with %zu of %zu cells done; the message above says why", done, t->all);
    } else if (w->worst == WORKER_EXIT_NO_SPACE) {
        err_no_space(e,
            "run: stopped with %zu of %zu cells done, for there is no room to write, as the message "
            "above says; when there is, the same command goes on from the last checkpoints",
            done, t->all);
    } else if (w->worst == 75 || interrupt_requested()) {
        err_interrupted(e,
            "run: stopped%s with %zu of %zu cells done; the same command goes on from here",
            r->timed_out ? " before its time limit" : "", done, t->all);
    } else if (done == t->all) {
        text = r->shard.parts
                   ? xasprintf(". Next, when all %d shards are: dmtl merge OUT.db SHARD.db...",
                         r->shard.parts)
                   : xasprintf(". Next: dmtl report %s", of_grid);
        print_done(g, t, text);
        ok = true;
    } else if (failed) {
        err_set(e,
            "run: %zu of %zu cells failed, %zu are done; `dmtl status %s` shows their messages, and the "
            "same command tries them again",
            failed, t->all, done, of_grid);
    } else if (w->worst == 1) {
        err_set(e,
            "run: stopped with %zu of %zu cells done; the message above says why, and the same "
            "command goes on from the last checkpoints",
            done, t->all);
    } else {
        text = workers_breakdown(w);
        err_set(e,
            "run: a worker %s, with %zu of %zu cells done; the same command goes on from the last "
            "checkpoints",
            text, done, t->all);
    }
    free(text);
    free(of_grid);
    return ok;
}

static bool run_cells(struct run *r, const struct grid *g, struct store *s, struct err *e) {
    struct workers workers = {0};
    struct arguments a = {0};
    struct tally tally;
    char *program = workers_program(e);
    if (!program)
        return false;
    arguments_add(&a, program);
    worker_arguments(r, g, &a);
    interrupt_catch();
    bool spin = workers_spin_on(g, r->device, r->jobs * workers_threads(r->threads, r->jobs));
    struct progress *p = progress_new(s, g->name, &r->chosen, command_quiet());
    bool ok = workers_start(&workers, r->jobs, spin, STDOUT_FILENO, p, a.list, e) &&
              wait_for(&workers, r, p, e);
    progress_free(p);
    ok = ok && count_cells(r, s, g->name, &tally, e) && outcome(r, g, &workers, &tally, e);
    workers_free(&workers);
    arguments_free(&a);
    return ok;
}

/* ---- the verb ---- */

static bool run_grid(struct run *r, const struct grid *g, struct err *e) {
    struct tally tally;
    r->db = grid_options_database(&r->grid, g->name);
    r->cache = r->given_cache ? xstrdup(r->given_cache) : path_beside(r->db, "cache");
    if (!chosen_make(&r->chosen, g, r->grid.only.text, r->grid.only.n, &r->shard, e) ||
        !read_data(r, g, e))
        return false;
    struct store *s = store_open(r->db, r->shard.parts ? STORE_WRITE_SHARD : STORE_WRITE, e);
    bool ok = s && grid_register(g, s, e) && check_stored(r, g, s, e) &&
              count_cells(r, s, g->name, &tally, e);
    if (ok && tally.count[CELL_DONE] == tally.all) {
        struct str more = {0};
        str_add(&more, " already, in ");
        escape_line(&more, r->db);
        str_add(&more, "; nothing to do");
        print_done(g, &tally, more.text);
        str_free(&more);
    } else if (ok) {
        char *leaky = grid_options_leaky(&r->grid, g);
        fputs(leaky, stderr); /* never silent, not with --quiet either */
        free(leaky);
        ok = run_gates(g, &r->grid, &r->data, r->cache, command_quiet(), e) &&
             retry_failed(r, s, g->name, e) && run_cells(r, g, s, e);
    }
    ok = ok && cells_tidy(s, e);
    store_close(s);
    return ok;
}

bool command_run(int argc, char **argv, struct err *e) {
    struct run r = {
        .grid.takes = TAKES_SET, .weights = "datasets/weights", .device = "cpu", .jobs = 1, .e = e};
    struct grid g = {0};
    bool done, ok = command_parse(&argp, argc, argv, &r, &r.grid, &done, e);
    time_limit_start(&r.limit, r.limit_s);
    if (ok && !done)
        ok = grid_options_file(&r.grid, "run", e) && grid_options_read(&r.grid, &g, e) &&
             run_grid(&r, &g, e);
    grid_free(&g);
    chosen_free(&r.chosen);
    data_options_free(&r.data);
    grid_options_free(&r.grid);
    for (size_t i = 0; i < r.n_sets; i++)
        manifest_close(&r.sets[i]);
    free(r.sets);
    free(r.db);
    free(r.cache);
    return ok;
}
