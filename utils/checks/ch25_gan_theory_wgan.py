"""第 25 章《GAN 理论、WGAN 家族与评估》的练习检查。"""

import torch

from utils.checks import case, exercise, normal

# ---------------------------------------------------------------- 练习 1：真假不一样多


def _tables(rng, n, zeros=0):
    """两张概率表；zeros：各自有几格是 0。"""
    p, q = normal(rng, n).exp(), normal(rng, n).exp()
    p[:zeros], q[n - zeros :] = 0, 0
    return p / p.sum(), q / q.sum()


def _weighted_cases(rng):
    for n, zeros, alpha, note in [
        (5, 0, 0.3, ""),
        (8, 3, 0.7, "有的格子是 0"),
        (3, 0, 0.5, "权重各一半"),
        (4, 2, 0.1, "不重叠"),
    ]:
        yield case(*_tables(rng, n, zeros), alpha, note=note)
    p, q = _tables(rng, 6)
    p[2], q[2] = 0, 0
    yield case(p / p.sum(), q / q.sum(), 0.45, note="有一格两边都是 0")


def _weighted(p, q, alpha, D):
    return (torch.xlogy(alpha * p, D) + torch.xlogy((1 - alpha) * q, 1 - D)).sum()


def _ratio(a, b):
    return torch.where(a + b > 0, a / (a + b), 0.5)


@exercise("ch25.weighted_best", title="真假不一样多", cases=_weighted_cases)
def weighted_best(p, q, alpha):
    return _weighted(p, q, alpha, _ratio(alpha * p, (1 - alpha) * q))


@weighted_best.mistake("最优的 D 也要带上权重：逐点对 αp ln D + (1−α)q ln(1−D) 求最大。")
def _(p, q, alpha):
    return _weighted(p, q, alpha, _ratio(p, q))


@weighted_best.mistake("返回的是最优的 D，题目要的是 V 的最大值。")
def _(p, q, alpha):
    return _ratio(alpha * p, (1 - alpha) * q)


@weighted_best.mistake("D 用对了，可是算 V 时忘了乘 alpha 与 1 − alpha。")
def _(p, q, alpha):
    return 2 * _weighted(p, q, 0.5, _ratio(alpha * p, (1 - alpha) * q))


# ---------------------------------------------------------------- 练习 2：不造计划的推土机


def _carry_cases(rng):
    for n, zeros, note in [(6, 0, ""), (3, 1, ""), (9, 4, "有的格子是 0"), (2, 0, "只有两处")]:
        x = normal(rng, n).exp().cumsum(0) - 1
        yield case(x, *_tables(rng, n, zeros), note=note)
    x, p = (
        torch.tensor([0.0, 1.0, 2.5, 4.0, 7.0]).double(),
        torch.tensor([4.0, 1, 0, 1, 4]).double(),
    )
    yield case(x, p / 10, p[[1, 0, 2, 4, 3]] / 10, note="有的往左搬，有的往右搬")


def _passing(p, q):
    return (p.cumsum(0) - q.cumsum(0))[:-1]


@exercise(
    "ch25.carry",
    title="不造计划的推土机",
    cases=_carry_cases,
    forbid=("wasserstein_distance", "linprog"),
)
def carry(x, p, q):
    return (_passing(p, q).abs() * x.diff()).sum()


@carry.mistake("每一段要先取绝对值再相加：有的段往右搬，有的往左搬，不会抵消。")
def _(x, p, q):
    return (_passing(p, q) * x.diff()).sum().abs()


@carry.mistake("要乘每一段的长度 x[i+1] − x[i]，间隔不一定是 1。")
def _(x, p, q):
    return _passing(p, q).abs().sum()


@carry.mistake("比的是累积到这里的土（前缀和），不是各处自己的差。")
def _(x, p, q):
    return ((p - q).abs()[:-1] * x.diff()).sum()


# ---------------------------------------------------------------- 练习 3：手算的惩罚


def _penalty_cases(rng):
    for n, d, note in [(6, 3, ""), (1, 2, "只有一对"), (5, 1, "一维"), (4, 4, "")]:
        eps = torch.as_tensor(rng.random(n))
        yield case(
            normal(rng, n, d), normal(rng, n, d), eps, normal(rng, d, d), normal(rng, d), note=note
        )
    flat = 0.1 * normal(rng, 3, 3)
    yield case(
        normal(rng, 7, 3), normal(rng, 7, 3), torch.as_tensor(rng.random(7)), flat,
        0.3 * normal(rng, 3), note="有的地方不陡",
    )  # fmt: skip


def _slope(real, fake, eps, A, b):
    return (eps[:, None] * real + (1 - eps[:, None]) * fake) @ (A + A.T) / 2 + b


@exercise("ch25.one_sided", title="手算的惩罚", cases=_penalty_cases, forbid=("autograd",))
def one_sided(real, fake, eps, A, b):
    over = _slope(real, fake, eps, A, b).norm(dim=1) - 1
    return (over.clamp(min=0) ** 2).mean()


@one_sided.mistake("这是双边的：斜率小于 1 的点不该罚。")
def _(real, fake, eps, A, b):
    return ((_slope(real, fake, eps, A, b).norm(dim=1) - 1) ** 2).mean()


@one_sided.mistake("A 不一定对称：二次型的梯度是 (A + A转置)/2 乘 y，再加 b。")
def _(real, fake, eps, A, b):
    over = ((eps[:, None] * real + (1 - eps[:, None]) * fake) @ A.T + b).norm(dim=1) - 1
    return (over.clamp(min=0) ** 2).mean()


@one_sided.mistake("ε 乘在真样本上，你把真假换了位置。")
def _(real, fake, eps, A, b):
    return one_sided(fake, real, eps, A, b)
