#include "report/figure_classes.h"

#include "analysis/age_groups.h"
#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

const char *figure_bins(
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

static void add_name(struct class_names *c, const char *name) {
    c->name = xgrow(c->name, &c->capacity, (size_t)c->n + 1, sizeof *c->name);
    c->name[c->n++] = xstrdup(name);
}

static bool names_of_bins(struct class_names *c, const char *bins, struct err *e) {
    struct age_bin_sets sets = {0};
    bool ok = age_bins_load(&sets, NULL, e);
    const struct age_bins *set = ok ? age_bins_find(&sets, bins) : NULL;
    if (ok && !set) {
        struct str known = {0};
        for (int i = 0; i < sets.n; i++)
            str_addf(&known, " %s", sets.sets[i].name);
        ok = *bins ? err_usage(e, "--bins: %.200s: unknown age bins; known:%s", bins, known.text)
                   : err_usage(e,
                         "--bins: ages in years are too many classes to be read: expected one of%s",
                         known.text);
        err_hint(e, bins, sets.sets, (size_t)sets.n, sizeof *sets.sets);
        str_free(&known);
    }
    for (int i = 0; ok && i < set->n; i++)
        add_name(c, set->groups[i].name);
    age_bins_free(&sets);
    return ok;
}

/* A done cell of the row, "" where there is none: of whatever task has one first. */
static const char *done_cell(const struct results *r, const struct result_row *row) {
    for (int t = 0; t < ATTR_COUNT; t++)
        for (size_t c = 0; c < r->n_cells; c++)
            if (r->cells[c].state == CELL_DONE && results_in_row(r, row, (enum attribute)t, c))
                return r->cells[c].id;
    return "";
}

/* Of the content that the row's cells read: another reading of the same set may have other classes. */
static bool names_of_labels(struct class_names *c, const struct results *r, sqlite3 *db,
    const struct result_row *of, int attribute, struct err *e) {
    sqlite3_stmt *row = sql_prepare(db, e,
        "SELECT x.name FROM v_cells c JOIN dataset d ON d.name = c.dataset AND d.fingerprint ="
        " c.data_fingerprint JOIN class_name x ON x.dataset = d.dataset WHERE c.grid = ?1 AND c.cell = ?2"
        " AND x.attribute = ?3 GROUP BY x.label ORDER BY x.label",
        "ssi", r->grid.name, done_cell(r, of), attribute);
    int found = row ? 1 : -1;
    while (found > 0 && (found = sql_step(row, e)) > 0)
        add_name(c, sql_text(row, 0));
    sqlite3_finalize(row);
    return found == 0;
}

bool class_names_read(struct class_names *c, const struct results *r, sqlite3 *db,
    const struct result_row *row, int attribute, const char *bins, struct err *e) {
    *c = (struct class_names){0};
    if (attribute != ATTR_AGE)
        return names_of_labels(c, r, db, row, attribute, e);
    if (!results_row_age_groups(r, row))
        return names_of_bins(c, bins, e);
    if (*bins)
        return err_usage(
            e, "--bins: %.200s: the ages of %s are groups already: leave it out", bins, r->dataset);
    return names_of_labels(c, r, db, row, attribute, e);
}

void class_names_free(struct class_names *c) {
    for (int i = 0; i < c->n; i++)
        free(c->name[i]);
    free(c->name);
    *c = (struct class_names){0};
}

static void add_encoded(struct str *out, const char *name) {
    for (; *name; name++)
        str_addf(out, strchr(",=%", *name) ? "%%%02X" : "%c", (unsigned char)*name);
}

char *class_names_grouping(
    const struct class_names groups[ATTR_COUNT], const int value[ATTR_COUNT]) {
    static const char *const names[] = {
        [ATTR_AGE] = "age_group", [ATTR_GENDER] = "gender", [ATTR_RACE] = "race"};
    struct str text = {0};
    for (int a = 0; a < ATTR_COUNT; a++)
        if (groups[a].n) {
            str_addf(&text, "%s%s=", text.len ? "," : "", names[a]);
            add_encoded(&text, groups[a].name[value[a]]);
        }
    return text.len ? str_detach(&text) : xstrdup("all");
}
