/* Comparisons in their formats. */
#include "core/escape.h"
#include "core/json.h"
#include "report/comparisons.h"
#include "report/measure_text.h"

#include <math.h>
#include <string.h>

static const char *title(const struct compared *c) {
    return c->systems->list[c->system].title;
}

static const char *grid_of(const struct compared *c) {
    return c->systems->grid.name;
}

/* ---- Markdown ---- */

static void value(struct str *out, const struct comparison *c, double x) {
    add_measure(out, outcome_traits(&c->outcome).share, x, "–");
}

static void system_text(
    struct str *out, const struct comparison *c, const struct compared *s, int which) {
    if (strcmp(grid_of(&c->a), grid_of(&c->b)) != 0) {
        escape_markdown(out, grid_of(s));
        str_add(out, ": ");
    }
    escape_markdown(out, title(s));
    if (c->done[which] < c->planned[which])
        str_addf(out, " (%zu of %zu cells)", c->done[which], c->planned[which]);
}

static const char *verdict(const struct comparison *c, double confidence) {
    int better = outcome_traits(&c->outcome).better;
    double d = better == 0 ? fabs(c->result.b) - fabs(c->result.a) : better * c->result.difference;
    if (!comparison_claims(c, confidence))
        return "not told apart";
    return better == 2 ? "they differ" : d > 0 ? "first is better" : "first is worse";
}

static void line(struct str *out, const struct comparison *c, double confidence) {
    const struct paired_result *r = &c->result;
    str_add(out, "| ");
    system_text(out, c, &c->a, 0);
    str_add(out, " | ");
    system_text(out, c, &c->b, 1);
    str_addf(out, " | %s: ", attribute_name[c->task]);
    escape_markdown(out, c->outcome.name);
    if (*c->bins) {
        str_add(out, ", ");
        escape_markdown(out, c->bins);
    }
    str_addf(out, "%s | %zu | %zu | ", outcome_traits(&c->outcome).share ? " (%)" : "", r->n,
        r->clusters);
    value(out, c, r->a);
    str_add(out, " | ");
    value(out, c, r->b);
    str_add(out, " | ");
    value(out, c, r->difference);
    str_add(out, " | ");
    value(out, c, r->interval.low);
    str_add(out, " to ");
    value(out, c, r->interval.high);
    str_add(out, " | ");
    add_chance(out, r->p);
    str_add(out, " | ");
    add_chance(out, c->holm);
    if (isnan(r->standardised))
        str_add(out, " | – |");
    else
        str_addf(out, " | %.3f |", r->standardised);
    str_addf(out, " %s%s |\n", verdict(c, confidence), c->leaky ? " (leaky split)" : "");
}

static void mcnemar(struct str *out, const struct comparisons *c) {
    bool headed = false;
    for (size_t i = 0; i < c->n; i++) {
        const struct paired_result *r = &c->list[i].result;
        if (isnan(r->mcnemar_p))
            continue;
        if (!headed)
            str_add(out,
                "\n## McNemar, exact\n\nWhere samples are independent and each system predicted each "
                "once. Odds ratio: samples that count for the first alone over those for the second "
                "alone.\n\n| First | Second | Metric | First alone | Second alone | Odds ratio | p |\n"
                "|---|---|---|---:|---:|---:|---:|\n");
        headed = true;
        str_add(out, "| ");
        system_text(out, &c->list[i], &c->list[i].a, 0);
        str_add(out, " | ");
        system_text(out, &c->list[i], &c->list[i].b, 1);
        str_addf(out, " | %s: ", attribute_name[c->list[i].task]);
        escape_markdown(out, c->list[i].outcome.name);
        str_addf(out, " | %zu | %zu | ", r->only_a, r->only_b);
        if (isfinite(r->odds_ratio))
            str_addf(out, "%.3f | ", r->odds_ratio);
        else
            str_add(out, r->only_a ? "∞ | " : "– | ");
        add_chance(out, r->mcnemar_p);
        str_add(out, " |\n");
    }
}

void comparisons_markdown(struct str *out, const struct comparisons *c) {
    const struct comparison_request *r = c->request;
    bool seeds = false, apart = false;
    for (size_t i = 0; i < c->n; i++) {
        seeds |= c->list[i].runs[0] > 1 || c->list[i].runs[1] > 1;
        apart |= !c->list[i].result.runs_paired;
    }
    str_add(out, "# Comparison\n\nSet ");
    escape_markdown(out, c->dataset ? c->dataset : "");
    str_addf(out, ", %s part.%s\n\n", part_name[r->choice.part],
        c->drawn
            ? " **Drawn images:** these numbers say that the program works, nothing about faces."
            : "");
    str_addf(out,
        "Values are of the samples that both systems predicted. Difference: first less second. Interval: "
        "%g %%, bootstrap of %zu draws over clusters (%s)%s. p: %zu flips of the signs of clusters' differences, "
        "for these %ssamples; Holm: over the family of %zu tests of this table. d: mean of clusters' differences "
        "over their standard deviation. A difference is claimed where Holm's p is at most %g and the interval "
        "leaves 0 out.\n\n",
        100 * r->options.confidence, r->options.draws, cluster_by_name[r->choice.cluster],
        !seeds  ? ""
        : apart ? " and seeds, those of each system on their own where they are not the same"
                : " and seeds, the same of both systems",
        r->options.draws, seeds ? "seeds and " : "", c->n, 1 - r->options.confidence);
    str_add(out,
        "| First | Second | Metric | n | Clusters | First | Second | Difference | Interval | p | Holm | d | |\n"
        "|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|\n");
    for (size_t i = 0; i < c->n; i++)
        line(out, &c->list[i], r->options.confidence);
    mcnemar(out, c);
}

