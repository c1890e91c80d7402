/* Work over many items with threads: all at once, or as an ordered stream made ahead of its reader. */
#ifndef CORE_PARALLEL_H
#define CORE_PARALLEL_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>

/* Calls work(context, worker, item) for every item in 0..n-1, each exactly once and in no order, with
 * `threads` threads of which the caller is worker 0. Returns when all are done. */
void parallel_for(
    size_t n, int threads, void (*work)(void *context, int worker, size_t item), void *context);

/* The same where items may fail: after a failure no more are begun, and the error is that of the first. A
 * request to stop is a failure too (ERR_INTERRUPTED). */
bool parallel_try(size_t n, int threads,
    bool (*work)(void *context, int worker, size_t item, struct err *e), void *context,
    struct err *e);

/* Jobs first..end-1 are filled by `threads` threads into `depth` slots and come out in their order. A
 * slot is filled again only after its reader has asked for the next job. */
struct pipeline;
struct pipeline *pipeline_open(size_t first, size_t end, int threads, int depth,
    void (*fill)(void *context, int worker, size_t job, int slot), void *context);
/* Waits for the next job and says which slot holds it; false where there are no more. */
bool pipeline_next(struct pipeline *p, size_t *job, int *slot);
void pipeline_close(struct pipeline *p); /* stops early too; NULL is fine */

#endif
