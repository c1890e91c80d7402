/* When a run has to have ended: --time-limit, and what a batch system says. */
#ifndef COMMANDS_TIME_LIMIT_H
#define COMMANDS_TIME_LIMIT_H

#include "core/err.h"

#include <stdbool.h>

struct time_limit {
    double stop_at_s; /* by the monotonic clock; infinite: there is none */
};

/* A span: seconds, a number with s, m, h or d behind it, or Slurm's forms MINUTES:SECONDS, HOURS:MINUTES:SECONDS and
 * DAYS-HOURS:MINUTES:SECONDS. ERR_USAGE where it is none, or not above 0. */
bool time_limit_parse(const char *text, double *seconds, struct err *e);

/* Counts from now: `seconds` (0: none given) or the time until SLURM_JOB_END_TIME (seconds since 1970), whichever is
 * less. Work is asked to stop a margin before, for its checkpoints: a tenth of the time, a minute at most. */
void time_limit_start(struct time_limit *t, double seconds);
bool time_limit_near(const struct time_limit *t); /* time to stop */

#endif
