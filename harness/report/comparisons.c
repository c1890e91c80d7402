#include "report/comparisons.h"

#include "analysis/multiple.h"
#include "core/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What one metric is tested on. */
struct test {
    enum attribute task;
    const char *metric, *bins;
};

static bool wanted(const struct comparison_request *r, enum attribute task) {
    bool any = false;
    for (int t = 0; t < ATTR_COUNT; t++)
        any |= r->tasks[t];
    return !any || r->tasks[task];
}

static bool find_bins(
    struct age_bin_sets *sets, const char *name, const struct age_bins **bins, struct err *e) {
    *bins = NULL;
    if (!*name)
        return true;
    if (!age_bins_load(sets, NULL, e))
        return false;
    *bins = age_bins_find(sets, name);
    struct str known = {0};
    for (int i = 0; i < sets->n; i++)
        str_addf(&known, "%s%s", i ? ", " : "", sets->sets[i].name);
    if (!*bins) {
        err_usage(e, "--bins: %.100s: expected one of %s", name, known.text);
        err_hint(e, name, sets->sets, (size_t)sets->n, sizeof *sets->sets);
    }
    str_free(&known);
    return *bins != NULL;
}

/* Truths of the samples that both have must be the same, or errors would be of different things. */
static bool check_truths(const struct predictions *a, const struct predictions *b, struct err *e) {
    for (size_t i = 0, j = 0; i < a->n && j < b->n;) {
        int order = strcmp(a->id[i], b->id[j]);
        if (order == 0 && a->truth[i] != b->truth[j]) {
            char *shown = str_quoted(a->id[i]);
            err_usage(e,
                "compare: %s has true %s %d in one system and %d in the other: they were tested on "
                "different versions of the set, or ages are years in one and groups in the other",
                shown, attribute_name[a->task], a->truth[i], b->truth[j]);
            free(shown);
            return false;
        }
        i += order <= 0;
        j += order >= 0;
    }
    return true;
}

/* The predictions of one system, kept until another task or read-out is asked for. */
struct kept {
    struct system_predictions r;
    struct compared of;
    enum attribute task;
    bool terms, valid;
};

static bool keep(struct kept *k, struct compared of, enum attribute task,
    struct prediction_choice choice, struct err *e) {
    bool same = k->valid && k->of.systems == of.systems && k->of.system == of.system &&
                k->task == task && (k->terms || !choice.terms) && choice.choice != READOUT_BAYES;
    if (same)
        return true;
    system_predictions_free(&k->r);
    *k = (struct kept){.of = of, .task = task, .terms = choice.terms};
    return k->valid = read_predictions(&k->r, of.systems, of.system, task, &choice, e);
}

struct maker {
    struct comparisons *c;
    struct kept a, b[ATTR_COUNT]; /* b: the baseline's serve many, so one a task is kept */
    struct shared_draws draws;    /* shared by the tests */
};

static void note_set(struct comparisons *c, const struct store_dataset *d) {
    c->drawn |= d->drawn;
    if (!c->dataset && d->name)
        c->dataset = xstrdup(d->name);
}

static void add_result(
    struct maker *m, const struct test *t, const struct outcome *o, const struct age_bins *bins) {
    struct comparisons *c = m->c;
    const struct kept *b = &m->b[t->task];
    c->list = xgrow(c->list, &c->capacity, c->n + 1, sizeof *c->list);
    struct comparison *one = &c->list[c->n++];
    *one = (struct comparison){.a = m->a.of,
        .b = b->of,
        .task = t->task,
        .bins = xstrdup(bins && outcome_traits(o).classes ? bins->name : ""),
        .outcome = *o,
        .holm = NAN,
        .done = {m->a.r.cells, b->r.cells},
        .planned = {m->a.r.planned, b->r.planned},
        .runs = {m->a.r.p.runs, b->r.p.runs},
        .leaky = m->a.r.leaky || b->r.leaky};
    one->outcome.name = xstrdup(o->name);
    struct paired_options options = c->request->options;
    options.shared_draws = options.shared_draws ? options.shared_draws : &m->draws;
    paired_compare(&one->result, o, &m->a.r.p, &b->r.p, bins, &options);
}

/* One system against another by one outcome, whose read-out it may choose. */
static bool add_outcome(struct maker *m, const struct test *t, const struct outcome *o,
    const struct age_bins *bins, struct err *e) {
    struct prediction_choice choice = m->c->request->choice;
    if (choice.choice == READOUT_BAYES) {
        choice.outcome = o;
        choice.bins = bins;
        struct kept *b = &m->b[t->task];
        if (!keep(&m->a, m->a.of, t->task, choice, e) || !keep(b, b->of, t->task, choice, e))
            return false;
    }
    add_result(m, t, o, bins);
    return true;
}

static bool add_test(
    struct maker *m, const struct test *t, struct compared a, struct compared b, struct err *e) {
    struct prediction_choice choice = m->c->request->choice;
    struct age_bin_sets sets = {0};
    const struct age_bins *bins = NULL;
    struct outcome *outcomes = NULL;
    size_t n = 0, capacity = 0;
    choice.terms = outcome_needs_probabilities(t->metric);
    choice.choice = choice.choice == READOUT_BAYES ? READOUT_AS_STORED : choice.choice;
    struct kept *kept = &m->b[t->task];
    bool ok = keep(&m->a, a, t->task, choice, e) && keep(kept, b, t->task, choice, e);
    if (ok && m->a.r.p.n && kept->r.p.n) {
        const struct store_dataset *d = &m->a.r.dataset;
        bool years = t->task == ATTR_AGE && d->exact_ages;
        ok = check_truths(&m->a.r.p, &kept->r.p, e) &&
             (!years || find_bins(&sets, t->bins, &bins, e));
        const struct classes classes = {t->task, bins,
            bins    ? bins->n
            : years ? 0
                    : d->classes[t->task],
            dataset_class_name, d};
        note_set(m->c, d);
        ok = ok && outcomes_add(
                       &outcomes, &n, &capacity, t->metric, &classes, choice.terms, "--metric", e);
        for (size_t i = 0; ok && i < n; i++)
            ok = add_outcome(m, t, &outcomes[i], bins, e);
    }
    outcomes_free(outcomes, n);
    age_bins_free(&sets);
    return ok;
}

