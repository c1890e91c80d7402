/* A trunk's tensors as lists: in the order of our network and of published files, each with its shape and
 * with its name as ours or as a published implementation has it.
 */
#ifndef NETS_WEIGHT_NAMES_H
#define NETS_WEIGHT_NAMES_H

#include "nets/trunk_table.h"

#include <stdint.h>

enum dialect {
    DIALECT_DMTL,        /* model/network.h: ours */
    DIALECT_TORCHVISION, /* torchvision.models.efficientnet_b0 */
    DIALECT_TIMM,        /* timm's efficientnet_b0, tf_efficientnet_lite0 and their kin */
    DIALECT_LUKEMELAS,   /* EfficientNet-PyTorch, and efficientnet-lite-pytorch after it */
    DIALECT_COUNT
};
extern const char *const dialect_names[DIALECT_COUNT];

struct trunk_tensor {
    char *name; /* "stage2.block1.expand.conv.weight", "features.2.0.block.0.0.weight", ... */
    int n_dims;
    int64_t shape[4];
};

struct trunk_tensors {
    struct trunk_tensor *list;
    size_t n;
};

/* Every weight, bias and running statistic of a trunk; counters of batches are left out. The order is the
 * same in every dialect. The caller calls trunk_tensors_free. */
struct trunk_tensors trunk_tensors(const struct trunk_table *t, enum dialect d);
void trunk_tensors_free(struct trunk_tensors *t);

/* Whether a file in this dialect may have the name beside its trunk: a classifier's or another head's, a
 * counter, what our checkpoints add. */
bool weight_name_is_no_trunks(enum dialect d, const char *name);

#endif
