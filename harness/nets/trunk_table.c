#include "nets/trunk_table.h"

#include <string.h>

/* Tan & Le 2019, Table 1; Lite0 has the same stages, for its stem and head are not scaled and its
 * width and depth factors are 1. */
static const struct stage b0_stages[] = {
    {"stage1", .expand = 1, .kernel = 3, .stride = 1, .in = 32, .out = 16, .repeat = 1},
    {"stage2", .expand = 6, .kernel = 3, .stride = 2, .in = 16, .out = 24, .repeat = 2},
    {"stage3", .expand = 6, .kernel = 5, .stride = 2, .in = 24, .out = 40, .repeat = 2},
    {"stage4", .expand = 6, .kernel = 3, .stride = 2, .in = 40, .out = 80, .repeat = 3},
    {"stage5", .expand = 6, .kernel = 5, .stride = 1, .in = 80, .out = 112, .repeat = 3},
    {"stage6", .expand = 6, .kernel = 5, .stride = 2, .in = 112, .out = 192, .repeat = 4},
    {"stage7", .expand = 6, .kernel = 3, .stride = 1, .in = 192, .out = 320, .repeat = 1},
};

/* Every kind of block that B0 has (no expansion, stride 2, a residual) at a size that a test affords. */
static const struct stage small_stages[] = {
    {"stage1", .expand = 1, .kernel = 3, .stride = 1, .in = 16, .out = 16, .repeat = 1},
    {"stage2", .expand = 4, .kernel = 3, .stride = 2, .in = 16, .out = 24, .repeat = 1},
    {"stage3", .expand = 4, .kernel = 5, .stride = 2, .in = 24, .out = 40, .repeat = 2},
};

#define STAGES(table) .stages = (table), .n_stages = sizeof(table) / sizeof((table)[0])

const struct trunk_table trunk_tables[TRUNK_COUNT] = {
    [TRUNK_SMALL] =
        {
            STAGES(small_stages),
            .stem_channels = 16,
            .head_channels = 96,
            .activation = ACT_SILU,
            .padding = PAD_SYMMETRIC,
            .squeeze_excite = true,
            .norm_eps = 1e-5,
            .norm_momentum = 0.1,
            .mean = {0.5f, 0.5f, 0.5f},
            .std = {0.5f, 0.5f, 0.5f},
        },
    [TRUNK_LITE0] =
        {
            STAGES(b0_stages),
            .stem_channels = 32,
            .head_channels = 1280,
            .activation = ACT_RELU6,
            .padding = PAD_TF_SAME,
            .squeeze_excite = false,
            .norm_eps = 1e-3,
            .norm_momentum = 0.1,
            .mean = {0.5f, 0.5f, 0.5f},
            .std = {0.5f, 0.5f, 0.5f},
            .imagenet_file = "efficientnet-lite0-57934424.pth",
            .imagenet_sha256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
            .imagenet_help = "`make weights` fetches it",
        },
    [TRUNK_B0] =
        {
            STAGES(b0_stages),
            .stem_channels = 32,
            .head_channels = 1280,
            .activation = ACT_SILU,
            .padding = PAD_SYMMETRIC,
            .squeeze_excite = true,
            .norm_eps = 1e-5,
            .norm_momentum = 0.1,
            .mean = {0.485f, 0.456f, 0.406f},
            .std = {0.229f, 0.224f, 0.225f},
            .imagenet_file = "efficientnet_b0_rwightman-7f5810bc.pth",
            .imagenet_sha256 = "7f5810bc96def8f7552d5b7e68d53c4786f81167d28291b21c0d90e1fca14934",
            .imagenet_help = "`make weights WEIGHTS=b0` fetches it; torchvision has it as "
                             "EfficientNet_B0_Weights.IMAGENET1K_V1",
        },
};

int trunk_step(const struct trunk_table *t, const char *name) {
    for (int step = 0; step <= t->n_stages + 1; step++)
        if (strcmp(trunk_step_name(t, step), name) == 0)
            return step;
    return -1;
}

const char *trunk_step_name(const struct trunk_table *t, int step) {
    if (step == 0)
        return "stem";
    return step > t->n_stages ? "head" : t->stages[step - 1].name;
}

int trunk_blocks(const struct trunk_table *t) {
    int blocks = 0;
    for (int i = 0; i < t->n_stages; i++)
        blocks += t->stages[i].repeat;
    return blocks;
}

double trunk_drop_rate(const struct trunk_table *t, double rate, int block) {
    return rate * block / trunk_blocks(t);
}

int trunk_stride(const struct trunk_table *t) {
    int stride = 2; /* the stem's */
    for (int i = 0; i < t->n_stages; i++)
        stride *= t->stages[i].stride;
    return stride;
}
