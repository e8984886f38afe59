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


def radam_without_rho(beta2, t):
    rho_inf = 2 / (1 - beta2) - 1
    rho = rho_inf - 2 * t * beta2**t / (1 - beta2**t)
    square = (rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho)
    return square**0.5 if t > 4 else 0.0


RIGHT = [
    ("ch11.limit", limit),
    ("ch11.ema", weights),
    ("ch11.amsgrad", amsgrad),
    ("ch11.rectifier", rectifier),
    ("ch11.lookahead", one_round),
    ("ch11.projection", lambda p, g: (p.norm() / g.norm()) / torch.cosine_similarity(p, -g, dim=0)),
]

WRONG = [
    ("ch11.projection", lambda p, g: (p @ p) / (p @ g), "符号"),
    ("ch11.rectifier", radam_without_rho, "ρ 一直不到 4"),
    ("ch11.projection", lambda p, g: (p @ p) / (p @ g).abs(), "弄丢了负号"),
    ("ch11.lookahead", lambda lr, h, k, a: abs(1 - a + a * (1 - lr * h) ** k), "弄丢了负号"),
]
