"""Writes tests/metric/saved/: the same small predictions in every form that `diadc metrics` reads.

Also each type of NumPy that is read, kinds that are not, and scores of 64 bits with their metrics by scikit-learn.

Run: python saved.py    (numpy, safetensors, scikit-learn, pillow)
"""

import json
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.numpy import save_file
from sklearn.metrics import average_precision_score, roc_auc_score

HOME = Path(__file__).parent.parent / "metric" / "saved"


def main():
    maps = (np.arange(48, dtype=np.float32).reshape(3, 4, 4) * 7 % 48) / 64
    masks = np.zeros((3, 4, 4), dtype=np.uint8)
    masks[1, 1:3, 1:3] = 255
    masks[2, 0, 3] = 255
    scores = np.array([0.25, 0.75, 0.5])
    classes = np.array(["bolt", "bolt", "nüt"])
    np.savez(HOME / "stored.npz", maps=maps, masks=masks, scores=scores, classes=classes)
    np.savez_compressed(HOME / "deflated.npz", maps=maps, masks=masks, scores=scores, classes=classes)
    np.save(HOME / "maps.npy", maps.astype(np.float64))
    np.save(HOME / "half.npy", maps.astype(np.float16))
    np.save(HOME / "labels.npy", np.array([0, 1, 1], dtype=np.int64))
    np.save(HOME / "columns.npy", np.asfortranarray(maps[0]))
    np.save(HOME / "objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    save_file({"maps": maps, "masks": masks, "scores": scores}, HOME / "all.safetensors")
    types()
    others(maps, masks)
    exact()
    tiff(maps[0])
    dump(maps, masks)


def dump(maps, masks):
    """One file per image, as UniAD dumps them; one map is smaller, and one mask has a value that is a little too high."""
    (HOME / "dump").mkdir(exist_ok=True)
    for number in range(3):
        high = masks[number] / 255 + (masks[number] > 0) * (1e-4 if number == 1 else 0)
        step = 2 if number == 0 else 1
        pred, mask = maps[number][::step, ::step], high[::step, ::step].astype(np.float32)
        np.savez(HOME / "dump" / f"{number}.npz", pred=pred[None], mask=mask[None], filename=f"{number}.png", clsname="nut")


def tiff(values):
    """One map as TIFF in several ways, and pictures that are no map."""
    Image.fromarray(values).save(HOME / "float.tiff")
    for packing in ["tiff_lzw", "tiff_adobe_deflate", "packbits"]:
        Image.fromarray(values).save(HOME / f"float_{packing}.tif", compression=packing)
    Image.fromarray((values * 64).astype(np.uint16)).save(HOME / "deep.tiff")
    Image.fromarray((values * 64).astype(np.uint8)).save(HOME / "byte.tiff")
    Image.fromarray(np.stack([(values * 64).astype(np.uint8)] * 3, -1)).save(HOME / "colour.tiff")
    first = Image.fromarray(values)
    first.save(HOME / "pages.tiff", save_all=True, append_images=[first])


def types():
    """The numbers 0 to 23, or 0 and 1, in each type, in both orders of bytes and of extents."""
    numbers = np.arange(24).reshape(2, 3, 4)
    arrays = {}
    for name in ["f2", "f4", "f8", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8"]:
        for order in ["<", ">"]:
            arrays[f"{name}{'big' if order == '>' else ''}"] = numbers.astype(order + name)
        arrays[f"{name}columns"] = np.asfortranarray(numbers.astype(name))
    arrays["turned"] = np.asfortranarray(numbers.astype(">f4"))
    arrays["truth"] = numbers > 11
    arrays["texts"] = np.asfortranarray(numbers.astype(">U2"))
    arrays["bytes"] = numbers.astype("S2")
    np.savez_compressed(HOME / "types.npz", **arrays)


def others(maps, masks):
    """Arrays that are not read, beside some that are."""
    beside = {
        "names": np.array(["a", {"b": 1}, None], dtype=object),
        "dates": np.array(["2024-01-01"] * 3, dtype="M8[D]"),
        "complex": np.ones(3, dtype=complex),
        "pairs": np.zeros(3, dtype=[("a", "f4"), ("b", "i4")]),
        "long": np.ones(3, dtype=np.longdouble),
        "large": np.array([2**53 + 1, 2**62 + 1, 5]),
    }
    np.savez_compressed(HOME / "others.npz", maps=maps, masks=masks, **beside)


def exact():
    """Scores and maps whose differences 32 bits do not tell, and their AUROC and AP."""
    random = np.random.default_rng(5)
    labels = np.arange(60) % 3 == 0
    raw = random.normal(size=60) + labels
    scores = {
        "near_one": 1 - 1e-12 * np.exp(-raw),
        "offset": -123456.0 - 1e-4 * (3 - raw),
        "huge": 1e200 * np.exp(raw),
        "integers": (10**12 + np.round(50 * raw)).astype(np.int64),
        "unsigned": (2**40 + np.round(50 * raw)).astype(np.uint64),
        "tiny": 1e-300 * np.exp(raw),
    }
    masks = random.random((6, 8, 8)) < 0.2
    masks[:2] = False
    maps = 0.999999 + 1e-12 * (random.normal(size=masks.shape) + masks)
    expected = {
        name: [roc_auc_score(labels, values), average_precision_score(labels, values)]
        for name, values in scores.items()
    }
    expected["maps"] = [f(masks.ravel(), maps.ravel()) for f in (roc_auc_score, average_precision_score)]
    np.savez_compressed(HOME / "exact.npz", labels=labels, masks=masks.astype(np.uint8), maps=maps, **scores)
    (HOME / "exact.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
