"""第 31 章《元学习》的练习检查。"""

import torch

from utils.checks import case, exercise, normal


def _symmetric(rng, d):
    """正定的对称矩阵，特征值不大，内层不会走得太远。"""
    A = normal(rng, d, d)
    return A @ A.mT / d + 0.2 * torch.eye(d, dtype=torch.float64)


# ---------------------------------------------------------------- 练习 1：两步的 MAML


def _quadratic_cases(rng):
    for d, alpha, note in [(3, 0.2, ""), (1, 0.5, "一维"), (5, 0.1, ""), (2, 0.7, "步子大")]:
        H, H2 = _symmetric(rng, d), _symmetric(rng, d)
        yield case(normal(rng, d), alpha, H, normal(rng, d), H2, normal(rng, d), note=note)


def _inner(phi, alpha, H, c, n_steps):
    for _ in range(n_steps):
        phi = phi - alpha * H @ (phi - c)
    return phi


@exercise(
    "ch31.two_step_gradient", title="两步的 MAML", cases=_quadratic_cases, forbid=("autograd",)
)
def two_step_gradient(phi, alpha, H, c, H2, c2):
    keep = torch.eye(len(phi), dtype=phi.dtype) - alpha * H
    return keep @ keep @ H2 @ (_inner(phi, alpha, H, c, 2) - c2)


@two_step_gradient.mistake("这是一阶 MAML：对 θ 的梯度还要往回乘两次 (I − αH)。")
def _(phi, alpha, H, c, H2, c2):
    return H2 @ (_inner(phi, alpha, H, c, 2) - c2)


@two_step_gradient.mistake("(I − αH) 只乘了一次；走了两步，链式法则里有两个。")
def _(phi, alpha, H, c, H2, c2):
    g = H2 @ (_inner(phi, alpha, H, c, 2) - c2)
    return g - alpha * H @ g


@two_step_gradient.mistake("内层只走了一步，要走两步。")
def _(phi, alpha, H, c, H2, c2):
    g = H2 @ (_inner(phi, alpha, H, c, 1) - c2)
    return g - alpha * H @ g


@two_step_gradient.mistake("往回乘的是支持集的海森矩阵 H，不是查询集的 H'。")
def _(phi, alpha, H, c, H2, c2):
    keep = torch.eye(len(phi), dtype=phi.dtype) - alpha * H2
    return keep @ keep @ H2 @ (_inner(phi, alpha, H, c, 2) - c2)


# ---------------------------------------------------------------- 练习 2：学习率的梯度


def _rate_cases(rng):
    for d, scale, note in [(3, 0.3, ""), (1, 0.5, "一维"), (5, 0.1, "")]:
        H, H2 = _symmetric(rng, d), _symmetric(rng, d)
        rates = scale * (1 + normal(rng, d).abs())
        yield case(normal(rng, d), rates, H, normal(rng, d), H2, normal(rng, d), note=note)


@exercise("ch31.rate_gradient", title="学习率的梯度", cases=_rate_cases, forbid=("autograd",))
def rate_gradient(phi, rates, H, c, H2, c2):
    s = H @ (phi - c)
    return -s * (H2 @ (phi - rates * s - c2))


@rate_gradient.mistake("查询集的梯度要在走完内层的 θ 上算，不是在 φ 上。")
def _(phi, rates, H, c, H2, c2):
    return -(H @ (phi - c)) * (H2 @ (phi - c2))


@rate_gradient.mistake("这是两个梯度的内积，一个数；每个学习率只管自己的分量，逐个相乘。")
def _(phi, rates, H, c, H2, c2):
    s = H @ (phi - c)
    return (-s @ (H2 @ (phi - rates * s - c2))).expand_as(phi)


# ---------------------------------------------------------------- 练习 3：外层走一步 Reptile


def _reptile_cases(rng):
    for n, d, alpha, k, eps, note in [
        (4, 3, 0.2, 3, 0.1, ""),
        (1, 5, 0.1, 1, 0.5, "只有一个任务"),
        (3, 1, 0.3, 5, 1.0, "一维"),
    ]:
        yield case(
            normal(rng, d), normal(rng, n, d).abs(), normal(rng, n, d), alpha, k, eps, note=note
        )


@exercise(
    "ch31.reptile_step", title="外层走一步 Reptile", cases=_reptile_cases, forbid=("autograd",)
)
def reptile_step(phi, kappa, c, alpha, k, eps):
    end = c + (1 - alpha * kappa) ** k * (phi - c)
    return phi + eps * (end.mean(0) - phi)


@reptile_step.mistake("你让 φ 离终点更远了：往终点的平均挪，是 φ + eps (平均 − φ)。")
def _(phi, kappa, c, alpha, k, eps):
    end = c + (1 - alpha * kappa) ** k * (phi - c)
    return phi - eps * (end.mean(0) - phi)


@reptile_step.mistake("内层只走了一步，没有用到 k；那就是联合训练了。")
def _(phi, kappa, c, alpha, k, eps):
    end = c + (1 - alpha * kappa) * (phi - c)
    return phi + eps * (end.mean(0) - phi)


@reptile_step.mistake("返回的是终点的平均，还要只挪 eps 那么大的一份。")
def _(phi, kappa, c, alpha, k, eps):
    return (c + (1 - alpha * kappa) ** k * (phi - c)).mean(0)


@reptile_step.mistake("各任务接着走了：每个任务都要从同一个 φ 出发。")
def _(phi, kappa, c, alpha, k, eps):
    theta = phi
    for row_kappa, row_c in zip(kappa, c, strict=True):
        theta = row_c + (1 - alpha * row_kappa) ** k * (theta - row_c)
    return phi + eps * (theta - phi)
