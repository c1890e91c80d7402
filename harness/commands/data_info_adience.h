/* Private to data_info.c: what Adience's fold files give, whether their images are there or not. */
#ifndef COMMANDS_DATA_INFO_ADIENCE_H
#define COMMANDS_DATA_INFO_ADIENCE_H

#include "core/json.h"
#include "core/str.h"
#include "data/adience_rows.h"

/* Counts of rows by each combination of /data/age_labels and /data/repeated_rows: a member "rows"
 * of `json`, or with NULL a table at the end of `text`. */
void adience_info(struct str *text, cJSON *json, const struct adience_rows *rows);

#endif
