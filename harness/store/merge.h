/* One results database taken into another, and the comparison of results that it rests on. */
#ifndef STORE_MERGE_H
#define STORE_MERGE_H

#include "store/translation.h"

/* Appends to `words` where the results of a cell in `a` and in `b` are not the same to the bit, table by table with
 * the first row that departs; nothing where they are. Findings of gates, times and claims are not compared. */
bool store_cell_differences(struct store *a, int64_t cell_a, struct store *b, int64_t cell_b,
    const struct translation *b_to_a, struct str *words, struct err *e);

struct merge_count { /* of the other file's cells */
    size_t taken;    /* done there, and not here before */
    size_t same;     /* done in both, with the same results */
    size_t failed;   /* failed there and not done here: their messages are kept */
    size_t open;     /* neither done nor failed there: only planned here */
};
/* Takes cells, results, claims, choices and grids of `from`, in one transaction: all or nothing. The same once more
 * changes nothing, and any order gives the same. What is done wins over what failed, and that over what is not begun,
 * whose work so far stays where it is. Refused, in words that show the difference: two results of one cell, two
 * answers to one choice, two grids of one name. Where a cell failed in both, the later failure stays. Claims are
 * numbered anew by their times, the one that ended done last. */
bool store_merge(struct store *to, struct store *from, struct merge_count *count, struct err *e);

#endif
