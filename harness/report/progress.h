/* Progress of a running grid on stderr, read from the store: on a terminal one line that is rewritten,
 * elsewhere a line now and then. */
#ifndef REPORT_PROGRESS_H
#define REPORT_PROGRESS_H

#include "grid/chosen.h"
#include "store/store.h"

struct progress;

/* Of the chosen cells of `grid` and their candidates. quiet: shows nothing. All borrowed. */
struct progress *progress_new(
    struct store *s, const char *grid, const struct chosen *chosen, bool quiet);

/* Call as often as you like: reads the store and writes at its own pace. */
bool progress_update(struct progress *p, struct err *e);

void progress_free(struct progress *p); /* ends the line; NULL is fine */

#endif
