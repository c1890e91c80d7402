/* Any bytes as a folder's labels.csv: samples within their bounds, each path within the folder and once, or a message. */
#include "core/str.h"
#include "data/labels_csv.h"
#include "data/split.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static bool in_bounds(const struct sample *s) {
    return s->label[ATTR_AGE] >= LABEL_MISSING && s->label[ATTR_AGE] <= LABELS_CSV_MAX_AGE &&
           s->label[ATTR_GENDER] >= LABEL_MISSING && s->label[ATTR_GENDER] <= 1 &&
           s->label[ATTR_RACE] >= LABEL_MISSING && s->label[ATTR_RACE] <= 4 && s->fold >= -1 &&
           s->fold < SPLIT_FOLDS && *s->file && *s->file != '/' && !str_starts(s->file, "../") &&
           !strstr(s->file, "/../") && strcmp(s->file, "..") != 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct manifest m = {.set = DATASET_FOLDER};
    struct err e = {0};
    bool ok = labels_csv_parse(&m, (const char *)bytes, n, "f", &e);
    if (ok != (e.kind == ERR_NONE) || (ok && m.n + m.n_aside == 0) || strpbrk(e.msg, "\n\r\x1b"))
        abort();
    for (size_t i = 0; ok && i < m.n; i++)
        if (!in_bounds(&m.samples[i]) || (i && strcmp(m.samples[i - 1].id, m.samples[i].id) >= 0))
            abort();
    manifest_close(&m);
    return 0;
}
