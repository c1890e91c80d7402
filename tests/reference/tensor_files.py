"""Small files of tensors as Python writes them, for tests/check_tensor_file.c.

Run once: python3 tensor_files.py tests/fixtures
Made with Python 3.11.7, torch 2.15.0, safetensors 0.8.0.

tensors.pth: torch.save's format before the zip archives: every type, no dimension, no element, views
    that share a storage, strides that are not row-major, a parameter, a module's versions.
tensors.safetensors: the same types with metadata.
zipped.pth: torch.save's format of today: the same, and the types that the other two lack.
trained.pth: what torchvision's training script saves beside the weights, and averaged weights.
"""
import argparse
import collections
import sys

import numpy
import torch
from safetensors.torch import save_file

f32 = torch.arange(6, dtype=torch.float32).view(2, 3) / 2  # 0 .5 1 / 1.5 2 2.5
plain = {
    "f32": f32,
    "f64": torch.tensor([1e-300, -1.0], dtype=torch.float64),
    "i64": torch.tensor([-(2**62), 5]),
    "u8": torch.tensor([0, 255], dtype=torch.uint8),
    "scalar": torch.tensor(2.5),
    "empty": torch.zeros(0, 3),
}
views = {
    "transposed": f32.t(),
    "row": f32[1],
    "column": f32[:, 1],
    "expanded": torch.tensor([7.0]).expand(2, 3),
    "parameter": torch.nn.Parameter(torch.tensor([9.0])),
}
state = collections.OrderedDict({**plain, **views})
state._metadata = collections.OrderedDict({"": {"version": 1}})
folder = sys.argv[1]
torch.save(state, f"{folder}/tensors.pth", _use_new_zipfile_serialization=False)
others = {
    "f16": torch.tensor([1.0, -2.5, 65504.0, 2.0**-14, 2.0**-24, -3 * 2.0**-24, float("inf"), -0.0]).half(),
    "bf16": torch.tensor([1.0, -3.140625, 255 * 2.0**120, 2.0**-133]).bfloat16(),
    "i32": torch.tensor([-(2**31), 7], dtype=torch.int32),
    "i16": torch.tensor([-(2**15), 7], dtype=torch.int16),
    "i8": torch.tensor([-128, 7], dtype=torch.int8),
    "bool": torch.tensor([True, False]),
}
zipped = collections.OrderedDict({**state, **others})
zipped._metadata = state._metadata
torch.save(zipped, f"{folder}/zipped.pth")

layer = torch.nn.Linear(1, 1, bias=False)
optimiser = torch.optim.SGD(layer.parameters(), lr=0.1, momentum=0.9)
layer(torch.ones(1)).sum().backward()
optimiser.step()
schedule = torch.optim.lr_scheduler.MultiStepLR(optimiser, [3, 5])
torch.save(
    {
        "model": {"module.weight": torch.tensor([[1.0]])},
        "optimizer": optimiser.state_dict(),
        "lr_scheduler": schedule.state_dict(),
        "epoch": 3,
        "args": argparse.Namespace(model="efficientnet_b0", lr=0.1, amp=False, output=None),
        "model_ema": {"n_averaged": torch.tensor(7), "module.weight": torch.tensor([[2.0]])},
        "best": numpy.float64(0.75),
    },
    f"{folder}/trained.pth",
)
save_file(plain, f"{folder}/tensors.safetensors", metadata={"made by": "Python", "step": "7"})
