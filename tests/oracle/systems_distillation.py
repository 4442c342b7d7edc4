"""STFPM, RD4AD and MKD in PyTorch, written from the papers and from the layout of the published files.

    python3 tests/oracle/systems_distillation.py write           # tests/golden/systems/distillation.safetensors
    python3 tests/oracle/systems_distillation.py compare PROGRAM [SYSTEM ..]

All is computed in double precision. `write` keeps what networks, maps, scores and losses of narrow variants give, and the
gradients of five weights, at two sizes each. `compare` computes the same at the full width of each system, and has PROGRAM
(`diadc`) compare its own: within 1e-5 of the largest number, maps of gradients, losses and gradients within 1e-4. smooth_grad,
which draws random numbers, is left out.

Weights and inputs come from their names, as in `diad.py`. Batch normalisation by the batch makes what rounding leaves larger, by
a tenth at each layer of a random network: of RD4AD's 110 million ReLUs a thousand open in PyTorch's single precision and not in
its double, or the other way round, and each changes gradients by a whole term. Norms of gradients then differ by 0.02 to 0.07 %
between the two, and in any program. So gradients are compared for images at which PyTorch's two precisions agree, or, at full
width, of networks without kinks: with SiLU in the place of ReLU and means in that of maxima. The many layers of RD4AD's
bottlenecks need one thing more: a fifth of each `bn3.weight`, so that what the layers before have left matters less.
"""
import math, pathlib, re, subprocess, sys, tempfile
import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from scipy.ndimage import gaussian_filter
from diad import Weights, made
from systems_fixture import Fixture



class Formula(Weights):
    """The weights of the formula in a precision; `damped`: with a fifth of what ends residual branches."""

    def __init__(self, dtype, damped):
        super().__init__()
        self.dtype, self.damped = dtype, damped

    def __call__(self, name, *shape):
        if name not in self.known:
            is_last = self.damped and name.endswith("bn3.weight")
            value = super().__call__(name, *shape).detach() * (np.float32(0.2) if is_last else 1)
            self.known[name] = value.to(self.dtype).requires_grad_(not name.endswith(("running_mean", "running_var")))
        return self.known[name]


class Kinks:
    """What stands between layers: ReLU and maxima, or what has no kinks."""

    relu, pool = staticmethod(torch.relu), staticmethod(F.max_pool2d)

    @classmethod
    def smooth(cls, function, *given):
        cls.relu, cls.pool = staticmethod(F.silu), staticmethod(F.avg_pool2d)
        found = function(*given)
        cls.relu, cls.pool = staticmethod(torch.relu), staticmethod(F.max_pool2d)
        return found


def relu(x):
    return Kinks.relu(x)


