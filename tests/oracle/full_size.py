"""A checkpoint of full size with the published keys, without its numbers: to measure `diadc weights check`.

Writes FOLDER/diad.safetensors and FOLDER/diad.ckpt, fp16, with every key and shape of the published model
(`tests/language/diad_state_dict.tsv`), the extractor's (torchvision's ResNet-50 without its classifier) and the
schedule's buffers. All numbers are zero and lie in holes of the files, so that 3 GB take no place on the disk; with
`--numbers` they are filled by the rule of ../shared/golden/formula.py. Then times `diadc weights check`:

    python tests/oracle/full_size.py FOLDER --time target/release/diadc
"""

import argparse
import collections
import json
import pathlib
import struct
import subprocess
import sys
import time

import torch

ROOT = pathlib.Path(__file__).parent.parent.parent
BUFFERS = [
    "betas", "alphas_cumprod", "alphas_cumprod_prev", "sqrt_alphas_cumprod", "sqrt_one_minus_alphas_cumprod",
    "log_one_minus_alphas_cumprod", "sqrt_recip_alphas_cumprod", "sqrt_recipm1_alphas_cumprod", "posterior_variance",
    "posterior_log_variance_clipped", "posterior_mean_coef1", "posterior_mean_coef2",
]  # fmt: skip


def shapes():
    lines = (ROOT / "tests/language/diad_state_dict.tsv").read_text().splitlines()[1:]
    keys = {key: [int(n) for n in shape.split("x") if n] for key, shape in (line.split("\t") for line in lines)}
    import torchvision

    with torch.device("meta"):
        extractor = torchvision.models.resnet50().state_dict()
    keys |= {f"extractor.{k}": list(v.shape) for k, v in extractor.items() if not k.startswith("fc.")}
    return keys | {key: [1000] for key in BUFFERS}


def count(shape):
    product = 1
    for extent in shape:
        product *= extent
    return product


def values(name, shape):
    sys.path.insert(0, str(ROOT.parent / "shared/golden"))
    import formula

    return formula.param(name, tuple(shape)).half()


def write_safetensors(path, keys, numbers):
    header, at = {}, 0
    for name, shape in keys.items():
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": [at, at + 2 * count(shape)]}
        at += 2 * count(shape)
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        if numbers:
            for name, shape in keys.items():
                file.write(values(name, shape).numpy().tobytes())
        file.truncate(8 + len(text) + at)


def write_pytorch(path, keys, numbers):
    """torch leaves room for the numbers and does not write them."""
    if numbers:
        torch.save({"state_dict": collections.OrderedDict((k, values(k, s)) for k, s in keys.items())}, path)
        return
    with torch.serialization.skip_data():
        weights = collections.OrderedDict((k, torch.empty(s, dtype=torch.float16)) for k, s in keys.items())
        torch.save({"state_dict": weights, "epoch": 12, "global_step": 1}, path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--numbers", action="store_true")
    parser.add_argument("--time", metavar="DIADC")
    arguments = parser.parse_args()
    arguments.folder.mkdir(exist_ok=True)
    keys = shapes()
    files = [arguments.folder / "diad.safetensors", arguments.folder / "diad.ckpt"]
    for path, write in zip(files, [write_safetensors, write_pytorch]):
        write(path, keys, arguments.numbers)
        print(path, len(keys), "tensors", path.stat().st_size, "bytes,", path.stat().st_blocks * 512, "on the disk")
    if arguments.time:
        for path in files:
            command = [arguments.time, "weights", "check", str(ROOT / "specs/diad.diad"), str(path)]
            taken = []
            for _ in range(10):
                start = time.perf_counter()
                ended = subprocess.run(command, capture_output=True, text=True)
                taken.append(time.perf_counter() - start)
            print(path.name, f"status {ended.returncode}, median {sorted(taken)[5] * 1000:.0f} ms of 10 runs")
            print(ended.stdout[:1500], ended.stderr[:500])


main()