/* ---- CSV and JSON: the same columns ---- */

enum { NUMBERS = 14 };
static const char *const number_names[NUMBERS] = {"n", "clusters", "value_a", "value_b",
    "difference", "low", "high", "p", "p_holm", "relative", "standardised", "only_a", "only_b",
    "p_mcnemar"};

static void numbers(const struct comparison *c, double x[NUMBERS]) {
    const struct paired_result *r = &c->result;
    bool counted = !isnan(r->mcnemar_p);
    const double of[NUMBERS] = {(double)r->n, (double)r->clusters, r->a, r->b, r->difference,
        r->interval.low, r->interval.high, r->p, c->holm, r->relative, r->standardised,
        counted ? (double)r->only_a : NAN, counted ? (double)r->only_b : NAN, r->mcnemar_p};
    memcpy(x, of, sizeof of);
}

void comparisons_csv(struct str *out, const struct comparisons *c) {
    str_add(
        out, "grid_a,a,grid_b,b,part,task,metric,bins,cells_a,planned_a,cells_b,planned_b,leaky");
    for (int k = 0; k < NUMBERS; k++)
        str_addf(out, ",%s", number_names[k]);
    str_add(out, ",claimed\r\n");
    for (size_t i = 0; i < c->n; i++) {
        const struct comparison *one = &c->list[i];
        double x[NUMBERS];
        numbers(one, x);
        const char *const texts[] = {grid_of(&one->a), title(&one->a), grid_of(&one->b),
            title(&one->b), part_name[c->request->choice.part], attribute_name[one->task],
            one->outcome.name, one->bins};
        for (size_t t = 0; t < sizeof texts / sizeof texts[0]; t++) {
            escape_csv(out, texts[t]);
            str_addc(out, ',');
        }
        str_addf(out, "%zu,%zu,%zu,%zu,%d", one->done[0], one->planned[0], one->done[1],
            one->planned[1], one->leaky);
        for (int k = 0; k < NUMBERS; k++) {
            str_addc(out, ',');
            if (isfinite(x[k]))
                json_add_number(out, x[k]);
        }
        str_addf(out, ",%d\r\n", comparison_claims(one, c->request->options.confidence));
    }
}

static void text(struct str *out, const char *name, const char *value) {
    json_add_string(out, name);
    str_add(out, ": ");
    json_add_string(out, value);
    str_add(out, ", ");
}

void comparisons_json(struct str *out, const struct comparisons *c) {
    str_add(out, "{\n  ");
    text(out, "dataset", c->dataset ? c->dataset : "");
    text(out, "part", part_name[c->request->choice.part]);
    text(out, "clusters", cluster_by_name[c->request->choice.cluster]);
    str_addf(out, "\"drawn\": %s, \"draws\": %zu, \"confidence\": ", c->drawn ? "true" : "false",
        c->request->options.draws);
    json_add_number(out, c->request->options.confidence);
    str_add(out, ",\n  \"comparisons\": [");
    for (size_t i = 0; i < c->n; i++) {
        const struct comparison *one = &c->list[i];
        double x[NUMBERS];
        numbers(one, x);
        str_add(out, i ? ",\n    {" : "\n    {");
        text(out, "grid_a", grid_of(&one->a));
        text(out, "a", title(&one->a));
        text(out, "grid_b", grid_of(&one->b));
        text(out, "b", title(&one->b));
        text(out, "task", attribute_name[one->task]);
        text(out, "metric", one->outcome.name);
        text(out, "bins", one->bins);
        str_addf(out,
            "\"cells\": [%zu, %zu], \"planned\": [%zu, %zu], \"runs\": [%d, %d], \"runs_paired\": %s, "
            "\"leaky\": %s, ",
            one->done[0], one->done[1], one->planned[0], one->planned[1], one->runs[0],
            one->runs[1], one->result.runs_paired ? "true" : "false",
            one->leaky ? "true" : "false");
        for (int k = 0; k < NUMBERS; k++) {
            json_add_string(out, number_names[k]);
            str_add(out, ": ");
            json_add_number(out, isfinite(x[k]) ? x[k] : NAN);
            str_add(out, ", ");
        }
        str_addf(out, "\"claimed\": %s}",
            comparison_claims(one, c->request->options.confidence) ? "true" : "false");
    }
    str_add(out, "\n  ]\n}\n");
}
