/* Comparisons of systems, as a family of tests: each system against another on one metric of one task. */
#ifndef REPORT_COMPARISONS_H
#define REPORT_COMPARISONS_H

#include "analysis/paired.h"
#include "report/read_predictions.h"

struct compared { /* a system in its grid */
    const struct systems *systems;
    size_t system;
};

struct comparison {
    struct compared a, b;
    enum attribute task;
    char *bins; /* that the outcome's classes are; "" none */
    struct outcome outcome;
    struct paired_result result;
    double holm;                /* p over the family */
    size_t done[2], planned[2]; /* cells of a and b */
    int runs[2];
    bool leaky;
};

struct comparison_request {
    bool tasks[ATTR_COUNT]; /* none: all that both have */
    const char *const *metrics;
    size_t n_metrics; /* 0: the family that a's grid states */
    const char *bins; /* of metrics; NULL: fairface-9 */
    struct prediction_choice choice;
    struct paired_options options;
};

struct comparisons {
    const struct comparison_request *request;
    struct comparison *list;
    size_t n, capacity;
    bool drawn;
    char *dataset;
};

/* What `compare` and the marks of a report do unless they are told otherwise. */
#define COMPARISON_CONFIDENCE 0.95
enum { COMPARISON_DRAWS = 2000, COMPARISON_SEED = 1 };

/* Every row of the grid's table but the baseline against the row of the baseline in the same setting. Tasks that
 * one of two lacks are left out. comparisons_free on success and failure alike. */
bool comparisons_of_grid(struct comparisons *c, const struct comparison_request *request,
    const struct systems *systems, struct err *e);
bool comparisons_of_two(struct comparisons *c, const struct comparison_request *request,
    struct compared a, struct compared b, struct err *e);
void comparisons_free(struct comparisons *c);

/* Whether the family's rule and the interval both say that the two differ. */
bool comparison_claims(const struct comparison *c, double confidence);

/* Whether a report may say so: both have all their cells, and no split leaks. */
bool comparison_may_claim(const struct comparison *c);

void comparisons_markdown(struct str *out, const struct comparisons *c);
void comparisons_csv(struct str *out, const struct comparisons *c);
void comparisons_json(struct str *out, const struct comparisons *c);

#endif
