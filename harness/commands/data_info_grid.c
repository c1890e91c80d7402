/* dmtl data info GRID: each distinct split of its cells, with its parts' sizes and labels. */
#include "commands/data_counts.h"
#include "commands/data_verb.h"

#include "core/escape.h"
#include "core/mem.h"
#include "core/str.h"
#include "grid/catalogue.h"
#include "grid/keys.h"
#include "grid/leaky.h"
#include "grid/split_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct info {
    struct str text;
    cJSON *splits; /* NULL: text */
};

struct parts { /* behind the parts: samples in none */
    struct label_counts labels[PART_COUNT + 1];
    size_t n[PART_COUNT + 1];
};
static const char *const column_name[PART_COUNT + 1] = {"train", "validation", "test", "none"};

static struct parts count(const struct data_split *d) {
    const struct manifest *m = d->manifest;
    struct parts p = {.n = {0}};
    int *part = split_part_of(d->split, m->n);
    for (int i = 0; i <= PART_COUNT; i++)
        p.labels[i] = counts_of_none();
    for (size_t i = 0; i < m->n; i++) {
        counts_add(&p.labels[part[i]], m, &m->samples[i]);
        p.n[part[i]]++;
    }
    free(part);
    return p;
}

/* ---- text ---- */

static void add_row(
    struct str *out, const char *indent, const char *name, const size_t n[PART_COUNT + 1]) {
    str_addf(out, "%s%-*s", indent, 14 - (int)strlen(indent), name);
    for (int i = 0; i <= PART_COUNT; i++)
        str_addf(out, "%12zu", n[i]);
    str_addc(out, '\n');
}

static void add_labels(
    struct str *out, const struct manifest *m, const struct parts *p, enum attribute a) {
    char buffer[16];
    for (int row = 0; row < counts_rows(m, a); row++) {
        size_t n[PART_COUNT + 1], all = 0;
        for (int i = 0; i <= PART_COUNT; i++)
            all += n[i] = p->labels[i].label[a][row];
        if (all)
            add_row(out, "    ", counts_row_name(m, a, row, buffer), n);
    }
}

static void add_text(struct str *out, const struct data_split *d, const struct parts *p) {
    const struct manifest *m = d->manifest;
    str_addf(out, "%s", out->len ? "\n" : "");
    struct str words = {0};
    split_words(&words, d->config);
    escape_line(out, words.text);
    str_free(&words);
    str_addf(out, ": %zu cell%s from ", d->n_cells, d->n_cells == 1 ? "" : "s");
    escape_line(out, d->variant);
    str_addf(out, " on%s\n", m->drawn ? "; faces are drawn" : "");
    if (config_leaky(d->config))
        str_add(out, "leaky split: its parts share persons\n");
    if (d->config->split.duplicates == DUPLICATES_APART)
        str_add(out, "leaky split: its parts may share copies of an image\n");
    if (d->split->unusable)
        str_addf(out, "%zu listed name%s left out, no usable image\n", d->split->unusable,
            d->split->unusable == 1 ? "" : "s");
    str_addf(out, "%14s", "");
    for (int i = 0; i <= PART_COUNT; i++)
        str_addf(out, "%12s", column_name[i]);
    str_addc(out, '\n');
    add_row(out, "  ", "images", p->n);
    for (enum attribute a = 0; a < ATTR_COUNT; a++) {
        if (!counts_has(m, a))
            continue;
        size_t known[PART_COUNT + 1];
        for (int i = 0; i <= PART_COUNT; i++)
            known[i] = p->labels[i].known[a];
        add_row(out, "  ", attribute_name[a], known);
        add_labels(out, m, p, a);
    }
}

/* ---- JSON ---- */

static cJSON *split_json(const struct data_split *d, const struct parts *p) {
    struct str words = {0};
    cJSON *root = cJSON_CreateObject(), *config = config_resolved(d->config);
    split_words(&words, d->config);
    cJSON_AddStringToObject(root, "name", words.text);
    cJSON_AddStringToObject(root, "set", dataset_names[d->manifest->set].name);
    cJSON_AddBoolToObject(root, "drawn", d->manifest->drawn);
    cJSON_AddStringToObject(root, "fingerprint", d->manifest->fingerprint);
    cJSON_AddItemToObject(root, "split", cJSON_DetachItemFromObjectCaseSensitive(config, "split"));
    cJSON_AddBoolToObject(
        root, "leaky", config_leaky(d->config) || d->config->split.duplicates == DUPLICATES_APART);
    cJSON_AddStringToObject(root, "variant", d->variant);
    cJSON_AddNumberToObject(root, "cells", (double)d->n_cells);
    cJSON_AddNumberToObject(root, "unusable_names", (double)d->split->unusable);
    cJSON *parts = cJSON_AddObjectToObject(root, "parts");
    for (int i = 0; i <= PART_COUNT; i++) {
        cJSON *part = cJSON_AddObjectToObject(parts, column_name[i]);
        cJSON_AddNumberToObject(part, "images", (double)p->n[i]);
        cJSON_AddItemToObject(part, "labels", counts_json(&p->labels[i], d->manifest));
    }
    cJSON_Delete(config);
    str_free(&words);
    return root;
}

static bool add_split(void *context, const struct data_split *d, struct err *e) {
    struct info *info = context;
    struct parts p = count(d);
    (void)e;
    if (info->splits)
        cJSON_AddItemToArray(info->splits, split_json(d, &p));
    else
        add_text(&info->text, d, &p);
    return true;
}

bool data_info_grid(const struct data_verb *v, struct err *e) {
    struct grid g = {0};
    struct info info = {{0}, NULL};
    cJSON *root = v->json ? cJSON_CreateObject() : NULL;
    if (root)
        info.splits = cJSON_AddArrayToObject(root, "splits");
    bool ok = data_verb_walk(v, &g, add_split, &info, e);
    if (ok && root) {
        json_pretty(&info.text, root);
        str_addc(&info.text, '\n');
    }
    if (ok)
        fputs(info.text.text, stdout);
    cJSON_Delete(root);
    str_free(&info.text);
    grid_free(&g);
    return ok;
}
