#include "analysis/crossing.h"

#include "core/mem.h"
#include "core/str.h"

#include <stdlib.h>
#include <string.h>

const char *const crossing_axes[ATTR_COUNT] = {
    [ATTR_AGE] = "age_group", [ATTR_GENDER] = "gender", [ATTR_RACE] = "race"};

bool crossing_parse(bool uses[ATTR_COUNT], const char *text, const char *where, struct err *e) {
    for (int a = 0; a < ATTR_COUNT; a++)
        uses[a] = false;
    for (const char *at = text; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        char *word = xstrndup(at, strcspn(at, ","));
        int a = word_find(crossing_axes, ATTR_COUNT, strcmp(word, "age") ? word : "age_group");
        bool again = a >= 0 && uses[a];
        char *shown = str_quoted(word);
        if (a < 0) {
            err_usage(e,
                "%s: %s: expected attributes among age_group, gender and race, such as age_group,gender",
                where, shown);
            err_hint(e, word, crossing_axes, ATTR_COUNT, sizeof *crossing_axes);
        } else if (again)
            err_usage(e, "%s: %s stands twice: expected each attribute once", where, shown);
        else
            uses[a] = true;
        free(shown);
        free(word);
        if (a < 0 || again)
            return false;
    }
    return true;
}

/* The number of a cell in `g`, digits for the attributes of the crossing alone. */
static size_t group_number(
    const struct groups *g, const bool uses[ATTR_COUNT], const size_t value[ATTR_COUNT]) {
    size_t number = 0;
    for (int a = 0; a < ATTR_COUNT; a++)
        if (uses[a])
            number += (value[a] + 1) * g->stride[a];
    return number;
}

static void name_cells(struct crossing *c, const struct groups *g, const bool uses[ATTR_COUNT]) {
    c->name = xcalloc(c->n, sizeof *c->name);
    for (size_t cell = 0; cell < c->n; cell++) {
        size_t value[ATTR_COUNT] = {0}, rest = cell;
        for (int a = ATTR_COUNT - 1; a >= 0; a--)
            if (uses[a]) {
                value[a] = rest % (size_t)g->axis[a].n;
                rest /= (size_t)g->axis[a].n;
            }
        c->name[cell] = group_name(g, group_number(g, uses, value));
    }
}

static int32_t cell_of(const struct groups *g, const bool uses[ATTR_COUNT], size_t i) {
    size_t cell = 0;
    for (int a = 0; a < ATTR_COUNT; a++) {
        if (!uses[a])
            continue;
        if (g->axis[a].value[i] < 0)
            return -1;
        cell = cell * (size_t)g->axis[a].n + (size_t)g->axis[a].value[i];
    }
    return (int32_t)cell;
}

void crossing_make(struct crossing *c, const struct predictions *p, const bool uses[ATTR_COUNT],
    const struct age_bins *bins, class_name_fn class_name, const void *context) {
    const int *label[ATTR_COUNT];
    struct str by = {0};
    struct groups g;
    for (int a = 0; a < ATTR_COUNT; a++) {
        label[a] = p->label[a];
        if (uses[a])
            str_addf(&by, "%s%s", by.len ? "," : "", crossing_axes[a]);
    }
    *c = (struct crossing){.by = str_detach(&by), .n = 1};
    groups_make(&g, p->n, label, !bins, bins, class_name, context);
    for (int a = 0; a < ATTR_COUNT; a++)
        c->n *= uses[a] ? (size_t)g.axis[a].n : 1;
    if (c->n) {
        name_cells(c, &g, uses);
        c->cell = xcalloc(p->n, sizeof *c->cell);
        for (size_t i = 0; i < p->n; i++)
            c->cell[i] = cell_of(&g, uses, i);
    }
    groups_free(&g);
}

void crossing_free(struct crossing *c) {
    for (size_t i = 0; c->name && i < c->n; i++)
        free(c->name[i]);
    free(c->name);
    free(c->cell);
    free(c->by);
    *c = (struct crossing){0};
}

/* ---- for people ---- */

char *crossing_words(const char *by) {
    struct str text = {0};
    str_add(&text, "");
    for (; *by; by++)
        if (*by == ',')
            str_add(&text, " × ");
        else
            str_addc(&text, *by == '_' ? ' ' : *by);
    return str_detach(&text);
}

char *crossing_cell_words(const char *grouping) {
    struct str text = {0};
    str_add(&text, "");
    for (const char *at = grouping; *at;) {
        size_t n = strcspn(at, ",");
        const char *equals = memchr(at, '=', n), *from = equals ? equals + 1 : at;
        str_add(&text, at == grouping ? "" : ", ");
        for (const char *c = from; c < at + n; c++) {
            char code[3] = {c[0] == '%' ? c[1] : 0, c[0] == '%' && c[1] ? c[2] : 0, 0};
            str_addc(&text, code[1] ? (char)strtol(code, NULL, 16) : *c);
            c += code[1] ? 2 : 0;
        }
        at += n + (at[n] == ',');
    }
    return str_detach(&text);
}
