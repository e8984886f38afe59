"""第 3 章《分类（一）：概率生成模型》的练习检查。"""

import math

import torch

from utils.checks import case, exercise, normal


def _covariance(rng, d: int) -> torch.Tensor:
    """随机的正定矩阵。"""
    A = normal(rng, d, d + 2)
    return A @ A.T / d + 0.1 * torch.eye(d, dtype=A.dtype)


def _share(joint: torch.Tensor) -> torch.Tensor:
    return joint / joint.sum()


# ---------------------------------------------------------------- 练习 1：摸 n 个球之后的后验


def _draws_cases(rng):
    for boxes, n, k, note in [
        (2, 5, 3, ""),
        (3, 8, 2, "三个盒子"),
        (4, 6, 0, "一个蓝球也没有"),
        (2, 7, 7, "全是蓝球"),
    ]:
        prior = torch.as_tensor(rng.dirichlet([2.0] * boxes))
        yield case(prior, torch.as_tensor(rng.uniform(0.1, 0.9, size=boxes)), n, k, note=note)


@exercise("ch03.draws", title="摸 n 个球之后的后验", cases=_draws_cases)
def posterior_after_draws(prior, p_blue, n, k):
    return _share(prior * p_blue**k * (1 - p_blue) ** (n - k))


@posterior_after_draws.mistake("没有乘先验：后验正比于“先验 × 似然”，只看似然等于假设先验都相等。")
def _(prior, p_blue, n, k):
    return _share(p_blue**k * (1 - p_blue) ** (n - k))


@posterior_after_draws.mistake(
    "绿球也是证据：n 次里有 n − k 次不是蓝的，每一次都要乘上 1 − p_blue。"
)
def _(prior, p_blue, n, k):
    return _share(prior * p_blue**k)


@posterior_after_draws.mistake(
    "先验只乘一次：盒子是先选定的，后面 n 个球都从同一个盒子里摸，不是每摸一次就重新选盒子。"
)
def _(prior, p_blue, n, k):
    return _share((prior * p_blue) ** k * (prior * (1 - p_blue)) ** (n - k))


@posterior_after_draws.mistake("还没有归一化：各个盒子的后验加起来应当是 1，再除以它们的总和。")
def _(prior, p_blue, n, k):
    return prior * p_blue**k * (1 - p_blue) ** (n - k)


@posterior_after_draws.mistake(
    "指数写反了：蓝球有 k 次，p_blue 的指数是 k，1 − p_blue 的是 n − k。"
)
def _(prior, p_blue, n, k):
    return _share(prior * p_blue ** (n - k) * (1 - p_blue) ** k)


# ---------------------------------------------------------------- 练习 2：多类 hinge 的梯度


def _hinge_cases(rng):
    for n, classes, note in [(6, 4, ""), (30, 3, ""), (1, 5, "只有一个样本"), (8, 2, "只有两类")]:
        y = torch.as_tensor(rng.integers(classes, size=n))
        yield case(normal(rng, n, classes), y, note=note)


def _owes(scores, y, delta=1.0):
    """哪些类欠了账，(N, K)；正确类是 0。"""
    rows = torch.arange(len(y))
    owes = (scores - scores[rows, y][:, None] + delta > 0).to(scores.dtype)
    owes[rows, y] = 0
    return owes


def _with_correct(owes, y, share):
    grad = owes.clone()
    grad[torch.arange(len(y)), y] = share
    return grad


@exercise(
    "ch03.hinge_gradient", title="多类 hinge loss 的梯度", cases=_hinge_cases, forbid=("autograd",)
)
def hinge_gradient(scores, y):
    owes = _owes(scores, y)
    return _with_correct(owes, y, -owes.sum(1)) / len(y)


@hinge_gradient.mistake(
    "正确类那一格不止 −1：每一个欠账的类都含有一份 −s_y，有几个类欠账，就是负几份。"
)
def _(scores, y):
    owes = _owes(scores, y)
    return _with_correct(owes, y, -(owes.sum(1) > 0).to(scores.dtype)) / len(y)


