/* Which entry of a file is which tensor of a trunk, by their names. */
#ifndef NETS_WEIGHT_MATCH_H
#define NETS_WEIGHT_MATCH_H

#include "core/err.h"
#include "nets/tensor_file.h"
#include "nets/weight_names.h"

struct weight_match {
    enum dialect dialect; /* the one that most of the file's names are of */
    /* [n], in the order of trunk_tensors; NULL: not in the file */
    const struct tensor_entry **entries;
    size_t n, found;
};

/* Finds the trunk's tensors in `f`, whose names may begin with what wrappers of modules put before them
 * ("module.", "_orig_mod."). Each that is missing, has another shape or no type that float32 holds, or
 * is neither the trunk's nor what stands beside one (weight_name_is_no_trunks) makes an error (ERR_USAGE)
 * that names the first of each kind and counts the others. `partial`: what is missing or too much is none.
 * weight_match_free on success and failure alike; the entries stay the file's. */
bool weight_match_find(struct weight_match *m, const struct tensor_file *f, const char *path,
    const struct trunk_table *t, bool partial, struct err *e);
void weight_match_free(struct weight_match *m);

#endif
