#include "grid/grid.h"

#include "core/file.h"
#include "core/mem.h"
#include "grid/choice.h"
#include "grid/grid_parts.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_FILE = 4 << 20, MAX_VARIANT_NAME = 200 };

bool grid_known_members(const struct grid_file *f, const char *at, const cJSON *object,
    const char *const *names, size_t n, struct err *e) {
    const cJSON *member;
    cJSON_ArrayForEach(member, object) {
        size_t i = 0;
        while (i < n && strcmp(names[i], member->string) != 0)
            i++;
        if (i < n)
            continue;
        struct str known = {0};
        for (i = 0; i < n; i++)
            str_addf(&known, "%s%s", i ? ", " : "", names[i]);
        err_usage(e, "%s: %s/%.200s: unknown key: expected one of %s", f->where, at, member->string,
            known.text);
        err_hint(e, member->string, names, n, sizeof names[0]);
        str_free(&known);
        return false;
    }
    return true;
}

int grid_find_variant(const struct grid *g, const struct grid_file *f, const char *at,
    const cJSON *name, struct err *e) {
    if (!cJSON_IsString(name)) {
        err_usage(e, "%s: %s: expected a variant's name", f->where, at);
        return -1;
    }
    for (int i = 0; i < g->n_variants; i++)
        if (strcmp(g->variants[i], name->valuestring) == 0)
            return i;
    const char *near =
        str_nearest(name->valuestring, g->variants, (size_t)g->n_variants, sizeof g->variants[0]);
    struct str text = {0};
    json_add_string(&text, name->valuestring);
    if (near) {
        str_add(&text, ": there is no variant of this name; did you mean ");
        json_add_string(&text, near);
        str_addc(&text, '?');
    } else {
        str_add(&text, ": expected the name of a variant in /variants");
    }
    err_usage(e, "%s: %s: %s", f->where, at, text.text);
    str_free(&text);
    return -1;
}

static char *variant_pointer(const char *name) {
    struct str pointer = {0};
    str_add(&pointer, "/variants");
    json_pointer_add(&pointer, name);
    return str_detach(&pointer);
}

static bool read_variants(struct grid *g, const struct grid_file *f, struct err *e) {
    if (!cJSON_IsObject(f->variants) || !f->variants->child)
        return err_usage(e,
            "%s: /variants: expected an object with at least one variant, like "
            "{\"full\": {}}",
            f->where);
    size_t n = (size_t)cJSON_GetArraySize(f->variants);
    g->variants = xcalloc(n, sizeof g->variants[0]);
    g->descriptions = xcalloc(n, sizeof g->descriptions[0]);
    const cJSON *patch;
    cJSON_ArrayForEach(patch, f->variants) {
        size_t length = strlen(patch->string);
        if (length == 0 || length > MAX_VARIANT_NAME)
            return err_usage(e, "%s: /variants: a variant's name has %zu bytes: expected 1 to %d",
                f->where, length, MAX_VARIANT_NAME);
        g->variants[g->n_variants] = xstrdup(patch->string);
        g->descriptions[g->n_variants++] = xstrdup("");
        char *at = variant_pointer(patch->string);
        bool ok = config_check_patch(patch, f->where, at, e);
        free(at);
        if (!ok)
            return false;
    }
    return true;
}

static bool read_descriptions(
    struct grid *g, const struct grid_file *f, const cJSON *object, struct err *e) {
    if (object && !cJSON_IsObject(object))
        return err_usage(e, "%s: /descriptions: expected an object, variant to text", f->where);
    const cJSON *text;
    cJSON_ArrayForEach(text, object) {
        cJSON *name = cJSON_CreateString(text->string);
        int i = grid_find_variant(g, f, "/descriptions", name, e);
        cJSON_Delete(name);
        if (i < 0)
            return false;
        if (!cJSON_IsString(text))
            return err_usage(
                e, "%s: /descriptions/%.200s: expected a text", f->where, text->string);
        free(g->descriptions[i]);
        g->descriptions[i] = xstrdup(text->valuestring);
    }
    return true;
}

/* One "/pointer=value" onto base. */
static bool apply_set(struct grid_file *f, const char *text, struct err *e) {
    cJSON *patch = config_assignment(text, e);
    if (!patch)
        return false;
    char *pointer = xstrndup(text, strcspn(text, "="));
    bool ok = true;
    if (ok && grid_axes_first(f, pointer))
        ok = err_usage(e,
            "--set %s: the grid's axis %s sets this key: edit the file, or choose cells "
            "with --only",
            text, pointer);
    if (ok && json_get(json_pointer_get(f->base, "/select/keys"), pointer))
        ok = err_usage(e,
            "--set %s: the grid chooses %s on the validation part (/select/keys): edit the file, or take "
            "it out of the choice with --set /select=null",
            text, pointer);
    ok = ok && config_check_patch(patch, "--set", "", e);
    if (ok)
        f->base = json_merge_patch(f->base, patch);
    cJSON_Delete(patch);
    free(pointer);
    return ok;
}

static bool has_type(const struct grid_file *f, const cJSON *part, const char *at,
    cJSON_bool (*is)(const cJSON *), const char *expected, struct err *e) {
    return !part || is(part) || err_usage(e, "%s: %s: expected %s", f->where, at, expected);
}

