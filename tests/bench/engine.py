"""Races the CPU engine: dmtl's back ends and instruction sets, PyTorch eager as people run it, torch.compile,
ONNX Runtime and OpenVINO, each number a process of its own, all in turns; prints medians over rounds.

Usage: engine.py DMTL [--mode train|infer] [--trunk NAME] [--px 224] [--batch 32] [--steps 10] [--rounds 5]
                      [--precision f32] [--only WORD,...] [--latency]

DMTL is the program (build/release/dmtl). The Python that runs this needs torch; for inference onnx, onnxruntime
and openvino too. Peers that are not there are left out, and that is said. --latency: batch 1 for everyone, with
p50, p90 and p99; else each peer of inference runs at the better of --batch and 1.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve()
PEER = HERE.parents[2] / "harness/commands/bench_peer.py"
# A processor without AVX-512, for libtorch's kernels, its BLAS and oneDNN.
AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "DNNL_MAX_CPU_ISA": "AVX2",
        "OPENBLAS_CORETYPE": "Haswell"}
TUNED = {"MALLOC_MMAP_THRESHOLD_": "1073741824", "MALLOC_TRIM_THRESHOLD_": "1073741824"}
STAGES = [(1, 3, 1, 32, 16, 1), (6, 3, 2, 16, 24, 2), (6, 5, 2, 24, 40, 2), (6, 3, 2, 40, 80, 3),
          (6, 5, 1, 80, 112, 3), (6, 5, 2, 112, 192, 4), (6, 3, 1, 192, 320, 1)]


def trunk_of(name):
    b0 = name == "efficientnet-b0"
    return {"stem": 32, "head": 1280, "activation": "silu" if b0 else "relu6", "squeeze_excite": b0,
            "stages": [dict(zip(("expand", "kernel", "stride", "in", "out", "repeat"), s)) for s in STAGES]}


# ---- what a contestant runs, each in its own process ----

def graph_of(trunk, px, batch):
    """The trunk as ONNX with random weights, batch norm already folded, padding on all sides alike."""
    import numpy
    from onnx import TensorProto, checker, helper, numpy_helper
    nodes, weights, draw = [], [], numpy.random.default_rng(1)

    def name():
        return f"t{len(nodes)}"

    def op(kind, inputs, **attributes):
        out = name()
        nodes.append(helper.make_node(kind, inputs, [out], **attributes))
        return out

    def constant(value):
        label = f"w{len(weights)}"
        weights.append(numpy_helper.from_array(numpy.asarray(value, dtype=numpy.float32), label))
        return label

    def conv(x, i, o, k, stride=1, groups=1):
        w = draw.normal(0, (2 / (i // groups * k * k)) ** 0.5, (o, i // groups, k, k))
        return op("Conv", [x, constant(w), constant(draw.normal(0, 0.1, o))], kernel_shape=[k, k],
                  strides=[stride] * 2, pads=[k // 2] * 4, group=groups)

    def act(x):
        if trunk["activation"] == "silu":
            return op("Mul", [x, op("Sigmoid", [x])])
        return op("Clip", [x, constant(0), constant(6)])

    x = act(conv("x", 3, trunk["stem"], 3, 2))
    for s in trunk["stages"]:
        for r in range(s["repeat"]):
            i, stride = (s["in"], s["stride"]) if r == 0 else (s["out"], 1)
            wide, y = i * s["expand"], x
            if s["expand"] > 1:
                y = act(conv(y, i, wide, 1))
            y = act(conv(y, wide, wide, s["kernel"], stride, wide))
            if trunk["squeeze_excite"]:
                z = act(conv(op("GlobalAveragePool", [y]), wide, max(1, i // 4), 1))
                y = op("Mul", [y, op("Sigmoid", [conv(z, max(1, i // 4), wide, 1)])])
            y = conv(y, wide, s["out"], 1)
            x = op("Add", [x, y]) if stride == 1 and i == s["out"] else y
    x = act(conv(x, trunk["stages"][-1]["out"], trunk["head"], 1))
    x = op("Flatten", [op("GlobalAveragePool", [x])])
    graph = helper.make_graph(
        nodes, "trunk", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 3, px, px])],
        [helper.make_tensor_value_info(x, TensorProto.FLOAT, [batch, trunk["head"]])], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    return model


def timed(step, work):
    import resource
    import time
    seconds = []
    for i in range(-work["warm"], work["steps"]):
        began = time.perf_counter()
        step()
        if i >= 0:
            seconds.append(time.perf_counter() - began)
    print(json.dumps({"seconds": seconds,
                      "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


def run_onnx(work):
    import numpy
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = work["threads"]
    model = graph_of(work["trunk"], work["px"], work["batch"]).SerializeToString()
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    x = numpy.random.default_rng(1).normal(size=(work["batch"], 3, work["px"], work["px"])).astype(numpy.float32)
    timed(lambda: session.run(None, {"x": x}), work)


def run_openvino(work):
    import numpy
    import onnx
    import openvino
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "trunk.onnx")
        onnx.save(graph_of(work["trunk"], work["px"], work["batch"]), path)
        core = openvino.Core()
        request = core.compile_model(core.read_model(path), "CPU", {
            "INFERENCE_PRECISION_HINT": work["precision"], "INFERENCE_NUM_THREADS": work["threads"],
            "PERFORMANCE_HINT": "LATENCY"}).create_infer_request()
    x = numpy.random.default_rng(1).normal(size=(work["batch"], 3, work["px"], work["px"])).astype(numpy.float32)
    timed(lambda: request.infer({0: x}), work)


# ---- the race ----

def last_json(command, env):
    done = subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True)
    if done.returncode != 0:
        return None, (done.stderr.strip().splitlines() or ["no message"])[-1]
    text = done.stdout
    return json.loads(text[text.index("{"):]), None


def dmtl(o, backend, env, precision=None):
    def run(batch):
        command = [o.dmtl, "bench", o.mode, "--json", "--trunk", o.trunk, "--px", str(o.px), "--batch", str(batch),
                   "--steps", str(o.steps), "--warm", "2", "--precision", precision or o.precision, "--backend", backend]
        answer, problem = last_json(command, env)
        if problem:
            return None, problem
        row = answer["rows"][0]
        return {"p50": row["p50_s"], "p90": row["p90_s"], "p99": row["p99_s"], "rss": row["peak_rss_bytes"]}, None
    return run


def python(o, kind, env, **more):
    def run(batch):
        compiled = more.get("compile", False)
        work = {"mode": o.mode, "device": "cpu", "precision": o.precision, "threads": o.threads, "px": o.px,
                "batch": batch, "warm": 4 if compiled else 2, "steps": o.steps, "log_variance": 0, "timm_name": "-",
                "trunk": trunk_of(o.trunk), "tasks": [{"ordinal": True, "outputs": 115},
                                                      {"ordinal": False, "outputs": 2},
                                                      {"ordinal": False, "outputs": 5}], **more}
        script = [str(PEER)] if kind == "torch" else [str(HERE), "--run", kind]
        answer, problem = last_json([sys.executable, *script, json.dumps(work)], env)
        if problem or "skipped" in answer:
            return None, problem or answer["skipped"]
        s = sorted(answer["seconds"])

        def at(q):
            return s[min(len(s) - 1, int(q * len(s)))]
        return {"p50": statistics.median(s), "p90": at(0.9), "p99": at(0.99), "rss": answer["peak_rss_bytes"]}, None
    return run


def contestants(o):
    rows = [("dmtl native", dmtl(o, "native", {})), ("dmtl native, AVX2", dmtl(o, "native", {"DMTL_SIMD": "avx2"})),
            ("dmtl libtorch", dmtl(o, "libtorch", {})), ("dmtl libtorch, AVX2", dmtl(o, "libtorch", AVX2)),
            ("PyTorch eager", python(o, "torch", {})), ("PyTorch eager, heap tuned", python(o, "torch", TUNED)),
            ("torch.compile", python(o, "torch", TUNED, compile=True))]
    if o.mode == "train":
        rows.insert(1, ("dmtl native, bf16", dmtl(o, "native", {}, "bf16")))
    if o.mode == "infer":
        rows += [("ONNX Runtime", python(o, "onnx", {})), ("OpenVINO", python(o, "openvino", {}))]
    words = o.only.split(",") if o.only else [""]
    return [row for row in rows if any(word.lower() in row[0].lower() for word in words)]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("dmtl")
    p.add_argument("--mode", choices=("train", "infer"), default="train")
    p.add_argument("--trunk", default="efficientnet-b0")
    p.add_argument("--px", type=int, default=224)
    p.add_argument("--batch", type=int, default=32)
    p.add_argument("--steps", type=int, default=10)
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--threads", type=int, default=os.cpu_count())
    p.add_argument("--precision", default="f32")
    p.add_argument("--only", default="")
    p.add_argument("--latency", action="store_true")
    o = p.parse_args()
    batches = [1] if o.latency else [o.batch, 1] if o.mode == "infer" else [o.batch]
    times, gone = {}, {}
    for _ in range(o.rounds):
        for name, run in contestants(o):
            for batch in batches:
                if (name, batch) not in gone:
                    answer, problem = run(batch)
                    if problem:
                        gone[name, batch] = problem
                    else:
                        times.setdefault(name, {}).setdefault(batch, []).append(answer)
    print(f"{o.trunk}, {o.px} px, {o.precision}, {o.mode}, {o.threads} threads; medians of {o.rounds} rounds of {o.steps} steps")
    first = None
    for name, by_batch in times.items():
        rates = {b: statistics.median(b / r["p50"] for r in rows) for b, rows in by_batch.items()}
        batch = max(rates, key=rates.get)
        rows = by_batch[batch]
        ms = [1e3 * statistics.median(r[q] for r in rows) for q in ("p50", "p90", "p99")]
        rss = max(r["rss"] for r in rows) / 1e9
        first = first or rates[batch]
        print(f"  {name:28} {rates[batch]:8.1f} images/s at batch {batch:2}, first is {first / rates[batch]:5.2f} times as fast; "
              f"p50 {ms[0]:.1f}, p90 {ms[1]:.1f}, p99 {ms[2]:.1f} ms; {rss:.2f} GB", flush=True)
    for (name, batch), problem in gone.items():
        print(f"  {name} at batch {batch}: left out: {problem}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        {"onnx": run_onnx, "openvino": run_openvino}[sys.argv[2]](json.loads(sys.argv[3]))
    else:
        main()
