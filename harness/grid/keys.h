/* The key table: one row a key of the configuration. Parser, checks, help, the resolved form, the
 * cell's id and (later) the JSON schema derive from it. */
#ifndef GRID_KEYS_H
#define GRID_KEYS_H

#include "core/json.h"
#include "core/sha256.h"
#include "grid/config.h"

#include <stdbool.h>

/* Fills every field from `object`, a whole or partial configuration; absent keys take their defaults.
 * Unknown key, wrong type, value out of bounds: ERR_USAGE, "WHERE: /pointer: value: expected ...; did
 * you mean ...". Checks what spans keys too (a stage's name by the trunk's table, no augmentation on a
 * frozen trunk, labels of the set). config_free on success and failure alike. */
bool config_parse(struct config *c, const cJSON *object, const char *where, struct err *e);
/* The same of JSON text, as the store holds it: keys that it does not have count as before there were any. */
bool config_parse_text(struct config *c, const char *text, const char *where, struct err *e);
void config_free(struct config *c);

/* The names, types and bounds of a merge patch (null removes), not what spans keys; messages say
 * "WHERE: PREFIX/pointer". */
bool config_check_patch(const cJSON *patch, const char *where, const char *prefix, struct err *e);
/* The patch that one text of --set, "/pointer=value", says: the value is JSON, or else taken as a string. NULL
 * on failure; the caller deletes. */
cJSON *config_assignment(const char *text, struct err *e);

/* Every key with its value, in the table's order; the caller deletes. Parses back to the same. */
cJSON *config_resolved(const struct config *c);

/* SHA-256 of the canonical form of the keys that change results, those at their default left out (at the value
 * before there was the key, where that is another: key_table.h), with the format version in. */
void config_id(const struct config *c, char id[SHA256_HEX]);

/* A key as people are told of it; the texts live during the call. */
struct key_description {
    const char *pointer; /* "/optimiser/lr", of a task "/tasks/NAME/kind" */
    /* what it does, its type and bounds, its default: words */
    const char *help, *expected, *standard;
    const struct name_row *names; /* values that have names, n_names of them */
    int n_names;
    bool boolean, or_path; /* true and false are all its values; a file's path is one too */
    bool no_result;        /* it changes no result */
};
/* Tells of each key, in the table's order, those of a task behind /tasks. */
void keys_describe(void (*tell)(const struct key_description *k, void *context), void *context);

/* Appends the help of all keys (pointer, type, bounds, default, what it does), for --help. */
void keys_help(struct str *out);

#endif
