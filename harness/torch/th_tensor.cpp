// Tensors: making, moving, reading, shape and arithmetic. One line an operation where one suffices.
#include "torch/th_internal.hpp"

#include <c10/core/GradMode.h>

#include <cmath>
#include <cstring>

using at::Tensor;
using th::op;

namespace th {

static const at::ScalarType types[] = {
    at::kFloat, at::kDouble, at::kLong, at::kByte, at::kBool, at::kBFloat16};

at::ScalarType scalar_type(enum th_type type) {
    return types[type];
}

// Memory of the caller's as a CPU tensor without a copy. libtorch does not look at these sizes.
static Tensor view_of(const void *data, enum th_type type, int n_dims, const int64_t *shape) {
    for (int64_t size : shape_of(n_dims, shape))
        TORCH_CHECK(size >= 0, "a tensor of memory has the negative size ", size);
    return at::from_blob(const_cast<void *>(data), shape_of(n_dims, shape), scalar_type(type));
}

// A copy from memory that the system may move waits for all that is queued on the device. One from a
// pinned copy is queued like the rest, and the allocator keeps that copy until it is done; but pinned
// memory is taken from the whole machine for good, so what is made once a set goes the other way.
static const size_t pinned_bytes = 64 << 20;

static Tensor copy_of(const Tensor &view, at::Device device) {
    if (device.is_cpu())
        return view.clone();
    if (view.nbytes() > pinned_bytes)
        return view.to(device);
    return view.pin_memory().to(device, /*non_blocking=*/true);
}

} // namespace th

/* ---- making, moving, reading ---- */

th_tensor *th_zeros(th_scope *s, enum th_type type, int n_dims, const int64_t *shape) {
    return op(s, [&] {
        return at::zeros(
            th::shape_of(n_dims, shape), at::TensorOptions(s->device).dtype(th::scalar_type(type)));
    });
}

th_tensor *th_scalar(th_scope *s, double value) {
    return op(
        s, [&] { return at::full({}, value, at::TensorOptions(s->device).dtype(at::kFloat)); });
}

th_tensor *th_from(
    th_scope *s, enum th_type type, int n_dims, const int64_t *shape, const void *data) {
    return op(s, [&] { return th::copy_of(th::view_of(data, type, n_dims, shape), s->device); });
}

th_tensor *th_borrow(
    th_scope *s, enum th_type type, int n_dims, const int64_t *shape, const void *data) {
    return op(s, [&] {
        Tensor view = th::view_of(data, type, n_dims, shape);
        return s->device.is_cpu() ? view : th::copy_of(view, s->device);
    });
}

bool th_read(th_scope *s, const th_tensor *t, enum th_type type, void *data, size_t bytes) {
    if (!t)
        return false;
    return th::guarded(s, false, [&] {
        Tensor host = t->value.detach().to(at::kCPU, th::scalar_type(type)).contiguous();
        TORCH_CHECK(host.nbytes() == bytes, "th_read: the tensor has ", host.nbytes(),
            " bytes, the caller's buffer ", bytes);
        if (bytes)
            std::memcpy(data, host.data_ptr(), bytes);
        return true;
    });
}

double th_item(th_scope *s, const th_tensor *t) {
    if (!t)
        return NAN;
    return th::guarded(s, static_cast<double>(NAN), [&] { return t->value.item<double>(); });
}

bool th_assign(th_scope *s, th_tensor *to, const th_tensor *from) {
    if (!to || !from)
        return false;
    return th::guarded(s, false, [&] {
        TORCH_CHECK(to->value.sizes() == from->value.sizes(), "th_assign: shape ",
            to->value.sizes(), " is given ", from->value.sizes());
        c10::NoGradGuard guard;
        to->value.copy_(from->value);
        return true;
    });
}

int th_dims(const th_tensor *t) {
    return t ? static_cast<int>(t->value.dim()) : 0;
}

int64_t th_size(const th_tensor *t, int dim) {
    int64_t dims = th_dims(t);
    if (dim < -dims || dim >= dims)
        return 0;
    return t->value.sizes()[static_cast<size_t>(dim < 0 ? dim + dims : dim)];
}

int64_t th_count(const th_tensor *t) {
    return t ? t->value.numel() : 0;
}

enum th_type th_type_of(const th_tensor *t) {
    int type = 0;
    for (size_t i = 0; i < sizeof th::types / sizeof th::types[0]; i++)
        if (t && t->value.scalar_type() == th::types[i])
            type = static_cast<int>(i);
    return static_cast<enum th_type>(type);
}

/* ---- shape ---- */

th_tensor *th_reshape(th_scope *s, th_tensor *t, int n_dims, const int64_t *shape) {
    return op(
        s, [&](const Tensor &x) { return x.reshape(th::shape_of(n_dims, shape)); }, t);
}

th_tensor *th_permute(th_scope *s, th_tensor *t, int n_dims, const int *order) {
    return op(
        s,
        [&](const Tensor &x) {
            std::vector<int64_t> dims(order, order + n_dims);
            return x.permute(dims);
        },
        t);
}

