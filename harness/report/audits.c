#include "report/audits.h"

#include "analysis/calibration.h"
#include "core/json.h"
#include "core/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ODDS "equalised_odds"
#define ODDS_FAIRLEARN "equalized_odds"

static const char *const default_by[] = {"age_group", "gender", "race", "age_group,gender,race"};
static const char *const default_metrics[ATTR_COUNT][2] = {
    [ATTR_AGE] = {"mae", "bias"}, [ATTR_GENDER] = {"accuracy"}, [ATTR_RACE] = {"accuracy"}};

/* ---- tasks ---- */

static bool wanted_task(const struct audits *a, int task) {
    bool any = false;
    for (int t = 0; t < ATTR_COUNT; t++)
        any |= a->request->tasks[t];
    return !any || a->request->tasks[task];
}

static bool needs_terms(const struct audit_request *r) {
    bool needed = r->calibration;
    for (size_t i = 0; i < r->n_metrics; i++)
        needed |= outcome_needs_probabilities(r->metrics[i]);
    return needed;
}

static bool make_crossing(const struct audits *a, const struct audit_task *t, const char *option,
    const char *text, struct crossing *c, struct err *e) {
    const struct store_dataset *d = &t->predictions.dataset;
    bool uses[ATTR_COUNT];
    if (!crossing_parse(uses, text, option, e))
        return false;
    crossing_make(
        c, &t->predictions.p, uses, d->exact_ages ? a->bins : NULL, dataset_class_name, d);
    return true;
}

/* The crossing among the samples of each level of `within`, in its order; without, all of them. */
static void add_levels(
    struct audit_task *t, const struct crossing *c, const struct crossing *within) {
    for (size_t level = 0; level < (within->by ? within->n : 1); level++) {
        struct crossing *one = &t->crossings[t->n_crossings++];
        *one = (struct crossing){.n = c->n,
            .by =
                within->by ? xasprintf("%s within %s", c->by, within->name[level]) : xstrdup(c->by),
            .name = xcalloc(c->n, sizeof *one->name),
            .cell = xcalloc(t->predictions.p.n, sizeof *one->cell)};
        for (size_t g = 0; g < c->n; g++)
            one->name[g] = xstrdup(c->name[g]);
        for (size_t i = 0; c->n && i < t->predictions.p.n; i++)
            one->cell[i] = within->by && within->cell[i] != (int32_t)level ? -1 : c->cell[i];
    }
}

static bool make_crossings(struct audits *a, struct audit_task *t, struct err *e) {
    const struct audit_request *r = a->request;
    size_t n = r->n_by ? r->n_by : ARRAY_LEN(default_by);
    struct crossing within = {0};
    bool ok = !r->within || make_crossing(a, t, "--within", r->within, &within, e);
    if (ok && r->within && within.n == 0)
        ok = err_usage(
            e, "--within %s: the set %s has no such label", r->within, t->predictions.dataset.name);
    t->crossings = xcalloc(n * (within.by ? within.n : 1), sizeof *t->crossings);
    for (size_t i = 0; ok && i < n; i++) {
        struct crossing c = {0};
        const char *by = r->n_by ? r->by[i] : default_by[i];
        ok = make_crossing(a, t, "--by", by, &c, e);
        if (ok && c.n == 0 && r->n_by)
            ok = err_usage(
                e, "--by %s: the set %s has no such label", by, t->predictions.dataset.name);
        if (ok && c.n)
            add_levels(t, &c, &within);
        crossing_free(&c);
    }
    crossing_free(&within);
    return ok;
}

static void set_classes(const struct audits *a, struct audit_task *t) {
    const struct store_dataset *d = &t->predictions.dataset;
    bool years = t->task == ATTR_AGE && d->exact_ages;
    t->bins = years ? a->bins : NULL;
    t->classes = (struct classes){.task = t->task,
        .bins = t->bins,
        .n = years ? a->bins->n : d->classes[t->task],
        .name = dataset_class_name,
        .context = d};
}

static bool add_task(struct audits *a, enum attribute task, struct err *e) {
    struct audit_task *t = &a->tasks[a->n_tasks];
    struct prediction_choice choice = a->request->choice;
    choice.terms = needs_terms(a->request);
    if (choice.choice == READOUT_BAYES) /* each outcome reads its own */
        choice.choice = READOUT_AS_STORED;
    *t = (struct audit_task){.task = task};
    if (!read_predictions(&t->predictions, a->systems, a->system, task, &choice, e)) {
        system_predictions_free(&t->predictions);
        return false;
    }
    if (t->predictions.p.n == 0) {
        system_predictions_free(&t->predictions);
        return true;
    }
    a->n_tasks++;
    set_classes(a, t);
    return make_crossings(a, t, e);
}

/* ---- outcomes ---- */

