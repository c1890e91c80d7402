#include "grid/schema.h"

#include "analysis/age_groups.h"
#include "analysis/metrics.h"
#include "core/json.h"
#include "core/mem.h"
#include "grid/gate_rules.h"
#include "grid/key_table.h"
#include "grid/keys.h"

#include <stdlib.h>
#include <string.h>

static cJSON *of_type(const char *type) {
    cJSON *s = cJSON_CreateObject();
    cJSON_AddStringToObject(s, "type", type);
    return s;
}

static cJSON *add(cJSON *object, const char *name, cJSON *member) {
    cJSON_AddItemToObject(object, name, member);
    return member;
}

/* An object whose members are `properties` and no others. */
static cJSON *closed_object(cJSON *properties) {
    cJSON *s = of_type("object");
    add(s, "properties", properties);
    cJSON_AddFalseToObject(s, "additionalProperties");
    return s;
}

static cJSON *list_of(cJSON *items, int least) {
    cJSON *s = of_type("array");
    add(s, "items", items);
    if (least)
        cJSON_AddNumberToObject(s, "minItems", least);
    return s;
}

static cJSON *one_of_words(const char *const *words, int n) {
    cJSON *s = cJSON_CreateObject();
    add(s, "enum", cJSON_CreateStringArray(words, n));
    return s;
}

/* ---- a key's value ---- */

static cJSON *number(const struct key_row *row, const char *type) {
    cJSON *s = of_type(type);
    cJSON_AddNumberToObject(s, row->above ? "exclusiveMinimum" : "minimum", row->low);
    cJSON_AddNumberToObject(s, row->below ? "exclusiveMaximum" : "maximum", row->high);
    return s;
}

static cJSON *names_of(const struct key_row *row) {
    cJSON *s = cJSON_CreateObject(), *names = cJSON_AddArrayToObject(s, "enum");
    for (int i = 0; i < row->n_names; i++)
        cJSON_AddItemToArray(names, cJSON_CreateString(row->names[i].name));
    return s;
}

static cJSON *text(const struct key_row *row) {
    if (row->n_names == 0)
        return of_type("string");
    if (!row->or_path)
        return names_of(row);
    cJSON *s = cJSON_CreateObject(), *any = cJSON_AddArrayToObject(s, "anyOf");
    cJSON *path = of_type("string");
    cJSON_AddStringToObject(path, "pattern", "[/.]");
    cJSON_AddItemToArray(any, names_of(row));
    cJSON_AddItemToArray(any, path);
    return s;
}

static cJSON *value_of(const struct key_row *row) {
    cJSON *s;
    switch (row->type) {
    case KEY_NAME:
        return names_of(row);
    case KEY_TEXT:
        return text(row);
    case KEY_BOOL:
        return of_type("boolean");
    case KEY_INT:
    case KEY_SEED:
        return number(row, "integer");
    case KEY_REAL:
        return number(row, "number");
    case KEY_RANKS:
        s = list_of(number(row, "integer"), 2);
        cJSON_AddNumberToObject(s, "maxItems", 2);
        return s;
    case KEY_UNITS:
        s = list_of(number(row, "integer"), 0);
        cJSON_AddNumberToObject(s, "maxItems", MAX_HIDDEN);
        return s;
    case KEY_OBJECT:
    case KEY_TASKS:
    case KEY_TYPE_COUNT:
        break;
    }
    return of_type("object");
}

/* With its help, and its default where that depends on nothing. */
static cJSON *described(const struct key_row *row, cJSON *defaults) {
    cJSON *s = value_of(row);
    cJSON_AddStringToObject(s, "description", row->help);
    const cJSON *value = defaults ? json_pointer_get(defaults, row->pointer) : NULL;
    if (value)
        add(s, "default", cJSON_Duplicate(value, true));
    return s;
}

/* ---- a configuration, whole or a merge patch: null takes a member out ---- */

