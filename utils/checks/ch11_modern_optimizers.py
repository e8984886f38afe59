"""第 11 章《优化器进阶》的练习检查。"""

import torch

from utils.checks import case, exercise, normal

# ---------------------------------------------------------------- 练习 1：一步的上限


def _limit_cases(rng):
    for beta2, t, note in [(0.999, 1000, ""), (0.9, 7, ""), (0.99, 50, ""), (0.999, 1, "第一步")]:
        yield case(beta2, t, note=note)


@exercise("ch11.limit", title="Adam 一步的上限", cases=_limit_cases)
def adam_limit(beta2, t):
    return ((1 - beta2**t) / (1 - beta2)) ** 0.5


@adam_limit.mistake("这是 t 趋于无穷时的上限。偏差修正让第 t 步的上限再乘 √(1 − β₂ᵗ)。")
def _(beta2, t):
    return (1 / (1 - beta2)) ** 0.5


@adam_limit.mistake("忘了开平方：步子除以的是 √v̂，不是 v̂。")
def _(beta2, t):
    return (1 - beta2**t) / (1 - beta2)


@adam_limit.mistake("分子分母反了：上限应当不小于 1。")
def _(beta2, t):
    return ((1 - beta2) / (1 - beta2**t)) ** 0.5


# ---------------------------------------------------------------- 练习 2：EMA 的权重


def _ema_cases(rng):
    for beta, t, note in [(0.9, 6, ""), (0.5, 10, ""), (0.99, 1, "只有一个数"), (0.999, 40, "")]:
        yield case(beta, t, note=note)


@exercise("ch11.ema", title="EMA 的权重", cases=_ema_cases)
def ema_weights(beta, t):
    return (1 - beta) * beta ** torch.arange(t - 1, -1, -1).double() / (1 - beta**t)


@ema_weights.mistake("没有偏差修正：权重之和是 1 − βᵗ，要除以它。")
def _(beta, t):
    return (1 - beta) * beta ** torch.arange(t - 1, -1, -1).double()


@ema_weights.mistake("次序反了：题目要从最旧的 x₁ 排到最新的 xₜ，最新的权重最大。")
def _(beta, t):
    return (1 - beta) * beta ** torch.arange(t).double() / (1 - beta**t)


@ema_weights.mistake("每个数的权重都一样，那是简单平均。EMA 里 k 步前的权重是 (1 − β)βᵏ。")
def _(beta, t):
    return torch.full((t,), 1 / t, dtype=torch.float64)


# ---------------------------------------------------------------- 练习 3：AMSGrad 的一步


def _amsgrad_cases(rng):
    for d, note in [(6, ""), (3, ""), (1, "只有一个参数")]:
        theta, m, g = (normal(rng, d) for _ in range(3))
        v, top = normal(rng, d) ** 2, normal(rng, d) ** 2 + 0.1
        yield case(theta, m, v, top, 3 * g, 0.1, 0.9, 0.99, note=note)
    theta, m = normal(rng, 4), normal(rng, 4)
    small, g = torch.full((4,), 0.01, dtype=torch.float64), 5 + normal(rng, 4)
    yield case(theta, m, small, small, g, 0.3, 0.5, 0.6, note="新的 v 超过旧的最大值")


def _moments(m, v, g, beta1, beta2):
    return beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2


@exercise("ch11.amsgrad", title="AMSGrad 的一步", cases=_amsgrad_cases)
def amsgrad_step(theta, m, v, top, g, lr, beta1, beta2):
    m, v = _moments(m, v, g, beta1, beta2)
    return theta - lr * m / torch.maximum(top, v).sqrt()


@amsgrad_step.mistake("用的是当前的 v，那是 Adam。AMSGrad 除以历史最大的 v̂ = max(v̂, v)。")
def _(theta, m, v, top, g, lr, beta1, beta2):
    m, v = _moments(m, v, g, beta1, beta2)
    return theta - lr * m / v.sqrt()


@amsgrad_step.mistake("用了旧的 v̂，没有与这一步的 v 取最大值。")
def _(theta, m, v, top, g, lr, beta1, beta2):
    m, v = _moments(m, v, g, beta1, beta2)
    return theta - lr * m / top.sqrt()


@amsgrad_step.mistake("取最大值时用了旧的 v：先用这一步的梯度更新 v，再与 v̂ 取最大。")
def _(theta, m, v, top, g, lr, beta1, beta2):
    m, _ = _moments(m, v, g, beta1, beta2)
    return theta - lr * m / torch.maximum(top, v).sqrt()


@amsgrad_step.mistake("分子应当是动量 m，不是当前的梯度 g。")
def _(theta, m, v, top, g, lr, beta1, beta2):
    _, v = _moments(m, v, g, beta1, beta2)
    return theta - lr * g / torch.maximum(top, v).sqrt()


