#include "report/verdicts.h"

#include "analysis/multiple.h"
#include "core/mem.h"
#include "grid/catalogue.h"
#include "report/verdict_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void text_add(struct text_list *list, char *text) {
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->text[i], text) == 0) {
            free(text);
            return;
        }
    list->text = xgrow(list->text, &list->capacity, list->n + 1, sizeof *list->text);
    list->text[list->n++] = text;
}

static void text_list_free(struct text_list *list) {
    for (size_t i = 0; i < list->n; i++)
        free(list->text[i]);
    free(list->text);
}

struct system_predictions *task_read(
    struct verdict_maker *m, size_t system, enum attribute task, struct err *e) {
    for (size_t i = 0; i < m->n; i++)
        if (m->read[i]->system == system && m->read[i]->task == task)
            return &m->read[i]->r;
    struct read_task *t = xcalloc(1, sizeof *t);
    *t = (struct read_task){.system = system, .task = task};
    m->read = xgrow(m->read, &m->capacity, m->n + 1, sizeof *m->read);
    m->read[m->n++] = t;
    struct prediction_choice choice = m->v->request->choice;
    return read_predictions(&t->r, m->v->systems, system, task, &choice, e) ? &t->r : NULL;
}

/* ---- what cannot be tested ---- */

/* Takes `why` and says whether the claim stays to be measured: never. */
static bool untestable(struct claim_result *r, char *why) {
    if (why != r->why)
        free(r->why);
    r->why = why;
    r->verdict = JUDGED_UNTESTABLE;
    return false;
}

static bool drawn_set(const char *name) {
    return strcmp(name, dataset_names[DATASET_SYNTHETIC].name) == 0;
}

static bool about_this(const struct verdicts *v, struct claim_result *r) {
    const struct claim *c = r->claim;
    bool drawn = false, has = false;
    if (c->kind == CLAIM_UNTESTABLE)
        return untestable(r, xstrdup(c->reason));
    for (size_t i = 0; i < v->systems->n_members; i++) {
        drawn |= drawn_set(v->systems->members[i].dataset);
        has |= strcmp(v->systems->members[i].dataset, dataset_names[c->set].name) == 0;
    }
    if (!has)
        return untestable(r, drawn ? xstrdup("drawn images")
                                   : xasprintf("it is about %s, and this grid of %s",
                                         dataset_names[c->set].name, v->sets));
    return true;
}

/* The system of the first of these variants that the grid has, or -1 and `r` untestable; *name: which. */
static int find_system(
    struct verdicts *v, struct claim_result *r, const cJSON *variants, char **name) {
    const struct grid *g = &v->systems->grid;
    const cJSON *variant;
    int found = -1;
    cJSON_ArrayForEach(variant, variants) {
        struct err e = {0};
        const char *text = variant->valuestring;
        if (found >= 0 || word_find((const char *const *)g->variants, g->n_variants, text) < 0)
            continue;
        found = systems_find(v->systems, text, &e);
        if (found >= 0)
            *name = xstrdup(text);
        else if (!r->why)
            r->why = xstrdup(e.msg);
    }
    if (found >= 0) {
        free(r->why);
        r->why = NULL;
    } else
        untestable(r,
            r->why
                ? r->why
                : xstrdup(
                      "the grid has no such variant; `dmtl import` makes one of a system trained "
                      "elsewhere"));
    return found;
}

/* Counts the cells behind a system's part of the claim; of two systems, the one that lacks more. */
static bool has_cells(struct verdicts *v, struct claim_result *r, size_t system) {
    const struct store_member **members;
    size_t done, planned;
    enum attribute task = (enum attribute)r->claim->task;
    system_members(v->systems, system, task, &members, &done, &planned);
    bool other = planned && strcmp(members[0]->dataset, dataset_names[r->claim->set].name) != 0;
    free(members);
    if (other)
        return untestable(
            r, xasprintf("its variant is not of %s", dataset_names[r->claim->set].name));
    if (!planned)
        return untestable(r, xasprintf("its variant has no task %s", attribute_name[task]));
    if (!r->planned || done * r->planned < r->done * planned) {
        r->done = done;
        r->planned = planned;
    }
    return true;
}

/* What is known of the set once something of it is read. */
static bool fits_set(
    struct verdict_maker *m, struct claim_result *r, const struct system_predictions *s) {
    const struct claim *c = r->claim;
    m->v->drawn |= s->dataset.drawn;
    if (s->dataset.drawn)
        return untestable(r, xstrdup("drawn images"));
    if (c->task == ATTR_AGE && s->dataset.exact_ages != (c->set != DATASET_ADIENCE))
        return untestable(r, xasprintf("ages are %s in this grid and %s in the paper",
                                 s->dataset.exact_ages ? "years" : "groups",
                                 s->dataset.exact_ages ? "groups" : "years"));
    return true;
}

/* ---- one claim ---- */

static bool wanted(const struct verdict_request *r, const struct claim *c) {
    bool any = false;
    for (int t = 0; t < ATTR_COUNT; t++)
        any |= r->tasks[t];
    return !any || (c->task >= 0 && r->tasks[c->task]);
}

/* While cells are missing nothing is decided: one would look until the answer pleases. */
static void hold_back(struct claim_result *r) {
    if (r->verdict == JUDGED_UNTESTABLE || r->done == r->planned)
        return;
    r->verdict = JUDGED_UNDECIDED;
    free(r->why);
    r->why = xasprintf("%zu of %zu cells are done", r->done, r->planned);
}

