/* Training of one cell, from its last checkpoint (or the start) to its stored predictions.
 *
 * Everything in it is a function of (configuration, data, step): order, augmentation, dropout and
 * initial weights are drawn from counters, so a training that goes on from a checkpoint takes the
 * same steps as one that was never stopped. Rows reach the store with the checkpoint they lead up to.
 */
#ifndef LEARN_TRAIN_H
#define LEARN_TRAIN_H

#include "analysis/age_groups.h"
#include "data/split.h"
#include "learn/feed.h"
#include "store/store.h"

struct training { /* all borrowed */
    const struct config *config;
    const char *cell_id; /* the configuration's id */
    const char *folder;  /* the cell's: checkpoints */
    struct network *network;
    th_scope *life; /* the network's scope; what is learned besides goes there too */
    struct th_device device;
    const struct source *source;
    const struct split *split;
    const struct age_bin_sets *bins;
    struct store *store;
    int64_t cell, token, dataset;  /* rows of the store; the claim's token */
    int64_t known_step;            /* the last step that the store knows (0: none) */
    int known_epochs;              /* that were validated by then */
    double wall_before_s;          /* of earlier attempts */
    void (*say)(const char *line); /* talk: resumed from, passed over; NULL: silent */
    void (*log)(const char *line); /* each epoch, what checkpoints took; NULL: nowhere */
};

/* Trains, evaluates the validation and the test part once, stores predictions and metrics, and marks
 * the cell done, all of that in one transaction. ERR_DIVERGED where a loss is not finite (the message says
 * where), ERR_NO_SPACE where a disk is full, ERR_INTERRUPTED after a checkpoint when core/interrupt.h says
 * so: after both a resume loses nothing up to the last checkpoint. */
bool train(const struct training *in, struct err *e);

#endif
