"""第 2 章的练习检查：对的要过，典型的错误要说中。"""

import torch


def gradient(theta, X, y, weights):
    return 2 * ((weights * (X @ theta - y))[:, None] * X).sum(dim=0) / weights.sum()


def second_derivative(f, x, h):
    return (f(x + h) + f(x - h) - 2 * f(x)) / (h * h)


def best_lr(X):
    values = 2 / len(X) * torch.linalg.svdvals(X) ** 2
    top, low = values.max(), values.min()
    return 2 / (top + low), (top - low) / (top + low)


def accumulate(theta, X, y, batch_size):
    total = torch.zeros_like(theta)
    for start in range(0, len(y), batch_size):
        xb, yb = X[start : start + batch_size], y[start : start + batch_size]
        total = total + 2 * xb.T @ (xb @ theta - yb) / len(yb) * (len(yb) / len(y))
    return total


def unscale(w, b, mean, std):
    return w / std, b - (w * mean / std).sum()


def accumulate_in_place(theta, X, y, batch_size):
    for rows in torch.arange(len(y)).split(batch_size):
        theta -= 0.1 * X[rows].T @ (X[rows] @ theta - y[rows])
    return theta


def accumulate_by_loader(theta, X, y, batch_size):
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(X, y), batch_size)
    return sum(2 * xb.T @ (xb @ theta - yb) for xb, yb in loader) / len(X)


RIGHT = [
    (
        "ch02.epochs",
        lambda n_samples, batch_size, n_updates: -(-n_updates // -(-n_samples // batch_size)),
    ),
    ("ch02.gradient", gradient),
    ("ch02.second_derivative", second_derivative),
    ("ch02.line_search", lambda H, g, d: -(d * g).sum() / (d * (H @ d)).sum()),
    ("ch02.best_lr", best_lr),
    ("ch02.accumulate", accumulate),
    ("ch02.unscale", unscale),
    ("ch02.accumulate", accumulate_by_loader),
    (
        "ch02.accumulate",
        lambda t, X, y, b: sum(2 * (x @ t - v) * x for x, v in zip(X, y, strict=True)) / len(y),
    ),
]

WRONG = [
    ("ch02.gradient", lambda theta, X, y, c: gradient(theta, X, y, c) / 2, "系数 2"),
    ("ch02.gradient", lambda theta, X, y, c: -gradient(theta, X, y, c), "符号反了"),
    ("ch02.gradient", lambda theta, X, y, c: gradient(theta, X, y, c)[:, None], "形状"),
    ("ch02.line_search", lambda H, g, d: torch.linalg.solve(H, g), "形状"),
    ("ch02.best_lr", lambda X: best_lr(X)[0], "2 个值"),
    ("ch02.accumulate", accumulate_in_place, "改动了输入"),
    ("ch02.epochs", lambda n, b, u: float(-(-u // -(-n // b))), "题目要整数"),
    ("ch02.gradient", lambda *a: (gradient(*a) * 1.015).half(), "数值不对"),
    ("ch02.gradient", lambda theta, X, y, c: gradient(theta, X, y, c) * len(y), "`X.shape[0]`"),
    ("ch02.best_lr", lambda X: (torch.linalg.eigvals(X.T @ X)[0], 0.5), "eigvalsh"),
    ("ch02.accumulate", lambda t, X, y, b: 2 / len(y) * X.T @ (X @ t - y), "多于 `batch_size"),
    ("ch02.accumulate", lambda t, X, y, b: accumulate(t, torch.stack(list(X)), y, len(y)), "多于"),
]
