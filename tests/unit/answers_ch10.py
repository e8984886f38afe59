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


RIGHT = {
    "ch10.running_rms": lambda sigma, g, t: (sigma**2 + (g**2 - sigma**2) / (t + 1)) ** 0.5,
    "ch10.adagrad": adagrad,
    "ch10.forget": lambda alpha, share: next(n for n in range(10**6) if alpha**n <= share),
    "ch10.adam": adam,
    "ch10.burst_onset": lambda total, curvature, lr: next(
        t for t in range(10**6) if lr * curvature / math.sqrt(total / (t + 1)) > 2
    ),
    "ch10.schedule": schedule,
}

WRONG = [
    ("ch10.running_rms", lambda s, g, t: (t * s + g.abs()) / (t + 1), "平方"),
    ("ch10.running_rms", lambda s, g, t: (((t - 1) * s**2 + g**2) / t).sqrt(), "权重是 t"),
    ("ch10.running_rms", lambda s, g, t: (t * s**2 + g**2) / (t + 1), "开方"),
    ("ch10.running_rms", lambda s, g, t: (t * s**2 + g**2).sqrt(), "没有平均"),
    ("ch10.adagrad", lambda g, lr, eps: -lr * g / ((g**2).cumsum(0) + eps).sqrt(), "根号外"),
    ("ch10.adagrad", lambda g, lr, eps: -adagrad(g, lr, eps), "符号反了"),
    ("ch10.adagrad", lambda g, lr, eps: adagrad(g, lr, eps).cumsum(0), "变化量"),
    ("ch10.adagrad", lambda g, lr, eps: -lr * g / (
        ((g**2).cumsum(0) / torch.arange(1, len(g) + 1)[:, None]).sqrt() + eps), "均值写法"),
    ("ch10.forget", lambda a, s: round(1 / (1 - a)), "大致长度"),
    ("ch10.forget", lambda a, s: int(math.log(s) / math.log(a)), "向上取整"),
    ("ch10.forget", lambda a, s: math.ceil(math.log(s) / math.log(1 - a)), "乘 α"),
    ("ch10.adam", lambda *a: adam(*a, correct=False), "没有做偏差修正"),
    ("ch10.adam", lambda *a: adam(*a, power=1), "从 1 数起"),
    ("ch10.adam", lambda g, lr, b1, b2, eps: adam(g, lr, b1, b2, 0.0, inside=eps), "根号里"),
    ("ch10.burst_onset", lambda s, c, lr: math.floor(4 * s / (lr * c) ** 2) + 1, "多数了一步"),
    ("ch10.burst_onset", lambda s, c, lr: math.floor(s / (lr * c) ** 2), "界线是 2"),
    ("ch10.burst_onset", lambda s, c, lr: math.floor(4 * s / lr**2), "不能约掉"),
    ("ch10.schedule", lambda t, lr, w, n: schedule(t, lr, w, n, begin=0), "白走一步"),
    ("ch10.schedule", lambda t, lr, w, n: schedule(t, lr, w, n, start=0, length=n), "热身结束时"),
    ("ch10.schedule", lambda t, lr, w, n: schedule(t, lr, w, n, length=n), "T−w"),
]  # fmt: skip
