"""Writes tests/op/fixture.safetensors: inputs, outputs and gradients of every operation.

    python tests/oracle/ops.py

Needs torch, scipy and safetensors. Everything is computed in double precision from inputs that single precision
holds exactly, then rounded. A case `name` has the tensors

    name/in0, name/in1, ..   inputs                        name/out      output
    name/weights             random, shape of the output   name/grad0, ..  gradient of sum(out * weights)

Gradients are there for the float inputs of cases with a float output. Each case is seeded with its own name.
The tests compare with a relative tolerance of the largest absolute value: 1e-5 for outputs, 1e-4 for gradients.
`stream/normal`, `stream/uniform` and `stream/int` are the first host random numbers for one key, from an
implementation of ChaCha8 of this script's own.
Where torch shares a gradient between equal operands of max and min, the case follows the operation's own rule
instead: all of it goes to the first operand.
"""

import hashlib
import math
import struct
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from scipy.ndimage import gaussian_filter, gaussian_filter1d

TENSORS = {}
RANDOM = np.random.default_rng(0)


def seed(name):
    global RANDOM
    digest = hashlib.sha256(name.encode()).digest()
    RANDOM = np.random.default_rng(int.from_bytes(digest[:8], "little"))


def normal(*shape, scale=1.0, shift=0.0):
    values = RANDOM.standard_normal(shape) * scale + shift
    return torch.from_numpy(np.asarray(values, dtype=np.float32)).double()


def positive(*shape):
    return normal(*shape).abs().add(0.25).float().double()


def ints(*shape, low=-9, high=10):
    return torch.from_numpy(np.asarray(RANDOM.integers(low, high, shape), dtype=np.int64))


def truths(*shape):
    return torch.from_numpy(np.asarray(RANDOM.integers(0, 2, shape), dtype=bool))


def stored(tensor):
    tensor = tensor.detach()
    return (tensor.float() if tensor.is_floating_point() else tensor).contiguous().clone()


def case(name, make, run, gradient=None):
    """`make()` gives the inputs, `run(*inputs)` the output; `gradient(weights)` replaces autograd."""
    seed(name)
    inputs = [x.requires_grad_(x.is_floating_point()) for x in make()]
    out = run(*inputs)
    for i, x in enumerate(inputs):
        TENSORS[f"{name}/in{i}"] = stored(x)
    TENSORS[f"{name}/out"] = stored(out)
    floats = [i for i, x in enumerate(inputs) if x.is_floating_point()]
    if not (floats and out.is_floating_point()):
        return
    weights = normal(*out.shape)
    TENSORS[f"{name}/weights"] = stored(weights)
    if gradient is not None:
        gradients = gradient(weights)
    elif out.requires_grad:
        gradients = torch.autograd.grad((out * weights).sum(), [inputs[i] for i in floats], allow_unused=True)
    else:
        gradients = [None] * len(floats)
    for i, g in zip(floats, gradients):
        TENSORS[f"{name}/grad{i}"] = stored(torch.zeros_like(inputs[i]) if g is None else g)


