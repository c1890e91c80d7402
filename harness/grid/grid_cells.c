#include "grid/grid_parts.h"

#include "core/mem.h"
#include "grid/select.h"

#include <stdlib.h>
#include <string.h>

static bool same_json(const cJSON *a, const cJSON *b) {
    struct str x = {0}, y = {0};
    json_canonical(&x, a);
    json_canonical(&y, b);
    bool same = strcmp(x.text, y.text) == 0;
    str_free(&x);
    str_free(&y);
    return same;
}

/* ---- exclude ---- */

static bool check_exclude(const struct grid *g, const struct grid_file *f, struct err *e) {
    const cJSON *rule;
    bool ok = true;
    size_t n = 1;
    const char **known = xcalloc(1, sizeof known[0]);
    known[0] = "variant";
    for (size_t i = 0; i < f->n_axes; i++)
        for (int k = 0; k < f->axes[i].n; k++) {
            known = xrealloc(known, n + 1, sizeof known[0]);
            known[n++] = f->axes[i].pointers[k];
        }
    int index = 0;
    cJSON_ArrayForEach(rule, f->exclude) {
        char *at = xasprintf("/exclude/%d", index++);
        const cJSON *variant = json_get(rule, "variant");
        if (!cJSON_IsObject(rule) || !rule->child)
            ok =
                err_usage(e, "%s: %s: expected an object with \"variant\", axes' pointers, or both",
                    f->where, at);
        ok = ok && grid_known_members(f, at, rule, known, n, e) &&
             (!variant || grid_find_variant(g, f, at, variant, e) >= 0);
        free(at);
        if (!ok)
            break;
    }
    free(known);
    return ok;
}

/* Whether a rule matches; each that does is marked in `used`. */
static bool is_excluded(
    const struct grid_file *f, const char *variant, const cJSON *axes, bool *used) {
    bool excluded = false;
    const cJSON *rule, *member;
    size_t i = 0;
    cJSON_ArrayForEach(rule, f->exclude) {
        bool match = true;
        cJSON_ArrayForEach(member, rule) {
            if (strcmp(member->string, "variant") == 0)
                match = match && strcmp(member->valuestring, variant) == 0;
            else
                match = match && same_json(member, json_get(axes, member->string));
        }
        used[i] = used[i] || match;
        excluded = excluded || match;
        i++;
    }
    return excluded;
}

/* ---- what a cell changes, for people ---- */

static void add_change(struct str *out, const char *name, const cJSON *value) {
    str_addf(out, "%s%s=", out->len ? " " : "", name);
    if (cJSON_IsString(value))
        str_add(out, value->valuestring);
    else if (cJSON_IsNull(value))
        str_add(out, "off");
    else
        json_canonical(out, value);
}

static void add_changes(
    struct str *out, const char *prefix, const cJSON *patch, const cJSON *base) {
    const cJSON *member;
    cJSON_ArrayForEach(member, patch) {
        if (!*prefix && strcmp(member->string, "select") == 0)
            continue; /* add_open_keys says what is chosen */
        const cJSON *old = json_get(base, member->string);
        char *name = xasprintf("%s%s%s", prefix, *prefix ? "." : "", member->string);
        if (cJSON_IsObject(member) && member->child)
            add_changes(out, name, member, old);
        else if (cJSON_IsObject(member) ? !old
                 : cJSON_IsNull(member) ? old != NULL
                                        : !old || !same_json(member, old))
            add_change(out, name, member);
        free(name);
    }
}

static char *describe_changes(const cJSON *patch, const cJSON *base, const cJSON *axes) {
    struct str out = {0};
    add_changes(&out, "", patch, base);
    const cJSON *axis;
    cJSON_ArrayForEach(axis, axes) {
        struct str name = {0};
        json_pointer_dotted(&name, axis->string);
        add_change(&out, name.text, axis);
        str_free(&name);
    }
    return str_detach(&out);
}

/* ---- keys to choose ---- */

/* "optimiser.lr=one of [0.1,0.03]" for every open key. */
static void add_open_keys(char **changes, const struct config *c) {
    struct str out = {0};
    cJSON *keys = cJSON_Parse(c->select.keys);
    const cJSON *key;
    str_add(&out, *changes);
    cJSON_ArrayForEach(key, keys) {
        str_add(&out, out.len ? " " : "");
        json_pointer_dotted(&out, key->string);
        str_add(&out, "=one of ");
        json_canonical(&out, key);
    }
    cJSON_Delete(keys);
    free(*changes);
    *changes = str_detach(&out);
}

static void remove_key(cJSON *config, const char *pointer) {
    const char *name = strrchr(pointer, '/');
    char *parent = name ? xstrndup(pointer, (size_t)(name - pointer)) : NULL;
    if (parent)
        cJSON_DeleteItemFromObjectCaseSensitive(json_pointer_get(config, parent), name + 1);
    free(parent);
}

/* Takes what is to be chosen out of the configuration, so that base's value of such a key makes no other
 * cell, and says with which seed the values are tried. */
static bool open_choice(
    const struct grid_file *f, cJSON *config, const char *where, struct err *e) {
    const cJSON *keys = json_pointer_get(config, "/select/keys"), *key;
    if (!cJSON_IsObject(keys) || !keys->child)
        return true;
    cJSON_ArrayForEach(key, keys) {
        if (grid_axes_first(f, key->string))
            return err_usage(e,
                "%s: /select/keys: \"%.100s\": the grid's axis sets this key: it cannot be chosen too",
                where, key->string);
        if (str_starts(key->string, "/select"))
            return err_usage(e,
                "%s: /select/keys: \"%.100s\": cannot be chosen: it says what is chosen", where,
                key->string);
        if (!cJSON_IsObject(json_pointer_get(config, key->string)))
            remove_key(config, key->string);
    }
    const cJSON *first = grid_axes_first(f, "/seed"),
                *seed = first ? first : json_get(config, "seed");
    return json_pointer_get(config, "/select/seed") || !seed ||
           json_pointer_set(config, "/select/seed", cJSON_Duplicate(seed, true), e);
}

