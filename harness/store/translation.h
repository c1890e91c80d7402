/* Numbers of one results database as another has them: samples, slices and metrics are numbered in each file in
 * the order in which it met them. */
#ifndef STORE_TRANSLATION_H
#define STORE_TRANSLATION_H

#include "store/result_tables.h"
#include "store/store.h"

struct sample_range {
    int64_t first, n; /* of a data set in the file that is read */
    int64_t to;       /* where it begins in the other; -1: that has no such set */
};
struct translation {
    struct sample_range *ranges;
    size_t n_ranges;
    int64_t *slice, *metric; /* by number; -1: the other has none */
    size_t n_slices, n_metrics;
};

/* From the numbers of `from` to those of `to`. `add`: what `to` lacks is added to it, inside a transaction of its
 * own or the caller's; else it has no number. A data set is the same where name and fingerprint are. On failure too:
 * translation_free. */
bool translation_make(
    struct translation *t, struct store *from, struct store *to, bool add, struct err *e);
void translation_free(struct translation *t);

/* -1: the other file has no such thing. */
int64_t translation_number(const struct translation *t, enum column_kind kind, int64_t number);

#endif
