"""Writes tests/train/optimizers.json: weights after each of 20 steps of torch's optimisers, their running
averages, and the rates of a schedule.

    python tests/oracle/optimizers.py

Needs torch. The loss is the mean of `(tanh(x a^T) b^T)^2`. Everything is computed in double precision from numbers that
single precision holds exactly; the tests compare with an absolute tolerance of 2e-6.
"""

import json
from pathlib import Path

import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)


def exact(*shape):
    return torch.randint(-64, 65, shape).double() / 64


X, A, B = exact(4, 3), exact(3, 3), exact(2, 3)
CASES = {
    "adam": (torch.optim.Adam, dict(lr=0.01, betas=(0.9, 0.999), eps=1e-8), None),
    "adam, other betas": (torch.optim.Adam, dict(lr=0.05, betas=(0.5, 0.9), eps=1e-4), None),
    "adamw": (torch.optim.AdamW, dict(lr=0.01, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.05), None),
    "adamw, clipped": (torch.optim.AdamW, dict(lr=0.01, betas=(0.9, 0.999), eps=1e-3, weight_decay=0.05), 0.05),
    "adam, coupled decay": (torch.optim.Adam, dict(lr=0.02, betas=(0.9, 0.99), eps=1e-6, weight_decay=0.1), None),
    "adam, amsgrad": (torch.optim.Adam, dict(lr=0.1, betas=(0.5, 0.6), eps=1e-6, amsgrad=True), None),
    "adamw, amsgrad, clipped": (
        torch.optim.AdamW, dict(lr=0.1, betas=(0.5, 0.7), eps=1e-4, weight_decay=0.05, amsgrad=True), 0.05),
    "adam, coupled, amsgrad": (
        torch.optim.Adam, dict(lr=0.05, betas=(0.8, 0.9), eps=1e-4, weight_decay=0.2, amsgrad=True), None),
    "sgd": (torch.optim.SGD, dict(lr=0.1), None),
    "sgd, momentum": (torch.optim.SGD, dict(lr=0.1, momentum=0.9, weight_decay=0.01), None),
    "sgd, nesterov": (torch.optim.SGD, dict(lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=True), None),
    "sgd, nesterov, clipped": (torch.optim.SGD, dict(lr=0.5, momentum=0.5, nesterov=True), 0.01),
    "sgd, clipped": (torch.optim.SGD, dict(lr=0.5, momentum=0.5), 0.01),
    "sgd, not clipped": (torch.optim.SGD, dict(lr=0.1), 100.0),
}


def run(kind, settings, clip):
    a, b = A.clone().requires_grad_(), B.clone().requires_grad_()
    optimizer = kind([a, b], **settings)
    pair = torch.nn.ParameterList([torch.nn.Parameter(a.detach()), torch.nn.Parameter(b.detach())])
    averaged = AveragedModel(pair, multi_avg_fn=get_ema_multi_avg_fn(0.9))
    steps = []
    for _ in range(20):
        optimizer.zero_grad()
        loss = (torch.tanh(X @ a.T) @ b.T).square().mean()
        loss.backward()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_([a, b], clip)
        optimizer.step()
        averaged.update_parameters(torch.nn.ParameterList([torch.nn.Parameter(x.detach().clone()) for x in (a, b)]))
        averages = dict(zip("ab", (p.flatten().tolist() for p in averaged.parameters())))
        steps.append(
            {"loss": loss.item(), "a": a.flatten().tolist(), "b": b.flatten().tolist(), "averages": averages})
    rule = {"kind": kind.__name__, "clip": clip, "lr": settings["lr"]}
    rule["weight_decay"] = settings.get("weight_decay", 0.0)
    rule["momentum"] = settings.get("momentum", 0.0)
    rule["betas"] = settings.get("betas", (0.0, 0.0))
    rule["nesterov"] = settings.get("nesterov", False)
    rule["amsgrad"] = settings.get("amsgrad", False)
    rule["eps"] = settings.get("eps", 0.0)
    return {"rule": rule, "steps": steps}


def rates():
    weight = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=1.0)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [6, 15], gamma=0.2)
    found = []
    for _ in range(20):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


fixture = {
    "rates": rates(),
    "x": X.flatten().tolist(),
    "a": A.flatten().tolist(),
    "b": B.flatten().tolist(),
    "cases": {name: run(*case) for name, case in CASES.items()},
}
path = Path(__file__).parent.parent / "train" / "optimizers.json"
path.write_text(json.dumps(fixture, indent=1) + "\n")
