// A node of autograd whose forward and backward are the caller's.
#include "torch/th_internal.hpp"

#include <c10/util/intrusive_ptr.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/variable.h>

#include <type_traits>

using at::Tensor;

namespace {

// A map is kept as its values lie: [N,C,H,W] in the memory order of [N,H,W,C].
at::MemoryFormat format_of(int64_t n_dims) {
    return n_dims == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
}

struct node : torch::autograd::Node {
    th_node_backward backward;
    void *context;
    std::vector<std::vector<int64_t>> shapes; // of the inputs

    torch::autograd::variable_list apply(torch::autograd::variable_list &&of_outputs) override {
        torch::autograd::variable_list of_inputs(shapes.size());
        if (!of_outputs[0].defined())
            return of_inputs;
        c10::NoGradGuard guard;
        Tensor of_output = of_outputs[0].to(at::kFloat);
        of_output = of_output.contiguous(format_of(of_output.dim()));
        std::vector<float *> values(shapes.size());
        for (size_t i = 0; i < shapes.size(); i++) {
            if (!task_should_compute_output(i))
                continue;
            of_inputs[i] = at::empty(shapes[i], at::TensorOptions().dtype(at::kFloat),
                format_of(static_cast<int64_t>(shapes[i].size())));
            values[i] = of_inputs[i].data_ptr<float>();
        }
        backward(context, of_output.data_ptr<float>(), values.data());
        return of_inputs;
    }
};

// libtorch holds nodes by shared_ptr and, in its newer versions, by its own intrusive_ptr.
template <typename Owner, typename Made> auto make_node() {
    if constexpr (std::is_same_v<Owner, std::shared_ptr<torch::autograd::Node>>)
        return std::make_shared<Made>();
    else
        return c10::make_intrusive<Made>();
}

} // namespace

float *th_values(th_scope *s, th_tensor *t) {
    if (!t)
        return nullptr;
    return th::guarded<float *>(s, nullptr, [&] {
        const Tensor &x = t->value;
        TORCH_CHECK(x.device().is_cpu() && x.scalar_type() == at::kFloat &&
                        x.is_contiguous(format_of(x.dim())),
            "th_values: not contiguous f32 on the CPU");
        return x.data_ptr<float>();
    });
}

int64_t th_changes(const th_tensor *t) {
    return t->value._version();
}

th_tensor *th_node(th_scope *s, int n_inputs, th_tensor *const *inputs, int n_dims,
    const int64_t *shape, const float *values, th_node_backward backward, void *context) {
    if (!th::all_there(n_inputs, inputs))
        return nullptr;
    return th::guarded<th_tensor *>(s, nullptr, [&] {
        auto sizes = th::shape_of(n_dims, shape);
        Tensor out = n_dims == 4
                         ? at::from_blob(const_cast<float *>(values), sizes,
                               {sizes[1] * sizes[2] * sizes[3], 1, sizes[3] * sizes[1], sizes[1]},
                               at::TensorOptions().dtype(at::kFloat))
                         : at::from_blob(const_cast<float *>(values), sizes,
                               at::TensorOptions().dtype(at::kFloat));
        torch::autograd::variable_list all;
        for (int i = 0; i < n_inputs; i++)
            all.push_back(inputs[i]->value);
        if (torch::autograd::compute_requires_grad(at::ITensorListRef(all))) {
            auto made = make_node<decltype(torch::autograd::Edge::function), node>();
            made->backward = backward;
            made->context = context;
            for (const Tensor &x : all)
                made->shapes.push_back(x.sizes().vec());
            made->set_next_edges(torch::autograd::collect_next_edges(all));
            torch::autograd::set_history(out, made);
        }
        return th::hold(s, out);
    });
}
