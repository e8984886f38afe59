"""第 24 章《生成对抗网络》的练习检查。"""

import torch

from utils.checks import case, exercise, normal

# ---------------------------------------------------------------- 练习 1：判别器的一步


def _d_cases(rng):
    for m, n, d, b, note in [
        (5, 5, 3, 0.5, ""),
        (4, 7, 2, -1.0, "真假个数不同"),
        (1, 3, 1, 2.0, "只有一个真的"),
        (6, 2, 4, 0.0, ""),
    ]:
        yield case(normal(rng, m, d), normal(rng, n, d) + 1, normal(rng, d), b, note=note)


def _d_parts(real, fake, w, b):
    return torch.sigmoid(real @ w + b), torch.sigmoid(fake @ w + b)


@exercise("ch24.d_gradient", title="判别器的一步", cases=_d_cases, forbid=("autograd",))
def d_gradient(real, fake, w, b):
    on_real, on_fake = _d_parts(real, fake, w, b)
    return (on_real - 1) @ real / len(real) + on_fake @ fake / len(fake)


@d_gradient.mistake("真的样本乘的是 D − 1，不是 D：标签是 1。")
def _(real, fake, w, b):
    on_real, on_fake = _d_parts(real, fake, w, b)
    return on_real @ real / len(real) + on_fake @ fake / len(fake)


@d_gradient.mistake("真假两批要各自取平均再相加，你把它们合在一起除了 n₁ + n₂。")
def _(real, fake, w, b):
    on_real, on_fake = _d_parts(real, fake, w, b)
    return ((on_real - 1) @ real + on_fake @ fake) / (len(real) + len(fake))


@d_gradient.mistake("标签反了：真的标 1，假的标 0。")
def _(real, fake, w, b):
    on_real, on_fake = _d_parts(real, fake, w, b)
    return on_real @ real / len(real) + (on_fake - 1) @ fake / len(fake)


# ---------------------------------------------------------------- 练习 2：抓到几个峰


def _caught_cases(rng):
    for n, d, K, radius, share, far, note in [
        (40, 2, 5, 0.6, 0.05, True, ""),
        (60, 3, 8, 0.9, 0.04, False, "有一个峰只有一个样本"),
        (25, 2, 3, 0.5, 0.1, True, ""),
        (50, 1, 6, 0.7, 0.02, False, "恰好等于门槛的不算"),
        (30, 2, 1, 1.0, 0.2, False, "只有一个峰"),
    ]:
        centers = 6 * torch.arange(K).double()[:, None] + normal(rng, K, d)
        which = torch.as_tensor(rng.integers(0, (K + 1) // 2, size=n))
        which[: n // 3 if far else 1] = K - 1
        y = centers[which] + 0.3 * radius * normal(rng, n, d).clamp(-1, 1)
        if far:  # 最后一个峰的样本全都偏远
            y[: n // 3] = centers[K - 1] + 2 * radius
        yield case(y, centers, radius, share, note=note)
    y = torch.tensor([[0.5], [-0.5], [4.25], [4.5], [9.0]]).double()
    yield case(y, torch.tensor([[0.0], [4.0]]).double(), 0.5, 0.3, note="有的恰好在半径上")
    y = torch.tensor([[0.0], [0.7], [-0.1], [5.0], [5.1], [20.0], [30.0], [40.0], [50.0]]).double()
    yield case(y, torch.tensor([[0.0], [5.0], [9.0]]).double(), 0.8, 0.25, note="偏远的样本占一半")


def _caught(y, centers, radius, least):
    distance, which = torch.cdist(y, centers).min(1)
    counts = torch.bincount(which[distance <= radius], minlength=len(centers))
    return int((counts > least).sum())


@exercise("ch24.caught", title="抓到几个峰", cases=_caught_cases)
def caught(y, centers, radius, share):
    return _caught(y, centers, radius, share * len(y))


@caught.mistake("不好的样本也算进去了：离最近的峰超过 radius 的要丢掉。")
def _(y, centers, radius, share):
    return _caught(y, centers, float("inf"), share * len(y))


@caught.mistake("门槛是全部样本的 share，你用的是好样本的。")
def _(y, centers, radius, share):
    good = torch.cdist(y, centers).amin(1) <= radius
    return _caught(y, centers, radius, share * int(good.sum()))


@caught.mistake("离最近的峰恰好等于 radius 的也算好样本：用 <=。")
def _(y, centers, radius, share):
    return _caught(y, centers, radius * (1 - 1e-9), share * len(y))


@caught.mistake("有一个样本就算抓到了；要超过全部样本的 share。")
def _(y, centers, radius, share):
    return _caught(y, centers, radius, 0)


# ---------------------------------------------------------------- 练习 3：线性的循环损失


def _cycle_cases(rng):
    for d, n, m, note in [(3, 5, 4, ""), (1, 6, 2, "一维"), (2, 1, 7, "只有一个 x"), (4, 3, 3, "")]:
        yield case(
            normal(rng, d, d), normal(rng, d, d), normal(rng, n, d), normal(rng, m, d), note=note
        )


@exercise("ch24.linear_cycle", title="线性的循环损失", cases=_cycle_cases, grad=("A", "B"))
def linear_cycle(A, B, x, y):
    return (x @ A.T @ B.T - x).abs().mean() + (y @ B.T @ A.T - y).abs().mean()


@linear_cycle.mistake("只算了 X → Y → X 一个方向，还有 Y → X → Y。")
def _(A, B, x, y):
    return (x @ A.T @ B.T - x).abs().mean()


@linear_cycle.mistake("用的是平方，题目要的是绝对值（L1）。")
def _(A, B, x, y):
    return (x @ A.T @ B.T - x).pow(2).mean() + (y @ B.T @ A.T - y).pow(2).mean()


@linear_cycle.mistake("一行是一个样本，Ax 要写成 x @ A.T；你乘的是没有转置的 A、B。")
def _(A, B, x, y):
    return (x @ A @ B - x).abs().mean() + (y @ B @ A - y).abs().mean()
