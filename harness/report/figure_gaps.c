/* An audit as a picture: each task's cells with their intervals around everyone's value, the worst first, and below them
 * the gaps between cells. Numbers are those of `dmtl audit`. */
#include "report/figure.h"

#include "analysis/crossing.h"
#include "core/mem.h"
#include "report/figure_audit.h"
#include "report/figure_classes.h"
#include "report/figure_forest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double percent(const struct audit_section *s) {
    return outcome_traits(&s->outcome).share ? 100 : 1;
}

static void add_cell(struct forest_panel *p, const struct audit_section *s,
    const struct audit_cell *cell, const char *grouping) {
    char *name = crossing_cell_words(grouping), *label = xasprintf("%s (%zu)", name, cell->n);
    forest_row(p, (struct forest_row){.label = label,
                      .name = (char *)grouping,
                      .value = cell->value * percent(s),
                      .low = cell->interval.low * percent(s),
                      .high = cell->interval.high * percent(s),
                      .filled = cell->rank > 0,
                      .n = (long)cell->n,
                      .p = cell->p});
    free(name);
    free(label);
}

/* Ranked cells, the worst first, then the small ones that have a value. */
static void add_cells(
    struct forest_panel *p, const struct audits *a, const struct audit_section *s) {
    const struct crossing *c = &a->tasks[s->task].crossings[s->crossing];
    char *by = crossing_words(c->by), *heading = xasprintf("by %s", by);
    forest_heading(p, heading);
    free(by);
    for (size_t rank = 1; rank <= s->table.ranked; rank++)
        for (size_t i = 0; i < s->table.n; i++)
            if (s->table.cells[i].rank == rank)
                add_cell(p, s, &s->table.cells[i], c->name[i]);
    for (size_t i = 0; i < s->table.n; i++)
        if (!s->table.cells[i].rank && !isnan(s->table.cells[i].value))
            add_cell(p, s, &s->table.cells[i], c->name[i]);
    free(heading);
}

static const char *cell_name(const struct crossing *c, size_t cell) {
    return cell == GAP_OVERALL ? "all" : c->name[cell];
}

static void add_gap(struct forest_panel *p, const struct audits *a, const struct audit_section *s,
    enum gap_kind kind) {
    const struct crossing *c = &a->tasks[s->task].crossings[s->crossing];
    const struct audit_gap *g = &s->table.gap[kind];
    if (isnan(g->gap.value))
        return;
    char *by = crossing_words(c->by),
         *label = xasprintf("%s%s", by, kind == GAP_DIFFERENCE ? "" : ", to all");
    char *name = xasprintf("%s by %s: %s - %s", gap_name[kind], c->by, cell_name(c, g->gap.high),
        cell_name(c, g->gap.low));
    forest_row(p, (struct forest_row){.label = label,
                      .name = name,
                      .value = g->gap.value * percent(s),
                      .low = g->gap.interval.low * percent(s),
                      .high = g->gap.interval.high * percent(s),
                      .filled = g->p <= 1 - a->request->options.confidence,
                      .n = (long)s->table.all.n,
                      .p = g->p});
    free(by);
    free(label);
    free(name);
}

static bool same_outcome(const struct audit_section *a, const struct audit_section *b) {
    return a->task == b->task && strcmp(a->outcome.name, b->outcome.name) == 0;
}

/* Crossings of several attributes are drawn only where they were asked for. */
static bool draws(
    const struct figure_options *o, const struct audits *a, const struct audit_section *s) {
    const char *by = a->tasks[s->task].crossings[s->crossing].by;
    return figure_audit_draws(o, s) && (o->n_by || !strchr(by, ','));
}

/* The panels of one outcome of a task: all its crossings together. */
static void add_outcome(struct forest *f, const struct figure_options *o, const struct audits *a,
    const struct audit_section *first) {
    const struct audit_task *t = &a->tasks[first->task];
    const struct audit_section *end = a->sections + a->n_sections;
    char *title = outcome_title(t->task, &first->outcome),
         *measure = outcome_measure(&first->outcome);
    char *gaps = xasprintf("%s: gaps", title);
    struct forest_panel *p =
        forest_start(f, title, measure, first->table.all.value * percent(first));
    p->least = outcome_traits(&first->outcome).share ? 0 : -INFINITY;
    p->most = outcome_traits(&first->outcome).share ? 100 : INFINITY;
    for (const struct audit_section *s = first; s < end; s++)
        if (same_outcome(s, first) && draws(o, a, s))
            add_cells(p, a, s);
    p = forest_start(f, gaps, "Largest difference", 0);
    for (const struct audit_section *s = first; s < end; s++)
        if (same_outcome(s, first) && draws(o, a, s)) {
            add_gap(p, a, s, GAP_DIFFERENCE);
            add_gap(p, a, s, GAP_DIFFERENCE_TO_OVERALL);
        }
    if (!p->n)
        forest_heading(p, "none told");
    free(gaps);
    free(title);
    free(measure);
}

static bool draw(struct figure *f, const struct results *r, const struct result_row *row,
    const struct audits *a, const struct figure_options *o, struct err *e) {
    struct forest forest = {.together = 2};
    for (size_t i = 0; i < a->n_sections; i++) {
        bool first = draws(o, a, &a->sections[i]);
        for (size_t k = 0; k < i; k++)
            first &= !same_outcome(&a->sections[k], &a->sections[i]);
        if (first)
            add_outcome(&forest, o, a, &a->sections[i]);
    }
    char *row_name = figure_row_name(r, row), *name = page_title_name(row_name);
    free(row_name);
    char *what =
        xasprintf("%s: groups (images), worst first, and %g %% intervals; dashed: all. Hollow: "
                  "fewer than %zu independent images, or a gap that may be chance",
            name, 100 * a->request->options.confidence, a->request->options.min_clusters);
    char *title = figure_title(r, what);
    bool ok = forest_figure(f, &forest, o, title, e);
    free(title);
    free(what);
    free(name);
    forest_free(&forest);
    return ok;
}

/* One attribute at a time, of those that the set knows: their crossing has more cells than a panel has rows. */
static bool choose_by(const char *by[ATTR_COUNT], size_t *n, const struct results *r, sqlite3 *db,
    const struct result_row *row, const struct figure_options *o, struct err *e) {
    static const char *const names[] = {"age_group", "gender", "race"};
    bool ok = true;
    for (int a = 0; ok && a < ATTR_COUNT; a++) {
        struct class_names classes;
        ok = class_names_read(&classes, r, db, row, a, figure_bins(r, row, o), e);
        if (ok && classes.n)
            by[(*n)++] = names[a];
        class_names_free(&classes);
    }
    return ok;
}

bool figure_gaps(struct figure *f, const struct results *r, struct store *store,
    const struct figure_options *o, struct err *e) {
    const struct result_row *row = figure_one_row(r, o);
    struct figure_audit audit = {.request = {.by = NULL}};
    const char *by[ATTR_COUNT];
    size_t n = 0;
    if (!row || !figure_row_done(r, row, o))
        return true;
    if (o->audit && o->task < 0 && !o->metric && !o->n_by && !o->n_variants)
        return draw(f, r, row, o->audit, o, e);
    bool ok = o->n_by || choose_by(by, &n, r, store_db(store), row, o, e);
    ok = ok &&
         figure_audit_make(
             &audit, r, store, row, o, o->n_by ? o->by : by, o->n_by ? o->n_by : n, false, e) &&
         draw(f, r, row, &audit.audits, o, e);
    figure_audit_free(&audit);
    return ok;
}
