/* What choices on the validation part may say: keys that exist and can be chosen, lists that leave a
 * choice, metrics that the tasks have. */
#include "grid/key_checks.h"

#include "analysis/metrics.h"
#include "core/mem.h"
#include "core/words.h"
#include "grid/key_table.h"
#include "grid/select.h"

#include <stdlib.h>
#include <string.h>

/* A choice must not change what it is judged by, and is made for all seeds. */
static const struct {
    const char *prefix, *why;
} not_chosen[] = {
    {"/split/", "candidates must be validated on the same images"},
    {"/data/set", "candidates must be validated on the same images"},
    {"/data/corrections", "candidates must be validated on the same labels"},
    {"/data/ages", "candidates must be validated on the same labels"},
    {"/data/age_labels", "candidates must be validated on the same labels"},
    {"/data/races", "candidates must be validated on the same labels"},
    {"/data/repeated_rows", "candidates must be validated on the same images"},
    {"/data/crop", "candidates must be validated on the same images"},
    {"/seed", "one choice holds for all seeds"},
    {"/tasks/age/ranks", "candidates must be validated on the same labels"},
    {"/tasks/gender/ranks", "candidates must be validated on the same labels"},
    {"/tasks/race/ranks", "candidates must be validated on the same labels"},
};

static const struct key_row *find(const struct key_row *rows, int n, const char *pointer) {
    for (int i = 0; i < n; i++)
        if (strcmp(rows[i].pointer, pointer) == 0)
            return &rows[i];
    return NULL;
}

static bool unknown(const char *where, const char *pointer, const struct key_row *rows, int n,
    const char *name, const char *prefix, struct err *e) {
    const char *near = str_nearest(name, rows, (size_t)n, sizeof rows[0]);
    return err_usage(e, "%s: /select/keys: \"%.100s\": unknown key%s%s%s%s", where, pointer,
        near ? "; did you mean " : " (`dmtl plan --keys` lists them)", near ? prefix : "",
        near ? near : "", near ? "?" : "");
}

/* The key's row, or NULL with a message. A task that the configuration has not is named, for a variant that
 * removes one inherits base's lists. */
static const struct key_row *key_of(
    const struct config *c, const char *where, const char *pointer, struct err *e) {
    const struct key_row *row;
    if (str_starts(pointer, "/tasks/")) {
        for (int t = 0; t < c->n_tasks; t++) {
            char *prefix = xasprintf("/tasks/%s", attribute_name[c->tasks[t].attribute]);
            size_t n = strlen(prefix);
            bool here = strncmp(pointer, prefix, n) == 0 && (pointer[n] == '/' || !pointer[n]);
            row = here ? find(task_keys, n_task_keys, pointer + n) : NULL;
            if (here && !row)
                unknown(where, pointer, task_keys, n_task_keys, pointer + n, prefix, e);
            free(prefix);
            if (here)
                return row;
        }
        err_usage(e,
            "%s: /select/keys: \"%.100s\": the configuration has no such task: a variant that removes a "
            "task sets this list to null",
            where, pointer);
        return NULL;
    }
    row = find(config_keys, n_config_keys, pointer);
    if (!row || row->type == KEY_TASKS)
        unknown(where, pointer, config_keys, n_config_keys, pointer, "", e);
    return row;
}

static bool check_list(const char *where, const cJSON *list, struct err *e) {
    int n = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0;
    if (n < 2)
        return err_usage(e,
            "%s: /select/keys: \"%.100s\": expected a list of at least two values to choose from%s",
            where, list->string, n == 1 ? "; one is no choice: write it as the key's value" : "");
    for (int i = 0; i < n; i++)
        for (int j = 0; j < i; j++)
            if (cJSON_Compare(cJSON_GetArrayItem(list, i), cJSON_GetArrayItem(list, j), true))
                return err_usage(
                    e, "%s: /select/keys: \"%.100s\": a value stands twice", where, list->string);
    return true;
}

static bool check_key(const struct config *c, const char *where, const cJSON *list, struct err *e) {
    const struct key_row *row = key_of(c, where, list->string, e);
    if (!row)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(not_chosen); i++)
        if (str_starts(list->string, not_chosen[i].prefix))
            return err_usage(e, "%s: /select/keys: \"%s\": cannot be chosen: %s", where,
                list->string, not_chosen[i].why);
    if (row->no_result)
        return err_usage(e,
            "%s: /select/keys: \"%s\": changes no result: there is nothing to choose", where,
            list->string);
    return check_list(where, list, e);
}