static bool read_file(struct grid *g, struct grid_file *f, const cJSON *root,
    const char *const *set, int n_set, struct err *e) {
    static const char *const members[] = {"title", "base", "variants", "descriptions", "axes",
        "exclude", "baseline", "report", "gates", "$schema"}; /* the last is an editor's */
    if (!cJSON_IsObject(root))
        return err_usage(e, "%s: expected an object, a grid", f->where);
    if (!grid_known_members(f, "", root, members, ARRAY_LEN(members), e))
        return false;
    const cJSON *title = json_get(root, "title"), *baseline = json_get(root, "baseline");
    const cJSON *gates = json_get(root, "gates");
    const cJSON *base = json_get(root, "base"), *axes = json_get(root, "axes");
    f->variants = json_get(root, "variants");
    f->exclude = json_get(root, "exclude");
    f->report = json_get(root, "report");
    if (!has_type(f, title, "/title", cJSON_IsString, "a text", e) ||
        !has_type(f, axes, "/axes", cJSON_IsObject, "an object, pointer to list of values", e) ||
        !has_type(f, f->exclude, "/exclude", cJSON_IsArray, "a list of objects", e) ||
        !has_type(f, f->report, "/report", cJSON_IsObject, "an object", e))
        return false;
    if (!base)
        return err_usage(
            e, "%s: /base: expected an object, the configuration that variants change", f->where);
    if (!config_check_patch(base, f->where, "/base", e))
        return false;
    /* Onto an empty object, so that a null in base is what is left out, as everywhere. */
    f->base = json_merge_patch(NULL, base);
    if (gates && !gate_rules_read(&g->gates, gates, f->where, "/gates", e))
        return false;
    if (title)
        g->title = xstrdup(title->valuestring);
    if (!grid_axes_read(f, axes, e))
        return false;
    for (int i = 0; i < n_set; i++)
        if (!apply_set(f, set[i], e))
            return false;
    if (!read_variants(g, f, e) || !read_descriptions(g, f, json_get(root, "descriptions"), e))
        return false;
    int first = baseline ? grid_find_variant(g, f, "/baseline", baseline, e) : 0;
    if (first < 0)
        return false;
    g->baseline = xstrdup(g->variants[first]);
    return grid_make_cells(g, f, e) && grid_make_report(g, f, e);
}

static bool parse(struct grid *g, struct grid_file f, const char *name, const char *text,
    const char *const *set, int n_set, struct err *e) {
    *g = (struct grid){.name = xstrdup(name), .source = xstrdup(text), .gates = gate_rules_default};
    cJSON *root = json_parse(f.where, text, strlen(text), e);
    bool ok = root && read_file(g, &f, root, set, n_set, e);
    if (ok && !g->title)
        g->title = xstrdup(name);
    grid_axes_free(&f);
    cJSON_Delete(f.base);
    cJSON_Delete(root);
    return ok;
}

bool grid_parse(struct grid *g, const char *name, const char *where, const char *text,
    const char *const *set, int n_set, struct err *e) {
    return parse(g, (struct grid_file){.where = where}, name, text, set, n_set, e);
}

bool grid_parse_stored(struct grid *g, const char *name, const char *text, struct err *e) {
    return parse(
        g, (struct grid_file){.where = name, .no_candidates = true}, name, text, NULL, 0, e);
}

bool grid_read(struct grid *g, const char *path, const char *const *set, int n_set, struct err *e) {
    *g = (struct grid){0};
    size_t n;
    char *text = file_read(path, MAX_FILE, &n, e);
    if (!text) {
        e->kind = ERR_USAGE; /* a file that the user named */
        return false;
    }
    const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path;
    size_t length = strlen(file);
    char *name = xstrndup(file, str_ends(file, ".json") && length > 5 ? length - 5 : length);
    bool ok;
    if (choice_name_length(name) < strlen(name))
        ok = err_usage(e,
            "%s: a grid's name must not end in \":select\", which is what another grid's "
            "candidates are called: rename the file",
            path);
    else if (strlen(text) != n) /* json_parse would not see what is behind a NUL */
        ok = err_usage(e, "%s: has a NUL byte: expected a text", path);
    else
        ok = grid_parse(g, name, path, text, set, n_set, e);
    free(name);
    free(text);
    return ok;
}

bool grid_check_names(
    const struct grid *g, const char *option, const char *const *names, int n, struct err *e) {
    const struct grid_file command_line = {.where = g->name};
    bool ok = true;
    for (int i = 0; ok && i < n; i++) {
        cJSON *name = cJSON_CreateString(names[i]);
        ok = grid_find_variant(g, &command_line, option, name, e) >= 0;
        cJSON_Delete(name);
    }
    return ok;
}

static void free_texts(char **texts, int n) {
    for (int i = 0; i < n; i++)
        free(texts[i]);
    free(texts);
}

static void free_cells(struct cell *cells, size_t n) {
    for (size_t i = 0; i < n; i++) {
        free(cells[i].axes);
        free(cells[i].changes);
        config_free(&cells[i].config);
    }
    free(cells);
}

static void free_columns(struct report_column *columns, int n) {
    for (int i = 0; i < n; i++) {
        free(columns[i].metric);
        free(columns[i].bins);
    }
    free(columns);
}

void grid_free(struct grid *g) {
    free_cells(g->cells, g->n_cells);
    free_cells(g->candidates, g->n_candidates);
    for (int i = 0; i < g->n_rows; i++) {
        free(g->rows[i].title);
        free_texts(g->rows[i].variants, g->rows[i].n_variants);
        free(g->rows[i].published);
        free(g->rows[i].values);
    }
    free_columns(g->columns, g->n_columns);
    free_columns(g->family, g->n_family);
    free_texts(g->variants, g->n_variants);
    free_texts(g->descriptions, g->n_variants);
    free(g->rows);
    free(g->name);
    free(g->title);
    free(g->source);
    free(g->baseline);
    *g = (struct grid){0};
}
