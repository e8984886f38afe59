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


def coordinate_search(x, y, ws, bs):
    w = grid(x, y, ws, bs[:1])[0]
    return grid(x, y, w[None], bs)


def penalised_bias(x, y, lam):
    X = torch.stack([x, torch.ones_like(x)], dim=1)
    penalty = lam * torch.eye(2, dtype=x.dtype)
    return tuple(torch.linalg.solve(X.T @ X / len(x) + penalty, X.T @ y / len(x)))


def shared_slope(x, species, n_species):
    d = indicators(x, species, n_species)[:, :n_species]
    return torch.cat([d, x[:, None].repeat(1, n_species)], dim=1)


def interleaved(x, species, n_species):
    both = indicators(x, species, n_species).view(len(x), 2, n_species)
    return both.transpose(1, 2).reshape(len(x), -1)


WRONG = [
    ("ch01.rmse", lambda p, t: ((p - t) ** 2).mean(), "开平方"),
    ("ch01.rmse", lambda p, t: (p - t).abs().mean(), "MAE"),
    ("ch01.rmse", lambda p, t: rmse(p, t) * len(t) ** 0.5, "总和"),
    ("ch01.rmse", lambda p, t: (p - t).std(unbiased=False), "标准差"),
    ("ch01.rmse", lambda p, t: ((p - t) ** 2).sqrt(), "形状"),
    ("ch01.grid_search", lambda x, y, ws, bs: grid(x, y, ws, bs)[::-1], "次序反了"),
    ("ch01.grid_search", lambda x, y, ws, bs: grid(x, y, ws, bs)[0], "2 个值"),
    ("ch01.grid_search", coordinate_search, "互相补偿"),
    ("ch01.grid_search", lambda x, y, ws, bs: (
        ((ws[:, None, None] * x + bs[:, None] - y) ** 2).mean(-1).min()
    ), "那一对参数"),
    ("ch01.constant", lambda y: (y.median(), y.mean()), "次序反了"),
    ("ch01.constant", lambda y: (y.mean(), y.mean()), "不是平均数"),
    ("ch01.constant", lambda y: (y.median(), y.median()), "不是中位数"),
    ("ch01.constant", lambda y: (y.mean(), (y.max() + y.min()) / 2), "最大与最小"),
    ("ch01.constant", lambda y: (y.mean(), y[len(y) // 2]), "排序"),
    ("ch01.indicators", shared_slope, "自己的斜率"),
    ("ch01.indicators", lambda x, s, k: indicators(x, s, k).roll(k, dims=1), "两半"),
    ("ch01.indicators", interleaved, "排法"),
    ("ch01.indicators", lambda x, s, k: indicators(x, (s + 1) % k, k), "从 0 开始"),
    ("ch01.indicators", lambda x, s, k: indicators(x, s, k)[:, :k], "形状"),
    ("ch01.ridge", lambda x, y, lam: ridge(x, y, 0.0), "没有用到 λ"),
    ("ch01.ridge", lambda x, y, lam: ridge(x, y, lam / len(x)), "少了 N"),
    ("ch01.ridge", penalised_bias, "把 b 也罚了"),
    ("ch01.ridge", lambda x, y, lam: ridge(x, y, 2 * lam), "2λ"),
    ("ch01.ridge", lambda x, y, lam: (ridge(x, y, lam)[0], ridge(x, y, 0.0)[1]), "新的 w"),
    ("ch01.diagnose", lambda a, b, c, d: cause(0.0, b, c, d), "下限"),
    ("ch01.diagnose", lambda a, b, c, d: max(
        {"偏差": b, "方差": c, "不匹配": d}.items(), key=lambda item: item[1]
    )[0], "相邻"),
    ("ch01.diagnose", lambda a, b, c, d: max(
        {"偏差": b - a, "方差": c - b, "不匹配": d - b}.items(), key=lambda item: item[1]
    )[0], "训练–验证"),
    ("ch01.diagnose", lambda a, b, c, d: "方差", "再想一想"),
]  # fmt: skip
