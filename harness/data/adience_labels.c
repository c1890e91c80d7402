#include "data/adience_labels.h"

#include "core/words.h"

#include <stdbool.h>

const char *const adience_group_name[ADIENCE_GROUPS] = {
    "0-2", "4-6", "8-12", "15-20", "25-32", "38-43", "48-53", "60-100"};

static const struct group {
    int first, last, nested_last;
} groups[ADIENCE_GROUPS] = {{0, 2, 2}, {4, 6, 6}, {8, 12, 13}, {15, 20, 20}, {25, 32, 32},
    {38, 43, 43}, {48, 53, 53}, {60, 100, 100}};

/* Years from an age to a group; 0: inside. */
static int distance(int age, const struct group *g) {
    return age < g->first ? g->first - age : age > g->last ? age - g->last : 0;
}

static int nearest(int age) {
    int best = 0;
    for (int g = 1; g < ADIENCE_GROUPS; g++)
        if (distance(age, &groups[g]) < distance(age, &groups[best]))
            best = g;
    return best;
}

int adience_group_of_years(int age, enum age_labels labels) {
    for (int g = 0; g < ADIENCE_GROUPS; g++)
        if (age >= groups[g].first &&
            age <= (labels == AGE_LABELS_EXACT ? groups[g].last : groups[g].nested_last))
            return g;
    return labels == AGE_LABELS_NEAREST ? nearest(age) : LABEL_MISSING;
}

int adience_group(const struct adience_row *row, enum age_labels labels) {
    if (row->first_age < 0)
        return LABEL_MISSING;
    for (int g = 0; g < ADIENCE_GROUPS; g++) {
        bool exact = row->first_age == groups[g].first && row->last_age == groups[g].last;
        bool nested = row->first_age >= groups[g].first && row->last_age <= groups[g].nested_last;
        if (exact || (labels != AGE_LABELS_EXACT && nested))
            return g;
    }
    return labels == AGE_LABELS_NEAREST ? nearest(row->first_age) : LABEL_MISSING;
}
