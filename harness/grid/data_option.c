#include "grid/data_option.h"

#include "core/mem.h"
#include "core/str.h"
#include "grid/catalogue.h"

#include <stdlib.h>
#include <string.h>

static int find_set(const char *name, size_t n) {
    for (int set = 0; set < DATASET_COUNT; set++)
        if (strlen(dataset_names[set].name) == n && memcmp(dataset_names[set].name, name, n) == 0)
            return set;
    return -1;
}

static bool unknown_set(const char *name, size_t n, struct err *e) {
    char *word = xstrndup(name, n), *shown = str_quoted(word);
    struct str known = {0};
    for (int set = 0; set < DATASET_COUNT; set++)
        str_addf(&known, "%s%s", set ? ", " : "", dataset_names[set].name);
    err_usage(e, "--data: unknown set %s (known: %s)", shown, known.text);
    err_hint(e, word, dataset_names, ARRAY_LEN(dataset_names), sizeof *dataset_names);
    str_free(&known);
    free(shown);
    free(word);
    return false;
}

bool data_options_add(struct data_options *o, const char *value, struct err *e) {
    const char *equals = strchr(value, '=');
    if (!equals || !equals[1]) {
        char *shown = str_quoted(value);
        err_usage(e, "--data: %s: expected SET=DIR, such as utkface=data/utkface", shown);
        free(shown);
        return false;
    }
    int set = find_set(value, (size_t)(equals - value));
    if (set < 0)
        return unknown_set(value, (size_t)(equals - value), e);
    if (o->dir[set])
        return err_usage(e, "--data: %s is given twice (%s and %s)", dataset_names[set].name,
            o->dir[set], equals + 1);
    o->dir[set] = xstrdup(equals + 1);
    return true;
}

const char *data_options_dir(const struct data_options *o, enum dataset_id set, struct err *e) {
    if (!o->dir[set])
        err_usage(e, "the set %s is needed: say where its images are with --data %s=DIR",
            dataset_names[set].name, dataset_names[set].name);
    return o->dir[set];
}

const char *data_options_lists(const struct data_options *o) {
    return o->lists ? o->lists : "datasets/lists";
}

void data_options_free(struct data_options *o) {
    for (int set = 0; set < DATASET_COUNT; set++)
        free(o->dir[set]);
    *o = (struct data_options){0};
}
