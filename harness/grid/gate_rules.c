#include "grid/gate_rules.h"

#include "core/mem.h"
#include "grid/grid_parts.h"

#include <stdlib.h>
#include <string.h>

static const char *const action_name[ACTION_COUNT] = {
    [ACTION_PASS] = "pass",
    [ACTION_WARN] = "warn",
    [ACTION_UNLESS_LEAKY] = "unless-leaky",
    [ACTION_REFUSE] = "refuse",
};

const struct gate_rules gate_rules_default = {.action = {[GATE_FILES] = ACTION_UNLESS_LEAKY,
                                                  [GATE_CONTENTS] = ACTION_UNLESS_LEAKY,
                                                  [GATE_DUPLICATES] = ACTION_WARN,
                                                  [GATE_SUBJECTS] = ACTION_UNLESS_LEAKY,
                                                  [GATE_ALBUMS] = ACTION_WARN,
                                                  [GATE_SHIFT] = ACTION_WARN,
                                                  [GATE_CLASSES] = ACTION_WARN,
                                                  [GATE_GROUPS] = ACTION_WARN,
                                                  [GATE_SIZE] = ACTION_WARN},
    .bounds = {
        .shift_p = 0.001, .shift_v = 0.1, .classes_n = 1, .groups_n = 20, .size_width = 0.2}};

static const struct bound_row {
    enum gate gate;
    const char *name;
    size_t at; /* of struct gate_bounds */
    double low, high;
} bound_rows[] = {
    {GATE_SHIFT, "p", offsetof(struct gate_bounds, shift_p), 0, 1},
    {GATE_SHIFT, "v", offsetof(struct gate_bounds, shift_v), 0, 1},
    {GATE_CLASSES, "samples", offsetof(struct gate_bounds, classes_n), 1, 1e9},
    {GATE_GROUPS, "samples", offsetof(struct gate_bounds, groups_n), 1, 1e9},
    {GATE_SIZE, "width", offsetof(struct gate_bounds, size_width), 0, 2},
};

static double *bound_of(struct gate_rules *r, const struct bound_row *row) {
    return (double *)(void *)((char *)&r->bounds + row->at);
}

bool gate_leaks(enum gate gate) {
    return gate == GATE_FILES || gate == GATE_CONTENTS || gate == GATE_DUPLICATES ||
           gate == GATE_SUBJECTS;
}

/* ---- reading ---- */

static bool read_action(struct gate_rules *r, enum gate gate, const cJSON *value, const char *where,
    const char *at, struct err *e) {
    int action =
        cJSON_IsString(value) ? word_find(action_name, ACTION_COUNT, value->valuestring) : -1;
    struct str shown = {0};
    json_canonical(&shown, value);
    if (action < 0) {
        err_usage(e, "%s: %s: %.200s: expected pass, warn, unless-leaky or refuse", where, at,
            shown.text);
        if (cJSON_IsString(value))
            err_hint(e, value->valuestring, action_name, ACTION_COUNT, sizeof *action_name);
    } else if (action == ACTION_PASS && gate_leaks(gate))
        err_usage(e,
            "%s: %s: \"pass\": what parts share here is a leak, which is never silent: expected "
            "warn, unless-leaky or refuse",
            where, at);
    else
        r->action[gate] = (enum gate_action)action;
    str_free(&shown);
    return e->kind == ERR_NONE;
}

static bool read_bound(struct gate_rules *r, const struct bound_row *row, const cJSON *value,
    const char *where, const char *at, struct err *e) {
    if (!cJSON_IsNumber(value) || value->valuedouble < row->low || value->valuedouble > row->high) {
        struct str shown = {0};
        json_canonical(&shown, value);
        err_usage(e, "%s: %s/%s: %.200s: expected a number from %g to %g", where, at, row->name,
            shown.text, row->low, row->high);
        str_free(&shown);
        return false;
    }
    *bound_of(r, row) = value->valuedouble;
    return true;
}

