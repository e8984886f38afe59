"""第 8 章的练习检查：对的要过，典型的错误要说中。"""

import itertools
import math

import numpy as np
import torch


def samples(k, epsilon, delta):
    n = 1
    while 2 * k * math.exp(-2 * n * epsilon**2) > delta:
        n += 1
    return n


def folds(y, n_folds):
    """自己切：前 N mod n_folds 份多一个。"""
    scores, start = [], 0
    for k in range(n_folds):
        stop = start + len(y) // n_folds + (k < len(y) % n_folds)
        rest = np.concatenate([y[:start], y[stop:]])
        scores.append(np.mean((y[start:stop] - rest.mean()) ** 2))
        start = stop
    return sum(scores) / n_folds


def elastic(v, a, b):
    return torch.where(v > a, v - a, torch.where(v < -a, v + a, torch.zeros_like(v))) / (2 * b + 1)


def early_stop(losses, patience, delta):
    best, waited = 0, 0
    for epoch in range(1, len(losses)):
        if losses[best] - losses[epoch] > delta:
            best, waited = epoch, 0
        else:
            waited += 1
        if waited == patience:
            return epoch, best
    return len(losses) - 1, best


def dropout(w, h, p):
    """枚举每一张掩码。"""
    mean = square = torch.zeros((), dtype=w.dtype)
    for bits in itertools.product((0.0, 1.0), repeat=len(w)):
        m = torch.tensor(bits, dtype=w.dtype)
        chance = math.prod((1 - p) if bit else p for bit in bits)
        z = (w * m * h).sum() / (1 - p)
        mean, square = mean + chance * z, square + chance * z**2
    return square - mean**2


def stop_by(losses, patience, delta, keep_lowest):
    best, at, waited = float("inf"), 0, 0
    for epoch, loss in enumerate(losses):
        if loss < best - delta:
            at, waited, best = epoch, 0, loss
        else:
            waited += 1
            best = min(best, loss) if keep_lowest else best
        if waited >= patience:
            return epoch, at
    return epoch, at


def stop_by_previous(losses, patience, delta):
    at = waited = 0
    for epoch in range(1, len(losses)):
        lower = losses[epoch] < losses[epoch - 1] - delta
        at, waited = (epoch, 0) if lower else (at, waited + 1)
        if waited >= patience:
            return epoch, at
    return epoch, at


RIGHT = [
    ("ch08.samples", samples),
    ("ch08.folds", folds),
    ("ch08.elastic", elastic),
    ("ch08.early_stop", early_stop),
    ("ch08.dropout", dropout),
    ("ch08.early_stop", lambda v, p, d: torch.tensor(stop_by(v, p, d, False))),
]

WRONG = [
    ("ch08.early_stop", lambda y, p, d: early_stop(y, p, d)[::-1], "第 2 个、第 1 个"),
    ("ch08.early_stop", stop_by_previous, "比前一轮低"),
    ("ch08.early_stop", lambda v, p, d: stop_by(v, p, d, True), "几轮加起来"),
    ("ch08.samples", lambda k, e, d: np.ceil(np.log(2 * k / d) / 2 / e**2), "题目要整数"),
    (
        "ch08.elastic",
        lambda v, a, b: torch.nn.functional.softshrink(v, a) / (1 + 2 * b) ** 2,
        "随输入变",
    ),
]
