/* A metric over age group x gender x race: a heat map a task and gender, ages down, races across. Values are those of
 * `dmtl audit`. */
#include "report/figure.h"

#include "analysis/crossing.h"
#include "core/mem.h"
#include "report/figure_audit.h"
#include "report/figure_classes.h"
#include "report/figure_heat.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The crossing as a table: rows go by the first of its attributes, columns by the last, panels by the one between. */
struct table {
    struct class_names names[ATTR_COUNT];
    int row, column, panel; /* attributes, -1: none */
    char *by;               /* "age_group,gender,race" */
};

static bool make_table(struct table *t, const struct results *r, sqlite3 *db,
    const struct result_row *row, const struct figure_options *o, struct err *e) {
    static const char *const names[] = {"age_group", "gender", "race"};
    bool uses[ATTR_COUNT] = {true, true, true};
    struct str by = {0};
    int used[ATTR_COUNT] = {0}, n = 0;
    *t = (struct table){.row = -1, .column = -1, .panel = -1};
    bool ok = !o->n_by || crossing_parse(uses, o->by[0], "--by", e);
    for (int a = 0; ok && a < ATTR_COUNT; a++) {
        ok = !uses[a] || class_names_read(&t->names[a], r, db, row, a, figure_bins(r, row, o), e);
        if (ok && uses[a] && !t->names[a].n && o->n_by)
            ok = err_usage(e, "--by %s: the set %s has no such label", o->by[0], r->dataset);
        if (!ok || !t->names[a].n)
            continue;
        str_addf(&by, "%s%s", by.len ? "," : "", names[a]);
        used[n++] = a;
    }
    t->row = n ? used[0] : -1;
    t->column = n > 1 ? used[n - 1] : -1;
    t->panel = n > 2 ? used[1] : -1;
    t->by = str_detach(&by);
    return ok;
}

static void table_free(struct table *t) {
    for (int a = 0; a < ATTR_COUNT; a++)
        class_names_free(&t->names[a]);
    free(t->by);
}

static int size_of(const struct table *t, int attribute) {
    return attribute < 0 ? 1 : t->names[attribute].n;
}

/* ---- shades ---- */

static bool is_small(const struct audits *a, const struct audit_cell *cell) {
    return cell->clusters < a->request->options.min_clusters;
}

/* How bad a value is, up to a scale: what is no better either way grows with the value. */
static double badness(const struct outcome *o, double value) {
    int better = outcome_traits(o).better;
    return better == 1 ? -value : better == 0 ? fabs(value) : value;
}

struct shades {
    double least, most; /* badness of the cells that are not small */
};

static struct shades find_shades(const struct audits *a, const struct audit_section *s) {
    struct shades shades = {INFINITY, -INFINITY};
    for (size_t i = 0; i < s->table.n; i++) {
        const struct audit_cell *cell = &s->table.cells[i];
        if (isnan(cell->value) || is_small(a, cell))
            continue;
        shades.least = fmin(shades.least, badness(&s->outcome, cell->value));
        shades.most = fmax(shades.most, badness(&s->outcome, cell->value));
    }
    return shades;
}

/* From a light blue, so that white is left to cells that have no colour. */
static double shade(struct shades s, double bad) {
    const double light = 0.1;
    return s.most > s.least ? light + (1 - light) * (bad - s.least) / (s.most - s.least) : light;
}

/* ---- panels ---- */

static void value_text(char *text, size_t n, double value, bool share) {
    if (share)
        snprintf(text, n, value >= 0.9995 ? "%.0f" : "%.1f", 100 * value);
    else
        snprintf(text, n, fabs(value) < 10 ? "%.2f" : fabs(value) < 100 ? "%.1f" : "%.0f", value);
}

/* The cell of a section with these values, NULL where no sample has one of them. */
static const struct audit_cell *find_cell(const struct audits *a, const struct audit_section *s,
    const struct table *t, const int value[ATTR_COUNT]) {
    const struct crossing *c = &a->tasks[s->task].crossings[s->crossing];
    const struct audit_cell *cell = NULL;
    char *name = class_names_grouping(t->names, value);
    for (size_t i = 0; i < c->n && !cell; i++)
        if (strcmp(c->name[i], name) == 0)
            cell = &s->table.cells[i];
    free(name);
    return cell;
}

