"""Twenty steps of training of STFPM, RD4AD and UniAD in PyTorch, in double and in single precision: the loss of each step.

    python3 tests/oracle/systems_steps.py        # tests/golden/systems/steps.safetensors

Networks and losses are those of `systems_distillation.py` and `systems_uniad.py`, the optimisers torch's own with the settings of
the specs. Weights come from their names, as do the images and the noise of each step: `input.image.K`, `input.noise.K`. STFPM
and RD4AD are narrow. Dropout is left out.

A ReLU that opens in one precision and not in the other changes a gradient by a whole term, and steps carry that on: PyTorch's
own single precision is up to 2.5e-3 of a loss away from its double after twenty steps of STFPM, and 9e-2 of RD4AD. That is the
measure for any program. `.smooth` has SiLU in the place of ReLU and means in that of maxima, where nothing opens; RD4AD does not
learn so.
"""
import torch
import torch.nn.functional as F
from diad import Weights, made
import systems_distillation as distillation
import systems_uniad as uniad
from systems_fixture import Fixture

STEPS = 20


class Formula(Weights):
    """The weights of the formula in a precision."""

    def __init__(self, dtype):
        super().__init__()
        self.dtype = dtype

    def __call__(self, name, *shape):
        if name not in self.known:
            is_statistic = name.endswith(("running_mean", "running_var"))
            self.known[name] = super().__call__(name, *shape).detach().to(self.dtype).requires_grad_(not is_statistic)
        return self.known[name]


def batches(shape):
    return [made(f"input.image.{k}", shape) for k in range(STEPS)]


def distilled(system, options, shape, trained, optimizer, through, dtype):
    """The losses of steps on the parts whose names begin so."""
    weights, losses, rule = Formula(dtype), [], None
    for image in batches(shape):
        with torch.enable_grad():
            _, loss = through(system, weights, image.to(dtype), options)
            if rule is None:
                own = [x for name, x in weights.known.items() if name.startswith(trained) and x.requires_grad]
                rule = optimizer(own)
            rule.zero_grad()
            loss.backward()
        rule.step()
        losses.append(loss.detach())
    return torch.stack(losses)


def smooth(function, *given):
    """With SiLU in the place of ReLU."""
    F.relu, kept = F.silu, F.relu
    found = function(*given)
    F.relu = kept
    return found


def restored(size, through, dtype):
    losses, rule, cells = [], None, [s // 16 for s in size]
    uniad.w = Formula(dtype)
    for k, image in enumerate(batches((2, 3, *size))):
        with torch.no_grad():
            x = uniad.tokens(image.to(dtype))
        noise = made(f"input.noise.{k}", x.shape).to(dtype)
        with torch.enable_grad():
            loss = F.mse_loss(through(uniad.reconstruction, uniad.jittered(x, noise), cells), x)
        if rule is None:
            trained = [x for name, x in uniad.w.known.items() if name.startswith("reconstruction")]
            rule = torch.optim.AdamW(trained, lr=1e-4, weight_decay=1e-4)
        rule.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 0.1)
        rule.step()
        losses.append(loss.detach())
    return torch.stack(losses)


def plain(function, *given):
    return function(*given)


def stfpm(through):
    rule = lambda own: torch.optim.SGD(own, lr=0.4, momentum=0.9, weight_decay=1e-4)
    return lambda dtype: distilled(distillation.stfpm, {"width": 16}, (4, 3, 64, 64), "model", rule, through, dtype)


def rd4ad(through):
    rule = lambda own: torch.optim.Adam(own, lr=5e-3, betas=(0.5, 0.999))
    parts, narrow = ("bn.", "decoder."), {"width": 8, "depth": 18, "inner": 1}
    return lambda dtype: distilled(distillation.rd4ad, narrow, (4, 3, 64, 64), parts, rule, through, dtype)


CASES = {
    "stfpm": stfpm(plain),
    "stfpm.smooth": stfpm(distillation.Kinks.smooth),
    "rd4ad": rd4ad(plain),
    "uniad": lambda dtype: restored((96, 160), plain, dtype),
    "uniad.smooth": lambda dtype: restored((96, 160), smooth, dtype),
}

if __name__ == "__main__":
    torch.set_num_threads(1)
    fixture = Fixture("steps", "tests/oracle/systems_steps.py")
    for name, losses in CASES.items():
        double, single = losses(torch.float64), losses(torch.float32)
        print(name, f"{((single - double).abs() / double.abs()).max():.1e}", flush=True)
        fixture.part(name).add("losses", double)
        fixture.part(name).add("single", single)
    fixture.write()
