/* What the gates warned of in the splits behind a grid's results, for its report. */
#ifndef REPORT_WARNINGS_H
#define REPORT_WARNINGS_H

#include "core/err.h"
#include "core/str.h"
#include "store/store.h"

struct warning { /* one gate, attribute and pair of parts, over the done cells of the grid */
    char *gate, *attribute, *part, *against, *outcome; /* names of v_findings; "": none */
    char *variants;                                    /* JSON: a list of names, sorted */
    char *text, *examples;                             /* of the cell with the largest value */
    double value, bound;                               /* likewise; a value of none is NaN */
    long cells;
};
struct warnings {
    struct warning *list;
    size_t n;
    long unknown,
        done; /* done cells whose splits no gate looked at, for an older dmtl ran them; all done cells */
};

/* In the order of the gates; warnings_free on success and failure alike. */
bool warnings_read(struct warnings *w, struct store *s, const char *grid, struct err *e);
void warnings_free(struct warnings *w);

/* Appends the names of a warning's variants, each by `text`, which escapes it, with commas between. */
void warning_variants(
    struct str *out, const struct warning *w, void (*text)(struct str *out, const char *text));

/* A table for people; nothing where all gates were passed. */
void warnings_markdown(struct str *out, const struct warnings *w);
/* An array of objects. */
void warnings_json(struct str *out, const struct warnings *w);

#endif
