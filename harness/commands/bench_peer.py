"""The peer of `dmtl bench --race`: the same work by PyTorch in Python, eager, as people write it.

Usage: python3 -c THIS WORK, where WORK is JSON (bench_peer.c). Without "mode" it says who it is,
{"who": ...}, or why it cannot be there, {"skipped": ...}; else it times steps and prints what
`dmtl-torch bench` prints; "compile": by torch.compile. The network is timm's where timm is installed and has it, else the table's
in plain torch.nn; input, heads, losses, weighting and optimiser are the same.
"""
import json
import resource
import signal
import sys
import time

signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback: dmtl says what became of it
work = json.loads(sys.argv[1])
try:
    import torch
    from torch import nn
except Exception as problem:  # a missing library of CUDA is an OSError, a wrong one anything
    print(json.dumps({"skipped": f"torch: {problem}"}))
    sys.exit()
try:
    import timm
except Exception:  # a torchvision for another torch is a RuntimeError
    timm = None
if timm and not timm.is_model(work["timm_name"]):
    timm = None


def conv(i, o, k, s=1, g=1, act=None):
    layers = [nn.Conv2d(i, o, k, s, k // 2, groups=g, bias=False), nn.BatchNorm2d(o)]
    return nn.Sequential(*layers, *([act()] if act else []))


class Gate(nn.Module):
    def __init__(self, c, squeezed, act):
        super().__init__()
        self.down, self.act, self.up = nn.Conv2d(c, squeezed, 1), act(), nn.Conv2d(squeezed, c, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.up(self.act(self.down(x.mean((2, 3), keepdim=True)))))


class Block(nn.Module):
    def __init__(self, t, k, s, i, o, act, gated):
        super().__init__()
        wide = i * t
        self.body = nn.Sequential(*([conv(i, wide, 1, act=act)] if t > 1 else []),
                                  conv(wide, wide, k, s, wide, act=act),
                                  *([Gate(wide, max(1, i // 4), act)] if gated else []),
                                  conv(wide, o, 1))
        self.skip = s == 1 and i == o

    def forward(self, x):
        return x + self.body(x) if self.skip else self.body(x)


def plain(t):
    def act():
        return (nn.SiLU if t["activation"] == "silu" else nn.ReLU6)(inplace=True)

    blocks = [Block(s["expand"], s["kernel"], s["stride"] if r == 0 else 1, s["in"] if r == 0 else s["out"],
                    s["out"], act, t["squeeze_excite"])
              for s in t["stages"] for r in range(s["repeat"])]
    return nn.Sequential(conv(3, t["stem"], 3, 2, act=act), *blocks,
                         conv(t["stages"][-1]["out"], t["head"], 1, act=act),
                         nn.AdaptiveAvgPool2d(1), nn.Flatten())


def main():
    device, batch, px = torch.device(work["device"]), work["batch"], work["px"]
    torch.manual_seed(1)
    torch.set_num_threads(work["threads"])
    if work["precision"] == "tf32":
        torch.set_float32_matmul_precision("high")
        torch.backends.cudnn.allow_tf32 = True
    elif device.type == "cuda":
        torch.backends.cudnn.allow_tf32 = False
    trunk = timm.create_model(work["timm_name"], num_classes=0) if timm else plain(work["trunk"])
    if work.get("compile"):
        trunk = torch.compile(trunk)
    heads = nn.ModuleList([nn.Linear(work["trunk"]["head"], t["outputs"]) for t in work["tasks"]])
    model = nn.ModuleList([trunk, heads]).to(device, memory_format=torch.channels_last)
    s = nn.Parameter(torch.full((len(heads),), float(work["log_variance"]), device=device))
    optimiser = torch.optim.SGD(
        [{"params": model.parameters(), "weight_decay": 5e-4}, {"params": [s], "weight_decay": 0}],
        lr=1e-3, momentum=0.9)
    x = torch.randn(batch, 3, px, px, device=device).contiguous(memory_format=torch.channels_last)
    truths = [torch.randint(0, 2, (batch, t["outputs"]), device=device).float() if t["ordinal"]
              else torch.randint(0, t["outputs"], (batch,), device=device) for t in work["tasks"]]

    def logits():
        with torch.autocast(device.type, torch.bfloat16, enabled=work["precision"] == "bf16"):
            features = trunk(x)
            return [head(features).float() for head in heads]

    def loss(task, answer, truth):
        if task["ordinal"]:
            return nn.functional.binary_cross_entropy_with_logits(answer, truth, reduction="none").sum(1).mean()
        return nn.functional.cross_entropy(answer, truth)

    def train():
        optimiser.zero_grad(set_to_none=True)
        losses = torch.stack([loss(*each) for each in zip(work["tasks"], logits(), truths)])
        (torch.exp(-s) * losses + s / 2).sum().backward()
        optimiser.step()

    def infer():
        with torch.no_grad():
            logits()

    model.train(work["mode"] == "train")
    step = train if work["mode"] == "train" else infer
    seconds = []
    for i in range(-work["warm"], work["steps"]):
        began = time.perf_counter()
        step()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        if i >= 0:
            seconds.append(time.perf_counter() - began)
    on_device = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None
    print(json.dumps({"threads": torch.get_num_threads(), "libtorch": torch.__version__, "seconds": seconds,
                      "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
                      "peak_device_bytes": on_device}))


if "mode" in work:
    main()
else:
    network = f"timm {timm.__version__}" if timm else "plain torch.nn"
    print(json.dumps({"who": f"PyTorch {torch.__version__} ({network})"}))
