#!/usr/bin/env python3
"""Reads what `run --tensorboard` has written with TensorBoard's own reader, and compares it with `losses.csv`.

    pip install tensorboard
    tests/read_events.py target/release/diadc
"""

import csv
import pathlib
import subprocess
import sys
import tempfile

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

SPEC = """
use std::autoencoder::{ConvAutoencoder}
model Small {
    data { size = 16 }
    part ae = ConvAutoencoder(widths: [4, 4])
    part be = ConvAutoencoder(widths: [4, 4])
    objective rebuilding(image) trains ae { mse(ae(image), image) }
    objective again(image) trains be { mse(be(image), image) }
    training rebuilding { optimizer = adamw(lr: 2e-3)  batch = 4  steps = 20 }
    training again { optimizer = adamw(lr: 1e-3)  batch = 4  steps = 5 }
}
"""


def main() -> None:
    program = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        home = pathlib.Path(folder)
        (home / "small.diad").write_text(SPEC)
        command = [program, "train", "small.diad", "--classes", "tile", "--out", "run", "--tensorboard"]
        subprocess.run(command, cwd=home, check=True, capture_output=True)
        files = sorted((home / "run/events").iterdir())
        print("files:", *(file.name for file in files))
        reader = EventAccumulator(str(home / "run/events"), size_guidance={"scalars": 0})
        reader.Reload()
        tags = sorted(reader.Tags()["scalars"])
        rows = list(csv.DictReader((home / "run/losses.csv").open()))
        assert len(rows) == 25, rows
        for tag in tags:
            points = reader.Scalars(tag)
            print(f"{tag}: {len(points)} points, steps {points[0].step} to {points[-1].step}, last {points[-1].value:g}")
        names = [f"{what}/{of}" for what in ["gradient_norm", "learning_rate", "loss"] for of in ["again", "rebuilding"]]
        assert tags == sorted([*names, "images_per_second", "most_memory_bytes"]), tags
        for objective in ["rebuilding", "again"]:
            own = [row for row in rows if row["objective"] == objective]
            for name in ["loss", "gradient_norm", "learning_rate"]:
                read = [(point.step, point.value) for point in reader.Scalars(f"{name}/{objective}")]
                written = [(int(row["step"]), float(row[name])) for row in own]
                assert [step for step, _ in read] == [step for step, _ in written], (read, written)
                assert all(abs(a - b) <= 1e-6 * abs(b) for (_, a), (_, b) in zip(read, written)), (read, written)
    print("passed")


if __name__ == "__main__":
    main()
