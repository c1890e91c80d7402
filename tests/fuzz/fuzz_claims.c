/* Any bytes as a file of claims: numbers within bounds, ids of their own, margins where they are needed, or a message. */
#include "grid/claims.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check(const struct claim *c) {
    bool number = c->kind == CLAIM_VALUE || c->kind == CLAIM_ABOVE;
    bool margin = c->kind == CLAIM_VALUE || c->kind == CLAIM_ORDER || c->kind == CLAIM_GROUP;
    if (!*c->id || !*c->where ||
        (c->kind != CLAIM_UNTESTABLE && (c->set < 0 || c->task < 0 || !c->variants)))
        abort();
    if ((number && !(fabs(c->value) <= 1e6)) || margin != (c->margin > 0))
        abort();
    if (c->kind == CLAIM_ORDER && !c->than_variants)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct claims c;
    struct err e = {0};
    bool ok = claims_parse(&c, "f", (const char *)bytes, n, &e);
    if (ok != (e.kind == ERR_NONE) || (!ok && e.kind != ERR_USAGE))
        abort();
    for (size_t i = 0; ok && i < c.n; i++) {
        check(&c.list[i]);
        for (size_t k = 0; k < i; k++)
            if (strcmp(c.list[i].id, c.list[k].id) == 0)
                abort();
    }
    claims_free(&c);
    return 0;
}
