#include "report/html_claims.h"

#include "core/escape.h"
#include "core/json.h"
#include "report/html.h"
#include "report/measure_text.h"

#include <math.h>
#include <string.h>

bool html_claims_any(const struct verdicts *v) {
    for (size_t i = 0; i < v->n; i++)
        if (claim_measured(&v->list[i]))
            return true;
    return false;
}

void html_claims_counts(struct str *out, const struct verdicts *v) {
    for (int k = 0; k < JUDGEMENT_COUNT; k++)
        str_addf(out, "%s%zu %s", k ? ", " : "", v->count[k], judgement_name[k]);
}

/* ---- the table ---- */

/* Appends the text, escaped; it is freed. */
static void escaped(struct str *out, struct str *text) {
    escape_html(out, text->len ? text->text : "");
    str_free(text);
}

static void begin_number(struct str *out, double value) {
    str_add(out, "<td class=\"number\" data-value=\"");
    if (isfinite(value))
        json_add_number(out, value);
    str_addc(out, '"');
}

/* Places of the cells in the list at the page's end. */
static void cells_behind(struct str *out, const struct claim_result *c, const struct results *r) {
    const char *before = " data-cells=\"";
    for (size_t i = 0; i < r->n_cells; i++)
        for (size_t k = 0; k < c->cells.n; k++)
            if (strcmp(r->cells[i].id, c->cells.text[k]) == 0) {
                str_addf(out, "%s%zu", before, i);
                before = " ";
                break;
            }
    str_add(out, *before == ' ' && before[1] == 0 ? "\"" : "");
}

static void difference(struct str *out, const struct claim_result *r) {
    begin_number(out, r->difference);
    str_addc(out, '>');
    add_measure(out, r->share, r->difference, "–");
    if (!isnan(r->interval.low)) {
        str_add(out, "<br>(");
        add_measure(out, r->share, r->interval.low, "–");
        str_add(out, " to ");
        add_measure(out, r->share, r->interval.high, "–");
        str_addc(out, ')');
    }
    str_add(out, "</td>");
}

static void margin(struct str *out, const struct claim_result *r) {
    const struct claim *c = r->claim;
    double margin = c->kind == CLAIM_WEIGHT ? c->bound : c->margin;
    begin_number(out, margin);
    str_addc(out, '>');
    add_measure(out, r->share, margin, "–");
    str_add(out, "</td>");
}

static void line(struct str *out, const struct verdicts *v, const struct claim_result *c,
    const struct results *r) {
    struct str text = {0};
    claim_text(&text, c->claim);
    str_add(&text, claim_is_percent(c->claim) ? " (%)" : "");
    str_add(out, "<tr><td>");
    escaped(out, &text);
    str_add(out, "</td><td>");
    escape_html(out, c->claim->where);
    str_add(out, "</td>");
    begin_number(out, isnan(c->claim->value) ? c->claim->bound : c->claim->value);
    str_addc(out, '>');
    claim_published(&text, c->claim);
    escaped(out, &text);
    str_add(out, "</td>");
    begin_number(out, c->measured);
    cells_behind(out, c, r);
    str_addc(out, '>');
    claim_measured_text(&text, c);
    escaped(out, &text);
    str_add(out, "</td>");
    difference(out, c);
    margin(out, c);
    str_addf(out, "<td>%s</td><td>", judgement_name[c->verdict]);
    claim_why(&text, v, c);
    escaped(out, &text);
    str_add(out, "</td></tr>\n");
}

static void reason(
    struct str *out, const struct verdicts *v, const char *why, size_t count, bool first) {
    (void)v;
    str_addf(out, first ? "<p><strong>Not testable here:</strong> %zu: " : "; %zu: ", count);
    escape_html(out, why);
}

/* ---- the section ---- */

void html_claims(struct str *out, const struct verdicts *v, const struct results *r) {
    struct str text = {0};
    str_addf(out, "<p>Of %zu claims of ", v->n);
    html_name(out, v->claims->paper);
    str_add(out, ": <strong>");
    html_claims_counts(out, v);
    str_add(out, "</strong>.</p>\n");
    claims_protocol(&text, v);
    if (text.len) {
        str_add(out, "<p>Protocol of the paper, and of every cell here: ");
        escaped(out, &text);
        str_add(out, ".</p>\n");
    }
    str_addf(out, "<div class=\"claims\">");
    html_table(out,
        "What the paper says and what was measured here, with intervals of the difference", true,
        (const char *const[]){"Claim", "Where", "#Published", "#Measured", "#Difference", "#Margin",
            "Verdict", "Why, and what differs", NULL});
    for (size_t i = 0; i < v->n; i++)
        if (claim_measured(&v->list[i]))
            line(out, v, &v->list[i], r);
    html_table_end(out);
    str_add(out, "</div>\n");
    claims_each_reason(out, v, reason);
    str_add(
        out, v->count[JUDGED_UNTESTABLE] ? ".</p>\n<p class=\"faint\">" : "<p class=\"faint\">");
    claims_rules(&text, v);
    escaped(out, &text);
    str_add(out, " <code>dmtl compare GRID --claims</code> has the margins' reasons.</p>\n");
}
