"""第 2 章的练习检查：对的要过，典型的错误要说中。"""

import math

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


RIGHT = {
    "ch02.epochs": lambda n_samples, batch_size, n_updates: (
        -(-n_updates // -(-n_samples // batch_size))
    ),
    "ch02.gradient": gradient,
    "ch02.second_derivative": second_derivative,
    "ch02.line_search": lambda H, g: (g**2).sum() / (g * (H @ g)).sum(),
    "ch02.best_lr": best_lr,
    "ch02.accumulate": accumulate,
    "ch02.unscale": unscale,
}


def hessian_values(X):
    return torch.linalg.eigvalsh(2 / len(X) * X.T @ X)


def with_rate(X, lr):
    return lr, (1 - lr * hessian_values(X)).abs().max()


def means(theta, X, y, size):
    return [
        2 / len(b) * a.T @ (a @ theta - b)
        for a, b in zip(X.split(size), y.split(size), strict=True)
    ]


def accumulate_in_place(theta, X, y, batch_size):
    for rows in torch.arange(len(y)).split(batch_size):
        theta -= 0.1 * X[rows].T @ (X[rows] @ theta - y[rows])
    return theta


def accumulate_dropping(theta, X, y, batch_size):
    n = len(y) - len(y) % batch_size
    return accumulate(theta, X[:n], y[:n], batch_size)


WRONG = [
    ("ch02.epochs", lambda n, b, u: math.ceil(u / (n // b)), "向上取整"),
    ("ch02.epochs", lambda n, b, u: math.ceil(u * b / n), "各自收尾"),
    ("ch02.epochs", lambda n, b, u: u // math.ceil(n / b), "至少"),
    ("ch02.gradient", lambda theta, X, y, c: gradient(theta, X, y, torch.ones_like(c)), "权重"),
    ("ch02.gradient", lambda theta, X, y, c: gradient(theta, X, y, c) * c.mean(), "权重之和"),
    ("ch02.gradient", lambda theta, X, y, c: gradient(theta, X, y, c**2) * (c**2).sum() / c.sum(),
     "只乘一次"),
    ("ch02.gradient", lambda theta, X, y, c: gradient(theta, X, y, c) / 2, "系数 2"),
    ("ch02.gradient", lambda theta, X, y, c: -gradient(theta, X, y, c), "符号反了"),
    ("ch02.gradient", lambda theta, X, y, c: gradient(theta, X, y, c)[:, None], "形状"),
    ("ch02.gradient", lambda theta, X, y, c: 2 * (c / c.sum() * (X @ theta - y)).sum()
     * (c / c.sum() @ X), "自己的特征"),
    ("ch02.second_derivative", lambda f, x, h: h * second_derivative(f, x, h), "h²"),
    ("ch02.second_derivative", lambda f, x, h: second_derivative(f, x, h) / 2, "两个 ½"),
    ("ch02.second_derivative", lambda f, x, h: (f(x + h) - f(x - h)) / (2 * h), "相加"),
    ("ch02.second_derivative", lambda f, x, h: (f(x + 2 * h) - 2 * f(x + h) + f(x)) / h**2,
     "同一侧"),
    ("ch02.second_derivative", lambda f, x, h: (f(x + h) - f(x) + f(x - h)) / h**2, "2f(x)"),
    ("ch02.line_search", lambda H, g: 2 * (g @ g) / (g @ H @ g), "一半"),
    ("ch02.line_search", lambda H, g: 1 / torch.linalg.eigvalsh(H)[-1], "保守"),
    ("ch02.line_search", lambda H, g: (g @ H @ g) / (g @ g), "写反"),
    ("ch02.line_search", lambda H, g: g.norm() / (g @ H @ g), "长度的平方"),
    ("ch02.line_search", lambda H, g: torch.linalg.solve(H, g), "形状"),
    ("ch02.best_lr", lambda X: with_rate(X, 1 / hessian_values(X)[-1]), "一样快"),
    ("ch02.best_lr", lambda X: with_rate(X, 2 / hessian_values(X)[-1]), "界线"),
    ("ch02.best_lr", lambda X: with_rate(X, 1 / hessian_values(X).mean()), "平均"),
    ("ch02.best_lr", lambda X: best_lr(X * math.sqrt(len(X) / 2)), "2/N"),
    ("ch02.best_lr", lambda X: (best_lr(X)[0], hessian_values(X)[0] / hessian_values(X)[-1]),
     "倍数不对"),
    ("ch02.best_lr", lambda X: best_lr(X)[0], "2 个值"),
    ("ch02.accumulate", lambda theta, X, y, b: torch.stack(means(theta, X, y, b)).mean(0), "加权"),
    ("ch02.accumulate", lambda theta, X, y, b: sum(means(theta, X, y, b)), "批数"),
    ("ch02.accumulate", accumulate_dropping, "丢掉"),
    ("ch02.accumulate", lambda theta, X, y, b: means(theta, X, y, b)[-1], "最后一批"),
    ("ch02.accumulate", accumulate_in_place, "改动了输入"),
    ("ch02.unscale", lambda w, b, mean, std: (w / std, b), "平移"),
    ("ch02.unscale", lambda w, b, mean, std: unscale(w, b, mean, 1 / std), "除以 σ，不是乘"),
    ("ch02.unscale", lambda w, b, mean, std: (w / std, b - w @ mean), "漏了除以"),
    ("ch02.unscale", lambda w, b, mean, std: unscale(w, b, -mean, std), "符号反了"),
]  # fmt: skip
