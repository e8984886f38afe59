"""第 4 章《逻辑回归、softmax 与交叉熵》的练习检查。"""

import math

import torch
import torch.nn.functional as F

from utils.checks import case, exercise, normal

# ---------------------------------------------------------------- 练习 1：换门槛


def _threshold_cases(rng):
    for t, note in [(0.1, ""), (0.8, ""), (0.5, "门槛不变"), (0.003, "门槛很低")]:
        yield case(float(rng.normal()), t, note=note)


@exercise("ch04.threshold", title="换门槛就是平移截距", cases=_threshold_cases)
def shifted_bias(b, t):
    return b - math.log(t / (1 - t))


@shifted_bias.mistake("方向反了：门槛降低，更容易判为恶性，b' 应当比 b 大。t < 0.5 时对数是负的。")
def _(b, t):
    return b + math.log(t / (1 - t))


@shifted_bias.mistake("门槛是概率，b 是对数几率，不能直接相减：先用 ln[t/(1−t)] 把 t 换成 logit。")
def _(b, t):
    return b - t


@shifted_bias.mistake(
    "t 与 0.5 的差是概率之差，b 是对数几率：先用 ln[t/(1−t)] 把门槛换成 logit，再移项。"
)
def _(b, t):
    return b - (t - 0.5)


@shifted_bias.mistake("ln t 不是 logit。反解 σ(z) = t，得到 z = ln[t/(1−t)]，分母的 1−t 不能丢。")
def _(b, t):
    return b - math.log(t)


# ---------------------------------------------------------------- 练习 2：带权的交叉熵


def _bce_cases(rng):
    for n, c, note in [(7, 3.0, ""), (1, 0.5, "只有一个样本"), (20, 1.0, "c = 1")]:
        yield case(3 * normal(rng, n), torch.as_tensor(rng.integers(0, 2, n) * 1.0), c, note=note)
    soft = torch.as_tensor(rng.uniform(size=6))
    yield case(normal(rng, 6), soft, 4.0, note="软标签")
    z = torch.tensor([-1000.0, 1000.0, -1000.0, 1000.0, 0.5], dtype=torch.float64)
    y = torch.tensor([0.0, 1.0, 1.0, 0.0, 1.0], dtype=torch.float64)
    yield case(z, y, 2.0, note="logit 到了 ±1000")


@exercise(
    "ch04.weighted_bce",
    title="带权的二元交叉熵",
    cases=_bce_cases,
    grad=("z",),
    forbid=("binary_cross_entropy_with_logits",),
)
def weighted_bce(z, y, c):
    zero = torch.zeros_like(z)
    return (c * y * torch.logaddexp(zero, -z) + (1 - y) * torch.logaddexp(zero, z)).mean()


@weighted_bce.mistake("没有用到 c：它只乘正类的那一项。")
def _(z, y, c):
    return F.binary_cross_entropy_with_logits(z, y)


@weighted_bce.mistake("c 乘到整个样本上了。它只乘正类的那一项，负类的一项不变。")
def _(z, y, c):
    return c * F.binary_cross_entropy_with_logits(z, y)


@weighted_bce.mistake("c 乘到了负类的那一项上，题目要它乘正类（含 y 的）那一项。")
def _(z, y, c):
    return (y * F.softplus(-z) + c * (1 - y) * F.softplus(z)).mean()


@weighted_bce.mistake("题目除以的是样本数 N，不是权重之和。")
def _(z, y, c):
    weight = c * y + 1 - y
    return (c * y * F.softplus(-z) + (1 - y) * F.softplus(z)).sum() / weight.sum()


@weighted_bce.mistake("y 和 1−y 写反了：y = 1 时罚的是 −ln σ(z)，z 越大它应当越小。")
def _(z, y, c):
    return (c * y * F.softplus(z) + (1 - y) * F.softplus(-z)).mean()


@weighted_bce.mistake(
    "中间把 logit 或概率截断了：极端的 logit 处，值被封顶，梯度也没了。"
    "改用 `torch.logaddexp(0, ±z)`，不需要截断。"
)
def _(z, y, c):
    p = torch.sigmoid(z).clamp(1e-12, 1 - 1e-12)
    return -(c * y * p.log() + (1 - y) * (1 - p).log()).mean()


# ---------------------------------------------------------------- 练习 3：牛顿法的一步


