/* What cJSON leaves open: strict reading, pointers in messages, exact and canonical printing.
 * Trees are cJSON's (`cJSON_Delete` frees them); always look members up with json_get. */
#ifndef CORE_JSON_H
#define CORE_JSON_H

#include "core/err.h"
#include "core/str.h"

#include <cjson/cJSON.h>

/* Parses `text`; `name` stands in messages (a file's path), with line and column. Refuses trailing
 * text, duplicate keys, NUL bytes, invalid UTF-8, numbers that are no finite double, and nesting
 * over 64 levels. NULL on failure (ERR_USAGE); the caller deletes. */
cJSON *json_parse(const char *name, const char *text, size_t n, struct err *e);
cJSON *json_read(const char *path, struct err *e); /* a file of at most 16 MiB */

/* The member of exactly this name, or NULL (also where `object` is NULL or no object). */
cJSON *json_get(const cJSON *object, const char *name);

/* JSON pointers, RFC 6901. The value or NULL; json_pointer_set makes missing objects on the way and
 * owns `value` from then on, false (value deleted) where a step meets no object. */
cJSON *json_pointer_get(cJSON *root, const char *pointer);
bool json_pointer_set(cJSON *root, const char *pointer, cJSON *value, struct err *e);
/* Appends "/" and the name of a member with / and ~ escaped. */
void json_pointer_add(struct str *pointer, const char *name);
/* Appends a pointer as people read it: "/optimiser/lr" is "optimiser.lr". */
void json_pointer_dotted(struct str *out, const char *pointer);

/* Sets a member of exactly this name, in place where it is there; owns `value`. */
void json_object_set(cJSON *object, const char *name, cJSON *value);

/* RFC 7396: `target` (which is consumed, may be NULL) with `patch` applied; the caller deletes. */
cJSON *json_merge_patch(cJSON *target, const cJSON *patch);

/* Appends the canonical form of RFC 8785: members in order of UTF-16 code units, no white space,
 * numbers as ECMAScript prints them (shortest that reads back). Numbers must be finite. */
void json_canonical(struct str *out, const cJSON *value);

/* Appends a readable form (two spaces a level, short arrays on one line), members in their order. */
void json_pretty(struct str *out, const cJSON *value);

/* Appends `text` as a JSON string with its quotes (bytes that are no UTF-8 become U+FFFD); appends a
 * number exactly (NaN, inf: null). */
void json_add_string(struct str *out, const char *text);
void json_add_number(struct str *out, double x);

#endif
