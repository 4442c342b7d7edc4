"""Times scikit-learn, and anomalib where it is installed, on what `cargo bench --bench metrics` measures.

One class of 115 maps of 256x256: pixel AUROC, AP and F1-max, and PRO at 200 thresholds as published code computes it.

Run: python metrics_speed.py    (numpy, scikit-learn, scikit-image; anomalib, torch and torchmetrics if they are there)
"""

import time

import numpy as np
from metrics import anomalib_pro
from skimage import measure
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

IMAGES, SIDE = 115, 256


def maps():
    draw = np.random.default_rng(1)
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    scores = np.empty((IMAGES, SIDE, SIDE), dtype=np.float32)
    masks = np.zeros((IMAGES, SIDE, SIDE), dtype=bool)
    for number in range(IMAGES):
        centre, radius = 60 + 9 * (number % 15), 10 + number % 23
        away = np.hypot(x - centre, y - centre) / radius
        bump = 0.3 * np.exp(-(away**2)) if number % 4 else 0.0
        noise = 0.02 * draw.random((SIDE, SIDE), dtype=np.float32)
        scores[number] = 0.2 + 0.05 * np.sin(x / 17) * np.cos(y / 13) + noise + bump
        masks[number] = (away < 1) & (number % 4 != 0)
    return scores, masks


def pro(scores, masks, count=200, limit=0.3):
    regions = [measure.regionprops(measure.label(mask)) for mask in masks]
    points = []
    for threshold in np.linspace(scores.min(), scores.max(), count, endpoint=False):
        called = scores > threshold
        rate = (called & ~masks).sum() / (~masks).sum()
        overlap = [c[r.coords[:, 0], r.coords[:, 1]].mean() for c, found in zip(called, regions) for r in found]
        points.append((rate, np.mean(overlap)))
    points = np.array([point for point in points if point[0] < limit])[::-1]
    return np.trapezoid(points[:, 1], points[:, 0] / points[:, 0].max())


def timed(name, function):
    start, cpu = time.perf_counter(), time.process_time()
    value = function()
    print(f"{name:28} {time.perf_counter() - start:7.2f} s, CPU {time.process_time() - cpu:7.2f} s   {value:.6f}")


def main():
    scores, masks = maps()
    flat, labels = scores.ravel(), masks.ravel()

    def f1():
        precision, recall, _ = precision_recall_curve(labels, flat)
        return np.max(2 * precision * recall / np.maximum(precision + recall, 1e-12))

    timed("scikit-learn AUROC", lambda: roc_auc_score(labels, flat))
    timed("scikit-learn AP", lambda: average_precision_score(labels, flat))
    timed("scikit-learn F1-max", f1)
    timed("PRO at 200 thresholds", lambda: pro(scores, masks))
    anomalib = anomalib_pro()
    if anomalib is None:
        print("anomalib is left out: it is neither installed nor named by ANOMALIB")
        return
    timed("anomalib AUPRO", lambda: anomalib(scores, masks))


if __name__ == "__main__":
    main()
