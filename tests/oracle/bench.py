"""The work of `diadc bench` in PyTorch, with random weights: times that `diadc bench --against` reads.

    python tests/oracle/bench.py step -o torch.json        # a denoiser step of DiAD at full size
    python tests/oracle/bench.py autoencoding -o torch.json # a training step of the autoencoder of `tiny`
    diadc bench diad --phases loop --steps 1 --against torch.json

The layers are those of tests/oracle/diad.py, with PyTorch's own attention. Multiply-adds are counted by PyTorch. Both
programs should run with the same number of threads and nothing else on the machine. On stderr it says how many bytes a
second a sum over a large tensor reads.
"""
import argparse, datetime, json, pathlib, platform, resource, statistics, sys, time
import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import diad
from diad import conv, linear

GROUPS = 32
# What is the same in every turn of the sampler, which diadc computes only once.
KEPT = {}


def kept(name, make):
    if name not in KEPT:
        KEPT[name] = make()
    return KEPT[name]


class RandomWeights(dict):
    """Weights by name, random when they are first asked for."""

    def __call__(self, name, *shape):
        if name not in self:
            scale = 1.0 if len(shape) == 1 else torch.tensor(shape[1:]).prod().item() ** -0.5
            self[name] = torch.randn(shape).mul_(scale).requires_grad_()
        return self[name]


def group_norm(x, name, eps=1e-5):
    return F.group_norm(x, GROUPS, diad.W(name + ".weight", x.shape[1]), diad.W(name + ".bias", x.shape[1]), eps)


def attention(x, source, name, heads):
    b, n, c = x.shape
    split = lambda y, part: linear(y, name + part, c, False).reshape(len(y), -1, heads, c // heads).transpose(1, 2)
    pair = lambda: (split(source, ".to_k"), split(source, ".to_v"))
    k, v = pair() if source is x else kept(name, pair)
    q = split(x, ".to_q")
    y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, n, c)
    return linear(y, name + ".to_out.0", c)


def guide(z, image, t, context, cfg):
    """The semantic guide of the paper: fusion in front of the zero convolutions, of which four are used."""
    name = "control_model"

    def stem():
        h, at = image, 0
        for width, stride in ((16, 1), (16, 1), (32, 2), (32, 1), (96, 2), (96, 1), (256, 2)):
            h = F.silu(conv(h, f"{name}.input_hint_block.{at}", width, stride=stride))
            at += 2
        return conv(h, f"{name}.input_hint_block.{at}", cfg.width)

    hint = kept(name, stem)
    mid, skips = diad.encoder(z, diad.time_embed(t, name, cfg.width), context, name, cfg, hint)
    low = []
    for i in range(3):
        q = skips[9 + i]
        for j in range(3):
            down = conv(skips[6 + j], f"{name}.down{j + 1}{i + 1}.0", q.shape[1], stride=2, bias=False)
            q = q + F.silu(F.instance_norm(down))
        low.append(conv(q, f"{name}.zero_convs.{9 + i}.0", q.shape[1], 1))
    return low + [conv(mid, name + ".middle_block_out.0", mid.shape[1], 1)]


def middle(x, name):
    c = x.shape[1]
    x = diad.ae_block(x, name + ".block_1", c)
    h = group_norm(x, name + ".attn_1.norm", 1e-6)
    q, k, v = (conv(h, f"{name}.attn_1.{p}", c, 1).flatten(2).transpose(1, 2) for p in "qkv")
    y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(x.shape)
    return diad.ae_block(x + conv(y, name + ".attn_1.proj_out", c, 1), name + ".block_2", c)


def encode(x, channels, mult, latent, depth):
    h = conv(x, "encoder.conv_in", channels)
    for level, m in enumerate(mult):
        for i in range(depth):
            h = diad.ae_block(h, f"encoder.down.{level}.block.{i}", channels * m)
        if level + 1 < len(mult):
            h = conv(F.pad(h, (0, 1, 0, 1)), f"encoder.down.{level}.downsample", h.shape[1], stride=2, padding=0)
    h = diad.norm_silu(middle(h, "encoder.mid"), "encoder.norm_out")
    return conv(conv(h, "encoder.conv_out", 2 * latent), "quant_conv", 2 * latent, 1)