/* Cells of one variant stand together. */
static bool has_candidate(const struct grid *g, const char *variant, const char *id) {
    for (size_t i = g->n_candidates; i > 0 && g->candidates[i - 1].variant == variant; i--)
        if (strcmp(g->candidates[i - 1].id, id) == 0)
            return true;
    return false;
}

static void add_candidate(
    struct grid *g, const char *variant, const cJSON *cell_axes, struct candidate *c) {
    cJSON *axes = cJSON_Duplicate(cell_axes, true), *values = cJSON_Parse(c->values);
    struct str text = {0};
    cJSON_DeleteItemFromObjectCaseSensitive(axes, "/seed");
    while (values->child) {
        cJSON *value = cJSON_DetachItemViaPointer(values, values->child);
        cJSON_AddItemToObject(axes, value->string, value);
    }
    json_canonical(&text, axes);
    g->candidates =
        xgrow(g->candidates, &g->candidates_capacity, g->n_candidates + 1, sizeof g->candidates[0]);
    struct cell *cell = &g->candidates[g->n_candidates++];
    *cell = (struct cell){.variant = variant,
        .axes = str_detach(&text),
        .changes = describe_changes(NULL, NULL, axes),
        .config = c->config};
    memcpy(cell->id, c->id, sizeof cell->id);
    c->config = (struct config){0}; /* the cell's from now on */
    cJSON_Delete(axes);
    cJSON_Delete(values);
}

static bool add_candidates(
    struct grid *g, struct cell *cell, const cJSON *axes, const char *where, struct err *e) {
    struct candidate *list;
    size_t n;
    if (!config_selects(&cell->config))
        return true;
    add_open_keys(&cell->changes, &cell->config);
    bool ok = select_candidates(&cell->config, where, &list, &n, e);
    for (size_t i = 0; ok && i < n; i++)
        if (!has_candidate(g, cell->variant, list[i].id))
            add_candidate(g, cell->variant, axes, &list[i]);
    select_free(list, n);
    if (ok && g->n_candidates > MAX_CELLS)
        ok = err_usage(
            e, "%s: /select/keys: more than %d candidates in this grid", where, MAX_CELLS);
    return ok;
}

/* ---- cells ---- */

static bool add_cell(struct grid *g, const struct grid_file *f, const char *variant,
    const cJSON *patch, cJSON *config, const cJSON *axes, struct err *e) {
    struct cell *cell = &g->cells[g->n_cells++];
    struct str values = {0}, where = {0};
    json_canonical(&values, axes);
    *cell = (struct cell){.variant = variant, .axes = str_detach(&values)};
    cell->changes = describe_changes(patch, f->base, axes);
    str_addf(&where, "%s: variant ", f->where);
    json_add_string(&where, variant);
    if (axes->child)
        str_addf(&where, " with %s", cell->axes);
    bool ok =
        open_choice(f, config, where.text, e) && config_parse(&cell->config, config, where.text, e);
    if (ok)
        config_id(&cell->config, cell->id);
    ok = ok && (f->no_candidates || add_candidates(g, cell, axes, where.text, e));
    str_free(&where);
    return ok;
}

static bool variant_cells(struct grid *g, const struct grid_file *f, const cJSON *patch,
    const char *variant, size_t combinations, bool *used, struct err *e) {
    cJSON *merged = json_merge_patch(cJSON_Duplicate(f->base, true), patch);
    bool ok = true;
    for (size_t k = 0; ok && k < combinations; k++) {
        cJSON *config = cJSON_Duplicate(merged, true), *axes = cJSON_CreateObject();
        ok = grid_axes_apply(f, k, variant, config, axes, e);
        if (ok && !is_excluded(f, variant, axes, used))
            ok = add_cell(g, f, variant, patch, config, axes, e);
        cJSON_Delete(config);
        cJSON_Delete(axes);
    }
    cJSON_Delete(merged);
    return ok;
}

bool grid_make_cells(struct grid *g, const struct grid_file *f, struct err *e) {
    size_t combinations = grid_axes_combinations(f);
    size_t n_rules = (size_t)cJSON_GetArraySize(f->exclude);
    if (!check_exclude(g, f, e))
        return false;
    if (combinations * (size_t)g->n_variants > MAX_CELLS)
        return err_usage(e, "%s: %zu cells: expected at most %d", f->where,
            combinations * (size_t)g->n_variants, MAX_CELLS);
    g->cells = xcalloc(combinations * (size_t)g->n_variants, sizeof g->cells[0]);
    bool *used = xcalloc(n_rules, sizeof used[0]), ok = true;
    const cJSON *patch;
    int v = 0;
    cJSON_ArrayForEach(patch, f->variants) {
        ok = ok && variant_cells(g, f, patch, g->variants[v], combinations, used, e);
        v++;
    }
    for (size_t i = 0; ok && i < n_rules; i++)
        if (!used[i])
            ok = err_usage(e,
                "%s: /exclude/%zu: matches no cell: expected a variant and values that "
                "the axes have",
                f->where, i);
    if (ok && g->n_cells == 0)
        ok = err_usage(e, "%s: /exclude: leaves no cell", f->where);
    free(used);
    return ok;
}
