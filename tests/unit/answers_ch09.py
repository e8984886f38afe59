"""第 9 章的练习检查：对的要过，典型的错误要说中。"""

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


def by_ends(values, tol):
    if values[0] < -tol and values[-1] > tol:
        return "鞍点"
    return "下不了结论" if (values.abs() <= tol).any() else "极小" if values[0] > 0 else "极大"


def decrease_along_the_largest(H, radius):
    values = torch.linalg.eigvalsh(H)
    return 0.5 * values[values.abs().argmax()].clamp(max=0) * radius**2


def rates(curvatures, lr):
    rate = 1 - torch.sqrt(lr * curvatures.min())
    return rate**2, rate


def walk(grad, theta, lr, momentum, n_steps):
    m = 0
    for _ in range(n_steps):
        m = momentum * m + grad(theta)
        theta = theta - lr * m
    return theta


RIGHT = [
    ("ch09.kind", kind),
    ("ch09.hvp", hvp),
    ("ch09.escape", escape),
    ("ch09.momentum", momentum),
    ("ch09.critical", critical),
    ("ch09.seconds", seconds),
    ("ch09.momentum", walk),
]

WRONG = [
    ("ch09.kind", by_ends, "没有排过序"),
    ("ch09.kind", lambda v, t: "鞍点" if v.prod() < -t else by_ends(v.sort()[0], t), "奇数个"),
    ("ch09.escape", decrease_along_the_largest, "绝对值最大"),
    ("ch09.escape", lambda H, r: torch.linalg.eigvals(H).min(), "eigvalsh"),
    ("ch09.hvp", lambda grad, t, v, h: (grad(t + h * v) - grad(t - h * v)) / 0.2, "h = "),
    ("ch09.momentum", lambda grad, t, lr, mu, n: walk(grad, t, 0.1, mu, n), "没有用到参数 `lr`"),
    ("ch09.critical", lambda h, lr: rates(h, 0.1), "没有用到参数 `lr`"),
]
