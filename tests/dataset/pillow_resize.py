"""Writes pillow_resize.json: what Pillow's resize makes of small patterns with three of its filters.

The pattern is the formula below, which the test repeats. Run with Pillow 13: python pillow_resize.py
"""
import json
from pathlib import Path

import PIL
from PIL import Image

# (old width, old height, new width, new height): smaller, larger, mixed, odd ratios.
SIZES = [(37, 23, 16, 11), (41, 64, 9, 13), (12, 7, 29, 17), (13, 29, 21, 8), (8, 8, 8, 8), (1, 5, 6, 2)]


def value(x, y, channel):
    return (x * 37 + y * 91 + channel * 53 + (x * y) % 17 * 11) % 256


def case(filter, old_width, old_height, width, height):
    image = Image.new("RGB", (old_width, old_height))
    for y in range(old_height):
        for x in range(old_width):
            image.putpixel((x, y), tuple(value(x, y, channel) for channel in range(3)))
    resized = image.resize((width, height), Image.Resampling[filter.upper()])
    return {"filter": filter, "from": [old_width, old_height], "to": [width, height], "rgb": list(resized.tobytes())}


cases = [case(filter, *sizes) for filter in ("bilinear", "bicubic", "nearest") for sizes in SIZES]
lines = ",\n".join(json.dumps(one, separators=(",", ":")) for one in cases)
path = Path(__file__).with_suffix(".json")
path.write_text(f'{{"pillow":"{PIL.__version__}","cases":[\n{lines}\n]}}\n')
