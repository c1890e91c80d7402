/* dmtl data info: a set's counts, and each file that is not used. */
#include "commands/data_verb.h"

#include "core/json.h"
#include "core/mem.h"
#include "core/str.h"
#include "grid/catalogue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DECADES = 13 }; /* 0-9 to 120-129: more than any set's ages */

struct counts {
    size_t label[ATTR_COUNT][DECADES]; /* classes; for ages, decades */
    size_t known[ATTR_COUNT];
    int first_age, last_age;
};

static void count(struct counts *c, const struct manifest *m) {
    *c = (struct counts){.first_age = INT16_MAX, .last_age = -1};
    for (size_t i = 0; i < m->n; i++)
        for (int a = 0; a < ATTR_COUNT; a++) {
            int label = m->samples[i].label[a];
            if (label == LABEL_MISSING)
                continue;
            bool open = attribute_classes(m->set, (enum attribute)a) == 0;
            c->known[a]++;
            c->label[a][open ? label / 10 : label]++;
            if (open && label < c->first_age)
                c->first_age = label;
            if (open && label > c->last_age)
                c->last_age = label;
        }
}

static int rows_of(const struct manifest *m, enum attribute a) {
    int classes = attribute_classes(m->set, a);
    return classes ? classes : DECADES;
}

/* The class's name, or the decade; into a buffer of 16. */
static const char *row_name(const struct manifest *m, enum attribute a, int row, char *buffer) {
    const char *name = attribute_class_name(m->set, a, row);
    if (name)
        return name;
    if (attribute_classes(m->set, a))
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
    for (int a = 0; a < ATTR_COUNT; a++) {
        str_addf(out, "\n%s: %zu labelled", attribute_name[a], c->known[a]);
        if (!attribute_classes(m->set, (enum attribute)a) && c->known[a])
            str_addf(out, ", %d to %d", c->first_age, c->last_age);
        str_addc(out, '\n');
        for (int row = 0; row < rows_of(m, (enum attribute)a); row++)
            if (c->label[a][row])
                str_addf(out, "  %-8s %7zu  %5.1f %%\n",
                    row_name(m, (enum attribute)a, row, buffer), c->label[a][row],
                    100.0 * (double)c->label[a][row] / (double)c->known[a]);
    }
    if (m->n_aside)
        str_add(out, "\nset aside:\n");
    for (size_t i = 0; i < m->n_aside; i++) {
        char *shown = str_quoted(m->aside[i].file);
        str_addf(out, "  %s: %s\n", shown, m->aside[i].reason);
        free(shown);
    }
}

static void add_json(struct str *out, const struct manifest *m, const struct counts *c) {
    char buffer[16];
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "set", dataset_names[m->set].name);
    cJSON_AddStringToObject(root, "folder", m->root);
    cJSON_AddBoolToObject(root, "drawn", m->drawn);
    cJSON_AddStringToObject(root, "fingerprint", m->fingerprint);
    cJSON_AddNumberToObject(root, "usable", (double)m->n);
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
    cJSON *aside = cJSON_AddArrayToObject(root, "set_aside");
    for (size_t i = 0; i < m->n_aside; i++) {
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "file", m->aside[i].file);
        cJSON_AddStringToObject(item, "reason", m->aside[i].reason);
        cJSON_AddItemToArray(aside, item);
    }
    json_pretty(out, root);
    str_addc(out, '\n');
    cJSON_Delete(root);
}

bool data_info(const struct data_verb *v, struct err *e) {
    enum dataset_id set;
    struct manifest m = {0};
    struct counts c;
    const char *dir;
    if (!data_verb_set(v, v->argument, &set, e) || !(dir = data_options_dir(&v->data, set, e)) ||
        !manifest_open(&m, set, dir, v->cache_dir, v->threads, e))
        return false;
    struct str out = {0};
    count(&c, &m);
    if (v->json)
        add_json(&out, &m, &c);
    else
        add_text(&out, &m, &c);
    fputs(out.text, stdout);
    str_free(&out);
    manifest_close(&m);
    return true;
}
