#include "report/html_groups.h"

#include "core/json.h"
#include "core/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What occurs in any of the audits: the page's lists to choose from. */
struct choices_of_groups {
    struct measure {
        enum attribute task;
        const char *metric;
    } * measures;
    size_t n_measures, measures_capacity;
    const char **crossings;
    size_t n_crossings, crossings_capacity;
};

static void note_measure(struct choices_of_groups *c, enum attribute task, const char *metric) {
    for (size_t i = 0; i < c->n_measures; i++)
        if (c->measures[i].task == task && strcmp(c->measures[i].metric, metric) == 0)
            return;
    c->measures = xgrow(c->measures, &c->measures_capacity, c->n_measures + 1, sizeof *c->measures);
    c->measures[c->n_measures++] = (struct measure){task, metric};
}

static void note_crossing(struct choices_of_groups *c, const char *by) {
    for (size_t i = 0; i < c->n_crossings; i++)
        if (strcmp(c->crossings[i], by) == 0)
            return;
    c->crossings =
        xgrow(c->crossings, &c->crossings_capacity, c->n_crossings + 1, sizeof *c->crossings);
    c->crossings[c->n_crossings++] = by;
}

static void note_all(struct choices_of_groups *c, const struct audits *audits, size_t n) {
    for (size_t a = 0; a < n; a++)
        for (size_t i = 0; i < audits[a].n_sections; i++) {
            const struct audit_section *s = &audits[a].sections[i];
            note_measure(c, audits[a].tasks[s->task].task, s->outcome.name);
            note_crossing(c, audits[a].tasks[s->task].crossings[s->crossing].by);
        }
}

static void number(struct str *out, const char *name, double x) {
    str_addf(out, ", \"%s\": ", name);
    json_add_number(out, isfinite(x) ? x : NAN);
}

static void cell(struct str *out, const struct audit_cell *c, const char *group) {
    str_add(out, "{\"group\": ");
    json_add_string(out, group);
    str_addf(out, ", \"n\": %zu, \"clusters\": %zu", c->n, c->clusters);
    number(out, "value", c->value);
    number(out, "low", c->interval.low);
    number(out, "high", c->interval.high);
    number(out, "rank", c->rank ? (double)c->rank : NAN);
    number(out, "q", c->q);
    str_addc(out, '}');
}

static void section(struct str *out, const struct audits *a, const struct audit_section *s) {
    const struct crossing *c = &a->tasks[s->task].crossings[s->crossing];
    str_add(out, "{\"all\": ");
    cell(out, &s->table.all, "all");
    str_add(out, ", \"cells\": [");
    for (size_t g = 0; g < s->table.n; g++) {
        str_add(out, g ? ",\n" : "\n");
        cell(out, &s->table.cells[g], c->name[g]);
    }
    str_add(out, "]}");
}

static const struct audit_section *find_section(
    const struct audits *a, const struct measure *m, const char *by) {
    for (size_t i = 0; i < a->n_sections; i++) {
        const struct audit_section *s = &a->sections[i];
        const struct audit_task *t = &a->tasks[s->task];
        if (t->task == m->task && strcmp(s->outcome.name, m->metric) == 0 &&
            strcmp(t->crossings[s->crossing].by, by) == 0)
            return s;
    }
    return NULL;
}

static void measures(struct str *out, const struct audits *a, const struct choices_of_groups *c) {
    str_add(out, ", \"measures\": [");
    for (size_t m = 0; m < c->n_measures; m++) {
        const struct audit_section *any = NULL;
        for (size_t k = 0; k < c->n_crossings && !any; k++)
            any = find_section(a, &c->measures[m], c->crossings[k]);
        str_add(out, m ? ",\n" : "\n");
        if (!any) {
            str_add(out, "null");
            continue;
        }
        str_addf(out, "{\"share\": %s, \"crossings\": [",
            outcome_traits(&any->outcome).share ? "true" : "false");
        for (size_t k = 0; k < c->n_crossings; k++) {
            const struct audit_section *s = find_section(a, &c->measures[m], c->crossings[k]);
            str_add(out, k ? ",\n" : "\n");
            if (s)
                section(out, a, s);
            else
                str_add(out, "null");
        }
        str_add(out, "]}");
    }
    str_addc(out, ']');
}

