/* From the store's rows to the predictions of a system: runs put side by side, folds pooled, clusters made. */
#ifndef REPORT_READ_PREDICTIONS_H
#define REPORT_READ_PREDICTIONS_H

#include "analysis/outcomes.h"
#include "analysis/predictions.h"
#include "report/clusters.h"
#include "report/systems.h"

/* Which number a prediction is: as stored, one of the read-outs from the stored probabilities, or the one that an
 * outcome wants (analysis/bayes.h). */
enum readout_choice { READOUT_AS_STORED, READOUT_BY_NAME, READOUT_BAYES };
struct prediction_choice {
    enum part part;
    enum cluster_by cluster;
    enum readout_choice choice;
    enum readout readout;          /* of READOUT_BY_NAME */
    const struct outcome *outcome; /* of READOUT_BAYES */
    const struct age_bins *bins;   /* likewise; of the age task, else NULL */
    bool terms;                    /* what the probabilities say is wanted (predictions.h) */
};

struct system_predictions {
    struct predictions p; /* n is 0 where nothing is done */
    struct store_dataset dataset;
    size_t cells, planned; /* done, and in the grid */
    bool folds;            /* pooled from folds */
    size_t in_clusters;    /* samples that share their cluster */
    bool leaky;            /* a cell's split is (grid/leaky.h) */
    bool kept;             /* by the systems: freeing it frees nothing */
};

/* Reads one task of a system. A sample that a run predicts twice, truths that differ and damaged rows are
 * errors. system_predictions_free on success and failure alike, before the systems are freed. */
bool read_predictions(struct system_predictions *r, const struct systems *s, size_t system,
    enum attribute task, const struct prediction_choice *choice, struct err *e);
void system_predictions_free(struct system_predictions *r);

/* From here on predictions as stored are read once and kept, some 100 bytes a sample and task of each system, for a
 * caller that asks for them again: a page that tests and audits. Samples are kept in any case. */
void systems_keep_predictions(struct systems *s);
/* The same, and reads those of the rows' tasks at once, with several threads. What cannot be read fails where it is asked
 * for. */
void systems_read_ahead(struct systems *s, enum part part, int threads);
/* From here on `s`, which another thread asks, has what `of` has kept and keeps its own there; `of` must outlive it. */
void systems_share_kept(struct systems *s, const struct systems *of);
struct kept_predictions *kept_predictions_new(void);
void kept_predictions_free(struct kept_predictions *k);

/* The name of a label in the data set; valid until the next call. Fits class_name_fn with the data set as context. */
const char *dataset_class_name(const void *dataset, enum attribute a, int label);

#endif
