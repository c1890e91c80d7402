/* The audit for people. */
#include "analysis/metrics.h"
#include "core/escape.h"
#include "core/mem.h"
#include "report/audits.h"
#include "report/measure_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const gap_title[GAP_COUNT] = {[GAP_DIFFERENCE] = "Largest difference",
    [GAP_DIFFERENCE_TO_OVERALL] = "Farthest from all",
    [GAP_RATIO] = "Least ratio",
    [GAP_RATIO_TO_OVERALL] = "Least ratio to all"};

static bool is_ratio(int kind) {
    return kind == GAP_RATIO || kind == GAP_RATIO_TO_OVERALL;
}

/* A share is percent; a ratio is a plain number. */
static void value(struct str *out, bool percent, double x) {
    add_measure(out, percent, x, "undefined");
}

static void interval(struct str *out, bool percent, struct interval i) {
    if (isnan(i.low)) {
        str_add(out, "–");
        return;
    }
    value(out, percent, i.low);
    str_add(out, isinf(i.high) ? " to any" : " to ");
    if (!isinf(i.high))
        value(out, percent, i.high);
}

/* "20-29, female": the heading says of what. */
static void group_text(struct str *out, const char *grouping) {
    char *words = crossing_cell_words(grouping);
    escape_markdown(out, words);
    free(words);
}

static void cell_name(struct str *out, const struct crossing *c, size_t cell) {
    group_text(out, cell == GAP_OVERALL ? "all" : c->name[cell]);
}

/* ---- head ---- */

static void runs_text(struct str *out, const struct audit_task *t) {
    const struct system_predictions *r = &t->predictions;
    str_addf(out, "- %s: %zu sample%s in %zu cluster%s, %d run%s%s (%zu of %zu cells done%s)\n",
        attribute_name[t->task], r->p.n, r->p.n == 1 ? "" : "s", r->p.clusters,
        r->p.clusters == 1 ? "" : "s", r->p.runs, r->p.runs == 1 ? "" : "s",
        r->folds ? ", out-of-fold predictions pooled" : "", r->cells, r->planned,
        r->cells < r->planned ? ": **incomplete**" : "");
}

static void head(struct str *out, const struct audits *a) {
    const struct audit_options *o = &a->request->options;
    const struct system_predictions *first = &a->tasks[0].predictions;
    int runs = first->p.runs;
    str_add(out, "# Audit of ");
    escape_markdown(out, a->systems->grid.name);
    str_add(out, ": ");
    escape_markdown(out, a->systems->list[a->system].title);
    str_add(out, "\n\nSet ");
    escape_markdown(out, first->dataset.name);
    str_addf(out, ", %s part. Attributes are the set's annotations.\n\n",
        part_name[a->request->choice.part]);
    if (first->dataset.drawn)
        str_add(out,
            "**Drawn images:** these numbers say that the program works, nothing about faces.\n\n");
    for (size_t t = 0; t < a->n_tasks; t++)
        if (a->tasks[t].predictions.leaky) {
            str_add(out,
                "**Leaky split:** what was tested is nearly what was trained on, so that values are too good.\n\n");
            break;
        }
    for (size_t t = 0; t < a->n_tasks; t++)
        runs_text(out, &a->tasks[t]);
    str_addf(out,
        "\nIntervals are %g %% over samples%s; images that depend on each other (clusters: %s) count "
        "as one. Shares: Wilson's, exact below %d clusters; means: bootstrap of %zu draws. p: %zu "
        "permutations of groups; q: Benjamini-Hochberg over the ranked cells of a table. Cells of "
        "fewer than %zu clusters are shown, not ranked, and in no gap.%s\n",
        100 * o->confidence, runs > 1 ? " and seeds" : "",
        cluster_by_name[a->request->choice.cluster], AUDIT_TINY, o->draws, o->draws,
        o->min_clusters,
        o->fairlearn
            ? " As fairlearn has it, an empty denominator counts as 0 and every cell is ranked."
            : "");
}

/* ---- cells ---- */