def _newton_cases(rng):
    for n, d, note in [(30, 3, ""), (60, 5, ""), (12, 1, "只有一个参数")]:
        X = normal(rng, n, d)
        yield case(0.3 * normal(rng, d), X, torch.as_tensor(rng.integers(0, 2, n) * 1.0), note=note)


def _fit(theta, X):
    z = X @ theta
    p = torch.sigmoid(z)
    return z, p, p * (1 - p)


@exercise("ch04.newton", title="牛顿法的一步", cases=_newton_cases)
def working_response(theta, X, y):
    z, p, s = _fit(theta, X)
    return z + (y - p) / s


@working_response.mistake("符号反了：牛顿法减去梯度，梯度是“预测减标签”，所以 r 里是 y − p。")
def _(theta, X, y):
    z, p, s = _fit(theta, X)
    return z - (y - p) / s


@working_response.mistake("漏了 z：解出来的是 θ' 自己，不是要走的那一步，所以 r 里还有 Xθ。")
def _(theta, X, y):
    _, p, s = _fit(theta, X)
    return (y - p) / s


@working_response.mistake("权重 p(1−p) 乘在残差的平方上，残差要除以它，才对得上梯度 Xᵀ(p − y)。")
def _(theta, X, y):
    z, p, _ = _fit(theta, X)
    return z + (y - p)


@working_response.mistake("是除以 p(1−p)，不是乘：正规方程里 r 前面已经有一个 p(1−p)。")
def _(theta, X, y):
    z, p, s = _fit(theta, X)
    return z + (y - p) * s


@working_response.mistake("残差是标签减概率 p = σ(z)，不是减 logit z。")
def _(theta, X, y):
    z, _, s = _fit(theta, X)
    return z + (y - z) / s


# ---------------------------------------------------------------- 练习 4：标签平滑的梯度


def _smoothing_cases(rng):
    for n, k, epsilon, note in [
        (6, 3, 0.1, ""),
        (4, 10, 0.2, ""),
        (1, 4, 0.1, "只有一个样本"),
        (5, 3, 0.0, "不平滑"),
    ]:
        labels = torch.as_tensor(rng.integers(0, k, n))
        yield case(2 * normal(rng, n, k), labels, epsilon, note=note)
    z = torch.tensor([[1000.0, 0.0, -1000.0], [-1000.0, 0.0, 1000.0]], dtype=torch.float64)
    yield case(z, torch.tensor([1, 2]), 0.1, note="logit 到了 ±1000")


def _one_hot(z, labels):
    return F.one_hot(labels, z.shape[1]).to(z.dtype)


@exercise("ch04.smoothing", title="标签平滑的梯度", cases=_smoothing_cases)
def smoothed_gradient(z, labels, epsilon):
    target = (1 - epsilon) * _one_hot(z, labels) + epsilon / z.shape[1]
    return (torch.softmax(z, dim=1) - target) / len(z)


@smoothed_gradient.mistake("没有平滑标签：减去的应当是 (1−ε)·独热 + ε/K。")
def _(z, labels, epsilon):
    return (torch.softmax(z, dim=1) - _one_hot(z, labels)) / len(z)


@smoothed_gradient.mistake("ε 没有除以 K：平滑以后的标签加起来应当还是 1。")
def _(z, labels, epsilon):
    target = (1 - epsilon) * _one_hot(z, labels) + epsilon
    return (torch.softmax(z, dim=1) - target) / len(z)


@smoothed_gradient.mistake(
    "正确的类也要分到 ε/K：你把 ε 平分给了另外 K−1 类，题目的定义是平分给全部 K 类。"
)
def _(z, labels, epsilon):
    hot = _one_hot(z, labels)
    target = (1 - epsilon) * hot + (1 - hot) * epsilon / (z.shape[1] - 1)
    return (torch.softmax(z, dim=1) - target) / len(z)


@smoothed_gradient.mistake("独热的部分忘了乘 1−ε：平滑以后的标签加起来应当还是 1。")
def _(z, labels, epsilon):
    return (torch.softmax(z, dim=1) - _one_hot(z, labels) - epsilon / z.shape[1]) / len(z)


