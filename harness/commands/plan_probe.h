/* The probe of `dmtl plan --probe`: what a cell's steps take on this machine, measured on noise in memory by
 * `dmtl-torch bench`; reading images, and workers that share a memory bus, are not in it. */
#ifndef COMMANDS_PLAN_PROBE_H
#define COMMANDS_PLAN_PROBE_H

#include "grid/config.h"

struct probe {
    double train_s,
        infer_s;     /* one step of /batch images; of a frozen trunk train_s is its heads' alone */
    int64_t learned; /* numbers that a training changes */
    size_t pass; /* through its frozen trunk: a place in probes.passes; NO_PASS: it is trained */
};
#define NO_PASS ((size_t)-1)

struct probed_pass { /* made once for all cells that share the trunk */
    char *steps;     /* what its cost depends on: JSON */
    double s_per_image;
    bool counted; /* the reader's: it was taken into account */
};

struct probes { /* configurations whose steps cost the same are measured once */
    const char *device;
    int threads;
    bool spin; /* as for workers_start */
    struct {
        char *steps; /* what the cost depends on: JSON */
        struct probe probe;
    } * list;
    size_t n, capacity;
    struct probed_pass *passes;
    size_t n_passes, passes_capacity;
};

/* What `c` costs, measured unless it was; false: e. `what` names it in messages, and is said on stderr while it is
 * measured unless `quiet`. */
bool probes_of(struct probes *p, const struct config *c, const char *what, bool quiet,
    struct probe *found, struct err *e);
void probes_free(struct probes *p);

#endif
