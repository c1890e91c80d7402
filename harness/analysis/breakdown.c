/* One pass over the samples for each set of age bins, task and read-out: a sample adds its terms to every
 * group that holds it (at most 8). Rows come out set by set, group by group, so that those of one
 * grouping stand together. */
#include "analysis/breakdown.h"

#include "core/mem.h"

#include <stdlib.h>

enum { CS_LAST = 25 };

/* The rows as they grow. */
struct builder {
    struct breakdown *b;
    size_t metrics, confusion, cs, strings; /* capacities */
};

/* What the samples of one task and read-out add up to, by group, under one set of age bins or none. */
struct tally {
    const struct breakdown_task *task;
    const struct age_bins *bins; /* accuracies and confusion compare these, not labels; or NULL */
    int first, classes;          /* of the confusion counts */
    size_t groups;               /* that are counted: all, or 'all' alone */
    size_t confused;             /* groups with confusion counts */
    long *n;                     /* [groups] */
    double (*sum)[METRIC_COUNT]; /* [groups] */
    long *confusion;             /* [confused][classes][classes] */
};

static char *keep(struct builder *o, char *text) {
    o->b->strings = xgrow(o->b->strings, &o->strings, o->b->n_strings + 1, sizeof(char *));
    return o->b->strings[o->b->n_strings++] = text;
}

/* ---- counting ---- */

static void tally_open(struct tally *t, const struct breakdown_task *task,
    const struct age_bins *bins, bool years, size_t groups) {
    bool age = task->attribute == ATTR_AGE;
    *t = (struct tally){.task = task, .bins = age ? bins : NULL};
    t->first = t->bins ? 0 : task->first;
    t->classes = t->bins ? t->bins->n : task->classes;
    t->groups = task->of_record ? groups : 1;
    /* Years by years is a large table: it is kept for 'all' alone. */
    t->confused = !task->of_record ? 0 : age && years && !bins ? 1 : groups;
    t->n = xcalloc(t->groups, sizeof *t->n);
    t->sum = xcalloc(t->groups, sizeof *t->sum);
    t->confusion =
        xcalloc(t->confused, (size_t)t->classes * (size_t)t->classes * sizeof *t->confusion);
}

static void tally_close(struct tally *t) {
    free(t->n);
    free(t->sum);
    free(t->confusion);
}

static size_t cell_of(const struct tally *t, double truth, double predicted) {
    return confusion_index(truth, t->first, t->classes) * (size_t)t->classes +
           confusion_index(predicted, t->first, t->classes);
}

static void tally_add(
    struct tally *t, const size_t *group, int n_groups, double truth, double predicted) {
    double term[METRIC_COUNT];
    double class_truth = t->bins ? age_bin(t->bins, truth) : truth;
    double class_predicted = t->bins ? age_bin(t->bins, predicted) : predicted;
    for (int m = 0; m < METRIC_COUNT; m++)
        term[m] = metric_rows[m].share ? metric_term(m, class_truth, class_predicted)
                                       : metric_term(m, truth, predicted);
    size_t cell = cell_of(t, class_truth, class_predicted);
    size_t cells = (size_t)t->classes * (size_t)t->classes;
    for (int k = 0; k < n_groups; k++) {
        size_t g = group[k];
        if (g >= t->groups)
            continue;
        t->n[g]++;
        for (int m = 0; m < METRIC_COUNT; m++)
            t->sum[g][m] += term[m];
        if (g < t->confused)
            t->confusion[g * cells + cell]++;
    }
}

static void tally_all(
    struct tally *tallies, const struct breakdown_input *in, const struct groups *groups) {
    for (size_t i = 0; i < in->n; i++) {
        size_t group[GROUPS_OF_SAMPLE];
        int n_groups = groups_of(groups, i, group);
        for (int t = 0; t < in->n_tasks; t++) {
            const int *label = in->label[in->tasks[t].attribute];
            if (label && label[i] != LABEL_MISSING)
                tally_add(&tallies[t], group, n_groups, label[i], in->tasks[t].predicted[i]);
        }
    }
}

/* ---- rows ---- */

/* The place that rows of one task and group share. */
struct place {
    const char *bins, *grouping;
    size_t group;
    bool age_grouping;
};

