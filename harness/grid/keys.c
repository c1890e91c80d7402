#include "grid/keys.h"

#include "core/mem.h"
#include "grid/key_checks.h"
#include "grid/key_table.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID_FORMAT = 1 }; /* in every id: a new number orphans every stored cell */

static bool refuse(const struct key_place *p, const char *at, const cJSON *value,
    const char *expected, struct err *e) {
    enum { SHOWN = 60 };
    struct str text = {0};
    json_canonical(&text, value);
    err_usage(e, "%s: %s%s%s: %.*s%s: expected %s", p->where, p->prefix, p->task, at, SHOWN,
        text.text, text.len > SHOWN ? "..." : "", expected);
    str_free(&text);
    return false;
}

/* ---- what each type of key accepts, in words ---- */

static void add_bounds(struct str *out, const struct key_row *row) {
    str_add(out, row->above ? "above " : "from ");
    json_add_number(out, row->low);
    str_add(out, row->above   ? row->below ? " and below " : ", at most "
                 : row->below ? " to below "
                              : " to ");
    json_add_number(out, row->high);
}

static void add_expected(struct str *out, const struct key_row *row) {
    static const char *const words[KEY_TYPE_COUNT] = {
        [KEY_NAME] = "one of ",
        [KEY_TEXT] = "a text",
        [KEY_BOOL] = "true or false",
        [KEY_INT] = "a whole number ",
        [KEY_SEED] = "a whole number ",
        [KEY_REAL] = "a number ",
        [KEY_RANKS] = "[first, last], first < last, whole numbers ",
        [KEY_UNITS] = "a list of at most 4 whole numbers ",
        [KEY_OBJECT] = "an object",
        [KEY_TASKS] = "an object with members age, gender, race",
    };
    _Static_assert(MAX_HIDDEN == 4, "the words above say so");
    str_add(out, row->names ? "one of " : words[row->type]);
    for (int i = 0; i < row->n_names; i++)
        str_addf(out, "%s\"%s\"", i ? ", " : "", row->names[i].name);
    if (row->or_path)
        str_add(out, ", or a file's path, with a \"/\" or a \".\" in it");
    if (row->low < row->high)
        add_bounds(out, row);
}

/* ---- reading a value into its field ---- */

static bool in_bounds(const struct key_row *row, const cJSON *value, bool whole) {
    if (!cJSON_IsNumber(value))
        return false;
    double x = value->valuedouble;
    return (row->above ? x > row->low : x >= row->low) &&
           (row->below ? x < row->high : x <= row->high) && (!whole || x == floor(x));
}

static bool read_name(const struct key_row *row, const cJSON *value, int *index) {
    for (*index = 0; cJSON_IsString(value) && *index < row->n_names; ++*index)
        if (strcmp(row->names[*index].name, value->valuestring) == 0)
            return true;
    return false;
}

static bool is_path(const cJSON *value) {
    return cJSON_IsString(value) && strpbrk(value->valuestring, "/.") != NULL;
}

static bool read_list(const struct key_row *row, const cJSON *value, int *list, int *n) {
    *n = cJSON_IsArray(value) ? cJSON_GetArraySize(value) : -1;
    if (*n < 0 || (size_t)*n * sizeof *list > row->size)
        return false;
    int i = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, value) {
        if (!in_bounds(row, item, true))
            return false;
        list[i++] = (int)item->valuedouble;
    }
    return true;
}

static bool read_object(const cJSON *value, char **field) {
    if (!cJSON_IsObject(value))
        return false;
    struct str text = {0};
    json_canonical(&text, value);
    free(*field);
    *field = str_detach(&text);
    return true;
}

