/* dmtl data info: a set's counts, and what is not used with the reason. */
#include "commands/data_counts.h"
#include "commands/data_info_adience.h"
#include "commands/data_verb.h"

#include "core/json.h"
#include "core/mem.h"
#include "core/str.h"
#include "data/duplicates.h"
#include "data/noise_floor.h"
#include "data/split.h"
#include "grid/catalogue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMED = 20 }; /* files of one reason that the text names; --json names all */

struct counts {
    struct label_counts labels;
    size_t fold[SPLIT_FOLDS], in_folds; /* none where the set ships none */
};

static void count(struct counts *c, const struct manifest *m) {
    *c = (struct counts){.labels = counts_of_none()};
    for (size_t i = 0; i < m->n; i++) {
        counts_add(&c->labels, m, &m->samples[i]);
        if (m->samples[i].fold >= 0) {
            c->fold[m->samples[i].fold]++;
            c->in_folds++;
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

/* Of files alone, for which no image has to be decoded. */
static struct noise_floor identical_of(const struct manifest *m) {
    struct noise_floor f;
    int32_t *group = duplicate_groups(m, DUPLICATES_IDENTICAL);
    noise_floor_of(&f, m, group);
    free(group);
    return f;
}

static void add_text(struct str *out, const struct manifest *m, const struct counts *c) {
    char buffer[16];
    str_addf(out, "%s in %s%s\n%zu usable images, %zu files set aside\nfingerprint %s\n",
        dataset_names[m->set].name, m->root, m->drawn ? " (drawn, nobody real)" : "", m->n,
        m->n_aside, m->fingerprint);
    str_add(out, "no image was decoded: `dmtl data cache` names those that cannot be\n");
    if (m->corrected || m->disputed)
        str_addf(out,
            "%zu labels corrected (/data/corrections); of what sources disagree on, %zu entries are not applied\n",
            m->corrected, m->disputed);
    for (enum attribute a = 0; a < ATTR_COUNT; a++) {
        const struct label_counts *l = &c->labels;
        if (!counts_has(m, a))
            continue;
        str_addf(out, "\n%s: %zu labelled", attribute_name[a], l->known[a]);
        if (!attribute_classes(m->set, m->reading, a) && l->known[a])
            str_addf(out, ", %d to %d", l->first_age, l->last_age);
        if (l->known[a] < m->n)
            str_addf(out, ", %zu without", m->n - l->known[a]);
        str_addc(out, '\n');
        for (int row = 0; row < counts_rows(m, a); row++)
            if (l->label[a][row])
                str_addf(out, "  %-8s %7zu  %5.1f %%\n", counts_row_name(m, a, row, buffer),
                    l->label[a][row], 100.0 * (double)l->label[a][row] / (double)l->known[a]);
    }
    if (c->in_folds)
        str_add(out, "\nfold:\n");
    for (int fold = 0; c->in_folds && fold < SPLIT_FOLDS; fold++)
        str_addf(out, "  %-8d %7zu  %5.1f %%\n", fold, c->fold[fold],
            100.0 * (double)c->fold[fold] / (double)c->in_folds);
    struct noise_floor identical = identical_of(m);
    if (identical.groups)
        str_addf(out,
            "\nduplicates:\n  %zu groups of %zu identical files (`dmtl data duplicates` finds near ones too)\n",
            identical.groups, identical.files);
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
    struct noise_floor identical = identical_of(m);
    cJSON_AddStringToObject(root, "set", dataset_names[m->set].name);
    cJSON_AddStringToObject(root, "folder", m->root);
    cJSON_AddBoolToObject(root, "drawn", m->drawn);
    cJSON_AddStringToObject(root, "fingerprint", m->fingerprint);
    cJSON_AddNumberToObject(root, "usable", (double)m->n);
    cJSON_AddNumberToObject(root, "corrected", (double)m->corrected);
    cJSON_AddNumberToObject(root, "disputed", (double)m->disputed);
    cJSON_AddNumberToObject(root, "identical_groups", (double)identical.groups);
    cJSON_AddNumberToObject(root, "identical_files", (double)identical.files);
    if (c->labels.last_age >= 0) {
        cJSON *range = cJSON_AddArrayToObject(root, "ages");
        cJSON_AddItemToArray(range, cJSON_CreateNumber(c->labels.first_age));
        cJSON_AddItemToArray(range, cJSON_CreateNumber(c->labels.last_age));
    }
    cJSON_AddItemToObject(root, "labels", counts_json(&c->labels, m));
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
    struct manifest m;
    if (data_verb_on_grid(v))
        return data_info_grid(v, e);
    if (!data_verb_open(v, &m, e))
        return false;
    struct str out = {0};
    add_info(&out, &m, v->json);
    fputs(out.text, stdout);
    str_free(&out);
    manifest_close(&m);
    return true;
}
