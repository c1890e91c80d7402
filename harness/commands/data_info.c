/* dmtl data info: a set's counts, and what is not used with the reason. */
#include "commands/data_info_adience.h"
#include "commands/data_verb.h"

#include "core/json.h"
#include "core/mem.h"
#include "core/str.h"
#include "data/split.h"
#include "grid/catalogue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DECADES = 13 }; /* 0-9 to 120-129: more than any set's ages */
enum { NAMED = 20 };   /* files of one reason that the text names; --json names all */

struct counts {
    size_t label[ATTR_COUNT][DECADES]; /* classes; for ages, decades */
    size_t known[ATTR_COUNT];
    int first_age, last_age;
    size_t fold[SPLIT_FOLDS], in_folds; /* none where the set ships none */
};

static void count(struct counts *c, const struct manifest *m) {
    *c = (struct counts){.first_age = INT16_MAX, .last_age = -1};
    for (size_t i = 0; i < m->n; i++) {
        if (m->samples[i].fold >= 0) {
            c->fold[m->samples[i].fold]++;
            c->in_folds++;
        }
        for (int a = 0; a < ATTR_COUNT; a++) {
            int label = m->samples[i].label[a];
            if (label == LABEL_MISSING)
                continue;
            bool open = attribute_classes(m->set, m->reading, (enum attribute)a) == 0;
            c->known[a]++;
            c->label[a][open ? label / 10 : label]++;
            if (open && label < c->first_age)
                c->first_age = label;
            if (open && label > c->last_age)
                c->last_age = label;
        }
    }
}

/* ---- what is set aside ---- */

struct reason {
    const char *text, *first_file;
    size_t n;
};

static int by_reason(const void *a, const void *b) {
    return strcmp(((const struct reason *)a)->text, ((const struct reason *)b)->text);
}

/* The distinct reasons, sorted, with how many files have each; the caller frees. */
static struct reason *reasons_of(const struct manifest *m, size_t *n) {
    struct reason *list = xcalloc(m->n_aside, sizeof *list);
    *n = 0;
    for (size_t i = 0; i < m->n_aside; i++)
        list[i] = (struct reason){m->aside[i].reason, m->aside[i].file, 1};
    qsort(list, m->n_aside, sizeof *list, by_reason);
    for (size_t i = 0; i < m->n_aside; i++)
        if (*n && strcmp(list[*n - 1].text, list[i].text) == 0) {
            list[*n - 1].n++;
            if (strcmp(list[i].first_file, list[*n - 1].first_file) < 0)
                list[*n - 1].first_file = list[i].first_file;
        } else {
            list[(*n)++] = list[i];
        }
    return list;
}

/* Each file by its name, but for those of a reason that many share. */
static void add_aside(struct str *out, const struct manifest *m) {
    size_t n;
    struct reason *list = reasons_of(m, &n);
    str_add(out, "\nset aside:\n");
    for (size_t i = 0; i < n; i++) {
        char *shown = str_quoted(list[i].first_file);
        if (list[i].n > NAMED)
            str_addf(out, "  %zu files, such as %s: %s\n", list[i].n, shown, list[i].text);
        free(shown);
    }
    for (size_t i = 0; i < m->n_aside; i++) {
        const struct reason key = {.text = m->aside[i].reason};
        const struct reason *reason = bsearch(&key, list, n, sizeof *list, by_reason);
        char *shown = str_quoted(m->aside[i].file);
        if (reason->n <= NAMED)
            str_addf(out, "  %s: %s\n", shown, m->aside[i].reason);
        free(shown);
    }
    free(list);
}

/* ---- printing ---- */

static int rows_of(const struct manifest *m, enum attribute a) {
    int classes = attribute_classes(m->set, m->reading, a);
    return classes ? classes : DECADES;
}

/* The class's name, or the decade; into a buffer of 16. */
static const char *row_name(const struct manifest *m, enum attribute a, int row, char *buffer) {
    const char *name = attribute_class_name(m->set, m->reading, a, row);
    if (name)
        return name;
    if (attribute_classes(m->set, m->reading, a))
        snprintf(buffer, 16, "%d", row);
    else
        snprintf(buffer, 16, "%d-%d", 10 * row, 10 * row + 9);
    return buffer;
}

