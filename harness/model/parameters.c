#include "model/parameters.h"

#include "core/mem.h"
#include "core/rng.h"

#include <math.h>
#include <stdlib.h>

static void draw(float *values, int64_t n, const struct parameter_spec *spec, uint64_t seed) {
    struct rng r = rng_open(seed, RNG_INIT, 0, spec->item);
    if (spec->draw == DRAW_CONVOLUTION) {
        double std = sqrt(2.0 / (double)(spec->shape[0] * spec->shape[2] * spec->shape[3]));
        for (int64_t i = 0; i < n; i++)
            values[i] = (float)(std * rng_normal(&r));
    } else if (spec->draw == DRAW_LINEAR) {
        double bound = 1 / sqrt(spec->value);
        for (int64_t i = 0; i < n; i++)
            values[i] = (float)(bound * (2 * rng_uniform(&r) - 1));
    } else {
        for (int64_t i = 0; i < n; i++)
            values[i] = (float)spec->value;
    }
}

th_tensor *parameters_add(struct parameters *p, const struct parameter_spec *spec) {
    int64_t n = 1;
    for (int i = 0; i < spec->n_dims; i++)
        n *= spec->shape[i];
    float *values = xcalloc((size_t)n, sizeof *values);
    if (spec->head || p->draw_trunk || spec->draw == DRAW_CONSTANT)
        draw(values, n, spec, p->seed);
    th_tensor *t = th_from(p->life, TH_F32, spec->n_dims, spec->shape, values);
    free(values);
    if (spec->n_dims == 4)
        t = th_channels_last(p->life, t);
    if (spec->trainable && !spec->buffer)
        th_require_grad(p->life, t);

    size_t was = p->capacity;
    p->list = xgrow(p->list, &p->capacity, p->n + 1, sizeof *p->list);
    if (p->capacity != was)
        p->item = xrealloc(p->item, p->capacity, sizeof *p->item);
    p->item[p->n] = spec->item;
    p->list[p->n++] = (struct parameter){
        spec->name, t, spec->buffer, spec->trainable, spec->head, spec->norm_or_bias};
    return t;
}

void parameters_free(struct parameters *p) {
    for (size_t i = 0; i < p->n; i++)
        free((char *)(uintptr_t)p->list[i].name);
    free(p->list);
    free(p->item);
    *p = (struct parameters){0};
}
