#include "grid/catalogue.h"

const struct name_row dataset_names[DATASET_COUNT] = {
    [DATASET_UTKFACE] = {"utkface", "UTKFace: age in years, gender, race in the file's name"},
    [DATASET_SYNTHETIC] = {"synthetic", "faces drawn by `dmtl data synth`, in UTKFace's layout"},
    [DATASET_ADIENCE] = {"adience",
        "Adience: eight groups of ages, gender, in its five fold files"},
    [DATASET_FOLDER] = {"folder",
        "your own: a folder of images with labels.csv (file,age,gender,race,subject,fold)"},
};
const struct name_row ages_names[AGES_COUNT] = {
    [AGES_OWN] = {"own", "the set's own: years, or Adience's groups"},
    [AGES_ADIENCE_8] = {"adience-8",
        "years become Adience's eight groups, as /data/age_labels says"},
};
const struct name_row age_labels_names[AGE_LABELS_COUNT] = {
    [AGE_LABELS_EXACT] = {"exact",
        "the eight groups as written, no other (Levi & Hassner's lists); years in one of them"},
    [AGE_LABELS_NESTED] = {"nested", "and ages that lie within a group, 8-12 up to 13"},
    [AGE_LABELS_NEAREST] = {"nearest", "and all others by their first age, to the nearest group"},
};
const struct name_row repeated_rows_names[REPEATED_COUNT] = {
    [REPEATED_KEEP] = {"keep", "each is a sample of its own"},
    [REPEATED_DROP] = {"drop", "the first of them is the sample, as the image on disk is one"},
};
const struct name_row crop_names[CROP_COUNT] = {
    [CROP_ALIGNED] = {"aligned", "aligned/USER/landmark_aligned_face.FACE.IMAGE"},
    [CROP_FACES] = {"faces", "faces/USER/coarse_tilt_aligned_face.FACE.IMAGE"},
};
const struct name_row races_names[RACES_COUNT] = {
    [RACES_UTKFACE_5] = {"utkface-5", "White, Black, Asian, Indian, Other"},
    [RACES_FAIRFACE_7] = {"fairface-7",
        "White, Black, Latino_Hispanic, East Asian, Southeast Asian, Indian, Middle Eastern"},
};
const struct name_row corrections_names[CORRECTIONS_COUNT] = {
    [CORRECTIONS_NONE] = {"none", "labels as the set's files say them"},
    [CORRECTIONS_PUBLISHED] = {"published",
        "what datasets/utkface-corrections.json documents and sources agree on"},
};
const struct name_row task_kind_names[TASK_KIND_COUNT] = {
    [TASK_NOMINAL] = {"nominal", "softmax cross-entropy over the classes (Eq 3-4)"},
    [TASK_ORDINAL] = {"ordinal", "one binary problem a rank, y > r_k (Eq 5-7)"},
};
const struct name_row split_kind_names[SPLIT_KIND_COUNT] = {
    [SPLIT_RANDOM] = {"random",
        "random images, from /split/seed; leaky where a set has several of one person"},
    [SPLIT_IN_FOLDS] = {"folds",
        "five folds, the set's own (Adience) or dealt by /split/seed; /split/fold is tested on"},
    [SPLIT_BY_LISTS] = {"lists", "lists of names, one a part, in /split/lists"},
};
const struct name_row duplicates_names[DUPLICATES_COUNT] = {
    [DUPLICATES_NEAR] = {"near", "identical files and near-identical images are kept in one part"},
    [DUPLICATES_IDENTICAL] = {"identical", "identical files are"},
    [DUPLICATES_APART] = {"apart", "none are: each is a sample like any other"},
};
const struct name_row trunk_names[TRUNK_COUNT] = {
    [TRUNK_SMALL] = {"small", "three MBConv stages, for tests and the demo"},
    [TRUNK_LITE0] = {"efficientnet-lite0", "EfficientNet-Lite0 as timm's tf_efficientnet_lite0"},
    [TRUNK_B0] = {"efficientnet-b0", "EfficientNet-B0 as torchvision's"},
};
const struct name_row branch_names[BRANCH_KIND_COUNT] = {
    [BRANCH_NONE] = {"none", "one trunk for all tasks"},
    [BRANCH_CATEGORY] = {"category",
        "stages from /trunk/branch_stage on: one for ordinal tasks, one for nominal"},
    [BRANCH_TASK] = {"task", "stages from /trunk/branch_stage on: one for each task"},
};
const struct name_row weighting_names[WEIGHTING_COUNT] = {
    [WEIGHTING_UNCERTAINTY] = {"uncertainty", "learned log variances (Eq 15)"},
    [WEIGHTING_UNCERTAINTY_EXACT] = {"uncertainty-exact",
        "learned log variances in the likelihoods themselves, logits / sigma^2 (Eq 13)"},
    [WEIGHTING_FIXED] = {"fixed", "the tasks' `weight` keys"},
    [WEIGHTING_EQUAL] = {"equal", "1 for each task"},
};
const struct name_row log_sigmas_names[LOG_SIGMAS_COUNT] = {
    [LOG_SIGMAS_TASK] = {"task", "one, as the paper writes it"},
    [LOG_SIGMAS_PROBLEM] = {"problem", "one for each of its K - 1 binary problems"},
};

