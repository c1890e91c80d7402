#include "data/gates.h"

#include "core/mem.h"

#include <stdlib.h>

const char *const gate_name[GATE_COUNT] = {
    [GATE_FILES] = "files",
    [GATE_CONTENTS] = "contents",
    [GATE_DUPLICATES] = "duplicates",
    [GATE_SUBJECTS] = "subjects",
    [GATE_ALBUMS] = "albums",
    [GATE_SHIFT] = "shift",
    [GATE_CLASSES] = "classes",
    [GATE_GROUPS] = "groups",
    [GATE_SIZE] = "size",
};
const char *const verdict_name[VERDICT_COUNT] = {
    [VERDICT_PASSED] = "passed",
    [VERDICT_UNKNOWN] = "unknown",
    [VERDICT_WARNED] = "warned",
    [VERDICT_REFUSED] = "refused",
};

void findings_add(struct findings *f, struct finding finding) {
    f->list = xgrow(f->list, &f->capacity, f->n + 1, sizeof *f->list);
    f->list[f->n++] = finding;
}

void gates_measure(struct findings *f, const struct manifest *m, const struct split *s,
    const bool tasks[ATTR_COUNT], const struct gate_bounds *bounds) {
    gates_overlap(f, m, s);
    gates_labels(f, m, s, tasks, bounds);
}

void findings_free(struct findings *f) {
    for (size_t i = 0; i < f->n; i++) {
        free(f->list[i].examples);
        free(f->list[i].text);
    }
    free(f->list);
    *f = (struct findings){0};
}
