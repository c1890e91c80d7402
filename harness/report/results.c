#include "report/results.h"

#include "analysis/metrics.h"
#include "analysis/readout.h"
#include "core/json.h"
#include "core/mem.h"
#include "grid/leaky.h"
#include "report/setting.h"
#include "store/sql.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool read_tasks(struct result_cell *cell, const char *config, struct err *e) {
    cJSON *object = json_parse("configuration of a cell", config, strlen(config), e);
    const cJSON *tasks = json_get(object, "tasks");
    for (int t = 0; t < ATTR_COUNT; t++) {
        const cJSON *task = json_get(tasks, attribute_name[t]), *kind = json_get(task, "kind");
        cell->has_task[t] = cJSON_IsObject(task);
        cell->ordinal[t] = cJSON_IsString(kind) && strcmp(kind->valuestring, "ordinal") == 0;
    }
    cJSON_Delete(object);
    return e->kind == ERR_NONE;
}

static bool read_members(struct results *r, struct store *s, struct err *e) {
    struct cell_record *records;
    size_t n;
    if (!store_cells(s, r->grid.name, &records, &n, e))
        return false;
    bool ok = true;
    r->cells = xcalloc(n, sizeof *r->cells);
    r->n_cells = n;
    for (size_t i = 0; i < n; i++) {
        r->cells[i] = (struct result_cell){
            .id = xstrdup(records[i].id),
            .variant = xstrdup(records[i].variant),
            .setting = setting_text(records[i].axes),
            .state = records[i].state,
            .fold = -1,
        };
        r->cells_done += records[i].state == CELL_DONE;
        ok = ok && read_tasks(&r->cells[i], records[i].config, e);
    }
    store_cells_free(records, n);
    return ok;
}

/* Column `at`: 1 where ages are years, 0 where they are groups, NULL where the cell has read no data yet. */
static void note_ages(struct results *r, struct result_cell *cell, sqlite3_stmt *row, int at) {
    if (sqlite3_column_type(row, at) == SQLITE_NULL || !cell->has_task[ATTR_AGE])
        return;
    cell->age_groups = !sqlite3_column_int(row, at);
    *(cell->age_groups ? &r->age_groups : &r->age_years) = true;
}

static bool read_seeds(struct results *r, sqlite3 *db, struct err *e) {
    sqlite3_stmt *row = sql_prepare(db, e,
        "SELECT DISTINCT c.cell, c.seed, c.split_seed, c.fold, c.dataset, c.split, d.exact_ages"
        " FROM v_cells c LEFT JOIN v_datasets d ON d.dataset = c.dataset"
        " AND d.fingerprint = c.data_fingerprint WHERE c.grid = ?1",
        "s", r->grid.name);
    int found = row ? 1 : -1;
    while (found > 0 && (found = sql_step(row, e)) > 0)
        for (size_t i = 0; i < r->n_cells; i++)
            if (strcmp(r->cells[i].id, sql_text(row, 0)) == 0) {
                r->cells[i].seed = sqlite3_column_int64(row, 1);
                r->cells[i].split_seed = sqlite3_column_int64(row, 2);
                r->cells[i].fold = sqlite3_column_int(row, 3);
                r->cells[i].leaky = split_leaky(sql_text(row, 4), sql_text(row, 5));
                note_ages(r, &r->cells[i], row, 6);
            }
    sqlite3_finalize(row);
    return found == 0;
}

