#include "report/summary.h"

#include "analysis/crossing.h"
#include "analysis/metrics.h"
#include "core/mem.h"
#include "report/measure_text.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void add(struct summary *f, struct str *sentence) {
    f->text = xgrow(f->text, &f->capacity, f->n + 1, sizeof *f->text);
    f->text[f->n++] = str_detach(sentence);
}

/* ---- how far, and what speaks against the numbers ---- */

static void coverage(struct summary *f, const struct results *r) {
    struct str s = {0};
    size_t missing = r->n_cells - r->cells_done;
    if (missing)
        str_addf(&s,
            "%zu of %zu cells are done; numbers of the other %zu are missing, and nothing is said of them.",
            r->cells_done, r->n_cells, missing);
    else
        str_addf(&s, r->n_cells == 1 ? "Its cell is done." : "All %zu cells are done.", r->n_cells);
    add(f, &s);
    if (r->drawn) {
        str_add(&s,
            "The images are drawn: the numbers show that the program works, and say nothing about faces.");
        add(f, &s);
    }
}

static void cautions(struct summary *f, const struct results *r) {
    struct str s = {0};
    size_t leaky = 0;
    for (size_t i = 0; i < r->n_rows; i++)
        leaky += results_row_leaky(r, &r->rows[i]);
    if (leaky) {
        str_addf(&s,
            "%zu of %zu approaches were tested on what they were nearly trained on (leaky split): their numbers are too good.",
            leaky, r->n_rows);
        add(f, &s);
    }
    if (r->warnings.n) {
        str_addf(&s, "The gates gave %zu warning%s about the data.", r->warnings.n,
            r->warnings.n == 1 ? "" : "s");
        add(f, &s);
    }
    if (r->undecodable > 0) {
        str_addf(
            &s, "%ld of %ld images did not decode and were left out.", r->undecodable, r->images);
        add(f, &s);
    }
}

/* ---- approaches ---- */

/* "age MAE", "age accuracy (fairface-9)": a metric's title, its first letter small where it is a word; outcomes without
 * a title, as rates, go by their names. */
static void measure_name(struct str *s, enum attribute task, const char *metric, const char *bins) {
    const char *title = metric;
    for (int m = 0; m < METRIC_COUNT; m++)
        if (strcmp(metric_rows[m].name, metric) == 0)
            title = metric_rows[m].title;
    bool word = title[0] && islower((unsigned char)title[1]);
    str_addf(s, "%s %c%s", attribute_name[task], word ? tolower((unsigned char)title[0]) : title[0],
        title + 1);
    if (*bins)
        str_addf(s, " (%s)", bins);
}

static void add_unit(struct str *s, bool share, double x) {
    add_measure(s, share, x, "undefined");
    str_add(s, share ? " points" : "");
}

static void add_span(struct str *s, bool share, struct interval i) {
    str_add(s, " (");
    add_measure(s, share, i.low, "?");
    str_add(s, " to ");
    add_measure(s, share, i.high, "?");
    str_add(s, ")");
}

/* Of a difference a - b: 1 better, -1 worse, 0 neither way is. */
static int direction(const struct comparison *c) {
    int better = outcome_traits(&c->outcome).better;
    double d = better == 0 ? fabs(c->result.b) - fabs(c->result.a) : better * c->result.difference;
    return better == 2 ? 0 : d > 0 ? 1 : -1;
}

static void claim(struct str *s, const struct comparison *c) {
    static const char *const word[] = {"worse", "different", "better"};
    bool share = outcome_traits(&c->outcome).share;
    double sign = c->result.difference < 0 ? -1 : 1;
    struct interval i = c->result.interval;
    struct interval size = sign < 0 ? (struct interval){-i.high, -i.low} : i;
    measure_name(s, c->task, c->outcome.name, c->bins);
    str_addf(s, " %s by ", word[direction(c) + 1]);
    add_unit(s, share, fabs(c->result.difference));
    add_span(s, share, size);
}

/* One sentence an approach: what differs from the baseline, in what it is not told apart, and what is not judged: as in
 * the table, which marks no number of an incomplete row or a leaky split. */
