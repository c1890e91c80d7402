#include "grid/grid_parts.h"

#include "analysis/age_groups.h"
#include "analysis/metrics.h"
#include "core/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool has_task(const struct grid *g, enum attribute a) {
    for (size_t i = 0; i < g->n_cells; i++)
        for (int t = 0; t < g->cells[i].config.n_tasks; t++)
            if (g->cells[i].config.tasks[t].attribute == a)
                return true;
    return false;
}

/* Whether any cell's ages are groups, or years. Groups cannot be put into bins of years. */
static bool has_ages(const struct grid *g, bool groups) {
    for (size_t i = 0; i < g->n_cells; i++)
        if (ages_are_groups(g->cells[i].config.data.set, g->cells[i].config.data.reading) == groups)
            return true;
    return false;
}

static bool list_of(const struct grid_file *f, const cJSON *list, const char *at, struct err *e) {
    return (cJSON_IsArray(list) && list->child) ||
           err_usage(e, "%s: %s: expected a list with at least one element", f->where, at);
}

/* ---- rows ---- */

static void default_rows(struct grid *g) {
    g->rows = xcalloc((size_t)g->n_variants, sizeof g->rows[0]);
    for (int i = 0; i < g->n_variants; i++) {
        struct report_row *row = &g->rows[g->n_rows++];
        *row = (struct report_row){.title = xstrdup(g->variants[i]), .n_variants = 1};
        row->variants = xcalloc(1, sizeof row->variants[0]);
        row->variants[0] = xstrdup(g->variants[i]);
    }
}

static bool read_row_variants(const struct grid *g, const struct grid_file *f, const cJSON *names,
    const char *at, struct report_row *row, struct err *e) {
    if (!list_of(f, names, at, e))
        return false;
    row->variants = xcalloc((size_t)cJSON_GetArraySize(names), sizeof row->variants[0]);
    const cJSON *name;
    cJSON_ArrayForEach(name, names) {
        int i = grid_find_variant(g, f, at, name, e);
        if (i < 0)
            return false;
        for (int j = 0; j < row->n_variants; j++)
            if (strcmp(row->variants[j], g->variants[i]) == 0)
                return err_usage(
                    e, "%s: %s: the variant \"%s\" stands twice", f->where, at, g->variants[i]);
        row->variants[row->n_variants++] = xstrdup(g->variants[i]);
    }
    return true;
}

static const struct metric_row *metric_of(const struct report_column *column) {
    int m = 0;
    while (strcmp(metric_rows[m].name, column->metric) != 0)
        m++;
    return &metric_rows[m];
}

/* A source's value of a column: null, a share, an error that is no less than 0, or a bias. */
static bool read_value(const struct grid_file *f, const cJSON *value, const char *at,
    const struct report_column *column, double *to, struct err *e) {
    const struct metric_row *m = metric_of(column);
    *to = cJSON_IsNumber(value) ? value->valuedouble : NAN;
    if (cJSON_IsNull(value))
        return true;
    if (!cJSON_IsNumber(value))
        return err_usage(
            e, "%s: %s: expected a number, or null where the source has none", f->where, at);
    if (m->share && (*to < 0 || *to > 1))
        return err_usage(e,
            "%s: %s: %g: expected a share, 0 to 1 (58.6 percent is 0.586), for %s of %s", f->where,
            at, *to, m->name, attribute_name[column->task]);
    return m->better == 0 || *to >= 0 ||
           err_usage(e, "%s: %s: %g: expected no less than 0 for %s of %s", f->where, at, *to,
               m->name, attribute_name[column->task]);
}

/* What another work says of itself; needs the columns. */
static bool read_published(const struct grid *g, const struct grid_file *f, const cJSON *object,
    const char *at, struct report_row *row, struct err *e) {
    const cJSON *source = json_get(object, "published"), *values = json_get(object, "values");
    if (!cJSON_IsString(source) || !*source->valuestring)
        return err_usage(e, "%s: %s/published: expected a text that says where the values are from",
            f->where, at);
    int n = cJSON_IsArray(values) ? cJSON_GetArraySize(values) : -1;
    if (n != g->n_columns)
        return err_usage(e,
            "%s: %s/values: expected a list of %d values, one for each of /report/columns%s",
            f->where, at, g->n_columns,
            json_get(f->report, "columns") ? "" : " (which are the default's)");
    row->published = xstrdup(source->valuestring);
    row->values = xcalloc((size_t)n, sizeof row->values[0]);
    bool ok = true;
    for (int c = 0; ok && c < n; c++) {
        char *inside = xasprintf("%s/values/%d", at, c);
        ok = read_value(
            f, cJSON_GetArrayItem(values, c), inside, &g->columns[c], &row->values[c], e);
        free(inside);
    }
    return ok;
}

