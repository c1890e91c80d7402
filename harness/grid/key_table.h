/* The rows behind keys.h, private to grid/: one a key. */
#ifndef GRID_KEY_TABLE_H
#define GRID_KEY_TABLE_H

#include "grid/catalogue.h"
#include "grid/config.h"

#include <stdbool.h>
#include <stddef.h>

enum key_type {
    KEY_NAME, /* one of `names`; the field is an enum or a bool */
    KEY_TEXT, /* a text, one of `names` where there are any, or a path; the field is an owned char * */
    KEY_BOOL,  /* the field is a bool */
    KEY_INT,   /* the field is an int */
    KEY_SEED,  /* a whole number that JSON holds exactly; the field is a uint64_t */
    KEY_REAL,  /* the field is a double */
    KEY_RANKS, /* [first, last]; the field is an int[2] */
    KEY_UNITS, /* a list of at most MAX_HIDDEN ints; the field is an int[MAX_HIDDEN], its count apart */
    KEY_OBJECT, /* an object, checked by key_checks.c; the field is its canonical JSON, an owned char * */
    KEY_TASKS, /* the object of tasks: task_keys for each member */
    KEY_TYPE_COUNT
};

struct key_row {
    const char *pointer; /* in the configuration; of task_keys: in the task */
    const char *help;    /* one line, without a full stop */
    enum key_type type;  /* of the value */
    size_t offset, size; /* of the field, in struct config or struct task_config */
    size_t count_offset; /* KEY_UNITS: of the int that counts them */
    double low, high;    /* bounds of every number in it, inclusive ... */
    bool above, below;   /* ... but for `low`, for `high` */
    double value;        /* default of NAME (its index), BOOL, INT, SEED, REAL */
    /* default of TEXT and OBJECT; elsewhere the default in words where it depends */
    const char *text;
    const struct name_row *names;
    int n_names;
    bool or_path; /* TEXT: beside the names, the path of a file: a text with a "/" or a "." in it */
    /* the key is younger than cells that are stored: what they count as is no default, but `before`, a value of NAME,
     * which the id leaves out instead */
    bool dated;
    double before;
    bool no_result; /* the key changes no result: it is left out of the cell's id */
};

/* In the order of the resolved configuration. Defaults are part of every stored cell's id: never change
 * one, and give a new key the default that keeps what was done before. */
extern const struct key_row config_keys[];
extern const int n_config_keys;
extern const struct key_row task_keys[];
extern const int n_task_keys;

/* What a configuration holds where nothing is said, its tasks aside; the caller calls config_free. */
void config_defaults(struct config *c);
/* What a stored cell counts as where its configuration says nothing, and what an id leaves out: the same but for
 * keys that are younger than cells. */
void config_defaults_stored(struct config *c);
/* The same for one task of a set. */
void task_defaults(
    struct task_config *t, enum dataset_id set, struct reading reading, enum attribute a);

#endif