static void approach(struct summary *f, const struct comparisons *c, size_t first, size_t end) {
    struct str differs = {0}, alike = {0}, open = {0}, s = {0};
    bool leaky = false;
    for (size_t i = first; i < end; i++) {
        const struct comparison *x = &c->list[i];
        bool judged = comparison_may_claim(x);
        if (judged && comparison_claims(x, RESULT_CONFIDENCE)) {
            str_add(&differs, differs.len ? "; " : "");
            claim(&differs, x);
            continue;
        }
        struct str *list = judged ? &alike : &open;
        str_add(list, list->len ? ", " : "");
        measure_name(list, x->task, x->outcome.name, x->bins);
        leaky |= x->leaky;
    }
    const struct comparison *x = &c->list[first];
    str_addf(&s, "%s against %s: ", x->a.systems->list[x->a.system].title,
        x->b.systems->list[x->b.system].title);
    str_add(&s, differs.len ? differs.text : "");
    if (alike.len)
        str_addf(&s, "%snot told apart in %s", differs.len ? "; " : "", alike.text);
    if (open.len)
        str_addf(&s, "%snot judged, for %s: %s", differs.len || alike.len ? "; " : "",
            leaky ? "the split is leaky" : "cells are missing", open.text);
    str_addc(&s, '.');
    add(f, &s);
    str_free(&differs);
    str_free(&alike);
    str_free(&open);
}

static void approaches(struct summary *f, const struct comparisons *c) {
    for (size_t first = 0, end; first < c->n; first = end) {
        for (end = first + 1; end < c->n && c->list[end].a.system == c->list[first].a.system; end++)
            continue;
        approach(f, c, first, end);
    }
}

/* ---- groups ---- */

static void gap(struct summary *f, const struct audits *a, const struct audit_section *x) {
    const struct audit_gap *g = &x->table.gap[GAP_DIFFERENCE];
    const struct crossing *c = &a->tasks[x->task].crossings[x->crossing];
    bool share = outcome_traits(&x->outcome).share, told = g->p <= 1 - RESULT_CONFIDENCE;
    struct str s = {0};
    if (isnan(g->gap.value) || isnan(g->p))
        return;
    char *by = crossing_words(c->by), *low = crossing_cell_words(c->name[g->gap.low]),
         *high = crossing_cell_words(c->name[g->gap.high]);
    str_addf(&s, "%s, ", a->systems->list[a->system].title);
    measure_name(&s, a->tasks[x->task].task, x->outcome.name, "");
    str_addf(&s, " by %s: ", by);
    if (told) {
        str_add(&s, "groups differ beyond chance, by up to ");
        add_unit(&s, share, g->gap.value);
        add_span(&s, share, g->gap.interval);
        str_addf(&s, ", from %s to %s.", low, high);
    } else {
        str_addf(&s, "no gap beyond chance (p = %.3f); differences up to ", g->p);
        add_unit(&s, share, g->gap.interval.high);
        str_add(&s, " fit the data.");
    }
    free(by);
    free(low);
    free(high);
    add(f, &s);
}

/* Of each outcome the crossing with the most groups that are large enough to be ranked. */
static void groups(struct summary *f, const struct audits *a) {
    const struct audit_section *most = NULL;
    for (size_t i = 0; i < a->n_sections; i++) {
        const struct audit_section *x = &a->sections[i];
        bool same =
            most && most->task == x->task && strcmp(most->outcome.name, x->outcome.name) == 0;
        if (most && !same)
            gap(f, a, most);
        if (!same || x->table.ranked > most->table.ranked)
            most = x;
    }
    if (most)
        gap(f, a, most);
}

void summary_make(struct summary *f, const struct results *r, const struct row_tests *tests,
    const struct audits *audit) {
    *f = (struct summary){0};
    coverage(f, r);
    if (tests && tests->why.kind == ERR_NONE)
        approaches(f, &tests->comparisons);
    else if (tests && r->cells_done) {
        struct str s = {0};
        str_addf(&s, "Approaches were not compared: %s.", tests->why.msg);
        add(f, &s);
    }
    if (audit)
        groups(f, audit);
    cautions(f, r);
}

void summary_free(struct summary *f) {
    for (size_t i = 0; i < f->n; i++)
        free(f->text[i]);
    free(f->text);
    *f = (struct summary){0};
}