static bool read_row(
    struct grid *g, const struct grid_file *f, const cJSON *object, const char *at, struct err *e) {
    static const char *const run[] = {"title", "variants"};
    static const char *const cited[] = {"title", "published", "values"};
    if (!cJSON_IsObject(object))
        return err_usage(e,
            "%s: %s: expected an object with \"title\" and \"variants\", or with \"title\", "
            "\"published\" and \"values\"",
            f->where, at);
    bool published = json_get(object, "published") || json_get(object, "values");
    if (published && json_get(object, "variants"))
        return err_usage(e,
            "%s: %s: expected either \"variants\", which are run here, or \"published\", not both",
            f->where, at);
    if (!grid_known_members(f, at, object, published ? cited : run,
            published ? ARRAY_LEN(cited) : ARRAY_LEN(run), e))
        return false;
    const cJSON *title = json_get(object, "title");
    if (!cJSON_IsString(title))
        return err_usage(e, "%s: %s/title: expected a text", f->where, at);
    struct report_row *row = &g->rows[g->n_rows++];
    row->title = xstrdup(title->valuestring);
    if (published)
        return read_published(g, f, object, at, row, e);
    char *inside = xasprintf("%s/variants", at);
    bool ok = read_row_variants(g, f, json_get(object, "variants"), inside, row, e);
    free(inside);
    return ok;
}

static bool read_rows(struct grid *g, const struct grid_file *f, const cJSON *rows, struct err *e) {
    if (!list_of(f, rows, "/report/rows", e))
        return false;
    g->rows = xcalloc((size_t)cJSON_GetArraySize(rows), sizeof g->rows[0]);
    const cJSON *row;
    bool ok = true, run = false;
    cJSON_ArrayForEach(row, rows) {
        char *at = xasprintf("/report/rows/%d", g->n_rows);
        ok = ok && read_row(g, f, row, at, e);
        run = run || (ok && !g->rows[g->n_rows - 1].published);
        free(at);
    }
    return ok &&
           (run || err_usage(e, "%s: /report/rows: expected at least one row with \"variants\"",
                       f->where));
}

/* ---- columns ---- */

/* Columns of the table, or what `compare` tests. */
struct column_list {
    struct report_column **columns;
    int *n;
};

static void add_column(
    const struct column_list *l, enum attribute task, const char *metric, const char *bins) {
    (*l->columns)[(*l->n)++] =
        (struct report_column){.task = task, .metric = xstrdup(metric), .bins = xstrdup(bins)};
}

static void default_columns(struct grid *g) {
    bool years = has_ages(g, false), groups = has_ages(g, true);
    const struct {
        enum attribute task;
        const char *metric, *bins;
        bool wanted;
    } columns[] = {{ATTR_AGE, "mae", "", true}, {ATTR_AGE, "accuracy", "fairface-9", years},
        {ATTR_AGE, "accuracy", "", groups}, {ATTR_GENDER, "accuracy", "", true},
        {ATTR_RACE, "accuracy", "", true}};
    const struct column_list list = {&g->columns, &g->n_columns};
    g->columns = xcalloc(ARRAY_LEN(columns), sizeof g->columns[0]);
    for (size_t i = 0; i < ARRAY_LEN(columns); i++)
        if (columns[i].wanted && has_task(g, columns[i].task))
            add_column(&list, columns[i].task, columns[i].metric, columns[i].bins);
}

static bool read_task(const struct grid *g, const struct grid_file *f, const cJSON *name,
    const char *at, int *task, struct err *e) {
    *task = cJSON_IsString(name) ? word_find(attribute_name, ATTR_COUNT, name->valuestring) : -1;
    if (*task < 0) {
        err_usage(e, "%s: %s/task: expected \"age\", \"gender\" or \"race\"", f->where, at);
        return cJSON_IsString(name) &&
               err_hint(e, name->valuestring, attribute_name, ATTR_COUNT, sizeof *attribute_name);
    }
    return has_task(g, (enum attribute) * task) ||
           err_usage(e, "%s: %s/task: no cell of this grid has the task \"%s\"", f->where, at,
               attribute_name[*task]);
}

