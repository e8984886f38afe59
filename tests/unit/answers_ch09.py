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


RIGHT = {
    "ch09.kind": kind,
    "ch09.hvp": hvp,
    "ch09.escape": escape,
    "ch09.momentum": momentum,
    "ch09.critical": critical,
    "ch09.seconds": seconds,
}

WRONG = []