th_tensor *th_channels_last(th_scope *s, th_tensor *t) {
    return op(
        s, [](const Tensor &x) { return x.contiguous(at::MemoryFormat::ChannelsLast); }, t);
}

th_tensor *th_narrow(th_scope *s, th_tensor *t, int dim, int64_t from, int64_t n) {
    return op(
        s, [&](const Tensor &x) { return x.narrow(dim, from, n); }, t);
}

th_tensor *th_rows(th_scope *s, th_tensor *t, th_tensor *index) {
    return op(
        s, [](const Tensor &x, const Tensor &i) { return x.index_select(0, i); }, t, index);
}

// Older libtorchs refuse gather's own gradient on CUDA where algorithms are to be deterministic. The negative
// log-likelihood of each row is the same negated, to the bit, and its gradient is deterministic.
th_tensor *th_gather(th_scope *s, th_tensor *t, th_tensor *index) {
    return op(
        s,
        [](const Tensor &x, const Tensor &i) {
            return at::nll_loss(x, i, {}, at::Reduction::None).neg();
        },
        t, index);
}

th_tensor *th_windows(
    th_scope *s, th_tensor *images, th_tensor *row, th_tensor *down, th_tensor *right) {
    return op(
        s,
        [](const Tensor &from, const Tensor &n, const Tensor &y, const Tensor &x) {
            return from.index({n.view({-1, 1, 1}), y.unsqueeze(2), x.unsqueeze(1)});
        },
        images, row, down, right);
}

static std::vector<Tensor> values_of(int n, th_tensor *const *parts) {
    std::vector<Tensor> list;
    for (int i = 0; i < n; i++)
        list.push_back(parts[i]->value);
    return list;
}

th_tensor *th_cat(th_scope *s, int n, th_tensor *const *parts, int dim) {
    if (!th::all_there(n, parts))
        return nullptr;
    return op(s, [&] { return at::cat(values_of(n, parts), dim); });
}

th_tensor *th_stack(th_scope *s, int n, th_tensor *const *scalars) {
    if (!th::all_there(n, scalars))
        return nullptr;
    return op(s, [&] { return at::stack(values_of(n, scalars)); });
}

th_tensor *th_convert(th_scope *s, th_tensor *t, enum th_type type) {
    return op(
        s, [&](const Tensor &x) { return x.to(th::scalar_type(type)); }, t);
}

bool th_widen(th_scope *s, th_tensor *t) {
    return t && th::guarded(s, false, [&] {
        bool learned = t->value.requires_grad();
        t->value = t->value.detach().to(at::kDouble).set_requires_grad(learned);
        return true;
    });
}

th_tensor *th_detach(th_scope *s, th_tensor *t) {
    return op(
        s, [](const Tensor &x) { return x.detach(); }, t);
}

th_tensor *th_clone(th_scope *s, th_tensor *t) {
    return op(
        s, [](const Tensor &x) { return x.clone(); }, t);
}

/* ---- arithmetic ---- */

th_tensor *th_add(th_scope *s, th_tensor *a, th_tensor *b) {
    return op(
        s, [](const Tensor &x, const Tensor &y) { return x + y; }, a, b);
}

th_tensor *th_sub(th_scope *s, th_tensor *a, th_tensor *b) {
    return op(
        s, [](const Tensor &x, const Tensor &y) { return x - y; }, a, b);
}

th_tensor *th_mul(th_scope *s, th_tensor *a, th_tensor *b) {
    return op(
        s, [](const Tensor &x, const Tensor &y) { return x * y; }, a, b);
}

th_tensor *th_div(th_scope *s, th_tensor *a, th_tensor *b) {
    return op(
        s, [](const Tensor &x, const Tensor &y) { return x / y; }, a, b);
}

th_tensor *th_affine(th_scope *s, th_tensor *t, double scale, double offset) {
    return op(
        s,
        [&](const Tensor &x) {
            Tensor y = scale == 1 ? x : x * scale;
            return offset == 0 ? y : y + offset;
        },
        t);
}

th_tensor *th_exp(th_scope *s, th_tensor *t) {
    return op(
        s, [](const Tensor &x) { return x.exp(); }, t);
}

th_tensor *th_log(th_scope *s, th_tensor *t) {
    return op(
        s, [](const Tensor &x) { return x.log(); }, t);
}

th_tensor *th_sum(th_scope *s, th_tensor *t) {
    return op(
        s, [](const Tensor &x) { return x.sum(); }, t);
}

th_tensor *th_sum_dim(th_scope *s, th_tensor *t, int dim) {
    return op(
        s, [&](const Tensor &x) { return x.sum(dim); }, t);
}

th_tensor *th_mean_hw(th_scope *s, th_tensor *t, bool keep) {
    return op(
        s,
        [&](const Tensor &x) {
            return x.mean({2, 3}, keep);
        },
        t);
}

th_tensor *th_greater(th_scope *s, th_tensor *a, th_tensor *b) {
    return op(
        s, [](const Tensor &x, const Tensor &y) { return x > y; }, a, b);
}