/* A read-out for each outcome: predictions of the same samples, read anew. */
static bool predictions_for(struct audits *a, const struct audit_task *t, const struct outcome *o,
    struct system_predictions *own, const struct predictions **p, struct err *e) {
    struct prediction_choice choice = a->request->choice;
    *own = (struct system_predictions){0};
    *p = &t->predictions.p;
    if (choice.choice != READOUT_BAYES)
        return true;
    choice.outcome = o;
    choice.bins = t->bins;
    choice.terms = needs_terms(a->request);
    *p = &own->p;
    return read_predictions(own, a->systems, a->system, t->task, &choice, e);
}

static bool add_outcome(struct audits *a, size_t task, const struct outcome *o, struct err *e) {
    const struct audit_task *t = &a->tasks[task];
    struct system_predictions own;
    const struct predictions *p;
    struct audit_options options = a->request->options;
    bool ok = predictions_for(a, t, o, &own, &p, e);
    options.shared_draws = options.shared_draws ? options.shared_draws : &a->draws;
    for (size_t c = 0; ok && c < t->n_crossings; c++) {
        a->sections =
            xgrow(a->sections, &a->sections_capacity, a->n_sections + 1, sizeof *a->sections);
        if (a->request->progress)
            a->request->progress(a->n_sections);
        struct audit_section *s = &a->sections[a->n_sections++];
        *s = (struct audit_section){.task = task, .crossing = c, .outcome = *o};
        s->outcome.name = xstrdup(o->name);
        audit_compute(&s->table, o, p, t->bins, &t->crossings[c], &options);
    }
    system_predictions_free(&own);
    return ok;
}

static bool add_named(struct audits *a, size_t task, const char *name, struct err *e) {
    struct outcome *outcomes = NULL;
    size_t n = 0, capacity = 0;
    bool terms = a->tasks[task].predictions.p.terms[TERM_BRIER] != NULL;
    bool ok =
        outcomes_add(&outcomes, &n, &capacity, name, &a->tasks[task].classes, terms, "--metric", e);
    for (size_t i = 0; ok && i < n; i++)
        ok = add_outcome(a, task, &outcomes[i], e);
    outcomes_free(outcomes, n);
    return ok;
}

/* Both rates of the classes, and then what they make together; sections of a class stand in the order of
 * crossings, true positive rates before false ones. */
static bool add_odds(struct audits *a, size_t task, const char *class, struct err *e) {
    char *tpr = xasprintf("tpr%s", class), *fpr = xasprintf("fpr%s", class);
    size_t first = a->n_sections;
    bool ok = add_named(a, task, tpr, e);
    size_t second = a->n_sections;
    ok = ok && add_named(a, task, fpr, e);
    for (size_t i = 0; ok && first + i < second; i++) {
        const struct audit_section *t = &a->sections[first + i], *f = &a->sections[second + i];
        a->odds = xgrow(a->odds, &a->odds_capacity, a->n_odds + 1, sizeof *a->odds);
        struct audit_odds *o = &a->odds[a->n_odds++];
        *o = (struct audit_odds){.task = task,
            .crossing = t->crossing,
            .class = xstrdup(strchr(t->outcome.name, ':') + 1)};
        audit_equalised_odds(&t->table, &f->table, o->gap, o->of_tpr);
    }
    free(tpr);
    free(fpr);
    return ok;
}

static bool add_metric(struct audits *a, size_t task, const char *name, struct err *e) {
    bool odds = strncmp(name, ODDS, strlen(ODDS)) == 0 ||
                strncmp(name, ODDS_FAIRLEARN, strlen(ODDS_FAIRLEARN)) == 0;
    const char *class = odds ? name + strlen(ODDS) : "";
    if (odds && (!*class || *class == ':'))
        return add_odds(a, task, class, e);
    return add_named(a, task, name, e);
}

/* With several tasks a metric may be of some alone: it must be of one. */
static bool add_metrics(struct audits *a, struct err *e) {
    const struct audit_request *r = a->request;
    for (size_t t = 0; t < a->n_tasks; t++)
        for (int m = 0; m < 2 && !r->n_metrics; m++) {
            const char *name = default_metrics[a->tasks[t].task][m];
            if (name && !add_metric(a, t, name, e))
                return false;
        }
    for (size_t m = 0; m < r->n_metrics; m++) {
        struct err first = {0};
        bool any = false;
        for (size_t t = 0; t < a->n_tasks; t++) {
            struct err one = {0};
            if (add_metric(a, t, r->metrics[m], &one))
                any = true;
            else if (one.kind != ERR_USAGE) {
                *e = one;
                return false;
            } else if (first.kind == ERR_NONE)
                first = one;
        }
        if (!any) {
            *e = first;
            return false;
        }
    }
    return true;
}

/* ---- by cell: confusion and calibration ---- */

static double class_of(const struct audit_task *t, double label) {
    return t->bins ? age_bin(t->bins, label) : label;
}

