"""Writes `tests/op/special.json`: what PyTorch and SciPy make of NaN, infinities, zeros of both signs and tiny numbers, and how
equal numbers share a gradient.

A case has the name of an operation, which the test knows, its inputs with their shapes, and the output; and for some the
gradients of `sum(weights * output)`. Numbers are texts, so that NaN can be written. Run: python tests/oracle/special.py
"""
import json
import pathlib

import numpy
import scipy.ndimage
import torch
import torch.nn.functional as F

NAN, INF = float("nan"), float("inf")
EDGE = [NAN, INF, -INF, 0.0, -0.0, 1e-40, -1e-40, 1.0, -2.0, 3e38, -3e38, 0.5]

UNARY = {
    "neg": torch.neg, "exp": torch.exp, "log": torch.log, "sqrt": torch.sqrt, "abs": torch.abs, "sin": torch.sin,
    "cos": torch.cos, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "relu": torch.relu,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.1), "silu": F.silu,
    # One by one: for several numbers at once PyTorch makes NaN of infinity.
    "gelu": lambda x: torch.stack([F.gelu(number) for number in x]),
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"), "add": lambda x: x + 2, "mul": lambda x: x * 2,
    "square": lambda x: x**2, "reciprocal": lambda x: x**-1, "clamp": lambda x: torch.clamp(x, -1, 1),
    "softplus": F.softplus, "floor": torch.floor, "round": torch.round, 
    # NaN stays NaN, as in numpy.
    "sign": lambda x: torch.from_numpy(numpy.sign(x.numpy())),
}
BINARY = {
    "a+b": torch.add, "a-b": torch.sub, "a*b": torch.mul, "a/b": torch.div, "maximum": torch.maximum,
    "minimum": torch.minimum, "a<b": torch.lt, "a<=b": torch.le, "a==b": torch.eq, "a^b": torch.pow,
}


def picture(side, marked):
    image = torch.arange(float(side * side)).reshape(1, 1, side, side) % 7 - 3
    for place, value in marked.items():
        image[0, 0, *place] = value
    return image


def blur(x, sigma, truncate):
    result = scipy.ndimage.gaussian_filter(x[0, 0].double().numpy(), sigma, mode="reflect", truncate=truncate)
    return torch.from_numpy(result).float()[None, None]


IMAGES = [
    picture(4, {(1, 2): NAN}), picture(4, {(0, 0): INF, (3, 3): NAN}), picture(6, {(2, 3): -INF, (4, 4): INF}),
    picture(6, {(5, 0): NAN, (0, 5): 3e38}),
]
WINDOWS = {
    "max_pool 2 2": lambda x: F.max_pool2d(x, 2, 2), "max_pool 3 2 1": lambda x: F.max_pool2d(x, 3, 2, 1),
    "avg_pool 2 2": lambda x: F.avg_pool2d(x, 2, 2),
    "bilinear 8": lambda x: F.interpolate(x, (8, 8), mode="bilinear"),
    "bilinear 3": lambda x: F.interpolate(x, (3, 3), mode="bilinear"),
    "aligned 7": lambda x: F.interpolate(x, (7, 7), mode="bilinear", align_corners=True),
    "nearest 8": lambda x: F.interpolate(x, (8, 8), mode="nearest"),
    "blur 0.5 2": lambda x: blur(x, 0.5, 2.0),
}
TABLES = [
    torch.tensor([[1.0, NAN, 2.0], [INF, 1.0, -INF], [-INF, -INF, 5.0], [-0.0, 0.0, 1.0]]),
    torch.tensor([[NAN, 1.0], [2.0, 3.0]]),
]
REDUCTIONS = {
    "sum": torch.sum, "mean": torch.mean, "max": torch.amax, "min": torch.amin,
}
# Equal numbers, whose gradients are shared.
TIES = torch.tensor([[[1.0, 2.0, 2.0], [2.0, 0.0, 2.0]], [[2.0, 1.0, 0.0], [-1.0, 2.0, 2.0]]])


def texts(x):
    return [repr(float(value)) for value in x.reshape(-1).tolist()]


def case(name, inputs, output, weights=None, gradients=()):
    record = {"name": name, "inputs": [[list(x.shape), texts(x)] for x in inputs], "shape": list(output.shape), "out": texts(output)}
    if weights is not None:
        record |= {"weights": texts(weights), "gradients": [texts(x) for x in gradients]}
    return record


def differentiated(name, function, inputs):
    inputs = [x.clone().requires_grad_() for x in inputs]
    output = function(*inputs)
    weights = torch.arange(1.0, output.numel() + 1).reshape(output.shape)
    gradients = torch.autograd.grad((weights * output).sum(), inputs)
    return case(name, [x.detach() for x in inputs], output.detach(), weights, gradients)


edge = torch.tensor(EDGE)
first, second = torch.cartesian_prod(edge, edge).T.contiguous()
cases = [case(name, [edge], function(edge)) for name, function in UNARY.items()]
cases += [case(name, [first, second], function(first, second)) for name, function in BINARY.items()]
cases += [case(name, [image], function(image)) for name, function in WINDOWS.items() for image in IMAGES]
for table in TABLES:
    for name, function in REDUCTIONS.items():
        cases += [case(f"{name} {axis}", [table], function(table, dim=axis, keepdim=True)) for axis in (0, 1)]
    cases += [case("softmax 1", [table], torch.softmax(table, 1))]
for name in ("max", "min"):
    for axes in ((0,), (2,), (0, 2), (0, 1, 2)):
        function = lambda x, name=name, axes=axes: REDUCTIONS[name](x, dim=axes, keepdim=True)
        cases += [differentiated(f"{name} {' '.join(map(str, axes))}", function, [TIES])]
steps = torch.tensor([-2.0, -1.0, 0.0, 0.5, 1.0, 3.0])
a, b = torch.cartesian_prod(steps, steps).T.contiguous()
for name in ("maximum", "minimum"):
    cases += [differentiated(name, BINARY[name], [a, b])]
for name in ("relu", "clamp", "abs", "leaky_relu"):
    cases += [differentiated(name, UNARY[name], [steps])]
even = torch.tensor([1.0, 1, 0, 1, 1, 1, 2, 2, 2, 2, 0, 0, 3, 3, 3, 3]).reshape(1, 1, 4, 4)
for name in ("max_pool 2 2", "max_pool 3 2 1", "bilinear 8", "aligned 7"):
    cases += [differentiated(name, WINDOWS[name], [even])]
lines = ",\n".join(json.dumps(one, separators=(",", ":")) for one in cases)
path = pathlib.Path(__file__).parents[1] / "op" / "special.json"
path.write_text(f'{{"torch":"{torch.__version__}","cases":[\n{lines}\n]}}\n')