/* Whether `value` is what the row expects; if so it is in the field of `base`. */
static bool read_value(const struct key_row *row, const cJSON *value, void *base) {
    void *field = (char *)base + row->offset;
    int index, list[MAX_HIDDEN] = {0}, n;
    switch (row->type) {
    case KEY_NAME:
        if (!read_name(row, value, &index))
            return false;
        if (row->size == sizeof(bool))
            *(bool *)field = index != 0;
        else
            memcpy(field, &index, sizeof index);
        return true;
    case KEY_TEXT:
        if (!cJSON_IsString(value) ||
            (row->names && !read_name(row, value, &index) && !(row->or_path && is_path(value))))
            return false;
        free(*(char **)field);
        *(char **)field = xstrdup(value->valuestring);
        return true;
    case KEY_BOOL:
        *(bool *)field = cJSON_IsTrue(value);
        return cJSON_IsBool(value);
    case KEY_INT:
        if (!in_bounds(row, value, true))
            return false;
        *(int *)field = (int)value->valuedouble;
        return true;
    case KEY_SEED:
        if (!in_bounds(row, value, true))
            return false;
        *(uint64_t *)field = (uint64_t)value->valuedouble;
        return true;
    case KEY_REAL:
        if (!in_bounds(row, value, false))
            return false;
        *(double *)field = value->valuedouble;
        return true;
    case KEY_RANKS:
        if (!read_list(row, value, list, &n) || n != 2 || list[0] >= list[1])
            return false;
        memcpy(field, list, 2 * sizeof list[0]);
        return true;
    case KEY_UNITS:
        if (!read_list(row, value, list, &n))
            return false;
        memcpy(field, list, sizeof list);
        *(int *)(void *)((char *)base + row->count_offset) = n;
        return true;
    case KEY_OBJECT:
        return read_object(value, field);
    case KEY_TASKS:
    case KEY_TYPE_COUNT:
        break;
    }
    return cJSON_IsObject(value);
}

static bool read_keys(const struct key_row *rows, int n, cJSON *object, void *base,
    const struct key_place *p, struct err *e) {
    bool ok = true;
    for (int i = 0; ok && i < n; i++) {
        cJSON *value = json_pointer_get(object, rows[i].pointer);
        if (!value || (p->patch && cJSON_IsNull(value)) || read_value(&rows[i], value, base))
            continue;
        struct str expected = {0};
        add_expected(&expected, &rows[i]);
        const char *near = cJSON_IsString(value) && rows[i].names
                               ? str_nearest(value->valuestring, rows[i].names,
                                     (size_t)rows[i].n_names, sizeof rows[i].names[0])
                               : NULL;
        if (near)
            str_addf(&expected, "; did you mean \"%s\"?", near);
        ok = refuse(p, rows[i].pointer, value, expected.text, e);
        str_free(&expected);
    }
    return ok;
}

static bool read_tasks(struct config *c, cJSON *object, struct key_place p, struct err *e) {
    cJSON *tasks = json_get(object, "tasks");
    for (enum attribute a = 0; a < ATTR_COUNT; a++) {
        cJSON *task = json_get(tasks, attribute_name[a]);
        if (!task || (p.patch && cJSON_IsNull(task)))
            continue;
        char at[32];
        snprintf(at, sizeof at, "/tasks/%s", attribute_name[a]);
        if (!cJSON_IsObject(task))
            return refuse(&p, at, task,
                p.patch ? "an object, {} for the defaults, or null to remove the task"
                        : "an object, {} for the defaults",
                e);
        struct task_config *t = &c->tasks[c->n_tasks++];
        task_defaults(t, c->data.set, c->data.reading, a);
        p.task = at;
        if (!read_keys(task_keys, n_task_keys, task, t, &p, e))
            return false;
        p.task = "";
    }
    return true;
}

/* Into fields that hold their defaults. */
static bool parse(struct config *c, const cJSON *object, const char *where, struct err *e) {
    struct key_place p = {.where = where, .prefix = "", .task = ""};
    cJSON *root =
        cJSON_Duplicate(object, true); /* pointers are looked up in trees that may change */
    bool ok = key_names_check(root, &p, e) &&
              read_keys(config_keys, n_config_keys, root, c, &p, e) && read_tasks(c, root, p, e) &&
              config_check(c, where, e);
    cJSON_Delete(root);
    return ok;
}

