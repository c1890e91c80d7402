/* What an attribute's labels are in a set, as a reading makes them: age in years (UTKFace, a folder of one's own) or in
 * one of eight groups, 0-7 (Adience, and any set with /data/ages "adience-8"); gender 0 male, 1 female; race 0 White,
 * 1 Black, 2 Asian, 3 Indian, 4 Other (Adience has none), or with /data/races one of FairFace's seven. */
#ifndef DATA_LABELS_H
#define DATA_LABELS_H

#include "core/words.h"
#include "data/reading.h"

/* Stored nowhere by number, but never renumbered either; names: grid/catalogue.h. */
enum dataset_id {
    DATASET_UTKFACE,
    DATASET_SYNTHETIC,
    DATASET_ADIENCE,
    DATASET_FOLDER,
    DATASET_COUNT
};

struct label_range {
    int first,
        last; /* a task's ranks by default; the last below the first: the set has no such labels */
};
struct label_range label_range(enum dataset_id set, struct reading reading, enum attribute a);

/* Classes of an attribute: their number (0: open-ended, as ages in years are, or the set has no such labels)
 * and names (NULL: the number is the name). */
int attribute_classes(enum dataset_id set, struct reading reading, enum attribute a);
const char *attribute_class_name(
    enum dataset_id set, struct reading reading, enum attribute a, int label);

/* Whether ages are groups, so that an error of 1 is the next group and not a year. */
bool ages_are_groups(enum dataset_id set, struct reading reading);

/* Whether the set always says who is in an image, so that a split of images can tear a person apart. Where a set may say
 * so (a folder's labels.csv), the gates find out. */
bool set_has_subjects(enum dataset_id set);

#endif
