/* Adience's eight age groups and the three ways in use to bring every age it has into them. */
#ifndef DATA_ADIENCE_LABELS_H
#define DATA_ADIENCE_LABELS_H

#include "data/adience_rows.h"

enum { ADIENCE_GROUPS = 8 };
extern const char *const adience_group_name[ADIENCE_GROUPS]; /* "0-2" ... "60-100" */

enum age_labels {
    AGE_LABELS_EXACT, /* the eight groups as written, no other: the lists of Levi & Hassner (2015) */
    AGE_LABELS_NESTED, /* and ages whose first is not below and whose last not above a group's; the
                        * third group begins at 8 and ends at 13 (Paplham & Franc's benchmark). By this
                        * rule "(25, 23)" is in 25-32 */
    AGE_LABELS_NEAREST, /* and all others by their first age, to the nearest group, ties to the younger:
                         * MiVOLO's table, with "(25, 23)" in 25-32 as its counts have it */
    AGE_LABELS_COUNT
};

/* 0-7, or LABEL_MISSING. */
int adience_group(const struct adience_row *row, enum age_labels labels);

#endif
