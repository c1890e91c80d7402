/* Adience's eight age groups and the three ways in use to bring every age it has into them. */
#ifndef DATA_ADIENCE_LABELS_H
#define DATA_ADIENCE_LABELS_H

#include "data/adience_rows.h"
#include "data/reading.h"

enum { ADIENCE_GROUPS = 8 };
extern const char *const adience_group_name[ADIENCE_GROUPS]; /* "0-2" ... "60-100" */

/* 0-7, or LABEL_MISSING. */
int adience_group(const struct adience_row *row, enum age_labels labels);
/* The same of an age in years, for other sets. */
int adience_group_of_years(int age, enum age_labels labels);

#endif
