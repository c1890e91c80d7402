#include "model/native.h"

#include "core/mem.h"

#include <assert.h>
#include <stdlib.h>

struct native {
    struct tower *tower;
    const struct parameter *parameters;
    size_t count;
    struct tower_tensor *tensors; /* [count] */
    th_tensor **inputs;           /* of the node: x, then what is learned */
    int n_inputs;
};

struct native *native_new(const struct trunk_table *t, int first, int end, struct team *team,
    const struct parameter *tensors, size_t count) {
    struct native *n = xcalloc(1, sizeof *n);
    n->tower = tower_new(t, first, end, simd_best(), team);
    n->parameters = tensors;
    n->count = count;
    n->tensors = xcalloc(count, sizeof *n->tensors);
    n->inputs = xcalloc(count + 1, sizeof(th_tensor *));
    assert((size_t)tower_tensor_count(n->tower) == count);
    return n;
}

void native_free(struct native *n) {
    if (!n)
        return;
    tower_free(n->tower);
    free(n->tensors);
    free(n->inputs);
    free(n);
}

int native_blocks(const struct native *n) {
    return tower_block_count(n->tower);
}

/* The node's inputs and the tower's tensors, as they lie now. */
static bool bind(struct native *n, th_scope *s, th_tensor *x) {
    bool ok = true;
    n->n_inputs = 0;
    n->inputs[n->n_inputs++] = x;
    for (size_t i = 0; i < n->count; i++) {
        n->tensors[i] = (struct tower_tensor){.value = th_values(s, n->parameters[i].tensor)};
        ok = ok && n->tensors[i].value;
        if (!n->parameters[i].buffer)
            n->inputs[n->n_inputs++] = n->parameters[i].tensor;
    }
    return ok;
}

static void backward(void *context, const float *of_values, float *const *of_inputs) {
    struct native *n = context;
    for (size_t i = 0, input = 1; i < n->count; i++)
        n->tensors[i].grad = n->parameters[i].buffer ? NULL : of_inputs[input++];
    tower_backward(n->tower, n->tensors, of_values, of_inputs[0]);
}

th_tensor *native_run(struct native *n, struct pass *p, th_tensor *x, const float *const *masks) {
    th_scope *s = p->scope;
    const float *values = th_values(s, x = th_channels_last(s, x));
    if (!values || !bind(n, s, x))
        return NULL;
    int images = (int)th_size(x, 0), height = (int)th_size(x, 2), width = (int)th_size(x, 3);
    struct tower_shape shape = tower_shape(n->tower, height, width);
    struct err e = {0};
    if (!tower_room(n->tower, images, height, width, &e)) {
        th_refuse(s, e.msg);
        return NULL;
    }
    const float *out = tower_forward(n->tower, n->tensors, values, images, height, width, masks);
    int64_t sizes[] = {images, shape.out_channels, shape.out_height, shape.out_width};
    return th_node(s, n->n_inputs, n->inputs, tower_pools(n->tower) ? 2 : 4, sizes, out, backward, n);
}
