/* The runs of steps that a configuration's trunk consists of (/trunk/branch): one that all tasks share, and
 * where there are branches a copy of the rest for each. */
#ifndef GRID_LIMBS_H
#define GRID_LIMBS_H

#include "grid/config.h"

#include <stdint.h>

#define MAX_LIMBS (1 + MAX_TASKS)

struct limb_plan {
    const char *suffix; /* "" or "@ordinal", behind the names of its steps */
    /* keys its dropout and stochastic depth: the same whatever other limbs there are */
    uint32_t draws;
    int first, end; /* steps of the trunk (trunk_step), end excluded */
};

struct limb_plans {
    struct limb_plan limbs[MAX_LIMBS]; /* the shared one first; it may be empty */
    int n;
    /* which limb each task ends in; the shared one where there are no branches */
    int of_task[MAX_TASKS];
};
struct limb_plans limb_plans(const struct config *c);

/* The first step of the trunk that is trained (/trunk/train_from); one behind the last where none is; -1: it names none. */
int trunk_first_trained(const struct config *c);
bool trunk_frozen(const struct config *c); /* none is */
/* Whether kernels/ can compute the trunk, and whether they do (/backend). */
bool trunk_can_be_native(const struct config *c, bool on_cpu);
bool trunk_native(const struct config *c, bool on_cpu);

#endif
