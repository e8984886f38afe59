"""第 1 章的练习检查：对的要过，典型的错误要说中。"""

import torch


def rmse(prediction, target):
    return torch.linalg.vector_norm(prediction - target) / len(target) ** 0.5


def grid(x, y, ws, bs):
    pairs = [(float(((w * x + b - y) ** 2).mean()), w, b) for w in ws for b in bs]
    return min(pairs, key=lambda pair: pair[0])[1:]


def constants(y):
    return y.sum() / len(y), y.sort().values[len(y) // 2]


def indicators(x, species, n_species):
    rows = (species[:, None] == torch.arange(n_species)).to(x.dtype)
    return torch.cat([rows, rows * x[:, None]], dim=1)


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
    ("ch01.rmse", rmse),
    ("ch01.grid_search", grid),
    ("ch01.constant", constants),
    ("ch01.indicators", indicators),
    ("ch01.ridge", ridge),
    ("ch01.diagnose", cause),
    ("ch01.grid_search", stacked_grid),
    ("ch01.constant", lambda y: torch.stack([y.mean(), y.median()])),
]

WRONG = [
    ("ch01.rmse", lambda p, t: ((p - t) ** 2).sqrt(), "形状"),
    ("ch01.grid_search", lambda x, y, ws, bs: grid(x, y, ws, bs)[::-1], "第 2 个、第 1 个"),
    ("ch01.grid_search", lambda x, y, ws, bs: grid(x, y, ws, bs)[0], "2 个值"),
    ("ch01.constant", lambda y: (y.median(), y.mean()), "第 2 个、第 1 个"),
    ("ch01.indicators", lambda x, s, k: indicators(x, s, k)[:, :k], "形状"),
    ("ch01.diagnose", lambda a, b, c, d: "方差", "再想一想"),
    ("ch01.rmse", lambda p, t: torch.dist(p, t) / len(p), "1 / √`prediction.shape[0]`"),
    ("ch01.grid_search", lambda *a: best_by(*a, lambda r: r.abs().mean()), "数值不对"),
    ("ch01.grid_search", lambda *a: best_by(*a, lambda r: (r**2).mean(), start=10.0), "很大"),
    ("ch01.diagnose", lambda a, b, c, d: largest([abs(b - a), abs(c - b), abs(d - c)]), "远低于"),
    ("ch01.diagnose", lambda a, b, c, d: "bias", "不匹配、偏差、方差"),
]
