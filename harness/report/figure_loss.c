/* Learning curves: for each task the loss on the training and on the validation part and, on the latter,
 * MAE for age and accuracy for the others. */
#include "report/figure.h"

#include "core/mem.h"
#include "report/figure_panels.h"

#include <stdlib.h>

static const char script_gp[] =
#include "plots/loss.gp.inc"
    ;

static const struct curve_panel {
    enum part part;
    int task;
    const char *metric, *title, *y_label;
    double scale;
} panel_rows[] = {
    {PART_TRAIN, ATTR_AGE, "loss", "Age, training", "Loss", 1},
    {PART_TRAIN, ATTR_GENDER, "loss", "Gender, training", "Loss", 1},
    {PART_TRAIN, ATTR_RACE, "loss", "Race, training", "Loss", 1},
    {PART_VALIDATION, ATTR_AGE, "loss", "Age, validation", "Loss", 1},
    {PART_VALIDATION, ATTR_GENDER, "loss", "Gender, validation", "Loss", 1},
    {PART_VALIDATION, ATTR_RACE, "loss", "Race, validation", "Loss", 1},
    {PART_VALIDATION, ATTR_AGE, "mae", "Age, validation", "MAE", 1},
    {PART_VALIDATION, ATTR_GENDER, "accuracy", "Gender, validation", "Accuracy (%)", 100},
    {PART_VALIDATION, ATTR_RACE, "accuracy", "Race, validation", "Accuracy (%)", 100},
};

static bool draw_panel(struct panels *p, const struct curve_panel *panel, const struct results *r,
    sqlite3 *db, const struct figure_options *o, struct err *e) {
    struct curve_values values = {0};
    bool ok = curves_read(&values, r, db, e,
        "SELECT DISTINCT cell, variant, task, epoch, value FROM v_epochs WHERE grid = ?1 AND part = ?2 AND "
        "metric = ?3 AND task = ?4 ORDER BY epoch, cell, variant",
        "ssss", r->grid.name, part_name[panel->part], panel->metric, attribute_name[panel->task]);
    panels_start(p, panel->title, "Epoch", panel->y_label);
    for (size_t i = 0; ok && i < r->n_rows; i++) {
        char *name = figure_row_name(r, &r->rows[i]);
        if (figure_has_row(o, &r->rows[i]))
            panels_line(p, r, &values, &r->rows[i], panel->task, name, (int)i, panel->scale);
        free(name);
    }
    panels_end(p);
    free(values.v);
    return ok;
}

bool figure_loss(struct figure *f, const struct results *r, struct store *store,
    const struct figure_options *o, struct err *e) {
    struct panels p = {.columns = 3};
    bool ok = true;
    panels_keep_baseline(&p, r, o, o->task);
    for (size_t i = 0; ok && i < ARRAY_LEN(panel_rows); i++)
        if (o->task < 0 || o->task == panel_rows[i].task)
            ok = draw_panel(&p, &panel_rows[i], r, store_db(store), o, e);
    char *title = figure_title(r, "Learning curves, mean and range of the runs");
    ok = ok && panels_figure(f, &p, o, title, script_gp, e);
    free(title);
    panels_free(&p);
    return ok;
}
