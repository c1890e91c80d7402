/* Gates before training: what is known of a split from its samples' names, files' contents and labels alone,
 * before any image is read. Each gate measures; what is beyond its bound is a finding that warns. Whether that
 * is let pass, shown or refused is a rule of the grid (grid/gate_rules.h).
 *
 * Ages in years are counted by decades here, ages in groups by the groups; a sample without a label counts
 * nowhere where that label is asked for.
 */
#ifndef DATA_GATES_H
#define DATA_GATES_H

#include "data/split.h"

/* Stored by number: never renumber, only append. */
enum gate {
    GATE_FILES,      /* one file as samples of two parts */
    GATE_CONTENTS,   /* the same bytes in two parts */
    GATE_DUPLICATES, /* images of one duplicate group in two parts */
    GATE_SUBJECTS,   /* images of one person in two parts */
    GATE_ALBUMS,     /* of one album */
    GATE_SHIFT,      /* other shares of an attribute's classes than in the training part */
    GATE_CLASSES,    /* a class that one of two parts has and the other has not */
    GATE_GROUPS,     /* the same of the cells of age group x gender x race */
    GATE_SIZE,       /* too few labelled samples for a claim */
    GATE_COUNT
};
enum verdict {       /* likewise */
    VERDICT_PASSED,  /* within the bound */
    VERDICT_UNKNOWN, /* the set does not say what it takes to tell */
    VERDICT_WARNED,
    VERDICT_REFUSED,
    VERDICT_COUNT
};
extern const char *const gate_name[GATE_COUNT];
extern const char *const verdict_name[VERDICT_COUNT];

struct gate_bounds {
    double shift_p, shift_v; /* a shift is one where p is below and Cramer's V above */
    double classes_n,
        groups_n;      /* samples in a part from which on a class or cell is missed in another */
    double size_width; /* of the 95 % interval of a share of .5 (normal approximation) */
};

struct finding { /* one measure of one gate */
    enum gate gate;
    enum verdict verdict;
    int attribute; /* -1: of none or several */
    int part,
        against; /* enum part; -1: of none. `against` is the one that is trained on or chosen by */
    double value, bound; /* of a shift: Cramer's V; NaN: nothing to measure */
    size_t n;            /* samples looked at */
    char *examples;      /* JSON: up to GATE_EXAMPLES lists of sample ids, or of names of classes */
    char *text;          /* for people, one line, without the gate's name; names in it are quoted */
};
enum { GATE_EXAMPLES = 3 };
struct findings {
    struct finding *list;
    size_t n, capacity;
};

/* Appends the measures of all gates, in their order. `tasks`: the attributes that are trained on, which alone
 * count for the gates on labels. Verdicts are passed, unknown or warned. */
void gates_measure(struct findings *f, const struct manifest *m, const struct split *s,
    const bool tasks[ATTR_COUNT], const struct gate_bounds *bounds);
void findings_free(struct findings *f);

/* ---- the families, for gates_measure ---- */

void gates_overlap(struct findings *f, const struct manifest *m, const struct split *s);
void gates_labels(struct findings *f, const struct manifest *m, const struct split *s,
    const bool tasks[ATTR_COUNT], const struct gate_bounds *bounds);

/* Adds one and takes its texts over. */
void findings_add(struct findings *f, struct finding finding);

#endif
