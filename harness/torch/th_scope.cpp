// Scopes: life and death of handles, the sticky error, autograd's switch.
#include "torch/th_internal.hpp"

#include <c10/core/GradMode.h>

#include <algorithm>
#include <cassert>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace th {

// What is said where memory runs out, up to the size that was asked for (a number and its unit) where it
// is told: c10's two allocators, then CUDA, cuBLAS and cuDNN, and C++.
static const struct {
    const char *words, *memory;
} out_of_memory[] = {
    {"you tried to allocate ", "the machine's memory"},
    {"CUDA out of memory. Tried to allocate ", "the GPU's memory"},
    {"CUDA out of memory", "the GPU's memory"},
    {"CUDA error: out of memory", "the GPU's memory"},
    {"STATUS_ALLOC_FAILED", "the GPU's memory"},
    {"bad_alloc", "the machine's memory"},
};

// "20.00 MiB" as it stands at the beginning of `text`, bytes made MiB; "more" where no number does.
static std::string amount(const char *text) {
    char *end, unit[8] = "", shown[64];
    double number = strtod(text, &end);
    if (end == text || sscanf(end, " %7[A-Za-z]", unit) != 1)
        return "more";
    bool bytes = strcmp(unit, "bytes") == 0;
    snprintf(shown, sizeof shown, bytes ? "%.1f %s more" : "%.2f %s more",
        bytes ? number / (1 << 20) : number, bytes ? "MiB" : unit);
    return shown;
}

// In our words where memory ran out, else as libtorch says it.
static std::string in_our_words(const char *what) {
    for (const auto &row : out_of_memory)
        if (const char *found = strstr(what, row.words))
            return "out of memory: " + amount(found + strlen(row.words)) + " of " + row.memory +
                   " was asked for than there is; lower /batch or /data/image_px in the grid file, "
                   "or run fewer workers at a time (-j)";
    return what;
}

void fail(th_scope *s, const char *what) noexcept {
    if (!s->error.empty())
        return;
    try {
        std::string line = in_our_words(what);
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

void th_refuse(th_scope *s, const char *why) {
    if (s->error.empty())
        th::fail(s, why);
}

struct th_device th_scope_device(const th_scope *s) {
    return {s->device.is_cuda() ? 1 : 0, s->device.has_index() ? s->device.index() : 0};
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
static thread_local bool recorded_before; // the outermost pair

void th_no_grad_begin(void) {
    if (no_grad_depth++ == 0) {
        recorded_before = c10::GradMode::is_enabled();
        c10::GradMode::set_enabled(false);
    }
}

void th_no_grad_end(void) {
    assert(no_grad_depth > 0);
    if (--no_grad_depth == 0)
        c10::GradMode::set_enabled(recorded_before);
}
