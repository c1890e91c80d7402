/* A trunk's published weights, put into a network's parameters. */
#ifndef MODEL_PRETRAINED_H
#define MODEL_PRETRAINED_H

#include "core/sha256.h"
#include "model/parameters.h"
#include "nets/trunk_table.h"

/* Loads the trunk's ImageNet file from `weights_dir` into the trunk's parameters (every branch's copy
 * too), after checking its SHA-256. Published files of one network have the same tensors in the same
 * order under different names, so entries are taken by position; shape and last part of the name must
 * agree. Counters of batches are passed over, and so is the classifier behind the trunk. */
bool pretrained_load(struct parameters *p, uint32_t trunk_items, const struct trunk_table *table,
    const char *weights_dir, char sha256[SHA256_HEX], struct err *e);

#endif
