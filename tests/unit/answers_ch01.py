"""第 1 章的练习检查：对的要过，典型的错误要说中。"""

import torch


def relative(prediction, target):
    return sum(abs(p / t - 1) for p, t in zip(prediction, target, strict=True)) / len(target)


def grid(x, y, ws, bs):
    pairs = [(float(((w * x + b - y) ** 2).mean()), w, b) for w in ws for b in bs]
    return min(pairs, key=lambda pair: pair[0])[1:]


def stock(y, r):
    def cost(c):
        return float(torch.where(y <= c, c - y, r * (y - c)).sum())

    return min(y, key=cost)


def parallel(x, species, n_species):
    rows = torch.zeros(len(x), n_species + 1, dtype=x.dtype)
    rows[torch.arange(len(x)), species] = 1
    rows[:, -1] = x
    return rows


def ridge(x, y, lam):
    X = torch.stack([x, torch.ones_like(x)], dim=1)
    penalty = torch.diag(torch.tensor([lam, 0.0], dtype=x.dtype))
    return tuple(torch.linalg.solve(X.T @ X / len(x) + penalty, X.T @ y / len(x)))


def cause(floor, train, train_dev, target):
    bias, variance, mismatch = train - floor, train_dev - train, target - train_dev
    if bias >= max(variance, mismatch):
        return "偏差"
    return "方差" if variance >= mismatch else "不匹配"


def stacked_grid(x, y, ws, bs):
    w, b = torch.cartesian_prod(ws, bs).T
    best = ((w[:, None] * x + b[:, None] - y) ** 2).sum(1).argmin()
    return torch.stack([w[best], b[best]])


def best_by(x, y, ws, bs, loss, start=float("inf")):
    best = start, (ws[0], bs[0])
    for w in ws:
        for b in bs:
            value = float(loss(w * x + b - y))
            if value < best[0]:
                best = value, (w, b)
    return best[1]


def largest(gaps):
    return ["偏差", "方差", "不匹配"][max(range(3), key=gaps.__getitem__)]


RIGHT = [
    ("ch01.relative", relative),
    ("ch01.grid_search", grid),
    ("ch01.stock", stock),
    ("ch01.parallel", parallel),
    ("ch01.ridge", ridge),
    ("ch01.diagnose", cause),
    ("ch01.grid_search", stacked_grid),
]

WRONG = [
    ("ch01.relative", lambda p, t: (p - t).abs() / t.abs(), "形状"),
    ("ch01.grid_search", lambda x, y, ws, bs: grid(x, y, ws, bs)[::-1], "第 2 个、第 1 个"),
    ("ch01.grid_search", lambda x, y, ws, bs: grid(x, y, ws, bs)[0], "2 个值"),
    ("ch01.stock", lambda y, r: y.max(), "数值不对"),
    ("ch01.parallel", lambda x, s, k: parallel(x, s, k)[:, :k], "形状"),
    ("ch01.diagnose", lambda a, b, c, d: "方差", "再想一想"),
    ("ch01.relative", lambda p, t: ((p - t) / t).abs().sum(), "`prediction.shape[0]`"),
    ("ch01.grid_search", lambda *a: best_by(*a, lambda r: r.abs().mean()), "数值不对"),
    ("ch01.grid_search", lambda *a: best_by(*a, lambda r: (r**2).mean(), start=10.0), "很大"),
    ("ch01.diagnose", lambda a, b, c, d: largest([abs(b - a), abs(c - b), abs(d - c)]), "远低于"),
    ("ch01.diagnose", lambda a, b, c, d: "bias", "不匹配、偏差、方差"),
]
