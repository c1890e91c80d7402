#include "grid/chosen.h"

#include "core/mem.h"
#include "core/str.h"
#include "grid/select.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

bool shard_parse(struct shard *s, const char *text, struct err *e) {
    char *end;
    long part = strtol(text, &end, 10), parts = *end == '/' ? strtol(end + 1, &end, 10) : 0;
    if (*end || parts < 1 || parts > MAX_SHARDS || part < 1 || part > parts)
        return err_usage(e,
            "--shard %.100s: expected PART/PARTS, such as 3/8, the first part being 1, at most %d",
            text, MAX_SHARDS);
    *s = (struct shard){(int)part, (int)parts};
    return true;
}

/* ---- what goes together ---- */

struct bond { /* of one cell: cells with the same text go together */
    char id[SHA256_HEX];
    size_t place, unit;
};

static int by_id(const void *a, const void *b) {
    const struct bond *x = a, *y = b;
    int order = strcmp(x->id, y->id);
    return order ? order : (x->place > y->place) - (x->place < y->place);
}

static int by_place(const void *a, const void *b) {
    const struct bond *x = a, *y = b;
    return (x->place > y->place) - (x->place < y->place);
}

/* Cells that try the same candidates have the first of them in common. */
static bool bond_of(struct bond *b, const struct cell *cell, size_t place, struct err *e) {
    *b = (struct bond){.place = place};
    memcpy(b->id, cell->id, sizeof b->id);
    if (!config_selects(&cell->config))
        return true;
    struct candidate *list;
    size_t n;
    bool ok = select_candidates(&cell->config, cell->variant, &list, &n, e);
    if (ok && n)
        memcpy(b->id, list[0].id, sizeof b->id);
    select_free(list, n);
    return ok;
}

/* Units count from 0, by their first cells. The caller frees. */
static struct bond *units_of(const struct grid *g, struct err *e) {
    struct bond *bonds = xcalloc(g->n_cells + 1, sizeof *bonds);
    bool ok = true;
    for (size_t i = 0; ok && i < g->n_cells; i++)
        ok = bond_of(&bonds[i], &g->cells[i], i, e);
    if (!ok) {
        free(bonds);
        return NULL;
    }
    qsort(bonds, g->n_cells, sizeof *bonds, by_id);
    for (size_t i = 0; i < g->n_cells; i++) /* for now, the place of the first of its kind */
        bonds[i].unit =
            i > 0 && strcmp(bonds[i].id, bonds[i - 1].id) == 0 ? bonds[i - 1].unit : bonds[i].place;
    qsort(bonds, g->n_cells, sizeof *bonds, by_place);
    size_t units = 0;
    for (size_t i = 0; i < g->n_cells; i++)
        bonds[i].unit = bonds[i].unit == i ? units++ : bonds[bonds[i].unit].unit;
    return bonds;
}

size_t *shard_units(const struct grid *g, size_t *n, struct err *e) {
    struct bond *bonds = units_of(g, e);
    size_t *units = bonds ? xcalloc(g->n_cells + 1, sizeof *units) : NULL;
    *n = 0;
    for (size_t i = 0; units && i < g->n_cells; i++) {
        units[i] = bonds[i].unit;
        *n = units[i] < *n ? *n : units[i] + 1;
    }
    free(bonds);
    return units;
}

/* ---- what is chosen ---- */

static bool take_candidates(
    struct chosen *c, const struct grid *g, const struct cell *cell, struct err *e) {
    struct candidate *list;
    size_t n;
    bool ok = select_candidates(&cell->config, cell->variant, &list, &n, e);
    for (size_t i = 0; ok && i < n; i++)
        for (size_t k = 0; k < g->n_candidates; k++)
            if (strcmp(g->candidates[k].id, list[i].id) == 0 &&
                g->candidates[k].variant == cell->variant)
                c->candidates[k] = true;
    select_free(list, n);
    return ok;
}

bool chosen_make(struct chosen *c, const struct grid *g, const char *const *only, size_t n_only,
    const struct shard *s, struct err *e) {
    *c = (struct chosen){
        xcalloc(g->n_cells + 1, 1), xcalloc(g->n_candidates + 1, 1), g->n_cells, g->n_candidates};
    struct bond *units = s->parts ? units_of(g, e) : NULL;
    bool ok = units || !s->parts;
    for (size_t i = 0; ok && i < g->n_cells; i++) {
        const struct cell *cell = &g->cells[i];
        c->cells[i] = (n_only == 0 || word_find(only, (int)n_only, cell->variant) >= 0) &&
                      (!units || units[i].unit % (size_t)s->parts == (size_t)s->part - 1);
        if (c->cells[i] && config_selects(&cell->config))
            ok = take_candidates(c, g, cell, e);
    }
    free(units);
    return ok;
}

void chosen_free(struct chosen *c) {
    free(c->cells);
    free(c->candidates);
    *c = (struct chosen){0};
}

/* ---- as text ---- */

char *places_text(const bool *places, size_t n) {
    struct str text = {0};
    for (size_t first = 0, end; first < n; first = end) {
        for (end = first; end < n && places[end];)
            end++;
        if (end == first) {
            end++;
            continue;
        }
        str_addf(&text, "%s%zu", text.len ? "," : "", first);
        if (end - first > 1)
            str_addf(&text, "-%zu", end - 1);
    }
    if (!text.len)
        str_add(&text, "none");
    return str_detach(&text);
}

static bool read_range(const char **p, size_t *first, size_t *last) {
    char *end;
    if (!isdigit((unsigned char)**p))
        return false;
    *first = *last = strtoul(*p, &end, 10);
    if (*end == '-') {
        if (!isdigit((unsigned char)end[1]))
            return false;
        *last = strtoul(end + 1, &end, 10);
    }
    bool more = *end == ',' && isdigit((unsigned char)end[1]);
    *p = more ? end + 1 : end;
    return *first <= *last && *last < MAX_CELLS && (more || !*end);
}

bool *places_parse(const char *text, size_t *n) {
    bool *places = xcalloc(1, 1), ok = true;
    *n = 0;
    if (strcmp(text, "none") == 0)
        return places;
    do {
        size_t first, last;
        ok = read_range(&text, &first, &last);
        if (ok && last >= *n) {
            places = xrealloc(places, last + 1, 1);
            memset(places + *n, 0, last + 1 - *n);
            *n = last + 1;
        }
        if (ok)
            memset(places + first, 1, last + 1 - first);
    } while (ok && *text);
    if (ok)
        return places;
    free(places);
    return NULL;
}
