#include "analysis/outcomes.h"

#include "core/mem.h"
#include "core/str.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct kind_row {
    const char *name;
    bool per_class, probabilities;
    struct outcome_traits traits;
};

/* Of metrics (analysis/metrics.h) and of cumulative scores, whose limit is in their names, not here. */
static const struct kind_row rows[OUTCOME_KIND_COUNT] = {
    [OUTCOME_SELECTION] = {"selection", true, false, {true, true, 2, true, true}},
    [OUTCOME_TPR] = {"tpr", true, false, {true, true, +1, true, true}},
    [OUTCOME_FPR] = {"fpr", true, false, {true, true, -1, true, true}},
    [OUTCOME_TNR] = {"tnr", true, false, {true, true, +1, true, true}},
    [OUTCOME_FNR] = {"fnr", true, false, {true, true, -1, true, true}},
    [OUTCOME_PRECISION] = {"precision", true, false, {true, true, +1, true, false}},
    [OUTCOME_CONFIDENCE] = {"confidence", false, true, {true, false, 2, false, true}},
    [OUTCOME_OVERCONFIDENCE] = {"overconfidence", false, true, {false, false, 0, false, true}},
    [OUTCOME_BRIER] = {"brier", false, true, {false, false, -1, false, true}},
    [OUTCOME_LOG_LOSS] = {"log_loss", false, true, {false, false, -1, false, true}},
};
static const char *const score_names[] = {[OUTCOME_CS_LT] = "cs_lt_", [OUTCOME_CS_LE] = "cs_le_"};

struct outcome_traits outcome_traits(const struct outcome *o) {
    if (o->kind == OUTCOME_METRIC) {
        const struct metric_row *m = &metric_rows[o->metric];
        return (struct outcome_traits){m->share, m->share, m->better, m->share, true};
    }
    if (o->kind == OUTCOME_CS_LT || o->kind == OUTCOME_CS_LE)
        return (struct outcome_traits){true, true, +1, false, true};
    return rows[o->kind].traits;
}

const char *classes_name(const struct classes *c, int class) {
    return c->bins ? c->bins->groups[class].name : c->name(c->context, c->task, class);
}

/* ---- names ---- */

static void known_names(struct str *out, enum attribute task, bool probabilities) {
    for (int m = 0; m < METRIC_COUNT; m++)
        if (task == ATTR_AGE || !metric_rows[m].ordinal_only)
            str_addf(out, "%s, ", metric_rows[m].name);
    if (task == ATTR_AGE)
        str_add(out, "cs_lt_N, cs_le_N, ");
    for (int k = OUTCOME_SELECTION; k < OUTCOME_KIND_COUNT; k++)
        if (!rows[k].probabilities || probabilities)
            str_addf(out, "%s%s%s", rows[k].name, rows[k].per_class ? "[:CLASS]" : "",
                k + 1 < (probabilities ? OUTCOME_KIND_COUNT : OUTCOME_CONFIDENCE) ? ", " : "");
}

static bool unknown(
    const char *text, enum attribute task, bool probabilities, const char *where, struct err *e) {
    struct str known = {0};
    known_names(&known, task, probabilities);
    char *shown = str_quoted(text);
    err_usage(e, "%s: %s: no metric of %s: expected one of %s", where, shown, attribute_name[task],
        known.text);
    if (str_nearest(text, metric_rows, METRIC_COUNT, sizeof *metric_rows))
        err_hint(e, text, metric_rows, METRIC_COUNT, sizeof *metric_rows);
    else
        err_hint(e, text, rows, OUTCOME_KIND_COUNT, sizeof *rows);
    free(shown);
    str_free(&known);
    return false;
}

static void append(struct outcome **outcomes, size_t *n, size_t *capacity, struct outcome o) {
    *outcomes = xgrow(*outcomes, capacity, *n + 1, sizeof **outcomes);
    (*outcomes)[(*n)++] = o;
}

static int class_of_text(const struct classes *c, const char *text) {
    for (int k = 0; k < c->n; k++)
        if (strcmp(classes_name(c, k), text) == 0)
            return k;
    char *end;
    long number = strtol(text, &end, 10);
    return !c->bins && end != text && !*end && number >= 0 && number < c->n ? (int)number : -1;
}

