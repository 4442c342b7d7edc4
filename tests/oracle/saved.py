"""Writes tests/metric/saved/: the same small predictions in every form that `diadc metrics` reads.

Run: python saved.py    (numpy, safetensors)
"""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

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


if __name__ == "__main__":
    main()
