/* Whether a stated number, order or bound holds up against measured ones, and what would decide where neither can be
 * said. A number is the same where it lies within a margin that was stated beforehand: two one-sided tests at the level
 * 1 - confidence (Schuirmann 1987), which is to say that the interval at equivalence_confidence lies within the margin. */
#ifndef ANALYSIS_EQUIVALENCE_H
#define ANALYSIS_EQUIVALENCE_H

#include "analysis/intervals.h"

#include <stdbool.h>
#include <stddef.h>

enum judgement {
    JUDGED_REPRODUCED,
    JUDGED_NOT_REPRODUCED,
    JUDGED_UNDECIDED, /* at this sample size */
    JUDGED_UNTESTABLE,
    JUDGEMENT_COUNT
};
extern const char *const judgement_name[JUDGEMENT_COUNT];

/* 2 * confidence - 1: of the interval that both one-sided tests at 1 - confidence go by. */
double equivalence_confidence(double confidence);

/* An interval inside of low ... high is reproduced, one that shares nothing with it not; NaN: undecided. */
enum judgement judge_within(struct interval i, double low, double high);

/* An order that claims a difference above 0. */
struct order_evidence {
    double p;                 /* two-sided, adjusted for the tests beside it */
    struct interval interval; /* at the confidence, of the difference */
    struct interval narrow;   /* at equivalence_confidence */
    double margin, level;     /* level: 1 - confidence */
};
/* Reproduced where p and interval both claim the difference; not where they claim the opposite, or where the
 * narrow interval lies within the margin on both sides of 0. */
enum judgement judge_order(const struct order_evidence *o);

/* Where an interval comes from: independent samples, and runs (seeds). */
struct spread {
    double half;         /* of the interval's width */
    double half_of_runs; /* what it would be if samples had no variance; 0 for one run */
    size_t n;            /* samples */
    int runs;
};
/* About how many of each would narrow it to `half`; 0: that one may stay as it is. The larger source of the two is
 * narrowed where that is enough, else both. Neither is set, and false, where it would take over REMEDY_MOST times as
 * much: the number lies at a bound itself. */
struct remedy {
    size_t n;
    int runs;
};
#define REMEDY_MOST 1000.0
bool remedy_find(struct remedy *r, const struct spread *p, double half);

#endif
