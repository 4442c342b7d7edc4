"""DDPM and LDM as DiAD's baselines in PyTorch, in double precision, without this project's code.

    python3 tests/oracle/systems_diffusion.py    # tests/golden/systems/{ddpm,ldm}.safetensors

Residual blocks, transformers and the decoder of the autoencoder are those of `diad.py`; here are the networks that they
make, schedules, losses, samplers and maps. Weights and inputs come from their names; nothing is random. Large tensors are
thinned out. Tolerances: 1e-5 of a tensor's maximum, 1e-4 for losses, gradients and what a sampler gives.
"""
import math
import numpy as np
import torch
import torch.nn.functional as F
import diad
from diad import made
from systems_fixture import Fixture

WEIGHTS = diad.W
diad.W = lambda name, *shape: WEIGHTS(name, *shape).double()


def timestep_embedding(t, width):
    half = width // 2
    speeds = torch.tensor([math.exp(-math.log(10000) * i / half) for i in range(half)])
    angles = t[:, None].double() * speeds.double()
    return torch.cat([angles.cos(), angles.sin()], 1)


diad.timestep_embedding = timestep_embedding


def transformer(x, context, name, heads):
    """That of `diad.py`, or the same without attention to a context."""
    if context is not None:
        return diad.transformer(x, context, name, heads)
    c, block = x.shape[1], name + ".transformer_blocks.0"
    h = diad.conv(diad.group_norm(x, name + ".norm", 1e-6), name + ".proj_in", c, 1).flatten(2).transpose(1, 2)
    y = diad.layer_norm(h, block + ".norm1")
    h = h + diad.attention(y, y, block + ".attn1", heads)
    a, gate = diad.linear(diad.layer_norm(h, block + ".norm3"), block + ".ff.net.0.proj", 8 * c).chunk(2, -1)
    h = h + diad.linear(a * F.gelu(gate), block + ".ff.net.2", c)
    return x + diad.conv(h.transpose(1, 2).reshape(x.shape), name + ".proj_out", c, 1)


class UNet:
    def __init__(self, width, mult, heads, attends, channels):
        self.width, self.mult, self.heads, self.attends, self.channels = width, mult, heads, attends, channels

    def __call__(self, x, t, context=None):
        name, last = "model.diffusion_model", len(self.mult) - 1
        e = diad.time_embed(t, name, self.width)
        block = lambda h, at, out: diad.res_block(h, e, f"{name}.{at}", out)
        spread = lambda h, at: transformer(h, context, f"{name}.{at}", self.heads)
        h = diad.conv(x, name + ".input_blocks.0.0", self.width)
        skips = [h]
        for level, m in enumerate(self.mult):
            for _ in range(2):
                h = block(h, f"input_blocks.{len(skips)}.0", self.width * m)
                if 2**level in self.attends:
                    h = spread(h, f"input_blocks.{len(skips)}.1")
                skips.append(h)
            if level < last:
                h = diad.conv(h, f"{name}.input_blocks.{len(skips)}.0.op", h.shape[1], stride=2)
                skips.append(h)
        c = h.shape[1]
        h = block(spread(block(h, "middle_block.0", c), "middle_block.1"), "middle_block.2", c)
        for n in range(3 * len(self.mult)):
            level = last - n // 3
            h = block(torch.cat([h, skips.pop()], 1), f"output_blocks.{n}.0", self.width * self.mult[level])
            if 2**level in self.attends:
                h = spread(h, f"output_blocks.{n}.1")
            if n % 3 == 2 and level > 0:
                at = f"{name}.output_blocks.{n}.{2 if 2**level in self.attends else 1}.conv"
                h = diad.conv(F.interpolate(h, scale_factor=2), at, h.shape[1])
        return diad.conv(F.silu(diad.group_norm(h, name + ".out.0")), name + ".out.2", self.channels)


def q_sample(kept, x, t, noise):
    a = kept[t][:, None, None, None]
    return a.sqrt() * x + (1 - a).sqrt() * noise


