/* Checkpoints: everything a training needs to go on exactly, as safetensors in the cell's folder,
 * "step-0000000120.safetensors". Frozen parameters are not in it: they follow from the configuration
 * and the weights file, whose SHA-256 is. Written to a temporary name, synced, renamed; the last two
 * that the store knows are kept, and those of steps that the training asks for. Read by nets/tensor_file.h, which knows only
 * tensors; their SHA-256 is in the file, so a damaged one is known and the one before is used. The version
 * of libtorch is in it too: another one goes on with it, the same within rounding, and says so.
 */
#ifndef LEARN_CHECKPOINT_H
#define LEARN_CHECKPOINT_H

#include "core/err.h"
#include "core/str.h"
#include "torch/th.h"

#include <stdint.h>

struct checkpoint_item {
    char *name;
    th_tensor *tensor; /* read when saving, written in place when loading */
};
struct checkpoint {
    const char *cell;           /* the cell's id: a file of another cell is refused */
    const char *weights_sha256; /* of the trunk's weights file, NULL: none; must agree on loading */
    struct checkpoint_item *items;
    size_t n;
    int64_t step;    /* steps done; 0 before the first */
    int threads;     /* of the run that began the cell; sums depend on it */
    int64_t kept[2]; /* steps that are kept whatever their age; 0: none */
};

void checkpoint_add(struct checkpoint *c, th_tensor *tensor, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void checkpoint_free(struct checkpoint *c); /* names and list; tensors are borrowed */

bool checkpoint_save(const struct checkpoint *c, const char *folder, struct err *e);
/* Leaves the last two, and those that are kept. Once the store knows the newest: until then it may be the one before
 * the last two that a resume goes on from. */
void checkpoint_drop_old(const struct checkpoint *c, const char *folder);

/* The newest readable checkpoint of a step up to `known_step`, the last that the database knows; newer
 * ones are removed (their rows were never stored). Fills step and threads and assigns the tensors, all
 * or none. Where there is none, step is 0 and nothing changes. `notes` gets a line for each file
 * that was passed over, with the reason, and one where another libtorch made what was loaded. */
bool checkpoint_load(
    struct checkpoint *c, const char *folder, int64_t known_step, struct str *notes, struct err *e);

/* The threads that the newest readable checkpoint up to known_step was made with; 0: none. */
int checkpoint_threads(const char *folder, int64_t known_step);

/* The checkpoint of this very step, as checkpoint_load but for an error where it cannot be read. */
bool checkpoint_load_step(struct checkpoint *c, const char *folder, int64_t step, struct err *e);
bool checkpoint_there(const char *folder, int64_t step);

#endif