def decode(z, channels, mult, latent, depth):
    h = middle(conv(conv(z, "post_quant_conv", latent, 1), "decoder.conv_in", channels * mult[-1]), "decoder.mid")
    for level in reversed(range(len(mult))):
        for i in range(depth + 1):
            h = diad.ae_block(h, f"decoder.up.{level}.block.{i}", channels * mult[level])
        if level > 0:
            h = conv(F.interpolate(h, scale_factor=2, mode="nearest"), f"decoder.up.{level}.upsample", h.shape[1])
    return conv(diad.norm_silu(h, "decoder.norm_out"), "decoder.conv_out", 3)


def denoiser_step(batch):
    """What a turn of the sampler of `diad` does, as `loop` of `diadc bench diad`."""
    cfg = argparse.Namespace(width=320, mult=(1, 2, 4, 4), heads=8)
    z, image = torch.randn(batch, 4, 32, 32), torch.randn(batch, 3, 256, 256)
    context, t = torch.randn(1, 77, 768), torch.full((batch,), 501)

    def run():
        with torch.no_grad():
            noise = diad.denoise(z, t, image, context, cfg)
            return 0.9 * (z - 0.5 * noise) + 0.4 * noise

    return "loop", LOOP, run


def autoencoding(batch):
    """A training step of the autoencoder of `tiny`, as `training` of `diadc bench tiny`."""
    global GROUPS
    GROUPS = 4
    sizes = dict(channels=8, mult=(1, 2, 4), latent=4, depth=1)
    piece = torch.randn(batch, 3, 32, 32)

    def loss():
        mean, log_variance = encode(piece, **sizes).chunk(2, dim=1)
        log_variance = log_variance.clamp(-30, 20)
        z = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
        distance = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).mean()
        return (decode(z, **sizes) - piece).abs().mean() + 1e-4 * distance

    loss()
    optimizer = torch.optim.AdamW(diad.W.values(), lr=0.0)

    def run():
        optimizer.zero_grad()
        loss().backward()
        torch.nn.utils.clip_grad_norm_(diad.W.values(), 1.0)
        optimizer.step()

    return "training", "autoencoding", run


def seconds(run):
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def peak(side=2048):
    """Multiply-adds a second of large products."""
    a, b = torch.randn(side, side), torch.randn(side, side)
    return side**3 / min(seconds(lambda: a @ b) for _ in range(6))


def bandwidth(size=1 << 30):
    x = torch.ones(size // 4)
    return size / min(seconds(x.sum) for _ in range(6))


def quartiles(times):
    if len(times) < 2:
        return times * 3
    return statistics.quantiles(times, n=4, method="inclusive")


def processor():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor())


LOOP = "score/reconstruct/ddim"
WORK = {"step": (denoiser_step, "diad"), "autoencoding": (autoencoding, "tiny")}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", choices=WORK)
    parser.add_argument("-o", "--output", type=pathlib.Path, help="a file in place of stdout")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=4.0, help="how long it is measured after the runs that warm up")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    diad.W, diad.group_norm, diad.attention, diad.guide = RandomWeights(), group_norm, attention, guide
    print(f"a sum reads {bandwidth() / 1e9:.1f} GB a second", file=sys.stderr)
    speed = peak()
    make, spec = WORK[arguments.work]
    kind, name, run = make(arguments.batch)
    # Makes the weights, which is no part of the work.
    run()
    with FlopCounterMode(display=False) as counter:
        run()
    multiply_adds = counter.get_total_flops() // 2
    first, _ = seconds(run), run()
    times = []
    while not times or sum(times) < arguments.seconds:
        times.append(seconds(run))
    lower, median, upper = quartiles(times)
    date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    result = {
        "format": "diadc bench 1",
        "provenance": {
            "program": f"PyTorch {torch.__version__}", "date": date, "spec": spec, "spec_hash": "", "params": {},
            "weights": "init", "seed": 1, "device": "cpu", "processor": processor(), "threads": arguments.threads,
        },
        "peaks": [{"precision": "f32", "side": 2048, "multiply_adds_per_second": speed}],
        "points": [{
            "kind": kind, "name": name, "batch": arguments.batch, "precision": "f32", "first": first,
            "steady": {"median": median, "lower": lower, "upper": upper, "runs": len(times)},
            "images_per_second": None if kind == "loop" else arguments.batch / median,
            "multiply_adds": multiply_adds, "weight_bytes": sum(4 * w.numel() for w in diad.W.values()),
            "share_of_peak": multiply_adds / speed / median, "estimated_memory": None,
            "peak_memory": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        }],
        "is_complete": True,
    }  # fmt: skip
    text = json.dumps(result) + "\n"
    arguments.output.write_text(text) if arguments.output else print(text, end="")


if __name__ == "__main__":
    main()
