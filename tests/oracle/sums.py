"""Writes tests/op/sums.json: gradients that are sums of four million terms.

    python tests/oracle/sums.py

Needs torch. `a` has the extents of SHAPE; the other operand is repeated to them, so that each number of its gradient is a
sum. Operands and the gradient of the output are numbers that single precision holds exactly, far from zero; everything
is computed in double precision.
"""

import json
from pathlib import Path

import torch

SHAPE = [4, 8, 16384, 8]
SMALL = [[1, 8, 1, 1], [8], [1], [4, 1, 1, 8]]
FUNCTIONS = {
    "a+b": lambda a, b: a + b,
    "b+a": lambda a, b: b + a,
    "a-b": lambda a, b: a - b,
    "b-a": lambda a, b: b - a,
    "a*b": lambda a, b: a * b,
    "b*a": lambda a, b: b * a,
    "a/b": lambda a, b: a / b,
    "b/a": lambda a, b: b / a,
    "expand": lambda a, b: b.expand(SHAPE),
}


def numbers(shape, of):
    count = torch.Size(shape).numel()
    return of(torch.arange(count, dtype=torch.int64)).double().reshape(shape)


a = numbers(SHAPE, lambda i: 1 + (i * 31 % 4093) / 4096)
gradient = numbers(SHAPE, lambda i: 10000 + (i * 7919 % 10007) / 1024)
cases = []
for name, function in FUNCTIONS.items():
    for shape in SMALL:
        b = numbers(shape, lambda i: 1 + (i % 64) / 8).requires_grad_()
        function(a, b).backward(gradient)
        cases.append({"name": name, "shape": shape, "gradient": b.grad.flatten().tolist()})
path = Path(__file__).parent.parent / "op" / "sums.json"
path.write_text(json.dumps({"shape": SHAPE, "cases": cases}) + "\n")
