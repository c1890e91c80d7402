#include "learn/optimiser.h"

#include "core/mem.h"

#include <stdlib.h>

struct optimiser {
    double momentum;
    struct team *team; /* the network's, or NULL */
    size_t n;
    struct learned *learned;
    th_tensor **weights, **velocities; /* the same handles, as th_sgd_step takes them */
    double *decay;
};

_Static_assert(OPTIMISER_COUNT == 1, "SGD is the only optimiser: a second one makes this a table");

/* A velocity has its weight's memory layout too, or every step would pay for the difference. */
static void add(
    struct optimiser *o, const char *name, th_tensor *weight, double decay, th_scope *life) {
    size_t i = o->n++;
    th_no_grad_begin();
    o->weights[i] = weight;
    o->velocities[i] = th_affine(life, weight, 0, 0);
    th_no_grad_end();
    o->decay[i] = decay;
    o->learned[i] = (struct learned){name, weight, o->velocities[i]};
}

struct optimiser *optimiser_new(const struct config *c, struct network *n, th_tensor *log_variances,
    th_scope *life, struct err *e) {
    size_t count;
    const struct parameter *p = network_parameters(n, &count);
    struct optimiser *o = xcalloc(1, sizeof *o);
    o->momentum = c->optimiser.momentum;
    o->team = network_team(n);
    o->learned = xcalloc(count + 1, sizeof *o->learned);
    o->weights = xcalloc(count + 1, sizeof *o->weights);
    o->velocities = xcalloc(count + 1, sizeof(th_tensor *));
    o->decay = xcalloc(count + 1, sizeof *o->decay);
    for (size_t i = 0; i < count; i++) {
        if (p[i].buffer || !p[i].trainable)
            continue;
        bool none = p[i].norm_or_bias && !c->optimiser.decay_norm_and_bias;
        double decay = p[i].head ? c->optimiser.decay_heads : c->optimiser.decay_trunk;
        add(o, p[i].name, p[i].tensor, none ? 0 : decay, life);
    }
    if (log_variances)
        add(o, "log_variances", log_variances, 0, life);
    if (!th_take_error(life, e)) {
        optimiser_free(o);
        return NULL;
    }
    return o;
}

void optimiser_free(struct optimiser *o) {
    if (!o)
        return;
    free(o->learned);
    free(o->weights);
    free(o->velocities);
    free(o->decay);
    free(o);
}

bool optimiser_step(struct optimiser *o, th_scope *s, double lr) {
    return th_sgd_step(s, (int)o->n, o->weights, o->velocities, o->decay, lr, o->momentum, o->team);
}

const struct learned *optimiser_learned(const struct optimiser *o, size_t *count) {
    *count = o->n;
    return o->learned;
}
