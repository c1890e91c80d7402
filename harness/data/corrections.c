#include "data/corrections.h"

#include "core/json.h"
#include "core/mem.h"
#include "data/utkface.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char built_in[] =
#include "datasets/utkface-corrections.json.inc"
    ;

enum { MAX_ENTRIES = 100000 };

/* ---- reading ---- */

/* Where an entry stands, for messages: "FILE: /corrections/3". */
struct entry_place {
    const char *name, *list;
    int i;
};

static bool refuse(const struct entry_place *p, const char *member, const char *shown,
    const char *expected, struct err *e) {
    return err_usage(e, "%s: /%s/%d%s%s%s: expected %s", p->name, p->list, p->i, member,
        shown ? ": " : "", shown ? shown : "", expected);
}

static bool known_members(const cJSON *entry, const struct entry_place *p, struct err *e) {
    static const char *const known[] = {"file", "attribute", "value", "source"};
    const cJSON *member;
    cJSON_ArrayForEach(member, entry) {
        if (word_find(known, ARRAY_LEN(known), member->string) < 0)
            return err_usage(e,
                "%s: /%s/%d/%.60s: unknown key (known: file, attribute, value, source)", p->name,
                p->list, p->i, member->string);
    }
    return true;
}

static bool is_text(const cJSON *value) {
    return cJSON_IsString(value) && *value->valuestring;
}

static bool parse_entry(
    struct correction *c, const cJSON *entry, const struct entry_place *p, struct err *e) {
    const cJSON *file = json_get(entry, "file"), *attribute = json_get(entry, "attribute"),
                *value = json_get(entry, "value");
    if (!cJSON_IsObject(entry))
        return refuse(p, "", NULL, "an object with file, attribute, value and source", e);
    if (!known_members(entry, p, e))
        return false;
    if (!is_text(file))
        return refuse(p, "/file", NULL, "a file's name", e);
    int a = is_text(attribute) ? word_find(attribute_name, ATTR_COUNT, attribute->valuestring) : -1;
    if (a < 0)
        return refuse(p, "/attribute", is_text(attribute) ? attribute->valuestring : NULL,
            "age, gender or race", e);
    double x = cJSON_IsNumber(value) ? value->valuedouble : -1;
    if (x < 0 || x > utkface_field_max[a] || x != floor(x)) {
        char *expected = xasprintf("a whole number from 0 to %d, the %s of %s",
            utkface_field_max[a], attribute_name[a], file->valuestring);
        char *shown = cJSON_IsNumber(value) ? xasprintf("%g", x) : NULL;
        refuse(p, "/value", shown, expected, e);
        free(shown);
        free(expected);
        return false;
    }
    if (!is_text(json_get(entry, "source")))
        return refuse(p, "/source", NULL, "a text that says where the correction comes from", e);
    *c = (struct correction){
        .file = xstrdup(file->valuestring), .attribute = (enum attribute)a, .value = (int)x};
    return true;
}

static bool parse_list(
    struct corrections *c, const cJSON *root, const char *list, size_t *n, struct err *e) {
    const cJSON *entries = json_get(root, list), *entry;
    struct entry_place place = {c->name, list, 0};
    if (!entries)
        return true;
    if (!cJSON_IsArray(entries) || cJSON_GetArraySize(entries) > MAX_ENTRIES)
        return err_usage(
            e, "%s: /%s: expected a list of at most %d entries", c->name, list, MAX_ENTRIES);
    c->list = xrealloc(
        c->list, c->n + c->n_disputed + (size_t)cJSON_GetArraySize(entries), sizeof *c->list);
    cJSON_ArrayForEach(entry, entries) {
        if (!parse_entry(&c->list[c->n + c->n_disputed], entry, &place, e))
            return false;
        place.i++;
        ++*n;
    }
    return true;
}

static int by_label(const void *a, const void *b) {
    const struct correction *x = a, *y = b;
    int order = strcmp(x->file, y->file);
    return order ? order : (int)x->attribute - (int)y->attribute;
}

/* Sources may differ among the disputed, but what is applied is said once, and by none of those. */
static bool check_once(const struct corrections *c, struct err *e) {
    for (size_t i = 1; i < c->n; i++)
        if (by_label(&c->list[i - 1], &c->list[i]) == 0)
            return err_usage(e, "%s: /corrections: %s of %s stands twice: expected one correction",
                c->name, attribute_name[c->list[i].attribute], c->list[i].file);
    for (size_t i = c->n; i < c->n + c->n_disputed; i++)
        if (bsearch(&c->list[i], c->list, c->n, sizeof *c->list, by_label))
            return err_usage(e,
                "%s: /disputed: %s of %s is among the corrections too: expected it under one of them",
                c->name, attribute_name[c->list[i].attribute], c->list[i].file);
    return true;
}

static bool known_lists(const struct corrections *c, const cJSON *root, struct err *e) {
    const cJSON *member;
    if (!cJSON_IsObject(root))
        return err_usage(e, "%s: expected an object with the list \"corrections\"", c->name);
    cJSON_ArrayForEach(member, root) {
        if (strcmp(member->string, "corrections") != 0 && strcmp(member->string, "disputed") != 0)
            return err_usage(e, "%s: /%.60s: unknown key (known: corrections, disputed)", c->name,
                member->string);
    }
    return true;
}

static bool parse_root(struct corrections *c, const cJSON *root, struct err *e) {
    if (!known_lists(c, root, e) || !parse_list(c, root, "corrections", &c->n, e) ||
        !parse_list(c, root, "disputed", &c->n_disputed, e))
        return false;
    if (c->n)
        qsort(c->list, c->n, sizeof *c->list, by_label);
    return check_once(c, e);
}

bool corrections_parse(
    struct corrections *c, const char *name, const char *text, size_t n, struct err *e) {
    *c = (struct corrections){.name = xstrdup(name)};
    cJSON *root = json_parse(name, text, n, e);
    bool ok = root && parse_root(c, root, e);
    cJSON_Delete(root);
    return ok;
}

bool corrections_load(struct corrections *c, const char *which, struct err *e) {
    *c = (struct corrections){0};
    if (!which || strcmp(which, "none") == 0)
        return true;
    if (strcmp(which, "published") == 0)
        return corrections_parse(
            c, "datasets/utkface-corrections.json", built_in, sizeof built_in - 1, e);
    c->name = xstrdup(which);
    cJSON *root = json_read(which, e);
    bool ok = root && parse_root(c, root, e);
    cJSON_Delete(root);
    return ok;
}

void corrections_free(struct corrections *c) {
    for (size_t i = 0; i < c->n + c->n_disputed; i++)
        free(c->list[i].file);
    free(c->list);
    free(c->name);
    *c = (struct corrections){0};
}

/* ---- applying ---- */

int corrections_apply(struct corrections *c, const char *id, int16_t label[ATTR_COUNT]) {
    int applied = 0;
    for (int a = 0; a < ATTR_COUNT && c->n; a++) {
        const struct correction key = {.file = (char *)id, .attribute = (enum attribute)a};
        struct correction *found = bsearch(&key, c->list, c->n, sizeof *c->list, by_label);
        if (!found)
            continue;
        label[a] = (int16_t)found->value;
        found->met = true;
        applied++;
    }
    return applied;
}

bool corrections_all_met(const struct corrections *c, const char *root, struct err *e) {
    for (size_t i = 0; i < c->n; i++)
        if (!c->list[i].met)
            return err_usage(e,
                "%s: corrects %s of %s, but %s has no such file: take the entry out, or leave "
                "/data/corrections out",
                c->name, attribute_name[c->list[i].attribute], c->list[i].file, root);
    return true;
}
