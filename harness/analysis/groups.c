#include "analysis/groups.h"

#include "core/mem.h"
#include "core/str.h"

#include <stdlib.h>
#include <string.h>

static const char *const axis_name[ATTR_COUNT] = {
    [ATTR_AGE] = "age_group", [ATTR_GENDER] = "gender", [ATTR_RACE] = "race"};

static char *percent_encoded(const char *text) {
    struct str s = {0};
    for (; *text; text++)
        str_addf(&s, strchr(",=%", *text) ? "%%%02X" : "%c", (unsigned char)*text);
    return str_detach(&s);
}

static void axis_of_bins(
    struct axis *x, size_t samples, const int *years, const struct age_bins *b) {
    x->n = b->n;
    x->value = xmalloc(samples * sizeof *x->value);
    x->name = xmalloc((size_t)b->n * sizeof *x->name);
    for (int v = 0; v < b->n; v++)
        x->name[v] = percent_encoded(b->groups[v].name);
    for (size_t i = 0; i < samples; i++)
        x->value[i] = years[i] == LABEL_MISSING ? -1 : age_bin(b, years[i]);
}

static void axis_of_labels(struct axis *x, size_t samples, const int *label, enum attribute a,
    class_name_fn class_name, const void *context) {
    for (size_t i = 0; i < samples; i++)
        if (label[i] >= x->n)
            x->n = label[i] + 1;
    x->value = xmalloc(samples * sizeof *x->value);
    x->name = xmalloc((size_t)x->n * sizeof *x->name);
    for (int v = 0; v < x->n; v++)
        x->name[v] = percent_encoded(class_name(context, a, v));
    for (size_t i = 0; i < samples; i++)
        x->value[i] = label[i] == LABEL_MISSING ? -1 : label[i];
}

void groups_make(struct groups *g, size_t samples, const int *const label[ATTR_COUNT],
    bool age_axis, const struct age_bins *bins, class_name_fn class_name, const void *context) {
    *g = (struct groups){.n = 1};
    for (int a = ATTR_COUNT - 1; a >= 0; a--) {
        if (label[a] && a == ATTR_AGE && bins)
            axis_of_bins(&g->axis[a], samples, label[a], bins);
        else if (label[a] && (a != ATTR_AGE || age_axis))
            axis_of_labels(&g->axis[a], samples, label[a], a, class_name, context);
        g->stride[a] = g->n;
        g->n *= (size_t)g->axis[a].n + 1;
    }
}

void groups_free(struct groups *g) {
    for (int a = 0; a < ATTR_COUNT; a++) {
        for (int v = 0; v < g->axis[a].n; v++)
            free(g->axis[a].name[v]);
        free(g->axis[a].name);
        free(g->axis[a].value);
    }
    *g = (struct groups){0};
}

int groups_of(const struct groups *g, size_t i, size_t group[GROUPS_OF_SAMPLE]) {
    int count = 1;
    group[0] = 0;
    for (int a = 0; a < ATTR_COUNT; a++) {
        int value = g->axis[a].n ? g->axis[a].value[i] : -1;
        if (value < 0)
            continue;
        for (int k = 0; k < count; k++)
            group[count + k] = group[k] + ((size_t)value + 1) * g->stride[a];
        count *= 2;
    }
    return count;
}

static size_t digit(const struct groups *g, size_t group, enum attribute a) {
    return group / g->stride[a] % ((size_t)g->axis[a].n + 1);
}

bool group_uses(const struct groups *g, size_t group, enum attribute a) {
    return digit(g, group, a) != 0;
}

char *group_name(const struct groups *g, size_t group) {
    struct str s = {0};
    for (int a = 0; a < ATTR_COUNT; a++) {
        size_t d = digit(g, group, a);
        if (d)
            str_addf(&s, "%s%s=%s", s.len ? "," : "", axis_name[a], g->axis[a].name[d - 1]);
    }
    if (!s.len)
        str_add(&s, "all");
    return str_detach(&s);
}
