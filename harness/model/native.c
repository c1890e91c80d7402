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
    bool folded; /* the tower has the weights for inference, as they were then: */
    int64_t changes;
};

struct native *native_new(const struct trunk_table *t, int first, int end, enum simd_maps maps,
    struct team *team, const struct parameter *tensors, size_t count) {
    struct native *n = xcalloc(1, sizeof *n);
    n->tower = tower_new(t, first, end, simd_best(maps), maps, team);
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

static th_tensor *refuse(th_scope *s, const struct err *e) {
    th_refuse(s, e->msg);
    return NULL;
}

th_tensor *native_train(struct native *n, th_scope *s, th_tensor *x, const float *const *masks) {
    const float *values = th_values(s, x = th_channels_last(s, x));
    if (!values || !bind(n, s, x))
        return NULL;
    int images = (int)th_size(x, 0), height = (int)th_size(x, 2), width = (int)th_size(x, 3);
    struct tower_shape shape = tower_shape(n->tower, height, width);
    struct err e = {0};
    if (!tower_room(n->tower, images, height, width, &e))
        return refuse(s, &e);
    const float *out = tower_forward(n->tower, n->tensors, values, images, height, width, masks);
    n->folded = false; /* the running statistics have changed */
    int64_t sizes[] = {images, shape.out_channels, shape.out_height, shape.out_width};
    return th_node(
        s, n->n_inputs, n->inputs, tower_pools(n->tower) ? 2 : 4, sizes, out, backward, n);
}

static int64_t changes(const struct native *n) {
    int64_t sum = 0;
    for (size_t i = 0; i < n->count; i++)
        sum += th_changes(n->parameters[i].tensor);
    return sum;
}

/* Folding takes as long as some images: not for every batch. */
static void fold(struct native *n) {
    int64_t now = changes(n);
    if (n->folded && n->changes == now)
        return;
    tower_fold(n->tower, n->tensors);
    n->folded = true;
    n->changes = now;
}

th_tensor *native_infer(struct native *n, th_scope *s, th_tensor *x) {
    const float *values = th_values(s, x = th_channels_last(s, x));
    if (!values || !bind(n, s, x))
        return NULL;
    int images = (int)th_size(x, 0), height = (int)th_size(x, 2), width = (int)th_size(x, 3);
    struct tower_shape shape = tower_shape(n->tower, height, width);
    int64_t h = shape.out_height, w = shape.out_width, c = shape.out_channels;
    th_tensor *out = th_zeros(s, TH_F32, 2, (int64_t[]){images * h * w, c});
    struct err e = {0};
    fold(n);
    if (out && !tower_infer(n->tower, values, images, height, width, th_values(s, out), &e))
        return refuse(s, &e);
    if (tower_pools(n->tower))
        return out;
    out = th_reshape(s, out, 4, (int64_t[]){images, h, w, c});
    return th_permute(s, out, 4, (int[]){0, 3, 1, 2});
}
