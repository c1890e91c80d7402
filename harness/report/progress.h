/* Progress of a running grid on stderr, read from the store: on a terminal one line that is rewritten,
 * elsewhere a line now and then. */
#ifndef REPORT_PROGRESS_H
#define REPORT_PROGRESS_H

#include "store/store.h"

#include <stddef.h>

struct progress;

/* Of the cells of `grid` whose variants are in `only` (n_only 0: all). quiet: shows nothing. All
 * borrowed. */
struct progress *progress_new(
    struct store *s, const char *grid, const char *const *only, size_t n_only, bool quiet);

/* Call as often as you like: reads the store and writes at its own pace. */
bool progress_update(struct progress *p, struct err *e);

void progress_free(struct progress *p); /* ends the line; NULL is fine */

#endif
