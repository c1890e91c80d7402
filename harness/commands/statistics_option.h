/* What `audit` and `compare` are told alike: which systems, and how numbers and intervals are made. */
#ifndef COMMANDS_STATISTICS_OPTION_H
#define COMMANDS_STATISTICS_OPTION_H

#include "commands/grid_option.h"
#include "core/err.h"
#include "report/read_predictions.h"

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STATISTICS_TASKS = 384 }; /* the first key of these options: a verb's own are below */

/* The rows for a verb's table of options. */
extern const struct argp_option statistics_option_rows[];
enum { STATISTICS_OPTION_ROWS = 14 };
/* Copies them behind a verb's own `n` rows, and ends the table: it has room for n + STATISTICS_OPTION_ROWS + 1. */
void statistics_option_table(struct argp_option *table, const struct argp_option *own, size_t n);

struct statistics_options {
    const char *verb; /* set before parsing, as are the defaults */
    /* NULL: not given; the second is `compare`'s, of its second system */
    const char *db, *second_db;
    const char *output, *bins;
    bool tasks[ATTR_COUNT];
    struct option_texts metrics;
    struct prediction_choice choice;
    double confidence;
    size_t draws;
    uint64_t seed;
    int threads;
    int format; /* 0 md, 1 csv, 2 json */
    struct err *e;
};
extern const struct statistics_options statistics_defaults;
void statistics_options_free(struct statistics_options *o);

/* Takes one option; ARGP_ERR_UNKNOWN where it is none of these. */
error_t statistics_option(struct statistics_options *o, int key, char *value);

/* A whole number of an option within bounds, or an error and -1. */
long option_number(const struct statistics_options *o, const char *option, const char *value,
    long least, long most);

/* Cuts SYSTEM, "GRID", "GRID:NAME" or "GRID:NAME:SETTING" (GRID a file or a name, perhaps with ":select"), after the
 * grid. The caller frees *grid; *name is part of `text`, NULL where there is none. */
void system_option_cut(const char *text, char **grid, const char **name);

#endif
