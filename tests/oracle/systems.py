"""PaDiM and PatchCore in NumPy, in double precision, beside a run of diadc on the same images.

    diadc run padim     --dataset mvtec --data DIR --classes NAME --weights resnet18.pth --out padim
    diadc run patchcore --dataset mvtec --data DIR --classes NAME --weights wide_resnet50_2.pth --out patchcore
    python tests/oracle/systems.py padim padim/weights.safetensors DIR/NAME
    python tests/oracle/systems.py patchcore patchcore/weights.safetensors DIR/NAME --images 4

Features come from `diadc call`, all else is computed here: the mean and the inverse covariance of the training images
(PaDiM); which rows of the memory are patches of them, the scores and the maps of a few test images (PatchCore, as anomalib
defines them). Images should be PNG: readers of JPEG differ by a level here and there. Settings of the run, such as
`--set depth=50`, are given again. Needs numpy, scipy, Pillow and safetensors, and `diadc` on the path.
"""
import argparse, pathlib, subprocess, tempfile
import numpy as np
from PIL import Image
from safetensors.numpy import load_file, save_file
from scipy.spatial.distance import cdist

MEAN, STD = [np.array(v, np.float32) for v in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])]


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
        subprocess.run([*command, "--inputs", given, "--output", got, *settings], check=True)
        return load_file(got)


def padim(options, train, _test):
    x = call(options, "gaussian.choose(features(image))", images(train, options.size))["result"].astype(np.float64)
    stored = load_file(options.weights)
    d = (x - x.mean(0)).transpose(2, 0, 1)
    covariance = d.transpose(0, 2, 1) @ d / (len(train) - 1) + (0.01 + 1e-5) * np.eye(d.shape[2])
    inverse = np.linalg.inv(covariance)
    per_place = np.abs(inverse - stored["gaussian.inv_covariance"]).max((1, 2)) / np.abs(inverse).max((1, 2))
    print("mean, largest difference:", np.abs(x.mean(0) - stored["gaussian.mean"]).max() / np.abs(x).max())
    print("inverse covariance, largest difference of a place:", per_place.max())


def blur(x):
    """A Gaussian of 4 pixels over 33, the border reflected and not repeated, as kornia blurs."""
    kernel = np.exp(-np.arange(-16, 17) ** 2 / 32)
    x = np.pad(x, 16, mode="reflect")
    for axis in (0, 1):
        x = np.apply_along_axis(np.convolve, axis, x, kernel / kernel.sum(), "valid")
    return x


def patchcore(options, train, test):
    bank = load_file(options.weights)["memory.memory_bank"]
    rows = call(options, "patches(image)", images(train, options.size))["result"]
    known = {row.tobytes() for row in rows.reshape(-1, rows.shape[2])}
    print("rows of the memory that are patches:", sum(row.tobytes() in known for row in bank), "of", len(bank))
    pixels = images(test, options.size)
    found, patches = call(options, "score", pixels), call(options, "patches(image)", pixels)["result"]
    bank, side = bank.astype(np.float64), round(patches.shape[1] ** 0.5)
    for i, path in enumerate(test):
        near = cdist(patches[i].astype(np.float64), bank)
        farthest = near.min(1).argmax()
        neighbour = near[farthest].argmin()
        around = np.argsort(cdist(bank[neighbour : neighbour + 1], bank)[0], kind="stable")[: options.neighbours]
        weights = np.exp(near[farthest][around] - near[farthest][around].max())
        score = (1 - weights[0] / weights.sum()) * near.min(1).max()
        place = np.arange(options.size) * side // options.size
        pixel = blur(near.min(1).reshape(side, side)[place][:, place])
        differences = [abs(found["value"][i] - score) / score, np.abs(found["map"][i, 0] - pixel).max() / pixel.max()]
        print(f"{path}: score {differences[0]:.1e}, map {differences[1]:.1e}")


parser = argparse.ArgumentParser()
parser.add_argument("system", choices=["padim", "patchcore"])
parser.add_argument("weights")
parser.add_argument("folder", type=pathlib.Path)
parser.add_argument("--set", action="append", default=[])
parser.add_argument("--size", type=int)
parser.add_argument("--images", type=int, default=4)
parser.add_argument("--neighbours", type=int, default=9)
options = parser.parse_args()
options.size = options.size or {"padim": 256, "patchcore": 224}[options.system]
globals()[options.system](
    options, sorted((options.folder / "train/good").iterdir()), sorted(options.folder.glob("test/*/*"))[: options.images]
)