static bool check_keys(
    const struct config *c, const char *where, const cJSON *keys, struct err *e) {
    size_t candidates = 1;
    const cJSON *list;
    cJSON_ArrayForEach(list, keys) {
        /* The length before the values: a list of thousands is not compared pair by pair. */
        candidates *= cJSON_IsArray(list) ? (size_t)cJSON_GetArraySize(list) : 1;
        if (candidates > MAX_CANDIDATES)
            return err_usage(e,
                "%s: /select/keys: %zu combinations or more to try: expected at most %d", where,
                candidates, MAX_CANDIDATES);
        if (!check_key(c, where, list, e))
            return false;
    }
    return true;
}

static bool check_metric(const char *where, const char *key, enum attribute task, const cJSON *name,
    bool *counts, struct err *e) {
    struct str known = {0};
    bool found = cJSON_IsString(name) && strcmp(name->valuestring, "none") == 0;
    *counts = !found;
    for (int i = 0; i < METRIC_COUNT; i++)
        if (task == ATTR_AGE || !metric_rows[i].ordinal_only) {
            found = found ||
                    (cJSON_IsString(name) && strcmp(metric_rows[i].name, name->valuestring) == 0);
            str_addf(&known, "%s, ", metric_rows[i].name);
        }
    if (!found)
        err_usage(e, "%s: %s/%s: expected one of %sor none", where, key, name->string, known.text);
    str_free(&known);
    return found;
}

static bool check_metrics(const struct config *c, const char *where, const char *key,
    const char *metrics, struct err *e) {
    cJSON *object = cJSON_Parse(metrics);
    const cJSON *name;
    int counted = c->n_tasks;
    cJSON_ArrayForEach(name, object) {
        int task = 0;
        bool counts;
        while (task < c->n_tasks &&
               strcmp(attribute_name[c->tasks[task].attribute], name->string) != 0)
            task++;
        if (task == c->n_tasks)
            err_usage(
                e, "%s: %s/%.60s: the configuration has no such task", where, key, name->string);
        else if (check_metric(where, key, c->tasks[task].attribute, name, &counts, e))
            counted -= !counts;
        if (e->kind != ERR_NONE)
            break;
    }
    if (e->kind == ERR_NONE && counted == 0)
        err_usage(e, "%s: %s: no task counts: expected a metric for at least one", where, key);
    cJSON_Delete(object);
    return e->kind == ERR_NONE;
}

static bool check_reporting(const struct config *c, const char *where, struct err *e) {
    if (c->report_epoch == REPORT_LAST && c->early_stop_epochs == 0)
        return strcmp(c->report_metrics, "{}") == 0 ||
               err_usage(e,
                   "%s: /report_metrics: counts for nothing with /report_epoch \"last\" and without "
                   "/early_stop_epochs: leave it out",
                   where);
    return check_metrics(c, where, "/report_metrics", c->report_metrics, e);
}

bool select_check(const struct config *c, const char *where, struct err *e) {
    bool said = strcmp(c->select.metrics, "{}") != 0 || c->select.seed != 1 || c->select.epochs;
    if (!config_selects(c) && said)
        return err_usage(e,
            "%s: /select: metrics, seed and epochs count for nothing without /select/keys: leave them "
            "out",
            where);
    if (!config_selects(c))
        return check_reporting(c, where, e);
    if (c->select.epochs > c->epochs)
        return err_usage(e, "%s: /select/epochs: %d: more than /epochs, which is %d", where,
            c->select.epochs, c->epochs);
    cJSON *keys = cJSON_Parse(c->select.keys);
    if (c->select.epochs && json_get(keys, "/epochs")) {
        cJSON_Delete(keys);
        return err_usage(e,
            "%s: /select/epochs: counts for nothing where /select/keys tries values of /epochs: leave "
            "one out",
            where);
    }
    bool ok = check_keys(c, where, keys, e) &&
              check_metrics(c, where, "/select/metrics", c->select.metrics, e);
    cJSON_Delete(keys);
    return ok;
}
