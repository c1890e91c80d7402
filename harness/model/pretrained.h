/* A trunk's weights from a file, put into a network's parameters. */
#ifndef MODEL_PRETRAINED_H
#define MODEL_PRETRAINED_H

#include "core/sha256.h"
#include "model/parameters.h"

struct pretrained {
    char sha256[SHA256_HEX]; /* of the file; "" before it is loaded */
    size_t missing;          /* tensors of the trunk that the file has not */
};

/* Loads the file of /trunk/weights, "imagenet" or a path from `weights_dir`, into the trunk's parameters
 * (every branch's copy too), by name: ours or those of nets/weight_names.h. The published file's SHA-256
 * is checked. What is missing, has another shape or is too much is an
 * error that names it; with /trunk/partial what is missing keeps its drawn values. The classifier behind
 * the trunk is passed over. */
bool pretrained_load(struct parameters *p, const struct config *c, const char *weights_dir,
    struct pretrained *loaded, struct err *e);

#endif
