"""第 7 章的练习检查：对的要过，典型的错误要说中。"""

import itertools
import math

import numpy as np
import torch


def gap(n_train, n_hypotheses, delta):
    return math.sqrt(2 * (math.log(2) + math.log(n_hypotheses) - math.log(delta)) / n_train)


def stump(e, y):
    cuts = [*e, e.max() + 1]
    return min(min(np.mean((e >= h) != y), np.mean((e < h) != y)) for h in cuts)


def intervals(n_points, k):
    """穷举每一种标注，数连成一片的 1 有几段。"""
    return sum(
        sum(a < b for a, b in itertools.pairwise((0, *bits))) <= k
        for bits in itertools.product((0, 1), repeat=n_points)
    )


def split(fits, y):
    """偏差²用不同的两份、不同的两次观测的乘积估计，天然无偏。"""
    pairs = itertools.product(
        itertools.permutations(range(len(fits)), 2), itertools.permutations(range(len(y)), 2)
    )
    bias2 = np.mean([(fits[a] - y[r]) * (fits[b] - y[s]) for (a, b), (r, s) in pairs])
    return bias2, np.mean(np.diag(np.cov(fits.T))), np.mean(np.diag(np.cov(y.T)))


def loo(phi, y, lam):
    """老老实实重训 N 次。"""
    errors = []
    for i in range(len(y)):
        a, b = np.delete(phi, i, 0), np.delete(y, i)
        w = np.linalg.solve(a.T @ a + lam * np.eye(phi.shape[1]), a.T @ b)
        errors.append(y[i] - phi[i] @ w)
    return np.array(errors)


def zigzag(x, m):
    z = m * x
    k = torch.floor(z).clamp(max=m - 1)
    return torch.where(k % 2 == 0, z - k, 1 - (z - k))


def loo_by_kernel(phi, y, lam):
    G = np.linalg.inv(np.eye(len(y)) + phi @ phi.T / lam)
    return G @ y / np.diag(G)


def stump_with_ties_split(e, y):
    y = y[np.argsort(e, kind="stable")]
    wrong = [np.sum(y[:i] != 0) + np.sum(y[i:] != 1) for i in range(len(y) + 1)]
    return min(min(wrong), len(y) - max(wrong)) / len(y)


RIGHT = [
    ("ch07.gap", gap),
    ("ch07.stump", stump),
    ("ch07.intervals", intervals),
    ("ch07.split", split),
    ("ch07.zigzag", zigzag),
    ("ch07.loo", loo_by_kernel),
    ("ch07.split", lambda f, y: np.array(split(f, y))),
]

# 数值对，但用了题目不许用的办法
BREAKS = [
    ("ch07.loo", loo),
]

WRONG = [
    ("ch07.split", lambda f, y: split(f, y)[::-1], "次序"),
    ("ch07.loo", lambda phi, y, lam: -loo(phi, y, lam), "符号反了"),
    ("ch07.gap", lambda n, h, d: min(1.0, 2 * math.sqrt(math.log(2 * h / d) / 2 / n)), "超过 1"),
    ("ch07.stump", stump_with_ties_split, "两个值相同"),
    ("ch07.loo", lambda *a: -loo_by_kernel(*a), "符号反了"),
    ("ch07.zigzag", lambda x, m: torch.tensor(1 - (2 * x - 1).abs().numpy()), "`m`"),
]