/* The confusion matrices of all cells of a crossing, in their order. */
static void add_confusions(struct audits *a, size_t task, size_t crossing) {
    const struct audit_task *t = &a->tasks[task];
    const struct predictions *p = &t->predictions.p;
    const struct crossing *c = &t->crossings[crossing];
    size_t k = (size_t)t->classes.n, runs = (size_t)p->runs, first = a->n_confusions;
    for (size_t g = 0; g < c->n; g++) {
        a->confusions = xgrow(
            a->confusions, &a->confusions_capacity, a->n_confusions + 1, sizeof *a->confusions);
        a->confusions[a->n_confusions++] =
            (struct audit_confusion){task, crossing, g, xcalloc(k * k, sizeof(long))};
    }
    for (size_t i = 0; i < p->n; i++) {
        if (c->cell[i] < 0)
            continue;
        long *counts = a->confusions[first + (size_t)c->cell[i]].counts;
        size_t truth = confusion_index(class_of(t, p->truth[i]), 0, t->classes.n);
        for (size_t r = 0; r < runs; r++) {
            double said = p->predicted[i * runs + r];
            if (!isnan(said))
                counts[truth * k + confusion_index(class_of(t, said), 0, t->classes.n)]++;
        }
    }
}

static void add_calibration(struct audits *a, size_t task, size_t crossing, size_t cell) {
    const struct audit_task *t = &a->tasks[task];
    struct calibration c;
    calibration_of(&c, &t->predictions.p, t->crossings[crossing].cell, (int32_t)cell);
    a->calibrations = xgrow(
        a->calibrations, &a->calibrations_capacity, a->n_calibrations + 1, sizeof *a->calibrations);
    a->calibrations[a->n_calibrations++] = (struct audit_calibration){
        task, crossing, cell, c.samples, c.confidence, c.accuracy, c.error};
}

static void add_by_cell(struct audits *a) {
    for (size_t t = 0; t < a->n_tasks; t++)
        for (size_t c = 0; c < a->tasks[t].n_crossings; c++) {
            if (a->request->confusion && a->tasks[t].classes.n)
                add_confusions(a, t, c);
            for (size_t g = 0; g < a->tasks[t].crossings[c].n && a->request->calibration; g++)
                add_calibration(a, t, c, g);
        }
}

/* ---- all of it ---- */

static bool nothing(const struct audits *a, struct err *e) {
    const struct systems *s = a->systems;
    size_t done = 0, planned = 0;
    for (int t = 0; t < ATTR_COUNT; t++) {
        const struct store_member **members;
        size_t d, p;
        system_members(s, a->system, (enum attribute)t, &members, &d, &p);
        free(members);
        done = wanted_task(a, t) && d > done ? d : done;
        planned = wanted_task(a, t) && p > planned ? p : planned;
    }
    if (planned == 0)
        return err_usage(
            e, "%s: %s has none of the tasks asked for", s->grid.name, s->list[a->system].title);
    if (done == 0)
        return err_set(e,
            "%s: no cell of %s is done (0 of %zu): `dmtl run` with the grid's file runs them",
            s->grid.name, s->list[a->system].title, planned);
    return err_usage(e, "%s: the cells of %s have no predictions on the %s part", s->grid.name,
        s->list[a->system].title, part_name[a->request->choice.part]);
}

bool audits_make(struct audits *a, const struct audit_request *request,
    const struct systems *systems, size_t system, struct err *e) {
    *a = (struct audits){.request = request, .systems = systems, .system = system};
    const char *bins = request->bins ? request->bins : "fairface-9";
    if (!age_bins_choose(&a->sets, bins, "--bins", &a->bins, e))
        return false;
    a->tasks = xcalloc(ATTR_COUNT, sizeof *a->tasks);
    for (int t = 0; t < ATTR_COUNT; t++)
        if (wanted_task(a, t) && !add_task(a, (enum attribute)t, e))
            return false;
    if (a->n_tasks == 0)
        return nothing(a, e);
    if (!add_metrics(a, e))
        return false;
    add_by_cell(a);
    return true;
}

void audits_free(struct audits *a) {
    for (size_t i = 0; i < a->n_sections; i++) {
        free(a->sections[i].outcome.name);
        audit_free(&a->sections[i].table);
    }
    for (size_t i = 0; i < a->n_odds; i++)
        free(a->odds[i].class);
    for (size_t i = 0; i < a->n_confusions; i++)
        free(a->confusions[i].counts);
    for (size_t t = 0; t < a->n_tasks; t++) {
        for (size_t c = 0; c < a->tasks[t].n_crossings; c++)
            crossing_free(&a->tasks[t].crossings[c]);
        free(a->tasks[t].crossings);
        system_predictions_free(&a->tasks[t].predictions);
    }
    free(a->sections);
    free(a->odds);
    free(a->confusions);
    free(a->calibrations);
    free(a->tasks);
    shared_draws_free(&a->draws);
    age_bins_free(&a->sets);
    *a = (struct audits){0};
}
