/* Named ways to cut exact ages into groups (datasets/age-groups.json): fairface-9, adience-8 (by the
 * nearest group), decades. The file is a JSON object, one member a set:
 *
 *   "fairface-9": {"source": "where the edges come from", "groups": ["0-2", "3-9", ..., "70+"]}
 *
 * A group's name is its edges: first and last age in years, both in it, or the first alone and '+'.
 * Groups ascend and do not overlap. They begin at 0, end with '+' and leave no gap, unless the set says
 * "gaps": "nearest". */
#ifndef ANALYSIS_AGE_GROUPS_H
#define ANALYSIS_AGE_GROUPS_H

#include "core/err.h"

#include <stddef.h>

struct age_group {
    char *name;      /* "20-29" */
    int first, last; /* years, inclusive; the last of "70+" is INT_MAX */
};
struct age_bins {
    char *name; /* "fairface-9" */
    char *source;
    struct age_group *groups; /* ascending, disjoint; gaps only where the file says so */
    int n;
};
struct age_bin_sets {
    struct age_bins *sets;
    int n;
};

/* Reads the file, or where `path` is NULL the copy that is compiled in. A file that does not say what
 * the paragraph above asks for is ERR_USAGE. age_bins_free on success and failure alike. */
bool age_bins_load(struct age_bin_sets *b, const char *path, struct err *e);
bool age_bins_parse(
    struct age_bin_sets *b, const char *name, const char *text, size_t n, struct err *e);
void age_bins_free(struct age_bin_sets *b);
const struct age_bins *age_bins_find(const struct age_bin_sets *b, const char *name); /* or NULL */

/* The bins that `text` says: the name of a set that is compiled in, or groups such as "0-12,13-19,20+", a set of that
 * name. ERR_USAGE begins with `where`. age_bins_free on success and failure alike. */
bool age_bins_choose(struct age_bin_sets *b, const char *text, const char *where,
    const struct age_bins **bins, struct err *e);

/* The group of an age, which may be no integer (rounded half up first): the group that holds it, else
 * the nearest by years, ties to the younger. */
int age_bin(const struct age_bins *b, double age_years);

#endif
