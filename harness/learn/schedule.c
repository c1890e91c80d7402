#include "learn/schedule.h"

#include <math.h>

/* Shapes: the share of the full rate at `t`, 0 at the end of the warm-up, 1 at the end of training. */

static double shape_constant(double t) {
    (void)t;
    return 1;
}

static double shape_cosine(double t) {
    const double pi = 3.14159265358979323846;
    return 0.5 * (1 + cos(pi * t));
}

static double (*const shapes[])(double t) = {
    [SCHEDULE_CONSTANT] = shape_constant,
    [SCHEDULE_COSINE] = shape_cosine,
};
_Static_assert(sizeof shapes / sizeof shapes[0] == SCHEDULE_COUNT, "a shape for every schedule");

double schedule_rate(const struct config *c, int64_t step, int64_t steps_per_epoch) {
    double total = (double)steps_per_epoch * c->epochs;
    double warmup = floor(c->schedule.warmup_epochs * (double)steps_per_epoch + 0.5);
    double at = (double)step;
    if (at < warmup)
        return c->optimiser.lr * (at + 1) / warmup;
    double rest = total - warmup;
    return c->optimiser.lr * shapes[c->schedule.kind](rest > 0 ? (at - warmup) / rest : 0);
}
