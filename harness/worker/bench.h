/* `dmtl-torch bench`: what `dmtl bench` starts to time one trunk in one mode; it prints one line of JSON:
 * {"threads": 2, "libtorch": "1.13.0", "blas": "...", "device": "cpu: ...", "seconds": [...],
 *  "learned": 1, "peak_rss_bytes": 1, "peak_device_bytes": null}. */
#ifndef WORKER_BENCH_H
#define WORKER_BENCH_H

#include "core/err.h"

#include <stdbool.h>

bool worker_bench(int argc, char **argv, struct err *e);

#endif
