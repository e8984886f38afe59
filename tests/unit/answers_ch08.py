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


RIGHT = {
    "ch08.samples": samples,
    "ch08.folds": folds,
    "ch08.elastic": elastic,
    "ch08.early_stop": early_stop,
    "ch08.dropout": dropout,
}

WRONG = [
    ("ch08.samples", lambda k, e, d: math.ceil(math.log(k / d) / (2 * e**2)), "两侧"),
    ("ch08.samples", lambda k, e, d: samples(1, e, d), "union bound"),
    ("ch08.samples", lambda k, e, d: samples(k, e, d) - 1, "向上取整"),
    ("ch08.samples", lambda k, e, d: math.ceil(math.log(2 * k / d) / e**2), "分母上的 2"),
    ("ch08.folds", lambda y, n: np.mean([np.mean((p - y.mean()) ** 2)
                                         for p in np.array_split(y, n)]), "其余样本的平均"),
    ("ch08.folds", lambda y, n: np.mean([p.var() for p in np.array_split(y, n)]), "它自己"),
    ("ch08.folds", lambda y, n: folds(y, n) * n, "不是加起来"),
    ("ch08.elastic", lambda v, a, b: elastic(v, a, b / 2), "2bw"),
    ("ch08.elastic", lambda v, a, b: elastic(v / (1 + 2 * b), a, 0.0), "次序反了"),
    ("ch08.elastic", lambda v, a, b: (v - a * v.sign()) / (1 + 2 * b), "截到零"),
    ("ch08.early_stop", lambda y, p, d: early_stop(y, p, 0.0), "min_delta"),
    ("ch08.early_stop", lambda y, p, d: early_stop(y, p + 1, d), "晚停"),
    ("ch08.early_stop", lambda y, p, d: early_stop(y, p, d)[::-1], "次序反了"),
    ("ch08.dropout", lambda w, h, p: dropout(w, h, p) * (1 - p) ** 2, "(1−p)²"),
    ("ch08.dropout", lambda w, h, p: p / (1 - p) * (w @ h) ** 2, "先平方再求和"),
    ("ch08.dropout", lambda w, h, p: p * (w * h).square().sum(), "只除了一次"),
]  # fmt: skip