def elementwise():
    def wide():
        edge = torch.tensor([0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 30.0, -30.0], dtype=torch.double)
        return [torch.cat([normal(3, 11, scale=3.0).flatten(), edge]).reshape(1, 41)]

    def extreme():
        edge = torch.tensor([100.0, -100.0, 88.5, -88.5, 1e4, -1e4, 0.0], dtype=torch.double)
        return [torch.cat([normal(17).flatten(), edge])]

    def tame():
        return [normal(2, 3, 7)]

    unary = {
        "neg": torch.neg, "abs": torch.abs, "sin": torch.sin, "cos": torch.cos, "tanh": torch.tanh,
        "sigmoid": torch.sigmoid, "relu": torch.relu, "leaky_relu": lambda x: F.leaky_relu(x, 0.2),
        "silu": F.silu, "gelu": F.gelu, "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
        "add_scalar": lambda x: x + 1.5, "mul_scalar": lambda x: x * -2.5, "clamp": lambda x: x.clamp(-1.0, 2.0),
        "clamp_low": lambda x: x.clamp(min=1.0), "clamp_high": lambda x: x.clamp(max=-1.0),
        "stop_gradient": torch.detach,
    }
    for name, run in unary.items():
        case(name, wide, run)
    for name, run in [("softplus", F.softplus), ("floor", torch.floor), ("round", torch.round), ("sign", torch.sign)]:
        case(name, wide, run)
    class Guided(torch.autograd.Function):
        """Guided backpropagation: the gradient passes where the input and the gradient are positive."""

        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.relu()

        @staticmethod
        def backward(ctx, gradient):
            (x,) = ctx.saved_tensors
            return gradient.relu() * (x > 0)

    case("guided_relu", wide, Guided.apply)
    case("softplus_extreme", extreme, F.softplus)
    case("round_halves", lambda: [torch.arange(-9, 10).double() / 2], torch.round)
    for name in ["silu", "gelu", "gelu_tanh", "sigmoid", "tanh"]:
        case(f"{name}_extreme", extreme, unary[name])
    case("exp", tame, torch.exp)
    for name, power in [("0", 0), ("1", 1), ("2", 2), ("3", 3), ("5", 5)]:
        case(f"pow_{name}", tame, lambda x, p=power: x**p)
    case("pow_minus_1", lambda: [positive(2, 5) * torch.tensor([[1.0], [-1.0]])], lambda x: x**-1)
    case("pow_minus_3", lambda: [positive(2, 5) * torch.tensor([[1.0], [-1.0]])], lambda x: x**-3)
    for name, run in [("log", torch.log), ("sqrt", torch.sqrt), ("pow_half", torch.sqrt), ("pow_1_7", lambda x: x**1.7)]:
        case(name, lambda: [positive(3, 4)], run)
    case("silu_number", lambda: [normal()], F.silu)
    for name, run in [("neg", torch.neg), ("abs", torch.abs), ("add_scalar", lambda x: x + 3),
                      ("mul_scalar", lambda x: x * -2), ("clamp", lambda x: x.clamp(-4, 5)), ("floor", torch.clone),
                      ("round", torch.clone), ("sign", torch.sign)]:
        case(f"int_{name}", lambda: [ints(3, 7)], run)

    pairs = {
        "same": lambda: [normal(2, 3, 5), positive(2, 3, 5)],
        "broadcast": lambda: [normal(4, 1), positive(3, 1, 5)],
        "row": lambda: [normal(2, 3, 5), positive(5)],
        "channel": lambda: [normal(2, 3, 4, 5), positive(3, 1, 1)],
        "number": lambda: [normal(2, 3), positive()],
        "numbers": lambda: [normal(), positive()],
        "ties": lambda: [ints(6, 7, low=-2, high=3).double(), ints(6, 7, low=1, high=4).double()],
    }
    binary = {
        "add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div,
        "max": torch.maximum, "min": torch.minimum,
    }
    def apart():
        # Multiples would be on the edge between two rests.
        return [normal(3, 1, 5, scale=4.0), positive(3, 4, 1) * torch.tensor([[[1.0], [-1.0], [1.0], [-1.0]]])]

    case("rem", apart, torch.remainder)
    case("int_rem", lambda: [ints(4, 1), ints(3, 4, 5, low=1, high=5) * torch.tensor([1, -1, 1, -1, 1])], torch.remainder)
    case("power", lambda: [positive(2, 3, 5), normal(3, 1)], torch.pow)
    case("power_whole", lambda: [positive(2, 3, 5), ints(3, 1, low=-2, high=4).double()], torch.pow)
    for how, make in pairs.items():
        for name, run in binary.items():
            case(f"{name}_{how}", make, run)
    for name in ["add", "sub", "mul", "max", "min"]:
        case(f"int_{name}", lambda: [ints(4, 1), ints(3, 1, 5)], binary[name])

    compare = {"less": torch.lt, "less_equal": torch.le, "equal": torch.eq}
    for name, run in compare.items():
        case(f"{name}_float", lambda: [ints(4, 5, low=0, high=3).double(), ints(3, 1, 1, low=0, high=3).double()], run)
        case(f"{name}_int", lambda: [ints(4, 1, low=0, high=3), ints(3, 1, 5, low=0, high=3)], run)
        case(f"{name}_bool", lambda: [truths(4, 1), truths(3, 1, 5)], run)
    case("select_float", lambda: [truths(4, 1), normal(3, 1, 5), normal(5)], torch.where)
    case("select_int", lambda: [truths(3, 4, 5), ints(4, 5), ints(3, 1, 5)], torch.where)
    case("select_bool", lambda: [truths(3, 4), truths(3, 4), truths(4)], torch.where)

    some = {"float": lambda: [normal(3, 7, scale=3.0)], "int": lambda: [ints(3, 7, low=-2, high=3)], "bool": lambda: [truths(3, 7)]}
    types = {"float": torch.double, "int": torch.long, "bool": torch.bool}
    for source, make in some.items():
        for target, dtype in types.items():
            case(f"cast_{source}_{target}", make, lambda x, d=dtype: x.to(d))