static void add_text(struct str *out, const struct manifest *m, const struct counts *c) {
    char buffer[16];
    str_addf(out, "%s in %s%s\n%zu usable images, %zu files set aside\nfingerprint %s\n",
        dataset_names[m->set].name, m->root, m->drawn ? " (drawn, nobody real)" : "", m->n,
        m->n_aside, m->fingerprint);
    if (m->corrected || m->disputed)
        str_addf(out,
            "%zu labels corrected (/data/corrections); of what sources disagree on, %zu entries are not applied\n",
            m->corrected, m->disputed);
    for (int a = 0; a < ATTR_COUNT; a++) {
        struct label_range labels = label_range(m->set, m->reading, (enum attribute)a);
        if (labels.first > labels.last)
            continue; /* the set has no such labels */
        str_addf(out, "\n%s: %zu labelled", attribute_name[a], c->known[a]);
        if (!attribute_classes(m->set, m->reading, (enum attribute)a) && c->known[a])
            str_addf(out, ", %d to %d", c->first_age, c->last_age);
        if (c->known[a] < m->n)
            str_addf(out, ", %zu without", m->n - c->known[a]);
        str_addc(out, '\n');
        for (int row = 0; row < rows_of(m, (enum attribute)a); row++)
            if (c->label[a][row])
                str_addf(out, "  %-8s %7zu  %5.1f %%\n",
                    row_name(m, (enum attribute)a, row, buffer), c->label[a][row],
                    100.0 * (double)c->label[a][row] / (double)c->known[a]);
    }
    if (c->in_folds)
        str_add(out, "\nfold:\n");
    for (int fold = 0; c->in_folds && fold < SPLIT_FOLDS; fold++)
        str_addf(out, "  %-8d %7zu  %5.1f %%\n", fold, c->fold[fold],
            100.0 * (double)c->fold[fold] / (double)c->in_folds);
    if (m->n_aside)
        add_aside(out, m);
}

static void add_json_aside(cJSON *root, const struct manifest *m) {
    size_t n;
    struct reason *list = reasons_of(m, &n);
    cJSON *reasons = cJSON_AddObjectToObject(root, "reasons");
    for (size_t i = 0; i < n; i++)
        cJSON_AddNumberToObject(reasons, list[i].text, (double)list[i].n);
    free(list);
    cJSON *aside = cJSON_AddArrayToObject(root, "set_aside");
    for (size_t i = 0; i < m->n_aside; i++) {
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "file", m->aside[i].file);
        cJSON_AddStringToObject(item, "reason", m->aside[i].reason);
        cJSON_AddItemToArray(aside, item);
    }
}

static void add_json(cJSON *root, const struct manifest *m, const struct counts *c) {
    char buffer[16];
    cJSON_AddStringToObject(root, "set", dataset_names[m->set].name);
    cJSON_AddStringToObject(root, "folder", m->root);
    cJSON_AddBoolToObject(root, "drawn", m->drawn);
    cJSON_AddStringToObject(root, "fingerprint", m->fingerprint);
    cJSON_AddNumberToObject(root, "usable", (double)m->n);
    cJSON_AddNumberToObject(root, "corrected", (double)m->corrected);
    cJSON_AddNumberToObject(root, "disputed", (double)m->disputed);
    if (c->last_age >= 0) {
        cJSON *range = cJSON_AddArrayToObject(root, "ages");
        cJSON_AddItemToArray(range, cJSON_CreateNumber(c->first_age));
        cJSON_AddItemToArray(range, cJSON_CreateNumber(c->last_age));
    }
    cJSON *labels = cJSON_AddObjectToObject(root, "labels");
    for (int a = 0; a < ATTR_COUNT; a++) {
        cJSON *object = cJSON_AddObjectToObject(labels, attribute_name[a]);
        for (int row = 0; row < rows_of(m, (enum attribute)a); row++)
            if (c->label[a][row])
                cJSON_AddNumberToObject(
                    object, row_name(m, (enum attribute)a, row, buffer), (double)c->label[a][row]);
    }
    cJSON *folds = c->in_folds ? cJSON_AddArrayToObject(root, "folds") : NULL;
    for (int fold = 0; folds && fold < SPLIT_FOLDS; fold++)
        cJSON_AddItemToArray(folds, cJSON_CreateNumber((double)c->fold[fold]));
    add_json_aside(root, m);
}

/* Appends what is known of the manifest, and of its set's own lists, to `out`. */
static void add_info(struct str *out, const struct manifest *m, bool as_json) {
    struct counts c;
    cJSON *root = as_json ? cJSON_CreateObject() : NULL;
    count(&c, m);
    if (as_json)
        add_json(root, m, &c);
    else
        add_text(out, m, &c);
    if (m->rows)
        adience_info(out, root, m->rows);
    if (as_json) {
        json_pretty(out, root);
        str_addc(out, '\n');
    }
    cJSON_Delete(root);
}

bool data_info(const struct data_verb *v, struct err *e) {
    enum dataset_id set;
    struct manifest m = {0};
    struct config c = {0};
    const char *dir = NULL;
    bool ok = data_verb_set(v, v->argument, &set, e) && data_verb_reading(v, set, &c, e) &&
              (dir = data_options_dir(&v->data, set, e)) &&
              manifest_open_any(&m, set, c.data.reading, dir, v->cache_dir, v->threads, e);
    if (ok) {
        struct str out = {0};
        add_info(&out, &m, v->json);
        fputs(out.text, stdout);
        str_free(&out);
        manifest_close(&m);
    }
    config_free(&c);
    return ok;
}
