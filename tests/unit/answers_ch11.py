"""第 11 章的练习检查：对的要过，典型的错误要说中。"""

import math

import torch


def limit(beta2, t):
    return math.sqrt(sum(beta2**k for k in range(t)))


def weights(beta, t):
    w = torch.tensor([beta ** (t - 1 - i) for i in range(t)], dtype=torch.float64)
    return w / w.sum()


def amsgrad(theta, m, v, top, g, lr, beta1, beta2, *, largest=torch.fmax, power=0.5, new=True):
    m_new, v_new = torch.lerp(g, m, beta1), torch.lerp(g * g, v, beta2)
    return theta - lr * m_new / largest(top, v_new if new else v) ** power


def rectifier(beta2, t, *, threshold=4, power=0.5, minus=1):
    rho_inf = 2 / (1 - beta2) - minus
    rho = rho_inf - 2 * t / (beta2**-t - 1)
    if rho <= threshold:
        return 0.0
    return ((rho / 2 - 2) * (rho - 2) * rho_inf / (rho_inf / 2 - 2) / (rho_inf - 2) / rho) ** power


def one_round(lr, h, k, alpha):
    fast = 1.0
    for _ in range(k):
        fast -= lr * h * fast
    return 1.0 + alpha * (fast - 1.0)


def with_gradient(theta, m, v, top, g, lr, beta1, beta2):
    return theta - lr * g / torch.maximum(top, beta2 * v + (1 - beta2) * g**2).sqrt()


RIGHT = {
    "ch11.limit": limit,
    "ch11.ema": weights,
    "ch11.amsgrad": amsgrad,
    "ch11.rectifier": rectifier,
    "ch11.lookahead": one_round,
    "ch11.projection": lambda p, g: (p.norm() / g.norm()) / torch.cosine_similarity(p, -g, dim=0),
}

WRONG = [
    ("ch11.limit", lambda beta2, t: 1 / math.sqrt(1 - beta2), "趋于无穷"),
    ("ch11.limit", lambda beta2, t: limit(beta2, t) ** 2, "开平方"),
    ("ch11.limit", lambda beta2, t: 1 / limit(beta2, t), "反了"),
    ("ch11.ema", lambda beta, t: weights(beta, t) * (1 - beta**t), "偏差修正"),
    ("ch11.ema", lambda beta, t: weights(beta, t).flip(0), "次序反了"),
    ("ch11.ema", lambda beta, t: torch.ones(t, dtype=torch.float64) / t, "简单平均"),
    ("ch11.amsgrad", lambda *a: amsgrad(*a, largest=lambda top, v: v), "那是 Adam"),
    ("ch11.amsgrad", lambda *a: amsgrad(*a, largest=lambda top, v: top), "旧的 v̂"),
    ("ch11.amsgrad", lambda *a: amsgrad(*a, new=False), "旧的 v"),
    ("ch11.amsgrad", with_gradient, "动量 m"),
    ("ch11.amsgrad", lambda *a: amsgrad(*a, power=1.0), "开平方"),
    ("ch11.rectifier", lambda b, t: rectifier(b, t, power=1.0), "开平方"),
    ("ch11.rectifier", lambda b, t: rectifier(b, t, power=-0.5), "反了"),
    ("ch11.rectifier", lambda b, t: rectifier(b, t, minus=0), "减 1"),
    ("ch11.rectifier", lambda b, t: rectifier(b, t, threshold=5), "论文的 ρ > 4"),
    ("ch11.lookahead", lambda lr, h, k, a: one_round(lr, h, k, 1 - a), "α 的位置反了"),
    ("ch11.lookahead", lambda lr, h, k, a: a * one_round(lr, h, k, 1.0), "1 − α"),
    ("ch11.lookahead", lambda lr, h, k, a: one_round(lr, h, 1, a) ** k, "每一步都回头"),
    ("ch11.lookahead", lambda lr, h, k, a: one_round(lr, h, k, 1.0), "还没有与起点平均"),
    ("ch11.projection", lambda p, g: (p @ -g) / (g @ g), "投影到 g"),
    ("ch11.projection", lambda p, g: p.norm() / g.norm(), "夹角"),
    ("ch11.projection", lambda p, g: (p @ p) / (p @ g), "符号"),
]
