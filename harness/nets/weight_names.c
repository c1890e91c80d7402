#include "nets/weight_names.h"

#include "core/mem.h"
#include "core/str.h"

#include <stdlib.h>
#include <string.h>

const char *const dialect_names[DIALECT_COUNT] = {
    [DIALECT_DMTL] = "dmtl",
    [DIALECT_TORCHVISION] = "torchvision",
    [DIALECT_TIMM] = "timm",
    [DIALECT_LUKEMELAS] = "lukemelas",
};

/* ---- the names ---- */

enum layer {
    STEM,
    EXPAND,
    DEPTHWISE,
    SQUEEZE,
    EXCITE,
    PROJECT,
    PROJECT_ALONE, /* of a block that does not expand */
    HEAD,
    LAYER_COUNT
};

/* Capital letters stand for numbers:
 *   S  the step of the trunk: the stem is 0, stages count from 1, the head follows
 *   T  the stage, from 0
 *   B  the block in its stage, from 0; C from 1
 *   N  the block in the trunk, from 0
 *   P  the layer in its block, from 0; squeeze and excite are one
 *   M  the batch norm in its block, from 1 */
static const char *const convolutions[LAYER_COUNT][DIALECT_COUNT] = {
    [STEM] = {"stem.conv", "features.S.0", "conv_stem", "_conv_stem"},
    [EXPAND] = {"stageS.blockC.expand.conv", "features.S.B.block.P.0", "blocks.T.B.conv_pw",
        "_blocks.N._expand_conv"},
    [DEPTHWISE] = {"stageS.blockC.depthwise.conv", "features.S.B.block.P.0", "blocks.T.B.conv_dw",
        "_blocks.N._depthwise_conv"},
    [SQUEEZE] = {"stageS.blockC.gate.reduce", "features.S.B.block.P.fc1",
        "blocks.T.B.se.conv_reduce", "_blocks.N._se_reduce"},
    [EXCITE] = {"stageS.blockC.gate.expand", "features.S.B.block.P.fc2",
        "blocks.T.B.se.conv_expand", "_blocks.N._se_expand"},
    [PROJECT] = {"stageS.blockC.project.conv", "features.S.B.block.P.0", "blocks.T.B.conv_pwl",
        "_blocks.N._project_conv"},
    [PROJECT_ALONE] = {"stageS.blockC.project.conv", "features.S.B.block.P.0", "blocks.T.B.conv_pw",
        "_blocks.N._project_conv"},
    [HEAD] = {"head.conv", "features.S.0", "conv_head", "_conv_head"},
};
static const char *const norms[LAYER_COUNT][DIALECT_COUNT] = {
    [STEM] = {"stem.norm", "features.S.1", "bn1", "_bn0"},
    [EXPAND] = {"stageS.blockC.expand.norm", "features.S.B.block.P.1", "blocks.T.B.bnM",
        "_blocks.N._bn0"},
    [DEPTHWISE] = {"stageS.blockC.depthwise.norm", "features.S.B.block.P.1", "blocks.T.B.bnM",
        "_blocks.N._bn1"},
    [PROJECT] = {"stageS.blockC.project.norm", "features.S.B.block.P.1", "blocks.T.B.bnM",
        "_blocks.N._bn2"},
    [PROJECT_ALONE] = {"stageS.blockC.project.norm", "features.S.B.block.P.1", "blocks.T.B.bnM",
        "_blocks.N._bn2"},
    [HEAD] = {"head.norm", "features.S.1", "bn2", "_bn1"},
};

/* What a file has beside the trunk, by the first part of the name, or by its last. */
static const char *const beside[DIALECT_COUNT][4] = {
    [DIALECT_DMTL] = {"heads.", "velocity/", "log_variances", "epoch/"},
    [DIALECT_TORCHVISION] = {"classifier."},
    [DIALECT_TIMM] = {"classifier."},
    [DIALECT_LUKEMELAS] = {"_fc."},
};
static const char *const counters[] = {"num_batches_tracked", "n_averaged"};

