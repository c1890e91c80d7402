#include "report/results.h"

#include "analysis/readout.h"
#include "core/json.h"
#include "core/mem.h"
#include "store/sql.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const repetitions[] = {"/seed", "/split/seed", "/split/fold"};

/* {"/seed":2,"/optimiser/lr":0.1} -> "optimiser.lr=0.1": the axes that are no repetition. */
static char *setting_of(const char *axes) {
    struct str out = {0};
    struct err ignored = {0}; /* what is no JSON has no axes */
    cJSON *object = json_parse("axes", axes, strlen(axes), &ignored);
    for (const cJSON *a = object ? object->child : NULL; a; a = a->next) {
        if (word_find(repetitions, (int)ARRAY_LEN(repetitions), a->string) >= 0)
            continue;
        str_add(&out, out.len ? " " : "");
        for (const char *p = a->string + (a->string[0] == '/'); *p; p++)
            str_addc(&out, *p == '/' ? '.' : *p);
        str_addc(&out, '=');
        if (cJSON_IsString(a))
            str_add(&out, a->valuestring);
        else
            json_canonical(&out, a);
    }
    cJSON_Delete(object);
    return str_detach(&out);
}

/* Where the grid's cell `id` as `variant` stands in cells[]; n_cells where it is none. */
static size_t find_cell(const struct results *r, const char *id, const char *variant) {
    size_t i = 0;
    while (i < r->n_cells &&
           (strcmp(r->cells[i].id, id) != 0 || strcmp(r->cells[i].variant, variant) != 0))
        i++;
    return i;
}

static bool read_cells(struct results *r, struct store *s, struct err *e) {
    struct cell_record *records;
    size_t n;
    if (!store_cells(s, r->grid.name, &records, &n, e))
        return false;
    r->cells = xcalloc(n, sizeof *r->cells);
    r->n_cells = n;
    for (size_t i = 0; i < n; i++) {
        r->cells[i] = (struct result_cell){
            .id = xstrdup(records[i].id),
            .variant = xstrdup(records[i].variant),
            .setting = setting_of(records[i].axes),
            .state = records[i].state,
            .fold = -1,
        };
        r->cells_done += records[i].state == CELL_DONE;
    }
    store_cells_free(records, n);
    sqlite3_stmt *row = sql_prepare(store_db(s), e,
        "SELECT cell, variant, seed, split_seed, fold FROM v_cells WHERE grid = ?1", "s",
        r->grid.name);
    int found = row ? 1 : -1;
    while (found > 0 && (found = sql_step(row, e)) > 0) {
        size_t i = find_cell(r, sql_text(row, 0), sql_text(row, 1));
        if (i == n)
            continue;
        r->cells[i].seed = sqlite3_column_int64(row, 2);
        r->cells[i].split_seed = sqlite3_column_int64(row, 3);
        r->cells[i].fold = sqlite3_column_int(row, 4);
    }
    sqlite3_finalize(row);
    return found == 0;
}

static void add_bins(struct results *r, size_t *capacity, const char *bins) {
    for (size_t i = 0; i < r->n_bins; i++)
        if (strcmp(r->bins[i], bins) == 0)
            return;
    if (!*bins)
        return;
    r->bins = xgrow(r->bins, capacity, r->n_bins + 1, sizeof *r->bins);
    size_t at = r->n_bins++;
    for (; at > 0 && strcmp(r->bins[at - 1], bins) > 0; at--)
        r->bins[at] = r->bins[at - 1];
    r->bins[at] = xstrdup(bins);
}

static bool read_values(struct results *r, sqlite3 *db, struct err *e) {
    size_t capacity = 0, bins_capacity = 0;
    sqlite3_stmt *row = sql_prepare(db, e,
        "SELECT cell, variant, task, readout, bins, metric, value, n FROM v_metrics "
        "WHERE grid = ?1 AND part = ?2 AND grouping = 'all' "
        "UNION ALL SELECT cell, variant, task, readout, '', convention || '_5', value, 0 FROM v_cs "
        "WHERE grid = ?1 AND part = ?2 AND i = 5",
        "ss", r->grid.name, part_name[r->part]);
    int found = row ? 1 : -1;
    while (found > 0 && (found = sql_step(row, e)) > 0) {
        size_t cell = find_cell(r, sql_text(row, 0), sql_text(row, 1));
        int task = word_find(attribute_name, ATTR_COUNT, sql_text(row, 2));
        int readout = word_find(readout_name, READOUT_COUNT, sql_text(row, 3));
        if (cell == r->n_cells || task < 0 || readout < 0 || r->cells[cell].state != CELL_DONE)
            continue;
        r->values = xgrow(r->values, &capacity, r->n_values + 1, sizeof *r->values);
        r->values[r->n_values++] = (struct result_value){
            .cell = cell,
            .task = (enum attribute)task,
            .readout = (enum readout)readout,
            .bins = xstrdup(sql_text(row, 4)),
            .metric = xstrdup(sql_text(row, 5)),
            .value = sqlite3_column_double(row, 6),
            .n = (long)sqlite3_column_int64(row, 7),
        };
        add_bins(r, &bins_capacity, r->values[r->n_values - 1].bins);
    }
    sqlite3_finalize(row);
    return found == 0;
}