@hinge_gradient.mistake("正确类的那一格漏了：loss 里有 −s_y，它的梯度是负的“欠账的类数”。")
def _(scores, y):
    return _owes(scores, y) / len(y)


@hinge_gradient.mistake(
    "余量 Δ 丢了：不是“比正确类高”才欠账，只要没有低到 1 以上，s_k − s_y + 1 > 0，就欠账。"
)
def _(scores, y):
    owes = _owes(scores, y, delta=0.0)
    return _with_correct(owes, y, -owes.sum(1)) / len(y)


@hinge_gradient.mistake("欠账的大小不影响梯度：max(0, u) 在 u > 0 时的导数是 1，不是 u。")
def _(scores, y):
    rows = torch.arange(len(y))
    debts = (scores - scores[rows, y][:, None] + 1).clamp(min=0)
    debts[rows, y] = 0
    return _with_correct(debts, y, -debts.sum(1)) / len(y)


# ---------------------------------------------------------------- 练习 3：两家医院合成一份


def _merge_cases(rng):
    for n1, n2, d, note in [
        (30, 12, 3, ""),
        (7, 40, 2, "第二家大得多"),
        (5, 6, 1, "只有一个特征"),
        (1, 9, 2, "第一家只有一个样本，协方差全是 0"),
    ]:
        mean1, mean2 = 2 * normal(rng, d), 2 * normal(rng, d)
        cov1 = _covariance(rng, d) if n1 > 1 else torch.zeros(d, d, dtype=mean1.dtype)
        yield case(n1, mean1, cov1, n2, mean2, 2 * _covariance(rng, d), note=note)


def _weighted(n1, a, n2, b):
    return (n1 * a + n2 * b) / (n1 + n2)


def _between(n1, mean1, n2, mean2):
    """两个均值在总均值周围的散布。"""
    gap = mean1 - mean2
    return n1 * n2 / (n1 + n2) ** 2 * torch.outer(gap, gap)


@exercise("ch03.merge", title="两家医院合成一份", cases=_merge_cases)
def merge(n1, mean1, cov1, n2, mean2, cov2):
    mean = _weighted(n1, mean1, n2, mean2)
    return mean, _weighted(n1, cov1, n2, cov2) + _between(n1, mean1, n2, mean2)


@merge.mistake(
    "少了一项：两家的均值不同，这也是散布。只对协方差加权平均，得到的是各自减各自均值的残差的协方差。"
)
def _(n1, mean1, cov1, n2, mean2, cov2):
    return _weighted(n1, mean1, n2, mean2), _weighted(n1, cov1, n2, cov2)


@merge.mistake("两家各算一半了：均值和协方差都要按样本数加权。")
def _(n1, mean1, cov1, n2, mean2, cov2):
    return merge(1, mean1, cov1, 1, mean2, cov2)


@merge.mistake("均值之间的那一项少了平方的分母：它是 n₁n₂/(n₁+n₂)²，不是 n₁n₂/(n₁+n₂)。")
def _(n1, mean1, cov1, n2, mean2, cov2):
    mean, _ = merge(n1, mean1, cov1, n2, mean2, cov2)
    return mean, _weighted(n1, cov1, n2, cov2) + (n1 + n2) * _between(n1, mean1, n2, mean2)


@merge.mistake("极大似然除以 n₁ + n₂。除以 n₁ + n₂ − 1 是无偏估计，也常用，但不是题目要的那一个。")
def _(n1, mean1, cov1, n2, mean2, cov2):
    mean, cov = merge(n1, mean1, cov1, n2, mean2, cov2)
    return mean, cov * (n1 + n2) / (n1 + n2 - 1)


@merge.mistake("只留下了对角线：那是朴素贝叶斯的假设，这里特征之间的协方差也要。")
def _(n1, mean1, cov1, n2, mean2, cov2):
    mean, cov = merge(n1, mean1, cov1, n2, mean2, cov2)
    return mean, torch.diag(cov.diagonal())


