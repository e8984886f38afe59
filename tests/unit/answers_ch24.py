"""第 24 章的练习检查：对的要过，典型的错误要说中。"""

import math

import torch


def d_gradient(real, fake, w, b):
    """一个样本一个样本地加。"""
    total = torch.zeros_like(w)
    for y in real:
        total -= y / (1 + math.exp((y @ w).item() + b)) / len(real)
    for y in fake:
        total += y / (1 + math.exp(-(y @ w).item() - b)) / len(fake)
    return total


def caught(y, centers, radius, share):
    counts = [0] * len(centers)
    for point in y:
        distances = [math.dist(point.tolist(), c.tolist()) for c in centers]
        if min(distances) <= radius:
            counts[distances.index(min(distances))] += 1
    return sum(n > share * len(y) for n in counts)


def linear_cycle(A, B, x, y):
    eye = torch.eye(len(A), dtype=A.dtype)
    return ((B @ A - eye) @ x.T).abs().mean() + ((A @ B - eye) @ y.T).abs().mean()


RIGHT = [
    ("ch24.d_gradient", d_gradient),
    ("ch24.caught", caught),
    ("ch24.linear_cycle", linear_cycle),
]

WRONG = [
    ("ch24.d_gradient", lambda real, fake, w, b: -d_gradient(real, fake, w, b), "符号"),
    ("ch24.caught", lambda y, centers, radius, share: caught(y, centers, radius, share) + 1, "1"),
    (
        "ch24.caught",
        lambda y, centers, radius, share: caught(y, centers, radius**2, share),
        "数值不对",
    ),
    ("ch24.linear_cycle", lambda A, B, x, y: linear_cycle(A, B, x, y).detach(), "计算图"),
]

BREAKS = []