bool weight_name_is_no_trunks(enum dialect d, const char *name) {
    const char *dot = strrchr(name, '.'), *last = dot ? dot + 1 : name;
    for (size_t i = 0; i < ARRAY_LEN(counters); i++)
        if (strcmp(last, counters[i]) == 0)
            return true;
    for (size_t i = 0; i < ARRAY_LEN(beside[d]) && beside[d][i]; i++)
        if (str_starts(name, beside[d][i]))
            return true;
    return false;
}

/* ---- the list ---- */

struct listing {
    enum dialect dialect;
    struct trunk_tensors tensors;
    size_t capacity;
    int step, block, block_of_trunk, place, norm; /* S, B, N, P, M */
};

static void add_pattern(struct str *out, const struct listing *l, const char *pattern) {
    static const char letters[] = "STBCNPM";
    const int numbers[] = {
        l->step, l->step - 1, l->block, l->block + 1, l->block_of_trunk, l->place, l->norm};
    for (; *pattern; pattern++) {
        const char *letter = strchr(letters, *pattern);
        if (letter)
            str_addf(out, "%d", numbers[letter - letters]);
        else
            str_addc(out, *pattern);
    }
}

static void add(struct listing *l, const char *const *patterns, const char *part, int n_dims,
    const int64_t *shape) {
    struct trunk_tensors *t = &l->tensors;
    struct trunk_tensor tensor = {.n_dims = n_dims};
    struct str name = {0};
    add_pattern(&name, l, patterns[l->dialect]);
    str_addf(&name, ".%s", part);
    tensor.name = str_detach(&name);
    memcpy(tensor.shape, shape, (size_t)n_dims * sizeof *shape);
    t->list = xgrow(t->list, &l->capacity, t->n + 1, sizeof *t->list);
    t->list[t->n++] = tensor;
}

/* Weight [out,in,kernel,kernel], and what stands behind it: a batch norm, or a bias. */
static void add_layer(struct listing *l, enum layer layer, int out, int in, int kernel) {
    static const char *const of_norm[] = {"weight", "bias", "running_mean", "running_var"};
    const int64_t shape[] = {out, in, kernel, kernel};
    add(l, convolutions[layer], "weight", 4, shape);
    if (!norms[layer][l->dialect]) {
        add(l, convolutions[layer], "bias", 1, shape);
        return;
    }
    l->norm++;
    for (size_t i = 0; i < ARRAY_LEN(of_norm); i++)
        add(l, norms[layer], of_norm[i], 1, shape);
}

static void add_block(struct listing *l, const struct stage *stage, int in, bool excite) {
    bool expands = stage->expand != 1;
    int wide = in * stage->expand, squeezed = in / 4 > 1 ? in / 4 : 1;
    l->place = l->norm = 0;
    if (expands) {
        add_layer(l, EXPAND, wide, in, 1);
        l->place++;
    }
    add_layer(l, DEPTHWISE, wide, 1, stage->kernel);
    l->place++;
    if (excite) {
        add_layer(l, SQUEEZE, squeezed, wide, 1);
        add_layer(l, EXCITE, wide, squeezed, 1);
        l->place++;
    }
    add_layer(l, expands ? PROJECT : PROJECT_ALONE, stage->out, wide, 1);
}

struct trunk_tensors trunk_tensors(const struct trunk_table *t, enum dialect d) {
    struct listing l = {.dialect = d};
    add_layer(&l, STEM, t->stem_channels, 3, 3);
    for (l.step = 1; l.step <= t->n_stages; l.step++) {
        const struct stage *stage = &t->stages[l.step - 1];
        for (l.block = 0; l.block < stage->repeat; l.block++, l.block_of_trunk++)
            add_block(&l, stage, l.block ? stage->out : stage->in, t->squeeze_excite);
    }
    add_layer(&l, HEAD, t->head_channels, t->stages[t->n_stages - 1].out, 1);
    return l.tensors;
}

void trunk_tensors_free(struct trunk_tensors *t) {
    for (size_t i = 0; i < t->n; i++)
        free(t->list[i].name);
    free(t->list);
    *t = (struct trunk_tensors){0};
}
