"""UniAD in PyTorch, in double precision, written from the paper and from the layout of its checkpoints.

    python3 tests/oracle/systems_uniad.py        # tests/golden/systems/uniad.safetensors

The transformer is made of torch's own attention, norms and linear maps; the extractor is EfficientNet-B4 with the padding
and the keys of EfficientNet-PyTorch. Weights and inputs come from their names, as in `diad.py`; nothing is random. Two cases:
images of 224 x 224, and two of 96 x 160. Large tensors are thinned out: every k-th number, with k so that about 1,000
are left. Tolerances: 1e-5 of a tensor's maximum, 1e-4 for losses and gradients.
"""
import math
import torch
import torch.nn.functional as F
from diad import W, made
from systems_fixture import Fixture

WIDTH, HEADS, LAYERS, JITTER = 256, 8, 4, 20.0


def w(name, *shape):
    return W(name, *shape).double()


# --- EfficientNet ----------------------------------------------------------------------------------


def conv_same(x, name, out, kernel, stride, sides, groups=1):
    """"Same" padding for an image with these sides, which need not be those of `x`."""
    (top, bottom), (left, right) = (
        (lacking // 2, lacking - lacking // 2)
        for lacking in (max((math.ceil(side / stride) - 1) * stride + kernel - side, 0) for side in sides)
    )
    x = F.pad(x, (left, right, top, bottom))
    return F.conv2d(x, w(name + ".weight", out, x.shape[1] // groups, kernel, kernel), None, stride, 0, 1, groups)


def norm(x, name):
    c = x.shape[1]
    mean, var = w(name + ".running_mean", c), w(name + ".running_var", c)
    return F.batch_norm(x, mean, var, w(name + ".weight", c), w(name + ".bias", c), False, 0.0, 1e-3)


def pointwise(x, name, out, bias=False):
    return F.conv2d(x, w(name + ".weight", out, x.shape[1], 1, 1), w(name + ".bias", out) if bias else None)


def mobile_block(x, name, out, expansion, kernel, stride, sides):
    c = x.shape[1]
    wide, h = c * expansion, x
    if expansion != 1:
        h = F.silu(norm(pointwise(x, name + "._expand_conv", wide), name + "._bn0"))
    h = F.silu(norm(conv_same(h, name + "._depthwise_conv", wide, kernel, stride, sides, wide), name + "._bn1"))
    gate = F.silu(pointwise(h.mean((2, 3), keepdim=True), name + "._se_reduce", int(c * 0.25), True))
    h = h * torch.sigmoid(pointwise(gate, name + "._se_expand", wide, True))
    h = norm(pointwise(h, name + "._project_conv", out), name + "._bn2")
    return x + h if stride == 1 and c == out else h


# Expansion, kernel, stride, channels and blocks of the first five stages of B4.
STAGES = [(1, 3, 1, 24, 2), (6, 3, 2, 32, 4), (6, 5, 2, 56, 4), (6, 3, 2, 112, 6), (6, 5, 1, 160, 6)]


def features(image, padded_for):
    sides = list(image.shape[2:]) if padded_for is None else [padded_for, padded_for]
    h = F.silu(norm(conv_same(image, "backbone._conv_stem", 48, 3, 2, sides), "backbone._bn0"))
    sides, n, found = [math.ceil(s / 2) for s in sides], 0, []
    for expansion, kernel, stride, channels, blocks in STAGES:
        for i in range(blocks):
            step = stride if i == 0 else 1
            h = mobile_block(h, f"backbone._blocks.{n}", channels, expansion, kernel, step, sides)
            sides, n = [math.ceil(s / step) for s in sides], n + 1
        found.append(h)
    return [found[i] for i in (0, 1, 2, 4)]


def tokens(image, padded_for=380):
    cells = [s // 16 for s in image.shape[2:]]
    maps = [F.interpolate(f, cells, mode="bilinear", align_corners=True) for f in features(image, padded_for)]
    return torch.cat(maps, 1).flatten(2).transpose(1, 2)


# --- Transformer, on [N, B, C] ---------------------------------------------------------------------


def linear(x, name, out):
    return F.linear(x, w(name + ".weight", out, x.shape[-1]), w(name + ".bias", out))


def layer_norm(x, name):
    return F.layer_norm(x, x.shape[-1:], w(name + ".weight", x.shape[-1]), w(name + ".bias", x.shape[-1]))


def attention(q, k, v, name, hidden):
    c = q.shape[-1]
    return F.multi_head_attention_forward(
        q, k, v, c, HEADS, w(name + ".in_proj_weight", 3 * c, c), w(name + ".in_proj_bias", 3 * c), None, None, False, 0.0,
        w(name + ".out_proj.weight", c, c), w(name + ".out_proj.bias", c), training=False, need_weights=False,
        attn_mask=hidden,
    )[0]


def feed_forward(x, name):
    return linear(F.relu(linear(x, name + ".linear1", 4 * WIDTH)), name + ".linear2", WIDTH)


def hidden_places(cells, sides):
    """True where a query (row) must not look at a key."""
    rows, columns = torch.meshgrid(*(torch.arange(n) for n in cells), indexing="ij")
    near = [(p.flatten()[:, None] - p.flatten()).abs() <= s // 2 for p, s in zip((rows, columns), sides)]
    return near[0] & near[1]


def reconstruction(x, cells, sides=None):
    """`[B, N, C]` to the same."""
    name, (rows, columns) = "reconstruction", cells
    column = w(name + ".pos_embed.col_embed.weight", columns, WIDTH // 2)
    row = w(name + ".pos_embed.row_embed.weight", rows, WIDTH // 2)
    place = torch.cat([column.repeat(rows, 1), row.repeat_interleave(columns, 0)], 1)[:, None]
    hidden = hidden_places(cells, sides or [n // 2 for n in cells])
    memory = linear(x.transpose(0, 1), name + ".input_proj", WIDTH)
    for i in range(LAYERS):
        at = f"{name}.transformer.encoder.layers.{i}"
        q = memory + place
        memory = layer_norm(memory + attention(q, q, memory, at + ".self_attn", hidden), at + ".norm1")
        memory = layer_norm(memory + feed_forward(memory, at), at + ".norm2")
    y = memory
    for i in range(LAYERS):
        at = f"{name}.transformer.decoder.layers.{i}"
        h = w(at + ".learned_embed.weight", rows * columns, WIDTH)[:, None].expand(memory.shape)
        h = layer_norm(h + attention(h + place, memory + place, memory, at + ".self_attn", hidden), at + ".norm1")
        h = layer_norm(h + attention(h + place, y + place, y, at + ".multihead_attn", hidden), at + ".norm2")
        y = layer_norm(h + feed_forward(h, at), at + ".norm3")
    y = linear(layer_norm(y, name + ".transformer.decoder.norm"), name + ".output_proj", x.shape[-1])
    return y.transpose(0, 1)


def jittered(x, noise):
    return x + noise * x.norm(dim=2, keepdim=True) / x.shape[2] * JITTER


def map_of(x, rebuilt, cells):
    errors = (x - rebuilt).pow(2).sum(2).sqrt().reshape(-1, 1, *cells)
    return F.interpolate(errors, scale_factor=16, mode="bilinear", align_corners=True)


GRADIENTS = [
    "reconstruction.input_proj.weight",
    "reconstruction.pos_embed.row_embed.weight",
    "reconstruction.transformer.encoder.layers.1.self_attn.in_proj_weight",
    "reconstruction.transformer.decoder.layers.0.learned_embed.weight",
    "reconstruction.transformer.decoder.layers.3.multihead_attn.in_proj_bias",
    "reconstruction.output_proj.bias",
]


def case(fixture, batch, size):
    """Everything of one batch of images; weights whose shape follows from the size are made anew."""
    W.known.clear()
    cells = [s // 16 for s in size]
    with torch.no_grad():
        x = tokens(made("input.image", (batch, 3, *size)).double())
        rebuilt = reconstruction(x, cells)
        found = map_of(x, rebuilt, cells)
        fixture.add("tokens", x)
        fixture.add("rebuilt", rebuilt)
        fixture.add("map", found)
        fixture.add("largest", F.avg_pool2d(found, 16, 1).amax((1, 2, 3)))
        fixture.add("deviation", found.flatten(1).std(1, correction=0))
    noise = made("input.noise", x.shape).double()
    loss = F.mse_loss(reconstruction(jittered(x, noise), cells), x)
    loss.backward()
    fixture.add("loss", loss.detach())
    for name in GRADIENTS:
        fixture.add(f"grad.{name}", W.known[name].grad)


if __name__ == "__main__":
    torch.set_num_threads(1)
    fixture = Fixture("uniad", "tests/oracle/systems_uniad.py")
    case(fixture.part("square"), 1, (224, 224))
    case(fixture.part("oblong"), 2, (96, 160))
    with torch.no_grad():
        fixture.part("same").add("tokens", tokens(made("input.image", (2, 3, 96, 160)).double(), None))
    fixture.write()
