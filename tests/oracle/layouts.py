"""Names and shapes of the weights as other programs write them: `tests/weight/fixtures/layouts.tsv`.

From the classes of diffusers (0.42.1), transformers (5.23.0), timm (1.0.31) and torchvision (0.29.2) themselves, built
without numbers on torch's meta device from the configurations of Stable Diffusion 1.5. The older naming of the
autoencoder's attention is what diffusers' own conversion turns into the newer one (`Attention` of its
`_from_deprecated_attn_block`).
Columns: layout, name, shape. Run: python tests/oracle/layouts.py
"""

import gzip
import pathlib

import timm
import torch
import torchvision
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

OLDER = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}


def models():
    with torch.device("meta"):
        yield "unet", UNet2DConditionModel(
            sample_size=64, cross_attention_dim=768, attention_head_dim=8, block_out_channels=(320, 640, 1280, 1280)
        )
        yield "vae", AutoencoderKL(
            block_out_channels=(128, 256, 512, 512),
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            layers_per_block=2,
            latent_channels=4,
            sample_size=512,
        )
        yield "text", CLIPTextModel(
            CLIPTextConfig(hidden_size=768, intermediate_size=3072, num_attention_heads=12, num_hidden_layers=12)
        )
        for name, wide in [("resnet18", 0), ("resnet34", 0), ("resnet50", 0), ("resnet101", 0), ("wide_resnet50_2", 1)]:
            yield f"timm {name}", timm.create_model(name)
            yield f"torchvision {name}", getattr(torchvision.models, name)()


def main():
    lines = []
    for layout, model in models():
        weights = {name: list(tensor.shape) for name, tensor in model.state_dict().items()}
        if layout == "text" and not any(name.startswith("text_model.") for name in weights):
            # Files on disk have the prefix; newer versions of transformers take it off and put it back.
            weights = {f"text_model.{name}": shape for name, shape in weights.items()}
        for name, shape in weights.items():
            lines.append((layout, name, "x".join(map(str, shape))))
        if layout == "vae":
            for name, shape in weights.items():
                for new, old in OLDER.items():
                    name = name.replace(f"attentions.0.{new}.", f"attentions.0.{old}.")
                lines.append(("older vae", name, "x".join(map(str, shape))))
    text = "".join("\t".join(line) + "\n" for line in lines)
    path = pathlib.Path(__file__).parent.parent / "weight/fixtures/layouts.tsv.gz"
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
    print(len(lines), "names", path.stat().st_size, "bytes")


main()
