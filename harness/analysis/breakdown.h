/* All metrics of one part of one cell: for the whole and for every age x gender x race cell and margin.
 * Pure C: arrays in, rows out. The rows are what the store's tables metric, confusion and cs hold;
 * store/views.sql says what `bins` and `grouping` mean and which rows there are. */
#ifndef ANALYSIS_BREAKDOWN_H
#define ANALYSIS_BREAKDOWN_H

#include "analysis/age_groups.h"
#include "analysis/groups.h"
#include "analysis/metrics.h"
#include "core/words.h"

#include <stdbool.h>
#include <stddef.h>

struct breakdown_task {
    enum attribute attribute;
    bool ordered; /* labels have an order: age */
    int first, classes;
    enum readout readout;    /* of `predicted` */
    bool of_record;          /* groups and confusion only for the read-out of record */
    const double *predicted; /* [n]; read only where the label is there */
};
struct breakdown_input {
    size_t n;                     /* samples of the part */
    const int *label[ATTR_COUNT]; /* [n], LABEL_MISSING where unknown; NULL: never known */
    class_name_fn class_name;     /* of any label from 0 to the largest */
    const void *context;
    const struct age_bin_sets *bins; /* NULL: age labels are no years but groups */
    const struct breakdown_task *tasks;
    int n_tasks;
};

struct metric_value_row {
    enum attribute task;
    enum readout readout;
    const char *bins; /* "" none; names the bins of metric and grouping alike */
    /* "all" or "age_group=20-29,gender=female"; , = % in names percent-encoded */
    const char *grouping;
    enum metric_id metric;
    double value; /* never NaN: rows without samples are left out */
    long n;
};
struct confusion_row { /* truth and predicted: labels, or with bins the group's index */
    enum attribute task;
    enum readout readout;
    const char *bins, *grouping;
    int truth, predicted;
    long n; /* zero counts are left out */
};
struct cs_row { /* i = 0 ... 25 */
    enum attribute task;
    enum readout readout;
    enum cs_convention convention;
    int i;
    double value;
};

struct breakdown { /* strings live as long as the breakdown */
    struct metric_value_row *metrics;
    size_t n_metrics;
    struct confusion_row *confusion;
    size_t n_confusion;
    struct cs_row *cs;
    size_t n_cs;
    char **strings;
    size_t n_strings;
};
void breakdown_compute(struct breakdown *b, const struct breakdown_input *in);
void breakdown_free(struct breakdown *b);

#endif
