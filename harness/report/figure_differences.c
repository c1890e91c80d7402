/* Every row against the baseline: a panel a task and metric, differences with their intervals around 0. Numbers are those
 * of `dmtl compare`. */
#include "report/figure.h"

#include "core/mem.h"
#include "report/comparisons.h"
#include "report/figure_audit.h"
#include "report/figure_forest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The systems of rows that are drawn; the family of tests stays that of all. */
static bool is_drawn(
    const struct results *r, const struct figure_options *o, const struct comparison *c) {
    for (size_t i = 0; i < r->n_rows; i++)
        if (figure_has_row(o, &r->rows[i]) &&
            system_is_row(&c->a.systems->list[c->a.system], r, &r->rows[i]))
            return !isnan(c->result.difference);
    return false;
}

static bool same_panel(const struct comparison *a, const struct comparison *b) {
    return a->task == b->task && strcmp(a->bins, b->bins) == 0 &&
           strcmp(a->outcome.name, b->outcome.name) == 0;
}

/* A row that is complete may still be compared with a baseline that is not; the caller frees. */
static char *row_label(const struct comparison *c, const char *title) {
    if (c->done[0] < c->planned[0])
        return xasprintf("%s (%zu of %zu)", title, c->done[0], c->planned[0]);
    if (c->done[1] < c->planned[1])
        return xasprintf("%s (baseline %zu of %zu)", title, c->done[1], c->planned[1]);
    return xstrdup(title);
}

static void add_row(struct forest_panel *p, const struct comparison *c, double confidence) {
    double unit = outcome_traits(&c->outcome).share ? 100 : 1;
    const char *title = c->a.systems->list[c->a.system].title;
    char *label = row_label(c, title);
    forest_row(p, (struct forest_row){.label = label,
                      .name = (char *)title,
                      .value = c->result.difference * unit,
                      .low = c->result.interval.low * unit,
                      .high = c->result.interval.high * unit,
                      .filled = comparison_may_claim(c) && comparison_claims(c, confidence),
                      .n = (long)c->result.n,
                      .p = c->holm});
    free(label);
}

static void add_panel(struct forest *f, const struct results *r, const struct figure_options *o,
    const struct comparisons *all, size_t first) {
    static const char *const better[] = {
        "nearer to 0 is better", "higher is better", "", "lower is better"};
    const struct comparison *of = &all->list[first];
    char *title = outcome_title(of->task, &of->outcome);
    char *full = *of->bins ? xasprintf("%s, %s", title, of->bins) : xstrdup(title);
    int traits = outcome_traits(&of->outcome).better;
    char *measure = xasprintf("Difference%s%s", traits == 2 ? "" : ", ",
        better[traits == -1  ? 3
               : traits == 2 ? 2
                             : traits]);
    struct forest_panel *p = forest_start(f, full, measure, 0);
    for (size_t i = first; i < all->n; i++) {
        const struct comparison *c = &all->list[i];
        if (same_panel(c, of) && is_drawn(r, o, c))
            add_row(p, c, o->statistics.confidence);
    }
    free(measure);
    free(full);
    free(title);
}

static bool draw(struct figure *f, const struct results *r, const struct comparisons *all,
    const struct figure_options *o, struct err *e) {
    struct forest forest = {.together = 1};
    for (size_t i = 0; i < all->n; i++) {
        bool first = is_drawn(r, o, &all->list[i]);
        for (size_t k = 0; k < i; k++)
            first &= !same_panel(&all->list[k], &all->list[i]) || !is_drawn(r, o, &all->list[k]);
        if (first)
            add_panel(&forest, r, o, all, i);
    }
    const struct comparison *c = &all->list[0];
    char *name = page_title_name(c->b.systems->list[c->b.system].title);
    char *what =
        xasprintf("Differences to %s, with %g %% intervals; filled: significant (Holm over %zu "
                  "tests), hollow: not",
            name, 100 * o->statistics.confidence, all->n);
    char *title = figure_title(r, what);
    bool ok = forest_figure(f, &forest, o, title, e);
    free(title);
    free(what);
    free(name);
    forest_free(&forest);
    return ok;
}

static bool row_has(const struct results *r, const struct result_row *row, int task) {
    struct figure_options one = {.task = task};
    return figure_row_done(r, row, &one);
}

/* Whether the baseline and another row in the same setting have a task done that is drawn. */
static bool has_pair(const struct results *r, const struct figure_options *o) {
    for (size_t b = 0; b < r->n_rows; b++)
        for (size_t i = 0; i < r->n_rows && r->rows[b].baseline; i++) {
            if (r->rows[i].baseline || !figure_has_row(o, &r->rows[i]) ||
                strcmp(r->rows[i].setting, r->rows[b].setting) != 0)
                continue;
            for (int t = 0; t < ATTR_COUNT; t++)
                if ((o->task < 0 || o->task == t) && row_has(r, &r->rows[i], t) &&
                    row_has(r, &r->rows[b], t))
                    return true;
        }
    return false;
}

bool figure_differences(struct figure *f, const struct results *r, struct store *store,
    const struct figure_options *o, struct err *e) {
    const char *metric[1] = {o->metric};
    struct comparison_request request = {.metrics = metric,
        .n_metrics = o->metric ? 1 : 0,
        .bins = o->bins,
        .choice = {.part = r->part},
        .options = {o->statistics.confidence, o->statistics.draws, o->statistics.seed,
            o->statistics.threads}};
    struct systems own = {0};
    struct comparisons all = {0};
    if (!has_pair(r, o))
        return true;
    if (o->comparisons && o->task < 0 && !o->metric && !o->bins)
        return draw(f, r, o->comparisons, o, e);
    if (o->task >= 0)
        request.tasks[o->task] = true;
    const struct systems *systems = figure_systems(&own, r, store, o, e);
    bool ok = systems && comparisons_of_grid(&all, &request, systems, e) && draw(f, r, &all, o, e);
    comparisons_free(&all);
    systems_free(&own);
    return ok;
}
