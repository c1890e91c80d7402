/* Verdicts as Markdown: a line of counts, what was measured, what could not be. */
#include "analysis/metrics.h"
#include "core/escape.h"
#include "core/mem.h"
#include "report/measure_text.h"
#include "report/verdict_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool published_share(const struct claim *c) {
    for (int i = 0; i < METRIC_COUNT; i++)
        if (strcmp(metric_rows[i].name, c->metric) == 0)
            return metric_rows[i].share;
    return str_starts(c->metric, "cs_");
}

void claim_text(struct str *out, const struct claim *c) {
    if (*c->says)
        str_add(out, c->says);
    else if (c->kind == CLAIM_VALUE)
        str_addf(out, "%s: %s %s", c->system, attribute_name[c->task], c->metric);
    else
        str_addf(out, "%s better than %s%s: %s %s", c->system, c->than,
            c->kind == CLAIM_ABOVE ? " as published" : "", attribute_name[c->task], c->metric);
}

void claim_published(struct str *out, const struct claim *c) {
    bool share = published_share(c);
    if (c->kind == CLAIM_ORDER && !isnan(c->value)) {
        str_add(out, c->value > 0 ? "+" : "");
        add_measure(out, share, c->value, "");
    } else if (c->kind == CLAIM_ORDER)
        str_add(out, "better");
    else if (c->kind == CLAIM_UNTESTABLE && !isnan(c->value))
        str_addf(out, "%g %s", c->value, c->unit);
    else if (c->kind == CLAIM_VALUE || c->kind == CLAIM_ABOVE)
        add_measure(out, share, c->value, "");
    else {
        str_add(out, claim_form_name[c->form]);
        if (!isnan(c->bound))
            str_addf(out, ", at most %g", c->bound);
    }
}

/* ---- what all claims have in common ---- */

/* Has a line of the table: what was measured, and what will be once cells are done. */
static bool measured(const struct claim_result *r) {
    return r->verdict != JUDGED_UNTESTABLE || r->cells.n;
}

static bool has(const struct text_list *list, const char *text) {
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->text[i], text) == 0)
            return true;
    return false;
}

/* Whether every claim that was measured differs from the protocol in this. */
static bool common(const struct verdicts *v, const char *difference) {
    for (size_t i = 0; i < v->n; i++)
        if (v->list[i].cells.n && !has(&v->list[i].differences, difference))
            return false;
    return true;
}

static void escaped_list(struct str *out, const char *text, bool *first) {
    str_add(out, *first ? "" : "; ");
    escape_markdown(out, text);
    *first = false;
}

static void protocol(struct str *out, const struct verdicts *v) {
    bool first = true;
    for (size_t i = 0; i < v->n; i++) {
        const struct text_list *d = &v->list[i].differences;
        if (!v->list[i].cells.n)
            continue;
        for (size_t k = 0; k < d->n; k++)
            if (common(v, d->text[k])) {
                str_add(out, first ? "Protocol of the paper, and of every cell here: " : "");
                escaped_list(out, d->text[k], &first);
            }
        break;
    }
    str_add(out, first ? "" : ".\n\n");
}

/* ---- the table ---- */

static void interval_text(struct str *out, const struct claim_result *r) {
    if (isnan(r->interval.low)) {
        str_add(out, "–");
        return;
    }
    add_measure(out, r->share, r->interval.low, "–");
    str_add(out, " to ");
    add_measure(out, r->share, r->interval.high, "–");
}

static void line(struct str *out, const struct verdicts *v, const struct claim_result *r) {
    const struct claim *c = r->claim;
    struct str text = {0};
    claim_text(&text, c);
    str_add(out, "| ");
    escape_markdown(out, text.text);
    str_clear(&text);
    claim_published(&text, c);
    str_add(out, published_share(c) && *c->metric ? " (%) | " : " | ");
    escape_markdown(out, c->where);
    str_add(out, " | ");
    escape_markdown(out, text.text);
    str_add(out, " | ");
    add_measure(out, r->share, r->measured, "–");
    if (!isnan(r->beside)) {
        str_add(out, " beside ");
        add_measure(out, r->share, r->beside, "–");
    }
    if (c->kind == CLAIM_GROUP && r->than) {
        str_add(out, " of ");
        escape_markdown(out, r->than);
    }
    str_add(out, " | ");
    add_measure(out, r->share, r->difference, "–");
    str_add(out, " | ");
    interval_text(out, r);
    str_add(out, " | ");
    add_measure(out, r->share, c->kind == CLAIM_WEIGHT ? c->bound : c->margin, "–");
    str_add(out, " | ");
    add_chance(out, r->holm);
    str_addf(out, " | %s | ", judgement_name[r->verdict]);
    bool first = true;
    escaped_list(out, r->why, &first);
    if (*c->note)
        escaped_list(out, c->note, &first);
    for (size_t i = 0; i < r->differences.n; i++)
        if (!common(v, r->differences.text[i]))
            escaped_list(out, r->differences.text[i], &first);
    str_add(out, " |\n");
    str_free(&text);
}

