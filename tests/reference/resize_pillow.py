"""What Pillow's BICUBIC makes of small made-up pictures: writes tests/reference/resize_pillow.inc.
Made with Pillow 9.4.0 (Debian 12's python3-pil): /usr/bin/python3 tests/reference/resize_pillow.py"""
import os

import PIL
from PIL import Image

CASES = [(20, 20, 28, 28), (53, 37, 16, 16), (7, 3, 3, 8), (1, 1, 5, 2), (64, 5, 9, 31), (33, 33, 33, 33)]


def picture(width, height):
    """Hard edges and full range, so that overshoot must be clipped: check_image.c draws the same."""
    state, out = width * 1000 + height, bytearray()
    for _ in range(width * height * 3):
        state = (state * 1103515245 + 12345) % 2**31
        out.append((state >> 16) % 256 if state >> 28 < 5 else 255 * (state >> 20 & 1))
    return Image.frombytes("RGB", (width, height), bytes(out))


lines = [f"/* Made by resize_pillow.py with Pillow {PIL.__version__}: width, height, out width, out height, pixels. */"]
for w, h, ow, oh in CASES:
    data = picture(w, h).resize((ow, oh), Image.Resampling.BICUBIC).tobytes()
    lines.append(f"{{{w}, {h}, {ow}, {oh}, (const uint8_t[]){{")
    for i in range(0, len(data), 24):
        lines.append("    " + ", ".join(str(b) for b in data[i : i + 24]) + ",")
    lines.append("}},")
with open(os.path.join(os.path.dirname(__file__), "resize_pillow.inc"), "w") as f:
    f.write("\n".join(lines) + "\n")
