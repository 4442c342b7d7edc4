"""Images a second that are decoded and brought to 256x256: Pillow, and diadc by its benchmark, on the same files.

Makes 24 JPEGs of 1500x1000 pixels in a temporary folder: smooth shades, edges and noise, of about the size of the photographs
of VisA. Then measures Pillow with one and two processes, and runs `cargo bench --bench decode` on the same folder.
Needs numpy and Pillow: python benches/decode.py [--only-pillow]
"""
import os
import subprocess
import sys
import tempfile
import time
from multiprocessing import Pool
from pathlib import Path

import numpy
from PIL import Image

COUNT, WIDTH, HEIGHT, SIDE, ROUNDS = 24, 1500, 1000, 256, 5


def make(folder):
    random = numpy.random.default_rng(1)
    y, x = numpy.mgrid[0:HEIGHT, 0:WIDTH]
    for number in range(COUNT):
        shade = 110 + 60 * numpy.sin(x / (40 + number)) * numpy.cos(y / (55 + number))
        disc = ((x - 700 - 9 * number) ** 2 + (y - 500) ** 2 < 300**2) * 50
        noise = random.normal(0, 6, (HEIGHT, WIDTH, 3))
        pixels = shade[..., None] + disc[..., None] * numpy.array([1, 0.6, 0.3]) + noise
        Image.fromarray(pixels.clip(0, 255).astype("uint8")).save(folder / f"{number:03}.jpg", quality=90)


def read(path):
    with Image.open(path) as image:
        return len(image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR).tobytes())


def measure(processes, paths):
    with Pool(processes) as pool:
        pool.map(read, paths)
        start = time.perf_counter()
        pool.map(read, paths * ROUNDS, chunksize=4)
        return len(paths) * ROUNDS / (time.perf_counter() - start)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder))
        paths = sorted(Path(folder).iterdir())
        size = sum(path.stat().st_size for path in paths) / COUNT / 1000
        print(f"{COUNT} JPEGs of {WIDTH}x{HEIGHT}, {size:.0f} kB each", flush=True)
        for processes in (1, 2):
            print(f"Pillow {Image.__version__}, {processes} processes: {measure(processes, paths):.1f} images/s", flush=True)
        if "--only-pillow" not in sys.argv:
            environment = {**os.environ, "DIADC_BENCH_IMAGES": folder}
            subprocess.run(["cargo", "bench", "--bench", "decode"], env=environment, check=True)
