/* Error against true age: mean absolute error and bias in each age group, a line an approach, and how many images are in
 * the group. */
#include "report/figure.h"

#include "core/mem.h"
#include "report/figure_classes.h"
#include "report/figure_panels.h"

#include <stdlib.h>
#include <string.h>

static const char script_gp[] =
#include "plots/error.gp.inc"
    ;

/* A column of each group of ages' metric, by the group's place. */
static bool read_groups(struct curve_values *c, const struct results *r, sqlite3 *db,
    const char *column, const char *metric, const char *bins, const struct class_names *groups,
    struct err *e) {
    struct class_names only_ages[ATTR_COUNT] = {[ATTR_AGE] = *groups};
    bool ok = true;
    char *sql =
        xasprintf("SELECT DISTINCT cell, variant, task, ?3, %s FROM v_metrics WHERE grid = ?1 AND "
                  "part = '%s' AND task = 'age' AND metric = '%s' AND bins = ?2 AND grouping = ?4 "
                  "ORDER BY cell, variant",
            column, part_name[r->part], metric);
    for (int g = 0; ok && g < groups->n; g++) {
        int value[ATTR_COUNT] = {[ATTR_AGE] = g};
        char *grouping = class_names_grouping(only_ages, value), *place = xasprintf("%d", g);
        ok = curves_read(c, r, db, e, sql, "ssss", r->grid.name, bins, place, grouping);
        free(grouping);
        free(place);
    }
    free(sql);
    return ok;
}

static bool add_panel(struct panels *p, const struct results *r, sqlite3 *db, const char *column,
    const char *metric, const char *title, const char *y_label, const struct figure_options *o,
    const char *bins, const struct class_names *groups, struct err *e) {
    struct curve_values values = {0};
    bool bars = strcmp(column, "n") == 0;
    bool ok = read_groups(&values, r, db, column, metric, bins, groups, e);
    panels_start(p, title, "True age", y_label);
    p->panel[p->panels - 1].bars = bars;
    for (size_t i = 0; ok && i < r->n_rows; i++) {
        char *name = figure_row_name(r, &r->rows[i]);
        int before = p->lines;
        if (figure_has_row(o, &r->rows[i]))
            panels_line(p, r, &values, &r->rows[i], ATTR_AGE, name, (int)i, 1);
        free(name);
        if (bars && p->lines > before) /* images are the same for all */
            break;
    }
    panels_end(p);
    free(values.v);
    return ok;
}

/* A row with ages done whose groups are those of the figure: rows with ages of another kind are left out. */
static const struct result_row *first_row(const struct results *r, const struct figure_options *o) {
    for (size_t i = 0; i < r->n_rows; i++)
        for (size_t c = 0; figure_has_row(o, &r->rows[i]) && c < r->n_cells; c++)
            if (r->cells[c].state == CELL_DONE && results_in_row(r, &r->rows[i], ATTR_AGE, c))
                return &r->rows[i];
    return NULL;
}

bool figure_error(struct figure *f, const struct results *r, struct store *store,
    const struct figure_options *o, struct err *e) {
    const struct result_row *row = first_row(r, o);
    struct class_names groups = {0};
    struct panels p = {.columns = 3};
    sqlite3 *db = store_db(store);
    if (!row)
        return true;
    const char *bins = figure_bins(r, row, o);
    const char *unit = results_row_age_groups(r, row) ? "groups" : "years";
    panels_keep_baseline(&p, r, o, ATTR_AGE);
    char *mae = xasprintf("MAE (%s)", unit), *bias = xasprintf("Bias (%s)", unit);
    bool ok =
        class_names_read(&groups, r, db, row, ATTR_AGE, bins, e) &&
        add_panel(&p, r, db, "value", "mae", "Absolute error", mae, o, bins, &groups, e) &&
        add_panel(&p, r, db, "value", "bias", "Predicted less true", bias, o, bins, &groups, e) &&
        add_panel(&p, r, db, "n", "mae", "Images", "Images a run", o, bins, &groups, e);
    p.x_name = groups.name;
    p.x_names = groups.n;
    char *title = figure_title(r, "Age: error by true age, mean and range of the runs");
    ok = ok && panels_figure(f, &p, o, title, script_gp, e);
    free(title);
    free(mae);
    free(bias);
    panels_free(&p);
    class_names_free(&groups);
    return ok;
}