const struct name_row normalise_names[NORMALISE_COUNT] = {
    [NORMALISE_NONE] = {"none", "weights as they are"},
    [NORMALISE_ONE] = {"one", "weights divided by their sum (Eq 2)"},
    [NORMALISE_TASKS] = {"tasks", "weights scaled to sum to the number of tasks"},
};
const struct name_row optimiser_names[OPTIMISER_COUNT] = {
    [OPTIMISER_SGD] = {"sgd", "stochastic gradient descent with momentum"},
};
const struct name_row schedule_names[SCHEDULE_COUNT] = {
    [SCHEDULE_CONSTANT] = {"constant", "the learning rate as given"},
    [SCHEDULE_COSINE] = {"cosine", "half a cosine down to 0 at the last step"},
};
const struct name_row precision_names[PRECISION_COUNT] = {
    [PRECISION_F32] = {"f32", "32-bit floats throughout"},
    [PRECISION_TF32] = {"tf32",
        "f32 whose products have mantissas of 10 bits, on NVIDIA's GPUs from Ampere on alone"},
    [PRECISION_BF16] = {"bf16",
        "operands and results in bfloat16; weights, batch norm's statistics, losses and optimiser in "
        "f32"},
};
const struct name_row backend_names[BACKEND_COUNT] = {
    [BACKEND_AUTO] = {"auto", "native on a CPU where /precision is f32 or bf16, else libtorch"},
    [BACKEND_LIBTORCH] = {"libtorch", "libtorch's operations, on any device"},
    [BACKEND_NATIVE] = {"native", "kernels of our own, on a CPU"},
};
const struct name_row report_epoch_names[REPORT_COUNT] = {
    [REPORT_LAST] = {"last", "the last one"},
    [REPORT_BEST] = {"best",
        "the first with the highest mean over tasks of the relative gain against epoch 1, on the "
        "validation part"},
};

const struct name_row unusable_names_names[UNUSABLE_COUNT] = {
    [UNUSABLE_REFUSE] = {"refuse", "an error that names them and their lines"},
    [UNUSABLE_PASS] = {"pass", "they are left out of their parts, and counted"},
};
const struct name_row require_names[REQUIRE_COUNT] = {
    [REQUIRE_ANY] = {"any", "samples with a label of at least one task"},
    [REQUIRE_ALL] = {"all", "samples with a label of every task"},
};
const struct name_row weights_names[WEIGHTS_SOURCE_COUNT] = {
    [WEIGHTS_NONE] = {"none", "drawn from /seed"},
    [WEIGHTS_IMAGENET] = {"imagenet",
        "the trunk's published ImageNet file, from the weights folder"},
};