/* The one text of a column over the grid's done cells, "mixed" where they differ. */
static char *one_text(struct results *r, sqlite3 *db, const char *column, struct err *e) {
    char *sql = xasprintf(
        "SELECT min(%s), max(%s) FROM v_cells WHERE grid = ?1 AND state = 'done'", column, column);
    sqlite3_stmt *row = sql_prepare(db, e, sql, "s", r->grid.name);
    char *text = NULL;
    if (row && sql_step(row, e) > 0) {
        char *least = xstrdup(sql_text(row, 0));
        text = xstrdup(strcmp(least, sql_text(row, 1)) == 0 ? least : "mixed");
        free(least);
    }
    sqlite3_finalize(row);
    free(sql);
    return text ? text : xstrdup("");
}

static bool read_run(struct results *r, sqlite3 *db, struct err *e) {
    r->dataset = one_text(r, db, "dataset", e);
    r->device = one_text(r, db, "device", e);
    r->libtorch = one_text(r, db, "libtorch", e);
    r->commit = one_text(r, db, "git_commit", e);
    r->drawn = sql_long(db, e, 0,
        "SELECT max(d.drawn) FROM v_cells c JOIN v_datasets d ON d.dataset = c.dataset "
        "WHERE c.grid = ?1",
        "s", r->grid.name);
    for (int part = 0; part < PART_COUNT; part++)
        r->samples[part] = (long)sql_long(db, e, 0,
            "SELECT max(n) FROM (SELECT n FROM v_epochs WHERE grid = ?1 AND part = ?2 UNION ALL "
            "SELECT n FROM v_metrics WHERE grid = ?1 AND part = ?2 AND grouping = 'all')",
            "ss", r->grid.name, part_name[part]);
    r->wall_s = (double)sql_long(db, e, 0,
        "SELECT round(sum(w)) FROM (SELECT max(wall_s) AS w FROM v_runs WHERE outcome = 'done' AND "
        "cell IN (SELECT cell FROM v_cells WHERE grid = ?1) GROUP BY cell)",
        "s", r->grid.name);
    return e->kind == ERR_NONE;
}

static bool row_has_variant(const struct report_row *row, const char *variant) {
    return word_find((const char *const *)row->variants, row->n_variants, variant) >= 0;
}

static bool row_is_new(const struct results *r, const struct report_row *row, const char *setting) {
    for (size_t i = 0; i < r->n_rows; i++)
        if (r->rows[i].source == row && strcmp(r->rows[i].setting, setting) == 0)
            return false;
    return true;
}

static void make_rows(struct results *r) {
    size_t capacity = 0;
    for (int g = 0; g < r->grid.n_rows; g++) {
        const struct report_row *row = &r->grid.rows[g];
        for (size_t c = 0; c < r->n_cells; c++) {
            const char *setting = r->cells[c].setting;
            if (!row_has_variant(row, r->cells[c].variant) || !row_is_new(r, row, setting))
                continue;
            r->rows = xgrow(r->rows, &capacity, r->n_rows + 1, sizeof *r->rows);
            r->rows[r->n_rows++] = (struct result_row){.title = row->title,
                .setting = setting,
                .source = row,
                .baseline = row_has_variant(row, r->grid.baseline)};
        }
    }
}

bool results_read(
    struct results *r, struct store *s, const char *grid, enum part part, struct err *e) {
    *r = (struct results){.part = part};
    char *source = store_grid_source(s, grid, e);
    if (!source)
        return false;
    sqlite3 *db = store_db(s);
    bool ok = grid_parse(&r->grid, grid, grid, source, NULL, 0, e) && read_cells(r, s, e) &&
              read_values(r, db, e) && read_run(r, db, e);
    if (ok)
        make_rows(r);
    else
        err_add(e, "%s", store_path(s));
    free(source);
    return ok;
}