@amsgrad_step.mistake("忘了开平方：分母是 √v̂。")
def _(theta, m, v, top, g, lr, beta1, beta2):
    m, v = _moments(m, v, g, beta1, beta2)
    return theta - lr * m / torch.maximum(top, v)


# ---------------------------------------------------------------- 练习 4：RAdam 的折扣


def _rectifier_cases(rng):
    for beta2, t, note in [
        (0.999, 100, ""),
        (0.99, 20, ""),
        (0.9, 30, ""),
        (0.999, 5, "ρ 在 4 与 5 之间"),
        (0.999, 2, "头几步"),
        (0.999, 3, "头几步"),
        (0.5, 30, "ρ 一直不到 4"),
    ]:
        yield case(beta2, t, note=note)


def _rho(beta2, t):
    rho_inf = 2 / (1 - beta2) - 1
    return rho_inf, rho_inf - 2 * t * beta2**t / (1 - beta2**t)


def _square(rho_inf, rho):
    return (rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho)


@exercise("ch11.rectifier", title="RAdam 的折扣", cases=_rectifier_cases)
def rectifier(beta2, t):
    rho_inf, rho = _rho(beta2, t)
    return _square(rho_inf, rho) ** 0.5 if rho > 4 else 0.0


@rectifier.mistake("忘了开平方：r 是两个标准差之比，公式里是方差之比。")
def _(beta2, t):
    rho_inf, rho = _rho(beta2, t)
    return _square(rho_inf, rho) if rho > 4 else 0.0


@rectifier.mistake("比值反了：折扣不超过 1，随 t 升到 1。")
def _(beta2, t):
    rho_inf, rho = _rho(beta2, t)
    return _square(rho_inf, rho) ** -0.5 if rho > 4 else 0.0


@rectifier.mistake("ρ∞ = 2/(1 − β₂) − 1，减 1 不能丢。")
def _(beta2, t):
    rho_inf = 2 / (1 - beta2)
    rho = rho_inf - 2 * t * beta2**t / (1 - beta2**t)
    return _square(rho_inf, rho) ** 0.5 if rho > 4 else 0.0


@rectifier.mistake("用的是 PyTorch 的条件 ρ > 5，题目要论文的 ρ > 4。")
def _(beta2, t):
    rho_inf, rho = _rho(beta2, t)
    return _square(rho_inf, rho) ** 0.5 if rho > 5 else 0.0


# ---------------------------------------------------------------- 练习 5：Lookahead 的倍数


def _lookahead_cases(rng):
    for lr, h, k, alpha, note in [
        (0.1, 3.0, 5, 0.5, ""),
        (0.3, 2.0, 3, 0.8, ""),
        (0.7, 3.0, 5, 0.5, "SGD 发散"),
        (0.1, 1.0, 1, 1.0, "等于 SGD"),
    ]:
        yield case(lr, h, k, alpha, note=note)


@exercise("ch11.lookahead", title="Lookahead 每一轮的倍数", cases=_lookahead_cases)
def lookahead_factor(lr, h, k, alpha):
    return 1 - alpha + alpha * (1 - lr * h) ** k


@lookahead_factor.mistake("α 的位置反了：φ ← φ + α(θ − φ)，α 乘的是快的那份。")
def _(lr, h, k, alpha):
    return alpha + (1 - alpha) * (1 - lr * h) ** k


@lookahead_factor.mistake("少了慢参数留下的那一份 1 − α。")
def _(lr, h, k, alpha):
    return alpha * (1 - lr * h) ** k


@lookahead_factor.mistake("这是每一步都回头一次。题目是走满 k 步才平均一次。")
def _(lr, h, k, alpha):
    return (1 - alpha + alpha * (1 - lr * h)) ** k


@lookahead_factor.mistake("这是里面的 SGD 走 k 步的倍数，还没有与起点平均。")
def _(lr, h, k, alpha):
    return (1 - lr * h) ** k


# ---------------------------------------------------------------- 练习 6：SWATS 的投影


def _projection_cases(rng):
    for d, note in [(5, ""), (12, ""), (1, "只有一个参数")]:
        g = normal(rng, d)
        yield case(-0.1 * g + 0.02 * normal(rng, d), g, note=note)
    g = normal(rng, 4)
    yield case(0.3 * g + 0.1 * normal(rng, 4), g, note="p 与 g 的夹角是锐角，γ 是负的")


@exercise("ch11.projection", title="SWATS 的学习率", cases=_projection_cases)
def projected_rate(p, g):
    return -(p @ p) / (p @ g)


@projected_rate.mistake("分母应当是 −p·g，不是 g·g：要投影到 p 上，不是投影到 g 上。")
def _(p, g):
    return -(p @ g) / (g @ g)


@projected_rate.mistake("这是长度之比，没有计入 p 与 −g 的夹角。")
def _(p, g):
    return p.norm() / g.norm()
