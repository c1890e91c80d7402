/* What a grid does about what its gates find: the member "gates" of a grid file, gate to action, or to an object
 * with the action and the gate's bounds:
 *
 *   "gates": {"albums": "pass", "shift": {"action": "refuse", "p": 0.01, "v": 0.05}, "size": {"width": 0.1}}
 *
 * What it does not say is at its default. Rules are no part of a cell's identity: no number comes from them. */
#ifndef GRID_GATE_RULES_H
#define GRID_GATE_RULES_H

#include "core/json.h"
#include "data/gates.h"

enum gate_action {
    ACTION_PASS,         /* stored, and that is all */
    ACTION_WARN,         /* told at `run` and in the report */
    ACTION_UNLESS_LEAKY, /* refused; warned of where its own keys say that it leaks */
    ACTION_REFUSE,       /* nothing is trained */
    ACTION_COUNT
};
struct gate_rules {
    enum gate_action action[GATE_COUNT];
    struct gate_bounds bounds;
};

extern const struct gate_rules gate_rules_default;

/* Whether parts that share something at this gate share what the network is tested on: a leak, which no rule
 * may let pass in silence. */
bool gate_leaks(enum gate gate);

/* Changes `r` by the file's member `object`; ERR_USAGE names `where` and the pointer, which begins with `at`. */
bool gate_rules_read(
    struct gate_rules *r, const cJSON *object, const char *where, const char *at, struct err *e);
/* All of it as one line of JSON, which gate_rules_read takes; the caller frees. */
char *gate_rules_text(const struct gate_rules *r);

/* The JSON Schema of what gate_rules_read takes; the caller deletes. */
cJSON *gate_rules_schema(void);

#endif
