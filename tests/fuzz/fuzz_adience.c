/* Any bytes as one of Adience's fold files: rows within their bounds, or a message. */
#include "core/words.h"
#include "data/adience_labels.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static bool in_bounds(const struct adience_row *row) {
    for (int labels = 0; labels < AGE_LABELS_COUNT; labels++)
        if (adience_group(row, (enum age_labels)labels) >= ADIENCE_GROUPS)
            return false;
    return row->gender >= LABEL_MISSING && row->gender <= 1 && row->face_id >= 0 &&
           !strchr(row->image, '/') && !strchr(row->user, '/') && *row->user != '.';
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct adience_rows rows = {0};
    struct err e = {0};
    bool ok = adience_rows_parse(&rows, (const char *)bytes, n, "f", 0, &e);
    if (ok != (e.kind == ERR_NONE) || (ok && rows.n == 0))
        abort();
    for (size_t i = 0; ok && i < rows.n; i++)
        if (!in_bounds(&rows.list[i]))
            abort();
    adience_rows_free(&rows);
    return 0;
}
