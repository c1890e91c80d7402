/* The names that a grid may use, each with its help: what exists, without libtorch. The tables that
 * implement them (nets/, model/, learn/, data/) are tied to these enums by _Static_assert. */
#ifndef GRID_CATALOGUE_H
#define GRID_CATALOGUE_H

#include "data/duplicates.h"
#include "data/manifest.h"
#include "nets/trunk_table.h"

#include <stddef.h>

enum task_kind { TASK_NOMINAL, TASK_ORDINAL, TASK_KIND_COUNT };
enum split_kind { SPLIT_RANDOM, SPLIT_IN_FOLDS, SPLIT_BY_LISTS, SPLIT_KIND_COUNT };
enum branch_kind { BRANCH_NONE, BRANCH_CATEGORY, BRANCH_TASK, BRANCH_KIND_COUNT };
enum weighting_id {
    WEIGHTING_UNCERTAINTY,
    WEIGHTING_UNCERTAINTY_EXACT,
    WEIGHTING_FIXED,
    WEIGHTING_EQUAL,
    WEIGHTING_COUNT
};
enum log_sigmas { LOG_SIGMAS_TASK, LOG_SIGMAS_PROBLEM, LOG_SIGMAS_COUNT };
enum normalise { NORMALISE_NONE, NORMALISE_ONE, NORMALISE_TASKS, NORMALISE_COUNT };
enum optimiser_id { OPTIMISER_SGD, OPTIMISER_COUNT };
enum schedule_id { SCHEDULE_CONSTANT, SCHEDULE_COSINE, SCHEDULE_COUNT };
enum backend { BACKEND_AUTO, BACKEND_LIBTORCH, BACKEND_NATIVE, BACKEND_COUNT };
enum precision { PRECISION_F32, PRECISION_TF32, PRECISION_BF16, PRECISION_COUNT };
enum report_epoch { REPORT_LAST, REPORT_BEST, REPORT_COUNT };
enum unusable_names { UNUSABLE_REFUSE, UNUSABLE_PASS, UNUSABLE_COUNT };
enum require { REQUIRE_ANY, REQUIRE_ALL, REQUIRE_COUNT };
enum weights_source { WEIGHTS_NONE, WEIGHTS_IMAGENET, WEIGHTS_SOURCE_COUNT };

enum corrections_source { CORRECTIONS_NONE, CORRECTIONS_PUBLISHED, CORRECTIONS_COUNT };

struct name_row {
    const char *name, *help;
};

/* Each array has its enum's COUNT rows, in its order. */
extern const struct name_row dataset_names[DATASET_COUNT];
extern const struct name_row ages_names[AGES_COUNT];
extern const struct name_row age_labels_names[AGE_LABELS_COUNT];
extern const struct name_row repeated_rows_names[REPEATED_COUNT];
extern const struct name_row crop_names[CROP_COUNT];
extern const struct name_row races_names[RACES_COUNT];
extern const struct name_row corrections_names[CORRECTIONS_COUNT];
extern const struct name_row task_kind_names[TASK_KIND_COUNT];
extern const struct name_row split_kind_names[SPLIT_KIND_COUNT];
extern const struct name_row duplicates_names[DUPLICATES_COUNT];
extern const struct name_row
    trunk_names[TRUNK_COUNT]; /* small, efficientnet-lite0, efficientnet-b0 */
extern const struct name_row branch_names[BRANCH_KIND_COUNT];
extern const struct name_row weighting_names[WEIGHTING_COUNT];
extern const struct name_row log_sigmas_names[LOG_SIGMAS_COUNT];
extern const struct name_row normalise_names[NORMALISE_COUNT];
extern const struct name_row optimiser_names[OPTIMISER_COUNT];
extern const struct name_row schedule_names[SCHEDULE_COUNT];
extern const struct name_row precision_names[PRECISION_COUNT];
extern const struct name_row backend_names[BACKEND_COUNT];
extern const struct name_row report_epoch_names[REPORT_COUNT];
extern const struct name_row unusable_names_names[UNUSABLE_COUNT];
extern const struct name_row require_names[REQUIRE_COUNT];
extern const struct name_row weights_names[WEIGHTS_SOURCE_COUNT];

#endif
