/* Claims of numbers, of orders of systems and of groups, from predictions. */
#include "report/verdict_parts.h"

#include "analysis/crossing.h"
#include "analysis/distributions.h"
#include "core/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MIN_CLUSTERS = 30 }; /* of a group that a claim is tested on, or of one beside it */

/* ---- what a claim is measured with ---- */

struct measure {
    struct age_bin_sets sets;
    const struct age_bins *bins; /* NULL: none */
    struct outcome *outcomes;    /* one */
    size_t n, capacity;
};

static bool measure_open(struct measure *x, const struct verdict_maker *m, struct claim_result *r,
    const struct store_dataset *d, struct err *e) {
    const struct claim *c = r->claim;
    const char *asked = c->kind == CLAIM_GROUP ? NULL : m->v->request->bins;
    const char *bins = asked ? asked : c->bins;
    const struct classes classes = {.task = (enum attribute)c->task};
    *x = (struct measure){0};
    bool ok = !*c->bins || !d->exact_ages ||
              age_bins_choose(&x->sets, bins, asked ? "--bins" : c->id, &x->bins, e);
    ok =
        ok && outcomes_add(&x->outcomes, &x->n, &x->capacity, c->metric, &classes, false, c->id, e);
    if (!ok)
        return false;
    r->share = outcome_traits(x->outcomes).share;
    free(r->bins);
    r->bins = xstrdup(x->bins ? x->bins->name : "");
    return true;
}

static void measure_close(struct measure *x) {
    outcomes_free(x->outcomes, x->n);
    age_bins_free(&x->sets);
}

/* Each run's value, of the samples in `cell` (NULL: all). NaN where the run has none. */
static void run_values(const struct measure *x, const struct predictions *p, const int32_t *cell,
    int32_t wanted, double *values) {
    size_t runs = (size_t)p->runs;
    const struct age_bins *bins = p->task == ATTR_AGE ? x->bins : NULL;
    double *terms = xcalloc(p->n, 2 * runs * sizeof *terms),
           *sums = xcalloc(2 * runs, sizeof *sums);
    outcome_terms(x->outcomes, p, bins, terms);
    for (size_t i = 0; i < p->n; i++)
        for (size_t k = 0; k < 2 * runs && (!cell || cell[i] == wanted); k++)
            sums[k] += terms[2 * runs * i + k];
    for (size_t r = 0; r < runs; r++)
        values[r] = sums[2 * r + 1] > 0 ? sums[2 * r] / sums[2 * r + 1] : NAN;
    free(terms);
    free(sums);
}

/* The variance of a mean over runs; 0 for one. */
static double variance_of_mean(const double *values, int n) {
    double mean = 0, squares = 0;
    for (int i = 0; i < n; i++)
        mean += values[i] / n;
    for (int i = 0; i < n; i++)
        squares += (values[i] - mean) * (values[i] - mean);
    return n > 1 && squares > 0 ? squares / (n - 1) / n : 0;
}

static double half_of_variance(double variance, double confidence) {
    return normal_quantile(0.5 + confidence / 2) * sqrt(variance);
}

static double half_of(struct interval i) {
    return (i.high - i.low) / 2;
}

/* ---- numbers ---- */

static void audit_everyone(struct audit_table *t, const struct verdict_maker *m,
    const struct measure *x, const struct predictions *p, double confidence) {
    const struct paired_options *o = &m->options;
    bool counts = outcome_traits(x->outcomes).count; /* whose interval needs no draws */
    struct crossing everyone = {.n = 1, .cell = xcalloc(p->n, sizeof *everyone.cell)};
    audit_compute(t, x->outcomes, p, p->task == ATTR_AGE ? x->bins : NULL, &everyone,
        &(struct audit_options){.confidence = confidence,
            .min_clusters = 1,
            .draws = counts ? 0 : o->draws,
            .seed = o->seed,
            .threads = o->threads,
            .shared_draws = o->shared_draws});
    free(everyone.cell);
}

/* A number by age groups whose edges the paper does not give is another number by other edges; two systems' order by the
 * same edges is one. */
static void withhold(struct claim_result *r) {
    free(r->why);
    r->why =
        xasprintf("by the edges of %s it would be %s; --bins NAME judges by edges that you state",
            r->bins, judgement_name[r->verdict]);
    r->verdict = JUDGED_UNTESTABLE;
}

