"""Writes pillow_resize.json: what Pillow's resize makes of small patterns with three of its filters, in colour and in grey.

The pattern is the formula below, which the test repeats; a grey picture is its first channel. Of small pictures all values
are written, of larger ones the sum and a sum that depends on the places. Run with Pillow 13: python pillow_resize.py
"""
import json
from pathlib import Path

import PIL
from PIL import Image

# (old width, old height, new width, new height): smaller, larger, mixed, odd ratios, one side only.
SMALL = [(37, 23, 16, 11), (41, 64, 9, 13), (12, 7, 29, 17), (13, 29, 21, 8), (8, 8, 8, 8), (1, 5, 6, 2)]
LARGE = [
    (100, 100, 64, 64), (300, 200, 256, 256), (511, 257, 256, 256), (257, 511, 300, 200), (33, 470, 128, 128),
    (640, 480, 224, 224), (90, 70, 90, 31), (90, 70, 131, 70), (255, 255, 256, 256), (1000, 3, 7, 300),
]
MODULUS = 2**31 - 1


def value(x, y, channel):
    return (x * 37 + y * 91 + channel * 53 + (x * y) % 17 * 11) % 256


def picture(mode, width, height):
    channels = len(mode)
    values = bytes(value(x, y, c) for y in range(height) for x in range(width) for c in range(channels))
    return Image.frombytes(mode, (width, height), values)


def case(mode, filter, old_width, old_height, width, height, is_small):
    resized = picture(mode, old_width, old_height).resize((width, height), Image.Resampling[filter.upper()]).tobytes()
    record = {"mode": mode, "filter": filter, "from": [old_width, old_height], "to": [width, height]}
    if is_small:
        return record | {"values": list(resized)}
    placed = sum((at % 65521 + 1) * value for at, value in enumerate(resized)) % MODULUS
    return record | {"sum": sum(resized), "placed": placed}


cases = [
    case(mode, filter, *sizes, is_small)
    for mode in ("RGB", "L")
    for filter in ("bilinear", "bicubic", "nearest")
    for is_small, list_ in ((True, SMALL), (False, LARGE))
    for sizes in list_
]
lines = ",\n".join(json.dumps(one, separators=(",", ":")) for one in cases)
path = Path(__file__).with_suffix(".json")
path.write_text(f'{{"pillow":"{PIL.__version__}","cases":[\n{lines}\n]}}\n')
