/* dmtl export: a grid's predictions as CSV, a line each. */
#include "commands/command.h"
#include "commands/stored_grid.h"
#include "core/escape.h"
#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"
#include "report/output.h"
#include "store/sql.h"
#include "store/store.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_PART = 256, KEY_TASK, KEY_PROBABILITIES };

static const struct argp_option options[] = {
    {"task", KEY_TASK, "TASK", 0, "age, gender or race; may be given more than once (default: all)",
        0},
    {"part", KEY_PART, "PART", 0, "test or validation (default: both)", 0},
    {"probabilities", KEY_PROBABILITIES, NULL, 0,
        "with what stands behind each prediction, spaces between", 0},
    {"output", 'o', "FILE", 0, "write there instead of to standard output", 0},
    {0},
};

struct export_command {
    struct grid_options grid;
    const char *output;
    bool tasks[ATTR_COUNT], parts[PART_COUNT], probabilities;
    struct err *e;
};

static error_t parse(int key, char *value, struct argp_state *state) {
    struct export_command *c = state->input;
    int at;
    switch (key) {
    case KEY_TASK:
        if (!command_word("export", "--task", value, command_tasks, &at, c->e))
            return EINVAL;
        c->tasks[at] = true;
        break;
    case KEY_PART:
        if (!command_word("export", "--part", value, command_parts, &at, c->e))
            return EINVAL;
        c->parts[PART_VALIDATION + at] = true;
        break;
    case KEY_PROBABILITIES:
        c->probabilities = true;
        break;
    case 'o':
        c->output = value;
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {options, parse, "GRID",
    "Writes a grid's predictions as CSV (RFC 4180) that pandas and R read at once, a line a prediction.\v"
    "Columns: grid, variant, cell, seed, split_seed, fold, part, task, sample, truth, predicted, label_age, "
    "label_gender, label_race, subject, duplicate_group, and with --probabilities probabilities: of an ordinal task "
    "P(label > r_k), else of its classes. `dmtl import` takes such a file of one variant.",
    NULL, NULL, NULL};

#define COLUMNS                                                                                       \
    "grid,variant,cell,seed,split_seed,fold,part,task,sample,truth,predicted,label_age,label_gender," \
    "label_race,subject,duplicate_group"

struct export {
    const struct export_command *command;
    struct store *store;
    const struct store_member *member;
    const char *grid;
    struct str front, line; /* front: what the lines of a cell, part and task share */
    FILE *stream;
    struct err *e;
};

static void add_label(struct str *out, sqlite3_stmt *row, int column) {
    str_addc(out, ',');
    if (sqlite3_column_type(row, column) != SQLITE_NULL)
        str_addf(out, "%d", sqlite3_column_int(row, column));
}

static void add_probabilities(struct str *out, sqlite3_stmt *row, int column) {
    const float *p = sqlite3_column_blob(row, column);
    int n = p ? sqlite3_column_bytes(row, column) / (int)sizeof *p : 0;
    str_addc(out, ',');
    for (int k = 0; k < n; k++)
        str_addf(out, "%s%.*g", k ? " " : "", FLT_DECIMAL_DIG, (double)p[k]);
}

/* The sample's texts, the numbers, and what may be asked for. */
static bool write_line(struct export *x, sqlite3_stmt *row) {
    struct str *line = &x->line;
    str_clear(line);
    str_add(line, x->front.text);
    escape_csv(line, sql_text(row, 0));
    str_addf(line, ",%d,", sqlite3_column_int(row, 1));
    json_add_number(line, sqlite3_column_double(row, 2));
    for (int a = 0; a < ATTR_COUNT; a++)
        add_label(line, row, 3 + a);
    str_addc(line, ',');
    escape_csv(line, sql_text(row, 6));
    add_label(line, row, 7);
    if (x->command->probabilities)
        add_probabilities(line, row, 8);
    str_add(line, "\r\n");
    return fwrite(line->text, 1, line->len, x->stream) == line->len ||
           err_sys(x->e, errno, "export: writing");
}

static bool write_block(struct export *x, enum part part, enum attribute task) {
    const struct store_member *m = x->member;
    str_clear(&x->front);
    escape_csv(&x->front, x->grid);
    str_addc(&x->front, ',');
    escape_csv(&x->front, m->variant);
    str_addf(&x->front, ",%s,%lld,%lld,%d,%s,%s,", m->id, (long long)m->seed,
        (long long)m->split_seed, m->fold, part_name[part], attribute_name[task]);
    sqlite3_stmt *row = sql_prepare(store_db(x->store), x->e,
        x->command->probabilities
            ? "SELECT s.id, p.truth, p.predicted, s.age, s.gender, s.race, s.subject, s.duplicate_group,"
              " q.probabilities FROM prediction p JOIN sample s ON s.sample = p.sample LEFT JOIN probability q ON"
              " q.cell = p.cell AND q.part = p.part AND q.task = p.task AND q.sample = p.sample"
              " WHERE p.cell = ?1 AND p.part = ?2 AND p.task = ?3 ORDER BY p.sample"
            : "SELECT s.id, p.truth, p.predicted, s.age, s.gender, s.race, s.subject, s.duplicate_group"
              " FROM prediction p JOIN sample s ON s.sample = p.sample"
              " WHERE p.cell = ?1 AND p.part = ?2 AND p.task = ?3 ORDER BY p.sample",
        "lii", (long long)m->cell, (int)part, (int)task);
    int found = row ? 1 : -1;
    while (found > 0 && (found = sql_step(row, x->e)) > 0)
        if (!write_line(x, row))
            found = -1;
    sqlite3_finalize(row);
    return found == 0;
}

static bool wanted(const bool *chosen, int n, int at) {
    bool any = false;
    for (int i = 0; i < n; i++)
        any |= chosen[i];
    return !any || chosen[at];
}

static bool is_new(const struct store_member *members, size_t i) {
    for (size_t j = 0; j < i; j++)
        if (members[j].cell == members[i].cell &&
            strcmp(members[j].variant, members[i].variant) == 0)
            return false;
    return true;
}

static bool write_members(struct export *x, const struct store_member *members, size_t n) {
    const struct export_command *c = x->command;
    bool ok = fprintf(x->stream, COLUMNS "%s\r\n", c->probabilities ? ",probabilities" : "") > 0 ||
              err_sys(x->e, errno, "export: writing");
    for (size_t i = 0; ok && i < n; i++) {
        x->member = &members[i];
        if (members[i].state != CELL_DONE || !is_new(members, i) ||
            !grid_options_choose(&c->grid, members[i].variant))
            continue;
        for (int part = PART_VALIDATION; part <= PART_TEST; part++)
            for (int task = 0; ok && task < ATTR_COUNT; task++)
                if (wanted(c->parts, PART_COUNT, part) && wanted(c->tasks, ATTR_COUNT, task))
                    ok = write_block(x, (enum part)part, (enum attribute)task);
    }
    return ok;
}

/* --only of variants that the grid does not have. */
static bool check_only(
    const struct grid_options *o, const struct store_member *members, size_t n, struct err *e) {
    for (size_t i = 0; i < o->only.n; i++) {
        bool there = false;
        for (size_t m = 0; m < n; m++)
            there |= strcmp(members[m].variant, o->only.text[i]) == 0;
        if (there)
            continue;
        char *shown = str_quoted(o->only.text[i]);
        err_usage(e, "export: --only %.300s: the grid %s has no such variant", shown, o->grid);
        free(shown);
        return false;
    }
    return true;
}

static bool write_to(struct export *x, const struct store_member *members, size_t n) {
    const char *path = x->command->output;
    struct file_output out = {0};
    if (!path) {
        x->stream = stdout;
        return write_members(x, members, n);
    }
    if (!file_output_open(&out, path, x->e))
        return false;
    x->stream = out.stream;
    if (write_members(x, members, n))
        return file_commit(&out, x->e);
    file_abandon(&out);
    return false;
}

bool command_export(int argc, char **argv, struct err *e) {
    struct export_command c = {.grid = {.takes = TAKES_ONLY}, .e = e};
    struct stored_grid grid = {0};
    struct store_member *members = NULL;
    size_t n = 0, finished = 0;
    bool done, ok = command_parse(&argp, argc, argv, &c, &c.grid, &done, e) && !done &&
                    grid_options_stored(&c.grid, "export", e) &&
                    stored_grid_open(&grid, &c.grid, e) &&
                    store_members(grid.store, grid.name, &members, &n, e) &&
                    check_only(&c.grid, members, n, e);
    for (size_t i = 0; i < n; i++)
        finished += members[i].state == CELL_DONE;
    if (ok && finished == 0)
        ok = err_set(e,
            "export: no cell of %s is done (0 of %zu): `dmtl status` says how far they are",
            grid.name, n);
    struct export x = {.command = &c, .store = grid.store, .grid = grid.name, .e = e};
    if (ok)
        write_to(&x, members, n);
    str_free(&x.front);
    str_free(&x.line);
    store_members_free(members, n);
    stored_grid_close(&grid);
    grid_options_free(&c.grid);
    return e->kind == ERR_NONE;
}
