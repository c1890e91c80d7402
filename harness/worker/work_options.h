/* The options of `dmtl-torch work`. */
#ifndef WORKER_WORK_OPTIONS_H
#define WORKER_WORK_OPTIONS_H

#include "grid/chosen.h"
#include "grid/data_option.h"
#include "grid/gate_rules.h"

#include <stdbool.h>

struct work_options { /* strings: argv's */
    const char *db, *grid, *cache_dir, *weights_dir, *device;
    struct chosen chosen; /* n_cells, n_candidates: as far as the options name any */
    bool all_cells;       /* the options name none */
    struct data_options data;
    struct gate_rules gates;
    int threads; /* 0: all cores */
    int retries; /* of a cell that fails */
    bool fail_fast, quiet;
};

/* ERR_USAGE in our words; --help prints and sets *done. */
bool work_options_parse(struct work_options *o, int argc, char **argv, bool *done, struct err *e);
void work_options_free(struct work_options *o);

#endif