def reduce():
    kinds = {"sum": torch.sum, "mean": torch.mean, "max": torch.amax, "min": torch.amin}
    for name, run in kinds.items():
        for label, axes in [("1", (1,)), ("03", (0, 3)), ("123", (1, 2, 3)), ("0123", (0, 1, 2, 3)), ("02", (0, 2))]:
            case(f"{name}_{label}", lambda: [normal(2, 3, 4, 5)], lambda x, r=run, a=axes: r(x, dim=a))
            case(f"{name}_{label}_keep", lambda: [normal(2, 3, 4, 5)], lambda x, r=run, a=axes: r(x, dim=a, keepdim=True))
    for axis in range(3):
        case(f"softmax_{axis}", lambda: [normal(3, 4, 19, scale=3.0)], lambda x, a=axis: x.softmax(a))
    case("softmax_extreme", lambda: [normal(4, 9, scale=200.0)], lambda x: x.softmax(1))


def layout():
    case("reshape", lambda: [normal(2, 6, 5)], lambda x: x.reshape(3, 20))
    case("reshape_of_permuted", lambda: [normal(2, 6, 5)], lambda x: x.reshape(3, 4, 5))
    case("permute_3", lambda: [normal(2, 3, 4)], lambda x: x.permute(2, 0, 1))
    case("permute_4", lambda: [normal(2, 3, 4, 5)], lambda x: x.permute(0, 2, 3, 1))
    case("permute_int", lambda: [ints(2, 3, 4)], lambda x: x.permute(1, 2, 0))
    case("expand", lambda: [normal(3, 1)], lambda x: x.expand(2, 3, 4))
    case("expand_number", lambda: [normal()], lambda x: x.expand(2, 3))
    case("expand_bool", lambda: [truths(3, 1)], lambda x: x.expand(2, 3, 4))
    case("concat_1", lambda: [normal(2, 3, 4), normal(2, 1, 4), normal(2, 2, 4)], lambda *x: torch.cat(x, 1))
    case("concat_last", lambda: [normal(2, 3, 4), normal(2, 3, 1)], lambda *x: torch.cat(x, 2))
    case("concat_int", lambda: [ints(2, 3), ints(1, 3)], lambda *x: torch.cat(x, 0))
    case("slice", lambda: [normal(3, 7, 4)], lambda x: x[:, 2:5])
    case("slice_bool", lambda: [truths(3, 7)], lambda x: x[:, 1:6])
    case("gather_rows", lambda: [normal(6, 4), ints(2, 5, low=0, high=6)], lambda t, i: t[i])
    case("gather_number", lambda: [normal(6, 4), ints(low=0, high=6)], lambda t, i: t[i])
    case("gather_list", lambda: [normal(6), ints(9, low=0, high=6)], lambda t, i: t[i])
    case("pad_zero", lambda: [normal(2, 3, 4, 5)], lambda x: F.pad(x, (1, 2, 0, 3)))
    case("pad_zero_int", lambda: [ints(1, 2, 3, 4)], lambda x: F.pad(x, (1, 2, 0, 3)))
    case("pad_reflect", lambda: [normal(2, 3, 4, 5)], lambda x: F.pad(x, (4, 2, 1, 3), mode="reflect"))
    case("pad_edge", lambda: [normal(2, 3, 4, 5)], lambda x: F.pad(x, (7, 2, 1, 0), mode="replicate"))
    case("pad_edge_one", lambda: [normal(1, 1, 1, 2)], lambda x: F.pad(x, (0, 3, 2, 2), mode="replicate"))
    case("pad_reflect_rows", lambda: [normal(2, 3, 4, 5)], lambda x: F.pad(x, (0, 0, 2, 0), mode="reflect"))


