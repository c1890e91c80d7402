/* Private to bench*.c: what the options of `dmtl bench` say, and its parts. */
#ifndef COMMANDS_BENCH_VERB_H
#define COMMANDS_BENCH_VERB_H

#include "core/json.h"
#include "grid/config.h"
#include "grid/data_option.h"
#include "report/speed.h"

#include <argp.h>
#include <stdbool.h>

/* ---- options (bench_options.c) ---- */

struct bench_options {
    bool modes[SPEED_INFER + 1];
    cJSON *settings;      /* a configuration, as a grid's base: what was given over our defaults */
    struct config config; /* it, checked */
    int threads, steps, warm, rounds;
    const char *device, *python; /* python NULL: not given */
    bool race, end_to_end, json;
    struct data_options data;
    bool given_mode, given_rounds;
    struct err *e; /* the parser's */
};

extern const struct argp
    bench_argp; /* its input: a struct bench_options that bench_defaults filled */
void bench_defaults(struct bench_options *o, struct err *e);
bool bench_options_check(struct bench_options *o, struct err *e); /* what spans options */
void bench_options_free(struct bench_options *o);

/* ---- a measuring process (bench_process.c) ---- */

/* What one prints; see worker/bench.h. bench_sample_free on success and failure alike. */
struct bench_sample {
    double *seconds; /* of each step */
    size_t n;
    int64_t peak_rss_bytes, peak_device_bytes; /* 0: not known, a CPU */
    int threads;
    char *device, *libtorch, *blas; /* NULL: not said */
};
void bench_sample_free(struct bench_sample *b);

/* Runs `argv` (NULL at the end) and reads the JSON that it prints; NULL on failure, ERR_INTERRUPTED where a
 * request to stop came, which is handed on. `what` begins the message; `ours`: the process's messages speak of
 * a grid's keys. The caller deletes. */
cJSON *bench_process_json(const char *what, bool ours, bool spin, char *const *argv, struct err *e);
/* The same, for one of ours whose output is of no interest. */
bool bench_process(const char *what, bool spin, char *const *argv, struct err *e);
bool bench_sample_read(struct bench_sample *b, const cJSON *json, const char *what, struct err *e);

/* ---- contenders ---- */

/* The Python peer (bench_peer.c, bench_peer.py). `who`: "PyTorch 1.13.0, plain modules"; where there is none
 * and --python was not given, *skipped says why and `who` stays NULL. The caller frees. */
bool bench_peer_find(const struct bench_options *o, char **who, char **skipped, struct err *e);
/* tuned_heap: with the allocator's thresholds where ours sets them for itself. */
bool bench_peer(const struct bench_options *o, enum speed_mode mode, bool tuned_heap,
    struct bench_sample *b, struct err *e);

/* Training end to end (bench_cell.c): a grid of one cell a round on drawn faces or on some of --data's. */
struct bench_cell {
    char *folder; /* temporary: images, grid file, cache and database */
    const char *set;
};
bool bench_cell_open(struct bench_cell *c, const struct bench_options *o, struct err *e);
/* The cell of `round`, counted from 1. */
bool bench_cell_run(const struct bench_cell *c, const struct bench_options *o, int round,
    double *images_per_s, int64_t *peak_rss_bytes, struct err *e);
void bench_cell_close(struct bench_cell *c); /* removes the folder */

#endif
