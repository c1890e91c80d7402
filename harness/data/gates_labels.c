/* What is known of the labels of a split's parts. */
#include "data/gates.h"

#include "analysis/homogeneity.h"
#include "core/json.h"
#include "core/mem.h"
#include "core/str.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- classes: an attribute's own, or decades of ages in years ---- */

struct classes {
    const struct manifest *m;
    enum attribute attribute;
    bool decades;
    int n; /* 0: the set has no such labels */
};

static struct classes classes_of(const struct manifest *m, enum attribute a) {
    int n = attribute_classes(m->set, m->reading, a), oldest = LABEL_MISSING;
    if (n > 0)
        return (struct classes){m, a, false, n};
    for (size_t i = 0; i < m->n; i++)
        if (m->samples[i].label[a] > oldest)
            oldest = m->samples[i].label[a];
    return (struct classes){m, a, true, oldest < 0 ? 0 : oldest / 10 + 1};
}

static int class_of(const struct classes *c, uint32_t row) {
    int label = c->m->samples[row].label[c->attribute];
    return label == LABEL_MISSING ? -1 : c->decades ? label / 10 : label;
}

static void add_class_name(struct str *out, const struct classes *c, int k) {
    const char *name = attribute_class_name(c->m->set, c->m->reading, c->attribute, k);
    if (c->decades)
        str_addf(out, "%d-%d", 10 * k, 10 * k + 9);
    else if (name)
        str_add(out, name);
    else
        str_addf(out, "%d", k);
}

/* ---- cells of the cross product, of which one attribute's classes are the plainest case ---- */

struct crossing {
    struct classes axis[ATTR_COUNT];
    int axes;
    size_t n;
};

static void cross(struct crossing *x, struct classes c) {
    x->n = (x->axes ? x->n : 1) * (size_t)c.n;
    x->axis[x->axes++] = c;
}

/* How many samples of a part are in each cell; those that lack a label are in none. `all` (NULL: not asked):
 * how many are in any. The caller frees. */
static size_t *count_cells(const struct crossing *x, const struct split *s, int part, size_t *all) {
    size_t *count = xcalloc(x->n, sizeof *count), known = 0;
    for (size_t i = 0; i < s->n[part]; i++) {
        size_t cell = 0;
        bool labelled = true;
        for (int a = 0; a < x->axes; a++) {
            int k = class_of(&x->axis[a], s->rows[part][i]);
            labelled = labelled && k >= 0;
            cell = cell * (size_t)x->axis[a].n + (size_t)(k < 0 ? 0 : k);
        }
        if (labelled) {
            count[cell]++;
            known++;
        }
    }
    if (all)
        *all = known;
    return count;
}

static void add_cell_name(struct str *out, const struct crossing *x, size_t cell) {
    size_t stride = x->n;
    for (int a = 0; a < x->axes; a++) {
        stride /= (size_t)x->axis[a].n;
        if (a)
            str_add(out, " x ");
        add_class_name(out, &x->axis[a], (int)(cell / stride));
        cell %= stride;
    }
}

/* ---- a class or cell that one part has and the other has not ---- */

struct missing {
    size_t n;
    struct str names, examples; /* "20-29 (31 in train, none in test)" */
};

static void add_missing(struct missing *missing, const struct crossing *x, size_t cell,
    size_t count, int has, int lacks) {
    if (missing->n++ >= GATE_EXAMPLES)
        return;
    struct str name = {0};
    add_cell_name(&name, x, cell);
    str_addf(&missing->names, "%s%s (%zu in %s, none in %s)", missing->n > 1 ? ", " : "", name.text,
        count, part_name[has], part_name[lacks]);
    str_add(&missing->examples, missing->n > 1 ? ", " : "");
    json_add_string(&missing->examples, name.text);
    str_free(&name);
}

static void find_missing(struct findings *f, enum gate gate, const struct crossing *x,
    const struct split *s, int part, size_t at_least) {
    struct missing missing = {0};
    size_t n;
    size_t *train = count_cells(x, s, PART_TRAIN, NULL), *other = count_cells(x, s, part, &n);
    for (size_t k = 0; k < x->n; k++) {
        if (train[k] >= at_least && other[k] == 0)
            add_missing(&missing, x, k, train[k], PART_TRAIN, part);
        if (other[k] >= at_least && train[k] == 0)
            add_missing(&missing, x, k, other[k], part, PART_TRAIN);
    }
    struct str text = {0};
    if (missing.n == 0)
        str_addf(&text, "%s and %s have the same ", part_name[part], part_name[PART_TRAIN]);
    else
        str_addf(&text, "%zu ", missing.n);
    if (gate == GATE_CLASSES)
        str_addf(&text, "class%s of %s", missing.n == 1 ? "" : "es",
            attribute_name[x->axis[0].attribute]);
    else
        str_addf(&text, "group%s", missing.n == 1 ? "" : "s");
    if (missing.n)
        str_addf(&text, " in one of %s and %s alone: %s%s", part_name[PART_TRAIN], part_name[part],
            missing.names.text, missing.n > GATE_EXAMPLES ? ", ..." : "");
    findings_add(
        f, (struct finding){.gate = gate,
               .verdict = missing.n ? VERDICT_WARNED : VERDICT_PASSED,
               .attribute = gate == GATE_CLASSES ? (int)x->axis[0].attribute : -1,
               .part = part,
               .against = PART_TRAIN,
               .value = (double)missing.n,
               .bound = 0,
               .n = n,
               .examples = xasprintf("[%s]", missing.examples.text ? missing.examples.text : ""),
               .text = str_detach(&text)});
    str_free(&missing.names);
    str_free(&missing.examples);
    free(train);
    free(other);
}

