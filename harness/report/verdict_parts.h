/* Inside of the verdicts: what is read once for many claims, how each kind is measured, and by what cells differ from
 * the paper's protocol. */
#ifndef REPORT_VERDICT_PARTS_H
#define REPORT_VERDICT_PARTS_H

#include "report/verdicts.h"

struct read_task { /* predictions of one task of one system */
    size_t system;
    enum attribute task;
    struct system_predictions r;
};
struct verdict_maker {
    struct verdicts *v;
    struct read_task **read;
    size_t n, capacity;
    /* Of claims of order, [claims]: what the verdict waits for Holm's p with; claims at other places are done. */
    struct order_evidence *order;
    struct spread *spread;
    struct paired_options options; /* the request's, with draws that claims on all samples share */
    struct shared_draws draws;
};

/* A task's predictions, read at its first call; n is 0 where nothing is done. NULL on failure. */
struct system_predictions *task_read(
    struct verdict_maker *m, size_t system, enum attribute task, struct err *e);

/* Measures claim `i`, of `system` and, of an order, of `than`, which have predictions; for an order the verdict stays
 * undecided until verdict_settle. False with an error where the store cannot be read. */
bool measure_claim(struct verdict_maker *m, size_t i, size_t system, size_t than, struct err *e);
bool measure_weights(struct verdict_maker *m, size_t i, size_t system, struct err *e);
/* The verdict of an order, once `holm` is known. */
void verdict_settle(struct verdict_maker *m, size_t i);
/* What would decide it: the interval's half narrowed to `half`. */
void set_remedy(struct claim_result *r, const struct spread *p, double half, bool samples);

/* Appends what the cells of the claim's task differ by, of a system and of a second one (-1: none), and their ids. */
bool note_cells(
    struct verdict_maker *m, struct claim_result *r, size_t system, int second, struct err *e);

void text_add(struct text_list *list, char *text); /* takes it; not twice */

#endif
