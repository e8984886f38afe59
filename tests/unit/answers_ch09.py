"""第 9 章的练习检查：对的要过，典型的错误要说中。"""

import math
from itertools import pairwise

import torch


def kind(h11, h12, h22):
    middle, reach = (h11 + h22) / 2, math.hypot((h11 - h22) / 2, h12)
    signs = [0 if abs(v) < 1e-9 else math.copysign(1, v) for v in (middle - reach, middle + reach)]
    if signs[0] < 0 < signs[1]:
        return "鞍点"
    return "下不了结论" if 0 in signs else "极小" if signs[0] > 0 else "极大"


def hvp(grad, theta, v, h):
    forward, backward = grad(theta + v * h), grad(theta - v * h)
    return (forward - backward) / h / 2


def escape(H, radius):
    lowest = torch.linalg.eigvalsh(H).min()
    return torch.minimum(lowest, torch.zeros_like(lowest)) * radius * radius / 2


def gradients(path, lr, mu):
    found, before = [], torch.zeros_like(path[0])
    for here, there in pairwise(path):
        found.append((mu * before - (there - here)) / lr)
        before = there - here
    return torch.stack(found)


def critical(curvatures, lr):
    mu = (1 - (lr * curvatures).sqrt()).square().max()
    return mu, mu.sqrt()


def seconds(n_samples, batch_size, n_epochs, overhead, per_sample):
    sizes = [min(batch_size, n_samples - s) for s in range(0, n_samples, batch_size)]
    return n_epochs * sum(overhead + per_sample * size for size in sizes)


def decrease_along_the_largest(H, radius):
    values = torch.linalg.eigvalsh(H)
    return 0.5 * values[values.abs().argmax()].clamp(max=0) * radius**2


def rates(curvatures, lr):
    rate = 1 - torch.sqrt(lr * curvatures.min())
    return rate**2, rate


RIGHT = [
    ("ch09.kind", kind),
    ("ch09.hvp", hvp),
    ("ch09.escape", escape),
    ("ch09.gradients", gradients),
    ("ch09.critical", critical),
    ("ch09.seconds", seconds),
]

WRONG = [
    ("ch09.kind", lambda a, b, c: "鞍点" if abs(b) > 1.9 else kind(a, b, c), "行列式是零"),
    ("ch09.kind", lambda a, b, c: "鞍点" if b else kind(a, b, c), "h12 很小"),
    ("ch09.escape", decrease_along_the_largest, "绝对值最大"),
    ("ch09.escape", lambda H, r: torch.linalg.eigvals(H).min(), "eigvalsh"),
    ("ch09.hvp", lambda grad, t, v, h: (grad(t + h * v) - grad(t - h * v)) / 0.2, "h = "),
    ("ch09.gradients", lambda path, lr, mu: gradients(path, 0.1, mu), "没有用到参数 `lr`"),
    ("ch09.critical", lambda h, lr: rates(h, 0.1), "没有用到参数 `lr`"),
]
