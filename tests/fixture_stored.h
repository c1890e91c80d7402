/* A folder with the fixture's store (fixture_store.h) as r.db, in which the real program is asked. */
#ifndef FIXTURE_STORED_H
#define FIXTURE_STORED_H

#include "core/json.h"

extern char *stored_dir, *stored_db; /* of the test that runs */
void stored_set_up(void);            /* for tcase_add_checked_fixture */
void stored_tear_down(void);

/* Runs the shell line in the folder: exit code, and what must stand in stdout and stderr (NULL: anything). */
void stored_expect(const char *command, int code, const char *in_out, const char *in_err);
void stored_change(const char *sql);
cJSON *stored_json(const char *command); /* its output; the caller deletes */

const char *text_of(const cJSON *object, const char *name); /* fails where there is none */
double number_of(const cJSON *object, const char *name);    /* NaN where it is null */

#endif
