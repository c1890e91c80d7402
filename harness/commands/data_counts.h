/* Private to data_info*.c: how many samples have which label. */
#ifndef COMMANDS_DATA_COUNTS_H
#define COMMANDS_DATA_COUNTS_H

#include "core/json.h"
#include "data/manifest.h"

enum { LABEL_ROWS = 13 }; /* decades 0-9 to 120-129: more than any set's ages, or classes */

struct label_counts {
    size_t label[ATTR_COUNT][LABEL_ROWS]; /* classes; for ages in years, decades */
    size_t known[ATTR_COUNT];
    int first_age, last_age; /* in years; last_age -1: none */
};

struct label_counts counts_of_none(void);
void counts_add(struct label_counts *c, const struct manifest *m, const struct sample *s);

/* Whether the set has labels of an attribute, how many rows they fill, and what a row is called: the class's
 * name, or the decade, perhaps in the buffer. */
bool counts_has(const struct manifest *m, enum attribute a);
int counts_rows(const struct manifest *m, enum attribute a);
const char *counts_row_name(const struct manifest *m, enum attribute a, int row, char buffer[16]);

/* {"age": {"20-29": 3}, "gender": {"male": 1}, ...}: rows that are not empty. */
cJSON *counts_json(const struct label_counts *c, const struct manifest *m);

#endif