void results_free(struct results *r) {
    for (size_t i = 0; i < r->n_cells; i++) {
        free(r->cells[i].id);
        free(r->cells[i].variant);
        free(r->cells[i].setting);
    }
    for (size_t i = 0; i < r->n_values; i++) {
        free(r->values[i].bins);
        free(r->values[i].metric);
    }
    for (size_t i = 0; i < r->n_bins; i++)
        free(r->bins[i]);
    free(r->cells);
    free(r->values);
    free(r->rows);
    free(r->bins);
    free(r->dataset);
    free(r->device);
    free(r->libtorch);
    free(r->commit);
    grid_free(&r->grid);
    *r = (struct results){0};
}

/* ---- numbers ---- */

/* A variant's task as the grid has it, or NULL. */
static const struct task_config *find_task(
    const struct results *r, const char *variant, enum attribute task) {
    for (size_t c = 0; c < r->grid.n_cells; c++) {
        const struct cell *cell = &r->grid.cells[c];
        if (strcmp(cell->variant, variant) != 0)
            continue;
        for (int t = 0; t < cell->config.n_tasks; t++)
            if (cell->config.tasks[t].attribute == task)
                return &cell->config.tasks[t];
    }
    return NULL;
}

static const char *variant_with(const struct results *r, const struct result_row *row,
    enum attribute task, const struct task_config **config) {
    for (int v = 0; v < row->source->n_variants; v++)
        if ((*config = find_task(r, row->source->variants[v], task)))
            return row->source->variants[v];
    return NULL;
}

enum readout results_readout(
    const struct results *r, const struct result_row *row, enum attribute task) {
    const struct task_config *config;
    return variant_with(r, row, task, &config) ? readout_of_record(config->kind == TASK_ORDINAL)
                                               : READOUT_COUNT;
}

static void spread(struct result_number *n) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n->n; i++)
        sum += n->values[i];
    n->mean = n->n ? sum / (double)n->n : NAN;
    for (size_t i = 0; i < n->n; i++)
        squares += (n->values[i] - n->mean) * (n->values[i] - n->mean);
    n->sd = n->n > 1 ? sqrt(squares / (double)(n->n - 1)) : NAN;
}

static const struct result_value *find_value(const struct results *r, size_t cell,
    enum attribute task, enum readout readout, const char *bins, const char *metric) {
    for (size_t i = 0; i < r->n_values; i++) {
        const struct result_value *v = &r->values[i];
        if (v->cell == cell && v->task == task && v->readout == readout &&
            strcmp(v->bins, bins) == 0 && strcmp(v->metric, metric) == 0)
            return v;
    }
    return NULL;
}

bool results_number(const struct results *r, const struct result_row *row, enum attribute task,
    enum readout readout, const char *bins, const char *metric, struct result_number *number) {
    *number = (struct result_number){.mean = NAN, .sd = NAN};
    const struct task_config *config;
    const char *variant = variant_with(r, row, task, &config);
    if (!variant)
        return false;
    if (readout == READOUT_COUNT)
        readout = readout_of_record(config->kind == TASK_ORDINAL);
    number->cells = xcalloc(r->n_cells, sizeof *number->cells);
    number->values = xcalloc(r->n_cells, sizeof *number->values);
    for (size_t c = 0; c < r->n_cells; c++) {
        const struct result_cell *cell = &r->cells[c];
        if (strcmp(cell->variant, variant) != 0 || strcmp(cell->setting, row->setting) != 0)
            continue;
        number->planned++;
        const struct result_value *v = find_value(r, c, task, readout, bins, metric);
        if (!v)
            continue;
        number->cells[number->n] = c;
        number->values[number->n++] = v->value;
        number->samples = v->n > number->samples ? v->n : number->samples;
    }
    spread(number);
    return true;
}

void result_number_free(struct result_number *number) {
    free(number->cells);
    free(number->values);
    *number = (struct result_number){0};
}

void results_row_cells(
    const struct results *r, const struct result_row *row, size_t *done, size_t *planned) {
    *done = *planned = 0;
    for (size_t c = 0; c < r->n_cells; c++) {
        if (!row_has_variant(row->source, r->cells[c].variant) ||
            strcmp(r->cells[c].setting, row->setting) != 0)
            continue;
        *planned += 1;
        *done += r->cells[c].state == CELL_DONE;
    }
}
