#include "grid/key_table.h"

#include "core/mem.h"
#include "data/split.h"

#include <string.h>

#define AT(field)                                                                                  \
    .offset = offsetof(struct config, field), .size = sizeof(((struct config *)0)->field)
#define TASK(field)                                                                                \
    .offset = offsetof(struct task_config, field), .size = sizeof(((struct task_config *)0)->field)
#define NAMES(table) .names = (table), .n_names = (int)ARRAY_LEN(table)

#define MAX_SEED 9007199254740991.0 /* 2^53 - 1: what a JSON number holds exactly */

const struct key_row config_keys[] = {
    {"/data/set", "the set of images", KEY_NAME, AT(data.set), NAMES(dataset_names),
        .value = DATASET_UTKFACE},
    {"/data/ages", "what an age label is", KEY_NAME, AT(data.reading.ages), NAMES(ages_names),
        .value = AGES_OWN},
    {"/data/age_labels", "which ages are in Adience's eight groups", KEY_NAME,
        AT(data.reading.age_labels), NAMES(age_labels_names), .value = AGE_LABELS_EXACT},
    {"/data/repeated_rows", "what becomes of rows that Adience's fold files repeat", KEY_NAME,
        AT(data.reading.repeated_rows), NAMES(repeated_rows_names), .value = REPEATED_KEEP},
    {"/data/crop", "which of Adience's two images of a face", KEY_NAME, AT(data.reading.crop),
        NAMES(crop_names), .value = CROP_ALIGNED},
    {"/data/races", "the classes of race in a folder's labels.csv", KEY_NAME,
        AT(data.reading.races), NAMES(races_names), .value = RACES_UTKFACE_5},
    {"/data/corrections",
        "labels of UTKFace that are corrected; a path is taken from where the program is started",
        KEY_TEXT, AT(data.reading.corrections), NAMES(corrections_names), .or_path = true,
        .text = "none"},
    {"/data/image_px", "side of the square input", KEY_INT, AT(data.image_px), .low = 16,
        .high = 1024, .value = 224},
    {"/data/max_bad_share", "share of files that may fail to decode; more end the run", KEY_REAL,
        AT(data.max_bad_share), .low = 0, .high = 1, .value = 0.01, .no_result = true},

    {"/split/kind", "how samples are assigned to parts", KEY_NAME, AT(split.kind),
        NAMES(split_kind_names), .value = SPLIT_RANDOM},
    {"/split/fold", "the fold that is tested on, with /split/kind \"folds\"", KEY_INT,
        AT(split.fold), .low = 0, .high = SPLIT_FOLDS - 1, .value = 0},
    {"/split/seed", "seed of the split, apart from the training's", KEY_SEED, AT(split.seed),
        .low = 0, .high = MAX_SEED, .value = 1},
    {"/split/test_share", "share of all samples that is tested on, with /split/kind \"random\"",
        KEY_REAL, AT(split.test_share), .low = 0, .high = 1, .above = true, .below = true,
        .value = 0.2},
    {"/split/validation_share",
        "share of the other samples that is validated on; with \"folds\", of the other folds' subjects; with "
        "\"lists\", of the training list's",
        KEY_REAL, AT(split.validation_share), .low = 0, .high = 1, .above = true, .below = true,
        .value = 0.1},
    {"/split/lists",
        "the lists of names with /split/kind \"lists\": part to file in the lists folder, {\"train\": "
        "\"a.csv\", \"test\": \"b.csv\"}; without \"validation\" it is drawn from train",
        KEY_OBJECT, AT(split.lists), .text = "{}"},
    {"/split/unusable_names", "what becomes of listed names that the set has not, or not usable",
        KEY_NAME, AT(split.pass_unusable), NAMES(unusable_names_names), .value = UNUSABLE_REFUSE,
        .no_result = true},
    {"/split/duplicates",
        "which duplicates are kept in one part wherever a part is drawn; folds and lists that are given stay "
        "as they are",
        KEY_NAME, AT(split.duplicates), NAMES(duplicates_names), .value = DUPLICATES_NEAR,
        .dated = true, .before = DUPLICATES_APART},
    {"/split/require", "which labels a sample must have to be used", KEY_NAME,
        AT(split.require_all), NAMES(require_names), .value = REQUIRE_ANY},

    {"/tasks", "the tasks: an object with one member a task, named by its attribute", KEY_TASKS,
        AT(tasks), .text = "none; at least one is needed"},

    {"/trunk/name", "the trunk", KEY_NAME, AT(trunk.name), NAMES(trunk_names),
        .value = TRUNK_LITE0},
    {"/trunk/weights", "the trunk's initial weights; a path is taken from the weights folder",
        KEY_TEXT, AT(trunk.weights), NAMES(weights_names), .or_path = true, .text = "imagenet"},
    {"/trunk/partial", "take what a file of weights has of the trunk and draw the rest from /seed",
        KEY_BOOL, AT(trunk.partial), .value = false},
    {"/trunk/train_from",
        "all, frozen (features are then computed once), or the first step that is trained: stage1 "
        "... head",
        KEY_TEXT, AT(trunk.train_from), .text = "all"},
    {"/trunk/branch", "where tasks stop sharing the trunk", KEY_NAME, AT(trunk.branch),
        NAMES(branch_names), .value = BRANCH_NONE},
    {"/trunk/branch_stage", "the first step of a branch's own: stage1 ... head", KEY_TEXT,
        AT(trunk.branch_stage), .text = ""},
    {"/trunk/dropout", "dropout on the pooled features", KEY_REAL, AT(trunk.dropout), .low = 0,
        .high = 1, .below = true, .value = 0},
    {"/trunk/stochastic_depth",
        "share of rows that skip a block's body, rising linearly from 0: block i of B has i / B of this rate",
        KEY_REAL, AT(trunk.stochastic_depth), .low = 0, .high = 1, .below = true, .value = 0},

    {"/weighting/kind", "how the tasks' losses are weighted", KEY_NAME, AT(weighting.kind),
        NAMES(weighting_names), .value = WEIGHTING_UNCERTAINTY},
    {"/weighting/normalise", "what fixed and equal weights sum to", KEY_NAME,
        AT(weighting.normalise), NAMES(normalise_names), .value = NORMALISE_NONE},
    {"/weighting/log_sigmas", "how many log sigma an ordinal task owes with \"uncertainty\"",
        KEY_NAME, AT(weighting.log_sigmas), NAMES(log_sigmas_names), .value = LOG_SIGMAS_TASK},
    {"/weighting/initial_log_variance", "where the learned log variances start", KEY_REAL,
        AT(weighting.initial_log_variance), .low = -20, .high = 20, .value = 0},

    {"/optimiser/kind", "the optimiser", KEY_NAME, AT(optimiser.kind), NAMES(optimiser_names),
        .value = OPTIMISER_SGD},
    {"/optimiser/lr", "learning rate", KEY_REAL, AT(optimiser.lr), .low = 0, .high = 100,
        .above = true, .value = 0.001},
    {"/optimiser/momentum", "momentum, not dampened", KEY_REAL, AT(optimiser.momentum), .low = 0,
        .high = 1, .below = true, .value = 0.9},
    {"/optimiser/decay_trunk", "weight decay of the trunk (gamma_1 of Eq 2)", KEY_REAL,
        AT(optimiser.decay_trunk), .low = 0, .high = 1, .value = 0.0005},
    {"/optimiser/decay_heads", "weight decay of the heads (gamma_2 of Eq 2)", KEY_REAL,
        AT(optimiser.decay_heads), .low = 0, .high = 1, .value = 0.0005},
    {"/optimiser/decay_norm_and_bias", "whether batch norm and biases decay too", KEY_BOOL,
        AT(optimiser.decay_norm_and_bias), .value = true},

    {"/schedule/kind", "the learning rate over the run", KEY_NAME, AT(schedule.kind),
        NAMES(schedule_names), .value = SCHEDULE_CONSTANT},
    {"/schedule/warmup_epochs", "epochs over which the learning rate rises linearly from 0",
        KEY_REAL, AT(schedule.warmup_epochs), .low = 0, .high = 100000, .value = 0},

    {"/augment/flip", "mirror half of the training images", KEY_BOOL, AT(augment.flip),
        .value = false},
    {"/augment/shift_px", "shift training images by up to so many pixels, edges repeated", KEY_INT,
        AT(augment.shift_px), .low = 0, .high = 512, .value = 0},

    {"/select/keys",
        "keys that are chosen on the validation part: pointer to the list of values to try, "
        "{\"/optimiser/lr\": [0.1, 0.03]}",
        KEY_OBJECT, AT(select.keys), .text = "{}"},
    {"/select/metrics",
        "what the choice goes by: task to metric, \"none\" leaves a task out; age by mae and the others by "
        "accuracy unless said",
        KEY_OBJECT, AT(select.metrics), .text = "{}"},
    {"/select/seed",
        "seed that the values are tried with; the first of the grid's axis /seed unless said",
        KEY_SEED, AT(select.seed), .low = 0, .high = MAX_SEED, .value = 1},
    {"/select/epochs",
        "passes over the training part that the values are tried with; 0: as many as /epochs says",
        KEY_INT, AT(select.epochs), .low = 0, .high = 100000, .value = 0},

    {"/report_epoch", "the epoch whose network is tested", KEY_NAME, AT(report_epoch),
        NAMES(report_epoch_names), .value = REPORT_LAST},
    {"/report_metrics",
        "what the best epoch goes by: task to metric, \"none\" leaves a task out; age by mae and the "
        "others by accuracy unless said",
        KEY_OBJECT, AT(report_metrics), .text = "{}"},
    {"/early_stop_epochs",
        "end the training after so many epochs without a better one on the validation part; 0: never",
        KEY_INT, AT(early_stop_epochs), .low = 0, .high = 100000, .value = 0},

    {"/epochs", "passes over the training part", KEY_INT, AT(epochs), .low = 1, .high = 100000,
        .value = 80},
    {"/batch", "images a step", KEY_INT, AT(batch), .low = 1, .high = 65536, .value = 32},
    {"/seed", "seed of initial weights, order, augmentation and dropout", KEY_SEED, AT(seed),
        .low = 0, .high = MAX_SEED, .value = 1},
    {"/precision",
        "what convolutions and linear layers compute in, training and evaluation alike; a frozen "
        "trunk's features are f32 always",
        KEY_NAME, AT(precision), NAMES(precision_names), .value = PRECISION_F32},
    {"/backend", "what computes the trunk; heads and losses are libtorch's always", KEY_NAME,
        AT(backend), NAMES(backend_names), .value = BACKEND_AUTO},
    {"/log_every", "steps between stored losses and weights", KEY_INT, AT(log_every), .low = 1,
        .high = 1000000, .value = 50, .no_result = true},
    {"/checkpoint_every_s", "seconds between checkpoints", KEY_INT, AT(checkpoint_every_s),
        .low = 1, .high = 86400, .value = 120, .no_result = true},
    {"/checkpoint_every_steps", "steps between checkpoints, too; 0: by time alone", KEY_INT,
        AT(checkpoint_every_steps), .low = 0, .high = 1000000, .value = 0, .no_result = true},
};
const int n_config_keys = (int)ARRAY_LEN(config_keys);

