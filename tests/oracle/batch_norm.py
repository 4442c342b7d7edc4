"""Writes tests/train/batch_norm.json: running statistics and weights after 20 steps of torch's SGD, and what is
normalised by running statistics far from zero.

    python tests/oracle/batch_norm.py

Needs torch. Each case calls the same `BatchNorm2d` several times in one forward pass, in training mode; each step has
its own images, and `passes` of them where gradients are accumulated. Everything is computed in double precision from
numbers that single precision holds exactly. The tests compare with a tolerance of 1e-4 of the largest number.
"""

import json
from pathlib import Path

import torch

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)

STEPS = 20
IMAGES = torch.randint(-64, 65, (2 * STEPS, 3, 3, 2, 2)).double() / 32


def twice(norm, x):
    return (norm(x) * norm(x * x + 0.5) - x).square().mean()


def equal(norm, x):
    return (norm(x) + 2 * norm(x) - x * x).square().mean()


def nested(norm, x):
    inner = norm(x * 2 - 1)
    return (norm(norm(inner) * x + norm(x)) - x).square().mean()


def run(loss, passes, momentum):
    norm = torch.nn.BatchNorm2d(3, momentum=momentum)
    optimizer = torch.optim.SGD(norm.parameters(), lr=0.05)
    images = iter(IMAGES)
    for _ in range(STEPS):
        optimizer.zero_grad()
        for _ in range(passes):
            (loss(norm, next(images)) / passes).backward()
        optimizer.step()
    return {
        "passes": passes,
        "momentum": momentum,
        "after": {
            f"norm.{name}": value.flatten().tolist()
            for name, value in norm.state_dict().items()
            if name != "num_batches_tracked"
        },
    }




def far(mean, deviation):
    norm = torch.nn.BatchNorm2d(3, eps=1e-5).eval()
    x = mean + deviation * torch.randn(2, 3, 4, 5)
    numbers = {
        "running_mean": mean + deviation * torch.randn(3),
        "running_var": deviation**2 * (0.5 + torch.rand(3)),
        "weight": 1 + 0.1 * torch.randn(3),
        "bias": torch.randn(3),
        "x": x,
    }
    numbers = {name: value.float().double() for name, value in numbers.items()}
    for name, value in numbers.items():
        if name != "x":
            norm.state_dict()[name].copy_(value)
    out = norm(numbers["x"])
    return {name: value.flatten().tolist() for name, value in {**numbers, "out": out}.items()}


fixture = {
    "images": IMAGES.flatten().tolist(),
    "cases": {
        "twice": run(twice, 1, 0.1),
        "equal": run(equal, 1, 0.3),
        "nested": run(nested, 1, 0.1),
        "accumulated": run(twice, 2, 0.1),
    },
    "far": [far(*case) for case in [(0, 1), (100, 1), (10, 0.01), (1e4, 1), (-1e6, 3), (1e4, 100)]],
}
path = Path(__file__).parent.parent / "train" / "batch_norm.json"
path.write_text(json.dumps(fixture) + "\n")
