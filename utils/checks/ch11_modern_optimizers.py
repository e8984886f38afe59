"""第 11 章《优化器进阶》的练习检查。"""

from utils.checks import case, exercise, normal

# ---------------------------------------------------------------- 练习 1：一步的上限


def _limit_cases(rng):
    for beta1, beta2, t, note in [
        (0.9, 0.999, 400, ""),
        (0.5, 0.9, 7, ""),
        (0.8, 0.99, 30, ""),
        (0.9, 0.95, 1, "第一步"),
        (0.9, 0.81, 12, "β₁² = β₂，和里每一项都是 1"),
        (0.95, 0.8, 9, "β₁² > β₂，和仍是有限的"),
    ]:
        yield case(beta1, beta2, t, note=note)


def _ratio_sum(ratio, t):
    return sum(ratio**k for k in range(t))


def _limit(beta1, beta2, t):
    """分子里的 √Σ(β₁²/β₂)ᵏ 与分母里的 √((1 − β₂ᵗ)/(1 − β₂)) 之积。"""
    return (_ratio_sum(beta1**2 / beta2, t) * (1 - beta2**t) / (1 - beta2)) ** 0.5


@exercise("ch11.limit", title="带动量的一步最多多远", cases=_limit_cases)
def adam_limit(beta1, beta2, t):
    return (1 - beta1) / (1 - beta1**t) * _limit(beta1, beta2, t)


@adam_limit.mistake("m 也要偏差修正：再除以 1 − β₁ᵗ。")
def _(beta1, beta2, t):
    return (1 - beta1) * _limit(beta1, beta2, t)


@adam_limit.mistake("v 也要偏差修正：1/(1 − β₂) 换成 (1 − β₂ᵗ)/(1 − β₂)。")
def _(beta1, beta2, t):
    return (1 - beta1) / (1 - beta1**t) * (_ratio_sum(beta1**2 / beta2, t) / (1 - beta2)) ** 0.5


@adam_limit.mistake("这是 β₁ = 0 的上限：有动量时分子是 m̂，不是这一步的 g。")
def _(beta1, beta2, t):
    return ((1 - beta2**t) / (1 - beta2)) ** 0.5


@adam_limit.mistake("忘了开平方：步子除以的是 √v̂，不是 v̂。")
def _(beta1, beta2, t):
    return (1 - beta1) / (1 - beta1**t) * _limit(beta1, beta2, t) ** 2


# ---------------------------------------------------------------- 练习 2：EMA 抵得上几个样本


def _ema_cases(rng):
    for beta, t, note in [(0.9, 6, ""), (0.5, 10, ""), (0.99, 1, "只有一个数"), (0.999, 40, "")]:
        yield case(beta, t, note=note)


def _squared_weights(beta, t):
    """没有偏差修正的权重的平方和。"""
    return (1 - beta) ** 2 * _ratio_sum(beta**2, t)


@exercise("ch11.ema", title="EMA 抵得上几个样本", cases=_ema_cases)
def effective_samples(beta, t):
    return (1 - beta**t) ** 2 / _squared_weights(beta, t)


@effective_samples.mistake("没有偏差修正：权重之和是 1 − βᵗ，每个权重要除以它。")
def _(beta, t):
    return 1 / _squared_weights(beta, t)


@effective_samples.mistake("这是 t 趋于无穷时的值，题目要第 t 步的。")
def _(beta, t):
    return (1 + beta) / (1 - beta)


@effective_samples.mistake("这是平均年龄相等算出的 ρₜ；题目要方差相等，看权重的平方和。")
def _(beta, t):
    return 2 / (1 - beta) - 1 - 2 * t * beta**t / (1 - beta**t)


@effective_samples.mistake("这是有效窗口 1/(1 − β)，与方差没有关系。")
def _(beta, t):
    return 1 / (1 - beta)


@effective_samples.mistake("反了：方差缩小到 1/n，n 是权重平方和的倒数。")
def _(beta, t):
    return _squared_weights(beta, t) / (1 - beta**t) ** 2


# ---------------------------------------------------------------- 练习 3：反例里一圈走多远


def _drift_cases(rng):
    for n, C, beta2, note in [
        (3, 4.0, 0.2, ""),
        (5, 11.0, 0.9, ""),
        (51, 102.0, 0.99, ""),
        (11, 7.0, 0.5, "大梯度的总和比小梯度的小"),
        (1, 3.0, 0.7, "每一轮都是大梯度"),
    ]:
        yield case(n, C, beta2, note=note)


def _drift(n, C, beta2, top, power=0.5):
    """从刚看到 C 时的 v = top 起，Adam 和 AMSGrad 一圈的净位移。"""
    move, v = -C / top**power, top
    for _ in range(n - 1):
        v = beta2 * v + 1 - beta2
        move += 1 / v**power
    return move, (n - 1 - C) / top**power


def _top(n, C, beta2):
    return (1 - beta2) * (C**2 + _ratio_sum(beta2, n) - 1) / (1 - beta2**n)