def linear():
    case("matmul_plain", lambda: [normal(3, 4), normal(4, 5)], torch.matmul)
    case("matmul_batched", lambda: [normal(2, 3, 4), normal(2, 4, 5)], torch.matmul)
    case("matmul_broadcast", lambda: [normal(2, 1, 3, 4), normal(5, 4, 6)], torch.matmul)
    case("matmul_by_matrix", lambda: [normal(2, 3, 4), normal(4, 5)], torch.matmul)
    case("matmul_of_matrix", lambda: [normal(3, 4), normal(2, 4, 5)], torch.matmul)
    case("linear_vector", lambda: [normal(7), normal(5, 7), normal(5)], F.linear)
    case("linear_rows", lambda: [normal(4, 7), normal(5, 7), normal(5)], F.linear)
    case("linear_deep", lambda: [normal(2, 3, 4, 7), normal(5, 7), normal(5)], F.linear)
    case("linear_without_bias", lambda: [normal(2, 4, 7), normal(5, 7)], F.linear)

    def attention(scale, causal):
        def run(q, k, v):
            scores = q @ k.transpose(2, 3) * scale
            if causal:
                later = torch.ones(scores.shape[2:], dtype=torch.bool).triu(1)
                scores = scores.masked_fill(later, -torch.inf)
            return scores.softmax(3) @ v
        return run

    qkv = lambda n, m, d, e, scale=1.0: lambda: [normal(2, 3, n, d, scale=scale), normal(2, 3, m, d), normal(2, 3, m, e)]
    case("attention", qkv(5, 7, 4, 6), attention(0.5, False))
    case("attention_other_scale", qkv(5, 7, 4, 4), attention(1.3, False))
    case("attention_causal", qkv(9, 9, 8, 8), attention(8**-0.5, True))
    mask = lambda: torch.rand(5, 7) < 0.5
    def masked(q, k, v, mask):
        return (q @ k.transpose(2, 3) * 0.5).masked_fill(~mask, -torch.inf).softmax(3) @ v
    case("attention_masked", lambda: qkv(5, 7, 4, 6)() + [mask() | torch.eye(5, 7, dtype=torch.bool)], masked)
    case("attention_extreme", qkv(4, 6, 8, 8, 60.0), attention(8**-0.5, False))


def convolution():
    def conv(name, x, weight, bias=True, **settings):
        make = lambda: [normal(*x), normal(*weight, scale=0.3)] + ([normal(weight[0])] if bias else [])
        case(name, make, lambda *i: F.conv2d(*i, **settings))

    conv("conv2d_plain", (2, 3, 7, 6), (5, 3, 3, 3))
    conv("conv2d_same", (2, 16, 9, 11), (24, 16, 3, 3), padding=1)
    conv("conv2d_without_bias", (2, 16, 9, 11), (24, 16, 3, 3), bias=False, padding=1)
    conv("conv2d_1x1", (2, 12, 5, 7), (20, 12, 1, 1))
    conv("conv2d_1x1_one_image", (1, 12, 5, 7), (20, 12, 1, 1), bias=False)
    conv("conv2d_1x1_stride", (2, 12, 6, 7), (8, 12, 1, 1), stride=2)
    conv("conv2d_1x1_padded", (2, 4, 3, 3), (8, 4, 1, 1), padding=1)
    conv("conv2d_stride", (2, 8, 10, 9), (12, 8, 3, 3), stride=2, padding=1)
    conv("conv2d_uneven", (2, 6, 11, 13), (8, 6, 3, 2), stride=(2, 3), padding=(1, 2), dilation=(2, 1))
    conv("conv2d_groups", (2, 8, 7, 6), (12, 4, 3, 3), padding=1, groups=2)
    conv("conv2d_depthwise", (2, 6, 7, 9), (6, 1, 3, 3), padding=1, groups=6)
    conv("conv2d_groups_1x1", (2, 8, 4, 5), (6, 4, 1, 1), groups=2)
    conv("conv2d_patches", (2, 3, 12, 8), (10, 3, 4, 4), stride=4)
    conv("conv2d_one_pixel", (2, 24, 4, 4), (16, 24, 4, 4))
    conv("conv2d_few_pixels", (3, 24, 4, 4), (32, 24, 3, 3), padding=1)
    conv("conv2d_dilated", (1, 4, 9, 9), (4, 4, 3, 3), padding=2, dilation=2)
    conv("conv2d_wide_border", (1, 3, 4, 5), (4, 3, 3, 3), padding=3)

    def transposed(name, x, weight, groups=1, bias=True, **settings):
        make = lambda: [normal(*x), normal(*weight, scale=0.3)] + ([normal(weight[1] * groups)] if bias else [])
        case(name, make, lambda *i: F.conv_transpose2d(*i, groups=groups, **settings))

    transposed("conv_transpose2d_plain", (2, 3, 5, 4), (3, 6, 3, 3))
    transposed("conv_transpose2d_double", (2, 8, 5, 4), (8, 6, 4, 4), stride=2, padding=1)
    transposed("conv_transpose2d_patches", (2, 8, 5, 4), (8, 6, 2, 2), stride=2, bias=False)
    transposed("conv_transpose2d_uneven", (2, 4, 5, 4), (4, 3, 3, 2), stride=(2, 3), padding=(1, 0), output_padding=(1, 2))
    transposed("conv_transpose2d_groups", (2, 6, 4, 5), (6, 2, 3, 3), groups=2, stride=2, padding=1, output_padding=1)
    transposed("conv_transpose2d_dilated", (1, 4, 4, 5), (4, 3, 3, 3), dilation=2, padding=1)