static cJSON *or_null(cJSON *s) {
    cJSON *either = cJSON_CreateObject(), *any = cJSON_AddArrayToObject(either, "anyOf");
    cJSON_AddItemToArray(any, s);
    cJSON_AddItemToArray(any, of_type("null"));
    return either;
}

/* Puts a schema at a pointer's place, with closed objects on the way. */
static void put(cJSON *properties, const char *pointer, cJSON *s) {
    const char *name = pointer + 1, *rest = strchr(name, '/');
    char *first = xstrndup(name, rest ? (size_t)(rest - name) : strlen(name));
    if (!rest) {
        add(properties, first, or_null(s));
    } else {
        if (!json_get(properties, first))
            add(properties, first, or_null(closed_object(cJSON_CreateObject())));
        cJSON *object = cJSON_GetArrayItem(json_get(json_get(properties, first), "anyOf"), 0);
        put(json_get(object, "properties"), rest, s);
    }
    free(first);
}

static cJSON *task(void) {
    cJSON *properties = cJSON_CreateObject();
    for (int i = 0; i < n_task_keys; i++)
        put(properties, task_keys[i].pointer, described(&task_keys[i], NULL));
    return closed_object(properties);
}

static cJSON *tasks(const char *help) {
    cJSON *properties = cJSON_CreateObject();
    for (int t = 0; t < ATTR_COUNT; t++) {
        cJSON *one = cJSON_CreateObject();
        cJSON_AddStringToObject(one, "$ref", "#/$defs/task");
        add(properties, attribute_name[t], or_null(one));
    }
    cJSON *s = closed_object(properties);
    cJSON_AddStringToObject(s, "description", help);
    return s;
}

static cJSON *configuration(cJSON *defaults) {
    cJSON *properties = cJSON_CreateObject();
    for (int i = 0; i < n_config_keys; i++)
        put(properties, config_keys[i].pointer,
            config_keys[i].type == KEY_TASKS ? tasks(config_keys[i].help)
                                             : described(&config_keys[i], defaults));
    return closed_object(properties);
}

/* ---- the rest of the file ---- */

static cJSON *axes(void) {
    cJSON *properties = cJSON_CreateObject();
    for (int i = 0; i < n_config_keys; i++)
        if (config_keys[i].type != KEY_TASKS)
            add(properties, config_keys[i].pointer, list_of(value_of(&config_keys[i]), 1));
    for (int t = 0; t < ATTR_COUNT; t++)
        for (int i = 0; i < n_task_keys; i++) {
            char *pointer = xasprintf("/tasks/%s%s", attribute_name[t], task_keys[i].pointer);
            add(properties, pointer, list_of(value_of(&task_keys[i]), 1));
            free(pointer);
        }
    cJSON *s = closed_object(properties), *coupled = cJSON_CreateObject();
    add(coupled, "^/[^,]+(, */[^,]+)+$", list_of(list_of(cJSON_CreateObject(), 2), 1));
    add(s, "patternProperties", coupled); /* keys that go together */
    return s;
}

static cJSON *column(void) {
    cJSON *properties = cJSON_CreateObject();
    cJSON *metrics = cJSON_CreateObject(), *names = cJSON_AddArrayToObject(metrics, "enum");
    struct age_bin_sets sets;
    struct err none = {0};
    add(properties, "task", one_of_words(attribute_name, ATTR_COUNT));
    for (int m = 0; m < METRIC_COUNT; m++)
        cJSON_AddItemToArray(names, cJSON_CreateString(metric_rows[m].name));
    add(properties, "metric", metrics);
    cJSON *bins = cJSON_CreateObject(), *known = cJSON_AddArrayToObject(bins, "enum");
    cJSON_AddItemToArray(known, cJSON_CreateString(""));
    age_bins_load(&sets, NULL, &none); /* the program's own copy */
    for (int s = 0; s < sets.n; s++)
        cJSON_AddItemToArray(known, cJSON_CreateString(sets.sets[s].name));
    age_bins_free(&sets);
    add(properties, "bins", bins);
    cJSON *s = closed_object(properties);
    static const char *const required[] = {"task", "metric"};
    add(s, "required", cJSON_CreateStringArray(required, ARRAY_LEN(required)));
    return s;
}