static void measure_value(struct verdict_maker *m, struct claim_result *r, const struct measure *x,
    const struct predictions *p) {
    const struct claim *c = r->claim;
    double confidence = m->v->request->options.confidence;
    if (c->kind == CLAIM_VALUE)
        confidence = equivalence_confidence(confidence);
    struct audit_table t;
    audit_everyone(&t, m, x, p, confidence);
    double *values = xcalloc((size_t)p->runs, sizeof *values);
    run_values(x, p, NULL, 0, values);
    r->measured = t.all.value;
    r->samples = t.all.n;
    r->difference = t.all.value - c->value;
    r->interval = (struct interval){t.all.interval.low - c->value, t.all.interval.high - c->value};
    r->interval_confidence = confidence;
    const struct spread spread = {half_of(r->interval),
        half_of_variance(variance_of_mean(values, p->runs), confidence), t.all.n, p->runs};
    if (c->kind == CLAIM_VALUE) {
        r->verdict = judge_within(r->interval, -c->margin, c->margin);
        set_remedy(r, &spread, fabs(fabs(r->difference) - c->margin), true);
    } else {
        bool higher = outcome_traits(x->outcomes).better > 0;
        r->verdict = judge_within(r->interval, higher ? 0 : -INFINITY, higher ? INFINITY : 0);
        set_remedy(r, &spread, fabs(r->difference), true);
    }
    if (*r->bins && !m->v->request->bins)
        withhold(r);
    free(values);
    audit_free(&t);
}

/* ---- orders of systems ---- */

/* The runs' own part: of differences where both have the same runs, else of each. */
static double variance_of_runs(const struct measure *x, const struct predictions *a,
    const struct predictions *b, bool paired) {
    double *of_a = xcalloc((size_t)a->runs, sizeof *of_a),
           *of_b = xcalloc((size_t)b->runs, sizeof *of_b);
    run_values(x, a, NULL, 0, of_a);
    run_values(x, b, NULL, 0, of_b);
    for (int i = 0; paired && i < a->runs; i++)
        of_a[i] -= of_b[i];
    double variance =
        variance_of_mean(of_a, a->runs) + (paired ? 0 : variance_of_mean(of_b, b->runs));
    free(of_a);
    free(of_b);
    return variance;
}

static struct interval turned(struct interval i, bool turn) {
    return turn ? (struct interval){-i.high, -i.low} : i;
}

static void measure_order(struct verdict_maker *m, size_t at, const struct measure *x,
    const struct predictions *a, const struct predictions *b) {
    struct claim_result *r = &m->v->list[at];
    const struct paired_options *o = &m->options;
    struct paired_result pair;
    paired_compare(&pair, x->outcomes, a, b, a->task == ATTR_AGE ? x->bins : NULL, o);
    bool lower = outcome_traits(x->outcomes).better < 0; /* is better */
    r->measured = pair.a;
    r->beside = pair.b;
    r->difference = pair.difference;
    r->interval = pair.interval;
    r->interval_confidence = o->confidence;
    r->p = pair.p;
    r->samples = pair.n;
    m->order[at] = (struct order_evidence){.interval = turned(pair.interval, lower),
        .narrow = turned(pair.narrow, lower),
        .margin = r->claim->margin,
        .level = 1 - o->confidence};
    m->spread[at] = (struct spread){half_of(pair.interval),
        half_of_variance(variance_of_runs(x, a, b, pair.runs_paired), o->confidence), pair.n,
        a->runs};
}

/* ---- groups ---- */

/* The gap between two groups: `one` less `other`; `other` -1: everyone else. */
struct contrast {
    double one, other, difference, p;
    struct interval interval;
    size_t n; /* samples of the smaller group */
    bool ranked;
};

/* Of a signed difference: an audit's interval is of its size, and ends at 0 where it would reach below. */
static struct interval signed_interval(double difference, struct interval of_size) {
    double half = of_size.high - fabs(difference);
    return (struct interval){difference - half, difference + half};
}

enum depth {
    DIFFERENCE,
    TEST,
    INTERVAL
}; /* what is made of a contrast, each with those before it */

static struct contrast contrast_of(const struct verdict_maker *m, const struct measure *x,
    const struct predictions *p, const struct crossing *c, int32_t one, int32_t other,
    enum depth depth) {
    const struct paired_options *o = &m->options;
    struct crossing two = {.n = 2, .cell = xcalloc(p->n, sizeof *two.cell)};
    for (size_t i = 0; i < p->n; i++)
        two.cell[i] = c->cell[i] == one                                       ? 0
                      : c->cell[i] >= 0 && (other < 0 || c->cell[i] == other) ? 1
                                                                              : -1;
    struct audit_table t;
    audit_compute(&t, x->outcomes, p, p->task == ATTR_AGE ? x->bins : NULL, &two,
        &(struct audit_options){.confidence = o->confidence,
            .min_clusters = MIN_CLUSTERS,
            .draws = depth == DIFFERENCE ? 0 : o->draws,
            .tests_alone = depth == TEST,
            .seed = o->seed,
            .threads = o->threads,
            .shared_draws = other < 0 ? o->shared_draws : NULL}); /* of two groups few need them */
    const struct audit_gap *gap = &t.gap[GAP_DIFFERENCE];
    double difference = t.cells[0].value - t.cells[1].value;
    struct contrast contrast = {t.cells[0].value, t.cells[1].value, difference, gap->p,
        signed_interval(difference, gap->gap.interval),
        t.cells[0].n < t.cells[1].n ? t.cells[0].n : t.cells[1].n, t.ranked == 2};
    audit_free(&t);
    free(two.cell);
    return contrast;
}

