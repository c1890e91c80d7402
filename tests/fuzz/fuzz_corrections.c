/* Any bytes as a file of corrections: labels within bounds, each of a file once, or a message. */
#include "data/corrections.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct corrections c;
    struct err e = {0};
    bool ok = corrections_parse(&c, "f", (const char *)bytes, n, &e);
    if (ok != (e.kind == ERR_NONE) || (!ok && e.kind != ERR_USAGE))
        abort();
    for (size_t i = 0; ok && i < c.n; i++) {
        int16_t label[ATTR_COUNT] = {LABEL_MISSING, LABEL_MISSING, LABEL_MISSING};
        int set = corrections_apply(&c, c.list[i].file, label);
        if (set < 1 || set > ATTR_COUNT || label[c.list[i].attribute] != c.list[i].value ||
            c.list[i].value < 0)
            abort();
    }
    if (ok && !corrections_all_met(&c, "r", &e))
        abort();
    corrections_free(&c);
    return 0;
}