class Net:
    """Layers at the places of one network; batch normalisation by the batch where it is trained."""

    def __init__(self, weights, place, trained=False):
        self.weights, self.place, self.trained = weights, place, trained

    def w(self, name, *shape):
        return self.weights(f"{self.place}.{name}", *shape)

    def conv(self, x, name, out, k, stride=1, bias=False):
        bias = self.w(name + ".bias", out) if bias else None
        return F.conv2d(x, self.w(name + ".weight", out, x.shape[1], k, k), bias, stride, k // 2)

    def up(self, x, name, out):
        return F.conv_transpose2d(x, self.w(name + ".weight", x.shape[1], out, 2, 2), stride=2)

    def norm(self, x, name):
        weight, bias, mean, var = (
            self.w(f"{name}.{kind}", x.shape[1]) for kind in ("weight", "bias", "running_mean", "running_var")
        )
        return F.batch_norm(x, mean.clone(), var.clone(), weight, bias, training=self.trained)

    def block(self, x, name, narrow, stride, deep, inner, up=False):
        """A residual block. `up`: at twice the size."""
        middle, out = (narrow * inner, 4 * narrow) if deep else (narrow, narrow)
        strided = self.up if up else lambda x, name, out: self.conv(x, name, out, 3, stride)
        if deep:
            h = relu(self.norm(self.conv(x, f"{name}.conv1", middle, 1), f"{name}.bn1"))
            h = relu(self.norm(strided(h, f"{name}.conv2", middle), f"{name}.bn2"))
            h = self.norm(self.conv(h, f"{name}.conv3", out, 1), f"{name}.bn3")
        else:
            h = relu(self.norm(strided(x, f"{name}.conv1", out), f"{name}.bn1"))
            h = self.norm(self.conv(h, f"{name}.conv2", out, 3), f"{name}.bn2")
        if up:
            x = self.norm(self.up(x, f"{name}.upsample.0", out), f"{name}.upsample.1")
        elif stride != 1 or x.shape[1] != out:
            x = self.norm(self.conv(x, f"{name}.downsample.0", out, 1, stride), f"{name}.downsample.1")
        return relu(x + h)

    def resnet(self, x, depth, width, inner=1, names=("conv1", "bn1", "layer1", "layer2", "layer3")):
        """The first three layers' features."""
        x = relu(self.norm(self.conv(x, names[0], width, 7, 2), names[1]))
        x = Kinks.pool(x, 3, 2, 1)
        for level, (name, count) in enumerate(zip(names[2:], counts(depth))):
            for i in range(count):
                stride = 2 if level > 0 and i == 0 else 1
                x = self.block(x, f"{name}.{i}", width * 2**level, stride, depth >= 50, inner)
            yield x


def counts(depth):
    return [2, 2, 2] if depth == 18 else [3, 4, 6]


def blurred(x):
    return torch.stack([torch.from_numpy(gaussian_filter(m.detach().numpy(), sigma=4)) for m in x[:, 0]])[:, None]


def cosine(a, b):
    """The cosine of each sample's numbers as one vector."""
    return F.cosine_similarity(a.flatten(1), b.flatten(1))


# --- STFPM -----------------------------------------------------------------------------------------


def stfpm(weights, image, options):
    depth, width = options.get("depth", 18), options.get("width", 64)

    def features(trained):
        student = Net(weights, "model", trained)
        names = ("0", "1", "4", "5", "6")
        return zip(Net(weights, "teacher").resnet(image, depth, width), student.resnet(image, depth, width, names=names))

    def distances(trained):
        return [(F.normalize(t) - F.normalize(s)).square().sum(1, keepdim=True) for t, s in features(trained)]

    out = {}
    for i, (t, s) in enumerate(features(False)):
        out[f"teacher.{i}"], out[f"student.{i}"] = t, s
    maps = distances(False)
    whole = math.prod(F.interpolate(d, size=maps[0].shape[2:], mode="bilinear") for d in maps)
    out["map"] = F.interpolate(whole, size=image.shape[2:], mode="bilinear")
    out["value"] = out["map"].amax((1, 2, 3))
    return out, sum(d.mean() for d in distances(True))


# --- RD4AD -----------------------------------------------------------------------------------------


def rd4ad(weights, image, options):
    depth, width, inner = options.get("depth", 50), options.get("width", 64), options.get("inner", 2)
    deep = depth >= 50
    maps = list(Net(weights, "encoder").resnet(image, depth, width, inner))

    def embedding(net):
        def halved(x, n):
            return relu(net.norm(net.conv(x, f"conv{n}", 2 * x.shape[1], 3, 2), f"bn{n}"))

        x = torch.cat([halved(halved(maps[0], 1), 2), halved(maps[1], 3), maps[2]], 1)
        for i in range(2 if depth == 18 else 3):
            x = net.block(x, f"bn_layer.{i}", 8 * width, 2 if i == 0 else 1, deep, inner)
        return x

    def decoded(net, x):
        found = []
        for level, count in enumerate(counts(depth)):
            for i in range(count):
                x = net.block(x, f"layer{level + 1}.{i}", width * 2 ** (2 - level), 1, deep, inner, up=i == 0)
            found.append(x)
        return found[::-1]

    out = {"embedding": embedding(Net(weights, "bn"))}
    back = decoded(Net(weights, "decoder"), out["embedding"])
    raw = 0
    for i, (a, b) in enumerate(zip(maps, back)):
        out[f"pairs.{i}.0"], out[f"pairs.{i}.1"] = a, b
        distance = 1 - F.cosine_similarity(a, b)
        raw = raw + F.interpolate(distance[:, None], size=image.shape[2:], mode="bilinear", align_corners=True)
    out["map"] = blurred(raw)
    out["value"] = out["map"].amax((1, 2, 3))
    trained = decoded(Net(weights, "decoder", True), embedding(Net(weights, "bn", True)))
    return out, sum((1 - cosine(a, b)).mean() for a, b in zip(maps, trained))


# --- MKD -------------------------------------------------------------------------------------------


class Guided(torch.autograd.Function):
    """ReLU whose gradient is cut where it is negative."""

    @staticmethod
    def forward(context, x):
        context.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(context, gradient):
        return gradient.clamp(min=0) * (context.saved_tensors[0] > 0)


def mkd(weights, image, options):
    width, narrow, lamda = options.get("width", 64), options.get("narrow", 16), options.get("lamda", 0.5)

    def source(x):
        net, n = Net(weights, "source"), 0
        for wider, count in zip([1, 2, 4, 8, 8], [2, 2, 3, 3, 3]):
            for _ in range(count):
                x = relu(net.conv(x, f"features.{n}", wider * width, 3, bias=True))
                n += 2
            x, n = Kinks.pool(x, 2), n + 1
            yield x

    def cloner(x, relu=relu, trained=False):
        net, n = Net(weights, "cloner", trained), 0
        for out, count in zip([narrow, 2 * width, 4 * width, 8 * width, 8 * width], [1, 1, 2, 2, 2]):
            for _ in range(count):
                x = relu(net.norm(net.conv(x, f"features.{n}", narrow, 3), f"features.{n + 1}"))
                n += 3
            x = Kinks.pool(relu(net.conv(x, f"features.{n}", out, 3)), 2)
            n += 3
            yield x

    def difference(x, relu=relu):
        pairs = list(zip(source(x), cloner(x, relu)))[2:]
        return sum(1 - cosine(a, b) + lamda * (a - b).square().mean((1, 2, 3)) for a, b in pairs)

    def salient(relu):
        x = image.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(difference(x, relu).sum(), x)
        x = gradient.abs().sum(1, keepdim=True).detach().numpy()
        low, high = x.min((1, 2, 3), keepdims=True), np.percentile(x, 99, (1, 2, 3), keepdims=True)
        return blurred(torch.from_numpy(np.clip((x - low) / (high - low), 0, 1)))

    out = {}
    for i, (a, b) in enumerate(zip(source(image), cloner(image))):
        if i > 0:
            out[f"pairs.{i - 1}.0"], out[f"pairs.{i - 1}.1"] = a, b
    out["value"], out["gradients"], out["gbp"] = difference(image), salient(relu), salient(Guided.apply)
    pairs = list(zip(source(image), cloner(image, trained=True)))[1:]
    return out, sum((1 - cosine(a, b)).mean() + lamda * F.mse_loss(b, a) for a, b in pairs)


# --- Cases -----------------------------------------------------------------------------------------

NARROW = {
    "stfpm.a": (stfpm, 2, 64, {"width": 16}),
    "stfpm.b": (stfpm, 3, 96, {"width": 8, "depth": 34}),
    "rd4ad.a": (rd4ad, 2, 64, {"width": 8}),
    "rd4ad.c": (rd4ad, 4, 64, {"width": 8, "depth": 18, "inner": 1}),
    "rd4ad.b": (rd4ad, 3, 96, {"width": 16, "depth": 18, "inner": 1}),
    "mkd.a": (mkd, 2, 64, {"width": 16}),
    "mkd.b": (mkd, 3, 96, {"width": 8, "narrow": 12, "lamda": 0.01}),
}
FULL = {
    "stfpm": (stfpm, 2, 256, {}),
    "stfpm.other": (stfpm, 3, 160, {}),
    "rd4ad": (rd4ad, 2, 256, {}),
    "rd4ad.other": (rd4ad, 3, 192, {}),
    "mkd": (mkd, 2, 128, {}),
    "mkd.other": (mkd, 3, 96, {"lamda": 0.01}),
}
GRADIENTS = {
    stfpm: ["model.0.weight", "model.1.bias", "model.4.1.conv2.weight", "model.5.0.downsample.0.weight", "model.6.1.bn2.weight"],
    rd4ad: ["bn.conv1.weight", "bn.bn3.weight", "bn.bn_layer.0.conv1.weight", "decoder.layer1.0.upsample.0.weight",
            "decoder.layer3.1.conv2.weight"],
    mkd: ["cloner.features.0.weight", "cloner.features.1.weight", "cloner.features.9.weight", "cloner.features.22.bias",
          "cloner.features.36.weight"],
}
# What the spec calls what is compared: an expression, whose results have the names of those here.
NETWORKS = {
    stfpm: "{teacher: teacher(image)[1..], student: student(image)[1..]}",
    rd4ad: "{pairs: pairs(image), embedding: bn(encoder(image)[1..])}",
    mkd: "{pairs: pairs(image, false)}",
}
OBJECTIVE = {stfpm: "matching", rd4ad: "returning", mkd: "cloning"}


def run(case, image, dtype=torch.float64, damped=False):
    """All results, the loss and the gradients of a case in a precision; and the weights."""
    system, *_, options = case
    weights = Formula(dtype, damped)
    with torch.enable_grad():
        out, loss = system(weights, image.to(dtype), options)
        loss.backward()
    out |= {"loss": loss} | {f"grad.{key}": weights.known[key].grad for key in GRADIENTS[system]}
    return {key: value.detach() for key, value in out.items()}, weights.known


def difference(found, expected):
    """The largest one, as a share of the largest number."""
    return float((found.double() - expected).abs().max() / expected.abs().max())


def image_for(name, case, keys):
    """The number of the first image, and that image, for which PyTorch's two precisions agree about these results."""
    _, batch, size, _ = case
    for attempt in range(100):
        image = made(f"input.{name}.{attempt}", (batch, 3, size, size))
        if not keys:
            return attempt, image
        out, single = (run(case, image, dtype)[0] for dtype in (torch.float64, torch.float32))
        if max(difference(single[key], out[key]) for key in keys) < 3e-5:
            return attempt, image
    sys.exit(f"{name}: the two precisions agree for no image")


def write():
    fixture = Fixture("distillation", "tests/oracle/systems_distillation.py")
    for name, case in NARROW.items():
        keys = [f"grad.{key}" for key in GRADIENTS[case[0]]] + (["gbp", "gradients"] if case[0] is mkd else [])
        is_deep = case[0] is rd4ad and "depth" not in case[3]
        attempt, image = image_for(name, case, [] if is_deep else keys)
        print(f"{name}: image {attempt}")
        out, _ = run(case, image)
        for key, value in out.items():
            if not (is_deep and key in ["loss", *keys]):
                fixture.part(name).add(key, value)
    fixture.write()


def without_kinks(folder):
    """The specs and the library as files in a folder, with SiLU in the place of ReLU and means in that of maxima."""
    for path in [*pathlib.Path("specs/std").glob("*.diad"), *pathlib.Path("specs/systems").glob("*.diad")]:
        text = re.sub(r"\brelu\b", "silu", path.read_text()).replace("max_pool(", "avg_pool(")
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(re.sub(r"use std::(\w+)::", r'use "../std/\1.diad"::', text))
    (folder / "specs/std/prelude.diad").unlink(missing_ok=True)
    return folder / "specs/systems"


def compare(program, systems):
    for name, case in FULL.items():
        system, _, size, options = case
        if systems and system.__name__ not in systems:
            continue
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            _, image = image_for(name, case, ["gbp"] if system is mkd else [])
            save_file({"image": image}, folder / "image")

            def call(function, expected, tolerance, *more, specs="specs/systems"):
                whole = {key: value.float().contiguous() for key, value in expected.items()}
                save_file(whole, folder / "expected")
                given = ["--inputs", folder / "image", "--weights", folder / "weights", "--expect", folder / "expected"]
                command = [program, "call", pathlib.Path(specs, f"{system.__name__}.diad"), function, *given]
                settings = [f"--set={key}={value}" for key, value in ({"size": size} | options).items()]
                command += ["--tolerance", str(tolerance), *settings, *more]
                return subprocess.run(command, check=False).returncode == 0

            out, weights = run(case, image, damped=True)
            save_file({key: value.detach().float().contiguous() for key, value in weights.items()}, folder / "weights")
            heads = ("teacher", "student", "pairs", "embedding")
            fits = call(NETWORKS[system], {k: v for k, v in out.items() if k.split(".")[0] in heads}, 1e-5)
            map_of, tolerance = ("gbp", 1e-4) if system is mkd else ("map", 1e-5)
            fits &= call("score", {"map": out[map_of], "value": out["value"]}, tolerance)
            fits &= call(OBJECTIVE[system], {"loss": out["loss"]}, 1e-4)
            out, _ = Kinks.smooth(run, case, image, torch.float64, True)
            expected = {"loss": out["loss"]} | {key: value for key, value in out.items() if key.startswith("grad.")}
            keys = [word for key in GRADIENTS[system] for word in ("--grad", key)]
            smooth = without_kinks(folder)
            fits &= call(OBJECTIVE[system], expected, 1e-4, *keys, specs=smooth)
            if system is mkd:
                expected = {"map": out["gradients"], "value": out["value"]}
                fits &= call("score", expected, 1e-4, "--set=saliency=gradients", specs=smooth)
            print(name, "fits" if fits else "does not fit", flush=True)


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    compare(sys.argv[2], sys.argv[3:]) if sys.argv[1] == "compare" else write()
