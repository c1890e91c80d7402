/* Progress of a running grid on stderr, read from the store: on a terminal one line that is rewritten,
 * elsewhere a line now and then. Messages of others come out as whole lines above it. */
#ifndef REPORT_PROGRESS_H
#define REPORT_PROGRESS_H

#include "grid/chosen.h"
#include "store/store.h"

struct progress;

/* Of the chosen cells of `grid` and their candidates. quiet: shows nothing but messages. All borrowed. */
struct progress *progress_new(
    struct store *s, const char *grid, const struct chosen *chosen, bool quiet);

/* Call as often as you like: reads the store and writes at its own pace. */
bool progress_update(struct progress *p, struct err *e);

/* Whether it rewrites a line: then whoever else writes on stderr has to go through progress_say. */
bool progress_rewrites(const struct progress *p);
void progress_say(struct progress *p, const char *line); /* without a newline */

void progress_free(struct progress *p); /* ends the line, as things are then; NULL is fine */

#endif