# ---------------------------------------------------------------- 练习 4：缺了特征的对数密度


def _missing_cases(rng):
    for d, gone, note in [
        (4, [1], ""),
        (5, [0, 3, 4], "缺了三个特征"),
        (3, [], "一个也没有缺"),
        (3, [0, 1], "只测到一个特征"),
    ]:
        x = normal(rng, d) + 1
        x[gone] = math.nan
        yield case(x, 2 * normal(rng, d), _covariance(rng, d), note=note)


def _log_density(x, mean, cov):
    return torch.distributions.MultivariateNormal(mean, cov).log_prob(x)


@exercise("ch03.missing", title="缺了特征的对数密度", cases=_missing_cases)
def log_density_missing(x, mean, cov):
    seen = ~torch.isnan(x)
    return _log_density(x[seen], mean[seen], cov[seen][:, seen])


@log_density_missing.mistake(
    "缺的特征不能填成均值：维数、行列式里还算着没测到的特征；马氏距离也不对，它用的是 Σ⁻¹ 的一块，"
    "应当先从 Σ 里划掉那几维，再求逆。把那几维从 x、μ 和 Σ 里都划掉。"
)
def _(x, mean, cov):
    return _log_density(torch.where(torch.isnan(x), mean, x), mean, cov)


@log_density_missing.mistake(
    "缺的特征填成 0，等于说“测到了，而且是 0”。把那几维从 x、μ 和 Σ 里都划掉。"
)
def _(x, mean, cov):
    return _log_density(torch.nan_to_num(x), mean, cov)


@log_density_missing.mistake(
    "你从 Σ⁻¹ 里划掉了那几维。要先从 Σ 里划掉，再求逆：前者算的是把缺的特征固定在均值上的条件分布，"
    "后者才是把它们积掉的边缘分布。"
)
def _(x, mean, cov):
    seen = ~torch.isnan(x)
    precision = torch.linalg.inv(cov)[seen][:, seen]
    return _log_density(x[seen], mean[seen], torch.linalg.inv(precision))


@log_density_missing.mistake("特征之间的协方差丢了：测到的特征之间仍然相关，要用 Σ 的子矩阵。")
def _(x, mean, cov):
    seen = ~torch.isnan(x)
    return _log_density(x[seen], mean[seen], torch.diag(cov.diagonal()[seen]))


# ---------------------------------------------------------------- 练习 5：伯努利朴素贝叶斯的 w 与 b


def _bernoulli_cases(rng):
    for d, prior, note in [(4, 0.3, ""), (7, 0.5, "先验相等"), (1, 0.9, "只有一个特征")]:
        theta = torch.as_tensor(rng.uniform(0.05, 0.95, size=(2, d)))
        yield case(theta[0], theta[1], prior, note=note)


def _prior_odds(prior1: float) -> float:
    return math.log(prior1 / (1 - prior1))


def _on_off(theta1, theta2):
    return (theta1 / theta2).log(), ((1 - theta1) / (1 - theta2)).log()


@exercise("ch03.bernoulli", title="伯努利朴素贝叶斯的 w 与 b", cases=_bernoulli_cases)
def bernoulli_weights(theta1, theta2, prior1):
    on, off = _on_off(theta1, theta2)
    return on - off, off.sum() + _prior_odds(prior1)


@bernoulli_weights.mistake(
    "特征是 0 的时候也有证据：(1 − x) ln((1−θ₁)/(1−θ₂)) 展开以后，一份进 b，一份以负号进 w。"
)
def _(theta1, theta2, prior1):
    on, _ = _on_off(theta1, theta2)
    return on, torch.as_tensor(_prior_odds(prior1), dtype=on.dtype)


@bernoulli_weights.mistake("b 对了，w 少了一半：(1 − x) 里的 −x 也要收进 x 的系数。")
def _(theta1, theta2, prior1):
    on, off = _on_off(theta1, theta2)
    return on, off.sum() + _prior_odds(prior1)


