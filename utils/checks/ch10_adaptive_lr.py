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


# ---------------------------------------------------------------- 练习 2：RMSProp


def _rmsprop_cases(rng):
    yield case(normal(rng, 6, 3), 0.1, 0.8, 0.05)
    yield case(normal(rng, 4, 2) * torch.tensor([1e-2, 1e2]), 0.5, 0.6, 0.01, note="大小差很多")
    yield case(normal(rng, 1, 5), 0.3, 0.9, 0.2, note="只有一步")


def _rmsprop(gradients, lr, alpha, eps, *, first=False, shift=0, inside=False, mean=False):
    age = torch.arange(len(gradients))[:, None] - torch.arange(len(gradients)) - shift
    weights = (1 - alpha) * alpha ** age.clamp(min=0) * (age >= 0)  # (T, T)
    if first:
        weights[:, 0] = alpha ** torch.arange(len(gradients), dtype=weights.dtype)
    if mean:
        weights = weights / weights.sum(1, keepdim=True)
    v = weights.to(gradients.dtype) @ gradients**2
    return -lr * gradients / ((v + eps).sqrt() if inside else v.sqrt() + eps)


@exercise("ch10.rmsprop", title="不用循环的 RMSProp", cases=_rmsprop_cases)
def rmsprop_updates(gradients, lr, alpha, eps):
    return _rmsprop(gradients, lr, alpha, eps)


@rmsprop_updates.mistake("v 从 0 出发（torch 的写法）；你用的是课程的写法，第一步的 σ 等于 |g|。")
def _(gradients, lr, alpha, eps):
    return _rmsprop(gradients, lr, alpha, eps, first=True)


@rmsprop_updates.mistake("各步的权重加起来是 1 − α^(t+1)，不必再除：RMSProp 没有偏差修正。")
def _(gradients, lr, alpha, eps):
    return _rmsprop(gradients, lr, alpha, eps, mean=True)


@rmsprop_updates.mistake("ε 放进根号里了，题目要放在根号外：√v + ε。")
def _(gradients, lr, alpha, eps):
    return _rmsprop(gradients, lr, alpha, eps, inside=True)


@rmsprop_updates.mistake("分母要先把这一步的梯度算进去，再更新；你用的是到上一步为止的平均。")
def _(gradients, lr, alpha, eps):
    return _rmsprop(gradients, lr, alpha, eps, shift=1)


@rmsprop_updates.mistake("α 是旧账的权重，新的梯度占 1 − α；你把两者写反了。")
def _(gradients, lr, alpha, eps):
    return _rmsprop(gradients, lr, 1 - alpha, eps)


@rmsprop_updates.mistake("题目要每一步的变化量，你返回的是累计的位移。")
def _(gradients, lr, alpha, eps):
    return _rmsprop(gradients, lr, alpha, eps).cumsum(0)


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


# ---------------------------------------------------------------- 练习 4：来回跳的一步


def _alternating_cases(rng):
    for t, beta1, note in [
        (1, 0.9, "第一步"),
        (2, 0.5, ""),
        (3, 0.8, ""),
        (7, 0.95, ""),
        (40, 0.9, "很多步以后"),
        (5, 0.0, "没有动量"),
    ]:
        yield case(t, beta1, note=note)


@exercise("ch10.alternating", title="来回跳的时候，Adam 走多大", cases=_alternating_cases)
def alternating_step(t, beta1):
    return (1 - beta1) / (1 + beta1) * (1 - (-beta1) ** t) / (1 - beta1**t)


@alternating_step.mistake("没有做偏差修正：m 还要除以 1−β₁^t。")
def _(t, beta1):
    return (1 - beta1) / (1 + beta1) * (1 - (-beta1) ** t)


@alternating_step.mistake("这是 t 很大时的极限；头几步等比数列还没有加满。")
def _(t, beta1):
    return (1 - beta1) / (1 + beta1)


@alternating_step.mistake("公比是 −β₁，不是 β₁：相邻的梯度符号相反，会抵消。")
def _(t, beta1):
    return 1.0


@alternating_step.mistake("漏了 m 里的 1−β₁。")
def _(t, beta1):
    return (1 - (-beta1) ** t) / (1 + beta1) / (1 - beta1**t)


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
