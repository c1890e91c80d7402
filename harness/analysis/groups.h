/* The groups of age x gender x race that samples fall into: every cell of the cross product and every
 * margin, as the digits of one number, so that a group is an array index.
 *
 * Each attribute is an axis of n values; digit 0 stands for everyone, digit v + 1 for value v. Group 0
 * is 'all'. A sample with k of the attributes known is in 2^k groups. */
#ifndef ANALYSIS_GROUPS_H
#define ANALYSIS_GROUPS_H

#include "analysis/age_groups.h"
#include "core/words.h"

#include <stdbool.h>
#include <stddef.h>

struct axis {
    int n;       /* values; 0: attribute unknown throughout */
    int *value;  /* [samples], -1 where the label is missing; NULL where n is 0 */
    char **name; /* [n], percent-encoded */
};
struct groups {
    struct axis axis[ATTR_COUNT];
    size_t stride[ATTR_COUNT]; /* of an axis's digit in a group's number */
    size_t n;                  /* groups, those without samples too */
};
#define GROUPS_OF_SAMPLE (1 << ATTR_COUNT)

/* The name of a label, never NULL; valid until the next call. */
typedef const char *(*class_name_fn)(const void *context, enum attribute a, int label);

/* `bins`: the age axis has these groups of years; NULL with `age_axis`: it has the labels themselves;
 * otherwise there is none. Labels are 0 or more, or LABEL_MISSING; label[a] NULL: unknown throughout. */
void groups_make(struct groups *g, size_t samples, const int *const label[ATTR_COUNT],
    bool age_axis, const struct age_bins *bins, class_name_fn class_name, const void *context);
void groups_free(struct groups *g);

/* Numbers of the groups that hold sample i, ascending by the attributes taken in, 'all' first. Returns
 * how many. */
int groups_of(const struct groups *g, size_t i, size_t group[GROUPS_OF_SAMPLE]);

bool group_uses(const struct groups *g, size_t group, enum attribute a);
/* "all", "age_group=20-29,gender=female"; the caller frees. */
char *group_name(const struct groups *g, size_t group);

#endif
