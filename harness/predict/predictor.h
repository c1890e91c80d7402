/* A trained network asked about images by the CPU engine, without libtorch. */
#ifndef PREDICT_PREDICTOR_H
#define PREDICT_PREDICTOR_H

#include "predict/model_file.h"

#include <stdint.h>

struct predictor;

/* The weights are copied: the file may be closed; `config` outlives the predictor. ERR where so many threads cannot be
 * had, ERR_USAGE where DMTL_SIMD asks for instructions that are not there. */
struct predictor *predictor_new(
    const struct model_file *m, const struct config *config, int threads, struct err *e);
void predictor_free(struct predictor *p); /* NULL is fine */

/* Values that a task's head gives for an image: P(y > r_k) of an ordinal task, else of its classes. */
int predictor_width(const struct predictor *p, int task);

/* rgb [n, px, px, 3] -> probabilities[task] [n, width]; px: /data/image_px. ERR where memory does not suffice. */
bool predictor_run(
    struct predictor *p, const uint8_t *rgb, int n, float *const *probabilities, struct err *e);

#endif