bool config_parse(struct config *c, const cJSON *object, const char *where, struct err *e) {
    config_defaults(c);
    return parse(c, object, where, e);
}

bool config_parse_text(struct config *c, const char *text, const char *where, struct err *e) {
    cJSON *object = json_parse(where, text, strlen(text), e);
    config_defaults_stored(c);
    bool ok = object && parse(c, object, where, e);
    cJSON_Delete(object);
    return ok;
}

bool config_check_patch(const cJSON *patch, const char *where, const char *prefix, struct err *e) {
    struct key_place p = {.where = where, .prefix = prefix, .task = "", .patch = true};
    struct config scratch;
    config_defaults(&scratch);
    cJSON *root = cJSON_Duplicate(patch, true);
    bool ok = key_names_check(root, &p, e) &&
              read_keys(config_keys, n_config_keys, root, &scratch, &p, e) &&
              read_tasks(&scratch, root, p, e);
    cJSON_Delete(root);
    config_free(&scratch);
    return ok;
}

cJSON *config_assignment(const char *text, struct err *e) {
    const char *equals = strchr(text, '=');
    if (!equals) {
        err_usage(e, "--set %s: expected /pointer=value, like /epochs=3", text);
        return NULL;
    }
    char *pointer = xstrndup(text, (size_t)(equals - text));
    struct err no_json = {0};
    cJSON *value = json_parse("--set", equals + 1, strlen(equals + 1), &no_json);
    cJSON *patch = cJSON_CreateObject();
    bool ok = json_pointer_set(patch, pointer, value ? value : cJSON_CreateString(equals + 1), e) ||
              err_add(e, "--set %s", text);
    free(pointer);
    if (ok)
        return patch;
    cJSON_Delete(patch);
    return NULL;
}

void config_free(struct config *c) {
    for (int i = 0; i < n_config_keys; i++)
        if (config_keys[i].type == KEY_TEXT || config_keys[i].type == KEY_OBJECT)
            free(*(char **)(void *)((char *)c + config_keys[i].offset));
    *c = (struct config){0};
}

/* ---- writing fields as values ---- */

static cJSON *value_json(const struct key_row *row, const void *base) {
    const void *field = (const char *)base + row->offset;
    int index;
    switch (row->type) {
    case KEY_NAME:
        if (row->size == sizeof(bool))
            index = *(const bool *)field;
        else
            memcpy(&index, field, sizeof index);
        return cJSON_CreateString(row->names[index].name);
    case KEY_TEXT:
        return cJSON_CreateString(*(char *const *)field);
    case KEY_OBJECT:
        return cJSON_Parse(*(char *const *)field); /* our own canonical text */
    case KEY_BOOL:
        return cJSON_CreateBool(*(const bool *)field);
    case KEY_INT:
        return cJSON_CreateNumber(*(const int *)field);
    case KEY_SEED:
        return cJSON_CreateNumber((double)*(const uint64_t *)field);
    case KEY_REAL:
        return cJSON_CreateNumber(*(const double *)field);
    case KEY_RANKS:
        return cJSON_CreateIntArray(field, 2);
    case KEY_UNITS:
        return cJSON_CreateIntArray(
            field, *(const int *)(const void *)((const char *)base + row->count_offset));
    case KEY_TASKS:
    case KEY_TYPE_COUNT:
        break;
    }
    return cJSON_CreateObject();
}

static bool same_value(const struct key_row *row, const void *a, const void *b) {
    struct str x = {0}, y = {0};
    cJSON *u = value_json(row, a), *v = value_json(row, b);
    json_canonical(&x, u); /* cJSON_Compare takes neighbouring doubles for equal */
    json_canonical(&y, v);
    bool same = strcmp(x.text, y.text) == 0;
    cJSON_Delete(u);
    cJSON_Delete(v);
    str_free(&x);
    str_free(&y);
    return same;
}

