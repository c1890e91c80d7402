// Layers and autograd.
#include "torch/th_internal.hpp"

#include <ATen/Context.h>
#include <c10/core/GradMode.h>

using at::Tensor;
using th::op;

/* ---- precision ---- */

static bool rounds_to_bf16;

void th_set_precision(enum th_precision p) {
    rounds_to_bf16 = p == TH_IN_BF16;
    at::globalContext().setAllowTF32CuDNN(p == TH_IN_TF32);
    at::globalContext().setAllowTF32CuBLAS(p == TH_IN_TF32);
}

// An operand of a convolution or linear layer. libtorch's own autocast would keep losses in bf16 on a CPU
// and not on a GPU, and has a cache of rounded weights to be cleared at every step; here each weight is
// used once a pass.
static Tensor operand(const Tensor &t) {
    return rounds_to_bf16 && t.scalar_type() == at::kFloat ? t.to(at::kBFloat16) : t;
}

/* ---- layers ---- */

th_tensor *th_conv2d(th_scope *s, th_tensor *x, th_tensor *weight, th_tensor *bias_or_null,
    int stride, int pad, int groups) {
    return op(
        s,
        [&](const Tensor &in, const Tensor &w) {
            Tensor bias = bias_or_null ? operand(bias_or_null->value) : Tensor();
            return at::conv2d(
                operand(in), operand(w), bias, {stride, stride}, {pad, pad}, {1, 1}, groups);
        },
        x, weight);
}

th_tensor *th_pad(th_scope *s, th_tensor *x, int left, int right, int top, int bottom) {
    return op(
        s,
        [&](const Tensor &in) {
            return at::constant_pad_nd(in, {left, right, top, bottom}, 0);
        },
        x);
}

th_tensor *th_batch_norm(th_scope *s, th_tensor *x, th_tensor *weight, th_tensor *bias,
    th_tensor *running_mean, th_tensor *running_var, bool train, double momentum, double eps) {
    return op(
        s,
        [&](const Tensor &in, const Tensor &w, const Tensor &b, const Tensor &mean,
            const Tensor &var) {
            return at::batch_norm(in, w, b, mean, var, train, momentum, eps, true);
        },
        x, weight, bias, running_mean, running_var);
}

th_tensor *th_linear(th_scope *s, th_tensor *x, th_tensor *weight, th_tensor *bias) {
    return op(
        s,
        [](const Tensor &in, const Tensor &w, const Tensor &b) {
            return at::linear(operand(in), operand(w), operand(b));
        },
        x, weight, bias);
}

th_tensor *th_relu(th_scope *s, th_tensor *x) {
    return op(
        s, [](const Tensor &in) { return at::relu(in); }, x);
}

th_tensor *th_relu6(th_scope *s, th_tensor *x) {
    return op(
        s, [](const Tensor &in) { return at::hardtanh(in, 0, 6); }, x);
}

th_tensor *th_silu(th_scope *s, th_tensor *x) {
    return op(
        s, [](const Tensor &in) { return at::silu(in); }, x);
}

th_tensor *th_sigmoid(th_scope *s, th_tensor *x) {
    return op(
        s, [](const Tensor &in) { return at::sigmoid(in); }, x);
}

th_tensor *th_softplus(th_scope *s, th_tensor *x) {
    return op(
        s, [](const Tensor &in) { return at::softplus(in, 1, 30); }, x);
}

th_tensor *th_softmax(th_scope *s, th_tensor *x) {
    return op(
        s, [](const Tensor &in) { return at::softmax(in, -1); }, x);
}

th_tensor *th_log_softmax(th_scope *s, th_tensor *x) {
    return op(
        s, [](const Tensor &in) { return at::log_softmax(in, -1); }, x);
}

/* ---- learning ---- */

bool th_require_grad(th_scope *s, th_tensor *t) {
    if (!t)
        return false;
    return th::guarded(s, false, [&] {
        t->value.set_requires_grad(true);
        return true;
    });
}

bool th_backward(th_scope *s, th_tensor *loss) {
    if (!loss)
        return false;
    return th::guarded(s, false, [&] {
        loss->value.backward();
        return true;
    });
}

th_tensor *th_grad(th_scope *s, th_tensor *leaf) {
    if (!leaf || !leaf->value.grad().defined())
        return nullptr;
    return op(
        s, [](const Tensor &x) { return x.grad(); }, leaf);
}
