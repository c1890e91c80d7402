/* Axes: "/seed": [1, 2, 3], or keys that go together, "/seed, /split/seed": [[1, 1], [2, 2]]. */
#include "grid/grid_parts.h"

#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

static void split_name(struct grid_axis *a, const char *name) {
    while (true) {
        name += strspn(name, " ");
        size_t n = strcspn(name, ",");
        const char *next = name[n] ? name + n + 1 : NULL;
        while (n > 0 && name[n - 1] == ' ')
            n--;
        a->pointers = xrealloc(a->pointers, (size_t)a->n + 1, sizeof *a->pointers);
        a->pointers[a->n++] = xstrndup(name, n);
        if (!next)
            return;
        name = next;
    }
}

static bool check_key(
    const struct grid_file *f, const char *pointer, const cJSON *value, struct err *e) {
    if (cJSON_IsObject(value) || cJSON_IsNull(value))
        return err_usage(e,
            "%s: axis %.200s: expected values of one key, no object and no null (a "
            "variant can do both)",
            f->where, pointer);
    cJSON *patch = cJSON_CreateObject();
    char *where = xasprintf("%s: axis", f->where);
    bool ok = json_pointer_set(patch, pointer, cJSON_Duplicate(value, true), e)
                  ? config_check_patch(patch, where, "", e)
                  : err_add(e, "%s", where);
    free(where);
    cJSON_Delete(patch);
    return ok;
}

static const cJSON *value_of(const struct grid_axis *a, const cJSON *value, int key) {
    return a->n == 1 ? value : cJSON_GetArrayItem(value, key);
}

static bool check_value(
    const struct grid_file *f, const struct grid_axis *a, const cJSON *value, struct err *e) {
    if (a->n > 1 && (!cJSON_IsArray(value) || cJSON_GetArraySize(value) != a->n)) {
        struct str have = {0};
        json_canonical(&have, value);
        err_usage(e, "%s: axis %.200s: %.100s: expected a list of %d values, one a key", f->where,
            a->values->string, have.text, a->n);
        str_free(&have);
        return false;
    }
    for (int k = 0; k < a->n; k++)
        if (!check_key(f, a->pointers[k], value_of(a, value, k), e))
            return false;
    return true;
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted and compared as canonical text: comparing all pairs takes minutes for an axis of thousands. */
static bool check_distinct(const struct grid_file *f, const cJSON *axis, struct err *e) {
    size_t n = (size_t)cJSON_GetArraySize(axis), i = 0;
    char **texts = xcalloc(n, sizeof texts[0]);
    const cJSON *value;
    cJSON_ArrayForEach(value, axis) {
        struct str text = {0};
        json_canonical(&text, value);
        texts[i++] = str_detach(&text);
    }
    qsort(texts, n, sizeof texts[0], by_text);
    bool ok = true;
    for (i = 1; ok && i < n; i++)
        if (strcmp(texts[i - 1], texts[i]) == 0)
            ok = err_usage(e, "%s: axis %.200s: the value %.100s stands twice", f->where,
                axis->string, texts[i]);
    for (i = 0; i < n; i++)
        free(texts[i]);
    free(texts);
    return ok;
}

static bool check_keys(const struct grid_file *f, const struct grid_axis *a, struct err *e) {
    for (int k = 0; k < a->n; k++) {
        bool again = false;
        for (const struct grid_axis *b = f->axes; b <= a; b++)
            for (int j = 0; j < (b < a ? b->n : k); j++)
                again = again || strcmp(b->pointers[j], a->pointers[k]) == 0;
        if (again)
            return err_usage(e, "%s: axis %.200s: sets %s, which is set once already", f->where,
                a->values->string, a->pointers[k]);
    }
    return true;
}

static bool check_axis(const struct grid_file *f, const struct grid_axis *a, struct err *e) {
    const cJSON *value;
    if (!cJSON_IsArray(a->values) || !a->values->child)
        return err_usage(e, "%s: axis %.200s: expected a list of values with at least one",
            f->where, a->values->string);
    cJSON_ArrayForEach(value, a->values) if (!check_value(f, a, value, e)) return false;
    return check_keys(f, a, e) && check_distinct(f, a->values, e);
}

bool grid_axes_read(struct grid_file *f, const cJSON *axes, struct err *e) {
    const cJSON *axis;
    cJSON_ArrayForEach(axis, axes) {
        f->axes = xrealloc(f->axes, f->n_axes + 1, sizeof *f->axes);
        struct grid_axis *a = &f->axes[f->n_axes++];
        *a = (struct grid_axis){.values = axis};
        split_name(a, axis->string);
        if (!check_axis(f, a, e))
            return false;
        if (grid_axes_combinations(f) > MAX_CELLS)
            return err_usage(e, "%s: /axes: more than %d cells a variant", f->where, MAX_CELLS);
    }
    return true;
}

void grid_axes_free(struct grid_file *f) {
    for (size_t i = 0; i < f->n_axes; i++) {
        for (int k = 0; k < f->axes[i].n; k++)
            free(f->axes[i].pointers[k]);
        free(f->axes[i].pointers);
    }
    free(f->axes);
}

const cJSON *grid_axes_first(const struct grid_file *f, const char *pointer) {
    for (size_t i = 0; i < f->n_axes; i++)
        for (int k = 0; k < f->axes[i].n; k++)
            if (strcmp(f->axes[i].pointers[k], pointer) == 0)
                return value_of(&f->axes[i], f->axes[i].values->child, k);
    return NULL;
}

/* ---- combinations ---- */

size_t grid_axes_combinations(const struct grid_file *f) {
    size_t n = 1;
    for (size_t i = 0; i < f->n_axes; i++)
        n *= (size_t)cJSON_GetArraySize(f->axes[i].values);
    return n;
}

/* An axis over a task that the variant has removed would bring the task back: refused. */
static bool apply_key(const struct grid_file *f, const char *pointer, const cJSON *value,
    const char *variant, cJSON *config, cJSON *axes, struct err *e) {
    if (str_starts(pointer, "/tasks/")) {
        char *task = xstrdup(pointer);
        task[strlen("/tasks/") + strcspn(task + strlen("/tasks/"), "/")] = '\0';
        bool there = json_pointer_get(config, task) != NULL;
        free(task);
        if (!there)
            return err_usage(e,
                "%s: axis %s: the variant \"%s\" has no such task: give it a grid "
                "of its own",
                f->where, pointer, variant);
    }
    if (!json_pointer_set(config, pointer, cJSON_Duplicate(value, true), e))
        return err_add(e, "%s: axis", f->where);
    cJSON_AddItemToObject(axes, pointer, cJSON_Duplicate(value, true));
    return true;
}

bool grid_axes_apply(const struct grid_file *f, size_t k, const char *variant, cJSON *config,
    cJSON *axes, struct err *e) {
    size_t block = grid_axes_combinations(f); /* of the axes behind this one, once it is divided */
    for (size_t i = 0; i < f->n_axes; i++) {
        const struct grid_axis *a = &f->axes[i];
        size_t n = (size_t)cJSON_GetArraySize(a->values);
        block /= n;
        const cJSON *value = cJSON_GetArrayItem(a->values, (int)(k / block % n));
        for (int key = 0; key < a->n; key++)
            if (!apply_key(f, a->pointers[key], value_of(a, value, key), variant, config, axes, e))
                return false;
    }
    return true;
}
