// Scopes: life and death of handles, the sticky error, autograd's switch.
#include "torch/th_internal.hpp"

#include <c10/core/GradMode.h>

#include <algorithm>
#include <cassert>
#include <cstdarg>
#include <cstdio>

namespace th {

void fail(th_scope *s, const char *what) noexcept {
    if (!s->error.empty())
        return;
    try {
        std::string line(what);
        std::replace(line.begin(), line.end(), '\n', ' ');
        while (!line.empty() && line.back() == ' ')
            line.pop_back();
        if (line.empty())
            line = "an exception without a message";
        s->error = s->where.empty() ? line : s->where + ": " + line;
    } catch (...) {
        s->error = "libtorch";
    }
}

th_tensor *hold(th_scope *s, at::Tensor t) {
    s->tensors.push_back(std::make_unique<th_tensor>(th_tensor{std::move(t)}));
    return s->tensors.back().get();
}

} // namespace th

static at::Device device_of(struct th_device d) {
    return d.kind == 0 ? at::Device(at::kCPU)
                       : at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(d.index));
}

th_scope *th_scope_new(struct th_device d) {
    return new th_scope{device_of(d), {}, {}, {}};
}

void th_scope_free(th_scope *s) {
    delete s;
}

void th_scope_clear(th_scope *s) {
    s->tensors.clear();
    s->error.clear();
    s->where.clear();
}

bool th_ok(const th_scope *s) {
    return s->error.empty();
}

bool th_take_error(th_scope *s, struct err *e) {
    if (s->error.empty())
        return true;
    err_set(e, "%s", s->error.c_str());
    s->error.clear();
    return false;
}

void th_where(th_scope *s, const char *fmt, ...) {
    char place[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(place, sizeof place, fmt, args);
    va_end(args);
    s->where = place;
}

size_t th_mark(const th_scope *s) {
    return s->tensors.size();
}

th_tensor *th_pop(th_scope *s, size_t mark, th_tensor *keep) {
    auto first =
        s->tensors.begin() + static_cast<std::ptrdiff_t>(std::min(mark, s->tensors.size()));
    auto kept = std::find_if(
        first, s->tensors.end(), [&](const auto &t) { return keep && t.get() == keep; });
    if (kept == s->tensors.end()) { // keep is older than the mark, or NULL
        s->tensors.erase(first, s->tensors.end());
        return keep;
    }
    std::swap(*first, *kept);
    s->tensors.erase(first + 1, s->tensors.end());
    return keep;
}

th_tensor *th_keep(th_scope *to, th_tensor *t) {
    return th::op(
        to, [](const at::Tensor &v) { return v; }, t);
}

static thread_local int no_grad_depth;

void th_no_grad_begin(void) {
    if (no_grad_depth++ == 0)
        c10::GradMode::set_enabled(false);
}

void th_no_grad_end(void) {
    assert(no_grad_depth > 0);
    if (--no_grad_depth == 0)
        c10::GradMode::set_enabled(true);
}