/* Whether `a` speaks more against the group being the lowest than `b` does. */
static bool speaks_more(const struct contrast *a, const struct contrast *b) {
    if ((a->difference > 0) != (b->difference > 0))
        return a->difference > 0;
    if (a->p != b->p)
        return a->difference > 0 ? a->p < b->p : a->p > b->p;
    return a->difference > b->difference;
}

/* What speaks most against `one` being the lowest. For the order to be claimed all contrasts must be: an
 * intersection-union test, which needs no correction. Its opposite is claimed where one of the k others is lower, or
 * everyone else together is: of these two ways each has half the level. */
static struct contrast worst_contrast(const struct verdict_maker *m, const struct measure *x,
    const struct predictions *p, const struct crossing *c, int32_t one, int32_t *with) {
    struct contrast worst = {0}, rest = contrast_of(m, x, p, c, one, -1, INTERVAL);
    struct contrast *plain = xcalloc(c->n, sizeof *plain);
    int beside = 0;
    bool lower = false; /* one of the others is */
    for (int32_t g = 0; g < (int32_t)c->n; g++) {
        if (g != one)
            plain[g] = contrast_of(m, x, p, c, one, g, DIFFERENCE);
        beside += plain[g].ranked;
        lower |= plain[g].ranked && plain[g].difference > 0;
    }
    for (int32_t g = 0; g < (int32_t)c->n; g++) {
        if (!plain[g].ranked || (plain[g].difference > 0) != lower) /* others speak more */
            continue;
        struct contrast now = contrast_of(m, x, p, c, one, g, TEST);
        if (*with < 0 || speaks_more(&now, &worst)) {
            worst = now;
            *with = g;
        }
    }
    free(plain);
    if (*with >= 0)
        worst = contrast_of(m, x, p, c, one, *with, INTERVAL);
    if (!(worst.difference > 0))
        return worst;
    worst.p = fmin(1, 2 * beside * worst.p);
    rest.p = fmin(1, 2 * rest.p);
    if (rest.ranked && rest.difference > 0 && rest.p < worst.p) {
        *with = -1;
        return rest;
    }
    return worst;
}

static void measure_contrast(struct verdict_maker *m, size_t at, const struct measure *x,
    const struct predictions *p, const struct crossing *c, int32_t group) {
    struct claim_result *r = &m->v->list[at];
    bool lowest = r->claim->form == FORM_LOWEST;
    int32_t with = -1;
    struct contrast d = lowest ? worst_contrast(m, x, p, c, group, &with)
                               : contrast_of(m, x, p, c, group, -1, INTERVAL);
    if (!d.ranked) {
        r->why = xasprintf("fewer than %d independent images of it or beside it", MIN_CLUSTERS);
        return;
    }
    free(r->than);
    r->than = xstrdup(with < 0 ? "everyone else" : c->name[with]);
    r->measured = d.one;
    r->beside = d.other;
    r->difference = d.difference;
    r->interval = d.interval;
    r->interval_confidence = m->v->request->options.confidence;
    r->p = d.p;
    r->samples = d.n;
    m->order[at] = (struct order_evidence){.interval = turned(d.interval, true),
        .narrow = turned(d.interval, true),
        .margin = r->claim->margin,
        .level = 1 - m->v->request->options.confidence};
    double *one = xcalloc((size_t)p->runs, sizeof *one),
           *other = xcalloc((size_t)p->runs, sizeof *other);
    run_values(x, p, c->cell, group, one);
    if (with >= 0) /* everyone else hardly varies */
        run_values(x, p, c->cell, with, other);
    for (int i = 0; i < p->runs; i++)
        one[i] -= other[i];
    m->spread[at] = (struct spread){half_of(d.interval),
        half_of_variance(variance_of_mean(one, p->runs), r->interval_confidence), d.n, p->runs};
    free(one);
    free(other);
}