static bool read_object(struct gate_rules *r, enum gate gate, const cJSON *object,
    const char *where, const char *at, struct err *e) {
    const char *known[1 + ARRAY_LEN(bound_rows)] = {"action"};
    size_t n = 1;
    for (size_t i = 0; i < ARRAY_LEN(bound_rows); i++)
        if (bound_rows[i].gate == gate)
            known[n++] = bound_rows[i].name;
    if (!grid_known_members(&(struct grid_file){.where = where}, at, object, known, n, e))
        return false;
    const cJSON *action = json_get(object, "action");
    char *inside = xasprintf("%s/action", at);
    bool ok = !action || read_action(r, gate, action, where, inside, e);
    free(inside);
    for (size_t i = 0; ok && i < ARRAY_LEN(bound_rows); i++) {
        const cJSON *value =
            bound_rows[i].gate == gate ? json_get(object, bound_rows[i].name) : NULL;
        ok = !value || read_bound(r, &bound_rows[i], value, where, at, e);
    }
    return ok;
}

bool gate_rules_read(
    struct gate_rules *r, const cJSON *object, const char *where, const char *at, struct err *e) {
    if (!cJSON_IsObject(object))
        return err_usage(e, "%s: %s: expected an object, gate to action", where, at);
    if (!grid_known_members(
            &(struct grid_file){.where = where}, at, object, gate_name, GATE_COUNT, e))
        return false;
    bool ok = true;
    const cJSON *member;
    cJSON_ArrayForEach(member, object) {
        enum gate gate = (enum gate)word_find(gate_name, GATE_COUNT, member->string);
        char *inside = xasprintf("%s/%s", at, member->string);
        ok = ok && (cJSON_IsObject(member) ? read_object(r, gate, member, where, inside, e)
                                           : read_action(r, gate, member, where, inside, e));
        free(inside);
    }
    return ok;
}

char *gate_rules_text(const struct gate_rules *r) {
    struct gate_rules copy = *r;
    cJSON *root = cJSON_CreateObject();
    for (int g = 0; g < GATE_COUNT; g++) {
        cJSON *rule = cJSON_AddObjectToObject(root, gate_name[g]);
        cJSON_AddStringToObject(rule, "action", action_name[r->action[g]]);
        for (size_t i = 0; i < ARRAY_LEN(bound_rows); i++)
            if ((int)bound_rows[i].gate == g)
                cJSON_AddNumberToObject(rule, bound_rows[i].name, *bound_of(&copy, &bound_rows[i]));
    }
    struct str text = {0};
    json_canonical(&text, root);
    cJSON_Delete(root);
    return str_detach(&text);
}

static cJSON *actions_of(enum gate gate) {
    cJSON *s = cJSON_CreateObject(), *names = cJSON_AddArrayToObject(s, "enum");
    for (int a = 0; a < ACTION_COUNT; a++)
        if (a != ACTION_PASS || !gate_leaks(gate))
            cJSON_AddItemToArray(names, cJSON_CreateString(action_name[a]));
    return s;
}

/* An action, or an object with it and the gate's bounds. */
static cJSON *rule_schema(enum gate gate) {
    cJSON *either = cJSON_CreateObject(), *any = cJSON_AddArrayToObject(either, "anyOf");
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "type", "object");
    cJSON *properties = cJSON_AddObjectToObject(object, "properties");
    cJSON_AddItemToObject(properties, "action", actions_of(gate));
    for (size_t i = 0; i < ARRAY_LEN(bound_rows); i++) {
        if (bound_rows[i].gate != gate)
            continue;
        cJSON *bound = cJSON_AddObjectToObject(properties, bound_rows[i].name);
        cJSON_AddStringToObject(bound, "type", "number");
        cJSON_AddNumberToObject(bound, "minimum", bound_rows[i].low);
        cJSON_AddNumberToObject(bound, "maximum", bound_rows[i].high);
    }
    cJSON_AddFalseToObject(object, "additionalProperties");
    cJSON_AddItemToArray(any, actions_of(gate));
    cJSON_AddItemToArray(any, object);
    return either;
}

cJSON *gate_rules_schema(void) {
    cJSON *s = cJSON_CreateObject();
    cJSON_AddStringToObject(s, "type", "object");
    cJSON *properties = cJSON_AddObjectToObject(s, "properties");
    for (int g = 0; g < GATE_COUNT; g++)
        cJSON_AddItemToObject(properties, gate_name[g], rule_schema((enum gate)g));
    cJSON_AddFalseToObject(s, "additionalProperties");
    return s;
}
