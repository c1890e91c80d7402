/* The samples of a system's predictions, in one order and in clusters. */
#ifndef REPORT_CLUSTERS_H
#define REPORT_CLUSTERS_H

#include "analysis/predictions.h"
#include "store/store.h"

/* What counts as one: persons and near-identical images (the default: both where the set knows them), or each
 * sample. */
enum cluster_by {
    CLUSTER_ALL,
    CLUSTER_SUBJECTS,
    CLUSTER_DUPLICATES,
    CLUSTER_SAMPLES,
    CLUSTER_BY_COUNT
};
extern const char *const cluster_by_name[CLUSTER_BY_COUNT]; /* all subject duplicates sample */

struct cluster_sample {
    int64_t sample, dataset; /* rows of the store */
    char *id, *subject;      /* subject NULL: none */
    int duplicate_group;     /* -1: none */
    int label[ATTR_COUNT];
    uint32_t place; /* in the predictions */
};
struct cluster_samples {
    struct cluster_sample *list;
    size_t n, capacity;
    int64_t newest_dataset;
};

void cluster_samples_add(
    struct cluster_samples *s, int64_t sample, int64_t dataset, const struct store_sample *row);
/* By id, and the contents of a set that have it in their order. */
void cluster_samples_sort(struct cluster_samples *s);
void cluster_samples_free(struct cluster_samples *s);

/* Takes those of `all`, which is sorted, that place[sample - low], low to high, wants: not UINT32_MAX. Their texts stay
 * those of `all`: the list alone is the caller's to free. `p` gets its ids and labels, and place says where a sample is
 * in it. Samples of one id in several contents of a set are one, with the labels of the newest. */
void cluster_samples_place(struct cluster_samples *s, const struct cluster_samples *all,
    int64_t low, int64_t high, uint32_t *place, struct predictions *p);

/* Makes the clusters of `p`; returns how many samples are not alone in theirs. */
size_t clusters_make(struct predictions *p, const struct cluster_samples *s, enum cluster_by by);

#endif
