/* What a paper claims, as a file that measured values are set beside (experiments/paper/claims.json). JSON:
 *
 *   {"paper": "whose",
 *    "protocol": [{"what": "epochs", "key": "/epochs", "value": 80, "where": "section II-D"}, ...],
 *    "margins": [{"metric": "mae", "set": "utkface", "margin": 0.1, "reason": "..."}, ...],
 *    "claims": [{"id": "utkface-proposed-age-mae", "where": "Table III", "kind": "value", ...}, ...]}
 *
 * A protocol's row is a key of the configuration with the value that the paper states, or without "value" one that it
 * does not state; or without "key" what no key says, with what is done "here". Shares run from 0 to 1. What the kinds of
 * claims say, and which members they have, is in the table of claims.c. */
#ifndef GRID_CLAIMS_H
#define GRID_CLAIMS_H

#include "core/err.h"
#include "core/json.h"
#include "core/words.h"

#include <stddef.h>

enum claim_kind {
    CLAIM_VALUE,      /* a system's metric is a number */
    CLAIM_ORDER,      /* a system is better than another in a metric */
    CLAIM_ABOVE,      /* a system is better than a published number */
    CLAIM_GROUP,      /* a group's metric is below that of others */
    CLAIM_WEIGHT,     /* what the learned weights (Eq 16) are at the end */
    CLAIM_UNTESTABLE, /* nothing here can say */
    CLAIM_KIND_COUNT
};
extern const char *const claim_kind_name[CLAIM_KIND_COUNT];

enum claim_form {
    FORM_NONE,
    FORM_LOWER,      /* of a group: than everyone else together */
    FORM_LOWEST,     /* of a group: than each of the others */
    FORM_COMPARABLE, /* of weights: `task` and `against` differ by at most `bound` */
    FORM_LOW,        /* of a weight: at most `bound` */
    FORM_INVERSE,    /* of weights: the task of the largest loss has the smallest */
    FORM_COUNT
};
extern const char *const claim_form_name[FORM_COUNT];

/* Texts are the file's; "" where it has none. */
struct claim {
    const char *id, *where, *says, *note, *contradicts;
    enum claim_kind kind;
    enum claim_form form;
    int set; /* enum dataset_id; -1: of none */
    const char *system, *than;
    const cJSON *variants, *than_variants; /* names of variants: the first that a grid has */
    int task, against;                     /* enum attribute; -1: none */
    const char *metric, *bins, *by, *group, *reason, *unit;
    double value; /* NaN: none. Of an order: by how much the paper has it */
    double bound; /* of weights */
    /* within which two values are the same: of `metric`; NaN where the kind has none */
    double margin;
};

struct claim_protocol {
    const char *what, *key, *here, *where; /* key "": none */
    const cJSON *value;                    /* NULL: not stated */
    int set;                               /* -1: all */
};

struct claim_margin {
    const char *metric, *reason;
    int set; /* -1: those that have no row of their own */
    double margin;
};

struct claims {
    cJSON *root; /* what the texts are part of */
    const char *name, *paper;
    struct claim *list;
    struct claim_protocol *protocol;
    struct claim_margin *margins;
    size_t n, n_protocol, n_margins;
};

/* Reads the file, or where `path` is NULL the paper's claims as they are compiled in. A member that is missing,
 * unknown, of another type or out of bounds is ERR_USAGE with file and place; so are an id that stands twice, a
 * contradiction of no claim, and a metric without a margin. `name` and `path` must outlive the claims. claims_free on
 * success and failure alike. */
bool claims_load(struct claims *c, const char *path, struct err *e);
bool claims_parse(struct claims *c, const char *name, const char *text, size_t n, struct err *e);
void claims_free(struct claims *c);

/* Sets the margin of a metric, "mae=0.2", on every set; ERR_USAGE begins with `where`. */
bool claims_set_margin(struct claims *c, const char *text, const char *where, struct err *e);

#endif
