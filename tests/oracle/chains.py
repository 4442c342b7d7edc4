"""Writes tests/run/chains.json: random chains of operations with the loss and the gradients of their weights.

    python tests/oracle/chains.py [COUNT [FILE]]

Needs torch, numpy and scipy. A chain is the text of a block's body, as a spec has it, beside the same in torch, in double
precision. Chains whose gradients single precision does not determine (torch's own are off by more than 2e-5 of the largest)
are left out. Of each gradient there are its norm and up to 24 numbers, evenly spaced.

`DIADC_CHAINS=FILE cargo test chains` compares the chains of another file.
"""

import json
import random
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import gaussian_filter1d

MASK = (1 << 64) - 1
SAMPLES = 2


def floats(shape, seed):
    """The numbers of `net::floats` of the tests."""
    state = (seed * 0x9E3779B97F4A7C15 & MASK) | 1
    numbers = []
    for _ in range(int(np.prod(shape))):
        state ^= state << 13 & MASK
        state ^= state >> 7
        state ^= state << 17 & MASK
        numbers.append((state >> 40) / (1 << 23) - 1.0)
    return np.array(numbers).reshape(shape)


class Chain:
    """A chain in the making: its text, and what torch computes."""

    def __init__(self, rng, dtype):
        self.rng, self.dtype, self.weights, self.text = rng, dtype, [], []

    def weight(self, path, *shape):
        seed = 10 + len(self.weights)
        tensor = torch.tensor(floats(shape, seed), dtype=self.dtype, requires_grad=True)
        self.weights.append((path, list(shape), tensor))
        return tensor

    def say(self, text):
        self.text.append(text)

    def place(self):
        return f"l{len(self.text)}"


