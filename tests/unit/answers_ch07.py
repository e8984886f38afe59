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
    variance = np.var(fits, axis=0).mean()
    total = np.mean((fits[:, None] - y) ** 2)
    return total - variance, variance


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


def hat(phi, lam):
    return phi @ np.linalg.inv(phi.T @ phi + lam * np.eye(phi.shape[1])) @ phi.T


def zigzag_with(x, m, first, changes):
    out = first * torch.relu(x)
    for i, change in zip(range(1, m), changes, strict=False):
        out = out + change * torch.relu(x - i / m)
    return out


RIGHT = {
    "ch07.gap": gap,
    "ch07.stump": stump,
    "ch07.intervals": intervals,
    "ch07.split": split,
    "ch07.loo": loo,
    "ch07.zigzag": zigzag,
}

WRONG = [
    ("ch07.gap", lambda n, h, d: gap(n, h, d) / 2, "2ε"),
    ("ch07.gap", lambda n, h, d: gap(n, h / 2, d), "两侧"),
    ("ch07.gap", lambda n, h, d: gap(n, h, d) ** 2 / 2, "开平方"),
    ("ch07.gap", lambda n, h, d: gap(n, h, d) / math.sqrt(math.log(10)), "自然对数"),
    ("ch07.gap", lambda n, h, d: gap(n, h, d) * math.sqrt(2), "2Nε²"),
    ("ch07.stump", lambda e, y: min(np.mean((e >= h) != y) for h in [*e, e.max() + 1]), "反向"),
    ("ch07.stump", lambda e, y: stump(e, y) * len(y), "错误率"),
    ("ch07.stump", lambda e, y: stump(np.arange(len(e)), y[np.lexsort((y, e))]), "分不开"),
    ("ch07.intervals", lambda n, k: 2**n, "n ≤ 2k"),
    ("ch07.intervals", lambda n, k: intervals(n, k) - 1, "全判 0"),
    ("ch07.intervals", lambda n, k: intervals(n, k) - (intervals(n, k - 1) if k else 0), "恰好 k"),
    ("ch07.intervals", lambda n, k: sum(math.comb(n, 2 * j) for j in range(k + 1)), "n+1"),
    ("ch07.intervals", lambda n, k: sum(math.comb(n + 1, j) for j in range(k + 1)), "两个端点"),
    ("ch07.split", lambda f, y: split(f, y)[::-1], "次序"),
    ("ch07.split", lambda f, y: (((y.mean(0) - f.mean(0)) ** 2).mean(), f.var(0).mean()), "噪声"),
    ("ch07.split", lambda f, y: (((y - f.mean()) ** 2).mean(), f.var()), "混在一起"),
    ("ch07.split", lambda f, y: (split(f, y)[0], f.var(0).mean() * len(f) / max(len(f) - 1, 1)),
     "M−1"),
    ("ch07.loo", lambda phi, y, lam: y - hat(phi, lam) @ y, "训练残差"),
    ("ch07.loo", lambda phi, y, lam: (y - hat(phi, lam) @ y) * (1 - np.diag(hat(phi, lam))),
     "不是乘"),
    ("ch07.loo", lambda phi, y, lam: (y - hat(phi, lam) @ y) / (1 - np.diag(hat(phi, lam)).mean()),
     "GCV"),
    ("ch07.loo", lambda phi, y, lam: -loo(phi, y, lam), "符号反了"),
    ("ch07.zigzag", lambda x, m: zigzag_with(x, m, m, [-m, m] * m), "2m"),
    ("ch07.zigzag", lambda x, m: zigzag_with(x, m, 1, [-2, 2] * m), "斜率是 m"),
    ("ch07.zigzag", lambda x, m: zigzag_with(x, m, m, [-2 * m] * m), "轮流"),
]  # fmt: skip
