#include "report/figure_audit.h"

#include "core/mem.h"
#include "report/figure_classes.h"

#include <stdlib.h>
#include <string.h>

const struct systems *figure_systems(struct systems *own, const struct results *r,
    struct store *store, const struct figure_options *o, struct err *e) {
    if (o->systems)
        return o->systems;
    return systems_read(own, store, r->grid.name, e) ? own : NULL;
}

int figure_system(
    const struct systems *s, const struct results *r, const struct result_row *row, struct err *e) {
    for (size_t i = 0; i < s->n; i++)
        if (system_is_row(&s->list[i], r, row))
            return (int)i;
    err_set(e, "%s: %s: the grid changed while it was read", s->grid.name, row->title);
    return -1;
}

bool figure_audit_make(struct figure_audit *a, const struct results *r, struct store *store,
    const struct result_row *row, const struct figure_options *o, const char *const *by,
    size_t n_by, bool calibration, struct err *e) {
    *a = (struct figure_audit){.metric = {o->metric},
        .request = {.by = by,
            .n_by = n_by,
            .n_metrics = o->metric ? 1 : 0,
            .calibration = calibration,
            .choice = {.part = r->part},
            .options = o->statistics}};
    a->request.metrics = a->metric;
    const char *bins = figure_bins(r, row, o);
    a->request.bins = *bins ? bins : NULL;
    if (o->task >= 0)
        a->request.tasks[o->task] = true;
    const struct systems *systems = figure_systems(&a->own, r, store, o, e);
    int system = systems ? figure_system(systems, r, row, e) : -1;
    return system >= 0 && audits_make(&a->audits, &a->request, systems, (size_t)system, e);
}

void figure_audit_free(struct figure_audit *a) {
    audits_free(&a->audits);
    systems_free(&a->own);
}

bool figure_row_done(
    const struct results *r, const struct result_row *row, const struct figure_options *o) {
    for (int t = 0; t < ATTR_COUNT; t++)
        for (size_t c = 0; (o->task < 0 || o->task == t) && c < r->n_cells; c++)
            if (r->cells[c].state == CELL_DONE && results_in_row(r, row, (enum attribute)t, c))
                return true;
    return false;
}

bool figure_audit_draws(const struct figure_options *o, const struct audit_section *s) {
    return o->metric || strcmp(s->outcome.name, metric_rows[METRIC_BIAS].name) != 0;
}

char *outcome_measure(const struct outcome *o) {
    const char *name = o->kind == OUTCOME_METRIC ? metric_rows[o->metric].title : o->name;
    return xasprintf("%s%s", name, outcome_traits(o).share ? " (%)" : "");
}

char *outcome_title(enum attribute task, const struct outcome *o) {
    static const char *const titles[ATTR_COUNT] = {"Age", "Gender", "Race"};
    char *measure = outcome_measure(o);
    char *title = xasprintf("%s: %s", titles[task], measure);
    free(measure);
    return title;
}
