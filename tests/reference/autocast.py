"""EfficientNet-B0 under PyTorch's autocast to bfloat16 on a CPU, for tests/check_precision.c.

Run once: python3 autocast.py OUT.safetensors
Made with Python 3.11, torch 2.15.0, torchvision 0.29.2, numpy 2.4.6, safetensors 0.8.0, on a processor with
avx512_bf16 and without amx_bf16.

features, train_features: torchvision's efficientnet_b0 with weights by formula (trunks.py) on two pictures of
    64 pixels a side: pooled features in eval and training mode, stochastic depth off.
f32_features, f32_train_features: the same without autocast.
"""
import sys

import torch
import torchvision
from safetensors.torch import save_file

from trunks import batch, fill


def pooled(model, train, autocast):
    fill(model)
    model.train(train)
    x = batch(64, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
        return model.avgpool(model.features(x)).flatten(1).float().contiguous()


with torch.no_grad():
    model = torchvision.models.efficientnet_b0(stochastic_depth_prob=0.0)
    tensors = {f"{'' if autocast else 'f32_'}{'train_' if train else ''}features": pooled(model, train, autocast)
               for autocast in (True, False) for train in (False, True)}
    save_file(tensors, sys.argv[1])
    for mode in ("", "train_"):
        apart = (tensors[f"{mode}features"] - tensors[f"f32_{mode}features"]).abs()
        print(mode, "bf16 and f32 apart:", float(apart.max() / tensors[f"f32_{mode}features"].abs().max()))
