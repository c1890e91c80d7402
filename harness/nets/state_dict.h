/* A pickled dictionary of tensors made into entries of a tensor file: what PyTorch's two formats share
 * once each has found its storages. */
#ifndef NETS_STATE_DICT_H
#define NETS_STATE_DICT_H

#include "nets/pickle.h"
#include "nets/tensor_file.h"

/* A storage as the tensors refer to it, and its elements once the container has found them. */
struct storage {
    const struct pickle_value *declared; /* its key, type and count of elements */
    const unsigned char *data;           /* NULL: not found */
};

struct state_dict {
    const char *path;
    size_t file_bytes;        /* bounds what strides may make of it */
    struct pickle *pickle;    /* the caller's */
    struct storage *storages; /* in the order of their keys, each key once */
    size_t n_storages;
    size_t copied; /* bytes of tensors that the file does not hold in row-major order */
};

/* Gathers the storages that the pickle's tensors name, and frees them. A key that two tensors declare
 * differently is an error (ERR_USAGE). */
bool state_dict_open(struct state_dict *s, const char *path, size_t file_bytes,
    struct pickle *pickle, struct err *e);
void state_dict_close(struct state_dict *s);

struct storage *state_dict_storage(const struct state_dict *s, const struct pickle_value *key);
/* How many bytes the storage has; false where they are no number of bytes. */
bool storage_bytes(const struct storage *storage, size_t *bytes);

/* Fills f->entries from the value `top`: a dictionary of tensors, or one that holds such a dictionary
 * under a name that training scripts use (averaged weights before the last step's: "state_dict_ema",
 * "model_ema", "state_dict", "model", "model_state_dict"); what stands beside it is passed over. */
bool state_dict_read(struct state_dict *s, pickle_id top, struct tensor_file *f, struct err *e);

#endif