/* Whose parts the gates found to share files, contents, near-duplicates or persons, whatever the split's kind. */
static bool read_torn(struct results *r, sqlite3 *db, struct err *e) {
    if (!sql_long(db, e, 0, "SELECT count(*) FROM sqlite_master WHERE name = 'v_findings'", ""))
        return e->kind == ERR_NONE;
    sqlite3_stmt *row = sql_prepare(db, e,
        "SELECT DISTINCT cell FROM v_cells WHERE grid = ?1 AND leaky = 1", "s", r->grid.name);
    int found = row ? 1 : -1;
    while (found > 0 && (found = sql_step(row, e)) > 0)
        for (size_t i = 0; i < r->n_cells; i++)
            if (strcmp(r->cells[i].id, sql_text(row, 0)) == 0)
                r->cells[i].leaky = true;
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

/* The values of done cells, each once (UNION: the views repeat a cell's rows for each of its places in
 * the grid) and cell by cell. Scores are stored without a count: it is that of the metrics beside them. */
static const char values_sql[] =
    "SELECT cell, task, readout, bins, metric, value,"
    " coalesce(n, max(n) OVER (PARTITION BY cell, task, readout, bins), 0) FROM ("
    "SELECT cell, task, readout, bins, metric, value, n FROM v_metrics"
    " WHERE grid = ?1 AND part = ?2 AND grouping = 'all'"
    " UNION SELECT cell, task, readout, '', convention || '_5', value, NULL FROM v_cs"
    " WHERE grid = ?1 AND part = ?2 AND i = 5) ORDER BY 1, 2, 3, 4, 5";

/* Notes value number `i` with all members that are cell `id`; false where none of them is done. */
static bool note_value(struct results *r, const char *id, size_t i) {
    bool wanted = false;
    for (size_t c = 0; c < r->n_cells; c++) {
        struct result_cell *cell = &r->cells[c];
        if (cell->state != CELL_DONE || strcmp(cell->id, id) != 0)
            continue;
        if (cell->values_end == 0)
            cell->values_begin = i;
        cell->values_end = i + 1;
        wanted = true;
    }
    return wanted;
}

static bool read_values(struct results *r, sqlite3 *db, struct err *e) {
    size_t capacity = 0, bins_capacity = 0;
    sqlite3_stmt *row = sql_prepare(db, e, values_sql, "ss", r->grid.name, part_name[r->part]);
    int found = row ? 1 : -1;
    while (found > 0 && (found = sql_step(row, e)) > 0) {
        int task = word_find(attribute_name, ATTR_COUNT, sql_text(row, 1));
        int readout = word_find(readout_name, READOUT_COUNT, sql_text(row, 2));
        if (task < 0 || readout < 0 || !note_value(r, sql_text(row, 0), r->n_values))
            continue;
        r->values = xgrow(r->values, &capacity, r->n_values + 1, sizeof *r->values);
        r->values[r->n_values++] = (struct result_value){
            .task = (enum attribute)task,
            .readout = (enum readout)readout,
            .bins = xstrdup(sql_text(row, 3)),
            .metric = xstrdup(sql_text(row, 4)),
            .value = sqlite3_column_double(row, 5),
            .n = (long)sqlite3_column_int64(row, 6),
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

/* Of the contents that the grid's cells read. A file of schema version 1 does not say. */
static void read_undecodable(struct results *r, sqlite3 *db, struct err *e) {
#define OF_SETS                                                                                    \
    " FROM v_datasets d WHERE EXISTS (SELECT 1 FROM v_cells c WHERE c.grid = ?1"                   \
    " AND c.dataset = d.dataset AND c.data_fingerprint = d.fingerprint)"
    bool told = sql_long(db, e, 0,
        "SELECT count(*) FROM pragma_table_info('v_datasets') WHERE name = 'undecodable'", "");
    r->images = (long)sql_long(db, e, 0, "SELECT sum(samples)" OF_SETS, "s", r->grid.name);
    r->undecodable =
        told ? (long)sql_long(db, e, -1, "SELECT sum(undecodable)" OF_SETS, "s", r->grid.name) : -1;
#undef OF_SETS
}

/* Of tables, by the columns of their keys: the view would look at every group's metrics. */
static const char samples_sql[] =
    "SELECT max(n) FROM (SELECT n FROM v_epochs WHERE grid = ?1 AND part = ?2 UNION ALL"
    " SELECT x.n FROM metric x WHERE x.cell IN (SELECT m.cell FROM member m JOIN grid g ON g.grid = m.grid"
    " WHERE g.name = ?1) AND x.part = (SELECT part FROM part WHERE name = ?2)"
    " AND x.task IN (SELECT task FROM task)"
    " AND x.slice IN (SELECT slice FROM slice WHERE grouping = 'all'))";

static bool read_run(struct results *r, sqlite3 *db, struct err *e) {
    r->dataset = one_text(r, db, "dataset", e);
    r->device = one_text(r, db, "device", e);
    r->threads = one_text(r, db, "threads", e);
    r->libtorch = one_text(r, db, "libtorch", e);
    r->commit = one_text(r, db, "git_commit", e);
    r->drawn = sql_long(db, e, 0,
        "SELECT max(d.drawn) FROM v_cells c JOIN v_datasets d ON d.dataset = c.dataset "
        "AND d.fingerprint = c.data_fingerprint WHERE c.grid = ?1",
        "s", r->grid.name);
    read_undecodable(r, db, e);
    for (int part = 0; part < PART_COUNT; part++)
        r->samples[part] =
            (long)sql_long(db, e, 0, samples_sql, "ss", r->grid.name, part_name[part]);
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
    bool ok = grid_parse_stored(&r->grid, grid, source, e) && read_members(r, s, e) &&
              read_seeds(r, db, e) && read_values(r, db, e) && read_run(r, db, e) &&
              choices_read(&r->choices, s, grid, e) && warnings_read(&r->warnings, s, grid, e) &&
              read_torn(r, db, e);
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
    free(r->threads);
    free(r->libtorch);
    free(r->commit);
    choices_free(&r->choices);
    warnings_free(&r->warnings);
    grid_free(&r->grid);
    *r = (struct results){0};
}

/* ---- numbers ---- */

/* Whether cells[c] is `variant` in the row's setting, with the task. */
static bool is_of(const struct results *r, size_t c, const struct result_row *row,
    const char *variant, enum attribute task) {
    const struct result_cell *cell = &r->cells[c];
    return cell->has_task[task] && strcmp(cell->variant, variant) == 0 &&
           strcmp(cell->setting, row->setting) == 0;
}

/* The first variant of the row that has the task, and its first cell; NULL where none has it. */
static const char *variant_with(
    const struct results *r, const struct result_row *row, enum attribute task, size_t *cell) {
    for (int v = 0; v < row->source->n_variants; v++)
        for (*cell = 0; *cell < r->n_cells; ++*cell)
            if (is_of(r, *cell, row, row->source->variants[v], task))
                return row->source->variants[v];
    return NULL;
}

enum readout results_readout(
    const struct results *r, const struct result_row *row, enum attribute task) {
    size_t cell;
    return variant_with(r, row, task, &cell) ? readout_of_record(r->cells[cell].ordinal[task])
                                             : READOUT_COUNT;
}

bool results_in_row(
    const struct results *r, const struct result_row *row, enum attribute task, size_t cell) {
    const struct result_cell *c = &r->cells[cell];
    size_t first;
    if (!c->has_task[task] ||
        !row_has_variant(row->source, c->variant)) /* as most are: no search */
        return false;
    const char *variant = variant_with(r, row, task, &first);
    return variant && is_of(r, cell, row, variant, task);
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

/* Whether the cells behind a number differ in seed, fold, split seed: bits 1, 2, 4. */
static int differ_by(const struct results *r, const struct result_number *n) {
    int bits = 0;
    for (size_t i = 1; i < n->n; i++) {
        const struct result_cell *a = &r->cells[n->cells[0]], *b = &r->cells[n->cells[i]];
        bits |= (a->seed != b->seed) * 1 | (a->fold != b->fold) * 2 |
                (a->split_seed != b->split_seed) * 4;
    }
    return bits;
}

/* The size of the test part over that of the training part; folds are even where nothing else is known. NaN: not
 * known. */
static double overlap_of(const struct results *r, const struct result_number *n, int bits) {
    int folds = 0;
    if (!(bits & 6))
        return 0;
    if (r->samples[PART_TRAIN])
        return (double)n->samples / (double)r->samples[PART_TRAIN];
    for (size_t i = 0; i < n->n; i++)
        folds = r->cells[n->cells[i]].fold >= folds ? r->cells[n->cells[i]].fold + 1 : folds;
    return bits & 2 && folds > 1 ? 1.0 / (folds - 1) : NAN;
}

/* Scores have no row among the metrics: they are shares. */
static bool is_share(const char *metric) {
    for (int m = 0; m < METRIC_COUNT; m++)
        if (strcmp(metric_rows[m].name, metric) == 0)
            return metric_rows[m].share;
    return true;
}

static void find_interval(const struct results *r, const char *metric, struct result_number *n) {
    static const char *const sources[] = {"", "seeds", "folds", "seeds and folds", "splits",
        "seeds and splits", "folds and splits", "seeds, folds and splits"};
    int bits = differ_by(r, n);
    double overlap = overlap_of(r, n, bits);
    n->variance_of = sources[bits];
    n->interval = (struct interval){NAN, NAN};
    if (bits && n->n == n->planned && !isnan(overlap))
        n->interval = interval_of_mean(n->values, n->n, overlap, RESULT_CONFIDENCE);
    if (is_share(metric) && !isnan(n->interval.low)) /* Student's t knows no bounds */
        n->interval = (struct interval){fmax(0, n->interval.low), fmin(1, n->interval.high)};
}

static const struct result_value *find_value(const struct results *r, size_t cell,
    enum attribute task, enum readout readout, const char *bins, const char *metric) {
    for (size_t i = r->cells[cell].values_begin; i < r->cells[cell].values_end; i++) {
        const struct result_value *v = &r->values[i];
        if (v->task == task && v->readout == readout && strcmp(v->bins, bins) == 0 &&
            strcmp(v->metric, metric) == 0)
            return v;
    }
    return NULL;
}

bool results_number(const struct results *r, const struct result_row *row, enum attribute task,
    enum readout readout, const char *bins, const char *metric, struct result_number *number) {
    *number =
        (struct result_number){.mean = NAN, .sd = NAN, .interval = {NAN, NAN}, .variance_of = ""};
    size_t first;
    const char *variant = variant_with(r, row, task, &first);
    if (!variant || (task == ATTR_AGE && *bins && r->cells[first].age_groups))
        return false;
    if (readout == READOUT_COUNT)
        readout = readout_of_record(r->cells[first].ordinal[task]);
    number->cells = xcalloc(r->n_cells, sizeof *number->cells);
    number->values = xcalloc(r->n_cells, sizeof *number->values);
    for (size_t c = 0; c < r->n_cells; c++) {
        if (!is_of(r, c, row, variant, task))
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
    find_interval(r, metric, number);
    return true;
}

void result_number_free(struct result_number *number) {
    free(number->cells);
    free(number->values);
    *number = (struct result_number){0};
}

bool results_row_age_groups(const struct results *r, const struct result_row *row) {
    size_t cell;
    return variant_with(r, row, ATTR_AGE, &cell) && r->cells[cell].age_groups;
}

const char *results_row_mark(const struct results *r, const struct result_row *row) {
    return r->age_years && results_row_age_groups(r, row) ? " (ages in groups)" : "";
}

bool results_row_leaky(const struct results *r, const struct result_row *row) {
    for (size_t c = 0; c < r->n_cells; c++)
        if (r->cells[c].leaky && row_has_variant(row->source, r->cells[c].variant) &&
            strcmp(r->cells[c].setting, row->setting) == 0)
            return true;
    return false;
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
