"""PaDiM and PatchCore of anomalib, in double precision, beside a run of diadc on the same images.

    diadc run padim     --dataset mvtec --data DIR --classes NAME --weights resnet18.pth --out padim
    diadc run patchcore --dataset mvtec --data DIR --classes NAME --weights wide_resnet50_2.pth --out patchcore
    python tests/oracle/systems.py padim padim/weights.safetensors DIR/NAME
    python tests/oracle/systems.py patchcore patchcore/weights.safetensors DIR/NAME --rows 500

anomalib's models are given the layers of the extractor, from `diadc call`, and compute all else: channels or patches, the mean
and the inverse covariance of the training images, the first rows of the memory, scores and maps of test images. Its coreset
begins with diadc's first row, after diadc's projection. Whether the differences are small enough is decided here: the script
fails if they are not. Images should be PNG: readers of JPEG differ by a level here and there. Settings of the run, such as
`--set depth=50`, are given again. Needs anomalib, numpy, Pillow and safetensors, and `diadc` on the path.
"""
import argparse, pathlib, subprocess, sys, tempfile
from unittest import mock
import numpy as np
import torch
from anomalib.models.components.sampling import k_center_greedy
from anomalib.models.image.padim.torch_model import PadimModel
from anomalib.models.image.patchcore.torch_model import PatchcoreModel
from PIL import Image
from safetensors.numpy import load_file, save_file
import coreset

MEAN, STD = [np.array(v, np.float32) for v in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])]
AT_ONCE = 16


def images(paths, size):
    """What the model sees, rounded as diadc rounds it."""
    def one(path):
        small = Image.open(path).convert("RGB").resize((size, size), Image.BILINEAR)
        return ((np.asarray(small, np.float32) / np.float32(255) - MEAN) / STD).transpose(2, 0, 1)

    return np.ascontiguousarray(np.stack([one(path) for path in paths]))


def call(options, function, pixels):
    with tempfile.TemporaryDirectory() as folder:
        given, got = pathlib.Path(folder, "x.safetensors"), pathlib.Path(folder, "y.safetensors")
        save_file({"image": pixels}, given)
        settings = [word for setting in options.set for word in ("--set", setting)]
        command = ["diadc", "call", options.system, function, "--weights", options.weights]
        subprocess.run([*command, "--inputs", given, "--output", got, *settings], check=True, stdout=subprocess.DEVNULL)
        return load_file(got)


def portions(options, paths):
    for first in range(0, len(paths), AT_ONCE):
        yield images(paths[first : first + AT_ONCE], options.size)


class Layers(torch.nn.Module):
    """In the place of an extractor of features: the layers that diadc computes, from the given one on."""

    def __init__(self, options, first):
        super().__init__()
        self.options, self.first = options, first

    def forward(self, pixels):
        layers = call(self.options, f"backbone(image)[{self.first}..]", pixels.numpy().astype(np.float32))
        return {f"layer{self.first + int(place)}": torch.from_numpy(layer).double() for place, layer in layers.items()}


def difference(found, expected):
    """The largest one, as a share of the largest number."""
    expected = torch.as_tensor(expected).double()
    return float((torch.as_tensor(found).double() - expected).abs().max() / expected.abs().max())


def report(what, difference, limit):
    print(f"{what}: {difference:.1e}" + ("" if difference <= limit else f", more than {limit:.0e}"), flush=True)
    return difference <= limit


def compare_scores(options, model, test):
    fits, done = True, 0
    for pixels in portions(options, test):
        found, expected = call(options, "score", pixels), model.eval()(torch.from_numpy(pixels).double())
        for i in range(len(pixels)):
            score = difference(found["value"][i], expected.pred_score[i])
            pixel = difference(found["map"][i], expected.anomaly_map[i])
            fits &= report(f"{test[done]}: score and map", max(score, pixel), 1e-5)
            done += 1
    return fits


def padim(options, train, test):
    stored = load_file(options.weights)
    model = PadimModel("resnet18", pre_trained=False, n_features=1).double()
    model.idx = torch.from_numpy(stored["gaussian.idx"]).long()
    model.feature_extractor = Layers(options, 1)
    for pixels in portions(options, train):
        model.train()(torch.from_numpy(pixels).double())
    model.fit()
    inverse, found = model.gaussian.inv_covariance, torch.from_numpy(stored["gaussian.inv_covariance"]).double()
    per_place = (found - inverse).abs().amax((1, 2)) / inverse.abs().amax((1, 2))
    fits = report("mean", difference(stored["gaussian.mean"], model.gaussian.mean), 1e-6)
    fits &= report("inverse covariance, largest of all places", float(per_place.max()), 1e-6)
    return compare_scores(options, model, test) and fits


class Projected:
    """In the place of anomalib's projection: rows that are projected already."""

    def __init__(self, rows):
        self.rows = torch.from_numpy(rows).double()

    def fit(self, _rows):
        return self

    def transform(self, _rows):
        return self.rows


def patchcore(options, train, test):
    bank = load_file(options.weights)["memory.memory_bank"]
    rows = np.concatenate([call(options, "patches(image)", pixels)["result"] for pixels in portions(options, train)])
    rows = rows.reshape(-1, rows.shape[2])
    key = options.seed, b"fit memory#0"
    kept = coreset.kept(key, len(rows), options.at_most)
    count = min(options.rows or len(bank), len(bank))
    sampler = k_center_greedy.KCenterGreedy(torch.from_numpy(rows), 1.0)
    sampler.coreset_size, sampler.n_observations = count, len(kept)
    sampler.model = Projected(coreset.projected(key, rows[kept], options.project))
    first = torch.tensor([coreset.first(key, len(kept))])
    with mock.patch("torch.randint", return_value=first), mock.patch.object(k_center_greedy, "tqdm", lambda x, **_: x):
        chosen = rows[kept[sampler.select_coreset_idxs()]]
    same = sum(a.tobytes() == b.tobytes() for a, b in zip(chosen, bank[:count]))
    print(f"of the first {count} rows of the memory, {same} are those that anomalib chooses from {len(kept)}", flush=True)
    model = PatchcoreModel(["layer2", "layer3"], "resnet18", False, options.neighbours).double()
    model.memory_bank = torch.from_numpy(bank).double()
    model.feature_extractor = Layers(options, 2)
    pixels = images(train[:1], options.size)
    patches = model.train()(torch.from_numpy(pixels).double())
    fits = report("patches of an image", difference(call(options, "patches(image)", pixels)["result"][0], patches), 1e-6)
    return compare_scores(options, model, test) and fits and same == count


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("system", choices=["padim", "patchcore"])
    parser.add_argument("weights")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--size", type=int)
    parser.add_argument("--images", type=int, default=4, help="how many test images are scored")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", type=int, help="how many rows of the memory anomalib chooses; all, if not given")
    parser.add_argument("--project", type=int, default=128)
    parser.add_argument("--at-most", type=int, default=200000)
    parser.add_argument("--neighbours", type=int, default=9)
    options = parser.parse_args()
    options.size = options.size or {"padim": 256, "patchcore": 224}[options.system]
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    train, test = sorted((options.folder / "train/good").iterdir()), sorted(options.folder.glob("test/*/*"))
    sys.exit(0 if globals()[options.system](options, train, test[: options.images]) else "the differences are too large")
