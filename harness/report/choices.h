/* What a grid had chosen on the validation part (/select), for its report. */
#ifndef REPORT_CHOICES_H
#define REPORT_CHOICES_H

#include "core/err.h"
#include "core/str.h"
#include "store/store.h"

struct choice_row { /* one choice: it holds for all seeds */
    char *variant;  /* the grid's */
    char *setting;  /* the axes that are no repetition: "batch=32"; "" none */
    char *selected; /* "optimiser.lr=0.1" */
    int64_t split_seed;
    int fold;           /* -1: none */
    double gain;        /* the mean relative gain over the first candidate */
    long tried, failed; /* candidates */
};
struct choices {
    struct choice_row *rows;
    size_t n;
};

/* In the order of variants, settings, split seeds and folds; none where nothing was chosen. choices_free
 * on success and failure alike. */
bool choices_read(struct choices *c, struct store *s, const char *grid, struct err *e);
void choices_free(struct choices *c);

/* A table for people; nothing where there is no choice. */
void choices_markdown(struct str *out, const struct choices *c);
/* An array of objects. */
void choices_json(struct str *out, const struct choices *c);

#endif