static void table(struct str *out, const struct verdicts *v) {
    const struct paired_options *o = &v->request->options;
    size_t lines = 0;
    for (size_t i = 0; i < v->n; i++)
        lines += measured(&v->list[i]);
    if (!lines)
        return;
    str_addf(out,
        "Numbers: reproduced where the %g %% interval of measured less published lies within the margin (two one-sided "
        "tests), not where it lies outside; a number better than a published one: where the %g %% interval says so. "
        "Orders: reproduced where Holm's p over the %zu orders tested here is at most %g and the %g %% interval agrees, "
        "not where both say the opposite or the %g %% interval lies within the margin on both sides of 0. Learned weights: "
        "by the %g %% interval over seeds. Every other interval is over clusters of images and seeds. Numbers are each "
        "judged at their own level.\n\n",
        100 * equivalence_confidence(o->confidence), 100 * o->confidence, v->family,
        1 - o->confidence, 100 * o->confidence, 100 * equivalence_confidence(o->confidence),
        100 * equivalence_confidence(o->confidence));
    str_add(out,
        "| Claim | Where | Published | Measured | Difference | Interval | Margin | Holm | Verdict | Why, and what differs |\n"
        "|---|---|---:|---:|---:|---:|---:|---:|---|---|\n");
    for (size_t i = 0; i < v->n; i++)
        if (measured(&v->list[i]))
            line(out, v, &v->list[i]);
    str_add(out, "\n");
}

static bool margin_used(const struct verdicts *v, const struct claim_margin *margin) {
    for (size_t i = 0; i < v->n; i++)
        if (measured(&v->list[i]) && strcmp(v->list[i].claim->metric, margin->metric) == 0 &&
            (margin->set < 0 || margin->set == v->list[i].claim->set))
            return true;
    return false;
}

static void margins(struct str *out, const struct verdicts *v) {
    bool first = true;
    for (size_t i = 0; i < v->claims->n_margins; i++) {
        const struct claim_margin *m = &v->claims->margins[i];
        if (!margin_used(v, m))
            continue;
        str_add(out, first ? "Margins: " : "; ");
        escape_markdown(out, m->metric);
        str_addf(out, " %g (", m->margin);
        escape_markdown(out, m->reason);
        str_add(out, ")");
        first = false;
    }
    str_add(out, first ? "" : ".\n\n");
}

/* ---- what could not be measured, by its reason; and the cells ---- */

enum { NAMED = 20 }; /* ids of one reason that a line names */

static void line_of_reason(struct str *out, const struct verdicts *v, const char *reason) {
    size_t count = 0;
    bool first = true;
    for (size_t i = 0; i < v->n; i++)
        count += !measured(&v->list[i]) && strcmp(v->list[i].why, reason) == 0;
    str_addf(out, "- %zu: ", count);
    escape_markdown(out, reason);
    if (count > NAMED)
        str_add(out, " (csv and json name them)");
    for (size_t i = 0; i < v->n && count <= NAMED; i++)
        if (!measured(&v->list[i]) && strcmp(v->list[i].why, reason) == 0) {
            str_add(out, first ? ": " : "");
            escaped_list(out, v->list[i].claim->id, &first);
        }
    str_add(out, "\n");
}

static void untestable(struct str *out, const struct verdicts *v) {
    struct text_list reasons = {0};
    for (size_t i = 0; i < v->n; i++)
        if (!measured(&v->list[i]))
            text_add(&reasons, xstrdup(v->list[i].why));
    str_add(out, reasons.n ? "## Not testable\n\n" : "");
    for (size_t k = 0; k < reasons.n; k++) {
        line_of_reason(out, v, reasons.text[k]);
        free(reasons.text[k]);
    }
    free(reasons.text);
    str_add(out, reasons.n ? "\n" : "");
}

static void cells(struct str *out, const struct verdicts *v) {
    struct text_list lines = {0};
    for (size_t i = 0; i < v->n; i++) {
        const struct claim_result *r = &v->list[i];
        struct str s = {0};
        if (!r->cells.n)
            continue;
        str_add(&s, "- ");
        escape_markdown(&s, r->variant);
        if (r->claim->kind == CLAIM_ORDER) {
            str_add(&s, " and ");
            escape_markdown(&s, r->than);
        }
        str_addf(&s, ", %s:", attribute_name[r->claim->task]);
        for (size_t k = 0; k < r->cells.n; k++)
            str_addf(&s, " %.12s", r->cells.text[k]);
        text_add(&lines, str_detach(&s));
    }
    str_add(out, lines.n ? "## Cells\n\n" : "");
    for (size_t k = 0; k < lines.n; k++) {
        str_addf(out, "%s\n", lines.text[k]);
        free(lines.text[k]);
    }
    free(lines.text);
}

void verdicts_markdown(struct str *out, const struct verdicts *v) {
    str_addf(out, "%zu claims: ", v->n);
    for (int k = 0; k < JUDGEMENT_COUNT; k++)
        str_addf(out, "%s%zu %s", k ? ", " : "", v->count[k], judgement_name[k]);
    str_add(out, ".\n\n# Claims of ");
    escape_markdown(out, v->claims->paper);
    str_add(out, "\n\nGrid ");
    escape_markdown(out, v->systems->grid.name);
    str_add(out, ", set ");
    escape_markdown(out, v->sets);
    str_addf(out, ", %s part.%s\n\n", part_name[v->request->choice.part],
        v->drawn ? " **Drawn images:** they say nothing about photographs." : "");
    protocol(out, v);
    table(out, v);
    margins(out, v);
    untestable(out, v);
    cells(out, v);
}
