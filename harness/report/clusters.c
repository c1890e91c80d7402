#include "report/clusters.h"

#include "core/mem.h"
#include "data/joined.h"

#include <stdlib.h>
#include <string.h>

const char *const cluster_by_name[CLUSTER_BY_COUNT] = {[CLUSTER_ALL] = "all",
    [CLUSTER_SUBJECTS] = "subject",
    [CLUSTER_DUPLICATES] = "duplicates",
    [CLUSTER_SAMPLES] = "sample"};

void cluster_samples_add(
    struct cluster_samples *s, int64_t sample, int64_t dataset, const struct store_sample *row) {
    s->list = xgrow(s->list, &s->capacity, s->n + 1, sizeof *s->list);
    struct cluster_sample *one = &s->list[s->n++];
    *one = (struct cluster_sample){.sample = sample,
        .dataset = dataset,
        .id = xstrdup(row->id),
        .subject = row->subject ? xstrdup(row->subject) : NULL,
        .duplicate_group = row->duplicate_group};
    memcpy(one->label, row->label, sizeof one->label);
}

void cluster_samples_free(struct cluster_samples *s) {
    for (size_t i = 0; i < s->n; i++) {
        free(s->list[i].id);
        free(s->list[i].subject);
    }
    free(s->list);
    *s = (struct cluster_samples){0};
}

static int by_id(const void *a, const void *b) {
    const struct cluster_sample *x = a, *y = b;
    int order = strcmp(x->id, y->id);
    return order ? order : (x->sample > y->sample) - (x->sample < y->sample);
}

void cluster_samples_sort(struct cluster_samples *s) {
    if (s->n)
        qsort(s->list, s->n, sizeof *s->list, by_id);
}

void cluster_samples_place(struct cluster_samples *s, const struct cluster_samples *all,
    int64_t low, int64_t high, uint32_t *place, struct predictions *p) {
    for (size_t i = 0; i < all->n; i++) {
        int64_t sample = all->list[i].sample, dataset = all->list[i].dataset;
        if (sample < low || sample > high || place[sample - low] == UINT32_MAX)
            continue;
        s->list = xgrow(s->list, &s->capacity, s->n + 1, sizeof *s->list);
        s->list[s->n++] = all->list[i];
        s->newest_dataset = dataset > s->newest_dataset ? dataset : s->newest_dataset;
    }
    p->id = xcalloc(s->n, sizeof *p->id);
    for (int a = 0; a < ATTR_COUNT; a++)
        p->label[a] = xcalloc(s->n, sizeof *p->label[a]);
    for (size_t i = 0; i < s->n; i++) {
        struct cluster_sample *one = &s->list[i];
        if (i == 0 || strcmp(s->list[i - 1].id, one->id) != 0)
            p->id[p->n++] = xstrdup(one->id);
        one->place = place[one->sample - low] = (uint32_t)(p->n - 1);
        for (int a = 0; a < ATTR_COUNT; a++)
            p->label[a][one->place] = one->label[a];
    }
}

/* ---- clusters ---- */

static int by_subject(const void *a, const void *b) {
    const struct cluster_sample *const *x = a, *const *y = b;
    return strcmp((*x)->subject, (*y)->subject);
}

static int by_group(const void *a, const void *b) {
    const struct cluster_sample *const *x = a, *const *y = b;
    if ((*x)->dataset != (*y)->dataset)
        return (*x)->dataset < (*y)->dataset ? -1 : 1;
    return ((*x)->duplicate_group > (*y)->duplicate_group) -
           ((*x)->duplicate_group < (*y)->duplicate_group);
}

/* Joins neighbours of the order that are equal in it and have what it goes by. */
static void join_equal(uint32_t *parent, const struct cluster_samples *s,
    int (*order)(const void *, const void *), bool subjects) {
    const struct cluster_sample **sorted = xcalloc(s->n, sizeof *sorted);
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        if (subjects ? s->list[i].subject != NULL : s->list[i].duplicate_group >= 0)
            sorted[n++] = &s->list[i];
    qsort(sorted, n, sizeof *sorted, order);
    for (size_t i = 1; i < n; i++)
        if (order(&sorted[i - 1], &sorted[i]) == 0)
            joined_join(parent, sorted[i - 1]->place, sorted[i]->place);
    free(sorted);
}

size_t clusters_make(struct predictions *p, const struct cluster_samples *s, enum cluster_by by) {
    uint32_t *parent = xcalloc(p->n, sizeof *parent), *size = xcalloc(p->n, sizeof *size);
    for (size_t i = 0; i < p->n; i++)
        parent[i] = (uint32_t)i;
    if (by == CLUSTER_ALL || by == CLUSTER_SUBJECTS)
        join_equal(parent, s, by_subject, true);
    if (by == CLUSTER_ALL || by == CLUSTER_DUPLICATES)
        join_equal(parent, s, by_group, false);
    free(p->cluster);
    p->cluster = xcalloc(p->n, sizeof *p->cluster);
    p->clusters = 0;
    for (size_t i = 0; i < p->n; i++) { /* a root is its set's least member */
        uint32_t root = joined_root(parent, (uint32_t)i);
        p->cluster[i] = root == i ? (uint32_t)p->clusters++ : p->cluster[root];
        size[p->cluster[i]]++;
    }
    size_t together = 0;
    for (size_t c = 0; c < p->clusters; c++)
        together += size[c] > 1 ? size[c] : 0;
    free(parent);
    free(size);
    return together;
}
