// The optimiser's step. By a team all weights in one pass: libtorch's four walk through twice the memory, and its
// threads meet at each of some hundred weights.
#include "torch/th_internal.hpp"

extern "C" {
#include "kernels/team.h"
}

#include <c10/core/GradMode.h>
#include <map>

using at::Tensor;

namespace {

// Where a multiplication and an addition are one operation PyTorch's kernels use it, and so does the team; elsewhere
// both would round twice, and libtorch steps.
#if defined(__x86_64__)
#define FOR_EACH_PROCESSOR __attribute__((target_clones("avx512f", "fma", "default")))
bool fuses() {
    return __builtin_cpu_supports("fma");
}
#else
#define FOR_EACH_PROCESSOR
bool fuses() {
    return true;
}
#endif

// What one step moves.
struct moved {
    Tensor weight, velocity, gradient;
    double decay;
};

// Dense floats of the CPU, which lie as those of `like`: what the stride of a size of 1 is makes no difference.
bool plain(const Tensor &t, const Tensor &like) {
    bool alike = t.device().is_cpu() && t.scalar_type() == at::kFloat &&
                 t.is_non_overlapping_and_dense() && t.sizes() == like.sizes();
    for (int64_t i = 0; alike && i < t.dim(); i++)
        alike = t.size(i) == 1 || t.stride(i) == like.stride(i);
    return alike;
}

bool all_plain(const std::vector<moved> &all) {
    return std::all_of(all.begin(), all.end(), [](const moved &m) {
        return plain(m.weight, m.weight) && plain(m.velocity, m.weight) &&
               plain(m.gradient, m.weight);
    });
}

// Rounded where PyTorch rounds: each product that it adds to something is one operation with the sum, the momentum's
// is not (the Makefile compiles this file with -ffp-contract=off).
FOR_EACH_PROCESSOR void step_values(int64_t n, float *__restrict weight, float *__restrict velocity,
    const float *__restrict gradient, float decay, float lr, float momentum) {
    for (int64_t i = 0; i < n; i++) {
        float g = gradient[i];
        if (decay != 0)
            g = __builtin_fmaf(weight[i], decay, g);
        velocity[i] = velocity[i] * momentum + g;
        weight[i] = __builtin_fmaf(velocity[i], -lr, weight[i]);
    }
}

struct shared_step {
    const std::vector<moved> &all;
    int64_t values; // of all weights
    struct team *team;
    float lr, momentum;
};

// A thread takes as many values as another, whatever tensors they are of.
void step_share(void *context, int thread) {
    const auto *s = static_cast<const shared_step *>(context);
    int64_t threads = team_threads(s->team), first = 0;
    int64_t begin = s->values * thread / threads, end = s->values * (thread + 1) / threads;
    for (const moved &m : s->all) {
        int64_t n = m.weight.numel();
        int64_t from = std::max(begin - first, int64_t{0}), to = std::min(end - first, n);
        if (from < to)
            step_values(to - from, m.weight.data_ptr<float>() + from,
                m.velocity.data_ptr<float>() + from, m.gradient.data_ptr<float>() + from,
                static_cast<float>(m.decay), s->lr, s->momentum);
        first += n;
    }
}

void step_by_team(struct team *team, const std::vector<moved> &all, double lr, double momentum) {
    shared_step s = {all, 0, team, static_cast<float>(lr), static_cast<float>(momentum)};
    for (const moved &m : all)
        s.values += m.weight.numel();
    team_run(team, step_share, &s);
    for (const moved &m : all) {
        m.weight.unsafeGetTensorImpl()->bump_version();
        m.velocity.unsafeGetTensorImpl()->bump_version();
    }
}

// One kernel for many tensors: on a GPU a kernel of its own for each of a network's hundreds of weights
// takes longer than the arithmetic.
void step_by_libtorch(const std::vector<moved> &all, double lr, double momentum) {
    struct alike {
        std::vector<Tensor> weights, velocities, gradients;
    };
    std::map<double, alike> by_decay; // few: the trunk's, the heads', none
    for (const moved &m : all) {
        alike &of = by_decay[m.decay];
        of.weights.push_back(m.weight);
        of.velocities.push_back(m.velocity);
        of.gradients.push_back(m.gradient);
    }
    for (auto &[decay, of] : by_decay) {
        if (decay != 0) // not in place: two gradients may share their memory
            of.gradients = at::_foreach_add(of.gradients, of.weights, decay);
        at::_foreach_mul_(of.velocities, momentum);
        at::_foreach_add_(of.velocities, of.gradients);
        at::_foreach_add_(of.weights, of.velocities, -lr);
    }
}

} // namespace

bool th_sgd_step(th_scope *s, int n, th_tensor *const *weight, th_tensor *const *velocity,
    const double *decay, double lr, double momentum, struct team *team) {
    if (!th::all_there(n, weight) || !th::all_there(n, velocity))
        return false;
    return th::guarded(s, false, [&] {
        c10::NoGradGuard guard;
        std::vector<moved> all;
        for (int i = 0; i < n; i++) {
            Tensor &w = weight[i]->value;
            if (!w.grad().defined())
                continue;
            all.push_back({w, velocity[i]->value, w.grad(), decay[i]});
            w.mutable_grad().reset(); // none, not zero: what a step does not reach stays as it is
        }
        if (team && fuses() && all_plain(all))
            step_by_team(team, all, lr, momentum);
        else
            step_by_libtorch(all, lr, momentum);
        return true;
    });
}
