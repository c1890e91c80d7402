#include "commands/data_counts.h"

#include "data/labels.h"

#include <stdio.h>

struct label_counts counts_of_none(void) {
    return (struct label_counts){.first_age = INT16_MAX, .last_age = -1};
}

void counts_add(struct label_counts *c, const struct manifest *m, const struct sample *s) {
    for (int a = 0; a < ATTR_COUNT; a++) {
        int label = s->label[a];
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

bool counts_has(const struct manifest *m, enum attribute a) {
    struct label_range labels = label_range(m->set, m->reading, a);
    return labels.first <= labels.last;
}

int counts_rows(const struct manifest *m, enum attribute a) {
    int classes = attribute_classes(m->set, m->reading, a);
    return classes ? classes : LABEL_ROWS;
}

const char *counts_row_name(const struct manifest *m, enum attribute a, int row, char buffer[16]) {
    const char *name = attribute_class_name(m->set, m->reading, a, row);
    if (name)
        return name;
    if (attribute_classes(m->set, m->reading, a))
        snprintf(buffer, 16, "%d", row);
    else
        snprintf(buffer, 16, "%d-%d", 10 * row, 10 * row + 9);
    return buffer;
}

cJSON *counts_json(const struct label_counts *c, const struct manifest *m) {
    char buffer[16];
    cJSON *labels = cJSON_CreateObject();
    for (enum attribute a = 0; a < ATTR_COUNT; a++) {
        cJSON *object = cJSON_AddObjectToObject(labels, attribute_name[a]);
        for (int row = 0; row < counts_rows(m, a); row++)
            if (c->label[a][row])
                cJSON_AddNumberToObject(
                    object, counts_row_name(m, a, row, buffer), (double)c->label[a][row]);
    }
    return labels;
}
