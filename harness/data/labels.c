#include "data/labels.h"

#include "core/mem.h"
#include "data/adience_labels.h"
#include "data/labels_csv.h"

#include <stddef.h>

struct label_row {
    struct label_range range;
    const char *const *names; /* of 0 ... range.last; NULL: open-ended, or none */
};

static const char *const gender_names[] = {"male", "female"};
static const char *const race_names[] = {"White", "Black", "Asian", "Indian", "Other"};
/* Karkkainen & Joo 2021, by the names of its label files. */
static const char *const fairface_names[] = {"White", "Black", "Latino_Hispanic", "East Asian",
    "Southeast Asian", "Indian", "Middle Eastern"};

#define CLASSES(names)                                                                             \
    { {0, ARRAY_LEN(names) - 1}, names }
#define YEARS                                                                                      \
    { {1, 116}, NULL }
#define NONE                                                                                       \
    { {0, -1}, NULL }

static const struct label_row age_groups = {{0, ADIENCE_GROUPS - 1}, adience_group_name};
static const struct label_row fairface_races = CLASSES(fairface_names);
static const struct label_row rows[DATASET_COUNT][ATTR_COUNT] = {
    [DATASET_UTKFACE] = {YEARS, CLASSES(gender_names), CLASSES(race_names)},
    [DATASET_SYNTHETIC] = {YEARS, CLASSES(gender_names), CLASSES(race_names)},
    [DATASET_ADIENCE] = {{{0, ADIENCE_GROUPS - 1}, adience_group_name}, CLASSES(gender_names),
        NONE},
    [DATASET_FOLDER] = {{{0, LABELS_CSV_MAX_AGE}, NULL}, CLASSES(gender_names),
        CLASSES(race_names)},
};

static const struct label_row *row_of(
    enum dataset_id set, struct reading reading, enum attribute a) {
    return a == ATTR_AGE && reading.ages == AGES_ADIENCE_8       ? &age_groups
           : a == ATTR_RACE && reading.races == RACES_FAIRFACE_7 ? &fairface_races
                                                                 : &rows[set][a];
}

struct label_range label_range(enum dataset_id set, struct reading reading, enum attribute a) {
    return row_of(set, reading, a)->range;
}

int attribute_classes(enum dataset_id set, struct reading reading, enum attribute a) {
    const struct label_row *row = row_of(set, reading, a);
    return row->names ? row->range.last + 1 : 0;
}

const char *attribute_class_name(
    enum dataset_id set, struct reading reading, enum attribute a, int label) {
    const struct label_row *row = row_of(set, reading, a);
    return row->names && label >= 0 && label <= row->range.last ? row->names[label] : NULL;
}

bool ages_are_groups(enum dataset_id set, struct reading reading) {
    return attribute_classes(set, reading, ATTR_AGE) > 0;
}

bool set_has_subjects(enum dataset_id set) {
    return set == DATASET_ADIENCE;
}
