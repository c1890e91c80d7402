"""Races EfficientNet-B0 here against PyTorch eager in Python, on the same libtorch, in one run.

Usage: /usr/bin/python3 tests/bench/race_b0.py build/release/dmtl-torch [ROUNDS] [STEPS]
The peer: plain torch.nn, channels_last, 224 px, batch 32, random input, three small heads, SGD with
momentum; the same work as `dmtl-torch bench`. Rounds alternate ours, the peer as people run it, and
the peer with the allocator settings that ours sets for itself; medians over rounds are compared.
"""
import json
import os
import statistics
import subprocess
import sys
import time


def peer(mode, steps, batch=32, px=224):
    import torch
    from torch import nn

    torch.manual_seed(1)
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    stages = [(1, 3, 1, 32, 16, 1), (6, 3, 2, 16, 24, 2), (6, 5, 2, 24, 40, 2), (6, 3, 2, 40, 80, 3),
              (6, 5, 1, 80, 112, 3), (6, 5, 2, 112, 192, 4), (6, 3, 1, 192, 320, 1)]

    def conv(i, o, k, s=1, g=1, act=True):
        layers = [nn.Conv2d(i, o, k, s, k // 2, groups=g, bias=False), nn.BatchNorm2d(o)]
        return nn.Sequential(*layers, *([nn.SiLU(inplace=True)] if act else []))

    class Gate(nn.Module):
        def __init__(self, c, squeezed):
            super().__init__()
            self.down, self.up = nn.Conv2d(c, squeezed, 1), nn.Conv2d(squeezed, c, 1)

        def forward(self, x):
            z = nn.functional.silu(self.down(x.mean((2, 3), keepdim=True)), inplace=True)
            return x * torch.sigmoid(self.up(z))

    class Block(nn.Module):
        def __init__(self, t, k, s, i, o):
            super().__init__()
            wide = i * t
            self.body = nn.Sequential(*([conv(i, wide, 1)] if t > 1 else []), conv(wide, wide, k, s, wide),
                                      Gate(wide, max(1, i // 4)), conv(wide, o, 1, act=False))
            self.skip = s == 1 and i == o

        def forward(self, x):
            return x + self.body(x) if self.skip else self.body(x)

    blocks = [Block(t, k, s if r == 0 else 1, i if r == 0 else o, o)
              for t, k, s, i, o, n in stages for r in range(n)]
    trunk = nn.Sequential(conv(3, 32, 3, 2), *blocks, conv(320, 1280, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    heads = nn.ModuleList([nn.Linear(1280, 115), nn.Linear(1280, 2), nn.Linear(1280, 5)])
    s = nn.Parameter(torch.zeros(3))
    model = nn.ModuleList([trunk, heads]).to(memory_format=torch.channels_last)
    optimiser = torch.optim.SGD(
        [{"params": model.parameters(), "weight_decay": 5e-4}, {"params": [s], "weight_decay": 0}],
        lr=1e-3, momentum=0.9)
    x = torch.randn(batch, 3, px, px).contiguous(memory_format=torch.channels_last)
    signs = torch.randint(0, 2, (batch, 115)).float()
    gender, race = torch.randint(0, 2, (batch,)), torch.randint(0, 5, (batch,))

    def train():
        optimiser.zero_grad(set_to_none=True)
        f = trunk(x)
        a, g, r = (h(f) for h in heads)
        losses = torch.stack([
            nn.functional.binary_cross_entropy_with_logits(a, signs, reduction="none").sum(1).mean(),
            nn.functional.cross_entropy(g, gender), nn.functional.cross_entropy(r, race)])
        (torch.exp(-s) * losses + s / 2).sum().backward()
        optimiser.step()

    def infer():
        with torch.no_grad():
            f = trunk(x)
            return [h(f) for h in heads]

    trunk.train(mode == "train")
    run = train if mode == "train" else infer
    times = []
    for i in range(steps + 2):
        began = time.perf_counter()
        run()
        if i >= 2:
            times.append(time.perf_counter() - began)
    print(json.dumps({"images_per_s": batch / statistics.median(times), "libtorch": torch.__version__,
                      "threads": torch.get_num_threads()}))


def measure(command, **settings):
    env = dict(os.environ, **settings)
    return json.loads(subprocess.run(command, env=env, stdout=subprocess.PIPE, check=True).stdout)


def race(program, rounds, steps):
    me = [sys.executable, os.path.abspath(__file__), "--peer"]
    heap = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 30)}
    for mode in ("train", "infer"):
        rates = {"dmtl": [], "eager": [], "eager, allocator tuned": []}
        for _ in range(rounds):
            ours = measure([program, "bench", mode, "--steps", str(steps)])
            rates["dmtl"].append(ours["images_per_s"])
            peer_ = measure([*me, mode, str(steps)])
            rates["eager"].append(peer_["images_per_s"])
            rates["eager, allocator tuned"].append(measure([*me, mode, str(steps)], **heap)["images_per_s"])
        median = {name: statistics.median(values) for name, values in rates.items()}
        print(f"{mode}: libtorch {ours['libtorch']} and {peer_['libtorch']}, {ours['threads']} and "
              f"{peer_['threads']} threads, {rounds} rounds of {steps} steps")
        for name, value in median.items():
            print(f"  {name:24} {value:7.1f} images/s   dmtl is {median['dmtl'] / value:.2f} times as fast")


if sys.argv[1] == "--peer":
    peer(sys.argv[2], int(sys.argv[3]))
else:
    race(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3, int(sys.argv[3]) if len(sys.argv) > 3 else 10)
