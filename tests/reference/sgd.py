#!/usr/bin/env python3
"""Writes sgd.inc: five steps of torch.optim.SGD on the CPU, float32, with and without weight decay.

Learning rate and decay are powers of two, so that products with them are exact and a processor with fused
multiply-add gives the same bits as one without; momentum is 0.9. Made with PyTorch 1.13.1 (Debian 12):
    /usr/bin/python3 tests/reference/sgd.py > tests/reference/sgd.inc
"""
import torch

N, STEPS, LR, MOMENTUM, DECAYS = 11, 5, 0.125, 0.9, (0.0, 0.0625)


def row(values):
    return "{" + ", ".join(float(v).hex() for v in values) + "}"


torch.manual_seed(1)
start, gradients = torch.randn(N), torch.randn(STEPS, N)
print("/* by sgd.py */")
print(f"enum {{ SGD_N = {N}, SGD_STEPS = {STEPS}, SGD_CASES = {len(DECAYS)} }};")
print(f"static const double sgd_lr = {LR}, sgd_momentum = {MOMENTUM};")
print(f"static const double sgd_decay[] = {{{', '.join(map(str, DECAYS))}}};")
print(f"static const float sgd_start[SGD_N] = {row(start)};")
print("static const float sgd_gradient[SGD_STEPS][SGD_N] = {")
print(",\n".join("    " + row(g) for g in gradients) + "};")
print("static const float sgd_after[SGD_CASES][SGD_STEPS][SGD_N] = {")
for decay in DECAYS:
    weight = start.clone().requires_grad_()
    optimiser = torch.optim.SGD([weight], lr=LR, momentum=MOMENTUM, weight_decay=decay)
    print("    {")
    for gradient in gradients:
        optimiser.zero_grad()
        (weight * gradient).sum().backward()
        optimiser.step()
        print("        " + row(weight.detach()) + ",")
    print("    },")
print("};")
