"""Writes tests/neighbour/coreset.safetensors: rows, and which of them farthest-first traversal chooses.

    python tests/oracle/coreset.py

Needs numpy and safetensors. `rows` are three clouds of different width, some rows of which are there twice. Each case `name` has
`name/chosen`, places of rows in the order of their choice, for the seed 7 and the purpose "bank". The choice is that of anomalib's
KCenterGreedy, whose first row is kept: the minimum of all distances is kept up to date, and the row where it is largest is next.
It is computed in double precision, from projected rows that were rounded to single precision. Projection, first row and the rows
that are kept come from this script's own ChaCha8: normal numbers by rows of the matrix, one integer, and a 64-bit number for each
row, of which the smallest are kept.
"""

import hashlib
import struct
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

PROJECTION, FIRST, KEPT = 0, 1, 2


def longs(key, use, count):
    """The first 64-bit numbers of the stream for a use. A key is a seed and a purpose."""
    seed, purpose = key
    fields = struct.pack("<Q", len(purpose)) + purpose + struct.pack("<4Q", seed, 0, 0, use)
    key = struct.unpack("<8I", hashlib.sha256(fields).digest())
    blocks = -(-count // 8)
    start = np.zeros((16, blocks), dtype=np.uint32)
    start[:4] = np.array([0x61707865, 0x3320646E, 0x79622D32, 0x6B206574], dtype=np.uint32)[:, None]
    start[4:12] = np.array(key, dtype=np.uint32)[:, None]
    start[12] = np.arange(blocks, dtype=np.uint32)
    state = start.copy()

    def turn(x, by):
        return (x << np.uint32(by)) | (x >> np.uint32(32 - by))

    def quarter(a, b, c, d):
        for x, y, z, by in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)]:
            state[x] += state[y]
            state[z] = turn(state[z] ^ state[x], by)

    for _ in range(4):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    words = (state + start).T.reshape(-1).astype(np.uint64)
    return (words[::2] | words[1::2] << np.uint64(32))[:count]


def normals(key, count):
    units = (longs(key, PROJECTION, count + count % 2) >> np.uint64(11)).astype(np.float64) / 2.0**53
    radius, angle = np.sqrt(-2 * np.log(1 - units[::2])), 2 * np.pi * units[1::2]
    pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return pairs.reshape(-1)[:count].astype(np.float32).astype(np.float64)


def first(key, count):
    """The row that is chosen first of so many."""
    number = int(longs(key, FIRST, 1)[0])
    assert number >= (2**64 - count) % count
    return number % count


def kept(key, rows, at_most):
    """Which of so many rows the others are chosen from."""
    if at_most is None or at_most >= rows:
        return np.arange(rows)
    return np.sort(np.argsort(longs(key, KEPT, rows), kind="stable")[:at_most])


def projected(key, rows, project):
    """Rows after the random projection, rounded as diadc rounds them."""
    matrix = normals(key, rows.shape[1] * project).reshape(rows.shape[1], project) / np.sqrt(project)
    parts = [(rows[i : i + 8192].astype(np.float64) @ matrix).astype(np.float32) for i in range(0, len(rows), 8192)]
    return np.concatenate(parts)


def greedy(rows, first, count):
    rows = rows.astype(np.float64)
    nearest = np.full(len(rows), np.inf)
    chosen = [first]
    while len(chosen) < count:
        nearest = np.minimum(nearest, np.linalg.norm(rows - rows[chosen[-1]], axis=1))
        nearest[chosen[-1]] = 0
        chosen.append(int(np.argmax(nearest)))
    return np.array(chosen)


def chosen(rows, count, project=None, at_most=None):
    key = 7, b"bank"
    places = kept(key, len(rows), at_most)
    seen = rows[places] if project is None else projected(key, rows[places], project)
    return places[greedy(seen, first(key, len(seen)), count)].astype(np.int64)


def main():
    random = np.random.default_rng(0)
    clouds = [(0, 1, 300), (2, 0.3, 200), (-1, 0.05, 200)]
    rows = np.concatenate([random.normal(centre, spread, (n, 24)) for centre, spread, n in clouds]).astype(np.float32)
    rows[650:] = rows[:50]
    rows = rows[random.permutation(len(rows))]
    tensors = {
        "rows": rows,
        "as_they_are/chosen": chosen(rows, 500),
        "projected/chosen": chosen(rows, 300, project=7),
        "some/chosen": chosen(rows, 120, at_most=250),
        "some_projected/chosen": chosen(rows, 120, project=40, at_most=250),
    }
    save_file(tensors, Path(__file__).parent.parent / "neighbour" / "coreset.safetensors")


if __name__ == "__main__":
    main()
