/* Any bytes as a list of names: names that can be found again, each once, or a message. */
#include "core/str.h"
#include "data/name_list.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct name_list l;
    struct err e = {0};
    bool ok = name_list_parse(&l, (const char *)bytes, n, "f", &e);
    if (ok != (e.kind == ERR_NONE) || (ok && l.n == 0) || strpbrk(e.msg, "\n\r\x1b"))
        abort();
    for (size_t i = 0; ok && i < l.n; i++)
        if (name_list_find(&l, l.names[i].name) != &l.names[i] || l.names[i].line < 1 ||
            !*l.names[i].name)
            abort();
    name_list_free(&l);
    return 0;
}
