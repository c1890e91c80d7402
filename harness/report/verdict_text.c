/* Verdicts as Markdown: a line of counts, what was measured, what could not be. */
#include "analysis/crossing.h"
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

bool claim_is_percent(const struct claim *c) {
    return published_share(c) && *c->metric;
}

/* ---- what was measured ---- */

bool claim_measured(const struct claim_result *r) {
    return r->verdict != JUDGED_UNTESTABLE || r->cells.n;
}

void claim_measured_text(struct str *out, const struct claim_result *r) {
    add_measure(out, r->share, r->measured, "–");
    if (!isnan(r->beside)) {
        str_add(out, " beside ");
        add_measure(out, r->share, r->beside, "–");
    }
    if (r->claim->kind == CLAIM_GROUP && r->than) {
        char *group = crossing_cell_words(r->than);
        str_addf(out, " of %s", group);
        free(group);
    }
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

static void add_item(struct str *out, const char *text) {
    str_add(out, out->len ? "; " : "");
    str_add(out, text);
}

void claims_protocol(struct str *out, const struct verdicts *v) {
    for (size_t i = 0; i < v->n; i++) {
        const struct text_list *d = &v->list[i].differences;
        if (!v->list[i].cells.n)
            continue;
        for (size_t k = 0; k < d->n; k++)
            if (common(v, d->text[k]))
                add_item(out, d->text[k]);
        break;
    }
}

void claim_why(struct str *out, const struct verdicts *v, const struct claim_result *r) {
    add_item(out, r->why);
    if (*r->claim->note)
        add_item(out, r->claim->note);
    for (size_t i = 0; i < r->differences.n; i++)
        if (!common(v, r->differences.text[i]))
            add_item(out, r->differences.text[i]);
}

void claims_rules(struct str *out, const struct verdicts *v) {
    const struct paired_options *o = &v->request->options;
    double wide = 100 * o->confidence, narrow = 100 * equivalence_confidence(o->confidence);
    str_addf(out,
        "Numbers: reproduced where the %g %% interval of measured less published lies within the margin (two one-sided "
        "tests), not where it lies outside; a number better than a published one: where the %g %% interval says so. "
        "Orders: reproduced where Holm's p over the %zu orders tested here is at most %g and the %g %% interval agrees, "
        "not where both say the opposite or the %g %% interval lies within the margin on both sides of 0. Learned weights: "
        "by the %g %% interval over seeds. Every other interval is over clusters of images and seeds. Numbers are each "
        "judged at their own level.",
        narrow, wide, v->family, 1 - o->confidence, wide, narrow, narrow);
}

/* ---- the table ---- */

/* Appends the text, which is freed. */
static void escaped(struct str *out, struct str *text) {
    escape_markdown(out, text->len ? text->text : "");
    str_free(text);
}

static void interval_text(struct str *out, const struct claim_result *r) {
    if (isnan(r->interval.low)) {
        str_add(out, "–");
        return;
    }
    add_measure(out, r->share, r->interval.low, "–");
    str_add(out, " to ");
    add_measure(out, r->share, r->interval.high, "–");
}

static void protocol(struct str *out, const struct verdicts *v) {
    struct str text = {0};
    claims_protocol(&text, v);
    if (!text.len)
        return;
    str_add(out, "Protocol of the paper, and of every cell here: ");
    escaped(out, &text);
    str_add(out, ".\n\n");
}

static void line(struct str *out, const struct verdicts *v, const struct claim_result *r) {
    const struct claim *c = r->claim;
    struct str text = {0};
    claim_text(&text, c);
    str_add(out, "| ");
    escaped(out, &text);
    str_add(out, claim_is_percent(c) ? " (%) | " : " | ");
    escape_markdown(out, c->where);
    str_add(out, " | ");
    claim_published(&text, c);
    escaped(out, &text);
    str_add(out, " | ");
    claim_measured_text(&text, r);
    escaped(out, &text);
    str_add(out, " | ");
    add_measure(out, r->share, r->difference, "–");
    str_add(out, " | ");
    interval_text(out, r);
    str_add(out, " | ");
    add_measure(out, r->share, c->kind == CLAIM_WEIGHT ? c->bound : c->margin, "–");
    str_add(out, " | ");
    add_chance(out, r->holm);
    str_addf(out, " | %s | ", judgement_name[r->verdict]);
    claim_why(&text, v, r);
    escaped(out, &text);
    str_add(out, " |\n");
}

static void table(struct str *out, const struct verdicts *v) {
    size_t lines = 0;
    for (size_t i = 0; i < v->n; i++)
        lines += claim_measured(&v->list[i]);
    if (!lines)
        return;
    claims_rules(out, v);
    str_add(out,
        "\n\n| Claim | Where | Published | Measured | Difference | Interval | Margin | Holm | Verdict | Why, and what differs |\n"
        "|---|---|---:|---:|---:|---:|---:|---:|---|---|\n");
    for (size_t i = 0; i < v->n; i++)
        if (claim_measured(&v->list[i]))
            line(out, v, &v->list[i]);
    str_add(out, "\n");
}

static bool margin_used(const struct verdicts *v, const struct claim_margin *margin) {
    for (size_t i = 0; i < v->n; i++)
        if (claim_measured(&v->list[i]) && strcmp(v->list[i].claim->metric, margin->metric) == 0 &&
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

void claims_each_reason(struct str *out, const struct verdicts *v, claim_reason_fn *each) {
    struct text_list reasons = {0};
    for (size_t i = 0; i < v->n; i++)
        if (!claim_measured(&v->list[i]))
            text_add(&reasons, xstrdup(v->list[i].why));
    for (size_t k = 0; k < reasons.n; k++) {
        size_t count = 0;
        for (size_t i = 0; i < v->n; i++)
            count += !claim_measured(&v->list[i]) && strcmp(v->list[i].why, reasons.text[k]) == 0;
        each(out, v, reasons.text[k], count, k == 0);
        free(reasons.text[k]);
    }
    free(reasons.text);
}

static void line_of_reason(
    struct str *out, const struct verdicts *v, const char *reason, size_t count, bool first) {
    struct str ids = {0};
    str_addf(out, first ? "## Not testable\n\n- %zu: " : "- %zu: ", count);
    escape_markdown(out, reason);
    for (size_t i = 0; i < v->n && count <= NAMED; i++)
        if (!claim_measured(&v->list[i]) && strcmp(v->list[i].why, reason) == 0)
            add_item(&ids, v->list[i].claim->id);
    str_add(out, count > NAMED ? " (csv and json name them)" : ": ");
    escaped(out, &ids);
    str_add(out, "\n");
}

static void untestable(struct str *out, const struct verdicts *v) {
    size_t before = out->len;
    claims_each_reason(out, v, line_of_reason);
    str_add(out, out->len > before ? "\n" : "");
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