def normalize():
    def scaled(shape, channels, **kinds):
        return lambda: [normal(*shape, **kinds), normal(channels, shift=1.0), normal(channels)]

    for name, shape, groups in [("one", (2, 6, 5, 7), 1), ("some", (3, 8, 5, 4), 4), ("all", (2, 6, 5, 7), 6), ("flat", (4, 6), 2), ("rows", (2, 6, 9), 3)]:
        case(f"group_norm_{name}", scaled(shape, shape[1]), lambda x, w, b, g=groups: F.group_norm(x, g, w, b, eps=1e-5))
    case("group_norm_far", scaled((2, 6, 5, 7), 6, shift=10.0), lambda x, w, b: F.group_norm(x, 2, w, b, eps=1e-6))
    for name, shape in [("rows", (5, 16)), ("deep", (2, 3, 7, 24)), ("vector", (9,))]:
        case(f"layer_norm_{name}", scaled(shape, shape[-1]), lambda x, w, b: F.layer_norm(x, x.shape[-1:], w, b, eps=1e-5))
    case("layer_norm_far", scaled((4, 32), 32, shift=10.0), lambda x, w, b: F.layer_norm(x, x.shape[-1:], w, b, eps=1e-5))


def pool():
    for name, window, stride, padding in [("halve", 2, 2, 0), ("overlap", 3, 2, 1), ("uneven", (3, 2), (1, 2), (1, 0)), ("slide", 3, 1, 1)]:
        settings = dict(kernel_size=window, stride=stride, padding=padding)
        case(f"avg_pool_{name}", lambda: [normal(2, 3, 9, 8)], lambda x, s=settings: F.avg_pool2d(x, **s))
        case(f"max_pool_{name}", lambda: [normal(2, 3, 9, 8, shift=-2.0)], lambda x, s=settings: F.max_pool2d(x, **s))