const struct key_row task_keys[] = {
    {"/kind", "the loss", KEY_NAME, TASK(kind), NAMES(task_kind_names),
        .text = "ordinal for age, else nominal"},
    {"/ranks", "the first and the last label; a label outside is an error", KEY_RANKS, TASK(ranks),
        .low = 0, .high = 150,
        .text =
            "the set's: age 1 to 116 (folder: 0 to 120) or group 0 to 7, gender 0 to 1, race 0 to 4 (fairface-7: 6)"},
    {"/weight", "weight of the loss with /weighting/kind \"fixed\"", KEY_REAL, TASK(weight),
        .low = 0, .high = 1e6, .above = true, .value = 1},
    {"/hidden", "units of the head's hidden layers", KEY_UNITS, TASK(hidden), .low = 1,
        .high = 65536, .count_offset = offsetof(struct task_config, n_hidden), .text = "[]"},
    {"/dropout", "dropout before the head's last layer", KEY_REAL, TASK(dropout), .low = 0,
        .high = 1, .below = true, .value = 0},
};
const int n_task_keys = (int)ARRAY_LEN(task_keys);

static void set_default(const struct key_row *row, void *base) {
    char *field = (char *)base + row->offset;
    int whole = (int)row->value;
    bool truth = row->value != 0;
    uint64_t seed = (uint64_t)row->value;
    switch (row->type) {
    case KEY_NAME:
    case KEY_INT:
        memcpy(field, row->size == sizeof(bool) ? (void *)&truth : (void *)&whole, row->size);
        break;
    case KEY_BOOL:
        memcpy(field, &truth, sizeof truth);
        break;
    case KEY_SEED:
        memcpy(field, &seed, sizeof seed);
        break;
    case KEY_REAL:
        memcpy(field, &row->value, sizeof row->value);
        break;
    case KEY_TEXT:
    case KEY_OBJECT:
        *(char **)(void *)field = xstrdup(row->text);
        break;
    case KEY_RANKS: /* task_defaults knows them */
    case KEY_UNITS: /* none */
    case KEY_TASKS: /* none */
    case KEY_TYPE_COUNT:
        break;
    }
}

void config_defaults(struct config *c) {
    *c = (struct config){0};
    for (int i = 0; i < n_config_keys; i++)
        set_default(&config_keys[i], c);
}

void config_defaults_stored(struct config *c) {
    config_defaults(c);
    for (int i = 0; i < n_config_keys; i++) {
        struct key_row row = config_keys[i];
        row.value = row.before;
        if (row.dated)
            set_default(&row, c);
    }
}

void task_defaults(
    struct task_config *t, enum dataset_id set, struct reading reading, enum attribute a) {
    *t = (struct task_config){0};
    for (int i = 0; i < n_task_keys; i++)
        set_default(&task_keys[i], t);
    t->attribute = a;
    t->kind = a == ATTR_AGE ? TASK_ORDINAL : TASK_NOMINAL;
    struct label_range labels = label_range(set, reading, a);
    t->ranks[0] = labels.first;
    t->ranks[1] = labels.last;
}