static bool no_class(const struct classes *c, const char *text, const char *class,
    const char *where, struct err *e) {
    struct str known = {0};
    for (int k = 0; k < c->n; k++)
        str_addf(&known, "%s%s", k ? ", " : "", classes_name(c, k));
    char *shown = str_quoted(class);
    err_usage(e, "%s: %s: no class %s of %s: expected one of %s", where, text, shown,
        attribute_name[c->task], known.text);
    free(shown);
    str_free(&known);
    return false;
}

static bool add_rates(struct outcome **outcomes, size_t *n, size_t *capacity,
    enum outcome_kind kind, const char *text, const char *class, const struct classes *c,
    const char *where, struct err *e) {
    if (c->n == 0)
        return err_usage(e, "%s: %s: ages in years have no classes: expected --bins NAME too",
            where, rows[kind].name);
    int only = class ? class_of_text(c, class) : -1;
    if (class && only < 0)
        return no_class(c, text, class, where, e);
    for (int k = 0; k < c->n; k++)
        if (only < 0 || k == only)
            append(outcomes, n, capacity,
                (struct outcome){.kind = kind,
                    .class = k,
                    .name = xasprintf("%s:%s", rows[kind].name, classes_name(c, k))});
    return true;
}

/* "cs_le_5": a whole number of years or groups, 0 to 999. */
static bool read_score(const char *text, struct outcome *o) {
    for (int k = OUTCOME_CS_LT; k <= OUTCOME_CS_LE; k++) {
        const char *digits = text + strlen(score_names[k]);
        size_t count = str_starts(text, score_names[k]) ? strspn(digits, "0123456789") : 0;
        if (count == 0 || count > 3 || digits[count])
            continue;
        *o = (struct outcome){.kind = (enum outcome_kind)k, .limit = atoi(digits)};
        return true;
    }
    return false;
}

bool outcomes_add(struct outcome **outcomes, size_t *n, size_t *capacity, const char *text,
    const struct classes *classes, bool has_probabilities, const char *where, struct err *e) {
    bool ordered = classes->task == ATTR_AGE;
    struct outcome o = {0};
    for (int m = 0; m < METRIC_COUNT; m++)
        if (strcmp(metric_rows[m].name, text) == 0 && (ordered || !metric_rows[m].ordinal_only)) {
            append(outcomes, n, capacity,
                (struct outcome){
                    .kind = OUTCOME_METRIC, .metric = (enum metric_id)m, .name = xstrdup(text)});
            return true;
        }
    if (ordered && read_score(text, &o)) {
        o.name = xstrdup(text);
        append(outcomes, n, capacity, o);
        return true;
    }
    size_t length = strcspn(text, ":");
    for (int k = OUTCOME_SELECTION; k < OUTCOME_KIND_COUNT; k++) {
        if (strlen(rows[k].name) != length || strncmp(rows[k].name, text, length) != 0)
            continue;
        if (rows[k].per_class)
            return add_rates(outcomes, n, capacity, (enum outcome_kind)k, text,
                text[length] ? text + length + 1 : NULL, classes, where, e);
        if (text[length])
            break;
        if (!has_probabilities)
            return err_usage(e,
                "%s: %s: needs probabilities, and not every prediction of %s was stored with them",
                where, text, attribute_name[classes->task]);
        append(outcomes, n, capacity,
            (struct outcome){.kind = (enum outcome_kind)k, .name = xstrdup(text)});
        return true;
    }
    return unknown(text, classes->task, has_probabilities, where, e);
}

const char *outcome_names(size_t i) {
    if (i < METRIC_COUNT)
        return metric_rows[i].name;
    i -= METRIC_COUNT;
    if (i < ARRAY_LEN(score_names) - OUTCOME_CS_LT)
        return score_names[OUTCOME_CS_LT + i];
    i -= ARRAY_LEN(score_names) - OUTCOME_CS_LT;
    return OUTCOME_SELECTION + i < OUTCOME_KIND_COUNT ? rows[OUTCOME_SELECTION + i].name : NULL;
}

bool outcome_needs_probabilities(const char *text) {
    for (int k = OUTCOME_SELECTION; k < OUTCOME_KIND_COUNT; k++)
        if (rows[k].probabilities && strcmp(rows[k].name, text) == 0)
            return true;
    return false;
}