/* Sets the values of `base` in `object`; with `defaults`, only those that are part of the id: they
 * change results and differ from `defaults`. */
static void add_keys(
    cJSON *object, const struct key_row *rows, int n, const void *base, const void *defaults) {
    for (int i = 0; i < n; i++) {
        const struct key_row *row = &rows[i];
        if (defaults && (row->no_result || same_value(row, base, defaults)) &&
            row->type != KEY_TASKS)
            continue;
        struct err e = {0};
        bool ok = json_pointer_set(object, row->pointer, value_json(row, base), &e);
        assert(ok && "the pointers of the table fit together");
        (void)ok;
    }
}

static void add_tasks(cJSON *object, const struct config *c, bool for_id) {
    cJSON *tasks = json_get(object, "tasks");
    for (int i = 0; i < c->n_tasks; i++) {
        struct task_config defaults;
        task_defaults(&defaults, c->data.set, c->data.reading, c->tasks[i].attribute);
        cJSON *task = cJSON_AddObjectToObject(tasks, attribute_name[c->tasks[i].attribute]);
        add_keys(task, task_keys, n_task_keys, &c->tasks[i], for_id ? &defaults : NULL);
    }
}

cJSON *config_resolved(const struct config *c) {
    cJSON *object = cJSON_CreateObject();
    add_keys(object, config_keys, n_config_keys, c, NULL);
    add_tasks(object, c, false);
    return object;
}

void config_id(const struct config *c, char id[SHA256_HEX]) {
    struct config defaults;
    config_defaults_stored(&defaults);
    cJSON *object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "format", ID_FORMAT);
    add_keys(object, config_keys, n_config_keys, c, &defaults);
    add_tasks(object, c, true);
    struct str text = {0};
    json_canonical(&text, object);
    sha256_bytes(text.text, text.len, id);
    str_free(&text);
    cJSON_Delete(object);
    config_free(&defaults);
}

/* ---- help ---- */

static void describe(const char *prefix, const struct key_row *row, cJSON *value,
    void (*tell)(const struct key_description *k, void *context), void *context) {
    char *pointer = xasprintf("%s%s", prefix, row->pointer);
    struct str expected = {0}, standard = {0};
    add_expected(&expected, row);
    if (row->text && row->type != KEY_TEXT && row->type != KEY_OBJECT)
        str_add(&standard, row->text);
    else
        json_canonical(&standard, value);
    tell(&(struct key_description){.pointer = pointer,
             .help = row->help,
             .expected = expected.text,
             .standard = standard.text,
             .names = row->names,
             .n_names = row->n_names,
             .boolean = row->type == KEY_BOOL,
             .or_path = row->or_path,
             .no_result = row->no_result},
        context);
    cJSON_Delete(value);
    str_free(&standard);
    str_free(&expected);
    free(pointer);
}

void keys_describe(void (*tell)(const struct key_description *k, void *context), void *context) {
    struct config c;
    struct task_config t;
    config_defaults(&c);
    task_defaults(&t, c.data.set, c.data.reading, ATTR_AGE);
    for (int i = 0; i < n_config_keys; i++) {
        describe("", &config_keys[i], value_json(&config_keys[i], &c), tell, context);
        for (int j = 0; config_keys[i].type == KEY_TASKS && j < n_task_keys; j++)
            describe("/tasks/NAME", &task_keys[j], value_json(&task_keys[j], &t), tell, context);
    }
    config_free(&c);
}

static void add_help(const struct key_description *k, void *context) {
    struct str *out = context;
    str_addf(out, "%s\n    %s\n    %s; default %s%s\n", k->pointer, k->help, k->expected,
        k->standard, k->no_result ? "; changes no result" : "");
    for (int i = 0; i < k->n_names; i++)
        str_addf(out, "      %-18s %s\n", k->names[i].name, k->names[i].help);
}

void keys_help(struct str *out) {
    keys_describe(add_help, out);
}
