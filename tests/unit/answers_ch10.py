"""第 10 章的练习检查：对的要过，典型的错误要说中。"""

import math

import torch


def rmsprop(gradients, lr, alpha, eps):
    w = torch.nn.Parameter(torch.zeros_like(gradients[0]))
    optimizer, places = torch.optim.RMSprop([w], lr=lr, alpha=alpha, eps=eps), [w.detach().clone()]
    for g in gradients:
        w.grad = g.clone()
        optimizer.step()
        places.append(w.detach().clone())
    return torch.stack(places).diff(dim=0)


def alternating(t, beta1):
    m, g = 0.0, 1.0
    for _ in range(t):
        m, g = beta1 * m + (1 - beta1) * g, -g
    return abs(m) / (1 - beta1**t)


def schedule(t, lr, w, total, begin=1, start=None, length=None):
    start, length = w if start is None else start, total - w if length is None else length
    if t < w:
        return lr * (t + begin) / w
    return lr * math.cos(math.pi * (t - start) / length / 2) ** 2


def schedule_of_ours(t):
    if t < 10:
        return 0.3 * (t + 1) / 10
    return 0.15 * (1 + math.cos(math.pi * (t - 10) / 90))


RIGHT = [
    ("ch10.running_rms", lambda sigma, g, t: (sigma**2 + (g**2 - sigma**2) / (t + 1)) ** 0.5),
    ("ch10.rmsprop", rmsprop),
    ("ch10.forget", lambda alpha, share: next(n for n in range(10**6) if alpha**n <= share)),
    ("ch10.alternating", alternating),
    (
        "ch10.burst_onset",
        lambda total, curvature, lr: next(
            t for t in range(10**6) if lr * curvature / math.sqrt(total / (t + 1)) > 2
        ),
    ),
    ("ch10.schedule", schedule),
]

WRONG = [
    ("ch10.rmsprop", lambda g, lr, alpha, eps: -rmsprop(g, lr, alpha, eps), "符号反了"),
    ("ch10.forget", lambda a, s: int(math.log(s) / math.log(a)) + 1, "正好降到 share"),
    ("ch10.burst_onset", lambda S, c, lr: round(4 * S / (lr * c) ** 2), "多了 1"),
    ("ch10.burst_onset", lambda S, c, lr: math.ceil(4 * S / (lr * c) ** 2) - 1, "正好等于 2"),
    ("ch10.schedule", lambda t, lr, w, T: schedule_of_ours(t), "没有用到参数 `lr`、`w`、`T`"),
]