@bernoulli_weights.mistake("w 对了，b 里少了先验：还要加上 ln(P(C1)/P(C2))。")
def _(theta1, theta2, prior1):
    on, off = _on_off(theta1, theta2)
    return on - off, off.sum() + 0 * prior1


@bernoulli_weights.mistake("b 里的先验应当是 ln(P(C1)/P(C2)) = ln(p/(1−p))，不是 ln P(C1)。")
def _(theta1, theta2, prior1):
    on, off = _on_off(theta1, theta2)
    return on - off, off.sum() + math.log(prior1)


@bernoulli_weights.mistake("C1 和 C2 弄反了：z 是 C1 对 C2 的对数几率，θ₁ 在分子上。")
def _(theta1, theta2, prior1):
    on, off = _on_off(theta1, theta2)
    return off - on, -off.sum() - _prior_odds(prior1)


# ---------------------------------------------------------------- 练习 6：一维的决策边界


def _boundary_cases(rng):
    yield case(1.0, 1.0, -1.0, 2.0, 0.5, note="标准差不同")
    yield case(2.0, 0.7, -0.5, 0.7, 0.2, note="标准差相同，只有一个边界")
    yield case(0.0, 3.0, 0.5, 1.0, 0.3, note="C1 是胖的那一类")
    yield case(0.2, 1.0, 0.0, 3.0, 0.05, note="先验太小，C1 处处输")
    yield case(-1.0, 0.5, 1.5, 1.2, 0.7)


def _roots(a: float, b: float, c: float) -> torch.Tensor:
    if abs(a) < 1e-12:
        roots = [-c / b]
    else:
        inside = b * b - 4 * a * c
        roots = [(-b + s * math.sqrt(inside)) / (2 * a) for s in (-1, 1)] if inside > 0 else []
    return torch.tensor(sorted(roots), dtype=torch.float64)


def _quadratic(mu1, sigma1, mu2, sigma2):
    """对数似然比的三个系数，不含先验。"""
    v1, v2 = sigma1**2, sigma2**2
    constant = mu2**2 / (2 * v2) - mu1**2 / (2 * v1) + math.log(sigma2 / sigma1)
    return (1 / v2 - 1 / v1) / 2, mu1 / v1 - mu2 / v2, constant


@exercise("ch03.boundaries", title="一维的决策边界", cases=_boundary_cases)
def boundaries(mu1, sigma1, mu2, sigma2, prior1):
    a, b, c = _quadratic(mu1, sigma1, mu2, sigma2)
    return _roots(a, b, c + _prior_odds(prior1))


@boundaries.mistake("没有算先验：常数项里还有 ln(P(C1)/P(C2))。")
def _(mu1, sigma1, mu2, sigma2, prior1):
    return _roots(*_quadratic(mu1, sigma1, mu2, sigma2))


@boundaries.mistake("归一化的系数丢了：密度前面有 1/σ，两类的 σ 不同时，常数项里要加上 ln(σ₂/σ₁)。")
def _(mu1, sigma1, mu2, sigma2, prior1):
    a, b, c = _quadratic(mu1, sigma1, mu2, sigma2)
    return _roots(a, b, c - math.log(sigma2 / sigma1) + _prior_odds(prior1))


@boundaries.mistake("ln(σ₂/σ₁) 的符号反了：C1 的密度前面是 1/σ₁，在分子上，取对数是 −ln σ₁。")
def _(mu1, sigma1, mu2, sigma2, prior1):
    a, b, c = _quadratic(mu1, sigma1, mu2, sigma2)
    return _roots(a, b, c - 2 * math.log(sigma2 / sigma1) + _prior_odds(prior1))


@boundaries.mistake(
    "标准差不同时，边界有两个（或没有），你只给了一个。二次方程的两个根都是边界：中间归瘦的那一类。"
)
def _(mu1, sigma1, mu2, sigma2, prior1):
    a, b, c = _quadratic(mu1, sigma1, mu2, sigma2)
    roots = _roots(a, b, c + _prior_odds(prior1))
    middle = (mu1 + mu2) / 2
    return roots[(roots - middle).abs().argsort()[:1]]
