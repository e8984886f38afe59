"""第 9 章的练习检查：对的要过，典型的错误要说中。"""

import math

import torch


def kind(values, tol):
    signs = torch.where(values.abs() <= tol, 0.0, values.sign())
    low, high = signs.min(), signs.max()
    if low < 0 < high:
        return "鞍点"
    if (signs == 0).any():
        return "下不了结论"
    return "极小" if low > 0 else "极大"


def hvp(grad, theta, v, h):
    forward, backward = grad(theta + v * h), grad(theta - v * h)
    return (forward - backward) / h / 2


def escape(H, radius):
    lowest = torch.linalg.eigvalsh(H).min()
    return torch.minimum(lowest, torch.zeros_like(lowest)) * radius * radius / 2


def momentum(grad, theta, lr, mu, n_steps):
    buffer = torch.zeros_like(theta)
    for _ in range(n_steps):
        buffer = mu * buffer + grad(theta)
        theta = theta - lr * buffer
    return theta


def critical(curvatures, lr):
    mu = (1 - (lr * curvatures).sqrt()).square().max()
    return mu, mu.sqrt()


def seconds(n_samples, batch_size, n_epochs, overhead, per_sample):
    sizes = [min(batch_size, n_samples - s) for s in range(0, n_samples, batch_size)]
    return n_epochs * sum(overhead + per_sample * size for size in sizes)


RIGHT = {
    "ch09.kind": kind,
    "ch09.hvp": hvp,
    "ch09.escape": escape,
    "ch09.momentum": momentum,
    "ch09.critical": critical,
    "ch09.seconds": seconds,
}


def kind_without_undecided(values, tol):
    if (values > tol).all():
        return "极小"
    return "极大" if (values < -tol).all() else "鞍点"


def kind_zero_first(values, tol):
    return "下不了结论" if (values.abs() <= tol).any() else kind(values, tol)


def late_momentum(grad, theta, lr, mu, n_steps):
    m = torch.zeros_like(theta)
    for _ in range(n_steps):
        theta, m = theta + m, mu * m - lr * grad(theta)
    return theta


def look_ahead(grad, theta, lr, mu, n_steps):
    m = torch.zeros_like(theta)
    for _ in range(n_steps):
        m = mu * m - lr * grad(theta + mu * m)
        theta = theta + m
    return theta


WRONG = [
    ("ch09.kind", kind_without_undecided, "不等于鞍点"),
    ("ch09.kind", kind_zero_first, "异号"),
    ("ch09.kind", lambda values, tol: kind(values, 0.0), "忘了 tol"),
    ("ch09.hvp", lambda grad, theta, v, h: 2 * hvp(grad, theta, v, h), "2h"),
    ("ch09.hvp", lambda grad, theta, v, h: (grad(theta + h * v) - grad(theta)) / h, "单边"),
    ("ch09.hvp", lambda grad, theta, v, h: hvp(grad, theta, v / v.norm(), h), "单位向量"),
    ("ch09.escape", lambda H, r: 2 * escape(H, r), "½"),
    ("ch09.escape", lambda H, r: escape(H, r) / r, "平方"),
    ("ch09.escape", lambda H, r: 0.5 * torch.linalg.eigvalsh(H)[0] * r**2, "正定"),
    ("ch09.escape", lambda H, r: 0.5 * H.diagonal().min().clamp(max=0) * r**2, "对角元"),
    ("ch09.momentum", lambda g, t, lr, mu, n: momentum(g, t, lr, 0.0, n), "没有用到动量"),
    ("ch09.momentum", lambda g, t, lr, mu, n: momentum(g, t, lr * (1 - mu), mu, n), "加权平均"),
    ("ch09.momentum", look_ahead, "Nesterov"),
    ("ch09.momentum", late_momentum, "次序反了"),
    ("ch09.critical", lambda h, lr: critical(h.max(), lr), "最缓"),
    ("ch09.critical", lambda h, lr: (critical(h, lr)[1], critical(h, lr)[1]), "平方"),
    ("ch09.critical", lambda h, lr: (critical(h, lr)[0], critical(h, lr)[0]), "重根"),
    ("ch09.critical", lambda h, lr: ((1 - lr * h.min()) ** 2, 1 - lr * h.min()), "根号"),
    ("ch09.seconds", lambda n, b, e, o, p: e * (n // b * o + n * p), "向上取整"),
    ("ch09.seconds", lambda n, b, e, o, p: e * math.ceil(n / b) * (o + b * p), "实有"),
    ("ch09.seconds", lambda n, b, e, o, p: e * (o + n * p), "每次更新"),
]  # fmt: skip
