"""Races decode and resize against Pillow on one core, in one run, on the same files:
    /usr/bin/python3 tests/bench/decode.py build/release/bench-decode DIR [FILES] [PX]
Prints both rates, their ratio, and whether the pixels are the same. The rounds alternate; each side's
fastest counts."""
import hashlib, os, subprocess, sys, time

import PIL
from PIL import Image

program, folder = sys.argv[1], sys.argv[2]
count = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
px = int(sys.argv[4]) if len(sys.argv) > 4 else 224
names = sorted(n for n in os.listdir(folder) if n.lower().endswith((".jpg", ".jpeg", ".png")))
step = max(1, len(names) // count)
files = [os.path.join(folder, n) for n in names[::step][:count]]
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # one core for both


def one(path):
    with Image.open(path) as im:
        return im.convert("RGB").resize((px, px), Image.Resampling.BICUBIC)


digest = hashlib.sha256()
for f in files:
    digest.update(one(f).tobytes())
pillow = ours = float("inf")
for _ in range(5):
    start = time.perf_counter()
    for f in files:
        one(f)
    pillow = min(pillow, time.perf_counter() - start)
    out = subprocess.run([program, str(px), "1", *files], capture_output=True, text=True, check=True)
    took, ours_digest = out.stdout.split()
    ours = min(ours, float(took))
print(f"{len(files)} files of {folder} to {px} px, one core")
print(f"Pillow {PIL.__version__}: {len(files) / pillow:.0f} images/s")
print(f"dmtl: {len(files) / ours:.0f} images/s, {pillow / ours:.2f} times Pillow")
print("pixels:", "the same" if ours_digest == digest.hexdigest() else "differ")
