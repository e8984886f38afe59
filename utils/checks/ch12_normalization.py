"""第 12 章《规范化：特征、Batch 与 Layer Normalization》的练习检查。"""

import math

import torch

from utils.checks import case, exercise, normal


def _positive(rng, *shape: int) -> torch.Tensor:
    return torch.as_tensor(rng.uniform(0.3, 3.0, size=shape))


# ---------------------------------------------------------------- 练习 1：两堆样本


def _pile_cases(rng):
    yield case(2, 1, note="只有两个样本")
    yield case(5, 4)
    yield case(10, 3)
    yield case(64, 1, note="只有一个样本较大")


@exercise("ch12.two_piles", title="两堆样本", cases=_pile_cases)
def two_piles(batch_size, k):
    return math.sqrt((batch_size - k) / k)


@two_piles.mistake("这是平方，还要开方：分母是标准差，不是方差。")
def _(batch_size, k):
    return (batch_size - k) / k


@two_piles.mistake("这是另外 B − k 个样本的绝对值。人少的那一堆离均值远。")
def _(batch_size, k):
    return math.sqrt(k / (batch_size - k))


@two_piles.mistake("方差是有偏的，除以 B，不是 B − 1。")
def _(batch_size, k):
    return math.sqrt((batch_size - k) / k * (batch_size - 1) / batch_size)


@two_piles.mistake("这是 k = 1 时的值；k 个样本一起偏，均值也被拉过去。")
def _(batch_size, k):
    return math.sqrt(batch_size - 1) / k


# ---------------------------------------------------------------- 练习 2：滑动平均


def _running_cases(rng):
    yield case(normal(rng, 1, 4, 3) + 2, 0.1, note="只有一批")
    yield case(2 * normal(rng, 5, 2, 3) - 1, 0.3, note="每批两个样本")
    yield case(normal(rng, 8, 6, 2) + 5, 0.02)
    yield case(normal(rng, 5, 3, 2) + 2, None, note="momentum 是 None")


def _running(x, momentum, *, swapped=False, unbiased=True, start=1.0, root=False, counted=0):
    mean, var = torch.zeros_like(x[0, 0]), start * torch.ones_like(x[0, 0])
    for t, batch in enumerate(x, 1 + counted):
        rate = 1 / t if momentum is None else momentum
        if swapped:
            rate = 1 - rate
        new = batch.var(0, unbiased=unbiased)
        mean = (1 - rate) * mean + rate * batch.mean(0)
        var = (1 - rate) * var + rate * (new.sqrt() if root else new)
    return mean, var


@exercise("ch12.running", title="滑动平均", cases=_running_cases)
def running(x, momentum):
    return _running(x, momentum)


@running.mistake("momentum 是新值的权重，旧值的权重是 1 − momentum；你把两者写反了。")
def _(x, momentum):
    return _running(x, momentum, swapped=True)


@running.mistake("攒进 running_var 的是无偏方差，除以 B − 1；规范化这一批时才除以 B。")
def _(x, momentum):
    return _running(x, momentum, unbiased=False)


@running.mistake("running_var 从 1 出发，不是从 0。")
def _(x, momentum):
    return _running(x, momentum, start=0.0)


@running.mistake("momentum 是 None 时，初值不算在内：第一批的权重是 1，第 t 批的是 1/t。")
def _(x, momentum):
    return _running(x, momentum, counted=1)


@running.mistake("攒的是方差，不是标准差。")
def _(x, momentum):
    return _running(x, momentum, root=True)


# ---------------------------------------------------------------- 练习 3：折进线性层


def _fold_cases(rng):
    for n_out, n_in, eps in [(3, 4, 1e-5), (5, 2, 0.1), (4, 4, 1.0)]:
        vectors = [normal(rng, n_out) for _ in range(4)]
        note = "n_out 等于 n_in" if n_out == n_in else ""
        yield case(normal(rng, n_out, n_in), *vectors, _positive(rng, n_out), eps, note=note)


@exercise("ch12.fold", title="把 BN 折进线性层", cases=_fold_cases)
def fold(W, b, gamma, beta, mean, var, eps):
    scale = gamma / torch.sqrt(var + eps)
    return scale[:, None] * W, scale * (b - mean) + beta


@fold.mistake("漏了 ε：分母是 √(var + eps)。")
def _(W, b, gamma, beta, mean, var, eps):
    scale = gamma / torch.sqrt(var)
    return scale[:, None] * W, scale * (b - mean) + beta


@fold.mistake("分母要开方：除以标准差，不是方差。")
def _(W, b, gamma, beta, mean, var, eps):
    scale = gamma / (var + eps)
    return scale[:, None] * W, scale * (b - mean) + beta


@fold.mistake("漏了原来的偏置 b：它也要减均值、除以标准差、乘 γ。")
def _(W, b, gamma, beta, mean, var, eps):
    scale = gamma / torch.sqrt(var + eps)
    return scale[:, None] * W, beta - scale * mean


@fold.mistake("偏置 b 也经过了 BN，同样要乘 γ/√(var + eps)。")
def _(W, b, gamma, beta, mean, var, eps):
    scale = gamma / torch.sqrt(var + eps)
    return scale[:, None] * W, b - scale * mean + beta


# ---------------------------------------------------------------- 练习 4：RMSNorm


def _rms_cases(rng):
    yield case(normal(rng, 2, 6) + 1, normal(rng, 6), 1e-5)
    yield case(3 * normal(rng, 3, 4, 5), normal(rng, 5), 0.1, note="序列：三维的输入")
    yield case(normal(rng, 4, 4) - 2, normal(rng, 4), 0.5, note="B 等于 D")