static void add_cell(struct heat_panel *panel, const struct audits *a,
    const struct audit_section *s, const struct audit_cell *cell, struct shades shades, int y,
    int x) {
    bool share = outcome_traits(&s->outcome).share;
    struct heat_cell drawn = {.row = y, .column = x, .shade = -1};
    if (!cell || isnan(cell->value))
        return;
    drawn.n = (long)cell->n;
    drawn.value = cell->value * (share ? 100 : 1);
    drawn.small = is_small(a, cell);
    if (!drawn.small)
        drawn.shade = shade(shades, badness(&s->outcome, cell->value));
    value_text(drawn.text, sizeof drawn.text, cell->value, share);
    heat_cell(panel, drawn);
}

static void add_panel(struct heat *h, const struct audits *a, const struct audit_section *s,
    const struct table *t, int of) {
    char *const everyone[] = {(char[]){"all"}};
    char *title = outcome_title(a->tasks[s->task].task, &s->outcome);
    char *measure = outcome_measure(&s->outcome);
    char *full =
        t->panel < 0 ? xstrdup(title) : xasprintf("%s, %s", title, t->names[t->panel].name[of]);
    struct heat_panel *panel =
        heat_start(h, full, measure, t->names[t->row].name, size_of(t, t->row),
            t->column < 0 ? everyone : t->names[t->column].name, size_of(t, t->column));
    struct shades shades = find_shades(a, s);
    int value[ATTR_COUNT] = {0};
    if (t->panel >= 0)
        value[t->panel] = of;
    for (int y = 0; y < panel->rows; y++)
        for (int x = 0; x < panel->columns; x++) {
            value[t->row] = y;
            if (t->column >= 0)
                value[t->column] = x;
            add_cell(panel, a, s, find_cell(a, s, t, value), shades, y, x);
        }
    free(full);
    free(title);
    free(measure);
}

/* Tasks side by side where there is room, with a panel's groups below each other; else the groups side by side. */
static void add_panels(
    struct heat *h, const struct audits *a, const struct table *t, const struct figure_options *o) {
    int of = size_of(t, t->panel), drawn = 0;
    for (size_t i = 0; i < a->n_sections; i++)
        drawn += figure_audit_draws(o, &a->sections[i]);
    for (int pass = 0; pass < 2; pass++) {
        for (int k = 0; k < of * drawn; k++) {
            int section = pass ? k / of : k % drawn, group = pass ? k % of : k / drawn, at = 0;
            for (size_t i = 0; i < a->n_sections; i++)
                if (figure_audit_draws(o, &a->sections[i]) && at++ == section)
                    add_panel(h, a, &a->sections[i], t, group);
        }
        h->together = pass ? of : drawn;
        if (pass || (drawn > 1 && heat_columns(h, o) == drawn))
            return;
        heat_free(h);
        h->panel = NULL;
        h->panels = 0;
        h->capacity = 0;
    }
}

static bool draw(struct figure *f, const struct results *r, const struct result_row *row,
    const struct audits *a, const struct table *t, const struct figure_options *o, struct err *e) {
    struct heat heat = {.x_label = "", .y_label = "", .together = 1};
    static const char *const names[] = {"age_group", "gender", "race"};
    bool neither = true;
    heat.row_head = names[t->row];
    heat.column_head = t->column < 0 ? "everyone" : names[t->column];
    for (size_t i = 0; i < a->n_sections; i++)
        neither &= outcome_traits(&a->sections[i].outcome).better == 2;
    add_panels(&heat, a, t, o);
    char *row_name = figure_row_name(r, row), *name = page_title_name(row_name);
    free(row_name);
    char *what = xasprintf("%s by true group: value", name);
    char *rest = xasprintf("; darker: %s; corner mark: fewer than %zu independent images",
        neither ? "higher" : "worse", a->request->options.min_clusters);
    char *tail = figure_title(r, rest);
    bool ok = heat_figure(f, &heat, o, what, tail, e);
    free(tail);
    free(rest);
    free(what);
    free(name);
    heat_free(&heat);
    return ok;
}

bool figure_subgroups(struct figure *f, const struct results *r, struct store *store,
    const struct figure_options *o, struct err *e) {
    const struct result_row *row = figure_one_row(r, o);
    struct figure_options values = *o;
    struct figure_audit audit = {.request = {.by = NULL}};
    struct table table = {.row = -1};
    values.statistics.draws = 0; /* values alone: no interval is drawn */
    if (!row || !figure_row_done(r, row, o))
        return true;
    bool ok = make_table(&table, r, store_db(store), row, o, e);
    const char *by = table.by;
    if (ok && table.row >= 0)
        ok = figure_audit_make(&audit, r, store, row, &values, &by, 1, false, e) &&
             draw(f, r, row, &audit.audits, &table, o, e);
    figure_audit_free(&audit);
    table_free(&table);
    return ok;
}
