/* Fig 6 of the paper: confusion matrices of one approach, counts summed over the repetitions; of everyone, or of each
 * cell of a crossing. */
#include "report/figure.h"

#include "analysis/crossing.h"
#include "core/mem.h"
#include "report/figure_classes.h"
#include "report/figure_heat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_CLASSES = 40 }; /* more could not be read */

struct matrix {
    char *grouping;
    long *count; /* [truth * classes + predicted] */
    long total;
};

/* The matrices of one task: of everyone, or a crossing's in the order of its attributes' classes. */
struct matrices {
    struct class_names classes;
    struct matrix *list;
    size_t n;
};

/* ---- crossing ---- */

/* The grouping of cell `number` of the product of these classes. */
static char *grouping_of(const struct class_names groups[ATTR_COUNT], size_t number) {
    int value[ATTR_COUNT] = {0};
    for (int a = ATTR_COUNT - 1; a >= 0; a--)
        if (groups[a].n) {
            value[a] = (int)(number % (size_t)groups[a].n);
            number /= (size_t)groups[a].n;
        }
    return class_names_grouping(groups, value);
}

static bool make_groupings(struct matrices *m, const struct results *r, sqlite3 *db,
    const struct result_row *row, const char *by, const char *bins, struct err *e) {
    struct class_names groups[ATTR_COUNT] = {0};
    bool uses[ATTR_COUNT] = {0};
    bool ok = !by || crossing_parse(uses, by, "--by", e);
    size_t n = 1;
    for (int a = 0; ok && a < ATTR_COUNT; a++) {
        ok = !uses[a] || class_names_read(&groups[a], r, db, row, a, bins, e);
        if (ok && uses[a] && !groups[a].n)
            ok = err_usage(e, "--by %s: the set %s has no such label", by, r->dataset);
        n *= groups[a].n ? (size_t)groups[a].n : 1;
    }
    m->list = ok ? xcalloc(n, sizeof *m->list) : NULL;
    size_t classes = (size_t)m->classes.n;
    for (; ok && m->n < n; m->n++)
        m->list[m->n] = (struct matrix){.grouping = grouping_of(groups, m->n),
            .count = xcalloc(classes * classes, sizeof *m->list->count)};
    for (int a = 0; a < ATTR_COUNT; a++)
        class_names_free(&groups[a]);
    return ok;
}

static void matrices_free(struct matrices *m) {
    for (size_t i = 0; i < m->n; i++) {
        free(m->list[i].grouping);
        free(m->list[i].count);
    }
    free(m->list);
    class_names_free(&m->classes);
}

/* ---- counts ---- */

static struct matrix *find(struct matrices *m, const char *grouping, size_t *hint) {
    for (size_t i = 0; i < m->n; i++) {
        struct matrix *one = &m->list[(*hint + i) % m->n];
        if (strcmp(one->grouping, grouping) == 0) {
            *hint = (*hint + i) % m->n;
            return one;
        }
    }
    return NULL;
}

/* Bins stand in the store where they matter (views.sql): with ages, as classes or as groups. */
static bool count_cell(struct matrices *m, const struct results *r, sqlite3 *db,
    const struct result_row *row, int task, const char *bins, const struct result_cell *cell,
    struct err *e) {
    sqlite3_stmt *line = sql_prepare(db, e,
        "SELECT DISTINCT grouping, truth, predicted, n FROM v_confusion WHERE grid = ?1 AND cell = ?2 "
        "AND part = ?3 AND task = ?4 AND readout = ?5 AND bins = ?6 AND (grouping = 'all') = ?7",
        "ssssssi", r->grid.name, cell->id, part_name[r->part], attribute_name[task],
        readout_name[results_readout(r, row, (enum attribute)task)], bins,
        m->n == 1 && strcmp(m->list[0].grouping, "all") == 0);
    int found = line ? 1 : -1;
    size_t hint = 0;
    while (found > 0 && (found = sql_step(line, e)) > 0) {
        struct matrix *to = find(m, sql_text(line, 0), &hint);
        int truth = sqlite3_column_int(line, 1), predicted = sqlite3_column_int(line, 2);
        if (!to || truth < 0 || truth >= m->classes.n || predicted < 0 || predicted >= m->classes.n)
            continue;
        long n = (long)sqlite3_column_int64(line, 3);
        to->count[truth * m->classes.n + predicted] += n;
        to->total += n;
    }
    sqlite3_finalize(line);
    return found == 0;
}

