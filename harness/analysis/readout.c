#include "analysis/readout.h"

/* P(class k) of a head, k = 0 ... classes-1, walked upwards: for ordinal heads the drop of the running
 * minimum of P(y > r_k) from one threshold to the next. */
struct walk {
    const float *p;
    int classes, k;
    bool ordinal;
    double above; /* running minimum: P(y > class k), ordinal only */
};

static double walk_next(struct walk *w) {
    int k = w->k++;
    if (!w->ordinal)
        return w->p[k];
    double before = w->above;
    if (k == w->classes - 1)
        w->above = 0;
    else if (w->p[k] < before)
        w->above = w->p[k];
    return before - w->above;
}

static int count_above_half(const float *p, int n) {
    int count = 0;
    for (int k = 0; k < n; k++)
        count += p[k] > 0.5F;
    return count;
}

static int argmax(struct walk w) {
    int best = 0;
    double most = walk_next(&w);
    for (int k = 1; k < w.classes; k++) {
        double p = walk_next(&w);
        if (p > most) {
            most = p;
            best = k;
        }
    }
    return best;
}

static double total(struct walk w) {
    double sum = 0;
    for (int k = 0; k < w.classes; k++)
        sum += walk_next(&w);
    return sum;
}

static double expectation(struct walk w) {
    double sum = 0, whole = total(w);
    for (int k = 0; k < w.classes; k++)
        sum += k * walk_next(&w);
    return sum / whole;
}

/* The lowest class with at least half of the probability at or below it. For ordinal heads P(y <= k) is
 * one minus the running minimum, exact where a sum of differences would be rounded. */
static int median(struct walk w) {
    double sum = 0, half = w.ordinal ? 0.5 : total(w) / 2;
    for (int k = 0; k < w.classes - 1; k++) {
        sum += walk_next(&w);
        if (w.ordinal ? w.above <= half : sum >= half)
            return k;
    }
    return w.classes - 1;
}

double readout_value(enum readout r, bool ordinal, const float *p, int classes, int first) {
    struct walk w = {.p = p, .classes = classes, .ordinal = ordinal, .above = 1};
    switch (r) {
    case READOUT_COUNT_RANKS:
        return first + count_above_half(p, classes - 1);
    case READOUT_ARGMAX:
        return first + argmax(w);
    case READOUT_EXPECTATION:
        return first + expectation(w);
    case READOUT_MEDIAN:
        return first + median(w);
    case READOUT_COUNT:
        break;
    }
    return first;
}

void readout_classes(bool ordinal, const float *p, int classes, double *probability) {
    struct walk w = {.p = p, .classes = classes, .ordinal = ordinal, .above = 1};
    for (int k = 0; k < classes; k++)
        probability[k] = walk_next(&w);
}

enum readout readout_of_record(bool ordinal) {
    return ordinal ? READOUT_COUNT_RANKS : READOUT_ARGMAX;
}

bool readout_applies(enum readout r, bool ordinal_head, bool ordered_labels) {
    return r == READOUT_ARGMAX || (r == READOUT_COUNT_RANKS ? ordinal_head : ordered_labels);
}
