"""Reference outputs of the published networks, for tests/check_network.c.

Run once: python3 trunks.py LITE0_WEIGHTS.pth OUT.safetensors
Made with Python 3.11, torch 2.15.0, timm 1.0.31, torchvision 0.29.2, numpy 2.4.6, safetensors 0.8.0.

lite0.SIZE.features: timm's tf_efficientnet_lite0 with the ImageNet weights, pooled features of the
    pictures below, eval mode.
b0.SIZE.features, b0.SIZE.train_features: torchvision's efficientnet_b0 with weights by formula, eval
    and training mode (stochastic depth off), and the first and the last batch norm's running variance
    after that training pass.
b0.SIZE.after: for every tensor of the trunk, in the state dict's order, its sum of products with numbers by
    formula and its norm, float64: of a parameter's gradient in training mode, of a running statistic after
    that pass. The loss is the sum of the pooled features times numbers by formula.
"""
import sys

import numpy
import timm
import torch
import torchvision
from safetensors.torch import save_file


def picture(number, side):
    """uint8 [side,side,3] by a formula that the C test repeats."""
    y, x, c = numpy.meshgrid(*(numpy.arange(n, dtype=numpy.int64) for n in (side, side, 3)), indexing="ij")
    return ((x * (7 + number) + y * 13 + c * 29 + (x * y) // 16 + number * 41) % 256).astype(numpy.uint8)


def batch(side, mean, std, n=2):
    rgb = torch.from_numpy(numpy.stack([picture(i, side) for i in range(n)]))
    x = rgb.permute(0, 3, 1, 2).float() / 255
    return (x - torch.tensor(mean).view(1, 3, 1, 1)) / torch.tensor(std).view(1, 3, 1, 1)


def formula(item, shape):
    """In [-0.5, 0.5): the high bits of a product, the same in C."""
    i = numpy.arange(int(numpy.prod(shape)), dtype=numpy.uint64)
    h = (i * 2654435761 + item * 40503 * 65537 + 12345) & 0xFFFFFFFF
    h = ((h ^ (h >> numpy.uint64(15))) * 2246822519) & 0xFFFFFFFF
    return torch.from_numpy((h.astype(numpy.float64) / 2**32 - 0.5).astype(numpy.float32)).view(*shape)


def fill(model):
    """Weights by formula, in the order of the state dict without counters and classifier."""
    item = 0
    for name, value in model.state_dict().items():
        if name.endswith("num_batches_tracked") or name.startswith("classifier"):
            continue
        u = formula(item, value.shape)
        if value.dim() == 4:
            fan_in = value[0].numel()
            value.copy_(u * (12 / fan_in) ** 0.5)
        elif name.endswith("running_var") or (name.endswith("weight")):
            value.copy_(1 + 0.5 * u)
        else:
            value.copy_(0.2 * u)
        item += 1


def lite0(path, out):
    model = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    weights = list(torch.load(path, map_location="cpu", weights_only=True).values())
    state = model.state_dict()
    assert len(weights) == len(state) == 296
    for value, weight in zip(state.values(), weights):
        value.copy_(weight)
    model.eval()
    for side in (224, 97):
        x = batch(side, [0.5] * 3, [0.5] * 3)
        out[f"lite0.{side}.features"] = model.forward_features(x).mean((2, 3)).contiguous()


def summary(item, t):
    t, numbers = t.double().flatten(), formula(5000 + item, t.shape).double().flatten()
    return [float(t @ numbers), float(t.norm())]


def b0_after(model, x):
    model.train()
    model.zero_grad()
    with torch.enable_grad():
        features = model.features(x).mean((2, 3))
        (features * formula(9001, features.shape)).sum().backward()
    gradients = dict(model.named_parameters())
    return torch.tensor([summary(item, gradients[name].grad if name in gradients else value)
                         for item, (name, value) in enumerate(
                             (name, value) for name, value in model.state_dict().items()
                             if not name.endswith("num_batches_tracked") and not name.startswith("classifier"))],
                        dtype=torch.float64)


def b0(out):
    model = torchvision.models.efficientnet_b0(stochastic_depth_prob=0.0)
    fill(model)
    mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    for side in (64, 97):
        x = batch(side, mean, std)
        model.eval()
        out[f"b0.{side}.features"] = model.features(x).mean((2, 3)).contiguous()
        fill(model)
        model.train()
        out[f"b0.{side}.train_features"] = model.features(x).mean((2, 3)).contiguous()
        out[f"b0.{side}.first_var"] = model.features[0][1].running_var.clone()
        out[f"b0.{side}.last_var"] = model.features[8][1].running_var.clone()
        fill(model)
        out[f"b0.{side}.after"] = b0_after(model, x)
        fill(model)


if __name__ == "__main__":
    with torch.no_grad():
        tensors = {}
        lite0(sys.argv[1], tensors)
        b0(tensors)
        save_file(tensors, sys.argv[2])
        for name, value in tensors.items():
            print(name, tuple(value.shape), float(value.abs().mean()))