def resample():
    sizes = {"up": ((5, 7), (10, 14)), "mixed": ((5, 7), (8, 3)), "down": ((12, 9), (5, 3)), "to_one": ((5, 4), (1, 1)), "from_one": ((1, 1), (3, 4)), "triple": ((4, 3), (12, 6))}
    for name, ((h, w), (to_h, to_w)) in sizes.items():
        make = lambda h=h, w=w: [normal(2, 3, h, w)]
        rows, columns = torch.arange(to_h) * h // to_h, torch.arange(to_w) * w // to_w
        case(f"nearest_{name}", make, lambda x, r=rows, c=columns: x[:, :, r][:, :, :, c])
        for rule, aligned in [("bilinear", False), ("aligned", True)]:
            case(f"{rule}_{name}", make, lambda x, s=(to_h, to_w), a=aligned: F.interpolate(x, s, mode="bilinear", align_corners=a))
        for rule, aligned in [("bicubic", False), ("cubic_aligned", True)]:
            case(f"{rule}_{name}", make, lambda x, s=(to_h, to_w), a=aligned: F.interpolate(x, s, mode="bicubic", align_corners=a))
        case(f"average_{name}", make, lambda x, s=(to_h, to_w): F.adaptive_avg_pool2d(x, s))
    rows = torch.arange(5) * 4 // 5
    case("nearest_int", lambda: [ints(2, 1, 4, 4)], lambda x: x[:, :, rows][:, :, :, rows])

    def blur(name, shape, sigma, truncate):
        def run(x):
            return torch.from_numpy(gaussian_filter(x.detach().numpy(), (0, 0, sigma, sigma), mode="reflect", truncate=truncate))

        def gradient(weights):
            sides = [torch.from_numpy(gaussian_filter1d(np.eye(n), sigma, axis=0, mode="reflect", truncate=truncate)) for n in shape[2:]]
            return [sides[0].T @ weights @ sides[1]]

        case(name, lambda: [normal(*shape)], run, gradient)

    blur("blur_1", (2, 3, 9, 13), 1.0, 4.0)
    blur("blur_4", (1, 2, 24, 31), 4.0, 4.0)
    blur("blur_0_3", (1, 1, 6, 5), 0.3, 4.0)
    blur("blur_0_1", (1, 1, 3, 4), 0.1, 4.0)
    blur("blur_truncated", (1, 2, 15, 8), 1.7, 2.5)
    blur("blur_small_image", (2, 1, 3, 2), 4.0, 4.0)
    blur("blur_one_pixel", (1, 2, 1, 5), 2.0, 4.0)


def stream():
    """Seed 7, purpose "noise", step 3, sample 5, iteration 0; integers in 0..1000."""
    TENSORS["stream/normal"], TENSORS["stream/uniform"], TENSORS["stream/int"] = numbers(0)
    # Normal numbers from 65520 on, and uniform ones from 65504 on.
    TENSORS["stream/normal_later"] = numbers(8190)[0]
    TENSORS["stream/uniform_later"] = numbers(4094)[1]


def numbers(first):
    """What four blocks of the stream give, from this one on."""
    purpose = b"noise"
    fields = struct.pack("<Q", len(purpose)) + purpose + struct.pack("<4Q", 7, 3, 5, 0)
    key = hashlib.sha256(fields).digest()
    words = [word for counter in range(first, first + 4) for word in chacha8(key, counter)]
    longs = [low | high << 32 for low, high in zip(words[::2], words[1::2])]
    units = [(word >> 11) / 2**53 for word in longs]
    normals = []
    for u, v in zip(units[::2], units[1::2]):
        radius, angle = math.sqrt(-2 * math.log(1 - u)), 2 * math.pi * v
        normals += [radius * math.cos(angle), radius * math.sin(angle)]
    return (
        torch.tensor(normals, dtype=torch.float64).float(),
        torch.tensor([(word >> 8) / 2**24 for word in words], dtype=torch.float32),
        torch.tensor([word % 1000 for word in longs], dtype=torch.int64),
    )


def chacha8(key, counter):
    mask = 0xFFFFFFFF
    start = [0x61707865, 0x3320646E, 0x79622D32, 0x6B206574, *struct.unpack("<8I", key), counter, 0, 0, 0]
    state = list(start)

    def mix(a, b, c, d):
        for x, y, z, turn in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)]:
            state[x] = (state[x] + state[y]) & mask
            mixed = state[z] ^ state[x]
            state[z] = (mixed << turn | mixed >> (32 - turn)) & mask

    for _ in range(4):
        for column in range(4):
            mix(column, 4 + column, 8 + column, 12 + column)
        for diagonal in range(4):
            mix(diagonal, 4 + (diagonal + 1) % 4, 8 + (diagonal + 2) % 4, 12 + (diagonal + 3) % 4)
    return [(a + b) & mask for a, b in zip(state, start)]