@exercise("ch11.drift", title="反例里一圈走多远", cases=_drift_cases)
def round_drift(n, C, beta2):
    return _drift(n, C, beta2, _top(n, C, beta2))


@round_drift.mistake("这是从 v = 0 起的第一圈。跑了很久以后，v 里还有上一圈留下的。")
def _(n, C, beta2):
    return _drift(n, C, beta2, (1 - beta2) * C**2)


@round_drift.mistake("忘了开平方：步子除以的是 √v。")
def _(n, C, beta2):
    return _drift(n, C, beta2, _top(n, C, beta2), power=1)


@round_drift.mistake("AMSGrad 也除以当前的 v 了：它除以的是历史最大的，一圈里是同一个数。")
def _(n, C, beta2):
    return (_drift(n, C, beta2, _top(n, C, beta2))[0],) * 2


# ---------------------------------------------------------------- 练习 4：RAdam 的热身有多长


def _warmup_cases(rng):
    for beta2, r in [(0.999, 0.5), (0.99, 0.9), (0.9, 0.8), (0.95, 0.3), (0.98, 0.95)]:
        yield case(beta2, r)


def _first(beta2, enough):
    """rₜ² 第一次让 enough 成立的步数；ρ 不到门槛的不算。"""
    rho_inf, t = 2 / (1 - beta2) - 1, 0
    while True:
        t += 1
        rho = rho_inf - 2 * t * beta2**t / (1 - beta2**t)
        square = (rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho)
        if rho > 4 and enough(square):
            return t


@exercise("ch11.warmup", title="RAdam 的热身有多长", cases=_warmup_cases)
def warmup_length(beta2, r):
    return _first(beta2, lambda square: square**0.5 >= r)


@warmup_length.mistake("忘了开平方：r 是两个标准差之比，公式里是方差之比。")
def _(beta2, r):
    return _first(beta2, lambda square: square >= r)


@warmup_length.mistake("这是 ρₜ 第一次超过门槛的步数，那时 rₜ 还小，没有到 r。")
def _(beta2, r):
    return _first(beta2, lambda square: True)


# ---------------------------------------------------------------- 练习 5：Lookahead 的倍数


def _lookahead_cases(rng):
    for lr, kappa, k, alpha, note in [
        (0.1, 3.0, 5, 0.5, ""),
        (0.3, 2.0, 3, 0.8, ""),
        (0.7, 3.0, 5, 0.5, "SGD 发散"),
        (0.1, 1.0, 1, 1.0, "等于 SGD"),
    ]:
        yield case(lr, kappa, k, alpha, note=note)


@exercise("ch11.lookahead", title="Lookahead 每一轮的倍数", cases=_lookahead_cases)
def lookahead_factor(lr, kappa, k, alpha):
    return 1 - alpha + alpha * (1 - lr * kappa) ** k


@lookahead_factor.mistake("α 的位置反了：φ ← φ + α(θ − φ)，α 乘的是快的那份。")
def _(lr, kappa, k, alpha):
    return alpha + (1 - alpha) * (1 - lr * kappa) ** k


@lookahead_factor.mistake("少了慢参数留下的那一份 1 − α。")
def _(lr, kappa, k, alpha):
    return alpha * (1 - lr * kappa) ** k


@lookahead_factor.mistake("这是每一步都回头一次。题目是走满 k 步才平均一次。")
def _(lr, kappa, k, alpha):
    return (1 - alpha + alpha * (1 - lr * kappa)) ** k


@lookahead_factor.mistake("这是里面的 SGD 走 k 步的倍数，还没有与起点平均。")
def _(lr, kappa, k, alpha):
    return (1 - lr * kappa) ** k


# ---------------------------------------------------------------- 练习 6：SWATS 的另一种选法


def _nearest_cases(rng):
    for d, note in [(5, ""), (12, ""), (1, "只有一个参数")]:
        g = normal(rng, d)
        yield case(-0.1 * g + 0.05 * normal(rng, d), g, note=note)
    g = normal(rng, 4)
    yield case(0.3 * g + 0.1 * normal(rng, 4), g, note="p 与 g 的夹角是锐角，ξ 是负的")


@exercise("ch11.nearest", title="SWATS 的另一种选法", cases=_nearest_cases)
def nearest_rate(p, g):
    return -(p @ g) / (g @ g), (p @ g) ** 2 / ((p @ p) * (g @ g))


@nearest_rate.mistake("第一个数是 SWATS 的 ξ。最小二乘的是投影到 g 上：−p·g/(g·g)。")
def _(p, g):
    return -(p @ p) / (p @ g), (p @ g) ** 2 / ((p @ p) * (g @ g))


@nearest_rate.mistake("比值反了：题目要最小二乘的除以 SWATS 的，不超过 1。")
def _(p, g):
    return -(p @ g) / (g @ g), (p @ p) * (g @ g) / (p @ g) ** 2


@nearest_rate.mistake("比值是余弦的平方，你写的是余弦。")
def _(p, g):
    return -(p @ g) / (g @ g), -(p @ g) / (p.norm() * g.norm())
