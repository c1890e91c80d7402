#include "grid/leaky.h"

#include "grid/catalogue.h"

#include <string.h>

static bool leaks(enum dataset_id set, enum split_kind kind) {
    return kind == SPLIT_RANDOM && set_has_subjects(set);
}

bool config_leaky(const struct config *c) {
    return leaks(c->data.set, c->split.kind);
}

bool split_leaky(const char *dataset, const char *split_kind) {
    for (int set = 0; set < DATASET_COUNT; set++)
        for (int kind = 0; kind < SPLIT_KIND_COUNT; kind++)
            if (strcmp(dataset_names[set].name, dataset) == 0 &&
                strcmp(split_kind_names[kind].name, split_kind) == 0)
                return leaks((enum dataset_id)set, (enum split_kind)kind);
    return false;
}
