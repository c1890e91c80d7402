/* Fig 6 of the paper: confusion matrices of one approach, counts summed over the repetitions. */
#include "report/figure.h"

#include "analysis/age_groups.h"
#include "core/escape.h"
#include "core/mem.h"
#include "store/sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_CLASSES = 40 }; /* more could not be read: age without bins is refused */

static const char script_gp[] =
#include "plots/confusion.gp.inc"
    ;

struct matrix {
    int classes;
    char *name[MAX_CLASSES];
    long count[MAX_CLASSES][MAX_CLASSES]; /* [truth][predicted] */
    long total;
};

static void matrix_free(struct matrix *m) {
    for (int i = 0; i < m->classes; i++)
        free(m->name[i]);
    *m = (struct matrix){0};
}

static bool age_names(struct matrix *m, const char *bins, struct err *e) {
    struct age_bin_sets sets = {0};
    bool ok = age_bins_load(&sets, NULL, e);
    const struct age_bins *set = ok ? age_bins_find(&sets, bins) : NULL;
    if (ok && (!set || set->n > MAX_CLASSES)) {
        ok = err_usage(e, "--bins: %.200s: unknown age bins; known:", bins);
        for (int i = 0; i < sets.n; i++) {
            size_t used = strlen(e->msg);
            snprintf(e->msg + used, sizeof e->msg - used, " %s", sets.sets[i].name);
        }
        err_hint(e, bins, sets.sets, (size_t)sets.n, sizeof *sets.sets);
    }
    for (int i = 0; ok && i < set->n; i++)
        m->name[m->classes++] = xstrdup(set->groups[i].name);
    age_bins_free(&sets);
    return ok;
}

/* Of the content that the row's cells read: another reading of the same set may have other classes. */
static bool class_names(struct matrix *m, const struct results *r, sqlite3 *db,
    const struct result_row *of, int task, struct err *e) {
    const char *cell = "";
    for (size_t c = 0; c < r->n_cells && !*cell; c++)
        if (r->cells[c].state == CELL_DONE && results_in_row(r, of, (enum attribute)task, c))
            cell = r->cells[c].id;
    sqlite3_stmt *row = sql_prepare(db, e,
        "SELECT x.name FROM v_cells c JOIN dataset d ON d.name = c.dataset AND d.fingerprint ="
        " c.data_fingerprint JOIN class_name x ON x.dataset = d.dataset WHERE c.grid = ?1 AND c.cell = ?2"
        " AND x.attribute = ?3 GROUP BY x.label ORDER BY x.label",
        "ssi", r->grid.name, cell, task);
    int found = row ? 1 : -1;
    while (found > 0 && m->classes < MAX_CLASSES && (found = sql_step(row, e)) > 0)
        m->name[m->classes++] = xstrdup(sql_text(row, 0));
    sqlite3_finalize(row);
    return found >= 0;
}

static bool count(struct matrix *m, const struct results *r, sqlite3 *db,
    const struct result_row *row, int task, const char *bins, struct err *e) {
    sqlite3_stmt *line = sql_prepare(db, e,
        "SELECT DISTINCT cell, variant, truth, predicted, n FROM v_confusion WHERE grid = ?1 AND part = ?2 AND "
        "task = ?3 AND readout = ?4 AND bins = ?5 AND grouping = 'all'",
        "sssss", r->grid.name, part_name[r->part], attribute_name[task],
        readout_name[results_readout(r, row, (enum attribute)task)], bins);
    int found = line ? 1 : -1;
    while (found > 0 && (found = sql_step(line, e)) > 0) {
        int truth = sqlite3_column_int(line, 2), predicted = sqlite3_column_int(line, 3);
        for (size_t c = 0; c < r->n_cells; c++) {
            const struct result_cell *cell = &r->cells[c];
            if (strcmp(cell->id, sql_text(line, 0)) != 0 || cell->state != CELL_DONE ||
                strcmp(cell->variant, sql_text(line, 1)) != 0 ||
                !results_in_row(r, row, (enum attribute)task, c) || truth < 0 ||
                truth >= m->classes || predicted < 0 || predicted >= m->classes)
                continue;
            m->count[truth][predicted] += (long)sqlite3_column_int64(line, 4);
            m->total += (long)sqlite3_column_int64(line, 4);
        }
    }
    sqlite3_finalize(line);
    return found == 0;
}

/* Appends a class's name as the label of a tic, cut where it is long, and returns its characters. A tic's
 * label is a format for its place: its `%` are doubled. */
static int add_tic_label(struct str *texts, const char *name) {
    enum { CHARACTERS = 24 };
    struct str label = {0};
    int characters = 0;
    str_add(&label, "");
    for (size_t n; *name && characters < CHARACTERS; name += n, characters++) {
        n = str_utf8(name, strlen(name));
        n = n ? n : 1;
        str_addn(&label, name, n);
        if (*name == '%')
            str_addc(&label, '%');
    }
    if (*name)
        str_add(&label, "…");
    escape_gnuplot(texts, label.text);
    str_free(&label);
    return characters;
}