def conv(c, x):
    r = c.rng
    if x.dim() != 4:
        return None
    k, out, stride = r.choice([1, 3]), r.randint(1, 5), r.randint(1, 2)
    path = c.place()
    w, b = c.weight(f"{path}.weight", out, x.shape[1], k, k), c.weight(f"{path}.bias", out)
    c.say(f'conv({k}, out: {out}, stride: {stride}) @ "{path}"')
    return F.conv2d(x, w, b, stride=stride, padding=k // 2)


def conv_dilated(c, x):
    r = c.rng
    if x.dim() != 4:
        return None
    k, padding, dilation = r.randint(1, 3), r.randint(0, 4), r.randint(1, 2)
    groups = r.choice([g for g in (1, 2, 3) if x.shape[1] % g == 0])
    if min(x.shape[2:]) + 2 * padding < dilation * (k - 1) + 1:
        return None
    path = c.place()
    w = c.weight(f"{path}.weight", x.shape[1], x.shape[1] // groups, k, k)
    b = c.weight(f"{path}.bias", x.shape[1])
    c.say(f'conv({k}, padding: {padding}, dilation: {dilation}, groups: {groups}) @ "{path}"')
    return F.conv2d(x, w, b, padding=padding, dilation=dilation, groups=groups)


def conv_transpose(c, x):
    r = c.rng
    if x.dim() != 4:
        return None
    k, out, stride, padding = r.randint(1, 3), r.randint(1, 4), r.randint(1, 3), r.randint(0, 2)
    more = r.randint(0, stride - 1)
    if (min(x.shape[2:]) - 1) * stride + k + more - 2 * padding < 1 or max(x.shape[2:]) > 24:
        return None
    path = c.place()
    w, b = c.weight(f"{path}.weight", x.shape[1], out, k, k), c.weight(f"{path}.bias", out)
    c.say(f'conv_transpose({k}, out: {out}, stride: {stride}, padding: {padding}, output_padding: {more}) @ "{path}"')
    return F.conv_transpose2d(x, w, b, stride=stride, padding=padding, output_padding=more)


def linear(c, x):
    if x.dim() < 2:
        return None
    out, path = c.rng.randint(1, 6), c.place()
    w, b = c.weight(f"{path}.weight", out, x.shape[-1]), c.weight(f"{path}.bias", out)
    c.say(f'linear({out}) @ "{path}"')
    return F.linear(x, w, b)


def norm(kind):
    def apply(c, x):
        channels, path = x.shape[1] if x.dim() > 1 else 0, c.place()
        if kind == "layer":
            if x.dim() < 2:
                return None
            channels = x.shape[-1]
        elif x.dim() != 4:
            return None
        if kind == "instance":
            c.say("instance_norm()")
            return F.instance_norm(x, eps=1e-5) if x.shape[2] * x.shape[3] > 1 else x * 0
        w, b = c.weight(f"{path}.weight", channels), c.weight(f"{path}.bias", channels)
        if kind == "layer":
            c.say(f'layer_norm() @ "{path}"')
            return F.layer_norm(x, [channels], w, b, 1e-5)
        if kind == "batch":
            # By its formula: torch's own gradient is wrong for some strides of what comes back, as behind
            # `permute(0, 3, 1, 2)` of images with one row.
            c.say(f'batch_norm() @ "{path}"')
            centred = x - x.mean((0, 2, 3), keepdim=True)
            variance = (centred**2).mean((0, 2, 3), keepdim=True)
            w, b = w.view(1, -1, 1, 1), b.view(1, -1, 1, 1)
            return centred / torch.sqrt(variance + 1e-5) * w + b
        groups = c.rng.choice([g for g in range(1, channels + 1) if channels % g == 0])
        c.say(f'group_norm({groups}) @ "{path}"')
        return F.group_norm(x, groups, w, b, 1e-5)

    return apply


def pool(c, x):
    r = c.rng
    if x.dim() != 4:
        return None
    window, stride = r.randint(1, 3), r.randint(1, 3)
    padding = r.randint(0, window // 2)
    if min(x.shape[2:]) + 2 * padding < window:
        return None
    kind = r.choice(["avg_pool", "max_pool"])
    c.say(f"{kind}({window}, stride: {stride}, padding: {padding})")
    function = F.avg_pool2d if kind == "avg_pool" else F.max_pool2d
    return function(x, window, stride, padding)


def resize(c, x):
    r = c.rng
    if x.dim() != 4:
        return None
    h, w = r.randint(1, 9), r.randint(1, 9)
    mode = r.choice(["bilinear", "aligned", "nearest", "adaptive"])
    if mode == "nearest":
        c.say(f'resize([{h}, {w}], mode: "nearest")')
        rows, columns = [torch.arange(n) * m // n for n, m in ((h, x.shape[2]), (w, x.shape[3]))]
        return x[:, :, rows][:, :, :, columns]
    if mode == "adaptive":
        c.say(f"adaptive_avg_pool([{h}, {w}])")
        return F.adaptive_avg_pool2d(x, (h, w))
    aligned = mode == "aligned"
    c.say(f"resize([{h}, {w}], align_corners: {str(aligned).lower()})")
    return F.interpolate(x, (h, w), mode="bilinear", align_corners=aligned)


def blur(c, x):
    if x.dim() != 4:
        return None
    sigma = c.rng.randint(1, 9) / 10
    c.say(f"gaussian_blur({sigma})")

    def matrix(n):
        return torch.tensor(gaussian_filter1d(np.eye(n), sigma, axis=0, mode="reflect"), dtype=x.dtype)

    return matrix(x.shape[2]) @ x @ matrix(x.shape[3]).T


def pad(c, x):
    r = c.rng
    if x.dim() != 4:
        return None
    sides = [r.randint(0, 3) for _ in range(4)]
    if r.random() < 0.5:
        c.say(f"pad({sides})")
        return F.pad(x, sides)
    if max(sides[:2]) >= x.shape[3] or max(sides[2:]) >= x.shape[2]:
        return None
    c.say(f'pad({sides}, mode: "reflect")')
    return F.pad(x, sides, mode="reflect")


def layout(c, x):
    r, rank = c.rng, x.dim()
    kind = r.choice(["slice", "permute", "reshape", "concat", "split"])
    axis = r.randint(1, rank - 1) if rank > 1 else 0
    if axis == 0:
        return None
    extent = x.shape[axis]
    if kind == "slice":
        begin = r.randint(0, extent - 1)
        end = r.randint(begin + 1, extent)
        c.say(f"slice({axis}, {begin}, {end})")
        return x.narrow(axis, begin, end - begin)
    if kind == "permute":
        order = list(range(1, rank))
        r.shuffle(order)
        order = [0] + order
        c.say(f"permute({order})")
        return x.permute(order)
    if kind == "reshape":
        c.say("reshape([B, -1])")
        return x.reshape(x.shape[0], -1)
    if kind == "concat":
        if x.numel() > 4000:
            return None
        c.say(f"(|x| concat([x, relu(x), x], axis: {axis}))")
        return torch.cat([x, torch.relu(x), x], axis)
    if extent % 2:
        return None
    c.say(f"(|x| split(x, 2, axis: {axis})[1])")
    return x.narrow(axis, extent // 2, extent // 2)


def mixed(c, x):
    r, rank = c.rng, x.dim()
    axis = r.randint(1, rank - 1) if rank > 1 else 0
    if axis == 0:
        return None
    choice = r.randint(0, 11)
    if choice == 0:
        c.say(f"(|x| x + mean(x, axis: {axis}, keep: true))")
        return x + x.mean(axis, keepdim=True)
    if choice == 1:
        c.say(f"(|x| x - max(x, axis: {axis}, keep: true))")
        return x - x.amax(axis, keepdim=True)
    if choice == 2:
        if rank != 4:
            return None
        c.say("(|x| matmul(x, permute(x, [0, 1, 3, 2])))")
        return x @ x.transpose(2, 3)
    if choice in (3, 4):
        if rank != 4:
            return None
        causal = choice == 4
        c.say(f"(|x| attention(x, x, x, causal: {str(causal).lower()}))")
        scores = x @ x.transpose(2, 3) / x.shape[3] ** 0.5
        if causal:
            scores = scores.masked_fill(torch.ones_like(scores, dtype=torch.bool).triu(1), float("-inf"))
        return scores.softmax(-1) @ x
    if choice == 5:
        c.say("(|x| where(x > 0.1, x, -x * x))")
        return torch.where(x > 0.1, x, -x * x)
    if choice == 6:
        c.say("(|x| loop z = x over t in [0.1, 0.3, 0.2] { z * t + tanh(x * z) })")
        z = x
        for t in (0.1, 0.3, 0.2):
            z = z * t + torch.tanh(x * z)
        return z
    if choice == 7:
        c.say(f"(|x| x / sqrt(sum(x ^ 2, axis: {axis}, keep: true) + 1))")
        return x / torch.sqrt((x**2).sum(axis, keepdim=True) + 1)
    if choice == 8:
        c.say(f"(|x| cumsum(x, axis: {axis}) / {x.shape[axis]}.0)")
        return x.cumsum(axis) / x.shape[axis]
    if choice == 9:
        q = r.choice([0.0, 0.3, 0.5, 1.0])
        c.say(f"(|x| x * quantile(x, {q}, axis: {axis}, keep: true))")
        return x * x.quantile(q, axis, keepdim=True)
    if choice == 10:
        c.say(f"softmax(axis: {axis})")
        return x.softmax(axis)
    c.say(f"(|x| maximum(x, mean(x, axis: {axis}, keep: true)))")
    return torch.maximum(x, x.mean(axis, keepdim=True))


def second(c, x):
    r, rank = c.rng, x.dim()
    axis = r.randint(1, rank - 1) if rank > 1 else 0
    if axis == 0:
        return None
    functions = {
        "silu(x) * tanh(x)": lambda x: F.silu(x) * torch.tanh(x),
        "gelu(x) * sigmoid(x)": lambda x: F.gelu(x) * torch.sigmoid(x),
        "gelu_tanh(x) / (1 + x ^ 2)": lambda x: F.gelu(x, approximate="tanh") / (1 + x**2),
        f"softmax(x, axis: {axis}) * x": lambda x: x.softmax(axis) * x,
        f"x * cumsum(sin(x), axis: {axis})": lambda x: x * torch.sin(x).cumsum(axis),
    }
    if rank == 4:
        functions["attention(x, x, x)"] = lambda x: (x @ x.transpose(2, 3) / x.shape[3] ** 0.5).softmax(-1) @ x
    if rank == 4 and x.shape[2] * x.shape[3] > 2:
        functions["x ^ 2 * instance_norm(x)"] = lambda x: x**2 * F.instance_norm(x, eps=1e-5)
    name = r.choice(list(functions))
    c.say(f"(|x| x + 0.1 * gradient({name}, x))")
    (slope,) = torch.autograd.grad(functions[name](x).sum(), x, create_graph=True)
    return x + 0.1 * slope


def single(c, x):
    functions = {
        "gelu": F.gelu,
        "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
        "silu": F.silu,
        "tanh": torch.tanh,
        "sigmoid": torch.sigmoid,
        "relu": torch.relu,
        "exp": torch.exp,
        "abs": torch.abs,
        "sin": torch.sin,
        "cos": torch.cos,
        "(|x| log(abs(x) + 0.5))": lambda x: torch.log(x.abs() + 0.5),
        "(|x| clamp(x, -0.4, 0.7))": lambda x: x.clamp(-0.4, 0.7),
        "(|x| x ^ 3)": lambda x: x**3,
        "(|x| x * stop_gradient(x))": lambda x: x * x.detach(),
    }
    name = c.rng.choice(list(functions))
    c.say(name)
    return functions[name](x)


STEPS = [conv, conv_dilated, conv_transpose, linear, norm("layer"), norm("group"), norm("batch"), norm("instance")]
STEPS += [pool, resize, blur, pad, layout, layout, mixed, mixed, mixed, single, single, second, second]


def build(seed, dtype):
    """A chain and its gradients; none if a step does not fit."""
    rng = random.Random(seed)
    c = Chain(rng, dtype)
    channels, height, width = rng.randint(1, 6), rng.randint(1, 8), rng.randint(1, 8)
    x = torch.tensor(floats((SAMPLES, 3, height, width), 3), dtype=dtype)
    w, b = c.weight("first.weight", channels, 3, 1, 1), c.weight("first.bias", channels)
    x = F.conv2d(x, w, b)
    c.say(f'conv(1, out: {channels}) @ "first"')
    for _ in range(rng.randint(1, 4)):
        step = rng.choice(STEPS)
        try:
            x = step(c, x)
        except (RuntimeError, ValueError):
            return None
        if x is None or x.numel() == 0 or x.numel() > 20000:
            return None
    loss = torch.tanh(x).mean()
    found = torch.autograd.grad(loss, [tensor for *_, tensor in c.weights], allow_unused=True)
    zeros = [torch.zeros_like(tensor) for *_, tensor in c.weights]
    return c, (height, width), loss, [zero if own is None else own for own, zero in zip(found, zeros)]


def chain(seed):
    exact, single_precision = build(seed, torch.float64), build(seed, torch.float32)
    if exact is None or single_precision is None:
        return None
    c, size, loss, gradients = exact
    largest = max(float(g.abs().max()) for g in gradients)
    off = max(float((a - b.double()).abs().max()) for a, b in zip(gradients, single_precision[3]))
    if not torch.isfinite(loss) or not largest > 1e-4 or not off < 2e-5 * largest:
        return None
    weights = []
    for (path, shape, _), gradient in zip(c.weights, gradients):
        flat = gradient.flatten()
        step = max(1, len(flat) // 24)
        numbers = [float(f"{x:.8g}") for x in flat[::step][:24]]
        weights.append({"path": path, "shape": shape, "norm": float(flat.norm()), "step": step, "numbers": numbers})
    return {"size": size, "chain": " |> ".join(["x"] + c.text), "loss": loss.item(), "weights": weights}


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    file = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parent.parent / "run" / "chains.json"
    chains, seed = [], 0
    while len(chains) < count:
        seed += 1
        found = chain(seed)
        if found is not None:
            chains.append(found)
    rows = ",\n".join(json.dumps(found, separators=(",", ":")) for found in chains)
    file.write_text(f'{{"samples":{SAMPLES},"chains":[\n{rows}\n]}}\n')
    print(f"{len(chains)} of {seed} chains in {file}")


main()