static void note_one_run(struct claim_result *r) {
    if (r->runs != 1 || r->verdict == JUDGED_UNTESTABLE || r->claim->kind == CLAIM_WEIGHT)
        return;
    char *why = xasprintf("%s; one seed, whose variance the interval has not", r->why);
    free(r->why);
    r->why = why;
}

static bool judge(struct verdict_maker *m, size_t i, struct err *e) {
    struct verdicts *v = m->v;
    struct claim_result *r = &v->list[i];
    const struct claim *c = r->claim;
    int system, than = -1;
    if (!about_this(v, r) || (system = find_system(v, r, c->variants, &r->variant)) < 0 ||
        !has_cells(v, r, (size_t)system))
        return true;
    if (c->kind == CLAIM_ORDER && ((than = find_system(v, r, c->than_variants, &r->than)) < 0 ||
                                      !has_cells(v, r, (size_t)than)))
        return true;
    r->verdict = JUDGED_UNDECIDED;
    if (r->done == 0) {
        hold_back(r);
        return true;
    }
    const struct system_predictions *s = task_read(m, (size_t)system, (enum attribute)c->task, e);
    if (!s)
        return false;
    if (s->p.n == 0)
        return untestable(r, xasprintf("no predictions on the %s part",
                                 part_name[v->request->choice.part])) ||
               true;
    if (!fits_set(m, r, s))
        return true;
    bool ok = c->kind == CLAIM_WEIGHT
                  ? measure_weights(m, i, (size_t)system, e)
                  : measure_claim(m, i, (size_t)system, (size_t)(than < 0 ? system : than), e);
    if (ok && !isnan(r->difference))
        ok = note_cells(m, r, (size_t)system, than, e);
    hold_back(r);
    return ok;
}

/* Holm over the orders whose cells are all there; then what waited for it is decided. */
static void settle(struct verdict_maker *m) {
    struct verdicts *v = m->v;
    double *p = xcalloc(v->n, sizeof *p), *holm = xcalloc(v->n, sizeof *holm);
    for (size_t i = 0; i < v->n; i++) {
        bool tested =
            v->list[i].verdict == JUDGED_UNDECIDED && v->list[i].done == v->list[i].planned;
        p[i] = tested ? v->list[i].p : NAN;
        v->family += !isnan(p[i]);
    }
    holm_adjust(p, v->n, holm);
    for (size_t i = 0; i < v->n; i++) {
        struct claim_result *r = &v->list[i];
        r->holm = holm[i];
        if (!isnan(p[i]))
            verdict_settle(m, i);
        if (!r->why)
            r->why = xstrdup(r->verdict == JUDGED_REPRODUCED
                                 ? "the interval lies within the bounds"
                                 : "the interval lies outside of the bounds");
        note_one_run(r);
        v->count[r->verdict]++;
    }
    free(p);
    free(holm);
}

/* ---- all of them ---- */

static char *names_of_sets(const struct systems *s) {
    struct text_list names = {0};
    struct str text = {0};
    for (size_t i = 0; i < s->n_members; i++)
        text_add(&names, xstrdup(s->members[i].dataset));
    for (size_t i = 0; i < names.n; i++)
        str_addf(&text, "%s%s", i ? " and " : "", names.text[i]);
    text_list_free(&names);
    return str_detach(&text);
}

bool verdicts_make(struct verdicts *v, const struct verdict_request *request,
    const struct claims *claims, struct systems *systems, struct err *e) {
    *v = (struct verdicts){.request = request,
        .claims = claims,
        .systems = systems,
        .list = xcalloc(claims->n, sizeof *v->list),
        .sets = names_of_sets(systems)};
    struct verdict_maker m = {.v = v,
        .order = xcalloc(claims->n, sizeof *m.order),
        .spread = xcalloc(claims->n, sizeof *m.spread),
        .options = request->options};
    bool ok = true;
    if (!m.options.shared_draws)
        m.options.shared_draws = &m.draws;
    for (size_t i = 0; i < systems->n_members; i++)
        v->drawn |= drawn_set(systems->members[i].dataset);
    for (size_t i = 0; ok && i < claims->n; i++) {
        if (!wanted(request, &claims->list[i]))
            continue;
        v->list[v->n++] = (struct claim_result){.claim = &claims->list[i],
            .bins = xstrdup(""),
            .measured = NAN,
            .beside = NAN,
            .difference = NAN,
            .interval = {NAN, NAN},
            .interval_confidence = NAN,
            .p = NAN,
            .holm = NAN};
        ok = judge(&m, v->n - 1, e);
    }
    if (ok)
        settle(&m);
    for (size_t i = 0; i < m.n; i++) {
        system_predictions_free(&m.read[i]->r);
        free(m.read[i]);
    }
    free(m.read);
    free(m.order);
    free(m.spread);
    shared_draws_free(&m.draws);
    return ok;
}

void verdicts_free(struct verdicts *v) {
    for (size_t i = 0; i < v->n; i++) {
        struct claim_result *r = &v->list[i];
        free(r->variant);
        free(r->than);
        free(r->bins);
        free(r->why);
        text_list_free(&r->differences);
        text_list_free(&r->cells);
    }
    free(v->list);
    free(v->sets);
    *v = (struct verdicts){0};
}
