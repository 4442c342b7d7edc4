"""Writes fixture.json: AUROC and average precision by scikit-learn for 200 generated cases.

The inputs are not stored: `hash32` and `case_items` are written again in oracle.rs, so that both languages
make the same scores and labels from the few integers of a case. Scores are small integers times a power of two,
hence exact in 32 bits. A metric is null where a case lacks one of the two labels.

Run: python oracle.py    (needs numpy and scikit-learn; the tolerance used by the test is 1e-9)
"""

import json
from pathlib import Path

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

WORD = 0xFFFFFFFF


def hash32(value):
    value &= WORD
    value = ((value ^ (value >> 16)) * 0x45D9F3B) & WORD
    value = ((value ^ (value >> 15)) * 0x2C1B3C6D) & WORD
    return value ^ (value >> 14)


def case_items(case):
    scores, labels = [], []
    for index in range(case["items"]):
        draw = hash32(case["seed"] * 65537 + index * 2)
        label = draw % 1000 < case["anomalous_per_mille"]
        level = hash32(draw + 0x9E3779B9) % case["levels"]
        level += case["shift"] if label else 0
        scores.append((level - case["centre"]) * 2.0 ** case["exponent"])
        labels.append(label)
    return np.array(scores, dtype=np.float32), np.array(labels)


def describe(number):
    def draw(purpose, choices):
        return choices[hash32(number * 977 + purpose) % len(choices)]

    levels = draw(1, [1, 2, 3, 10, 100, 1000, 65536, 1 << 22])
    return {
        "seed": number + 1,
        "items": draw(2, [2, 10, 30, 200, 1000, 3000, 5000, 9000]),
        "anomalous_per_mille": draw(3, [0, 1, 5, 30, 100, 300, 500, 700, 900, 995, 999]),
        "levels": levels,
        "shift": draw(4, [0, 0, levels // 4, levels // 2, -(levels // 3), levels]),
        "centre": draw(5, [0, 0, levels // 2, levels * 2]),
        "exponent": draw(6, [-40, -22, -10, 0, 3, 60]),
    }


def main():
    cases = []
    for number in range(200):
        case = describe(number)
        scores, labels = case_items(case)
        both = labels.any() and not labels.all()
        case["auroc"] = float(roc_auc_score(labels, scores)) if both else None
        case["average_precision"] = float(average_precision_score(labels, scores)) if both else None
        cases.append(case)
    defined = sum(case["auroc"] is not None for case in cases)
    print(f"{len(cases)} cases, {defined} defined")
    lines = ",\n".join(json.dumps(case) for case in cases)
    Path(__file__).with_name("fixture.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
