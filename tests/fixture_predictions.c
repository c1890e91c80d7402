#include "fixture_predictions.h"

#include "core/mem.h"

static const char *const genders[] = {"male", "female"};
static const char *const races[] = {"White", "Black", "Asian", "Indian", "Other"};

void fixture_predictions(struct predictions *p, enum attribute task, size_t n, int runs) {
    *p = (struct predictions){.task = task,
        .n = n,
        .runs = runs,
        .id = xcalloc(n, sizeof *p->id),
        .truth = xcalloc(n, sizeof *p->truth),
        .predicted = xcalloc(n, (size_t)runs * sizeof *p->predicted),
        .cluster = xcalloc(n, sizeof *p->cluster),
        .clusters = n,
        .seed = xcalloc((size_t)runs, sizeof *p->seed),
        .split_seed = xcalloc((size_t)runs, sizeof *p->split_seed)};
    for (int a = 0; a < ATTR_COUNT; a++)
        p->label[a] = xcalloc(n, sizeof *p->label[a]);
    for (size_t i = 0; i < n; i++) {
        p->id[i] = xasprintf("%06zu", i);
        p->cluster[i] = (uint32_t)i;
    }
    for (int r = 0; r < runs; r++)
        p->seed[r] = r + 1;
}

const char *fixture_class_name(const void *context, enum attribute a, int label) {
    (void)context;
    return a == ATTR_GENDER ? genders[label] : a == ATTR_RACE ? races[label] : "";
}

int fixture_classes(enum attribute a) {
    return a == ATTR_GENDER ? (int)ARRAY_LEN(genders) : a == ATTR_RACE ? (int)ARRAY_LEN(races) : 0;
}
