#include "commands/data_splits.h"

#include "core/mem.h"
#include "grid/config_split.h"

#include <stdlib.h>
#include <string.h>

struct opened { /* a set in one reading, kept for the splits to come */
    char *key;
    struct manifest *manifest;
};

struct walk {
    const struct data_splits *w;
    struct opened *sets;
    size_t n_sets, sets_capacity;
    char **keys; /* of each cell's split; NULL: not chosen */
};

static char *key_of(const struct config *c, bool split) {
    struct str key = {0};
    config_split_key(&key, c, split);
    return str_detach(&key);
}

static const struct manifest *manifest_of(struct walk *k, const struct config *c, struct err *e) {
    char *key = key_of(c, false);
    for (size_t i = 0; i < k->n_sets; i++)
        if (strcmp(k->sets[i].key, key) == 0) {
            free(key);
            return k->sets[i].manifest;
        }
    struct manifest *m = xcalloc(1, sizeof *m);
    const char *dir = data_options_dir(k->w->data, c->data.set, e);
    if (!dir ||
        !manifest_open(m, c->data.set, c->data.reading, dir, k->w->cache_dir, k->w->threads, e)) {
        free(m);
        free(key);
        return NULL;
    }
    if (!duplicates_mark(m, k->w->cache_dir, k->w->threads, e)) {
        manifest_close(m);
        free(m);
        free(key);
        return NULL;
    }
    k->sets = xgrow(k->sets, &k->sets_capacity, k->n_sets + 1, sizeof *k->sets);
    k->sets[k->n_sets++] = (struct opened){key, m};
    return m;
}

/* Whether an earlier cell has the split of cell `i`. */
static bool seen(const struct walk *k, size_t i) {
    for (size_t j = 0; j < i; j++)
        if (k->keys[j] && strcmp(k->keys[j], k->keys[i]) == 0)
            return true;
    return false;
}

static bool visit(struct walk *k, size_t first, struct err *e) {
    const struct grid *g = k->w->grid;
    struct data_split d = {.config = &g->cells[first].config, .variant = g->cells[first].variant};
    struct split s = {0};
    for (size_t i = first; i < g->n_cells; i++) {
        if (!k->keys[i] || strcmp(k->keys[i], k->keys[first]) != 0)
            continue;
        d.n_cells++;
        for (int t = 0; t < g->cells[i].config.n_tasks; t++)
            d.task[g->cells[i].config.tasks[t].attribute] = true;
    }
    d.manifest = manifest_of(k, d.config, e);
    bool ok =
        d.manifest && config_split(&s, d.manifest, d.config, data_options_lists(k->w->data), e);
    d.split = &s;
    for (size_t i = first; ok && i < g->n_cells; i++)
        if (k->keys[i] && strcmp(k->keys[i], k->keys[first]) == 0)
            ok = config_split_serves(&s, d.manifest, &g->cells[i].config, e) ||
                 err_add(e, "variant \"%s\"", g->cells[i].variant);
    if (ok)
        config_split_keep_labelled(&s, d.manifest, d.config, d.task);
    ok = ok && k->w->fn(k->w->context, &d, e);
    split_free(&s);
    return ok;
}

bool data_splits_walk(const struct data_splits *w, struct err *e) {
    const struct grid *g = w->grid;
    struct walk k = {.w = w, .keys = xcalloc(g->n_cells + 1, sizeof *k.keys)};
    bool ok = true;
    for (size_t i = 0; i < g->n_cells; i++)
        if (!w->chosen || w->chosen(w->context, &g->cells[i]))
            k.keys[i] = key_of(&g->cells[i].config, true);
    for (size_t i = 0; ok && i < g->n_cells; i++)
        if (k.keys[i] && !seen(&k, i))
            ok = visit(&k, i, e);
    for (size_t i = 0; i < g->n_cells; i++)
        free(k.keys[i]);
    for (size_t i = 0; i < k.n_sets; i++) {
        manifest_close(k.sets[i].manifest);
        free(k.sets[i].manifest);
        free(k.sets[i].key);
    }
    free(k.keys);
    free(k.sets);
    return ok;
}