/* What the command line says of metrics and bins, before any prediction is read. */
static bool check_request(const struct comparison_request *r, struct err *e) {
    struct age_bin_sets sets = {0};
    const struct age_bins *bins;
    bool ok = !r->bins || find_bins(&sets, r->bins, &bins, e);
    age_bins_free(&sets);
    for (size_t i = 0; ok && i < r->n_metrics; i++)
        if (!outcome_is_paired(r->metrics[i]))
            ok = err_usage(e,
                "compare: --metric %.200s: its denominator is what each system said, so that samples make no "
                "pairs: `dmtl audit` shows it of each",
                r->metrics[i]);
    return ok;
}

/* A metric that was asked for is of every task that knows it, and must be of one. */
static bool add_metric(
    struct maker *m, const char *metric, struct compared a, struct compared b, struct err *e) {
    const struct comparison_request *r = m->c->request;
    struct err first = {0};
    size_t before = m->c->n; /* a task that has no predictions tells nothing of the name */
    bool any = false;
    for (int task = 0; task < ATTR_COUNT; task++) {
        const struct test t = {(enum attribute)task, metric, r->bins ? r->bins : "fairface-9"};
        struct err one = {0};
        if (!wanted(r, t.task))
            continue;
        if (add_test(m, &t, a, b, &one))
            any = true;
        else if (one.kind == ERR_USAGE)
            first = first.kind == ERR_NONE ? one : first;
        else {
            *e = one;
            return false;
        }
    }
    if (first.kind != ERR_NONE && m->c->n == before)
        *e = first;
    return any && e->kind == ERR_NONE;
}

static bool add_pair(struct maker *m, struct compared a, struct compared b, struct err *e) {
    const struct comparison_request *r = m->c->request;
    const struct grid *g = &a.systems->grid;
    bool ok = true;
    for (size_t i = 0; ok && i < r->n_metrics; i++)
        ok = add_metric(m, r->metrics[i], a, b, e);
    for (int i = 0; ok && !r->n_metrics && i < g->n_family; i++) {
        const struct test t = {g->family[i].task, g->family[i].metric, g->family[i].bins};
        ok = !wanted(r, t.task) || add_test(m, &t, a, b, e);
    }
    return ok;
}

static bool finish(struct maker *m, bool ok, struct err *e) {
    struct comparisons *c = m->c;
    system_predictions_free(&m->a.r);
    for (int task = 0; task < ATTR_COUNT; task++)
        system_predictions_free(&m->b[task].r);
    shared_draws_free(&m->draws);
    if (ok && c->n == 0)
        return err_set(e,
            "compare: no task has predictions of both systems on the %s part: `dmtl status` "
            "says what is done",
            part_name[c->request->choice.part]);
    double *p = xcalloc(c->n, sizeof *p), *holm = xcalloc(c->n, sizeof *holm);
    for (size_t i = 0; i < c->n; i++)
        p[i] = c->list[i].result.p;
    holm_adjust(p, c->n, holm);
    for (size_t i = 0; i < c->n; i++)
        c->list[i].holm = holm[i];
    free(p);
    free(holm);
    return ok;
}

bool comparisons_of_two(struct comparisons *c, const struct comparison_request *request,
    struct compared a, struct compared b, struct err *e) {
    *c = (struct comparisons){.request = request};
    struct maker m = {.c = c};
    return finish(&m, check_request(request, e) && add_pair(&m, a, b, e), e);
}

/* The system of the baseline's row in the setting of another, or -1. */
static int baseline_of(const struct systems *s, size_t system) {
    for (size_t i = 0; i < s->n; i++)
        if (s->list[i].row >= 0 && s->list[i].baseline &&
            strcmp(s->list[i].setting, s->list[system].setting) == 0)
            return (int)i;
    return -1;
}

bool comparisons_of_grid(struct comparisons *c, const struct comparison_request *request,
    const struct systems *systems, struct err *e) {
    *c = (struct comparisons){.request = request};
    struct maker m = {.c = c};
    bool ok = check_request(request, e);
    for (size_t i = 0; ok && i < systems->n; i++) {
        int baseline = baseline_of(systems, i);
        if (systems->list[i].row < 0 || systems->list[i].baseline || baseline < 0)
            continue;
        ok = add_pair(
            &m, (struct compared){systems, i}, (struct compared){systems, (size_t)baseline}, e);
    }
    return finish(&m, ok, e);
}

void comparisons_free(struct comparisons *c) {
    for (size_t i = 0; i < c->n; i++) {
        free(c->list[i].bins);
        free(c->list[i].outcome.name);
    }
    free(c->list);
    free(c->dataset);
    *c = (struct comparisons){0};
}

bool comparison_claims(const struct comparison *c, double confidence) {
    const struct interval i = c->result.interval;
    return c->holm <= 1 - confidence && (i.low > 0 || i.high < 0);
}

bool comparison_may_claim(const struct comparison *c) {
    return c->done[0] == c->planned[0] && c->done[1] == c->planned[1] && !c->leaky;
}
