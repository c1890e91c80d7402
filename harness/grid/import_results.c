#include "grid/import_results.h"

#include "analysis/readout.h"
#include "core/mem.h"

#include <stdlib.h>

/* Rows of one run, part and task. */
struct block {
    const struct manifest *m;
    const struct imported *im;
    size_t begin, n;
    enum part part;
    enum attribute task;
    int classes, first;
    bool ordinal;
    int *label[ATTR_COUNT]; /* [n] */
    double *readout[READOUT_COUNT];
};

static const struct imported_row *row_of(const struct block *b, size_t i) {
    return &b->im->rows[b->begin + i];
}

static void block_open(
    struct block *b, const struct manifest *m, const struct imported *im, size_t begin, size_t n) {
    enum attribute task = (enum attribute)im->rows[begin].task;
    *b = (struct block){.m = m,
        .im = im,
        .begin = begin,
        .n = n,
        .part = (enum part)im->rows[begin].part,
        .task = task,
        .classes = imported_classes(m, task),
        .first = label_range(m->set, m->reading, task).first,
        .ordinal = task == ATTR_AGE && (im->width[task] == 0 || im->ordinal[task])};
    for (int a = 0; a < ATTR_COUNT; a++) {
        b->label[a] = xcalloc(n, sizeof *b->label[a]);
        for (size_t i = 0; i < n; i++)
            b->label[a][i] = m->samples[row_of(b, i)->sample].label[a];
    }
    for (int r = 0; r < READOUT_COUNT; r++) {
        bool of_record = (enum readout)r == readout_of_record(b->ordinal);
        if (!of_record && (im->width[task] == 0 ||
                              !readout_applies((enum readout)r, b->ordinal, task == ATTR_AGE)))
            continue;
        b->readout[r] = xcalloc(n, sizeof *b->readout[r]);
        for (size_t i = 0; i < n; i++)
            b->readout[r][i] =
                of_record ? row_of(b, i)->predicted
                          : readout_value((enum readout)r, b->ordinal,
                                im->pool + row_of(b, i)->probabilities, b->classes, b->first);
    }
}

static void block_close(struct block *b) {
    for (int a = 0; a < ATTR_COUNT; a++)
        free(b->label[a]);
    for (int r = 0; r < READOUT_COUNT; r++)
        free(b->readout[r]);
}

static bool put_predictions(
    struct store *s, const struct block *b, int64_t cell, int64_t dataset, struct err *e) {
    int width = b->im->width[b->task];
    uint32_t *samples = xcalloc(b->n, sizeof *samples);
    float *p = width ? xcalloc(b->n, (size_t)width * sizeof *p) : NULL;
    for (size_t i = 0; i < b->n; i++) {
        samples[i] = row_of(b, i)->sample;
        for (int k = 0; k < width; k++)
            p[i * (size_t)width + (size_t)k] = b->im->pool[row_of(b, i)->probabilities + (size_t)k];
    }
    bool ok = store_put_predictions(s, cell, dataset, b->part, b->task, b->ordinal, b->n, samples,
        b->label[b->task], b->readout[readout_of_record(b->ordinal)], p, width, e);
    free(samples);
    free(p);
    return ok;
}

static const char *class_name(const void *context, enum attribute a, int label) {
    const struct manifest *m = context;
    const char *name = attribute_class_name(m->set, m->reading, a, label);
    return name ? name : "";
}

static bool put_metrics(struct store *s, const struct block *b, const struct age_bin_sets *bins,
    int64_t cell, struct err *e) {
    struct breakdown_task tasks[READOUT_COUNT];
    struct breakdown_input in = {.n = b->n,
        .label = {b->label[ATTR_AGE], b->label[ATTR_GENDER], b->label[ATTR_RACE]},
        .class_name = class_name,
        .context = b->m,
        .bins = ages_are_groups(b->m->set, b->m->reading) ? NULL : bins,
        .tasks = tasks};
    for (int r = 0; r < READOUT_COUNT; r++)
        if (b->readout[r])
            tasks[in.n_tasks++] = (struct breakdown_task){b->task, b->task == ATTR_AGE, b->first,
                b->classes, (enum readout)r, (enum readout)r == readout_of_record(b->ordinal),
                b->readout[r]};
    struct breakdown metrics;
    breakdown_compute(&metrics, &in);
    bool ok = store_put_breakdown(s, cell, b->part, &metrics, e);
    breakdown_free(&metrics);
    return ok;
}

bool import_put_results(struct store *s, const struct manifest *m, const struct imported *im,
    size_t run, int64_t cell, int64_t dataset, struct err *e) {
    struct age_bin_sets bins;
    bool ok = age_bins_load(&bins, NULL, e);
    size_t end = im->runs[run].first + im->runs[run].n;
    for (size_t i = im->runs[run].first, n; ok && i < end; i += n) {
        const struct imported_row *row = &im->rows[i];
        for (n = 1; i + n < end && row[n].part == row->part && row[n].task == row->task;)
            n++;
        struct block b;
        block_open(&b, m, im, i, n);
        ok = put_predictions(s, &b, cell, dataset, e) && put_metrics(s, &b, &bins, cell, e);
        block_close(&b);
    }
    age_bins_free(&bins);
    return ok;
}