@exercise("ch12.rms_norm", title="RMSNorm", cases=_rms_cases)
def rms_norm(x, gamma, eps):
    return gamma * x / torch.sqrt((x**2).mean(-1, keepdim=True) + eps)


@rms_norm.mistake("这是 layer norm：RMSNorm 不减均值。")
def _(x, gamma, eps):
    centered = x - x.mean(-1, keepdim=True)
    return gamma * centered / torch.sqrt((centered**2).mean(-1, keepdim=True) + eps)


@rms_norm.mistake("分母是均方根，x 自己的平方取平均；你除的是标准差，那里减过均值。")
def _(x, gamma, eps):
    return gamma * x / torch.sqrt(x.var(-1, unbiased=False, keepdim=True) + eps)


@rms_norm.mistake("各维的平方要取平均，不是相加。")
def _(x, gamma, eps):
    return gamma * x / torch.sqrt((x**2).sum(-1, keepdim=True) + eps)


@rms_norm.mistake("平均的方向错了：走遍最后一维，不是样本。")
def _(x, gamma, eps):
    return gamma * x / torch.sqrt((x**2).mean(0, keepdim=True) + eps)


@rms_norm.mistake("ε 加在根号里面：先加 ε，再开方。")
def _(x, gamma, eps):
    return gamma * x / (torch.sqrt((x**2).mean(-1, keepdim=True)) + eps)


@rms_norm.mistake("漏了开方：分母是均方根。")
def _(x, gamma, eps):
    return gamma * x / ((x**2).mean(-1, keepdim=True) + eps)


@rms_norm.mistake("漏了逐维乘 γ。")
def _(x, gamma, eps):
    return x / torch.sqrt((x**2).mean(-1, keepdim=True) + eps)


# ---------------------------------------------------------------- 练习 5：同步 BN


def _merge_cases(rng):
    for n1, n2, d in [(4, 12, 3), (1, 7, 2), (5, 5, 4)]:
        note = "两块卡一样多" if n1 == n2 else ""
        first, second = ((normal(rng, d), _positive(rng, d)) for _ in range(2))
        yield case(n1, *first, n2, *second, note=note)


@exercise("ch12.merge", title="同步 BN", cases=_merge_cases)
def merge(n1, mean1, var1, n2, mean2, var2):
    n = n1 + n2
    mean = (n1 * mean1 + n2 * mean2) / n
    var = (n1 * (var1 + (mean1 - mean) ** 2) + n2 * (var2 + (mean2 - mean) ** 2)) / n
    return mean, var


@merge.mistake("漏了组间的方差：两块卡的均值不同，这份差别也是方差的一部分。")
def _(n1, mean1, var1, n2, mean2, var2):
    n = n1 + n2
    return (n1 * mean1 + n2 * mean2) / n, (n1 * var1 + n2 * var2) / n


@merge.mistake("两块卡的样本数不同，要按个数加权。")
def _(n1, mean1, var1, n2, mean2, var2):
    return merge.reference(1, mean1, var1, 1, mean2, var2)


@merge.mistake("要的是有偏方差，除以总个数 n，不是 n − 1。")
def _(n1, mean1, var1, n2, mean2, var2):
    mean, var = merge.reference(n1, mean1, var1, n2, mean2, var2)
    return mean, var * (n1 + n2) / (n1 + n2 - 1)


# ---------------------------------------------------------------- 练习 6：RMSNorm 的反向


def _backward_cases(rng):
    for n, d, eps in [(4, 6, 1e-5), (1, 5, 1e-5), (3, 3, 0.5)]:
        note = "只有一个样本" if n == 1 else ""
        yield case(2 * normal(rng, n, d) + 1, normal(rng, d), normal(rng, n, d), eps, note=note)


def _rms_backward(x, gamma, upstream, eps, *, dim=1, constant=False, late=False, center=False):
    r = torch.sqrt((x**2).mean(1, keepdim=True) + eps)
    x_hat = x / r
    g = upstream if late else gamma * upstream
    dx = g
    if not constant:
        dx = g - x_hat * (g * x_hat).mean(dim, keepdim=True)
    if center:
        dx = dx - g.mean(1, keepdim=True)
    return dx / r * (gamma if late else 1), (upstream * x_hat).sum(0)


@exercise("ch12.rms_backward", title="RMSNorm 的反向", cases=_backward_cases, forbid=("autograd",))
def rms_backward(x, gamma, upstream, eps):
    return _rms_backward(x, gamma, upstream, eps)


@rms_backward.mistake("均方根也是 x 的函数，要穿过它求导；你把它当成了常数。")
def _(x, gamma, upstream, eps):
    return _rms_backward(x, gamma, upstream, eps, constant=True)


@rms_backward.mistake("多减了上游梯度的平均：RMSNorm 不减均值，没有穿过均值的那一条路。")
def _(x, gamma, upstream, eps):
    return _rms_backward(x, gamma, upstream, eps, center=True)


@rms_backward.mistake("平均的方向错了：走遍同一个样本的 D 个维度，不是样本。")
def _(x, gamma, upstream, eps):
    return _rms_backward(x, gamma, upstream, eps, dim=0)


@rms_backward.mistake("γ 要在取平均之前乘：各维的 γ 不同，乘了再平均与平均了再乘不一样。")
def _(x, gamma, upstream, eps):
    return _rms_backward(x, gamma, upstream, eps, late=True)


@rms_backward.mistake("γ 由所有样本共用，它的梯度对样本求和，不取平均。")
def _(x, gamma, upstream, eps):
    dx, dgamma = _rms_backward(x, gamma, upstream, eps)
    return dx, dgamma / len(x)
