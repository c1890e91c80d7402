/* What the readers of tensor files share. */
#ifndef NETS_TENSOR_FILE_PARTS_H
#define NETS_TENSOR_FILE_PARTS_H

#include "nets/tensor_file.h"

extern const size_t tensor_type_bytes[TENSOR_TYPE_COUNT];

/* The product of a shape and its element size; false where it overflows or a size is negative. */
bool tensor_bytes(const struct tensor_entry *entry, size_t *bytes);

/* Each fills f->entries from f->map, whose kind tensor_file_open has told by its first bytes. */
bool safetensors_read(struct tensor_file *f, const char *path, struct err *e);
bool legacy_pytorch_read(struct tensor_file *f, const char *path, struct err *e);
bool legacy_pytorch_recognise(const struct file_map *map);
bool zip_pytorch_read(struct tensor_file *f, const char *path, struct err *e);

#endif