static bool read_metric(
    const struct grid_file *f, const cJSON *name, const char *at, int task, struct err *e) {
    struct str known = {0};
    bool found = false, ordered = task == ATTR_AGE, usable = false;
    for (int i = 0; i < METRIC_COUNT; i++) {
        const struct metric_row *m = &metric_rows[i];
        if (cJSON_IsString(name) && strcmp(m->name, name->valuestring) == 0) {
            found = true;
            usable = ordered || !m->ordinal_only;
        }
        if (ordered || !m->ordinal_only)
            str_addf(&known, "%s%s", known.len ? ", " : "", m->name);
    }
    if (!usable)
        err_usage(e, "%s: %s/metric: expected one of %s, the metrics of %s", f->where, at,
            known.text, attribute_name[task]);
    if (cJSON_IsString(name) && !found)
        err_hint(e, name->valuestring, metric_rows, METRIC_COUNT, sizeof metric_rows[0]);
    str_free(&known);
    return usable;
}

static bool read_bins(const struct grid *g, const struct grid_file *f, const cJSON *bins,
    const char *at, int task, const char *metric, struct err *e) {
    if (!bins || (cJSON_IsString(bins) && !*bins->valuestring))
        return true;
    if (task != ATTR_AGE || strcmp(metric, "accuracy") != 0)
        return err_usage(e,
            "%s: %s/bins: only the task \"age\" with the metric \"accuracy\" has age "
            "groups",
            f->where, at);
    if (!has_ages(g, false))
        return err_usage(
            e, "%s: %s/bins: the set's ages are groups already: leave it out", f->where, at);
    struct age_bin_sets sets;
    bool ok = age_bins_load(&sets, NULL, e);
    if (ok && !(cJSON_IsString(bins) && age_bins_find(&sets, bins->valuestring))) {
        struct str known = {0};
        for (int i = 0; i < sets.n; i++)
            str_addf(&known, "%s\"%s\"", i ? ", " : "", sets.sets[i].name);
        ok = err_usage(e, "%s: %s/bins: expected one of %s", f->where, at, known.text);
        if (cJSON_IsString(bins))
            err_hint(e, bins->valuestring, sets.sets, (size_t)sets.n, sizeof sets.sets[0]);
        str_free(&known);
    }
    age_bins_free(&sets);
    return ok;
}

static bool read_column(const struct grid *g, const struct grid_file *f, const cJSON *object,
    const char *at, const struct column_list *list, struct err *e) {
    static const char *const members[] = {"task", "metric", "bins"};
    if (!cJSON_IsObject(object))
        return err_usage(e,
            "%s: %s: expected an object with \"task\", \"metric\" and perhaps \"bins\"", f->where,
            at);
    const cJSON *metric = json_get(object, "metric"), *bins = json_get(object, "bins");
    int task;
    if (!grid_known_members(f, at, object, members, ARRAY_LEN(members), e) ||
        !read_task(g, f, json_get(object, "task"), at, &task, e) ||
        !read_metric(f, metric, at, task, e) ||
        !read_bins(g, f, bins, at, task, metric->valuestring, e))
        return false;
    add_column(list, (enum attribute)task, metric->valuestring, bins ? bins->valuestring : "");
    return true;
}

static bool read_columns(const struct grid *g, const struct grid_file *f, const cJSON *columns,
    const char *at, const struct column_list *list, struct err *e) {
    if (!list_of(f, columns, at, e))
        return false;
    *list->columns = xcalloc((size_t)cJSON_GetArraySize(columns), sizeof **list->columns);
    const cJSON *column;
    bool ok = true;
    cJSON_ArrayForEach(column, columns) {
        char *inside = xasprintf("%s/%d", at, *list->n);
        ok = ok && read_column(g, f, column, inside, list, e);
        free(inside);
    }
    return ok;
}

static void copy_columns(struct grid *g) {
    const struct column_list list = {&g->family, &g->n_family};
    g->family = xcalloc((size_t)g->n_columns, sizeof g->family[0]);
    for (int i = 0; i < g->n_columns; i++)
        add_column(&list, g->columns[i].task, g->columns[i].metric, g->columns[i].bins);
}

bool grid_make_report(struct grid *g, const struct grid_file *f, struct err *e) {
    static const char *const members[] = {"rows", "columns", "family"};
    const struct column_list shown = {&g->columns, &g->n_columns};
    const struct column_list tested = {&g->family, &g->n_family};
    if (!grid_known_members(f, "/report", f->report, members, ARRAY_LEN(members), e))
        return false;
    const cJSON *rows = json_get(f->report, "rows"), *columns = json_get(f->report, "columns");
    const cJSON *family = json_get(f->report, "family");
    if (columns && !read_columns(g, f, columns, "/report/columns", &shown, e))
        return false;
    if (family && !read_columns(g, f, family, "/report/family", &tested, e))
        return false;
    if (!columns)
        default_columns(g);
    if (!family)
        copy_columns(g);
    if (!rows)
        default_rows(g);
    return !rows || read_rows(g, f, rows, e); /* the values of published rows are of columns */
}
