/* What the verbs on a grid are told alike: the argument GRID and the options --db, --only and --set.
 * command_parse adds those that a verb takes to its own, in help and in checks. */
#ifndef COMMANDS_GRID_OPTION_H
#define COMMANDS_GRID_OPTION_H

#include "core/err.h"
#include "grid/grid.h"

#include <argp.h>
#include <stddef.h>

/* Each takes the options of the one before it too. */
enum grid_options_taken { TAKES_DB, TAKES_ONLY, TAKES_SET };

struct
    option_texts { /* of an option that may be given more than once; the texts are the command line's */
    const char **text;
    size_t n, capacity;
};
void option_texts_add(struct option_texts *texts, const char *text);

struct grid_options {
    enum grid_options_taken takes; /* set by the verb before it parses */
    const char *grid;              /* NULL: not given */
    const char *db;                /* NULL: not given */
    struct option_texts only, set;
};
void grid_options_free(struct grid_options *o);

/* The options of these that a verb takes, for command_parse; the parser's input is a grid_options. */
const struct argp *grid_options_argp(enum grid_options_taken takes);

/* Whether GRID was given; else "VERB: which grid? expected ...": a file, or what the database holds. */
bool grid_options_file(const struct grid_options *o, const char *verb, struct err *e);
bool grid_options_stored(const struct grid_options *o, const char *verb, struct err *e);

/* Reads the grid file under --set and checks that --only names its variants. grid_free on success and
 * failure alike. */
bool grid_options_read(const struct grid_options *o, struct grid *g, struct err *e);
/* Whether --only, where it is given, names the variant. */
bool grid_options_choose(const struct grid_options *o, const char *variant);

/* A line for people where chosen cells have a leaky split (grid/leaky.h), "" where none has. The caller frees. */
char *grid_options_leaky(const struct grid_options *o, const struct grid *g);

/* The database of a grid or of its candidates: --db, or results/NAME.db. The caller frees. */
char *grid_options_database(const struct grid_options *o, const char *name);

#endif
