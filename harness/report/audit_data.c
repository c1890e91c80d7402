/* The audit for programs. */
#include "core/escape.h"
#include "core/json.h"
#include "report/audits.h"

#include <math.h>

static const char *cell_name(const struct crossing *c, size_t cell) {
    return cell == GAP_OVERALL ? "all" : c->name[cell];
}

/* ---- CSV ---- */

static void csv_number(struct str *out, double x) {
    if (isfinite(x))
        json_add_number(out, x);
    str_addc(out, ',');
}

static void csv_start(struct str *out, const struct audits *a, const struct audit_task *t,
    size_t crossing, const char *outcome, const char *kind) {
    escape_csv(out, a->systems->grid.name);
    str_addc(out, ',');
    escape_csv(out, a->systems->list[a->system].title);
    str_addf(out, ",%s,%s,", part_name[a->request->choice.part], attribute_name[t->task]);
    escape_csv(out, outcome);
    str_addc(out, ',');
    escape_csv(out, t->crossings[crossing].by);
    str_addf(out, ",%s,", kind);
}

static void csv_cell(struct str *out, const struct audits *a, const struct audit_section *s,
    const struct audit_cell *c, const char *name) {
    csv_start(out, a, &a->tasks[s->task], s->crossing, s->outcome.name, "cell");
    escape_csv(out, name);
    str_addf(out, ",,%zu,%zu,%zu,", c->samples, c->n, c->clusters);
    csv_number(out, c->value);
    csv_number(out, c->interval.low);
    csv_number(out, c->interval.high);
    str_addf(out, "%s,%zu,", interval_method_name[c->method], c->rank);
    csv_number(out, c->p);
    if (isfinite(c->q))
        json_add_number(out, c->q);
    str_add(out, "\r\n");
}

static void csv_gap(struct str *out, const struct audits *a, size_t task, size_t crossing,
    const char *outcome, int kind, const struct audit_gap *g) {
    const struct crossing *c = &a->tasks[task].crossings[crossing];
    if (isnan(g->gap.value))
        return;
    csv_start(out, a, &a->tasks[task], crossing, outcome, gap_name[kind]);
    escape_csv(out, cell_name(c, g->gap.high));
    str_addc(out, ',');
    escape_csv(out, cell_name(c, g->gap.low));
    str_add(out, ",,,,");
    csv_number(out, g->gap.value);
    csv_number(out, g->gap.interval.low);
    csv_number(out, g->gap.interval.high);
    str_add(out, "bootstrap,,");
    csv_number(out, g->p);
    str_add(out, "\r\n");
}

/* One line a count that is not 0; `against` says "TRUTH > PREDICTED". */
static void csv_confusion(
    struct str *out, const struct audits *a, const struct audit_confusion *m) {
    const struct audit_task *t = &a->tasks[m->task];
    int k = t->classes.n;
    struct str pair = {0};
    for (int i = 0; i < k * k; i++) {
        if (!m->counts[i])
            continue;
        csv_start(out, a, t, m->crossing, "", "confusion");
        escape_csv(out, t->crossings[m->crossing].name[m->cell]);
        str_clear(&pair);
        str_add(&pair, classes_name(&t->classes, i / k));
        str_add(&pair, " > ");
        str_add(&pair, classes_name(&t->classes, i % k));
        str_addc(out, ',');
        escape_csv(out, pair.text);
        str_addf(out, ",,,,%ld,,,,,,\r\n", m->counts[i]);
    }
    str_free(&pair);
}

static void csv_calibration(
    struct str *out, const struct audits *a, const struct audit_calibration *c) {
    static const char *const names[] = {"confidence", "accuracy", "expected_calibration_error"};
    const double values[] = {c->confidence, c->accuracy, c->error};
    for (int i = 0; i < 3; i++) {
        csv_start(out, a, &a->tasks[c->task], c->crossing, names[i], "calibration");
        escape_csv(out, a->tasks[c->task].crossings[c->crossing].name[c->cell]);
        str_addf(out, ",,%zu,%zu,,", c->n, c->n);
        csv_number(out, values[i]);
        str_add(out, ",,,,,\r\n");
    }
}

