/* The cells of a crossing of attributes, such as age_group x gender x race: the full product of the values that
 * the set knows, those without a sample too. */
#ifndef ANALYSIS_CROSSING_H
#define ANALYSIS_CROSSING_H

#include "analysis/groups.h"
#include "analysis/predictions.h"
#include "core/str.h"

#include <stdbool.h>

extern const char *const crossing_axes[ATTR_COUNT]; /* age_group gender race */

struct crossing {
    char *by;      /* "age_group,gender" */
    size_t n;      /* cells, at least 1 */
    char **name;   /* [n], as `grouping` of the store's views */
    int32_t *cell; /* [samples] of the predictions; -1: a label is missing */
};

/* `uses`: the attributes that are crossed, one at least; ages by `bins`, or where that is NULL by their labels.
 * An attribute that no sample has gives no cells: n is 0. */
void crossing_make(struct crossing *c, const struct predictions *p, const bool uses[ATTR_COUNT],
    const struct age_bins *bins, class_name_fn class_name, const void *context);
void crossing_free(struct crossing *c);

/* Reads "age_group,gender" (in any order; "age" is age_group's other name). False with an error naming `where`. */
bool crossing_parse(bool uses[ATTR_COUNT], const char *text, const char *where, struct err *e);

/* For people: "age_group,gender" as "age group × gender", and a cell, "age_group=20-29,gender=female", as "20-29, female"
 * with its names decoded. The caller frees. */
char *crossing_words(const char *by);
char *crossing_cell_words(const char *grouping);

#endif