static bool count(struct matrices *m, const struct results *r, sqlite3 *db,
    const struct result_row *row, int task, const char *bins, struct err *e) {
    for (size_t c = 0; c < r->n_cells; c++)
        if (r->cells[c].state == CELL_DONE && results_in_row(r, row, (enum attribute)task, c) &&
            !count_cell(m, r, db, row, task, bins, &r->cells[c], e))
            return false;
    return true;
}

static bool read_matrices(struct matrices *m, const struct results *r, sqlite3 *db,
    const struct result_row *row, int task, const char *bins, const char *by, struct err *e) {
    bool with_ages = task == ATTR_AGE || (by && strstr(by, "age"));
    if (!class_names_read(&m->classes, r, db, row, task, bins, e))
        return false;
    if (m->classes.n > MAX_CLASSES)
        return err_usage(e, "plot confusion: %s has %d classes, of which %d can be read",
            attribute_name[task], m->classes.n, MAX_CLASSES);
    return make_groupings(m, r, db, row, by, bins, e) &&
           count(m, r, db, row, task, with_ages ? bins : "", e);
}

/* ---- panels ---- */

static void add_cells(struct heat_panel *panel, const struct matrix *m, int classes) {
    for (int t = 0; t < classes; t++) {
        long sum = 0;
        for (int p = 0; p < classes; p++)
            sum += m->count[t * classes + p];
        for (int p = 0; sum && p < classes; p++) {
            long n = m->count[t * classes + p];
            double percent = 100 * (double)n / (double)sum;
            struct heat_cell cell = {
                .row = t, .column = p, .shade = percent / 100, .value = percent, .n = n};
            if (n)
                snprintf(cell.text, sizeof cell.text, percent < 0.5 ? "<1" : "%.0f", percent);
            heat_cell(panel, cell);
        }
    }
}

/* Returns how many matrices have no sample. */
static size_t add_panels(struct heat *h, const struct matrices *m, int task, const char *bins) {
    static const char *const titles[ATTR_COUNT] = {"Age", "Gender", "Race"};
    size_t empty = 0;
    for (size_t i = 0; i < m->n; i++) {
        char *group = crossing_cell_words(m->list[i].grouping);
        char *title = strcmp(m->list[i].grouping, "all") == 0
                          ? xasprintf("%s%s%s", titles[task], *bins ? ", " : "", bins)
                          : xasprintf("%s: %s", titles[task], group);
        if (m->list[i].total)
            add_cells(heat_start(h, title, "percent of the true class", m->classes.name,
                          m->classes.n, m->classes.name, m->classes.n),
                &m->list[i], m->classes.n);
        else
            empty++;
        free(title);
        free(group);
    }
    return empty;
}

static bool draw(struct figure *f, const struct heat *h, size_t empty, const struct results *r,
    const struct result_row *row, const struct figure_options *o, struct err *e) {
    char *row_name = figure_row_name(r, row), *name = page_title_name(row_name);
    free(row_name);
    char *what = xasprintf("%s: percent of the true class", name);
    char *tail = figure_title(r, "; runs pooled");
    if (h->panels && empty)
        str_addf(&f->notes, "%zu matri%s without any sample left out\n", empty,
            empty == 1 ? "x" : "ces");
    bool ok = heat_figure(f, h, o, what, tail, e);
    free(tail);
    free(what);
    free(name);
    return ok;
}

bool figure_confusion(struct figure *f, const struct results *r, struct store *store,
    const struct figure_options *o, struct err *e) {
    const struct result_row *row = figure_one_row(r, o);
    struct heat heat = {.x_label = "Predicted",
        .y_label = "True",
        .row_head = "true",
        .column_head = "predicted",
        .together = 1};
    size_t empty = 0;
    bool ok = true;
    for (size_t b = 0; ok && row && b < (o->n_by ? o->n_by : 1); b++)
        for (int t = 0; ok && t < ATTR_COUNT; t++) {
            const char *bins = figure_bins(r, row, o);
            struct matrices m = {.n = 0};
            if ((o->task >= 0 && o->task != t) ||
                results_readout(r, row, (enum attribute)t) == READOUT_COUNT)
                continue;
            ok = read_matrices(&m, r, store_db(store), row, t, bins, o->n_by ? o->by[b] : NULL, e);
            if (ok)
                empty += add_panels(&heat, &m, t, t == ATTR_AGE ? bins : "");
            matrices_free(&m);
        }
    ok = ok && (!row || draw(f, &heat, empty, r, row, o, e));
    heat_free(&heat);
    return ok;
}
