/* The parameters of a network while it is built: each is made with its name, its place in the file of
 * pretrained weights, and its initial values. */
#ifndef MODEL_PARAMETERS_H
#define MODEL_PARAMETERS_H

#include "model/network.h"

struct parameters {
    th_scope *life;
    uint64_t seed;
    bool draw_trunk; /* false: a file's weights replace all the trunk's values, so none are drawn */
    struct parameter *list;
    /* of each: its number in the trunk's order (the same in every branch's copy), or a head's; keys its draw and finds it
     * in a file of pretrained weights */
    uint32_t *item;
    size_t n, capacity;
};

/* The next parameter, as others will find it. */
struct parameter_spec {
    char *name; /* taken over */
    uint32_t item;
    bool buffer, trainable, head, norm_or_bias;
    int n_dims;
    int64_t shape[4];
    enum parameter_draw {
        DRAW_CONSTANT,    /* `value` */
        DRAW_CONVOLUTION, /* normal, variance 2 / fan_out (He et al. 2015; fan_out = shape[0] x area,
                             groups not counted, as PyTorch's kaiming_normal_ has it) */
        DRAW_LINEAR,      /* uniform within 1 / sqrt(fan_in), weight and bias, as nn.Linear */
    } draw;
    double value; /* constant, or fan_in */
};
th_tensor *parameters_add(struct parameters *p, const struct parameter_spec *spec);
void parameters_free(struct parameters *p);

#endif
