#include "report/html_groups.h"

#include "core/json.h"
#include "core/mem.h"

#include <math.h>
#include <stddef.h>
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
    struct group_list { /* cells of a section: sections of the same groups and samples share them */
        const struct audit_table *table;
        char **name; /* [table->n] */
    } * groups;
    size_t n_groups, groups_capacity;
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

static bool same_groups(const struct group_list *x, const struct group_list *y) {
    const struct audit_table *s = x->table, *t = y->table;
    bool same = s->n == t->n && s->all.n == t->all.n && s->all.clusters == t->all.clusters;
    for (size_t g = 0; same && g < s->n; g++)
        same = s->cells[g].n == t->cells[g].n && s->cells[g].clusters == t->cells[g].clusters &&
               strcmp(x->name[g], y->name[g]) == 0;
    return same;
}

static struct group_list list_of(const struct audits *a, const struct audit_section *s) {
    return (struct group_list){&s->table, a->tasks[s->task].crossings[s->crossing].name};
}

/* The place of a section's groups in the list, whose end it is where they are new. */
static size_t find_groups(
    const struct choices_of_groups *c, const struct audits *a, const struct audit_section *s) {
    struct group_list of = list_of(a, s);
    size_t i = 0;
    while (i < c->n_groups && !same_groups(&c->groups[i], &of))
        i++;
    return i;
}

static void note_all(struct choices_of_groups *c, const struct audits *audits, size_t n) {
    for (size_t a = 0; a < n; a++)
        for (size_t i = 0; i < audits[a].n_sections; i++) {
            const struct audit_section *s = &audits[a].sections[i];
            note_measure(c, audits[a].tasks[s->task].task, s->outcome.name);
            note_crossing(c, audits[a].tasks[s->task].crossings[s->crossing].by);
            if (find_groups(c, &audits[a], s) < c->n_groups)
                continue;
            c->groups = xgrow(c->groups, &c->groups_capacity, c->n_groups + 1, sizeof *c->groups);
            c->groups[c->n_groups++] = list_of(&audits[a], s);
        }
}

/* Everyone's number and then the cells'. */
static const struct audit_cell *cell_at(const struct audit_table *t, size_t i) {
    return i ? &t->cells[i - 1] : &t->all;
}

static void sizes(struct str *out, const char *key, const struct audit_table *t, size_t offset) {
    str_addf(out, ",\n\"%s\":[", key);
    for (size_t i = 0; i <= t->n; i++) {
        size_t x;
        memcpy(&x, (const char *)cell_at(t, i) + offset, sizeof x);
        str_addf(out, i ? ",%zu" : "%zu", x);
    }
    str_addc(out, ']');
}

static void group_lists(struct str *out, const struct choices_of_groups *c) {
    str_add(out, "], \"groups\": [");
    for (size_t i = 0; i < c->n_groups; i++) {
        const struct group_list *of = &c->groups[i];
        str_add(out, i ? ",\n{\"names\":[" : "\n{\"names\":[");
        for (size_t g = 0; g < of->table->n; g++) {
            str_add(out, g ? "," : "");
            json_add_string(out, of->name[g]);
        }
        str_addc(out, ']');
        sizes(out, "n", of->table, offsetof(struct audit_cell, n));
        sizes(out, "clusters", of->table, offsetof(struct audit_cell, clusters));
        str_addc(out, '}');
    }
}

/* One of a cell's numbers, of everyone and then of the cells; five digits are more than the page shows. */
static void numbers(struct str *out, const char *key, const struct audit_table *t, size_t offset) {
    str_addf(out, ",\n\"%s\":[", key);
    for (size_t i = 0; i <= t->n; i++) {
        double x;
        memcpy(&x, (const char *)cell_at(t, i) + offset, sizeof x);
        if (isfinite(x))
            str_addf(out, "%s%.5g", i ? "," : "", x);
        else
            str_add(out, i ? ",null" : "null");
    }
    str_addc(out, ']');
}

static void section(struct str *out, size_t groups, const struct audit_section *s) {
    const struct audit_table *t = &s->table;
    bool tested = false;
    for (size_t g = 0; g < t->n; g++)
        tested |= !isnan(t->cells[g].q);
    str_addf(out, "{\"of\":%zu", groups);
    numbers(out, "value", t, offsetof(struct audit_cell, value));
    numbers(out, "low", t, offsetof(struct audit_cell, interval.low));
    numbers(out, "high", t, offsetof(struct audit_cell, interval.high));
    sizes(out, "rank", t, offsetof(struct audit_cell, rank));
    if (tested)
        numbers(out, "q", t, offsetof(struct audit_cell, q));
    str_addc(out, '}');
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
                section(out, find_groups(c, a, s), s);
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
            str_addf(out, "%s%d,%ld", any ? "," : "", i, m->counts[i]);
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
    group_lists(out, &c);
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
    free(c.groups);
}
