/* What the gates find of a configuration's split, judged by a grid's rules. */
#ifndef GRID_SPLIT_GATES_H
#define GRID_SPLIT_GATES_H

#include "grid/config.h"
#include "grid/gate_rules.h"

/* The measures of all gates with their verdicts; `tasks`: the attributes that are trained on. findings_free. */
void split_gates(struct findings *f, const struct config *c, const struct manifest *m,
    const struct split *s, const bool tasks[ATTR_COUNT], const struct gate_rules *rules);

/* The measure that a gate's verdict is of: the worst verdict, of these the largest value; NULL where the gate
 * measured nothing. */
const struct finding *findings_worst(const struct findings *f, enum gate gate);

/* False where a gate refuses: ERR_USAGE with the first finding and what to do. */
bool split_gates_allow(const struct findings *f, const struct config *c, struct err *e);

#endif
