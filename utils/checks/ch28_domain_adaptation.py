"""第 28 章《领域自适应》的练习检查。"""

import torch

from utils.checks import case, exercise, normal

# ---------------------------------------------------------------- 练习 1：换一个比例


def _share(rng, n_classes):
    return normal(rng, n_classes).mul(0.7).softmax(0)


def _prior_cases(rng):
    for n, n_classes, note in [
        (5, 3, ""),
        (1, 4, "只有一个样本"),
        (6, 2, "两类"),
        (3, 5, "源域的比例不均匀"),
    ]:
        logits = 2 * normal(rng, n, n_classes)
        yield case(logits, _share(rng, n_classes), _share(rng, n_classes), note=note)


@exercise("ch28.correct_prior", title="换一个比例", cases=_prior_cases)
def correct_prior(logits, p_source, p_target):
    return (logits + p_target.log() - p_source.log()).softmax(-1)


@correct_prior.mistake("概率乘上 p_target / p_source 以后不再加起来是 1，要重新归一化。")
def _(logits, p_source, p_target):
    return logits.softmax(-1) * p_target / p_source


@correct_prior.mistake("比值反了：目标域里变多的类，概率要变大。")
def _(logits, p_source, p_target):
    return (logits + p_source.log() - p_target.log()).softmax(-1)


@correct_prior.mistake("只乘了目标域的比例。网络学到的概率里已经含着源域的比例，要先除掉它。")
def _(logits, p_source, p_target):
    return (logits + p_target.log()).softmax(-1)


@correct_prior.mistake("加在 logit 上的是比例的对数，不是比例本身。")
def _(logits, p_source, p_target):
    return (logits + p_target - p_source).softmax(-1)


# ---------------------------------------------------------------- 练习 2：反转以后的梯度


def _reverse_cases(rng):
    for n, d, k, lam, note in [
        (5, 4, 3, 0.5, ""),
        (1, 3, 2, 2.0, "只有一个样本"),
        (8, 2, 1, 0.1, "特征只有一维"),
        (6, 5, 4, 1.3, ""),
    ]:
        side = torch.as_tensor(rng.integers(0, 2, size=n)).double()
        yield case(normal(rng, n, d), side, normal(rng, k, d), normal(rng, k), lam, note=note)


def _slope(x, side, W, v):
    return (x @ W.T @ v).sigmoid() - side  # (n,)


@exercise(
    "ch28.reversed_gradient", title="反转以后的梯度", cases=_reverse_cases, forbid=("autograd",)
)
def reversed_gradient(x, side, W, v, lam):
    return -lam * torch.outer(v, _slope(x, side, W, v) @ x) / len(x)


@reversed_gradient.mistake("这是没有反转的梯度：还要乘 -λ。")
def _(x, side, W, v, lam):
    return torch.outer(v, _slope(x, side, W, v) @ x) / len(x)


@reversed_gradient.mistake("乘的是 λ，不是 -λ：那样特征提取器在帮域分类器的忙。")
def _(x, side, W, v, lam):
    return lam * torch.outer(v, _slope(x, side, W, v) @ x) / len(x)


@reversed_gradient.mistake("反转层不改变往前的值：λ 不能乘进域分类器的 logit 里。")
def _(x, side, W, v, lam):
    return -lam * torch.outer(v, _slope(x, side, W, lam * v) @ x) / len(x)


@reversed_gradient.mistake("域标签反了：来自目标域的是 1。")
def _(x, side, W, v, lam):
    return -lam * torch.outer(v, _slope(x, 1 - side, W, v) @ x) / len(x)


# ---------------------------------------------------------------- 练习 3：无偏的 MMD


def _mmd_cases(rng):
    for n, m, d, sigma, shift, note in [
        (5, 4, 3, 1.0, 0.5, ""),
        (2, 6, 1, 0.7, 2.0, "源域只有两个"),
        (7, 3, 2, 2.5, 0.0, "两边同一个分布"),
        (4, 5, 4, 1.6, 1.0, ""),
    ]:
        yield case(normal(rng, n, d), normal(rng, m, d) + shift, sigma, note=note)


def _kernel(a, b, sigma):
    return (-torch.cdist(a, b).pow(2) / (2 * sigma**2)).exp()


def _mmd(s, t, sigma, within):
    inside = within(_kernel(s, s, sigma)) + within(_kernel(t, t, sigma))
    return inside - 2 * _kernel(s, t, sigma).mean()


def _without_diagonal(k):
    return (k.sum() - k.diagonal().sum()) / (len(k) * (len(k) - 1))


@exercise("ch28.unbiased_mmd", title="无偏的 MMD", cases=_mmd_cases)
def unbiased_mmd(s, t, sigma):
    return _mmd(s, t, sigma, _without_diagonal)


@unbiased_mmd.mistake("对角线没有去掉：一个点与自己的核恒等于 1，会让结果偏大。")
def _(s, t, sigma):
    return _mmd(s, t, sigma, torch.mean)


@unbiased_mmd.mistake("去掉对角线以后，要除以 n(n-1)，不是 n²。")
def _(s, t, sigma):
    return _mmd(s, t, sigma, lambda k: (k.sum() - k.diagonal().sum()) / len(k) ** 2)


@unbiased_mmd.mistake("核的指数里是距离的平方除以 2σ²。")
def _(s, t, sigma):
    return _mmd(s, t, sigma / 2**0.5, _without_diagonal)


@unbiased_mmd.mistake("两边之间的那一项要乘 2。")
def _(s, t, sigma):
    return _mmd(s, t, sigma, _without_diagonal) + _kernel(s, t, sigma).mean()
