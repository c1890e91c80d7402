/* libFuzzer target: any bytes as a file of age groups. Beyond not crashing: in what is accepted every age
 * has a group, an older age never a younger group, and an age inside a group's edges that group. */
#include "analysis/age_groups.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct age_bins *b) {
    int before = 0;
    for (int age = 0; age <= 210; age++) {
        int g = age_bin(b, age);
        if (g < before || g >= b->n)
            abort();
        before = g;
    }
    for (int g = 0; g < b->n; g++)
        if (age_bin(b, b->groups[g].first) != g)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct age_bin_sets b;
    struct err e = {0};
    if (age_bins_parse(&b, "fuzz", (const char *)data, size, &e))
        for (int s = 0; s < b.n; s++)
            check(&b.sets[s]);
    else if (e.kind != ERR_USAGE)
        abort();
    age_bins_free(&b);
    return 0;
}
