"""Writes tests/metric/maps.json: metrics of 200 generated sets of anomaly maps, many of them with ties.

Per case: AUROC, AP and F1-max by scikit-learn; IoU-max from the same curve; PRO by a plain exact integration over all
thresholds with regions from scikit-image; PRO by anomalib's AUPRO where anomalib's metric code is at hand (it adds in 32 bits,
and is off by up to 6.6e-8 here); and what the protocols `diad` and `ader` measure, written again from what their code does.

The inputs are not stored: `maps_of` is written again in protocol.rs, so that both languages make the same maps and masks
from the few integers of a case. A metric is null where a case lacks what it needs.

Run: python metrics.py    (numpy, scipy, scikit-learn, scikit-image; anomalib, torch and torchmetrics if they are there, where
ANOMALIB=folder names one that holds `anomalib` without being installed). The tolerance used by the test is 1e-9, for anomalib 1e-6.
"""

import importlib.util
import json
import os
import sys
import types
from pathlib import Path

import numpy as np
from skimage import measure
from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_auc_score

WORD = 0xFFFFFFFF


def hash32(value):
    value &= WORD
    value = ((value ^ (value >> 16)) * 0x45D9F3B) & WORD
    value = ((value ^ (value >> 15)) * 0x2C1B3C6D) & WORD
    return value ^ (value >> 14)


def maps_of(case):
    height, width, images = case["height"], case["width"], case["images"]
    masks = np.zeros((images, height, width), dtype=bool)
    maps = np.zeros((images, height, width), dtype=np.float32)
    for image in range(images):
        base = hash32(case["seed"] * 7919 + image)
        for blob in range(base % 4):
            draw = [hash32(base + 17 * blob + purpose + 1) for purpose in range(4)]
            top, left = draw[0] % height, draw[1] % width
            masks[image, top : top + 1 + draw[2] % 5, left : left + 1 + draw[3] % 6] = True
        for y in range(height):
            for x in range(width):
                level = hash32(base * 31 + y * width + x) % case["levels"]
                level += case["shift"] if masks[image, y, x] else 0
                maps[image, y, x] = (level - case["centre"]) * 2.0 ** case["exponent"]
    return maps, masks


