"""第 10 章《自适应学习率》的练习检查。"""

import math

import torch

from utils.checks import case, exercise, normal

# ---------------------------------------------------------------- 练习 1：逐步更新均方根


def _rms_cases(rng):
    for d, t, note in [(4, 1, "只见过一个梯度"), (3, 7, ""), (1, 100, "只有一个参数")]:
        yield case(normal(rng, d).abs() + 0.1, normal(rng, d), t, note=note)


@exercise("ch10.running_rms", title="逐步更新均方根", cases=_rms_cases)
def update_rms(sigma, g, t):
    return ((t * sigma**2 + g**2) / (t + 1)).sqrt()


@update_rms.mistake("平均的是梯度的平方：先把 sigma 平方还原成平均，再合并，最后开方。")
def _(sigma, g, t):
    return (t * sigma + g.abs()) / (t + 1)


@update_rms.mistake("旧的平均用了 t 个梯度，权重是 t；加上新的一个，一共 t+1 个。")
def _(sigma, g, t):
    return (((t - 1) * sigma**2 + g**2) / t).sqrt()


@update_rms.mistake("最后忘了开方：均方根是“平均以后再开方”。")
def _(sigma, g, t):
    return (t * sigma**2 + g**2) / (t + 1)


@update_rms.mistake("这是累加，没有平均：还要除以 t+1。")
def _(sigma, g, t):
    return (t * sigma**2 + g**2).sqrt()


# ---------------------------------------------------------------- 练习 2：Adagrad


def _adagrad_cases(rng):
    yield case(normal(rng, 6, 3), 0.1, 0.05)
    yield case(normal(rng, 4, 2) * torch.tensor([1e-2, 1e2]), 0.5, 0.01, note="大小差很多")
    yield case(normal(rng, 1, 5), 0.3, 0.2, note="只有一步")


@exercise("ch10.adagrad", title="Adagrad 的更新", cases=_adagrad_cases)
def adagrad_updates(gradients, lr, eps):
    return -lr * gradients / ((gradients**2).cumsum(0).sqrt() + eps)


@adagrad_updates.mistake("这是均值写法。求和写法的分母是平方和开方，不除以 t+1。")
def _(gradients, lr, eps):
    counts = torch.arange(1.0, len(gradients) + 1, dtype=gradients.dtype)[:, None]
    return -lr * gradients / (((gradients**2).cumsum(0) / counts).sqrt() + eps)


@adagrad_updates.mistake("ε 放进根号里了，题目要放在根号外：√s + ε。")
def _(gradients, lr, eps):
    return -lr * gradients / ((gradients**2).cumsum(0) + eps).sqrt()


@adagrad_updates.mistake("分母要先把这一步的梯度算进去，再更新；你用的是到上一步为止的累加。")
def _(gradients, lr, eps):
    before = (gradients**2).cumsum(0) - gradients**2
    return -lr * gradients / (before.sqrt() + eps)


@adagrad_updates.mistake("每个参数各记各的：不要把所有参数的平方加在一起。")
def _(gradients, lr, eps):
    return -lr * gradients / ((gradients**2).sum(1, keepdim=True).cumsum(0).sqrt() + eps)


@adagrad_updates.mistake("题目要每一步的变化量，你返回的是累计的位移。")
def _(gradients, lr, eps):
    return (-lr * gradients / ((gradients**2).cumsum(0).sqrt() + eps)).cumsum(0)


# ---------------------------------------------------------------- 练习 3：忘掉要几步


def _forget_cases(rng):
    yield case(0.9, 0.5)
    yield case(0.99, 0.01)
    yield case(0.5, 0.3)
    yield case(0.999, 0.1)
    yield case(0.5, 0.25, note="正好降到 share")


@exercise("ch10.forget", title="忘掉要几步", cases=_forget_cases)
def steps_to_forget(alpha, share):
    return math.ceil(math.log(share) / math.log(alpha))


@steps_to_forget.mistake("1/(1−α) 只是记忆的大致长度，与 share 无关。由 αⁿ ≤ share 解出 n。")
def _(alpha, share):
    return round(1 / (1 - alpha))


@steps_to_forget.mistake("要降到 share 或更小，n 应当向上取整。")
def _(alpha, share):
    return math.floor(math.log(share) / math.log(alpha))


@steps_to_forget.mistake("权重每步乘 α，不是乘 1−α。")
def _(alpha, share):
    return math.ceil(math.log(share) / math.log(1 - alpha))


@steps_to_forget.mistake("权重是按倍数减小的，不是每步减去 1−α：用对数来解。")
def _(alpha, share):
    return math.ceil((1 - share) / (1 - alpha))


# ---------------------------------------------------------------- 练习 4：Adam


def _adam_cases(rng):
    yield case(normal(rng, 6, 3), 0.1, 0.9, 0.99, 0.01)
    yield case(normal(rng, 5, 2) * torch.tensor([1e-2, 1e2]), 0.5, 0.5, 0.9, 0.1)
    yield case(normal(rng, 1, 4), 0.3, 0.9, 0.999, 0.05, note="只有一步")


def _adam(gradients, lr, beta1, beta2, eps, share, inside=False, square=True):
    m, v, out = 0.0, 0.0, []
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * (g**2 if square else g.abs())
        m_hat, v_hat = m / share(beta1, t), v / share(beta2, t)
        scale = (v_hat + eps).sqrt() if inside else v_hat.sqrt() + eps
        out.append(-lr * m_hat / scale)
    return torch.stack(out)


