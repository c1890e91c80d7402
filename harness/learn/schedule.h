/* The learning rate over training: a warm-up, then one of the catalogue's shapes. Pure C. */
#ifndef LEARN_SCHEDULE_H
#define LEARN_SCHEDULE_H

#include "grid/config.h"

#include <stdint.h>

/* The rate of global step `step` (from 0) of a training of `steps_per_epoch` x epochs steps. During
 * the first /schedule/warmup_epochs (fractions allowed) it rises linearly and reaches the full rate at
 * their last step; the shape runs over what remains, so a cosine starts at the full rate and would be
 * 0 one step after the last. */
double schedule_rate(const struct config *c, int64_t step, int64_t steps_per_epoch);

#endif
