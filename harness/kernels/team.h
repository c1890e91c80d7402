/* Threads that stay: a kernel is some milliseconds, too short to start threads for. Between two runs they
 * spin for a moment, then sleep.
 */
#ifndef KERNELS_TEAM_H
#define KERNELS_TEAM_H

#include "core/err.h"

struct team;
/* ERR where the system refuses one: results are said to be of so many threads. */
struct team *team_new(int threads, struct err *e);
void team_free(struct team *t); /* NULL is fine */
int team_threads(const struct team *t);

/* work(context, thread) once for every thread 0..threads-1, the caller being 0; returns when all are done. */
void team_run(struct team *t, void (*work)(void *context, int thread), void *context);

/* Items of 0..n-1 for this thread, in order and evenly: *from up to, not with, *end. */
void team_share(const struct team *t, int thread, int n, int *from, int *end);

#endif
