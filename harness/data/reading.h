/* How a set's folder is read, where there is a choice: each reading is a version of the set of its own, with
 * its own samples, labels and fingerprint. All zero is the default, and all that a set without such choices
 * has. The names are in grid/catalogue.h. */
#ifndef DATA_READING_H
#define DATA_READING_H

#include <stdbool.h>
#include <string.h>

enum ages {         /* /data/ages: what an age label is */
    AGES_OWN,       /* as the set has it */
    AGES_ADIENCE_8, /* one of Adience's eight groups, for a set that has years; of the others: no age */
    AGES_COUNT
};
enum age_labels { /* /data/age_labels: which ages belong to Adience's eight groups */
    AGE_LABELS_EXACT, /* the eight groups as written, no other: the lists of Levi & Hassner (2015). Years
                       * belong to the group that they lie in */
    AGE_LABELS_NESTED, /* and ages whose first is not below and whose last not above a group's; the
                        * third group begins at 8 and ends at 13 (Paplham & Franc's benchmark). By this
                        * rule "(25, 23)" is in 25-32 */
    AGE_LABELS_NEAREST, /* and all others by their first age, to the nearest group, ties to the younger:
                         * MiVOLO's table, with "(25, 23)" in 25-32 as its counts have it */
    AGE_LABELS_COUNT
};
/* /data/repeated_rows: rows of the fold files that name a user, image and face again */
enum repeated_rows { REPEATED_KEEP, REPEATED_DROP, REPEATED_COUNT };
enum crop { CROP_ALIGNED, CROP_FACES, CROP_COUNT }; /* /data/crop: which image of a face */
enum races {          /* /data/races: the classes of race, where a folder's labels.csv names them */
    RACES_UTKFACE_5,  /* UTKFace's */
    RACES_FAIRFACE_7, /* FairFace's seven */
    RACES_COUNT
};

struct reading {
    enum ages ages;
    enum age_labels age_labels;
    enum repeated_rows repeated_rows;
    enum crop crop;
    enum races races;
    char *corrections; /* /data/corrections, as corrections_load takes it; NULL is "none" */
};

static inline const char *reading_corrections(struct reading r) {
    return r.corrections ? r.corrections : "none";
}

static inline bool reading_equal(struct reading a, struct reading b) {
    return a.ages == b.ages && a.age_labels == b.age_labels && a.repeated_rows == b.repeated_rows &&
           a.crop == b.crop && a.races == b.races &&
           strcmp(reading_corrections(a), reading_corrections(b)) == 0;
}

#endif