static void measure_group(struct verdict_maker *m, size_t at, const struct measure *x,
    const struct system_predictions *s, bool uses[ATTR_COUNT]) {
    struct claim_result *r = &m->v->list[at];
    struct age_bin_sets sets = {0};
    struct err ignored = {0};
    const struct age_bins *groups = NULL;
    if (s->dataset.exact_ages && *r->claim->bins)
        age_bins_choose(&sets, r->claim->bins, "", &groups, &ignored);
    struct crossing c;
    int32_t group = -1;
    crossing_make(&c, &s->p, uses, groups, dataset_class_name, &s->dataset);
    for (size_t g = 0; g < c.n; g++)
        if (strcmp(c.name[g], r->claim->group) == 0)
            group = (int32_t)g;
    if (group >= 0)
        measure_contrast(m, at, x, &s->p, &c, group);
    else {
        r->verdict = JUDGED_UNTESTABLE;
        r->why = xasprintf("the set has no group %s", r->claim->group);
    }
    crossing_free(&c);
    age_bins_free(&sets);
}

/* ---- a claim ---- */

static bool same_truths(const struct predictions *a, const struct predictions *b) {
    for (size_t i = 0, j = 0; i < a->n && j < b->n;) {
        int order = strcmp(a->id[i], b->id[j]);
        if (order == 0 && a->truth[i] != b->truth[j])
            return false;
        i += order <= 0;
        j += order >= 0;
    }
    return true;
}

bool measure_claim(struct verdict_maker *m, size_t at, size_t system, size_t than, struct err *e) {
    struct claim_result *r = &m->v->list[at];
    const struct claim *c = r->claim;
    const struct system_predictions *a = task_read(m, system, (enum attribute)c->task, e), *b = a;
    bool uses[ATTR_COUNT];
    if (c->kind == CLAIM_ORDER)
        b = task_read(m, than, (enum attribute)c->task, e);
    struct measure x = {0};
    if (!a || !b || !measure_open(&x, m, r, &a->dataset, e)) {
        measure_close(&x);
        return false;
    }
    r->runs = a->p.runs;
    if (!same_truths(&a->p, &b->p)) {
        r->verdict = JUDGED_UNTESTABLE;
        r->why = xstrdup("the two were tested on different versions of the set");
    } else if (c->kind == CLAIM_ORDER)
        measure_order(m, at, &x, &a->p, &b->p);
    else if (c->kind != CLAIM_GROUP)
        measure_value(m, r, &x, &a->p);
    else if (crossing_parse(uses, c->by, c->id, e))
        measure_group(m, at, &x, a, uses);
    measure_close(&x);
    return e->kind == ERR_NONE;
}

/* ---- what decides it ---- */

void set_remedy(struct claim_result *r, const struct spread *p, double half, bool samples) {
    struct remedy remedy;
    struct str s = {0};
    if (r->verdict != JUDGED_UNDECIDED || r->why)
        return;
    bool found = remedy_find(&remedy, p, half);
    if (!found)
        str_add(&s, "it lies at a bound: no number of images or seeds in sight decides it");
    if (found && remedy.n && samples)
        str_addf(&s, "about %zu %s (now %zu)", remedy.n,
            r->claim->kind == CLAIM_GROUP ? "test images of the smaller group" : "test images",
            p->n);
    if (found && remedy.runs)
        str_addf(&s, "%sabout %d seeds (now %d)", s.len ? " and " : "", remedy.runs, p->runs);
    if (found)
        str_add(&s, " would decide it");
    r->why = str_detach(&s);
}

/* The p of a test counts samples alone: how much further out of how many tests' way it would have to be. */
static void set_remedy_of_test(
    struct claim_result *r, const struct order_evidence *o, const struct spread *p) {
    double tests = r->holm / r->p;
    double now = normal_quantile(1 - r->p / 2), wanted = normal_quantile(1 - o->level / tests / 2);
    set_remedy(r, &(struct spread){p->half, 0, p->n, p->runs}, p->half * now / wanted, true);
}

static const char *why_settled(const struct claim_result *r, const struct order_evidence *o) {
    if (r->holm <= o->level && o->interval.low > 0)
        return "claimed by test and interval";
    if (r->holm <= o->level && o->interval.high < 0)
        return "the opposite is claimed by test and interval";
    return "no difference beyond the margin";
}

void verdict_settle(struct verdict_maker *m, size_t at) {
    struct claim_result *r = &m->v->list[at];
    struct order_evidence *o = &m->order[at];
    const struct spread *p = &m->spread[at];
    o->p = r->holm;
    r->verdict = judge_order(o);
    if (r->verdict != JUDGED_UNDECIDED) {
        r->why = xstrdup(why_settled(r, o));
        return;
    }
    double distance = fabs(r->difference);
    double same = (o->margin - distance) * half_of(o->interval) / half_of(o->narrow);
    if (o->interval.low > 0 || o->interval.high < 0)
        set_remedy_of_test(r, o, p);
    else
        set_remedy(r, p, fmax(distance, same), true);
}