void audits_csv(struct str *out, const struct audits *a) {
    str_add(out,
        "grid,system,part,task,metric,by,kind,group,against,samples,n,clusters,value,low,high,"
        "method,rank,p,q\r\n");
    for (size_t i = 0; i < a->n_sections; i++) {
        const struct audit_section *s = &a->sections[i];
        const struct crossing *c = &a->tasks[s->task].crossings[s->crossing];
        csv_cell(out, a, s, &s->table.all, "all");
        for (size_t g = 0; g < s->table.n; g++)
            csv_cell(out, a, s, &s->table.cells[g], c->name[g]);
        for (int k = 0; k < GAP_COUNT; k++)
            csv_gap(out, a, s->task, s->crossing, s->outcome.name, k, &s->table.gap[k]);
    }
    for (size_t i = 0; i < a->n_odds; i++) {
        struct str name = {0};
        str_addf(&name, "equalised_odds:%s", a->odds[i].class);
        for (int k = 0; k < GAP_COUNT; k++)
            csv_gap(out, a, a->odds[i].task, a->odds[i].crossing, name.text, k, &a->odds[i].gap[k]);
        str_free(&name);
    }
    for (size_t i = 0; i < a->n_calibrations; i++)
        csv_calibration(out, a, &a->calibrations[i]);
    for (size_t i = 0; i < a->n_confusions; i++)
        csv_confusion(out, a, &a->confusions[i]);
}

/* ---- JSON ---- */

static void key(struct str *out, const char *name) {
    json_add_string(out, name);
    str_add(out, ": ");
}

static void text(struct str *out, const char *name, const char *value) {
    key(out, name);
    json_add_string(out, value);
    str_add(out, ", ");
}

static void number(struct str *out, const char *name, double value) {
    key(out, name);
    json_add_number(out, isfinite(value) ? value : NAN);
    str_add(out, ", ");
}

static void bounds(struct str *out, struct interval i) {
    str_add(out, "\"interval\": [");
    json_add_number(out, isfinite(i.low) ? i.low : NAN);
    str_add(out, ", ");
    json_add_number(out, isfinite(i.high) ? i.high : NAN);
    str_addc(out, ']');
}

static void json_cell(struct str *out, const struct audit_cell *c, const char *name) {
    str_addc(out, '{');
    text(out, "group", name);
    str_addf(out,
        "\"samples\": %zu, \"n\": %zu, \"clusters\": %zu, \"ranked\": %s, \"rank\": ", c->samples,
        c->n, c->clusters, c->rank ? "true" : "false");
    json_add_number(out, c->rank ? (double)c->rank : NAN);
    str_add(out, ", ");
    number(out, "value", c->value);
    number(out, "standard_error", c->error);
    text(out, "method", interval_method_name[c->method]);
    number(out, "p", c->p);
    number(out, "q", c->q);
    bounds(out, c->interval);
    str_addc(out, '}');
}

static void json_gaps(
    struct str *out, const struct crossing *c, const struct audit_gap *gap, const bool *of_tpr) {
    str_add(out, "\"gaps\": {");
    for (int k = 0; k < GAP_COUNT; k++) {
        str_add(out, k ? ", " : "");
        key(out, gap_name[k]);
        str_addc(out, '{');
        if (!isnan(gap[k].gap.value)) {
            text(out, "high", cell_name(c, gap[k].gap.high));
            text(out, "low", cell_name(c, gap[k].gap.low));
            if (of_tpr)
                text(out, "of", of_tpr[k] ? "tpr" : "fpr");
        }
        number(out, "value", gap[k].gap.value);
        number(out, "p", gap[k].p);
        bounds(out, gap[k].gap.interval);
        str_addc(out, '}');
    }
    str_addc(out, '}');
}

static void json_section(struct str *out, const struct audits *a, const struct audit_section *s) {
    const struct crossing *c = &a->tasks[s->task].crossings[s->crossing];
    str_add(out, "\n    {");
    text(out, "task", attribute_name[a->tasks[s->task].task]);
    text(out, "metric", s->outcome.name);
    text(out, "by", c->by);
    str_add(out, "\n     \"all\": ");
    json_cell(out, &s->table.all, "all");
    str_add(out, ",\n     \"cells\": [");
    for (size_t g = 0; g < s->table.n; g++) {
        str_add(out, g ? ",\n      " : "\n      ");
        json_cell(out, &s->table.cells[g], c->name[g]);
    }
    str_add(out, "],\n     ");
    json_gaps(out, c, s->table.gap, NULL);
    str_addc(out, '}');
}

static void json_odds(struct str *out, const struct audits *a) {
    str_add(out, ",\n  \"equalised_odds\": [");
    for (size_t i = 0; i < a->n_odds; i++) {
        const struct audit_odds *o = &a->odds[i];
        const struct crossing *c = &a->tasks[o->task].crossings[o->crossing];
        str_add(out, i ? ",\n    {" : "\n    {");
        text(out, "task", attribute_name[a->tasks[o->task].task]);
        text(out, "class", o->class);
        text(out, "by", c->by);
        json_gaps(out, c, o->gap, o->of_tpr);
        str_addc(out, '}');
    }
    str_addc(out, ']');
}

