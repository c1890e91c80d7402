/* One cell from claim to end. */
#ifndef WORKER_CELL_H
#define WORKER_CELL_H

#include "analysis/age_groups.h"
#include "store/store.h"
#include "worker/sets.h"

struct worker {
    const struct work_options *options;
    struct store *store;
    struct th_device device;
    struct sets sets;
    struct age_bin_sets bins;
    int threads; /* of tensor work; a cell begun with another number keeps its own */
};

enum cell_outcome {
    OUTCOME_DONE,
    OUTCOME_SETTLED, /* another worker finished it or failed at it meanwhile */
    OUTCOME_HELD,    /* another worker is at it */
    OUTCOME_FAILED,  /* the message is in e and in the store; other cells may go on */
    OUTCOME_STOPPED  /* e says why the worker must end: interrupted, wrong usage, a full disk, store
                        out of order */
};

/* Whether there is something to do: it is neither done nor failed. */
bool cell_open(const struct cell_record *r);

/* Whether the worker's device can do what the cell's configuration says; ERR_USAGE: it cannot. */
bool cell_possible(const struct worker *w, const struct cell_record *r, struct err *e);

/* "VARIANT ID failed: message" on stderr. */
void cell_say_failed(const struct cell_record *r, const struct err *why);

/* Puts on record that the cell failed, and says so; false (e) where the store cannot. */
bool cell_refuse(
    struct worker *w, const struct cell_record *r, const struct err *why, struct err *e);

/* Runs the cell, as it was listed, from its last checkpoint on. */
enum cell_outcome cell_run(struct worker *w, const struct cell_record *listed, struct err *e);

#endif