static void cell_line(struct str *out, const struct audits *a, const struct audit_section *s,
    const struct audit_cell *c, const char *name) {
    bool percent = outcome_traits(&s->outcome).share;
    str_add(out, "| ");
    group_text(out, name);
    str_addf(out, " | %zu | %zu | ", c->n, c->clusters);
    if (c->samples == 0)
        str_add(out, "no samples");
    else
        value(out, percent, c->value);
    str_add(out, " | ");
    interval(out, percent, c->interval);
    str_add(out, " | ");
    if (c == &s->table.all)
        str_add(out, " | | |\n");
    else if (!c->rank)
        str_addf(out, "%s | – | – |\n",
            c->samples == 0                                  ? "–"
            : c->clusters < a->request->options.min_clusters ? "small"
                                                             : "–");
    else {
        str_addf(out, "%zu | ", c->rank);
        add_chance(out, c->p);
        str_add(out, " | ");
        add_chance(out, c->q);
        str_add(out, " |\n");
    }
}

/* Ranked cells, the worst first, then the others in the crossing's order. */
static void cell_table(struct str *out, const struct audits *a, const struct audit_section *s,
    const struct crossing *c) {
    const struct audit_table *t = &s->table;
    str_addf(out,
        "| Group | n | Clusters | Value%s | Interval | Rank | p | q |\n"
        "|---|---:|---:|---:|---:|---:|---:|---:|\n",
        outcome_traits(&s->outcome).share ? " (%)" : "");
    cell_line(out, a, s, &t->all, "all");
    size_t *by_rank = xcalloc(t->ranked + 1, sizeof *by_rank);
    for (size_t g = 0; g < t->n; g++)
        if (t->cells[g].rank)
            by_rank[t->cells[g].rank - 1] = g;
    for (size_t i = 0; i < t->ranked; i++)
        cell_line(out, a, s, &t->cells[by_rank[i]], c->name[by_rank[i]]);
    for (size_t g = 0; g < t->n; g++)
        if (!t->cells[g].rank)
            cell_line(out, a, s, &t->cells[g], c->name[g]);
    free(by_rank);
}

/* ---- gaps ---- */

static void gap_line(struct str *out, const struct crossing *c, const struct audit_gap *g, int kind,
    bool percent, const char *behind) {
    str_addf(out, "| %s%s | ", gap_title[kind], behind);
    value(out, percent && !is_ratio(kind), g->gap.value);
    str_add(out, " | ");
    interval(out, percent && !is_ratio(kind), g->gap.interval);
    str_add(out, " | ");
    cell_name(out, c, g->gap.high);
    str_add(out, " | ");
    cell_name(out, c, g->gap.low);
    str_add(out, " | ");
    add_chance(out, g->p);
    str_add(out, " |\n");
}

#define GAP_HEAD                                                                                   \
    "\n| Gap | Value | Interval | Highest | Lowest | p |\n|---|---:|---:|---|---|---:|\n"

/* What the difference says, and what its absence does not. */
static void verdict(
    struct str *out, const struct audits *a, const struct audit_gap *g, bool percent) {
    double level = 1 - a->request->options.confidence;
    if (isnan(g->p))
        return;
    str_add(out, "\n");
    if (g->p <= level)
        str_addf(out, "**A gap beyond chance** (p %s %.3g", g->p < 0.001 ? "<" : "=",
            g->p < 0.001 ? 0.001 : g->p);
    else
        str_addf(out, "No gap beyond chance (p = %.3f", g->p);
    str_add(out, ")");
    if (isfinite(g->gap.interval.high)) {
        str_add(out, "; differences up to ");
        value(out, percent, g->gap.interval.high);
        str_add(out, g->p <= level ? " fit the data" : " fit the data all the same");
    }
    str_add(out, ".\n");
}

static void gaps(struct str *out, const struct audits *a, const struct audit_section *s,
    const struct crossing *c) {
    bool percent = outcome_traits(&s->outcome).share;
    if (s->table.ranked < 2) {
        str_addf(out, "\nFewer than two cells have %zu clusters: no gap is told.\n",
            a->request->options.min_clusters);
        return;
    }
    str_add(out, GAP_HEAD);
    for (int k = 0; k < GAP_COUNT; k++)
        if (!isnan(s->table.gap[k].gap.value))
            gap_line(out, c, &s->table.gap[k], k, percent, "");
    verdict(out, a, &s->table.gap[GAP_DIFFERENCE], percent);
}

