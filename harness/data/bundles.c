#include "data/bundles.h"

#include "core/mem.h"
#include "data/joined.h"

#include <stdlib.h>
#include <string.h>

struct member {
    const char *subject; /* NULL: none, or it does not count */
    uint32_t row, unit;
};

static int by_subject(const void *a, const void *b) {
    const struct member *x = a, *y = b;
    const char *s = x->subject, *t = y->subject;
    int order = !s || !t ? (s != NULL) - (t != NULL) : strcmp(s, t);
    return order ? order : (x->row > y->row) - (x->row < y->row);
}

/* The rows by their units, which are numbered in this order; returns how many there are. */
static size_t number_units(struct member *members, size_t n) {
    size_t units = 0;
    if (n)
        qsort(members, n, sizeof *members, by_subject);
    for (size_t i = 0; i < n; i++) {
        const char *subject = members[i].subject, *before = i ? members[i - 1].subject : NULL;
        units += !subject || !before || strcmp(before, subject) != 0;
        members[i].unit = (uint32_t)units - 1;
    }
    return units;
}

static void join_duplicates(uint32_t *parent, const struct member *members, size_t n,
    const int32_t *duplicate, size_t all) {
    uint32_t *unit_of = xcalloc(all, sizeof *unit_of); /* a group's first unit, counted from 1 */
    for (size_t i = 0; i < n; i++) {
        int32_t group = duplicate[members[i].row];
        if (group < 0)
            continue;
        if (unit_of[group])
            joined_join(parent, unit_of[group] - 1, members[i].unit);
        else
            unit_of[group] = members[i].unit + 1;
    }
    free(unit_of);
}

/* Numbers the roots in their order, and puts each member at its bundle's place. */
static void fill(struct bundles *b, uint32_t *parent, const struct member *members, size_t n) {
    uint32_t *bundle = xcalloc(b->n_units, sizeof *bundle);
    for (uint32_t u = 0; u < b->n_units; u++)
        if (joined_root(parent, u) == u)
            bundle[u] = (uint32_t)b->n++;
    b->first = xcalloc(b->n + 1, sizeof *b->first);
    b->units = xcalloc(b->n, sizeof *b->units);
    for (uint32_t u = 0; u < b->n_units; u++) {
        bundle[u] = bundle[joined_root(parent, u)];
        b->units[bundle[u]]++;
    }
    for (size_t i = 0; i < n; i++)
        b->first[bundle[members[i].unit] + 1]++;
    for (size_t k = 0; k < b->n; k++)
        b->first[k + 1] += b->first[k];
    uint32_t *next = xcalloc(b->n, sizeof *next);
    for (size_t i = 0; i < n; i++) {
        uint32_t k = bundle[members[i].unit];
        b->rows[b->first[k] + next[k]++] = members[i].row;
    }
    free(next);
    free(bundle);
}

void bundles_make(struct bundles *b, const struct manifest *m, const uint32_t *rows, size_t n,
    bool persons, const int32_t *duplicate) {
    struct member *members = xcalloc(n, sizeof *members);
    for (size_t i = 0; i < n; i++)
        members[i] = (struct member){persons ? m->samples[rows[i]].subject : NULL, rows[i], 0};
    *b = (struct bundles){.rows = xcalloc(n, sizeof *b->rows), .n_units = number_units(members, n)};
    uint32_t *parent = xcalloc(b->n_units, sizeof *parent);
    for (uint32_t u = 0; u < b->n_units; u++)
        parent[u] = u;
    if (duplicate)
        join_duplicates(parent, members, n, duplicate, m->n);
    fill(b, parent, members, n);
    free(parent);
    free(members);
}

void bundles_free(struct bundles *b) {
    free(b->rows);
    free(b->first);
    free(b->units);
    *b = (struct bundles){0};
}
