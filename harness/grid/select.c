#include "grid/select.h"

#include "core/mem.h"
#include "core/words.h"
#include "grid/keys.h"

#include <stdlib.h>
#include <string.h>

bool config_selects(const struct config *c) {
    return strcmp(c->select.keys, "{}") != 0;
}

/* ---- candidates ---- */

static size_t combinations(const cJSON *keys) {
    size_t n = 1;
    const cJSON *key;
    cJSON_ArrayForEach(key, keys) n *= (size_t)cJSON_GetArraySize(key);
    return n;
}

/* Combination k of the lists, the last key fastest. */
static cJSON *combination(const cJSON *keys, size_t k) {
    cJSON *values = cJSON_CreateObject();
    size_t block = combinations(keys);
    const cJSON *key;
    cJSON_ArrayForEach(key, keys) {
        size_t n = (size_t)cJSON_GetArraySize(key);
        block /= n;
        cJSON_AddItemToObject(values, key->string,
            cJSON_Duplicate(cJSON_GetArrayItem(key, (int)(k / block % n)), true));
    }
    return values;
}

/* `c` with these values and nothing left to choose, trained with `seed` for `epochs`. */
static bool with_values(const struct config *c, const cJSON *values, uint64_t seed, int epochs,
    const char *where, struct config *out, struct err *e) {
    cJSON *object = config_resolved(c);
    const cJSON *value;
    bool ok = true;
    cJSON_DeleteItemFromObjectCaseSensitive(object, "select");
    ok = json_pointer_set(object, "/seed", cJSON_CreateNumber((double)seed), e) &&
         json_pointer_set(object, "/epochs", cJSON_CreateNumber(epochs), e);
    cJSON_ArrayForEach(value, values) ok =
        ok && json_pointer_set(object, value->string, cJSON_Duplicate(value, true), e);
    *out = (struct config){0};
    ok = ok && config_parse(out, object, where, e);
    cJSON_Delete(object);
    return ok;
}

static bool make_candidate(const struct config *c, const char *where, const cJSON *values,
    struct candidate *made, struct err *e) {
    struct str text = {0};
    json_canonical(&text, values);
    made->values = str_detach(&text);
    int epochs = c->select.epochs ? c->select.epochs : c->epochs;
    char *with = c->select.epochs ? xasprintf("%s with %s for the %d epochs of /select/epochs",
                                        where, made->values, epochs)
                                  : xasprintf("%s with %s", where, made->values);
    bool ok = with_values(c, values, c->select.seed, epochs, with, &made->config, e);
    if (ok && c->select.epochs && made->config.early_stop_epochs > epochs)
        ok = err_usage(e,
            "%s: /early_stop_epochs: %d: counts for nothing in so few: expected at most %d, or no "
            "/select/epochs",
            with, made->config.early_stop_epochs, epochs);
    if (ok)
        config_id(&made->config, made->id);
    free(with);
    return ok;
}

bool select_candidates(
    const struct config *c, const char *where, struct candidate **list, size_t *n, struct err *e) {
    cJSON *keys = cJSON_Parse(c->select.keys); /* canonical: in the alphabet's order */
    size_t all = combinations(keys);
    *n = 0;
    *list = xcalloc(all, sizeof **list);
    bool ok = true;
    while (ok && *n < all) {
        cJSON *values = combination(keys, *n);
        ok = make_candidate(c, where, values, &(*list)[(*n)++], e);
        cJSON_Delete(values);
    }
    cJSON_Delete(keys);
    return ok;
}

void select_free(struct candidate *list, size_t n) {
    for (size_t i = 0; i < n; i++) {
        free(list[i].values);
        config_free(&list[i].config);
    }
    free(list);
}

bool select_apply(
    const struct config *c, const char *values, struct config *chosen, struct err *e) {
    *chosen = (struct config){0};
    cJSON *object = json_parse("the chosen values", values, strlen(values), e);
    bool ok =
        object && with_values(c, object, c->seed, c->epochs, "the chosen configuration", chosen, e);
    cJSON_Delete(object);
    return ok;
}

/* ---- what choices go by ---- */

static enum metric_id metric_of(const cJSON *metrics, enum attribute a) {
    const cJSON *name = json_get(metrics, attribute_name[a]);
    if (!name)
        return a == ATTR_AGE ? METRIC_MAE : METRIC_ACCURACY;
    int m = 0;
    while (m < METRIC_COUNT && strcmp(metric_rows[m].name, name->valuestring) != 0)
        m++;
    return (enum metric_id)m;
}

void config_metrics(const struct config *c, const char *metrics, enum metric_id metric[MAX_TASKS]) {
    cJSON *object = cJSON_Parse(metrics);
    for (int t = 0; t < c->n_tasks; t++)
        metric[t] = metric_of(object, c->tasks[t].attribute);
    cJSON_Delete(object);
}
