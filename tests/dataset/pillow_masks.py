"""Writes pillow_masks.json: which pixels of small masks are anomalous after resizing, as two public programs do it.

`any`: the grey levels of the file are resized by Pillow's bilinear filter, and a pixel above 0 is anomalous (the data
loaders of DiAD's released code). `half`: what is above 0 becomes 255 first, and a pixel above one half is anomalous (ADer's
data loader). A pixel of column x and row y has level (7 y + 3 x) mod n of the list of n. Run: python pillow_masks.py
"""
import json
from pathlib import Path

import PIL
from PIL import Image

SIZES = [(24, 18, 10, 8), (24, 18, 8, 6), (10, 12, 23, 17), (31, 9, 16, 16), (16, 16, 16, 16)]
LEVELS = [[0, 0, 0, 0, 255, 255], [0, 0, 0, 1, 0, 0, 3, 5, 0, 0], [0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0], [0, 0, 4, 255, 0, 0, 0]]


def marked(image, size, threshold):
    resized = image.resize(size, Image.Resampling.BILINEAR).tobytes()
    return "".join("1" if value > threshold else "0" for value in resized)


cases = []
for old_width, old_height, *size in SIZES:
    for levels in LEVELS:
        places = [(x, y) for y in range(old_height) for x in range(old_width)]
        values = bytes(levels[(y * 7 + x * 3) % len(levels)] for x, y in places)
        raw = Image.frombytes("L", (old_width, old_height), values)
        full = Image.frombytes("L", (old_width, old_height), bytes(255 if value else 0 for value in values))
        cases.append({
            "from": [old_width, old_height], "to": size, "levels": levels,
            "any": marked(raw, tuple(size), 0), "half": marked(full, tuple(size), 127),
        })
lines = ",\n".join(json.dumps(one, separators=(",", ":")) for one in cases)
Path(__file__).with_suffix(".json").write_text(f'{{"pillow":"{PIL.__version__}","cases":[\n{lines}\n]}}\n')
