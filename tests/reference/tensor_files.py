"""Small files of tensors as Python writes them, for tests/check_tensor_file.c.

Run once: python3 tensor_files.py tests/fixtures
Made with Python 3.11.7, torch 2.15.0, safetensors 0.8.0.

tensors.pth: torch.save's format before the zip archives: every type, no dimension, no element, views
    that share a storage, strides that are not row-major, a parameter, a module's versions.
tensors.safetensors: the same types with metadata.
zipped.pth: torch.save's format of today, which is refused.
"""
import collections
import sys

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
torch.save({"f32": f32}, f"{folder}/zipped.pth")
save_file(plain, f"{folder}/tensors.safetensors", metadata={"made by": "Python", "step": "7"})