def order():
    # With equal numbers among others; indices are those of a stable sort.
    ties = lambda *shape: lambda: [ints(*shape, low=-3, high=4).double()]
    for name, make in [("free", lambda: [normal(3, 17, 4)]), ("ties", ties(3, 17, 4)), ("line", lambda: [normal(300)])]:
        axis = 0 if name == "line" else 1
        for label, descending in [("up", False), ("down", True)]:
            places = lambda x, a=axis, d=descending: x.sort(dim=a, descending=d, stable=True).indices
            case(f"rank_{label}_{name}", make, places)
            case(f"rank_{label}_{name}_5", make, lambda x, a=axis, p=places: p(x).narrow(a, 0, 5))
            case(f"rank_{label}_{name}_1", make, lambda x, a=axis, p=places: p(x).narrow(a, 0, 1))
    case("rank_first", lambda: [normal(7, 3)], lambda x: x.sort(dim=0, stable=True).indices)
    case("rank_last", lambda: [normal(3, 2, 7)], lambda x: x.sort(dim=2, descending=True, stable=True).indices)

    case("take_0", lambda: [normal(6, 4), ints(3, 4, low=0, high=6)], lambda x, i: x.gather(0, i))
    case("take_1", lambda: [normal(2, 6, 5), ints(2, 9, 5, low=0, high=6)], lambda x, i: x.gather(1, i))
    case("take_last", lambda: [normal(2, 3, 4, 5), ints(2, 3, 4, 2, low=0, high=5)], lambda x, i: x.gather(3, i))
    case("take_line", lambda: [normal(9), ints(20, low=0, high=9)], lambda x, i: x.gather(0, i))
    case("take_int", lambda: [ints(2, 6), ints(2, 3, low=0, high=6)], lambda x, i: x.gather(1, i))
    case("take_bool", lambda: [truths(2, 6), ints(2, 3, low=0, high=6)], lambda x, i: x.gather(1, i))

    for label, q in [("0", 0.0), ("1", 1.0), ("half", 0.5), ("30", 0.3), ("999", 0.999)]:
        case(f"quantile_{label}", lambda: [normal(3, 10, 4)], lambda x, q=q: torch.quantile(x, q, dim=1))
        case(f"quantile_{label}_keep", lambda: [normal(3, 11, 4)], lambda x, q=q: torch.quantile(x, q, dim=1, keepdim=True))
        case(f"quantile_{label}_all", lambda: [normal(3, 10, 4)], lambda x, q=q: torch.quantile(x, q))
        both = lambda x, q=q: torch.quantile(x.permute(1, 0, 2).reshape(x.shape[1], -1), q, dim=1)
        case(f"quantile_{label}_both", lambda: [normal(3, 10, 4)], both)

    for axis in range(3):
        case(f"cumsum_{axis}", lambda: [normal(3, 14, 5)], lambda x, a=axis: x.cumsum(a))

    def near(count):
        return lambda x, rows: torch.cdist(x.reshape(-1, x.shape[-1]), rows, compute_mode="donot_use_mm_for_euclid_dist").topk(count, largest=False, sorted=True)

    pairs = {
        "some": (lambda: [normal(2, 7, 12), normal(40, 12)], 3),
        "one": (lambda: [normal(35, 6), normal(33, 6)], 1),
        "all": (lambda: [normal(5, 3), normal(6, 3)], 6),
        "row": (lambda: [normal(9), normal(70, 9)], 4),
        "deep": (lambda: [normal(2, 2, 3, 50), normal(130, 50)], 9),
        "far": (lambda: [normal(20, 8, shift=100.0), normal(50, 8, shift=100.0)], 5),
    }
    for name, (make, count) in pairs.items():
        case(f"nearest_{name}", make, lambda x, r, n=count: near(n)(x, r).values.reshape(*x.shape[:-1], n))
        case(f"nearest_index_{name}", make, lambda x, r, n=count: near(n)(x, r).indices.reshape(*x.shape[:-1], n))

    def definite(*shape):
        x = normal(*shape)
        x = x @ x.transpose(-1, -2) / shape[-1] + 0.1 * torch.eye(shape[-1], dtype=torch.double)
        return [x.detach().float().double()]

    case("inverse_definite", lambda: definite(3, 9, 9), torch.linalg.inv)
    case("inverse_one", lambda: definite(5, 5), torch.linalg.inv)
    case("inverse_large", lambda: definite(2, 70, 70), torch.linalg.inv)
    case("inverse_any", lambda: [normal(2, 3, 6, 6)], torch.linalg.inv)
    case("inverse_symmetric", lambda: [(lambda x: x + x.transpose(1, 2))(normal(4, 6, 6)).detach().float().double()], torch.linalg.inv)
    case("inverse_number", lambda: [normal(3, 1, 1)], torch.linalg.inv)


stream()
for family in [elementwise, reduce, layout, linear, convolution, normalize, pool, resample, order]:
    family()
save_file(TENSORS, Path(__file__).parent.parent / "op" / "fixture.safetensors")
