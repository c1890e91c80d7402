/* Verdicts as CSV and JSON: the same columns, every claim. */
#include "core/escape.h"
#include "core/json.h"
#include "grid/catalogue.h"
#include "report/verdict_parts.h"

#include <math.h>
#include <string.h>

enum { TEXTS = 13, NUMBERS = 13 };
static const char *const text_names[TEXTS] = {"id", "where", "kind", "claim", "set", "task",
    "metric", "bins", "variant", "beside_name", "verdict", "why", "note"};
static const char *const number_names[NUMBERS] = {"published", "measured", "beside", "difference",
    "low", "high", "interval_confidence", "margin", "p", "p_holm", "images", "done", "planned"};

static void numbers(const struct claim_result *r, double x[NUMBERS]) {
    const struct claim *c = r->claim;
    bool any = r->verdict != JUDGED_UNTESTABLE;
    const double of[NUMBERS] = {c->value, r->measured, r->beside, r->difference, r->interval.low,
        r->interval.high, r->interval_confidence, c->kind == CLAIM_WEIGHT ? c->bound : c->margin,
        r->p, r->holm, r->samples ? (double)r->samples : NAN, any ? (double)r->done : NAN,
        any ? (double)r->planned : NAN};
    memcpy(x, of, sizeof of);
}

static void texts(const struct claim_result *r, struct str *claim, const char *x[TEXTS]) {
    const struct claim *c = r->claim;
    claim_text(claim, c);
    const char *const of[TEXTS] = {c->id, c->where, claim_kind_name[c->kind], claim->text,
        c->set < 0 ? "" : dataset_names[c->set].name, c->task < 0 ? "" : attribute_name[c->task],
        c->metric, r->bins, r->variant ? r->variant : "", r->than ? r->than : "",
        judgement_name[r->verdict], r->why, c->note};
    memcpy(x, of, sizeof of);
}

void verdicts_csv(struct str *out, const struct verdicts *v) {
    for (int i = 0; i < TEXTS; i++)
        str_addf(out, "%s,", text_names[i]);
    for (int i = 0; i < NUMBERS; i++)
        str_addf(out, "%s,", number_names[i]);
    str_add(out, "protocol,cells\r\n");
    for (size_t i = 0; i < v->n; i++) {
        const struct claim_result *r = &v->list[i];
        struct str claim = {0}, joined = {0};
        const char *text[TEXTS];
        double x[NUMBERS];
        texts(r, &claim, text);
        numbers(r, x);
        for (int k = 0; k < TEXTS; k++) {
            escape_csv(out, text[k]);
            str_addc(out, ',');
        }
        for (int k = 0; k < NUMBERS; k++) {
            if (isfinite(x[k]))
                json_add_number(out, x[k]);
            str_addc(out, ',');
        }
        for (size_t k = 0; k < r->differences.n; k++)
            str_addf(&joined, "%s%s", k ? "; " : "", r->differences.text[k]);
        escape_csv(out, joined.text ? joined.text : "");
        str_addc(out, ',');
        for (size_t k = 0; k < r->cells.n; k++)
            str_addf(out, "%s%s", k ? " " : "", r->cells.text[k]);
        str_add(out, "\r\n");
        str_free(&claim);
        str_free(&joined);
    }
}

static void add_list(struct str *out, const char *name, const struct text_list *list) {
    str_addf(out, ", \"%s\": [", name);
    for (size_t i = 0; i < list->n; i++) {
        str_add(out, i ? ", " : "");
        json_add_string(out, list->text[i]);
    }
    str_add(out, "]");
}

static void add_claim(struct str *out, const struct claim_result *r) {
    struct str claim = {0};
    const char *text[TEXTS];
    double x[NUMBERS];
    texts(r, &claim, text);
    numbers(r, x);
    str_add(out, "{");
    for (int k = 0; k < TEXTS; k++) {
        str_addf(out, "%s\"%s\": ", k ? ", " : "", text_names[k]);
        json_add_string(out, text[k]);
    }
    for (int k = 0; k < NUMBERS; k++) {
        str_addf(out, ", \"%s\": ", number_names[k]);
        json_add_number(out, isfinite(x[k]) ? x[k] : NAN);
    }
    add_list(out, "protocol", &r->differences);
    add_list(out, "cells", &r->cells);
    str_add(out, "}");
    str_free(&claim);
}

void verdicts_json(struct str *out, const struct verdicts *v) {
    const struct paired_options *o = &v->request->options;
    str_addf(out, "{\n  \"counts\": {\"claims\": %zu", v->n);
    for (int k = 0; k < JUDGEMENT_COUNT; k++)
        str_addf(out, ", \"%s\": %zu", judgement_name[k], v->count[k]);
    str_add(out, "},\n  \"paper\": ");
    json_add_string(out, v->claims->paper);
    str_add(out, ", \"grid\": ");
    json_add_string(out, v->systems->grid.name);
    str_add(out, ", \"set\": ");
    json_add_string(out, v->sets);
    str_addf(out, ", \"drawn\": %s, \"part\": \"%s\", \"clusters\": \"%s\", \"draws\": %zu, ",
        v->drawn ? "true" : "false", part_name[v->request->choice.part],
        cluster_by_name[v->request->choice.cluster], o->draws);
    str_addf(out, "\"orders_tested\": %zu, \"confidence\": ", v->family);
    json_add_number(out, o->confidence);
    str_add(out, ",\n  \"claims\": [");
    for (size_t i = 0; i < v->n; i++) {
        str_add(out, i ? ",\n    " : "\n    ");
        add_claim(out, &v->list[i]);
    }
    str_add(out, "\n  ]\n}\n");
}
