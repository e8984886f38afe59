"""第 26 章《可解释机器学习》的练习检查。"""

import torch

from utils.checks import case, exercise, normal

# ---------------------------------------------------------------- 练习 1：一个 ReLU 的积分梯度


def _relu_cases(rng):
    for d, b, before, after, note in [
        (3, 0.7, -2.0, 1.0, "半路上才亮"),
        (2, -0.4, 1.5, 3.0, "一路都亮"),
        (4, 1.1, -1.0, -3.0, "一路都不亮"),
        (5, -1.3, 2.0, -0.5, "半路上熄灭"),
        (3, 0.2, 1.2, 1.2, "两头的 w·x + b 相同，都是正的"),
        (6, 0.9, -0.8, -0.8, "两头的 w·x + b 相同，都是负的"),
    ]:
        w, start, step = normal(rng, d), normal(rng, d), normal(rng, d)
        step = step - w * (w @ step) / (w @ w)  # 与 w 垂直，另外加上要走的一段
        start = start + w * (before - b - w @ start) / (w @ w)
        yield case(w, b, start + step + w * (after - before) / (w @ w), start, note=note)


@exercise(
    "ch26.relu_path", title="一个 ReLU 的积分梯度", cases=_relu_cases, forbid=("autograd", "loop")
)
def relu_path(w, b, x, x0):
    return (x - x0) * w * _lit(w @ x0 + b, w @ x + b)


def _lit(before, after):
    """路上有几成是亮的。"""
    if torch.isclose(before, after):
        return (before > 0).to(before)
    return (after.relu() - before.relu()) / (after - before)


@relu_path.mistake("你只看了终点亮不亮；要算的是从基线到 x 的路上，有几成是亮的。")
def _(w, b, x, x0):
    return (x - x0) * w * (w @ x + b > 0).to(w)


@relu_path.mistake("你把路的中点当成了全程；中点亮，不等于一路都亮。")
def _(w, b, x, x0):
    return (x - x0) * w * (w @ (x + x0) / 2 + b > 0).to(w)


@relu_path.mistake("忘了基线：乘的是 x − x′，不是 x。")
def _(w, b, x, x0):
    return x * w * _lit(w @ x0 + b, w @ x + b)


# ---------------------------------------------------------------- 练习 2：SmoothGrad 的极限


def _smooth_cases(rng):
    for d, b, sigma, note in [
        (3, 0.5, 0.4, ""),
        (1, -1.0, 0.8, "一维"),
        (5, 0.2, 2.0, "噪声很大"),
        (4, -0.3, 0.1, "噪声很小"),
    ]:
        yield case(normal(rng, d), b, normal(rng, d), sigma, note=note)


def _phi(t):
    return torch.special.ndtr(t)


@exercise("ch26.smooth_slope", title="SmoothGrad 的极限", cases=_smooth_cases, forbid=("autograd",))
def smooth_slope(w, b, x, sigma):
    return w * _phi((w @ x + b) / (sigma * w.norm()))


@smooth_slope.mistake("w·(x + ε) 的标准差是 σ‖w‖，不是 σ。")
def _(w, b, x, sigma):
    return w * _phi((w @ x + b) / sigma)


@smooth_slope.mistake("w·ε 的方差是 σ²‖w‖²，要除的是标准差，你除的是方差。")
def _(w, b, x, sigma):
    return w * _phi((w @ x + b) / (sigma * w.norm()) ** 2)


@smooth_slope.mistake("这是没有噪声时的梯度；加了噪声，亮不亮成了一个概率。")
def _(w, b, x, sigma):
    return w * (w @ x + b > 0).to(w)


# ---------------------------------------------------------------- 练习 3：风格损失的梯度


def _gram_cases(rng):
    for C, n, note in [(3, 5, ""), (1, 4, "只有一个滤波器"), (4, 1, "只有一个位置"), (2, 7, "")]:
        S = normal(rng, C, C)
        yield case(normal(rng, C, n), S @ S.T, note=note)


@exercise(
    "ch26.gram_gradient", title="风格损失的梯度", cases=_gram_cases, forbid=("autograd", "loop")
)
def gram_gradient(H, S):
    return 4 / H.shape[1] * (H @ H.T / H.shape[1] - S) @ H


@gram_gradient.mistake("HHᵀ 里 H 出现了两次，对它求导有两份，一共是 4 倍。")
def _(H, S):
    return 2 / H.shape[1] * (H @ H.T / H.shape[1] - S) @ H


@gram_gradient.mistake("Gram 里除了 n，求导时这个 1/n 还要再出现一次。")
def _(H, S):
    return 4 * (H @ H.T / H.shape[1] - S) @ H


@gram_gradient.mistake("Gram 要除以位置的个数 n。")
def _(H, S):
    return 4 * (H @ H.T - S) @ H
