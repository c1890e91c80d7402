/* Keys that are chosen on the validation part: /select of a configuration. A configuration that selects
 * stands for a cell whose values of these keys are not known yet. Its candidates are ordinary cells:
 * the same configuration with nothing left to choose, one for each combination of the values, all with
 * /select/seed and for /select/epochs, so that the runs of one variant and split share one choice. The
 * choice goes by the mean over tasks of the relative gain against the first candidate that did not
 * diverge (analysis/gain.h); the first of equals is taken. */
#ifndef GRID_SELECT_H
#define GRID_SELECT_H

#include "analysis/metrics.h"
#include "core/err.h"
#include "core/sha256.h"
#include "grid/config.h"

#include <stdbool.h>
#include <stddef.h>

#define MAX_CANDIDATES 256 /* of one configuration */

struct candidate {
    char id[SHA256_HEX];
    char *values; /* canonical JSON, pointer -> value */
    struct config config;
};

bool config_selects(const struct config *c);

/* All combinations of the values in the order of their lists, the keys in the alphabet's order and the
 * last fastest. A value that its key does not take is ERR_USAGE, "WHERE with {values}: ...".
 * select_free on success and failure alike. */
bool select_candidates(
    const struct config *c, const char *where, struct candidate **list, size_t *n, struct err *e);
void select_free(struct candidate *list, size_t n);

/* `c` with the candidate's values and its own seed, nothing left to choose: what a cell trains once its
 * values are chosen. config_free on success and failure alike. */
bool select_apply(const struct config *c, const char *values, struct config *chosen, struct err *e);

/* The metrics that a choice goes by, one a task: as `metrics` says (c->select.metrics, c->report_metrics),
 * mae for age and accuracy for the others where it says nothing, METRIC_COUNT for "none". */
void config_metrics(const struct config *c, const char *metrics, enum metric_id metric[MAX_TASKS]);

#endif
