/* An audit of one system: tables of outcomes over crossings, task by task, with what they were made from. */
#ifndef REPORT_AUDITS_H
#define REPORT_AUDITS_H

#include "analysis/audit.h"
#include "report/read_predictions.h"

enum { AUDIT_SMALL = 100 }; /* clusters below which a cell is small, unless said otherwise */

struct audit_request {
    bool tasks[ATTR_COUNT]; /* none: every task of the system */
    const char *const *by;  /* crossings; none: each attribute and all together */
    size_t n_by;
    /* names of outcomes.h and "equalised_odds[:CLASS]"; none: defaults */
    const char *const *metrics;
    size_t n_metrics;
    /* attributes whose every level is audited on its own, so that they explain no gap; NULL: none */
    const char *within;
    const char *bins;            /* a name, or groups such as "0-12,13-19,20+"; NULL: fairface-9 */
    bool confusion, calibration; /* of groups too */
    struct prediction_choice choice; /* part, clusters, read-out; the rest is filled in */
    struct audit_options options;
    void (*progress)(
        size_t tables); /* called before each table with how many are made; NULL: nobody asks */
};

struct audit_section {     /* one outcome over one crossing */
    size_t task, crossing; /* places in the lists below */
    struct outcome outcome;
    struct audit_table table;
};
struct audit_odds { /* of one class over one crossing */
    size_t task, crossing;
    char *class;
    struct audit_gap gap[GAP_COUNT];
    bool of_tpr[GAP_COUNT]; /* which of the two rates makes it */
};
struct audit_confusion { /* of a cell: counts[truth * classes + predicted], of all runs together */
    size_t task, crossing, cell;
    long *counts;
};
struct audit_calibration { /* of a cell; NaN without samples */
    size_t task, crossing, cell, n;
    double confidence, accuracy,
        error; /* error: expected calibration error, 15 bins of equal width */
};
struct audit_task {
    enum attribute task;
    struct system_predictions predictions;
    const struct age_bins *bins; /* of its classes, NULL: labels */
    struct classes classes;
    struct crossing *crossings;
    size_t n_crossings;
};

struct audits {
    const struct audit_request *request;
    const struct systems *systems;
    size_t system;
    struct age_bin_sets sets;
    const struct age_bins *bins;
    struct audit_task *tasks;
    size_t n_tasks;
    struct audit_section *sections;
    size_t n_sections, sections_capacity;
    struct audit_odds *odds;
    size_t n_odds, odds_capacity;
    struct audit_confusion *confusions;
    size_t n_confusions, confusions_capacity;
    struct audit_calibration *calibrations;
    size_t n_calibrations, calibrations_capacity;
    struct shared_draws draws; /* shared by the sections */
};

/* audits_free on success and failure alike; request and systems must outlive it. */
bool audits_make(struct audits *a, const struct audit_request *request,
    const struct systems *systems, size_t system, struct err *e);
void audits_free(struct audits *a);

/* The formats: Markdown for people; CSV, a line a cell or gap; JSON with all of it. */
void audits_markdown(struct str *out, const struct audits *a);
void audits_csv(struct str *out, const struct audits *a);
void audits_json(struct str *out, const struct audits *a);

#endif
