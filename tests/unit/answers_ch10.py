"""第 10 章的练习检查：对的要过，典型的错误要说中。"""

import math

import torch


def adagrad(gradients, lr, eps):
    total, out = torch.zeros_like(gradients[0]), []
    for g in gradients:
        total = total + g * g
        out.append(-lr * g / (torch.sqrt(total) + eps))
    return torch.stack(out)


def adam(gradients, lr, beta1, beta2, eps, correct=True, power=0, inside=0.0):
    out = []
    for t in range(1, len(gradients) + 1):
        age = torch.arange(t - 1, -1, -1, dtype=gradients.dtype)[:, None]
        seen = gradients[:t]
        m = ((1 - beta1) * beta1**age * seen).sum(0)
        v = ((1 - beta2) * beta2**age * seen**2).sum(0)
        if correct:
            m, v = m / (1 - beta1 ** (t + power)), v / (1 - beta2 ** (t + power))
        out.append(-lr * m / ((v + inside).sqrt() + eps))
    return torch.stack(out)


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
    ("ch10.adagrad", adagrad),
    ("ch10.forget", lambda alpha, share: next(n for n in range(10**6) if alpha**n <= share)),
    ("ch10.adam", adam),
    (
        "ch10.burst_onset",
        lambda total, curvature, lr: next(
            t for t in range(10**6) if lr * curvature / math.sqrt(total / (t + 1)) > 2
        ),
    ),
    ("ch10.schedule", schedule),
]

WRONG = [
    ("ch10.adagrad", lambda g, lr, eps: -adagrad(g, lr, eps), "符号反了"),
    ("ch10.forget", lambda a, s: int(math.log(s) / math.log(a)) + 1, "正好降到 share"),
    ("ch10.burst_onset", lambda S, c, lr: round(4 * S / (lr * c) ** 2), "多了 1"),
    ("ch10.burst_onset", lambda S, c, lr: math.ceil(4 * S / (lr * c) ** 2) - 1, "正好等于 2"),
    ("ch10.schedule", lambda t, lr, w, T: schedule_of_ours(t), "没有用到参数 `lr`、`w`、`T`"),
    (
        "ch10.adam",
        lambda gradients, lr, beta2, beta1, eps: adam(gradients, lr, beta1, beta2, eps),
        "参数的次序",
    ),
]
