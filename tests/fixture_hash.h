/* What a results database holds, as one hash: two runs with the same results have the same. */
#ifndef FIXTURE_HASH_H
#define FIXTURE_HASH_H

#include "core/sha256.h"

/* Over every row of predictions, probabilities, epochs, weights, metrics, confusions and CS; there must be some of each. */
void results_hash(const char *db, char hex[SHA256_HEX]);
/* The first column of the query's first row; the caller frees; and what it must be. */
char *query_text(const char *db, const char *sql);
void expect_rows(const char *db, const char *sql, const char *want);
void expect_same_results(const char *db, const char *other_db);

#endif
