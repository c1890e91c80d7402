/* Named ways to cut exact ages into groups (datasets/age-groups.json): fairface-9, adience-8 (by the
 * nearest group), decades. */
#ifndef ANALYSIS_AGE_GROUPS_H
#define ANALYSIS_AGE_GROUPS_H

#include "core/err.h"

#include <stddef.h>

struct age_group {
    char *name;      /* "20-29" */
    int first, last; /* years, inclusive */
};
struct age_bins {
    char *name; /* "fairface-9" */
    char *source;
    struct age_group *groups; /* ascending, disjoint; gaps only where `nearest` */
    int n;
};
struct age_bin_sets {
    struct age_bins *sets;
    int n;
};

/* Reads the file, or where `path` is NULL the copy that is compiled in. */
bool age_bins_load(struct age_bin_sets *b, const char *path, struct err *e);
void age_bins_free(struct age_bin_sets *b);
const struct age_bins *age_bins_find(const struct age_bin_sets *b, const char *name);

/* The group of an age, which may be no integer (rounded half up first): the group that holds it, else
 * the nearest by years, ties to the younger. */
int age_bin(const struct age_bins *b, double age_years);

#endif
