/* A trained network as one file: safetensors with every weight of trunk and heads by its name, the
 * configuration and the cell that it came from. What `dmtl pack` writes and `dmtl predict` reads. */
#ifndef PREDICT_MODEL_FILE_H
#define PREDICT_MODEL_FILE_H

#include "core/err.h"
#include "grid/config.h"
#include "nets/tensor_file.h"
#include "store/store.h"

struct model_file {
    struct config config;
    struct tensor_file tensors;
};

/* Out of a cell that is done: the weights that it trained from its folder beside the database, those of frozen steps
 * from the file of /trunk/weights, a path from `weights_dir`. ERR_USAGE where a frozen step's weights were drawn, for
 * they are in no file. */
bool model_file_write(const char *path, const struct cell_record *cell, struct store *s,
    const char *weights_dir, struct err *e);

/* Everything that the configuration's network needs is there and has its shape. model_file_close on success and
 * failure alike. */
bool model_file_open(struct model_file *m, const char *path, struct err *e);
void model_file_close(struct model_file *m);

/* The name of a trunk's tensor in a limb: "stage2@ordinal.block1.expand.conv.weight". The caller frees. */
char *limb_tensor_name(const char *name, const char *suffix);
/* A head's: "heads.age.hidden1.weight"; layer counts from 0, its last is "out". The caller frees. */
char *head_tensor_name(const struct task_config *t, int layer, const char *part);

#endif
