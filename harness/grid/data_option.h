/* The option --data SET=DIR of the verbs that read images: which folder holds which set. */
#ifndef GRID_DATA_OPTION_H
#define GRID_DATA_OPTION_H

#include "core/err.h"
#include "data/manifest.h"

#define LISTS_OPTION_HELP "where the lists of /split/lists are (default: datasets/lists)"
#define DATA_OPTION_ARG "SET=DIR"
#define DATA_OPTION_HELP "where a set's images are, such as utkface=data/utkface; once a set"

struct data_options {
    char *dir[DATASET_COUNT]; /* NULL: not given; owned */
    const char *lists;        /* of --lists; NULL: not given */
};

/* Takes one option's value; refuses (ERR_USAGE) an unknown set, no folder, a set given twice. Whether
 * the folder is there is seen when it is opened. */
bool data_options_add(struct data_options *o, const char *value, struct err *e);

/* The folder of `set`, or NULL and ERR_USAGE naming the option that is missing. */
const char *data_options_dir(const struct data_options *o, enum dataset_id set, struct err *e);

/* The folder of lists: --lists, or datasets/lists. */
const char *data_options_lists(const struct data_options *o);

void data_options_free(struct data_options *o);

#endif
