"""What the way from files to the store costs beside the bare network, in one run.

Usage: python3 tests/bench/end_to_end.py build/release [ROUNDS] [STEPS]
A round trains EfficientNet-B0 at 224 px, batch 32, three tasks: first with `dmtl-torch bench train` on one
batch held in memory, then as a cell of `dmtl run` on drawn faces (pixel cache, flips and shifts, losses
and weights stored, checkpoints written). The cell's rate is v_runs.images_per_s: all steps of its
epoch, evaluation apart; the other's is the mean of as many steps. The first, cold step counts in both, and
both have OpenMP's threads wait as `dmtl run` does. Medians over rounds are compared.
"""
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile

BATCH = 32


def grid(images):
    return {
        "title": "one cell",
        "base": {
            "data": {"set": "synthetic", "image_px": 224},
            "split": {"kind": "random", "seed": 1, "test_share": 0.2, "validation_share": 0.2},
            "tasks": {"age": {"kind": "ordinal", "ranks": [1, 116]}, "gender": {}, "race": {}},
            "trunk": {"name": "efficientnet-b0", "weights": "none"},
            "weighting": {"kind": "uncertainty", "initial_log_variance": 4},
            "optimiser": {"kind": "sgd", "lr": 0.001, "momentum": 0.9, "decay_heads": 0.0005},
            "augment": {"flip": True, "shift_px": 8},
            "epochs": 1,
            "batch": BATCH,
        },
        "variants": {"full": {}},
        "axes": {"/seed": list(range(1, images + 1))},
        "baseline": "full",
    }


def held_in_memory(build, steps):
    out = subprocess.run([f"{build}/dmtl-torch", "bench", "train", "--batch", str(BATCH), "--steps", str(steps), "--warm", "0"],
                         stdout=subprocess.PIPE, check=True).stdout
    return BATCH / json.loads(out)["mean_s"]


def as_a_cell(build, folder, seed):
    """One cell more of the grid: the next seed."""
    with open(f"{folder}/one.json", "w", encoding="utf-8") as f:
        json.dump(grid(seed), f)
    subprocess.run([f"{build}/dmtl", "run", f"{folder}/one.json", "--quiet", "--db", f"{folder}/one.db",
                    "--data", f"synthetic={folder}/faces"], stdout=subprocess.DEVNULL, check=True)
    with sqlite3.connect(f"{folder}/one.db") as db:
        return db.execute("SELECT images_per_s FROM v_runs JOIN v_cells USING (cell) WHERE seed = ?",
                          (seed,)).fetchone()[0]


def main(build, rounds, steps):
    memory, cell = [], []
    with tempfile.TemporaryDirectory() as folder:
        count = round(steps * BATCH / 0.8 / 0.8)  # what the split leaves to train are whole batches
        subprocess.run([f"{build}/dmtl", "data", "synth", "--out", f"{folder}/faces", "--number", str(count), "--px", "200",
                        "--quiet"],
                       stdout=subprocess.DEVNULL, check=True)
        for round_ in range(1, rounds + 1):
            memory.append(held_in_memory(build, steps))
            cell.append(as_a_cell(build, folder, round_))
    print(f"B0, 224 px, batch {BATCH}, {len(os.sched_getaffinity(0))} cores, {rounds} rounds of {steps} steps")
    print(f"  held in memory {statistics.median(memory):7.1f} images/s")
    print(f"  end to end     {statistics.median(cell):7.1f} images/s, "
          f"{statistics.median(c / m for c, m in zip(cell, memory)):.3f} of it")


main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3, int(sys.argv[3]) if len(sys.argv) > 3 else 40)
