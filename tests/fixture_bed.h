/* A store in a folder of its own, opened for writing, with one cell planned in grid "g"; and questions to
 * it. What goes wrong around a test ends the test. */
#ifndef FIXTURE_BED_H
#define FIXTURE_BED_H

#include "store/store.h"

struct bed {
    char *dir, *path;
    struct store *s;
    int64_t grid, cell;
};
extern struct bed bed;                 /* of the running test */
extern const struct provenance nobody; /* one thread, all else unknown */

void bed_open(void); /* a checked fixture, with bed_close */
void bed_close(void);

void must(bool ok, const struct err *e); /* ends the test with e's message where not ok */
long long count(const char *sql);
/* The first row's columns as text, joined by '|'; the caller frees. */
char *row_text(sqlite3 *db, const char *sql);
void row_is(const char *sql, const char *wanted); /* of the bed's store */

#endif
