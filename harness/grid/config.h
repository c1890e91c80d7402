/* The resolved configuration of one cell as plain fields. The table in keys.c ties every field to
 * its key, type, bounds, default and help; nothing else reads the grid file's JSON.
 * Strings are owned by the config (config_free). */
#ifndef GRID_CONFIG_H
#define GRID_CONFIG_H

#include "data/manifest.h"
#include "grid/catalogue.h"

#include <stdbool.h>
#include <stdint.h>

#define MAX_HIDDEN 4
#define MAX_TASKS ATTR_COUNT

struct task_config {          /* /tasks/NAME; tasks stand in the order of enum attribute */
    enum attribute attribute; /* the member's name: age, gender or race */
    enum task_kind kind;      /* kind: nominal (Eq 3-4) | ordinal (Eq 5-7) */
    int ranks[2];             /* ranks: [first, last] label; nominal too (its classes) */
    double weight;            /* weight: fixed loss weight (weighting fixed), default 1 */
    int hidden[MAX_HIDDEN];   /* hidden: units of the head's hidden layers, [] none */
    int n_hidden;
    double dropout; /* dropout before the head's last layer */
};

struct config {
    struct {
        enum dataset_id set;    /* /data/set */
        struct reading reading; /* /data/ages, age_labels, repeated_rows, crop, races,
                                   corrections (owned) */
        int image_px;           /* /data/image_px: side of the square input */
        double max_bad_share;   /* /data/max_bad_share: undecodable files above it end the run */
    } data;
    struct {
        enum split_kind kind;    /* /split/kind: random | folds | lists */
        int fold;                /* /split/fold: which is tested on */
        uint64_t seed;           /* /split/seed */
        double test_share;       /* /split/test_share */
        double validation_share; /* /split/validation_share, of what is not tested on */
        char *lists;             /* /split/lists: canonical JSON, part -> file's name; "{}": none */
        bool pass_unusable;      /* /split/unusable_names: refuse | pass */
        enum split_duplicates duplicates; /* /split/duplicates: near | identical | apart */
        bool require_all;                 /* /split/require: any | all tasks labelled */
    } split;
    struct task_config tasks[MAX_TASKS];
    int n_tasks;
    struct {
        enum trunk_id name;      /* /trunk/name */
        char *weights;           /* /trunk/weights: "none", "imagenet", or a file's path */
        bool partial;            /* /trunk/partial: the file need not have every tensor */
        char *train_from;        /* /trunk/train_from: "all", "frozen", or a stage's name */
        enum branch_kind branch; /* /trunk/branch: none | category | task */
        char *branch_stage;      /* /trunk/branch_stage: first stage of a branch's own */
        double dropout;          /* /trunk/dropout: on the pooled features */
        double stochastic_depth; /* /trunk/stochastic_depth: rate at the last block */
    } trunk;
    struct {
        enum weighting_id
            kind; /* /weighting/kind: uncertainty | uncertainty-exact | fixed | equal */
        enum normalise normalise;    /* /weighting/normalise: none | one | tasks */
        enum log_sigmas log_sigmas;  /* /weighting/log_sigmas: task | problem */
        double initial_log_variance; /* /weighting/initial_log_variance */
    } weighting;
    struct {
        enum optimiser_id kind;   /* /optimiser/kind: sgd */
        double lr, momentum;      /* /optimiser/lr, /optimiser/momentum */
        double decay_trunk;       /* /optimiser/decay_trunk: gamma_1 of Eq 2 */
        double decay_heads;       /* /optimiser/decay_heads: gamma_2 of Eq 2 */
        bool decay_norm_and_bias; /* /optimiser/decay_norm_and_bias, default true */
    } optimiser;
    struct {
        enum schedule_id kind; /* /schedule/kind: constant | cosine */
        double warmup_epochs;  /* /schedule/warmup_epochs: linear from 0 */
    } schedule;
    struct {
        bool flip;    /* /augment/flip */
        int shift_px; /* /augment/shift_px: uniform in -s..s, edges repeated */
    } augment;
    struct {
        char *keys;    /* /select/keys: canonical JSON, pointer -> values to try; "{}": none */
        char *metrics; /* /select/metrics: canonical JSON, task -> metric; "{}": the usual ones */
        uint64_t seed; /* /select/seed */
        int epochs;    /* /select/epochs: of each candidate; 0: epochs */
    } select;
    enum report_epoch report_epoch; /* /report_epoch: last | best */
    /* /report_metrics: canonical JSON, task -> metric; "{}": the usual ones */
    char *report_metrics;
    int early_stop_epochs;    /* /early_stop_epochs; 0: never */
    int epochs, batch;        /* /epochs, /batch */
    uint64_t seed;            /* /seed */
    enum precision precision; /* /precision: f32 | tf32 | bf16 */
    enum backend backend;     /* /backend: auto | libtorch | native */
    int log_every;            /* /log_every: steps between stored weight rows; no result changes */
    int checkpoint_every_s;   /* /checkpoint_every_s; no result changes */
    int checkpoint_every_steps; /* /checkpoint_every_steps; 0: by time alone; no result changes */
};

enum { FEATURES_BATCH = 32 }; /* images that pass a frozen trunk at once, whatever /batch is */

#endif
