"""Writes visa_split.json: which normal images of each class of VisA are tested, by number.

The published list is split_csv/1cls.csv of amazon-science/spot-diff. Its lines are in the order of Python's shuffle with
seed 998, begun anew for each class, nine tenths of them for training. HEADS are lines of that list, read there: the first to be
trained on and the first to be tested. Run with any Python 3: python visa_split.py
"""
import json
import random
from pathlib import Path

NORMAL = {
    "candle": 1000, "capsules": 602, "cashew": 500, "chewinggum": 503, "fryum": 500, "macaroni1": 1000,
    "macaroni2": 1000, "pcb1": 1004, "pcb2": 1001, "pcb3": 1006, "pcb4": 1005, "pipe_fryum": 500,
}
HEADS = {
    "candle": ([836, 451, 516, 977, 249, 548, 362, 74], [790, 107, 484, 690, 303, 237, 394, 214]),
    "capsules": ([78, 384, 186, 595, 409, 460, 386, 599], []),
    "pcb4": ([], [107, 484, 690, 303, 237, 394, 214, 990]),
}

split = {}
for name, count in NORMAL.items():
    order = list(range(count))
    random.Random(998).shuffle(order)
    border = round(0.9 * count)
    train, test = order[:border], order[border:]
    first_trained, first_tested = HEADS.get(name, ([], []))
    assert train[: len(first_trained)] == first_trained and test[: len(first_tested)] == first_tested, name
    split[name] = {"normal": count, "test": sorted(test)}
assert sum(len(entry["test"]) for entry in split.values()) == 962
lines = ",\n".join(f'"{name}":{json.dumps(entry, separators=(",", ":"))}' for name, entry in split.items())
Path(__file__).with_suffix(".json").write_text("{\n" + lines + "\n}\n")
