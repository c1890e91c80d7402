// Behind th.h: what its .cpp files share. Handles, scopes, and the one place where exceptions end.
// Outside `guarded` only memory running out throws: nothing catches that, so it ends the process as it
// does in core/mem.h.
#pragma once

#include "torch/th.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <string>
#include <vector>

struct th_tensor {
    at::Tensor value;
};

struct th_scope {
    at::Device device;
    std::vector<std::unique_ptr<th_tensor>> tensors;
    std::string error; // empty: none
    std::string where;
};

namespace th {

// Keeps the first failure, in one line, with its place in front.
void fail(th_scope *s, const char *what) noexcept;

th_tensor *hold(th_scope *s, at::Tensor t);

at::ScalarType scalar_type(enum th_type type);

inline at::IntArrayRef shape_of(int n_dims, const int64_t *shape) {
    return at::IntArrayRef(shape, static_cast<size_t>(n_dims));
}

inline bool all_there(int n, th_tensor *const *tensors) {
    return std::all_of(tensors, tensors + n, [](const th_tensor *t) { return t != nullptr; });
}

// Runs `body`, which may throw, for its result; `otherwise` where it threw or the scope has failed.
template <typename Result, typename Body>
Result guarded(th_scope *s, Result otherwise, Body body) noexcept {
    if (!s->error.empty())
        return otherwise;
    try {
        return body();
    } catch (const c10::Error &e) {
        fail(s, e.what_without_backtrace());
    } catch (const std::exception &e) {
        fail(s, e.what());
    } catch (...) {
        fail(s, "an exception of unknown type");
    }
    return otherwise;
}

// An operation on operands that must all be there: `body` gets their tensors and returns a tensor.
template <typename Body, typename... Operands>
th_tensor *op(th_scope *s, Body body, Operands *...operands) noexcept {
    if (((operands == nullptr) || ...))
        return nullptr;
    return guarded<th_tensor *>(s, nullptr, [&] { return hold(s, body(operands->value...)); });
}

} // namespace th
