"""DiAD in PyTorch, written from the papers and from the layout of the published checkpoints, without this project's code.

    python3 tests/oracle/diad.py check a.safetensors     # reproduces the reference numbers
    python3 tests/oracle/diad.py write                   # tests/golden/wide.safetensors and wide.json

`write` makes numbers at another width, batch and image size: 64 channels, 8 heads, batch 2, images of 128 x 192 pixels
(autoencoder of 64 channels, ResNet-34). Large tensors are thinned out: every k-th number of the flattened tensor, with
k so that about 2,000 are left. Weights and inputs come from their names (see `number`); nothing random, no seeds.
Tolerances: 1e-4 of a tensor's maximum for one network, 1e-3 for gradients.
"""
import json, math, sys
from pathlib import Path
import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import gaussian_filter
from safetensors.torch import load_file, save_file

HERE = Path(__file__).parent.parent / "golden"
MASK = (1 << 64) - 1


def number(name, count):
    """Numbers from -1 up to 1: the upper 24 bits of splitmix64(fnv1a(name) + i golden ratios)."""
    h = 0xCBF29CE484222325
    for byte in name.encode():
        h = ((h ^ byte) * 0x100000001B3) & MASK
    with np.errstate(over="ignore"):
        z = np.uint64(h) + np.arange(count, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return 2 * ((z >> np.uint64(40)).astype(np.float64) / (1 << 24)) - 1


def made(name, shape):
    values = number(name, math.prod(shape)) * math.sqrt(3)
    return torch.from_numpy(values.astype(np.float32).reshape(shape))


class Weights:
    """Weights by name, made when they are first asked for."""

    def __init__(self):
        self.known = {}

    def __call__(self, name, *shape):
        if name not in self.known:
            s = number(name, math.prod(shape))
            if name.endswith("running_var"):
                v = 1 + 0.5 * s
            elif name.endswith("running_mean"):
                v = 0.1 * s
            elif len(shape) >= 2:
                v = s * math.sqrt(3 / math.prod(shape[1:]))
            elif name.endswith("weight"):
                v = 1 + 0.1 * s
            else:
                v = 0.1 * s
            value = torch.from_numpy(v.astype(np.float32).reshape(shape))
            self.known[name] = value.requires_grad_(not name.endswith(("running_mean", "running_var")))
        return self.known[name]


W = Weights()


def conv(x, name, out, k=3, stride=1, padding=None, bias=True):
    weight = W(name + ".weight", out, x.shape[1], k, k)
    return F.conv2d(x, weight, W(name + ".bias", out) if bias else None, stride, k // 2 if padding is None else padding)


def linear(x, name, out, bias=True):
    return F.linear(x, W(name + ".weight", out, x.shape[-1]), W(name + ".bias", out) if bias else None)


def group_norm(x, name, eps=1e-5):
    return F.group_norm(x, 32, W(name + ".weight", x.shape[1]), W(name + ".bias", x.shape[1]), eps)


def layer_norm(x, name):
    return F.layer_norm(x, x.shape[-1:], W(name + ".weight", x.shape[-1]), W(name + ".bias", x.shape[-1]))


# --- Denoiser and guide ----------------------------------------------------------------------------


def timestep_embedding(t, width):
    half = width // 2
    speeds = torch.exp(-math.log(10000) * torch.arange(half, dtype=torch.float32) / half)
    angles = t[:, None].float() * speeds[None]
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


def time_embed(t, name, width):
    e = linear(timestep_embedding(t, width), name + ".time_embed.0", 4 * width)
    return linear(F.silu(e), name + ".time_embed.2", 4 * width)


def res_block(x, e, name, out):
    h = conv(F.silu(group_norm(x, name + ".in_layers.0")), name + ".in_layers.2", out)
    h = h + linear(F.silu(e), name + ".emb_layers.1", out)[:, :, None, None]
    h = conv(F.silu(group_norm(h, name + ".out_layers.0")), name + ".out_layers.3", out)
    return h + (x if x.shape[1] == out else conv(x, name + ".skip_connection", out, 1))


def attention(x, source, name, heads):
    b, n, c = x.shape
    q, k, v = (linear(y, name + part, c, bias=False) for y, part in ((x, ".to_q"), (source, ".to_k"), (source, ".to_v")))
    split = lambda y: y.reshape(b, -1, heads, c // heads).transpose(1, 2)
    scores = split(q) @ split(k).transpose(2, 3) / math.sqrt(c // heads)
    y = (scores.softmax(dim=-1) @ split(v)).transpose(1, 2).reshape(b, n, c)
    return linear(y, name + ".to_out.0", c)


def transformer(x, context, name, heads):
    b, c, height, width = x.shape
    h = conv(group_norm(x, name + ".norm", 1e-6), name + ".proj_in", c, 1).flatten(2).transpose(1, 2)
    block = name + ".transformer_blocks.0"
    y = layer_norm(h, block + ".norm1")
    h = h + attention(y, y, block + ".attn1", heads)
    h = h + attention(layer_norm(h, block + ".norm2"), context, block + ".attn2", heads)
    a, gate = linear(layer_norm(h, block + ".norm3"), block + ".ff.net.0.proj", 8 * c).chunk(2, dim=-1)
    h = h + linear(a * F.gelu(gate), block + ".ff.net.2", c)
    return x + conv(h.transpose(1, 2).reshape(b, c, height, width), name + ".proj_out", c, 1)


def encoder(x, e, context, name, cfg, hint=None):
    h = conv(x, name + ".input_blocks.0.0", cfg.width)
    h = h if hint is None else h + hint
    skips, n = [h], 1
    for level, m in enumerate(cfg.mult):
        for _ in range(2):
            h = res_block(h, e, f"{name}.input_blocks.{n}.0", cfg.width * m)
            if level < 3:
                h = transformer(h, context, f"{name}.input_blocks.{n}.1", cfg.heads)
            skips.append(h)
            n += 1
        if level + 1 < len(cfg.mult):
            h = conv(h, f"{name}.input_blocks.{n}.0.op", h.shape[1], stride=2)
            skips.append(h)
            n += 1
    h = res_block(h, e, name + ".middle_block.0", h.shape[1])
    h = transformer(h, context, name + ".middle_block.1", cfg.heads)
    return res_block(h, e, name + ".middle_block.2", h.shape[1]), skips


def guide(z, image, t, context, cfg):
    """The SG network of the released code: fusion behind the zero convolutions, SiLU around the sum."""
    name = "control_model"
    h, at = image, 0
    for width, stride in ((16, 1), (16, 1), (32, 2), (32, 1), (96, 2), (96, 1), (256, 2)):
        h = F.silu(conv(h, f"{name}.input_hint_block.{at}", width, stride=stride))
        at += 2
    hint = conv(h, f"{name}.input_hint_block.{at}", cfg.width)
    mid, skips = encoder(z, time_embed(t, name, cfg.width), context, name, cfg, hint)
    outs = [conv(s, f"{name}.zero_convs.{i}.0", s.shape[1], 1) for i, s in enumerate(skips)]
    low = []
    for i in range(3):
        q = outs[9 + i]
        for j in range(3):
            d = conv(outs[6 + j], f"{name}.down{j + 1}{i + 1}.0", q.shape[1], stride=2, bias=False)
            q = q + F.silu(F.instance_norm(d))
        low.append(F.silu(q))
    return outs[:9] + low + [conv(mid, name + ".middle_block_out.0", mid.shape[1], 1)]


def denoise(z, t, image, context, cfg):
    name = "model.diffusion_model"
    e = time_embed(t, name, cfg.width)
    h, skips = encoder(z, e, context, name, cfg)
    control = guide(z, image, t, context, cfg)
    h = h + control.pop()
    for n in range(12):
        skip = skips.pop()
        if n < 3:  # only the deepest controls join
            skip = skip + control.pop()
        level = 3 - n // 3
        h = res_block(torch.cat([h, skip], dim=1), e, f"{name}.output_blocks.{n}.0", cfg.width * cfg.mult[level])
        if level < 3:
            h = transformer(h, context, f"{name}.output_blocks.{n}.1", cfg.heads)
        if n % 3 == 2 and level > 0:
            h = F.interpolate(h, scale_factor=2, mode="nearest")
            h = conv(h, f"{name}.output_blocks.{n}.{2 if level < 3 else 1}.conv", h.shape[1])
    return conv(F.silu(group_norm(h, name + ".out.0")), name + ".out.2", 4)


# --- Autoencoder -----------------------------------------------------------------------------------


def norm_silu(x, name):
    return F.silu(group_norm(x, name, 1e-6))


def ae_block(x, name, out):
    h = conv(norm_silu(x, name + ".norm1"), name + ".conv1", out)
    h = conv(norm_silu(h, name + ".norm2"), name + ".conv2", out)
    return h + (x if x.shape[1] == out else conv(x, name + ".nin_shortcut", out, 1))


def ae_middle(x, name):
    c = x.shape[1]
    x = ae_block(x, name + ".block_1", c)
    h = group_norm(x, name + ".attn_1.norm", 1e-6)
    q, k, v = (conv(h, f"{name}.attn_1.{p}", c, 1).flatten(2) for p in "qkv")
    y = v @ (q.transpose(1, 2) @ k / math.sqrt(c)).softmax(dim=-1).transpose(1, 2)
    x = x + conv(y.reshape(x.shape), name + ".attn_1.proj_out", c, 1)
    return ae_block(x, name + ".block_2", c)


def ae_encode(x, cfg):
    name = "first_stage_model.encoder"
    h = conv(x, name + ".conv_in", cfg.pixels)
    for level, m in enumerate(cfg.mult):
        for i in range(2):
            h = ae_block(h, f"{name}.down.{level}.block.{i}", cfg.pixels * m)
        if level + 1 < len(cfg.mult):
            h = conv(F.pad(h, (0, 1, 0, 1)), f"{name}.down.{level}.downsample.conv", h.shape[1], stride=2, padding=0)
    h = norm_silu(ae_middle(h, name + ".mid"), name + ".norm_out")
    return conv(conv(h, name + ".conv_out", 8), "first_stage_model.quant_conv", 8, 1)


def ae_decode(z, cfg):
    name = "first_stage_model.decoder"
    h = conv(conv(z, "first_stage_model.post_quant_conv", 4, 1), name + ".conv_in", cfg.pixels * cfg.mult[-1])
    h = ae_middle(h, name + ".mid")
    for level in reversed(range(len(cfg.mult))):
        for i in range(3):
            h = ae_block(h, f"{name}.up.{level}.block.{i}", cfg.pixels * cfg.mult[level])
        if level > 0:
            h = conv(F.interpolate(h, scale_factor=2, mode="nearest"), f"{name}.up.{level}.upsample.conv", h.shape[1])
    return conv(norm_silu(h, name + ".norm_out"), name + ".conv_out", 3)


# --- Features, maps, training ----------------------------------------------------------------------


def features(image, cfg):
    import torchvision

    net = getattr(torchvision.models, cfg.backbone)(weights=None).eval()
    state = net.state_dict()
    filled = {k: W("extractor." + k, *v.shape).detach() if v.is_floating_point() else v for k, v in state.items()}
    net.load_state_dict(filled)
    x = net.maxpool(net.relu(net.bn1(net.conv1(image))))
    found = []
    for layer in (net.layer1, net.layer2, net.layer3):
        x = layer(x)
        found.append(x)
    return found


def maps(image, other, cfg):
    raw = 0
    for a, b in zip(features(image, cfg), features(other, cfg)):
        d = 1 - F.cosine_similarity(a, b)
        raw = raw + F.interpolate(d[:, None], size=image.shape[2:], mode="bilinear", align_corners=True)[:, 0]
    smooth = np.stack([gaussian_filter(m, sigma=5) for m in raw.detach().numpy()])
    return raw, torch.from_numpy(smooth)


def alphas_cumprod():
    betas = torch.linspace(0.00085**0.5, 0.0120**0.5, 1000, dtype=torch.float64) ** 2
    return torch.cumprod(1 - betas, dim=0)


def q_sample(z0, t, noise):
    a = alphas_cumprod()[t].float()[:, None, None, None]
    return a.sqrt() * z0 + (1 - a).sqrt() * noise


def loss(image, t, noise, context, cfg):
    with torch.no_grad():
        z0 = 0.18215 * ae_encode(image, cfg)[:, :4]
    return F.mse_loss(denoise(q_sample(z0, t, noise), t, image, context, cfg), noise)


def is_trained(name):
    return name.startswith(("control_model.", "model.diffusion_model.output_blocks.", "model.diffusion_model.out."))


class Config:
    def __init__(self, width, heads, pixels, backbone, batch, height, width_px):
        self.width, self.heads, self.pixels, self.backbone = width, heads, pixels, backbone
        self.batch, self.size, self.mult = batch, (height, width_px), (1, 2, 4, 4)


def everything(cfg):
    (h, w), b = cfg.size, cfg.batch
    image = made("input.image", (b, 3, h, w))
    other = 0.7 * image + 0.3 * made("input.reconstruction", (b, 3, h, w))
    z, noise = made("input.z", (b, 4, h // 8, w // 8)), made("input.noise", (b, 4, h // 8, w // 8))
    context = made("input.context", (1, 7, 16))
    context = context.expand(b, 7, 16)
    t = torch.tensor([501, 77][:b])
    out = {}
    with torch.no_grad():
        for i, c in enumerate(guide(z, image, t, context, cfg)):
            out[f"control.{i}"] = c
        out["eps"] = denoise(z, t, image, context, cfg)
        out["ae.moments"] = ae_encode(image, cfg)
        out["ae.decoded"] = ae_decode(out["ae.moments"][:, :4], cfg)
        for i, f in enumerate(features(image, cfg)):
            out[f"feature.{i + 2}"] = f
        out["map.raw"], out["map.smooth"] = maps(image, other, cfg)
    value = loss(image, t, noise, context, cfg)
    value.backward()
    norms = {k: None if v.grad is None else float(v.grad.double().norm()) for k, v in W.known.items() if is_trained(k)}
    return out, float(value.detach()), norms


def check(path):
    reference = load_file(path)
    out, value, norms = everything(Config(32, 4, 32, "resnet18", 1, 128, 128))
    for name, found in sorted(out.items()):
        expected = reference[name]
        off = float((found - expected).abs().max() / expected.abs().max())
        assert off < 1e-4, (name, off)
        print(f"{off:.1e}  {name}")
    print(value, float(reference["train.losses"][0]))
    known = json.loads((HERE / "a.grad_norms.json").read_text())
    assert norms.keys() == known.keys()
    assert all((norms[k] is None) == (v is None) for k, v in known.items())
    print(max(abs(norms[k] - v) / max(v, 1e-4) for k, v in known.items() if v))


def write():
    out, value, norms = everything(Config(64, 8, 64, "resnet34", 2, 128, 192))
    thinned = {}
    for name, x in out.items():
        step = max(1, x.numel() // 2000)
        step += 1 - step % 2  # odd, so that all columns have their turn
        thinned[name] = x.flatten()[::step].contiguous()
    save_file(thinned, HERE / "wide.safetensors", {"made by": "tests/oracle/diad.py"})
    rounded = {k: None if v is None else float(f"{v:.7g}") for k, v in norms.items()}
    document = {"loss": value, "steps": {n: max(1, x.numel() // 2000) | 1 for n, x in out.items()}, "grad_norms": rounded}
    (HERE / "wide.json").write_text(json.dumps(document, indent=0, sort_keys=True) + "\n")


if __name__ == "__main__":
    torch.set_num_threads(2)
    check(sys.argv[2]) if sys.argv[1] == "check" else write()
