/* `dmtl-torch bench`: speed of a trunk in training and inference. */
#ifndef WORKER_BENCH_H
#define WORKER_BENCH_H

#include "core/err.h"

#include <stdbool.h>

bool worker_bench(int argc, char **argv, struct err *e);

#endif
