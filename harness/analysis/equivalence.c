#include "analysis/equivalence.h"

#include <math.h>

const char *const judgement_name[JUDGEMENT_COUNT] = {
    "reproduced", "not reproduced", "undecided", "not testable"};

double equivalence_confidence(double confidence) {
    return 2 * confidence - 1;
}

enum judgement judge_within(struct interval i, double low, double high) {
    if (i.low >= low && i.high <= high)
        return JUDGED_REPRODUCED;
    return i.low > high || i.high < low ? JUDGED_NOT_REPRODUCED : JUDGED_UNDECIDED;
}

enum judgement judge_order(const struct order_evidence *o) {
    bool claimed = o->p <= o->level;
    if (claimed && o->interval.low > 0)
        return JUDGED_REPRODUCED;
    if (claimed && o->interval.high < 0)
        return JUDGED_NOT_REPRODUCED;
    bool same = o->narrow.low >= -o->margin && o->narrow.high <= o->margin;
    return same ? JUDGED_NOT_REPRODUCED : JUDGED_UNDECIDED;
}

/* `now` times the quotient, rounded up. */
static double more(double now, double quotient) {
    return ceil(now * quotient - 1e-9);
}

bool remedy_find(struct remedy *r, const struct spread *p, double half) {
    double all = p->half * p->half, runs = fmin(all, p->half_of_runs * p->half_of_runs);
    double samples = all - runs, wanted = half * half;
    *r = (struct remedy){0};
    if (!(wanted > 0) || !(all > wanted) || all > REMEDY_MOST * wanted)
        return false;
    if (samples >= runs && samples <= REMEDY_MOST * (wanted - runs))
        r->n = (size_t)more((double)p->n, samples / (wanted - runs));
    else if (runs > samples && runs <= REMEDY_MOST * (wanted - samples))
        r->runs = (int)more(p->runs, runs / (wanted - samples));
    else {
        r->n = (size_t)more((double)p->n, all / wanted);
        r->runs = (int)more(p->runs, all / wanted);
    }
    return true;
}
