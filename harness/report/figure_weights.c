/* Fig 3 of the paper: the tasks' weights beta (Eq 16) over epochs, a panel for each approach that
 * learns them. */
#include "report/figure.h"

#include "report/figure_panels.h"

#include <stdlib.h>

static const char script_gp[] =
#include "plots/weights.gp.inc"
    ;

/* A network of one task has the weight 1: there is nothing to see. */
static bool has_several_tasks(const struct results *r, const struct result_row *row) {
    int tasks = 0;
    for (int t = 0; t < ATTR_COUNT; t++)
        tasks += results_readout(r, row, (enum attribute)t) != READOUT_COUNT;
    return tasks > 1 && row->source->n_variants == 1;
}

bool figure_weights(struct figure *f, const struct results *r, struct store *store,
    const struct figure_options *o, struct err *e) {
    struct curve_values values = {0};
    struct panels p = {.columns = 2};
    bool ok = curves_read(&values, r, store_db(store), e,
        "SELECT cell, variant, task, epoch, avg(beta) FROM v_weights WHERE grid = ?1 "
        "AND log_variance IS NOT NULL GROUP BY epoch, cell, variant, task ORDER BY epoch, cell, variant, task",
        "s", r->grid.name, NULL, NULL, NULL);
    for (size_t i = 0; ok && i < r->n_rows; i++) {
        const struct result_row *row = &r->rows[i];
        if (!figure_has_row(o, row) || !has_several_tasks(r, row))
            continue;
        char *name = figure_row_name(r, row);
        panels_start(&p, name, "Epoch", "Weight β");
        for (int t = 0; t < ATTR_COUNT; t++)
            if (o->task < 0 || o->task == t)
                panels_line(&p, r, &values, row, t, attribute_name[t], t, 1);
        panels_end(&p);
        free(name);
    }
    char *title = figure_title(r, "Learned weights, mean and range of the runs");
    ok = ok && panels_figure(f, &p, o, title, script_gp, e);
    free(title);
    panels_free(&p);
    free(values.v);
    return ok;
}