static void json_cells_of(
    struct str *out, const struct audits *a, size_t task, size_t crossing, size_t cell) {
    text(out, "task", attribute_name[a->tasks[task].task]);
    text(out, "by", a->tasks[task].crossings[crossing].by);
    text(out, "group", a->tasks[task].crossings[crossing].name[cell]);
}

static void json_confusions(struct str *out, const struct audits *a) {
    str_add(out, ",\n  \"confusion\": [");
    for (size_t i = 0; i < a->n_confusions; i++) {
        const struct audit_confusion *m = &a->confusions[i];
        const struct classes *classes = &a->tasks[m->task].classes;
        str_add(out, i ? ",\n    {" : "\n    {");
        json_cells_of(out, a, m->task, m->crossing, m->cell);
        str_add(out, "\"classes\": [");
        for (int k = 0; k < classes->n; k++) {
            str_add(out, k ? ", " : "");
            json_add_string(out, classes_name(classes, k));
        }
        str_add(out, "], \"counts\": [");
        for (int k = 0; k < classes->n * classes->n; k++)
            str_addf(out, "%s%ld", k ? ", " : "", m->counts[k]);
        str_add(out, "]}");
    }
    str_addc(out, ']');
}

static void json_calibrations(struct str *out, const struct audits *a) {
    str_add(out, ",\n  \"calibration\": [");
    for (size_t i = 0; i < a->n_calibrations; i++) {
        const struct audit_calibration *c = &a->calibrations[i];
        str_add(out, i ? ",\n    {" : "\n    {");
        json_cells_of(out, a, c->task, c->crossing, c->cell);
        number(out, "confidence", c->confidence);
        number(out, "accuracy", c->accuracy);
        number(out, "expected_calibration_error", c->error);
        str_addf(out, "\"n\": %zu}", c->n);
    }
    str_addc(out, ']');
}

static void json_task(struct str *out, const struct audits *a, size_t i) {
    const struct audit_task *t = &a->tasks[i];
    const struct system_predictions *r = &t->predictions;
    str_add(out, i ? ",\n    {" : "\n    {");
    text(out, "task", attribute_name[t->task]);
    text(out, "bins", t->bins ? t->bins->name : "");
    str_addf(out,
        "\"samples\": %zu, \"clusters\": %zu, \"samples_in_clusters\": %zu, \"runs\": %d, \"pooled_folds\": %s, "
        "\"cells\": %zu, \"planned\": %zu, \"leaky\": %s}",
        r->p.n, r->p.clusters, r->in_clusters, r->p.runs, r->folds ? "true" : "false", r->cells,
        r->planned, r->leaky ? "true" : "false");
}

void audits_json(struct str *out, const struct audits *a) {
    const struct audit_options *o = &a->request->options;
    str_add(out, "{\n  ");
    text(out, "grid", a->systems->grid.name);
    text(out, "system", a->systems->list[a->system].title);
    text(out, "dataset", a->tasks[0].predictions.dataset.name);
    text(out, "part", part_name[a->request->choice.part]);
    text(out, "clusters", cluster_by_name[a->request->choice.cluster]);
    str_addf(out,
        "\"drawn\": %s, \"draws\": %zu, \"seed\": %llu, \"min_clusters\": %zu, "
        "\"fairlearn_compat\": %s, \"confidence\": ",
        a->tasks[0].predictions.dataset.drawn ? "true" : "false", o->draws,
        (unsigned long long)o->seed, o->min_clusters, o->fairlearn ? "true" : "false");
    json_add_number(out, o->confidence);
    str_add(out, ",\n  \"sources_of_variance\": ");
    str_add(out, a->tasks[0].predictions.p.runs > 1 ? "[\"samples\", \"seeds\"]" : "[\"samples\"]");
    str_add(out, ",\n  \"tasks\": [");
    for (size_t i = 0; i < a->n_tasks; i++)
        json_task(out, a, i);
    str_add(out, "],\n  \"tables\": [");
    for (size_t i = 0; i < a->n_sections; i++) {
        str_add(out, i ? "," : "");
        json_section(out, a, &a->sections[i]);
    }
    str_addc(out, ']');
    json_odds(out, a);
    json_calibrations(out, a);
    json_confusions(out, a);
    str_add(out, "\n}\n");
}