bool outcome_is_paired(const char *text) {
    size_t length = strcspn(text, ":");
    for (int k = OUTCOME_SELECTION; k < OUTCOME_KIND_COUNT; k++)
        if (strlen(rows[k].name) == length && strncmp(rows[k].name, text, length) == 0)
            return rows[k].traits.paired;
    return true;
}

void outcomes_free(struct outcome *outcomes, size_t n) {
    for (size_t i = 0; i < n; i++)
        free(outcomes[i].name);
    free(outcomes);
}

/* ---- terms ---- */

struct term {
    double numerator, denominator;
};

static struct term rate(enum outcome_kind kind, bool is, bool said) {
    switch (kind) {
    case OUTCOME_SELECTION:
        return (struct term){said, 1};
    case OUTCOME_TPR:
        return (struct term){is && said, is};
    case OUTCOME_FNR:
        return (struct term){is && !said, is};
    case OUTCOME_FPR:
        return (struct term){!is && said, !is};
    case OUTCOME_TNR:
        return (struct term){!is && !said, !is};
    default:
        return (struct term){is && said, said}; /* precision */
    }
}

/* A class of labels as it counts: the age group, or the rounded label. */
static double class_of(double label, const struct age_bins *bins) {
    return bins ? age_bin(bins, label) : round_half_up(label);
}

/* Whether terms are of classes, and not of labels. */
static bool of_classes(const struct outcome *o) {
    return o->kind == OUTCOME_METRIC ? metric_rows[o->metric].share
                                     : o->kind >= OUTCOME_SELECTION && rows[o->kind].per_class;
}

/* `is`: the class of the truth. */
static struct term class_term(const struct outcome *o, double is, double said) {
    return o->kind == OUTCOME_METRIC ? (struct term){metric_term(o->metric, is, said), 1}
                                     : rate(o->kind, is == o->class, said == o->class);
}

/* Of a label that is predicted at this place of p->predicted. */
static struct term label_term(
    const struct outcome *o, const struct predictions *p, size_t at, double truth) {
    double predicted = p->predicted[at], error = predicted - truth;
    switch (o->kind) {
    case OUTCOME_CS_LT:
        return (struct term){fabs(error) < o->limit, 1};
    case OUTCOME_CS_LE:
        return (struct term){fabs(error) <= o->limit, 1};
    case OUTCOME_CONFIDENCE:
        return (struct term){p->terms[TERM_CONFIDENCE][at], 1};
    case OUTCOME_OVERCONFIDENCE: /* of the class itself, whatever the bins */
        return (struct term){
            p->terms[TERM_CONFIDENCE][at] - (round_half_up(predicted) == truth), 1};
    case OUTCOME_BRIER:
        return (struct term){p->terms[TERM_BRIER][at], 1};
    case OUTCOME_LOG_LOSS:
        return (struct term){p->terms[TERM_LOG_LOSS][at], 1};
    default:
        return (struct term){metric_term(o->metric, truth, predicted), 1};
    }
}

void outcome_terms(const struct outcome *o, const struct predictions *p,
    const struct age_bins *bins, double *terms) {
    bool classes = of_classes(o);
    for (size_t i = 0; i < p->n; i++) {
        double truth = p->truth[i], is = classes ? class_of(truth, bins) : truth;
        for (int r = 0; r < p->runs; r++) {
            size_t at = i * (size_t)p->runs + (size_t)r;
            struct term t = {0, 0};
            if (!isnan(p->predicted[at]))
                t = classes ? class_term(o, is, class_of(p->predicted[at], bins))
                            : label_term(o, p, at, truth);
            terms[2 * at] = t.numerator;
            terms[2 * at + 1] = t.denominator;
        }
    }
}

double outcome_value(const double *sums, int runs, const double *weight) {
    double total = 0, weights = 0;
    for (int r = 0; r < runs; r++) {
        double w = weight ? weight[r] : 1;
        if (sums[2 * r + 1] <= 0 || w == 0)
            continue;
        total += w * (sums[2 * r] / sums[2 * r + 1]);
        weights += w;
    }
    return weights > 0 ? total / weights : NAN;
}
