/* Steps of training or inference on one batch held in memory, timed one by one. */
#ifndef WORKER_BENCH_STEPS_H
#define WORKER_BENCH_STEPS_H

#include "grid/config.h"
#include "torch/th.h"

#include <stdbool.h>

struct bench; /* a network, its optimiser, a batch of noise with labels drawn at random */

/* Reads the configuration while it lives. NULL on failure, running out of memory included. */
struct bench *bench_open(const struct config *c, struct th_device device, struct err *e);
void bench_close(struct bench *b);            /* NULL is fine */
int64_t bench_learned(const struct bench *b); /* numbers that a training changes */

/* `warm` steps, then `steps` whose times go to seconds[], in their order; each waits for the device's
 * queued work. A training step is forward, losses, weighting's backward and optimiser; one of inference is
 * the forward pass in eval mode. ERR_INTERRUPTED where core/interrupt.h says so. */
bool bench_measure(
    struct bench *b, bool train, int warm, int steps, double *seconds, struct err *e);

#endif