/* The matrices of a figure side by side, as they are put into its script. */
struct matrices {
    struct str data, texts;
    int panels, classes, longest; /* classes of all panels; characters of the longest name */
};

static void add_matrix(struct matrices *all, const struct matrix *m, const char *title) {
    struct str *data = &all->data, *texts = &all->texts;
    int panel = ++all->panels;
    for (int t = 0; t < m->classes; t++) {
        long sum = 0;
        for (int p = 0; p < m->classes; p++)
            sum += m->count[t][p];
        for (int p = 0; p < m->classes; p++)
            str_addf(data, "%d %d %.6g %ld\n", p, t,
                sum ? 100.0 * (double)m->count[t][p] / (double)sum : 0, m->count[t][p]);
    }
    str_add(data, "\n\n");
    str_addf(texts, "classes[%d] = %d\noffset[%d] = %d\npanel_title[%d] = ", panel, m->classes,
        panel, all->classes + 1, panel);
    escape_gnuplot(texts, title);
    str_addc(texts, '\n');
    for (int i = 0; i < m->classes; i++) {
        str_addf(texts, "class_name[%d] = ", ++all->classes);
        int length = add_tic_label(texts, m->name[i]);
        all->longest = length > all->longest ? length : all->longest;
        str_addc(texts, '\n');
    }
}

/* Ages in years go by bins, ages that are groups by their own names. */
static bool read_names(struct matrix *m, const struct results *r, sqlite3 *db,
    const struct result_row *row, int task, const char *bins, struct err *e) {
    if (task != ATTR_AGE || !*bins)
        return class_names(m, r, db, row, task, e);
    if (results_row_age_groups(r, row))
        return err_usage(
            e, "--bins: %.200s: the ages of %s are groups already: leave it out", bins, r->dataset);
    return age_names(m, bins, e);
}

/* The row asked for, else the baseline's. */
static const struct result_row *choose(const struct results *r, const struct figure_options *o) {
    for (size_t i = 0; i < r->n_rows; i++)
        if (o->n_variants ? figure_has_row(o, &r->rows[i]) : r->rows[i].baseline)
            return &r->rows[i];
    return r->n_rows && !o->n_variants ? &r->rows[0] : NULL;
}

static const char *choose_bins(
    const struct results *r, const struct result_row *row, const struct figure_options *o) {
    if (o->bins)
        return o->bins;
    if (results_row_age_groups(r, row))
        return "";
    for (int c = 0; c < r->grid.n_columns; c++)
        if (r->grid.columns[c].task == ATTR_AGE && *r->grid.columns[c].bins)
            return r->grid.columns[c].bins;
    return "decades";
}

/* Names over ten characters, to the left and upright below, get room of their own. */
static void add_script(
    struct str *script, const struct matrices *all, enum picture_format format, const char *title) {
    enum { SHORT = 10, CHARACTER_PX = 9 };
    int more = all->longest > SHORT ? all->longest - SHORT : 0, panels = all->panels;
    int width = (panels == 1 ? 520 : 450 * panels) + panels * more * CHARACTER_PX;
    figure_terminal(script, format, width, 480 + more * CHARACTER_PX);
    str_addf(script, "$data << END_OF_DATA\n%sEND_OF_DATA\npanels = %d\nangle = %d\n",
        all->data.text, panels, more ? -90 : -40);
    str_addf(script, "array panel_title[%d]\narray classes[%d]\narray offset[%d]\n", panels, panels,
        panels);
    str_addf(script, "array class_name[%d]\n%sfigure_title = ", all->classes, all->texts.text);
    escape_gnuplot(script, title);
    str_addf(script, "\n%s%s", figure_common_gp, script_gp);
}

bool figure_confusion(struct str *script, const struct results *r, sqlite3 *db,
    const struct figure_options *o, struct err *e) {
    const struct result_row *row = choose(r, o);
    struct matrices all = {.longest = 0};
    bool ok = true;
    for (int t = 0; ok && row && t < ATTR_COUNT; t++) {
        if ((o->task >= 0 && o->task != t) ||
            results_readout(r, row, (enum attribute)t) == READOUT_COUNT)
            continue;
        static const char *const titles[ATTR_COUNT] = {"Age", "Gender", "Race"};
        const char *bins = t == ATTR_AGE ? choose_bins(r, row, o) : "";
        struct matrix *m = xcalloc(1, sizeof *m);
        ok = read_names(m, r, db, row, t, bins, e) && count(m, r, db, row, t, bins, e);
        if (ok && m->total) {
            char *title = xasprintf("%s%s%s", titles[t], *bins ? ", " : "", bins);
            add_matrix(&all, m, title);
            free(title);
        }
        matrix_free(m);
        free(m);
    }
    if (ok && all.panels) {
        char *name = figure_row_name(r, row);
        char *what = xasprintf("%s: percent of the true class (count), runs pooled", name);
        char *title = figure_title(r, what);
        add_script(script, &all, o->format, title);
        free(title);
        free(what);
        free(name);
    }
    str_free(&all.data);
    str_free(&all.texts);
    return ok;
}