/* ---- shift ---- */

static void find_shift(struct findings *f, const struct crossing *x, const struct split *s,
    int part, const struct gate_bounds *bounds) {
    const char *name = attribute_name[x->axis[0].attribute];
    size_t *train = count_cells(x, s, PART_TRAIN, NULL), *other = count_cells(x, s, part, NULL);
    const size_t *const rows[2] = {train, other};
    struct homogeneity h = homogeneity_test(rows, (int)x->n);
    bool told = h.columns >= 2, beyond = told && h.p < bounds->shift_p && h.v > bounds->shift_v;
    char *text =
        told ? xasprintf("%s in %s %s in %s: Cramer's V %.3f, p %.2g (chi-squared %.1f of %d "
                         "degrees)",
                   name, part_name[part],
                   beyond ? "has other shares than" : "is distributed much as",
                   part_name[PART_TRAIN], h.v, h.p, h.statistic, h.columns - 1)
             : xasprintf("%s: too few labels in %s and %s to compare", name, part_name[PART_TRAIN],
                   part_name[part]);
    findings_add(f, (struct finding){.gate = GATE_SHIFT,
                        .verdict = !told    ? VERDICT_UNKNOWN
                                   : beyond ? VERDICT_WARNED
                                            : VERDICT_PASSED,
                        .attribute = x->axis[0].attribute,
                        .part = part,
                        .against = PART_TRAIN,
                        .value = h.v,
                        .bound = bounds->shift_v,
                        .n = h.n,
                        .examples = xstrdup("[]"),
                        .text = text});
    free(train);
    free(other);
}

/* ---- size ---- */

#define NORMAL_975 1.959963984540054 /* the normal distribution's quantile of .975 */

static void find_size(
    struct findings *f, const struct crossing *x, const struct split *s, int part, double bound) {
    size_t n;
    free(count_cells(x, s, part, &n));
    double width = n ? 2 * NORMAL_975 * sqrt(0.25 / (double)n) : NAN;
    bool beyond = !(width <= bound);
    struct str text = {0};
    str_addf(&text, "%zu samples of %s have %s", n, part_name[part],
        attribute_name[x->axis[0].attribute]);
    if (n)
        str_addf(&text, ": the 95 %% interval of a share of .5 is %.3f wide", width);
    if (beyond)
        str_addf(&text, "%s too few for a claim", n ? "," : ":");
    findings_add(f, (struct finding){.gate = GATE_SIZE,
                        .verdict = beyond ? VERDICT_WARNED : VERDICT_PASSED,
                        .attribute = x->axis[0].attribute,
                        .part = part,
                        .against = -1,
                        .value = width,
                        .bound = bound,
                        .n = n,
                        .examples = xstrdup("[]"),
                        .text = str_detach(&text)});
}

/* ---- all of them ---- */

void gates_labels(struct findings *f, const struct manifest *m, const struct split *s,
    const bool tasks[ATTR_COUNT], const struct gate_bounds *bounds) {
    struct crossing one[ATTR_COUNT] = {{.axes = 0}}, all = {.axes = 0};
    int n = 0;
    for (int a = 0; a < ATTR_COUNT; a++) {
        struct classes c = classes_of(m, (enum attribute)a);
        if (!tasks[a] || c.n == 0)
            continue;
        cross(&one[n++], c);
        cross(&all, c);
    }
    for (int part = PART_TRAIN + 1; part < PART_COUNT; part++)
        for (int a = 0; s->n[part] && a < n; a++)
            find_shift(f, &one[a], s, part, bounds);
    for (int part = PART_TRAIN + 1; part < PART_COUNT; part++)
        for (int a = 0; s->n[part] && a < n; a++)
            find_missing(f, GATE_CLASSES, &one[a], s, part, (size_t)ceil(bounds->classes_n));
    for (int part = PART_TRAIN + 1; n > 1 && part < PART_COUNT; part++)
        if (s->n[part])
            find_missing(f, GATE_GROUPS, &all, s, part, (size_t)ceil(bounds->groups_n));
    for (int part = PART_TRAIN + 1; part < PART_COUNT; part++)
        for (int a = 0; s->n[part] && a < n; a++)
            find_size(f, &one[a], s, part, bounds->size_width);
}
