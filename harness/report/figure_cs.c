/* Fig 4 of the paper: cumulative scores of age by approach. */
#include "report/figure.h"

#include "core/mem.h"
#include "report/figure_panels.h"

#include <stdlib.h>

static const char script_gp[] =
#include "plots/cs.gp.inc"
    ;

enum { LAST_YEARS = 25, LAST_GROUPS = 8 }; /* where the axis ends: 25 is the last that is stored */

bool figure_cs(struct figure *f, const struct results *r, struct store *store,
    const struct figure_options *o, struct err *e) {
    static const char *const label[CS_CONVENTION_COUNT] = {
        [CS_LT] = "Share of images with error < i (%)",
        [CS_LE] = "Share of images with error ≤ i (%)"};
    struct curve_values values = {0};
    struct panels p = {.columns = 1, .corner_x = 10};
    /* A head has one read-out of record: count where it is ordinal, argmax where it is nominal. */
    bool ok = curves_read(&values, r, store_db(store), e,
        "SELECT DISTINCT c.cell, c.variant, c.task, c.i, c.value FROM v_cs c WHERE c.grid = ?1 AND c.part = ?2 "
        "AND c.convention = ?3 AND c.task = 'age' AND (c.readout = 'count' OR (c.readout = 'argmax' AND "
        "NOT EXISTS (SELECT 1 FROM v_cs o WHERE o.cell = c.cell AND o.task = 'age' AND o.readout = "
        "'count'))) ORDER BY c.i, c.cell, c.variant",
        "sss", r->grid.name, part_name[r->part], cs_convention_name[o->convention], NULL);
    bool groups = r->age_groups && !r->age_years;
    panels_keep_baseline(&p, r, o, ATTR_AGE);
    panels_start(&p, "", groups ? "Error i (age groups)" : "Error i", label[o->convention]);
    for (size_t i = 0; ok && i < r->n_rows; i++) {
        char *name = figure_row_name(r, &r->rows[i]);
        if (figure_has_row(o, &r->rows[i]))
            panels_line(&p, r, &values, &r->rows[i], ATTR_AGE, name, (int)i, 100);
        free(name);
    }
    char *title = figure_title(r, "Age: cumulative score, mean and range of the runs");
    char *script = xasprintf("last_error = %d\n%s", groups ? LAST_GROUPS : LAST_YEARS, script_gp);
    ok = ok && panels_figure(f, &p, o, title, script, e);
    free(script);
    free(title);
    panels_free(&p);
    free(values.v);
    return ok;
}