@smoothed_gradient.mistake("softmax 沿错了方向：每个样本的 K 个概率加起来是 1，应当是 `dim=1`。")
def _(z, labels, epsilon):
    target = (1 - epsilon) * _one_hot(z, labels) + epsilon / z.shape[1]
    return (torch.softmax(z, dim=0) - target) / len(z)


@smoothed_gradient.mistake("还没有过 softmax：梯度是“概率减标签”，不是“分数减标签”。")
def _(z, labels, epsilon):
    target = (1 - epsilon) * _one_hot(z, labels) + epsilon / z.shape[1]
    return (z - target) / len(z)


# ---------------------------------------------------------------- 练习 5：换先验


def _priors_cases(rng):
    for n, k, note in [(6, 3, ""), (4, 2, "两类"), (1, 5, "只有一个样本")]:
        p, old, new = (torch.as_tensor(rng.dirichlet([2.0] * k, size=m)) for m in (n, 1, 1))
        yield case(p, old[0], new[0], note=note)


@exercise("ch04.priors", title="换先验", cases=_priors_cases)
def change_priors(p, old, new):
    scores = p / old * new
    return scores / scores.sum(dim=1, keepdim=True)


@change_priors.mistake("忘了归一化：每一行要重新除以自己的和。")
def _(p, old, new):
    return p / old * new


@change_priors.mistake(
    "旧先验已经包含在 p 里了，要先除以它，得到与 P(x|k) 成正比的量，再乘新先验。"
)
def _(p, old, new):
    scores = p * new
    return scores / scores.sum(dim=1, keepdim=True)


@change_priors.mistake("新旧反了：除以旧的，乘上新的。")
def _(p, old, new):
    scores = p * old / new
    return scores / scores.sum(dim=1, keepdim=True)


@change_priors.mistake("归一化沿错了方向：每个样本（每一行）的 K 个概率加起来是 1。")
def _(p, old, new):
    scores = p / old * new
    return scores / scores.sum(dim=0, keepdim=True)


@change_priors.mistake("先验相差要在对数里加减；概率本身是乘除：p / old * new。")
def _(p, old, new):
    scores = p - old + new
    return scores / scores.sum(dim=1, keepdim=True)


# ---------------------------------------------------------------- 练习 6：logit 之间的 KL


def _kl_cases(rng):
    for n, k, note in [(5, 3, ""), (1, 4, "只有一个样本"), (8, 2, "两类")]:
        yield case(2 * normal(rng, n, k), 2 * normal(rng, n, k), note=note)
    s = torch.tensor([[1000.0, 0.0, -1000.0], [3.0, 1.0, 2.0]], dtype=torch.float64)
    t = torch.tensor([[-1000.0, 0.0, 1000.0], [1000.0, 1000.0, 0.0]], dtype=torch.float64)
    yield case(s, t, note="分数到了 ±1000")


def _kl(s, t):
    log_q, log_p = torch.log_softmax(s, dim=1), torch.log_softmax(t, dim=1)
    return log_p.exp() * (log_p - log_q)


@exercise("ch04.kl", title="两组 logit 之间的 KL 散度", cases=_kl_cases, grad=("s",))
def kl_of_logits(s, t):
    return _kl(s, t).sum(dim=1).mean()


@kl_of_logits.mistake("两个分布反了：用来加权的（取期望的）是 softmax(t)。KL 不对称。")
def _(s, t):
    return _kl(t, s).sum(dim=1).mean()


@kl_of_logits.mistake("这是交叉熵 H(P, Q)，KL 还要减去 P 自己的熵 H(P)。")
def _(s, t):
    return -(torch.softmax(t, dim=1) * torch.log_softmax(s, dim=1)).sum(dim=1).mean()


@kl_of_logits.mistake("对 K 个类别要求和，只对 N 个样本求平均：你连类别也平均了。")
def _(s, t):
    return _kl(s, t).mean()


@kl_of_logits.mistake("softmax 沿错了方向：每个样本的 K 个概率加起来是 1，应当是 `dim=1`。")
def _(s, t):
    log_q, log_p = torch.log_softmax(s, dim=0), torch.log_softmax(t, dim=0)
    return (log_p.exp() * (log_p - log_q)).sum(dim=1).mean()


@kl_of_logits.mistake("少了负号或减反了：KL = Σ p (ln p − ln q)，它不会是负的。")
def _(s, t):
    return -_kl(s, t).sum(dim=1).mean()