static cJSON *row_run_here(void) {
    static const char *const required[] = {"title", "variants"};
    cJSON *row = cJSON_CreateObject();
    add(row, "title", of_type("string"));
    add(row, "variants", list_of(of_type("string"), 1));
    cJSON *s = closed_object(row);
    add(s, "required", cJSON_CreateStringArray(required, ARRAY_LEN(required)));
    return s;
}

static cJSON *row_published(void) {
    static const char *const required[] = {"title", "published", "values"};
    cJSON *row = cJSON_CreateObject(), *source = of_type("string");
    cJSON_AddNumberToObject(source, "minLength", 1);
    add(row, "title", of_type("string"));
    add(row, "published", source);
    add(row, "values", list_of(or_null(of_type("number")), 1));
    cJSON *s = closed_object(row);
    add(s, "required", cJSON_CreateStringArray(required, ARRAY_LEN(required)));
    return s;
}

static cJSON *report(void) {
    cJSON *row = cJSON_CreateObject(), *properties = cJSON_CreateObject();
    cJSON *either = cJSON_AddArrayToObject(row, "anyOf");
    cJSON_AddItemToArray(either, row_run_here());
    cJSON_AddItemToArray(either, row_published());
    add(properties, "rows", list_of(row, 1));
    add(properties, "columns", list_of(column(), 1));
    add(properties, "family", list_of(column(), 1));
    return closed_object(properties);
}

static cJSON *map_of(cJSON *member) {
    cJSON *s = of_type("object");
    add(s, "additionalProperties", member);
    return s;
}

static cJSON *reference(const char *to) {
    cJSON *s = cJSON_CreateObject();
    cJSON_AddStringToObject(s, "$ref", to);
    return s;
}

static cJSON *variants(void) {
    cJSON *s = map_of(reference("#/$defs/configuration"));
    cJSON *names = add(s, "propertyNames", cJSON_CreateObject());
    cJSON_AddNumberToObject(names, "minLength", 1);
    cJSON_AddNumberToObject(names, "maxLength", 200);
    cJSON_AddNumberToObject(s, "minProperties", 1);
    return s;
}

static cJSON *members(void) {
    cJSON *properties = cJSON_CreateObject();
    add(properties, "$schema", of_type("string"));
    add(properties, "title", of_type("string"));
    add(properties, "base", reference("#/$defs/configuration"));
    add(properties, "variants", variants());
    add(properties, "descriptions", map_of(of_type("string")));
    add(properties, "axes", axes());
    add(properties, "exclude", list_of(of_type("object"), 0));
    add(properties, "baseline", of_type("string"));
    add(properties, "report", report());
    add(properties, "gates", gate_rules_schema());
    return properties;
}

void schema_print(struct str *out) {
    static const char *const required[] = {"base", "variants"};
    struct config c;
    config_defaults(&c);
    cJSON *defaults = config_resolved(&c), *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "$schema", "https://json-schema.org/draft/2020-12/schema");
    cJSON_AddStringToObject(root, "title", "A grid of dmtl");
    cJSON_AddStringToObject(root, "type", "object");
    add(root, "required", cJSON_CreateStringArray(required, ARRAY_LEN(required)));
    add(root, "properties", members());
    cJSON_AddFalseToObject(root, "additionalProperties");
    cJSON *defs = cJSON_AddObjectToObject(root, "$defs");
    add(defs, "configuration", configuration(defaults));
    add(defs, "task", task());
    json_pretty(out, root);
    str_addc(out, '\n');
    cJSON_Delete(root);
    cJSON_Delete(defaults);
    config_free(&c);
}
