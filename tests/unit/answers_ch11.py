"""第 11 章的练习检查：对的要过，典型的错误要说中。"""

import itertools

import numpy as np


def limit(beta1, beta2, t):
    """柯西不等式取等号的那列梯度：越早的按 β₁/β₂ 缩小。直接算它的 m̂/√v̂。"""
    k = np.arange(t)
    g = (beta1 / beta2) ** k
    m, v = (beta1**k * g).sum() / (beta1**k).sum(), (beta2**k * g**2).sum() / (beta2**k).sum()
    return m / np.sqrt(v)


def samples(beta, t):
    w = beta ** np.arange(t)
    return w.sum() ** 2 / (w**2).sum()


def drift(n, C, beta2, *, rounds=3000):
    """一轮一轮走，看最后一圈。"""
    v = top = 0.0
    for _ in range(rounds):
        adam = ams = 0.0
        for g in itertools.chain([C], itertools.repeat(-1.0, n - 1)):
            v = beta2 * v + (1 - beta2) * g**2
            top = max(top, v)
            adam, ams = adam - g / v**0.5, ams - g / top**0.5
    return adam, ams


def warmup(beta2, r, *, start=1):
    t = np.arange(start, 20000)
    rho_inf = (1 + beta2) / (1 - beta2)
    rho = rho_inf - 2 * t * beta2**t / (1 - beta2**t)
    late = rho > 4
    ratio = (1 - 4 / rho[late]) * (rho[late] - 2) / (rho_inf - 2) / (1 - 4 / rho_inf)
    return int(t[late][np.argmax(np.sqrt(ratio) >= r)])


def one_round(lr, h, k, alpha):
    fast = 1.0
    for _ in range(k):
        fast -= lr * h * fast
    return 1.0 + alpha * (fast - 1.0)


def nearest(p, g):
    rate = -(p @ g) / g.norm() ** 2
    return rate, rate / (-(p @ p) / (p @ g))


RIGHT = [
    ("ch11.limit", limit),
    ("ch11.ema", samples),
    ("ch11.drift", drift),
    ("ch11.warmup", warmup),
    ("ch11.lookahead", one_round),
    ("ch11.nearest", nearest),
]

WRONG = [
    ("ch11.warmup", lambda beta2, r: warmup(beta2, r) - 1, "结果少了 1"),
    ("ch11.nearest", lambda p, g: ((p @ g) / (g @ g), nearest(p, g)[1]), "符号"),
    ("ch11.drift", lambda n, C, b: tuple(-x for x in drift(n, C, b)), "符号"),
    ("ch11.drift", lambda n, C, b: drift(n, C, b)[::-1], "次序不对"),
    ("ch11.lookahead", lambda lr, h, k, a: abs(1 - a + a * (1 - lr * h) ** k), "弄丢了负号"),
]
