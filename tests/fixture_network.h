/* A network built from a configuration's text, with the scopes that it lives in, for tests. What fails
 * ends the test. */
#ifndef FIXTURE_NETWORK_H
#define FIXTURE_NETWORK_H

#include "model/network.h"

struct built {
    struct config *c; /* the network keeps this pointer */
    th_scope *life, *step;
    struct network *n;
};

static const struct th_device built_device = {0, 0}; /* the CPU */

struct config built_config(const char *text);
struct built built_new(const char *text, const char *weights_dir);
void built_free(struct built *b);

const struct parameter *built_find(struct built *b, const char *name); /* NULL: no such parameter */
float *built_values(struct built *b, th_tensor *t, size_t *n);         /* the caller frees */
/* The largest difference between two tensors of the same size. */
double built_difference(struct built *b, th_tensor *x, struct built *c, th_tensor *y);

/* Texts of configurations: the small trunk with drawn weights, and tasks. */
#define SMALL(trunk, tasks)                                                                        \
    "{\"data\":{\"image_px\":32},\"trunk\":{\"name\":\"small\",\"weights\":\"none\"," trunk        \
    "},\"tasks\":{" tasks "}}"
#define PLAIN "\"dropout\":0,\"stochastic_depth\":0"
#define AGE "\"age\":{\"kind\":\"ordinal\"}"
#define GENDER "\"gender\":{\"kind\":\"nominal\"}"
#define RACE "\"race\":{\"kind\":\"nominal\"}"

#endif
