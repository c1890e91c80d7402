/* Any bytes as a file's name: labels within their bounds, or a reason. */
#include "core/mem.h"
#include "core/str.h"
#include "data/utkface.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    int16_t label[ATTR_COUNT] = {-1, -1, -1};
    char *name = xmalloc(n + 1);
    memcpy(name, bytes, n);
    name[n] = '\0';
    char *reason = utkface_parse_name(name, label), *shown = str_quoted(name);
    bool labelled = label[ATTR_AGE] >= 0 && label[ATTR_AGE] <= UTKFACE_MAX_AGE &&
                    label[ATTR_GENDER] >= 0 && label[ATTR_GENDER] <= 1 && label[ATTR_RACE] >= 0 &&
                    label[ATTR_RACE] <= 4;
    if ((!reason && !labelled) || strpbrk(shown, "\n\r\t\x1b"))
        abort();
    free(reason);
    free(shown);
    free(name);
    return 0;
}