def ddim(kept, x, predict, steps=10):
    times = [1 + i * (1000 // steps) for i in range(steps)]
    for t, before in zip(reversed(times), reversed([0] + times[:-1])):
        noise = predict(x, torch.full((len(x),), t))
        clean = (x - (1 - kept[t]).sqrt() * noise) / kept[t].sqrt()
        x = kept[before].sqrt() * clean + (1 - kept[before]).sqrt() * noise
    return x


def compared(fixture, image, other):
    """Eq. 9 and 10 of DiAD, with ResNet-18."""
    features = diad.features
    cfg = type("Config", (), {"backbone": "resnet18"})
    with torch.no_grad():
        raw = 0
        for a, b in zip(features(image.float(), cfg), features(other.float(), cfg)):
            d = 1 - F.cosine_similarity(a.double(), b.double())
            raw = raw + F.interpolate(d[:, None], size=image.shape[2:], mode="bilinear", align_corners=True)[:, 0]
        found = np.stack([diad.gaussian_filter(m, sigma=5) for m in raw.numpy()])
        pooled = torch.from_numpy(found)[:, None]
        for _ in range(8):
            pooled = F.avg_pool2d(pooled, 8, 1)
    fixture.add("map", torch.from_numpy(found))
    fixture.add("value", pooled.amax((1, 2, 3)))


def gradients(fixture, loss, names):
    loss.backward()
    fixture.add("loss", loss)
    for name in names:
        fixture.add(f"grad.{name}", WEIGHTS.known[name].grad)


SD = "model.diffusion_model."
DDPM_GRADIENTS = [SD + name for name in (
    "time_embed.0.weight", "input_blocks.0.0.weight", "input_blocks.13.1.transformer_blocks.0.attn1.to_q.weight",
    "middle_block.2.in_layers.2.weight", "output_blocks.17.0.skip_connection.weight", "out.2.bias",
)]
LDM_GRADIENTS = ["cond_stage_model.embedding.weight"] + [SD + name for name in (
    "input_blocks.1.1.transformer_blocks.0.attn2.to_v.weight", "middle_block.1.transformer_blocks.0.attn2.to_v.weight",
    "output_blocks.3.1.transformer_blocks.0.ff.net.0.proj.bias", "output_blocks.11.0.in_layers.2.weight", "out.2.weight",
)]


def ddpm(fixture, batch, size):
    WEIGHTS.known.clear()
    kept = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64), 0)
    net = UNet(32, [1, 1, 2, 2, 4, 4], 1, [16], 3)
    image, noise = (made(f"input.{name}", (batch, 3, *size)).double() for name in ("image", "noise"))
    t = torch.tensor([501, 77][:batch])
    with torch.no_grad():
        fixture.add("denoised", net(image, t))
        other = ddim(kept, q_sample(kept, image, torch.tensor([999]), noise), net)
        fixture.add("restored", other)
        first = 1 - kept[0]
        last = (image - first / (1 - kept[0]).sqrt() * net(image, torch.zeros(batch, dtype=torch.int64))) / (1 - first).sqrt()
        fixture.add("last_step", last)
    compared(fixture, image, 0.7 * image + 0.3 * noise)
    loss = F.mse_loss(net(q_sample(kept, image, t, noise), t), noise)
    gradients(fixture, loss, DDPM_GRADIENTS)


def ldm(fixture, batch, size, pixels=32):
    WEIGHTS.known.clear()
    roots = torch.linspace(math.sqrt(0.00085), math.sqrt(0.012), 1000, dtype=torch.float64)
    kept = torch.cumprod(1 - roots**2, 0)
    net = UNet(32, [1, 2, 4, 4], 8, [1, 2, 4], 4)
    z, noise = (made(f"input.{name}", (batch, 4, *(s // 8 for s in size))).double() for name in ("z", "noise"))
    t, kind = torch.tensor([501, 77][:batch]), torch.tensor([3, 0][:batch])
    embedded = lambda: diad.W("cond_stage_model.embedding.weight", 5, 768)[kind][:, None]
    cfg = diad.Config(32, 8, pixels, "resnet18", batch, *size)
    with torch.no_grad():
        fixture.add("denoised", net(z, t, embedded()))
        found = ddim(kept, z, lambda z, t: net(z, t, embedded()))
        fixture.add("restored", diad.ae_decode(found / 0.18215, cfg))
    loss = F.mse_loss(net(q_sample(kept, z, t, noise), t, embedded()), noise)
    gradients(fixture, loss, LDM_GRADIENTS)


if __name__ == "__main__":
    torch.set_num_threads(1)
    for system in (ddpm, ldm):
        fixture = Fixture(system.__name__, "tests/oracle/systems_diffusion.py")
        system(fixture.part("square"), 1, (64, 64))
        system(fixture.part("oblong"), 2, (64, 128))
        fixture.write()
