"""第 25 章的练习检查：对的要过，典型的错误要说中。"""

import math

import torch


def weighted_best(p, q, alpha):
    """一格一格地加。"""
    total = 0.0
    for a, b in zip((alpha * p).tolist(), ((1 - alpha) * q).tolist(), strict=True):
        total += a * math.log(a / (a + b)) if a > 0 else 0
        total += b * math.log(b / (a + b)) if b > 0 else 0
    return total


def carry(x, p, q):
    """从左往右走，手里拿着多出来的土。"""
    held, work = 0.0, 0.0
    for i in range(len(x) - 1):
        held += (p[i] - q[i]).item()
        work += abs(held) * (x[i + 1] - x[i]).item()
    return work


def one_sided(real, fake, eps, A, b):
    total = 0.0
    for y, other, e in zip(real, fake, eps, strict=True):
        point = e * y + (1 - e) * other
        total += max(0.0, math.hypot(*(0.5 * A @ point + 0.5 * A.T @ point + b).tolist()) - 1) ** 2
    return total / len(real)


def by_autograd(real, fake, eps, A, b):
    mid = (eps[:, None] * real + (1 - eps[:, None]) * fake).requires_grad_()
    D = 0.5 * torch.einsum("ni,ij,nj->n", mid, A, mid) + mid @ b
    (slope,) = torch.autograd.grad(D.sum(), mid)
    return ((slope.norm(dim=1) - 1).clamp(min=0) ** 2).mean().detach()


RIGHT = [
    ("ch25.weighted_best", weighted_best),
    ("ch25.carry", carry),
    ("ch25.one_sided", one_sided),
]

WRONG = [
    ("ch25.weighted_best", lambda p, q, alpha: -weighted_best(p, q, alpha), "符号"),
    ("ch25.carry", lambda x, p, q: 2 * carry(x, p, q), "倍"),
    ("ch25.one_sided", lambda *a: one_sided(*a) * len(a[0]), "倍"),
]

BREAKS = [("ch25.one_sided", by_autograd)]