static void counts(struct str *out, const struct audit_confusion *m, int classes) {
    bool any = false;
    str_addc(out, '[');
    for (int i = 0; i < classes * classes; i++)
        if (m->counts[i]) {
            str_addf(out, "%s%d,%d,%ld", any ? "," : "", i / classes, i % classes, m->counts[i]);
            any = true;
        }
    str_addc(out, ']');
}

/* A task's matrices by crossing; the cells of one stand in the audit one after the other. */
static void matrices_of_task(
    struct str *out, const struct audits *a, size_t task, const struct choices_of_groups *c) {
    const struct audit_task *t = &a->tasks[task];
    for (size_t k = 0; k < c->n_crossings; k++) {
        bool any = false;
        str_add(out, k ? ",\n" : "\n");
        for (size_t i = 0; i < a->n_confusions; i++) {
            const struct audit_confusion *m = &a->confusions[i];
            if (m->task != task || strcmp(t->crossings[m->crossing].by, c->crossings[k]) != 0)
                continue;
            str_add(out, any ? "," : "[");
            counts(out, m, t->classes.n);
            any = true;
        }
        str_add(out, any ? "]" : "null");
    }
}

static void matrices(struct str *out, const struct audits *a, const struct choices_of_groups *c) {
    str_add(out, ", \"classes\": {");
    for (size_t t = 0; t < a->n_tasks; t++) {
        const struct classes *classes = &a->tasks[t].classes;
        str_addf(out, "%s\"%s\": [", t ? ", " : "", attribute_name[a->tasks[t].task]);
        for (int k = 0; k < classes->n; k++) {
            str_add(out, k ? ", " : "");
            json_add_string(out, classes_name(classes, k));
        }
        str_addc(out, ']');
    }
    str_add(out, "}, \"matrices\": {");
    for (size_t t = 0; t < a->n_tasks; t++) {
        str_addf(out, "%s\"%s\": [", t ? ", " : "", attribute_name[a->tasks[t].task]);
        matrices_of_task(out, a, t, c);
        str_addc(out, ']');
    }
    str_addc(out, '}');
}

void html_groups_json(struct str *out, const struct audits *audits, size_t n, size_t first) {
    struct choices_of_groups c = {0};
    note_all(&c, audits, n);
    const struct audit_options *o = &audits[first].request->options;
    str_addf(out, "{\"confidence\": %g, \"small\": %zu, \"first\": %zu, \"measures\": [",
        100 * o->confidence, o->min_clusters, first);
    for (size_t m = 0; m < c.n_measures; m++) {
        bool age = c.measures[m].task == ATTR_AGE;
        str_addf(out, "%s{\"task\": \"%s\", \"unit\": \"%s\", \"metric\": ", m ? ", " : "",
            attribute_name[c.measures[m].task],
            !age                                                    ? ""
            : audits[first].tasks[0].predictions.dataset.exact_ages ? "years"
                                                                    : "groups");
        json_add_string(out, c.measures[m].metric);
        str_addc(out, '}');
    }
    str_add(out, "], \"crossings\": [");
    for (size_t k = 0; k < c.n_crossings; k++) {
        str_add(out, k ? ", " : "");
        json_add_string(out, c.crossings[k]);
    }
    str_add(out, "], \"systems\": [");
    for (size_t a = 0; a < n; a++) {
        str_add(out, a ? ",\n{\"title\": " : "\n{\"title\": ");
        json_add_string(out, audits[a].systems->list[audits[a].system].title);
        measures(out, &audits[a], &c);
        matrices(out, &audits[a], &c);
        str_addc(out, '}');
    }
    str_add(out, "]}");
    free(c.measures);
    free(c.crossings);
}
