#include "fixture_network.h"

#include "check_suites.h"

#include "core/json.h"
#include "core/mem.h"
#include "grid/keys.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct config built_config(const char *text) {
    struct err e = {0};
    struct config c;
    cJSON *json = json_parse("test", text, strlen(text), &e);
    ck_assert_msg(json != NULL, "%s", e.msg);
    ck_assert_msg(config_parse(&c, json, "test", &e), "%s", e.msg);
    cJSON_Delete(json);
    return c;
}

struct built built_new(const char *text, const char *weights_dir) {
    struct err e = {0};
    struct built b = {.c = xmalloc(sizeof *b.c),
        .life = th_scope_new(built_device),
        .step = th_scope_new(built_device)};
    *b.c = built_config(text);
    b.n = network_new(b.c, b.life, weights_dir, &e);
    ck_assert_msg(b.n != NULL, "%s", e.msg);
    return b;
}

void built_free(struct built *b) {
    network_free(b->n);
    th_scope_free(b->step);
    th_scope_free(b->life);
    config_free(b->c);
    free(b->c);
}

const struct parameter *built_find(struct built *b, const char *name) {
    size_t n;
    const struct parameter *p = network_parameters(b->n, &n);
    for (size_t i = 0; i < n; i++)
        if (strcmp(p[i].name, name) == 0)
            return &p[i];
    return NULL;
}

/* A tensor's values; *n: how many. The caller frees. */
float *built_values(struct built *b, th_tensor *t, size_t *n) {
    struct err e = {0};
    *n = (size_t)th_count(t);
    float *values = xmalloc(*n * sizeof *values);
    th_read(b->step, t, TH_F32, values, *n * sizeof *values);
    ck_assert_msg(th_take_error(b->step, &e), "%s", e.msg);
    return values;
}

/* Largest difference between two tensors of the same size. */
double built_difference(struct built *b, th_tensor *x, struct built *c, th_tensor *y) {
    size_t n, m;
    float *xs = built_values(b, x, &n), *ys = built_values(c, y, &m);
    double largest = 0;
    ck_assert_uint_eq(n, m);
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs((double)xs[i] - ys[i]));
    free(xs);
    free(ys);
    return largest;
}