def _power(beta, t):
    return 1 - beta**t


@exercise("ch10.adam", title="Adam 的更新", cases=_adam_cases)
def adam_updates(gradients, lr, beta1, beta2, eps):
    return _adam(gradients, lr, beta1, beta2, eps, _power)


@adam_updates.mistake("没有做偏差修正：m 除以 1−β₁^t，v 除以 1−β₂^t，t 从 1 数起。")
def _(gradients, lr, beta1, beta2, eps):
    return _adam(gradients, lr, beta1, beta2, eps, lambda beta, t: 1)


@adam_updates.mistake("修正用的是 β 的 t 次方，不是 β 本身：第 t 步除以 1−β^t。")
def _(gradients, lr, beta1, beta2, eps):
    return _adam(gradients, lr, beta1, beta2, eps, lambda beta, t: 1 - beta)


@adam_updates.mistake("t 从 1 数起。第一步应当除以 1−β，你多算了一次方。")
def _(gradients, lr, beta1, beta2, eps):
    return _adam(gradients, lr, beta1, beta2, eps, lambda beta, t: 1 - beta ** (t + 1))


@adam_updates.mistake("ε 放进根号里了，题目要放在根号外：√v̂ + ε。")
def _(gradients, lr, beta1, beta2, eps):
    return _adam(gradients, lr, beta1, beta2, eps, _power, inside=True)


@adam_updates.mistake("v 是梯度**平方**的移动平均，你用了绝对值。")
def _(gradients, lr, beta1, beta2, eps):
    return _adam(gradients, lr, beta1, beta2, eps, _power, square=False)


# ---------------------------------------------------------------- 练习 5：爆发的时刻


def _onset_cases(rng):
    yield case(1000.0, 20.0, 0.3)
    yield case(87.5, 3.0, 0.45)
    yield case(5.3, 1.7, 0.11)
    yield case(1.0, 1.5, 1.0)
    yield case(9.0, 2.0, 1.0, note="有一步正好等于 2")


@exercise("ch10.burst_onset", title="爆发的时刻", cases=_onset_cases)
def burst_onset(total, curvature, lr):
    return math.floor(4 * total / (lr * curvature) ** 2)


@burst_onset.mistake("t 从 0 数起，平均除以的是 t+1：你多数了一步。")
def _(total, curvature, lr):
    return math.floor(4 * total / (lr * curvature) ** 2) + 1


@burst_onset.mistake("界线是 2，不是 1：η·λ/σ 超过 2 才会越跳越高，平方以后是 4。")
def _(total, curvature, lr):
    return math.floor(total / (lr * curvature) ** 2)


@burst_onset.mistake("解不等式时忘了平方：σ 里有根号，两边平方以后 2 变成 4，ηλ 也要平方。")
def _(total, curvature, lr):
    return math.floor(2 * total / (lr * curvature))


@burst_onset.mistake(
    "这里的 total 是梯度的平方和，曲率不能约掉；正文里约掉，是因为那里的 S 是 y 的平方和。"
)
def _(total, curvature, lr):
    return math.floor(4 * total / lr**2)


# ---------------------------------------------------------------- 练习 6：热身 + 余弦


def _schedule_cases(rng):
    for t, note in [(0, "第一步"), (4, ""), (9, "热身的最后一步"), (10, "余弦的第一步"), (37, "")]:
        yield case(t, 0.3, 10, 100, note=note)
    yield case(100, 0.3, 10, 100, note="最后一步")
    yield case(3, 0.02, 7, 50)
    yield case(20, 0.02, 7, 50)
    yield case(0, 1.0, 1, 8, note="热身只有一步")


@exercise("ch10.schedule", title="热身加余弦", cases=_schedule_cases)
def warmup_cosine(t, lr, warmup_steps, total):
    if t < warmup_steps:
        return lr * (t + 1) / warmup_steps
    return lr * (1 + math.cos(math.pi * (t - warmup_steps) / (total - warmup_steps))) / 2


@warmup_cosine.mistake("第 0 步的学习率成了 0，白走一步：热身的第 t 步是 η(t+1)/w。")
def _(t, lr, warmup_steps, total):
    if t < warmup_steps:
        return lr * t / warmup_steps
    return lr * (1 + math.cos(math.pi * (t - warmup_steps) / (total - warmup_steps))) / 2


@warmup_cosine.mistake("余弦要从热身结束时开始数：进度是 (t−w)/(T−w)，不是 t/T，不然接头处会跳。")
def _(t, lr, warmup_steps, total):
    if t < warmup_steps:
        return lr * (t + 1) / warmup_steps
    return lr * (1 + math.cos(math.pi * t / total)) / 2


@warmup_cosine.mistake("余弦段的长度是 T−w：减了起点，分母也要减，不然到第 T 步还没有降到 0。")
def _(t, lr, warmup_steps, total):
    if t < warmup_steps:
        return lr * (t + 1) / warmup_steps
    return lr * (1 + math.cos(math.pi * (t - warmup_steps) / total)) / 2


@warmup_cosine.mistake("热身以后一直不变，没有衰减：第 w 步起要按余弦降到 0。")
def _(t, lr, warmup_steps, total):
    return lr * min(1, (t + 1) / warmup_steps)
