"""Small checkpoints as torch writes them: `tests/weight/fixtures/*.ckpt`, and what is in them: `checkpoints.json`.

Written with torch 2.15. Numbers are multiples of 1/4, which every type of floating point has exactly. `evil.ckpt` and
its kin name things that no checkpoint needs; reading them must not run anything. Run: python tests/oracle/checkpoints.py
"""

import argparse
import collections
import json
import os
import pathlib
import pickle
import sys
import types as types_of_python

import numpy
import torch

HERE = pathlib.Path(__file__).parent.parent / "weight/fixtures"


def numbers(*shape, dtype=torch.float32):
    count = int(torch.tensor(shape).prod()) if shape else 1
    return ((torch.arange(count) % 64 - 31) / 4).reshape(shape).to(dtype)


def weights(dtype=torch.float32):
    return collections.OrderedDict([("in.weight", numbers(4, 3, dtype=dtype)), ("in.bias", numbers(4, dtype=dtype))])


def views():
    """Tensors that share a storage, begin within it, are transposed, or have gaps."""
    whole = numbers(6, 4)
    return {
        "whole": whole,
        "same": whole,
        "row": whole[2],
        "rows": whole[1:5:2],
        "column": whole[:, 1],
        "turned": whole.t(),
        "block": whole[2:4, 1:3],
        "scalar": whole[5, 3],
        "empty": whole[:0],
        "repeated": numbers(3)[:, None].expand(3, 2),
    }


def types():
    all_types = {
        "f64": torch.float64, "f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16, "i64": torch.int64,
        "i32": torch.int32, "i16": torch.int16, "i8": torch.int8,
    }  # fmt: skip
    made = {name: numbers(5, dtype=dtype) for name, dtype in all_types.items()}
    return made | {"u8": torch.arange(5, dtype=torch.uint8), "bool": torch.tensor([True, False, True, True, False])}


def parameters():
    module = torch.nn.Linear(3, 2)
    with torch.no_grad():
        module.weight.copy_(numbers(2, 3))
        module.bias.copy_(numbers(2))
    return dict(module.named_parameters())


def lightning():
    """What Lightning keeps beside the weights, with the state of an optimiser that has taken a step."""
    model = torch.nn.Linear(3, 2)
    with torch.no_grad():
        model.weight.copy_(numbers(2, 3))
        model.bias.copy_(numbers(2))
    state = collections.OrderedDict((name, tensor.clone()) for name, tensor in model.state_dict().items())
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    return {
        "epoch": 12,
        "global_step": 470000,
        "pytorch-lightning_version": "1.4.2",
        "state_dict": state,
        "callbacks": {
            "ModelCheckpoint": {
                "best_model_score": torch.tensor(0.25),
                "best": numpy.float64(0.5),
                "path": pathlib.PosixPath("/somewhere/else"),
                "seen": {1, 2},
            }
        },
        "optimizer_states": [optimizer.state_dict()],
        "lr_schedulers": [],
        "hyper_parameters": argparse.Namespace(lr=1e-4, sizes=[1, 2], device=torch.device("cpu"), dtype=torch.float16),
        "loops": None,
    }


def class_as_key():
    """A class of a module that is not here as a key, as Lightning wrote it before version 1.5."""
    module = types_module("pytorch_lightning.callbacks.model_checkpoint")
    made = type("ModelCheckpoint", (), {"__module__": module.__name__})
    module.ModelCheckpoint = made
    return {"state_dict": weights(), "callbacks": {made: {"best": 1.5}}, "epoch": 1}


def types_module(name):
    made = None
    for end in [i for i, c in enumerate(name) if c == "."] + [len(name)]:
        made = sys.modules.setdefault(name[:end], types_of_python.ModuleType(name[:end]))
    return made


class Call:
    """Something that calls a function when an ordinary reader unpickles it."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


def described(tensor):
    values = tensor.detach().double().flatten().tolist()
    return {"dtype": str(tensor.dtype).removeprefix("torch."), "shape": list(tensor.shape), "values": values}


def main():
    HERE.mkdir(exist_ok=True)
    good = {
        "zip": weights(),
        "half": weights(torch.float16),
        "views": views(),
        "types": types(),
        "parameters": parameters(),
        "model": {"model": weights(), "optimizer": {"state": {}, "lr": 1e-4}},
        "lightning": lightning(),
        "class_as_key": class_as_key(),
    }
    expected = {}
    for name, content in good.items():
        inner = content.get("state_dict") or content.get("model") or content
        expected[name] = {key: described(tensor) for key, tensor in inner.items()}
        torch.save(content, HERE / f"{name}.ckpt")
        torch.save(content, HERE / f"{name}.legacy.ckpt", _use_new_zipfile_serialization=False)
    torch.save(weights(), HERE / "protocol4.ckpt", pickle_protocol=4)
    expected["protocol4"] = expected["zip"]
    (HERE / "checkpoints.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")

    bad = {
        "system": {"w": numbers(2), "x": Call(os.system, "touch /tmp/diadc-was-run")},
        "eval": {"w": numbers(2), "x": Call(eval, "1 + 1")},
        "getattr": {"w": numbers(2), "x": Call(getattr, "text", "upper")},
        "module": torch.nn.Linear(2, 2),
    }
    for name, content in bad.items():
        torch.save(content, HERE / f"bad-{name}.ckpt")
    torch.save(bad["system"], HERE / "bad-system.legacy.ckpt", _use_new_zipfile_serialization=False)
    (HERE / "bad-plain.ckpt").write_bytes(pickle.dumps({"w": [1.0, 2.0]}, protocol=2))
    torch.save([numbers(2)], HERE / "bad-list.ckpt")
    torch.save({"a": {"b": numbers(2)}}, HERE / "bad-nested.ckpt")


main()
