/* A paper's claims (grid/claims.h) beside what a grid of the store measured, each with a verdict
 * (analysis/equivalence.h), and by what the measured cells differ from the paper's protocol.
 *
 * A claim is of the first of its variants that the grid has. Numbers and orders are of all runs of that variant; while
 * cells of it are missing a claim is measured and undecided. Intervals of numbers are those of an audit's cell of
 * everyone, those of orders a comparison's, those of groups an audit's gap between two cells: all hold the variance of
 * clusters of samples and of seeds. Those of learned weights are over seeds, or where there is one over folds. Holm's
 * correction is over all claims of order, of systems and of groups, that were tested. */
#ifndef REPORT_VERDICTS_H
#define REPORT_VERDICTS_H

#include "analysis/audit.h"
#include "analysis/equivalence.h"
#include "analysis/paired.h"
#include "grid/claims.h"
#include "report/read_predictions.h"

struct verdict_request {
    bool tasks[ATTR_COUNT];          /* none: claims of every task */
    const char *bins;                /* in place of the claims' own; not of groups. NULL: theirs */
    struct prediction_choice choice; /* its choice is not READOUT_BAYES */
    struct paired_options options;
};

struct text_list {
    char **text;
    size_t n, capacity;
};

struct claim_result {
    const struct claim *claim;
    enum judgement verdict;
    /* what was measured, and beside what: a variant, or a group's name; NULL: nothing */
    char *variant, *than;
    char *bins;              /* "" none */
    bool share;              /* the numbers are */
    double measured, beside; /* NaN: none */
    /* measured less published, or less what is beside it; of weights as claimed */
    double difference;
    struct interval interval;   /* of it */
    double interval_confidence; /* NaN: none */
    double p, holm;             /* of orders, else NaN */
    size_t samples, done, planned;
    int runs;
    char *why;                    /* for people; the remedy where it is undecided */
    struct text_list differences; /* from the paper's protocol, each "batch: 32, here 256" */
    struct text_list cells;       /* ids */
};

struct verdicts {
    const struct verdict_request *request;
    const struct claims *claims;
    struct systems *systems;
    struct claim_result *list; /* in the claims' order */
    size_t n, count[JUDGEMENT_COUNT], family;
    bool drawn;
    char *sets; /* of the grid: "utkface", or "adience and utkface" */
};

/* systems gains the variants that are asked for (systems_find). verdicts_free on success and failure alike; request,
 * claims and systems must outlive it. A grid of which nothing is done yet is no error. */
bool verdicts_make(struct verdicts *v, const struct verdict_request *request,
    const struct claims *claims, struct systems *systems, struct err *e);
void verdicts_free(struct verdicts *v);

void verdicts_markdown(struct str *out, const struct verdicts *v);
void verdicts_csv(struct str *out, const struct verdicts *v);
void verdicts_json(struct str *out, const struct verdicts *v);

/* ---- parts of the formats: texts for people, not escaped ---- */

/* A claim, what is published of it, and whether that is in percent. */
void claim_text(struct str *out, const struct claim *c);
void claim_published(struct str *out, const struct claim *c);
bool claim_is_percent(const struct claim *c);

/* Whether it has a line in the table: it was measured, or will be once its cells are done. */
bool claim_measured(const struct claim_result *r);
void claim_measured_text(struct str *out, const struct claim_result *r);
/* What decides it or would, and by what its cells alone differ from the protocol. */
void claim_why(struct str *out, const struct verdicts *v, const struct claim_result *r);

/* By what the cells of all measured claims differ from the protocol, "" nothing; and how verdicts are found. */
void claims_protocol(struct str *out, const struct verdicts *v);
void claims_rules(struct str *out, const struct verdicts *v);

/* Calls `each` for every reason why claims are not in the table, with how many. */
typedef void claim_reason_fn(
    struct str *out, const struct verdicts *v, const char *reason, size_t count, bool first);
void claims_each_reason(struct str *out, const struct verdicts *v, claim_reason_fn *each);

#endif