static void add_metrics(struct builder *o, const struct tally *t, const struct place *at) {
    for (int m = 0; m < METRIC_COUNT; m++) {
        if (metric_rows[m].ordinal_only && !t->task->ordered)
            continue;
        /* With bins only what they change: see views.sql. */
        bool bins_matter = at->age_grouping || (t->bins && metric_rows[m].share);
        if (*at->bins && !bins_matter)
            continue;
        o->b->metrics =
            xgrow(o->b->metrics, &o->metrics, o->b->n_metrics + 1, sizeof *o->b->metrics);
        o->b->metrics[o->b->n_metrics++] =
            (struct metric_value_row){t->task->attribute, t->task->readout, at->bins, at->grouping,
                m, t->sum[at->group][m] / (double)t->n[at->group], t->n[at->group]};
    }
}

static void add_confusion(struct builder *o, const struct tally *t, const struct place *at) {
    if (at->group >= t->confused || (*at->bins && !at->age_grouping && !t->bins))
        return;
    int k = t->classes;
    const long *count = t->confusion + at->group * (size_t)k * (size_t)k;
    for (int i = 0; i < k * k; i++) {
        if (!count[i])
            continue;
        o->b->confusion =
            xgrow(o->b->confusion, &o->confusion, o->b->n_confusion + 1, sizeof *o->b->confusion);
        o->b->confusion[o->b->n_confusion++] = (struct confusion_row){t->task->attribute,
            t->task->readout, at->bins, at->grouping, t->first + i / k, t->first + i % k, count[i]};
    }
}

static bool has_samples(const struct tally *t, size_t group) {
    return group < t->groups && t->n[group] > 0;
}

static void add_group(struct builder *o, const struct tally *tallies, int n_tallies,
    const struct groups *groups, const char *bins, size_t group) {
    struct place at = {.bins = bins, .group = group};
    at.age_grouping = group_uses(groups, group, ATTR_AGE);
    for (int t = 0; t < n_tallies; t++) {
        if (!has_samples(&tallies[t], group))
            continue;
        if (!at.grouping)
            at.grouping = keep(o, group_name(groups, group));
        add_metrics(o, &tallies[t], &at);
        add_confusion(o, &tallies[t], &at);
    }
}

/* All rows under one set of age bins, or NULL: ages as they are labelled. */
static void add_bins(
    struct builder *o, const struct breakdown_input *in, const struct age_bins *bins) {
    bool years = in->bins != NULL;
    struct groups groups;
    groups_make(&groups, in->n, in->label, !years, bins, in->class_name, in->context);
    struct tally *tallies = xcalloc((size_t)in->n_tasks, sizeof *tallies);
    for (int t = 0; t < in->n_tasks; t++)
        tally_open(&tallies[t], &in->tasks[t], bins, years, groups.n);
    tally_all(tallies, in, &groups);
    const char *name = keep(o, xstrdup(bins ? bins->name : ""));
    for (size_t g = 0; g < groups.n; g++)
        add_group(o, tallies, in->n_tasks, &groups, name, g);
    for (int t = 0; t < in->n_tasks; t++)
        tally_close(&tallies[t]);
    free(tallies);
    groups_free(&groups);
}

static void add_cs(
    struct builder *o, const struct breakdown_input *in, const struct breakdown_task *task) {
    const int *label = in->label[task->attribute];
    double *truth = xmalloc(in->n * sizeof *truth), *predicted = xmalloc(in->n * sizeof *predicted);
    size_t n = 0;
    for (size_t i = 0; label && i < in->n; i++) {
        if (label[i] == LABEL_MISSING)
            continue;
        truth[n] = label[i];
        predicted[n++] = task->predicted[i];
    }
    for (int c = 0; n && c < CS_CONVENTION_COUNT; c++)
        for (int i = 0; i <= CS_LAST; i++) {
            o->b->cs = xgrow(o->b->cs, &o->cs, o->b->n_cs + 1, sizeof *o->b->cs);
            o->b->cs[o->b->n_cs++] = (struct cs_row){
                task->attribute, task->readout, c, i, cumulative_score(c, i, truth, predicted, n)};
        }
    free(truth);
    free(predicted);
}

void breakdown_compute(struct breakdown *b, const struct breakdown_input *in) {
    *b = (struct breakdown){0};
    struct builder o = {.b = b};
    add_bins(&o, in, NULL);
    for (int s = 0; in->bins && s < in->bins->n; s++)
        add_bins(&o, in, &in->bins->sets[s]);
    for (int t = 0; t < in->n_tasks; t++)
        if (in->tasks[t].ordered)
            add_cs(&o, in, &in->tasks[t]);
}

void breakdown_free(struct breakdown *b) {
    for (size_t i = 0; i < b->n_strings; i++)
        free(b->strings[i]);
    free(b->strings);
    free(b->metrics);
    free(b->confusion);
    free(b->cs);
    *b = (struct breakdown){0};
}
