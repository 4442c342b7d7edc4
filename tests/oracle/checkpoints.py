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


def network(value=1.0, **more):
    """The weights of a convolution and a normalisation, all numbers the same."""
    net = torch.nn.Sequential(collections.OrderedDict(conv=torch.nn.Conv2d(3, 4, 3), bn=torch.nn.BatchNorm2d(4)))
    state = collections.OrderedDict((k, torch.full_like(v, value)) for k, v in net.state_dict().items())
    return collections.OrderedDict((f"net.{k}", v) for k, v in state.items()) | more


def arrays():
    return {
        "whole": numpy.arange(12, dtype="f4").reshape(3, 4) / 4 - 1,
        "turned": numpy.asfortranarray(numpy.arange(12, dtype="f8").reshape(3, 4) / 4),
        "half": numpy.arange(3, dtype="f2") / 4,
        "scalar": numpy.array(2.5, dtype="f4"),
        "empty": numpy.zeros((0, 3), dtype="f4"),
        "count": numpy.array([1, -2, 200], dtype="i4"),
        "bytes": numpy.array([0, 127, 128, 255], dtype="u1"),
        "truth": numpy.array([True, False]),
    }


def signed_views():
    """What is negative only by a bit of the view."""
    return {"negative": torch._neg_view(numbers(2, 3)), "turned": torch._neg_view(numbers(2, 3)).t(), "plain": numbers(3)}


def others():
    """What other programs save: several networks, something beside them, and tensors of other kinds."""
    network_of = torch.nn.Linear(2, 2)
    optimizer = torch.optim.SGD(network_of.parameters(), 0.1, momentum=0.9)
    network_of(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    multi_step = torch.optim.lr_scheduler.MultiStepLR(optimizer, [2, 5, 5])
    default = collections.defaultdict(list, {"loss": [1.0, 0.5]})
    bare = lambda value: collections.OrderedDict((k.removeprefix("net."), v) for k, v in network(value).items())
    numbers_of = numpy.random.default_rng(1)
    states = {
        "torch": torch.get_rng_state(), "numpy": numpy.random.get_state(), "python": (3, (1, 2), None),
        "generator": numbers_of, "old": numpy.random.RandomState(1), "cuda": [torch.get_rng_state()],
    }
    complex_numbers = torch.complex(numbers(3), numbers(3))
    return {
        "two": {"bn": bare(1.0), "decoder": bare(2.0)},
        "parts": {"net": bare(1.0), "optimizer": optimizer.state_dict(), "epoch": 3},
        "teacher": {"student": network(1.0), "teacher": network(2.0)},
        "deep": {"run": {"best": {"generator": network(3.0), "score": 0.5}, "last": 7}, "config": {"lr": 0.1}},
        "averaged": {"state_dict": network(1.0), "state_dict_ema": network(2.0)},
        "same": {name: shared for shared in [network(1.0)] for name in ("state_dict", "state_dict_ema")},
        "only-averaged": {"model_ema": network(2.0), "step": 10},
        "beside": {
            "state_dict": network(1.0), "center": numbers(3), "memory_bank": numbers(3, 2),
            "discriminator": {"w": numbers(2)}, "rng": states, "history": default, "counts": collections.Counter("abba"),
            "schedule": multi_step.state_dict(), "optimizer": optimizer.state_dict(), "recent": collections.deque([1, 2]),
        },
        "list": [network(1.0), {"epoch": 3}],
        "prefix": {"state_dict": {f"model.{k}": v for k, v in network(1.0).items()}},
        "twice": {f"model._orig_mod.{k}": v for k, v in bare(1.0).items()} | {"n_averaged": torch.tensor(3)},
        "numpy": arrays(),
        "views": signed_views(),
        "conjugate": {"w": numbers(2), "c": complex_numbers.conj(), "plain": complex_numbers},
        "quantised": network(1.0) | {"net.conv.weight": torch.quantize_per_tensor(numbers(4, 3, 3, 3), 0.25, 0, torch.qint8)},
        "odd": {"w": numbers(2), "sparse": numbers(2, 2).to_sparse(), "meta": torch.empty(2, device="meta")},
    }  # fmt: skip


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

    for name, content in others().items():
        torch.save(content, HERE / f"others-{name}.pth")
    torch.save(others()["numpy"], HERE / "others-numpy4.pth", pickle_protocol=4)
    torch.save(others()["numpy"], HERE / "others-numpy.legacy.pth", _use_new_zipfile_serialization=False)
    for name, content in {"numpy": arrays(), "views": signed_views()}.items():
        expected[f"others-{name}"] = {key: described(torch.as_tensor(tensor)) for key, tensor in content.items()}
    script = torch.jit.trace(torch.nn.Linear(3, 2), torch.ones(1, 3))
    torch.jit.save(script, HERE / "others-script.pt")
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