def describe(number):
    def draw(purpose, choices):
        return choices[hash32(number * 977 + purpose) % len(choices)]

    levels = draw(1, [1, 2, 3, 10, 100, 1000, 65536, 1 << 20])
    large = number % 20 == 7
    return {
        "seed": number + 1,
        "images": draw(2, [1, 2, 4, 7]),
        "height": 60 if large else draw(3, [1, 5, 12, 16]),
        "width": 64 if large else draw(4, [3, 12, 20]),
        "levels": levels,
        "shift": draw(5, [0, 0, levels // 4, levels // 2, -(levels // 3), levels]),
        "centre": draw(6, [0, 0, levels // 2, levels * 2]),
        "exponent": draw(7, [-20, -10, 0, 3]),
    }


def f1_max(labels, scores):
    precision, recall, _ = precision_recall_curve(labels, scores)
    with np.errstate(invalid="ignore"):
        f1 = 2 * precision * recall / (precision + recall)
    return float(np.max(f1[np.isfinite(f1)]))


def regions_of(masks):
    """For each region the indices of its pixels over all maps."""
    found = []
    for image, mask in enumerate(masks):
        for region in measure.regionprops(measure.label(mask)):
            found.append(image * mask.size + region.coords[:, 0] * mask.shape[1] + region.coords[:, 1])
    return found


def exact_pro(maps, masks, limit=0.3):
    scores, regions = maps.ravel(), regions_of(masks)
    good = np.sort(scores[~masks.ravel()])
    thresholds = np.unique(scores)[::-1]
    rates = np.concatenate([[0.0], 1 - np.searchsorted(good, thresholds, side="left") / good.size])
    overlap = np.zeros(thresholds.size)
    for region in regions:
        ordered = np.sort(scores[region])
        overlap += 1 - np.searchsorted(ordered, thresholds, side="left") / ordered.size
    overlap = np.concatenate([[0.0], overlap / len(regions)])
    inside = rates <= limit
    x, y = rates[inside], overlap[inside]
    if x[-1] < limit:
        after = int(np.argmax(~inside))
        at = y[-1] + (overlap[after] - y[-1]) * (limit - x[-1]) / (rates[after] - x[-1])
        x, y = np.append(x, limit), np.append(y, at)
    return float(np.sum((x[1:] - x[:-1]) * (y[1:] + y[:-1]) / 2) / limit)


def pooled_max(maps, window, rounds):
    values = maps.astype(np.float64)
    for _ in range(rounds):
        windows = np.lib.stride_tricks.sliding_window_view(values, (window, window), axis=(1, 2))
        values = windows.mean(axis=(3, 4))
    return values.max(axis=(1, 2)).astype(np.float32)


def flipped(area):
    return 1 - area if area < 0.5 else area


def diad_pro(maps, masks, limit=0.3, count=200):
    maps = maps.astype(np.float64)
    low, high = maps.min(), maps.max()
    if low == high:
        return None
    regions, scores, good = regions_of(masks), maps.ravel(), ~masks.ravel()
    points = []
    for threshold in np.arange(low, high, (high - low) / count):
        called = scores > threshold
        rate = np.count_nonzero(called & good) / np.count_nonzero(good)
        points.append((rate, np.mean([np.mean(called[region]) for region in regions])))
    points = np.array([point for point in points if point[0] < limit])
    if len(points) < 2 or points[:, 0].max() == 0:
        return None
    return float(auc(points[:, 0] / points[:, 0].max(), points[:, 1]))


def ader_pixels(maps, masks, limit=0.3, count=50):
    """Bins as ADEval's accumulator on CUDA fills them: `histc`, and an overflow that holds the highest score again."""
    low, high = maps.min(), maps.max()
    if low == high:
        return {name: None for name in ["pixel_auroc", "pixel_ap", "pixel_f1", "pixel_iou", "pro"]}
    scores, labels = maps.ravel(), masks.ravel()
    bins = ((scores - low) * np.float32(count) / (high - low)).astype(np.int64).clip(0, count - 1) + 1
    weights = np.ones(scores.size)
    for region in regions_of(masks):
        weights[region] = 1 / region.size

    def curve(chosen, weights):
        counts = np.bincount(bins[chosen], weights=weights[chosen], minlength=count + 2)
        counts[-1] += weights[chosen & (scores >= high)].sum()
        below = np.cumsum(counts)
        return below[-1] - below[:-1], below[-1]

    hits, all_hits = curve(labels, np.ones(scores.size))
    false, all_false = curve(~labels, np.ones(scores.size))
    overlap, all_overlap = curve(labels, weights)
    with np.errstate(invalid="ignore"):
        precision = np.where(hits + false > 0, hits / (hits + false), 1.0)
    rate = false / all_false

    def area(y, x):
        return float(np.sum((x[:-1] - x[1:]) * (y[:-1] + y[1:]) / 2))

    x, y = rate[::-1], (overlap / all_overlap)[::-1]
    inside = x <= limit
    pro = None
    if inside.any():
        px, py = x[inside], y[inside]
        if not inside.all():
            after = int(np.argmax(~inside))
            at = py[-1] + (y[after] - py[-1]) * (limit - px[-1]) / (x[after] - px[-1])
            px, py = np.append(px, limit), np.append(py, at)
        pro = float(np.sum((px[1:] - px[:-1]) * (py[1:] + py[:-1]) / 2) / limit)

    scaled = (scores - low) / (high - low)
    f1, iou = [], []
    for threshold in np.arange(0.0, 1.0 + 1e-3, 0.05):
        called = scaled > np.float32(threshold)
        both, either = np.count_nonzero(called & labels), np.count_nonzero(called | labels)
        p = both / (np.count_nonzero(called) + 1e-8)
        r = both / (np.count_nonzero(labels) + 1e-8)
        f1.append(2 * p * r / (p + r + 1e-8))
        iou.append(both / (either + 1e-8))
    return {
        "pixel_auroc": area(hits / all_hits, rate),
        "pixel_ap": area(precision, hits / all_hits),
        "pixel_f1": float(max(f1)),
        "pixel_iou": float(max(iou)),
        "pro": pro,
    }


def anomalib_pro():
    """anomalib's `compute_pro`, without the packages that the rest of anomalib needs."""
    installed = importlib.util.find_spec("anomalib")
    home = os.environ.get("ANOMALIB") or (installed and Path(installed.origin).parent.parent)
    if not home:
        return None
    import torch

    for name in ["anomalib", "anomalib.metrics", "anomalib.metrics.pro", "anomalib.metrics.base", "anomalib.metrics.utils"]:
        sys.modules[name] = types.ModuleType(name)
    sys.modules["anomalib.metrics.pro"].connected_components_cpu = None
    sys.modules["anomalib.metrics.pro"].connected_components_gpu = None
    sys.modules["anomalib.metrics.base"].AnomalibMetric = type("AnomalibMetric", (), {})
    sys.modules["anomalib.metrics.utils"].plot_metric_curve = None
    path = Path(home) / "anomalib" / "metrics" / "aupro.py"
    spec = importlib.util.spec_from_file_location("anomalib.metrics.aupro", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    metric = module._AUPRO(fpr_limit=0.3)

    def pro(maps, masks):
        labels = np.zeros(masks.shape, dtype=np.int64)
        for number, region in enumerate(regions_of(masks), start=1):
            labels.ravel()[region] = number
        rates, overlap = metric.compute_pro(torch.from_numpy(labels), torch.from_numpy(maps))
        return float(torch.trapezoid(overlap.double(), rates.double()) / rates.double()[-1])

    return pro


def image_metrics(labels, scores):
    if labels.all() or not labels.any():
        return {"image_auroc": None, "image_ap": None, "image_f1": None}
    return {
        "image_auroc": float(roc_auc_score(labels, scores)),
        "image_ap": float(average_precision_score(labels, scores)),
        "image_f1": f1_max(labels, scores),
    }


def main():
    anomalib, cases = anomalib_pro(), []
    for number in range(200):
        case = describe(number)
        maps, masks = maps_of(case)
        labels, scores, images = masks.ravel(), maps.ravel(), masks.any(axis=(1, 2))
        both = labels.any() and not labels.all()
        large = case["height"] == 60
        exact = image_metrics(images, maps.max(axis=(1, 2)))
        names = ["pixel_auroc", "pixel_ap", "pixel_f1", "pixel_iou", "pro"]
        pixels = {name: None for name in names}
        diad_pixels, ader = dict(pixels), dict(pixels)
        if both:
            f1 = f1_max(labels, scores)
            pixels = {
                "pixel_auroc": float(roc_auc_score(labels, scores)),
                "pixel_ap": float(average_precision_score(labels, scores)),
                "pixel_f1": f1,
                "pixel_iou": f1 / (2 - f1),
                "pro": exact_pro(maps, masks),
            }
            diad_pixels = {**pixels, "pixel_auroc": flipped(pixels["pixel_auroc"]), "pro": diad_pro(maps, masks)}
            ader = ader_pixels(maps, masks)
        diad_scores = pooled_max(maps, 8, 8) if large else maps.max(axis=(1, 2))
        ader_scores = pooled_max(maps, 16, 1) if large else maps.max(axis=(1, 2))
        diad = image_metrics(images, diad_scores)
        if diad["image_auroc"] is not None:
            diad["image_auroc"] = flipped(diad["image_auroc"])
        case["exact"] = {**exact, **pixels}
        case["diad"] = {**diad, **diad_pixels}
        case["ader"] = {**image_metrics(images, ader_scores), **ader}
        case["anomalib"] = anomalib(maps, masks) if anomalib and both else None
        cases.append(case)
    print(sum(case["exact"]["pro"] is not None for case in cases), "cases have a PRO,",
          sum(case["anomalib"] is not None for case in cases), "of them from anomalib too")
    lines = ",\n".join(json.dumps(case) for case in cases)
    (Path(__file__).parent.parent / "metric" / "maps.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
