/* Checks of a configuration that no single row of the key table makes, private to grid/. */
#ifndef GRID_KEY_CHECKS_H
#define GRID_KEY_CHECKS_H

#include "core/json.h"
#include "grid/config.h"

/* Where a value stands, for messages: "WHERE: PREFIX TASK pointer". */
struct key_place {
    const char *where;  /* a file, or a cell's words */
    const char *prefix; /* pointer to the configuration in the file: "/base", or "" */
    const char *task;   /* pointer to the task in it: "/tasks/age", or "" */
    bool patch;         /* a merge patch: null removes */
};

/* Every member of the tree is a key of the table or an object on the way to one. */
bool key_names_check(const cJSON *object, const struct key_place *p, struct err *e);

/* What spans keys: tasks and ranks by the set, steps by the trunk, and keys that would count for
 * nothing beside another. */
bool config_check(const struct config *c, const char *where, struct err *e);

/* The part of it about choices on the validation part: /select, /report_epoch (select_checks.c). */
bool select_check(const struct config *c, const char *where, struct err *e);

/* What keys of /split say together: those that count for nothing, and the lists of names. */
bool split_check(const struct config *c, const char *where, struct err *e);

#endif
