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


RIGHT = {
    "ch01.rmse": rmse,
    "ch01.grid_search": grid,
    "ch01.constant": constants,
    "ch01.indicators": indicators,
    "ch01.ridge": ridge,
    "ch01.diagnose": cause,
}

WRONG = [
    ("ch01.rmse", lambda p, t: ((p - t) ** 2).sqrt(), "形状"),
    ("ch01.grid_search", lambda x, y, ws, bs: grid(x, y, ws, bs)[::-1], "次序反了"),
    ("ch01.grid_search", lambda x, y, ws, bs: grid(x, y, ws, bs)[0], "2 个值"),
    ("ch01.constant", lambda y: (y.median(), y.mean()), "次序反了"),
    ("ch01.indicators", lambda x, s, k: indicators(x, s, k)[:, :k], "形状"),
    ("ch01.diagnose", lambda a, b, c, d: "方差", "再想一想"),
]