static void odds(struct str *out, const struct audits *a) {
    for (size_t i = 0; i < a->n_odds; i++) {
        const struct audit_odds *o = &a->odds[i];
        const struct audit_task *t = &a->tasks[o->task];
        const struct crossing *c = &t->crossings[o->crossing];
        str_addf(out, "\n## %s: equalised odds of ", attribute_name[t->task]);
        escape_markdown(out, o->class);
        str_addf(out, " by %s\n", c->by);
        if (isnan(o->gap[GAP_DIFFERENCE].gap.value)) {
            str_add(out, "\nFewer than two cells are ranked: no gap is told.\n");
            continue;
        }
        str_add(out, GAP_HEAD);
        for (int k = 0; k < GAP_COUNT; k++)
            if (!isnan(o->gap[k].gap.value))
                gap_line(out, c, &o->gap[k], k, true, o->of_tpr[k] ? ", of tpr" : ", of fpr");
    }
}

/* ---- by cell ---- */

static void confusion(struct str *out, const struct audits *a, const struct audit_confusion *m) {
    const struct audit_task *t = &a->tasks[m->task];
    int k = t->classes.n;
    long total = 0;
    for (int i = 0; i < k * k; i++)
        total += m->counts[i];
    if (!total)
        return;
    str_addf(out, "\n### %s, ", attribute_name[t->task]);
    cell_name(out, &t->crossings[m->crossing], m->cell);
    str_add(out, ": truth in rows, predictions in columns\n\n| |");
    for (int i = 0; i < k; i++) {
        str_addc(out, ' ');
        escape_markdown(out, classes_name(&t->classes, i));
        str_add(out, " |");
    }
    str_add(out, "\n|---|");
    for (int i = 0; i < k; i++)
        str_add(out, "---:|");
    for (int i = 0; i < k; i++) {
        str_add(out, "\n| ");
        escape_markdown(out, classes_name(&t->classes, i));
        str_add(out, " |");
        for (int j = 0; j < k; j++)
            str_addf(out, " %ld |", m->counts[i * k + j]);
    }
    str_addc(out, '\n');
}

static void calibration(struct str *out, const struct audits *a) {
    if (!a->n_calibrations)
        return;
    str_add(out,
        "\n## Calibration by group (%)\n\nECE: 15 bins of equal width; it is never below 0 and "
        "larger in smaller groups, whatever the model.\n\n"
        "| Task | Group | n | Confidence | Accuracy | ECE |\n|---|---|---:|---:|---:|---:|\n");
    for (size_t i = 0; i < a->n_calibrations; i++) {
        const struct audit_calibration *c = &a->calibrations[i];
        if (!c->n)
            continue;
        str_addf(out, "| %s | ", attribute_name[a->tasks[c->task].task]);
        cell_name(out, &a->tasks[c->task].crossings[c->crossing], c->cell);
        str_addf(out, " | %zu | %.2f | %.2f | %.2f |\n", c->n, 100 * c->confidence,
            100 * c->accuracy, 100 * c->error);
    }
}

void audits_markdown(struct str *out, const struct audits *a) {
    head(out, a);
    for (size_t i = 0; i < a->n_sections; i++) {
        const struct audit_section *s = &a->sections[i];
        const struct crossing *c = &a->tasks[s->task].crossings[s->crossing];
        str_addf(out, "\n## %s: ", attribute_name[a->tasks[s->task].task]);
        escape_markdown(out, s->outcome.name);
        str_addf(out, " by %s\n\n", c->by);
        cell_table(out, a, s, c);
        gaps(out, a, s, c);
    }
    odds(out, a);
    calibration(out, a);
    if (a->n_confusions)
        str_addf(out, "\n## Confusion%s\n",
            a->tasks[0].predictions.p.runs > 1 ? ", all runs together" : "");
    for (size_t i = 0; i < a->n_confusions; i++)
        confusion(out, a, &a->confusions[i]);
}
