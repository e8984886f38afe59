"""第 16 章《循环神经网络》的练习检查。"""

import math

import torch

from utils.checks import case, exercise, normal

# ---------------------------------------------------------------- 练习 1：记忆的半衰期


def _half_life_cases(rng):
    for b, share, note in [
        (3.0, 0.5, ""),
        (1.0, 0.1, ""),
        (5.0, 0.3, ""),
        (0.0, 0.125, "恰好等于"),
        (-2.0, 0.6, "一步就忘得差不多"),
    ]:
        yield case(b, share, note=note)


def _kept(b):
    return 1 / (1 + math.exp(-b))


@exercise("ch16.half_life", title="记忆的半衰期", cases=_half_life_cases)
def half_life(b, share):
    left, n = 1.0, 0
    while left > share + 1e-12:
        left, n = left * _kept(b), n + 1
    return n


@half_life.mistake("把偏置 b 直接当成了 f。遗忘门要过 sigmoid：f = σ(b)。")
def _(b, share):
    return math.ceil(math.log(share) / math.log(b)) if 0 < b < 1 else 0


@half_life.mistake("每步忘掉的是 1 − f，留下的是 f；你用了忘掉的那一份。")
def _(b, share):
    return max(1, math.ceil(math.log(share) / math.log(1 - _kept(b)) - 1e-9))


@half_life.mistake("差一步：f 的 n 次方第一次不超过 share 的 n，要向上取整。")
def _(b, share):
    return math.floor(math.log(share) / math.log(_kept(b)) - 1e-9)


# ---------------------------------------------------------------- 练习 2：各自的最后一步


def _last_cases(rng):
    for B, T, H, note in [(3, 6, 2, ""), (5, 4, 3, ""), (1, 7, 4, "只有一句"), (4, 5, 1, "")]:
        lengths = torch.as_tensor(rng.integers(1, T + 1, size=B))
        if B > 1:
            lengths[0], lengths[1] = 1, T  # 只有一个词的，和正好一样长的
        yield case(normal(rng, B, T, 2 * H), lengths, note=note)


@exercise("ch16.last_states", title="每一句自己的最后一步", cases=_last_cases)
def last_states(h, lengths):
    H = h.shape[-1] // 2
    forth = h[torch.arange(len(h)), lengths - 1, :H]
    return torch.cat([forth, h[:, 0, H:]], dim=1)


@last_states.mistake("从左往右的那一半，取的是补齐以后的最后一格。要取每一句自己的最后一个词。")
def _(h, lengths):
    H = h.shape[-1] // 2
    return torch.cat([h[:, -1, :H], h[:, 0, H:]], dim=1)


@last_states.mistake("从右往左的那一半，读完整句是在第一个词，不是最后一个词。")
def _(h, lengths):
    return h[torch.arange(len(h)), lengths - 1]


@last_states.mistake("两个方向都取了第一个词；从左往右读完整句，是在最后一个真实的词。")
def _(h, lengths):
    return h[:, 0]


# ---------------------------------------------------------------- 练习 3：线性 RNN 的 BPTT


def _bptt_cases(rng):
    for T, w, u, note in [
        (6, 0.8, 1.5, ""),
        (4, -1.1, 0.7, "w 是负的"),
        (9, 1.2, -0.4, ""),
        (1, 0.5, 2.0, "只有一步"),
    ]:
        yield case(normal(rng, T), normal(rng, T), w, u, note=note)


def _states(x, w, u):
    h = [x.new_zeros(())]
    for x_t in x:
        h.append(w * h[-1] + u * x_t)
    return h


def _backward(x, y, w, u, carry=True, previous=True):
    h, g, future = _states(x, w, u), x.new_zeros(()), x.new_zeros(())
    for t in reversed(range(len(x))):
        d_h = h[t + 1] - y[t] + future
        g = g + d_h * (h[t] if previous else h[t + 1])
        future = w * d_h if carry else future
    return g


@exercise("ch16.bptt_linear", title="线性 RNN 的 BPTT", cases=_bptt_cases, forbid=("autograd",))
def bptt_linear(x, y, w, u):
    return _backward(x, y, w, u)


@bptt_linear.mistake("只算了每一步自己的误差，漏了从下一步传回来的 w · ∂L/∂h。")
def _(x, y, w, u):
    return _backward(x, y, w, u, carry=False)


@bptt_linear.mistake("∂L/∂w 里乘的是上一步的状态 h_{t−1}，不是这一步的 h_t。")
def _(x, y, w, u):
    return _backward(x, y, w, u, previous=False)


@bptt_linear.mistake("从下一步传回来的是总的 ∂L/∂h_{t+1}，你只传了下一步自己的误差，再往后的断了。")
def _(x, y, w, u):
    h, g = _states(x, w, u), x.new_zeros(())
    error = [h[t + 1] - y[t] for t in range(len(x))] + [0.0]
    for t in range(len(x)):
        g = g + (error[t] + w * error[t + 1]) * h[t]
    return g


# ---------------------------------------------------------------- 练习 4：绑在一起的门


def _coupled_cases(rng):
    for B, H, note in [(3, 4, ""), (1, 5, "只有一句"), (6, 1, "只有一格记忆")]:
        yield case(*(normal(rng, B, H) for _ in range(3)), 2 * normal(rng, B, H), note=note)


def _coupled(z_i, z_c, z_o, c, keep=lambda i: 1 - i, squash=torch.tanh, shown=torch.tanh):
    i = torch.sigmoid(z_i)
    c = keep(i) * c + i * squash(z_c)
    return torch.sigmoid(z_o) * shown(c), c


@exercise(
    "ch16.coupled_step",
    title="绑在一起的门",
    cases=_coupled_cases,
    grad=("z_i", "z_c", "z_o", "c"),
)
def coupled_step(z_i, z_c, z_o, c):
    return _coupled(z_i, z_c, z_o, c)


@coupled_step.mistake("写反了：留下旧的 1 − i，写进新的 i。")
def _(z_i, z_c, z_o, c):
    i = torch.sigmoid(z_i)
    c = i * c + (1 - i) * torch.tanh(z_c)
    return torch.sigmoid(z_o) * torch.tanh(c), c


@coupled_step.mistake("旧的记忆没有遗忘：f = 1 − i 要乘在旧的 c 上。")
def _(z_i, z_c, z_o, c):
    return _coupled(z_i, z_c, z_o, c, keep=lambda i: 1)


@coupled_step.mistake("新内容 z_c 要过 tanh。")
def _(z_i, z_c, z_o, c):
    return _coupled(z_i, z_c, z_o, c, squash=lambda z: z)


@coupled_step.mistake("输出是 o ⊙ tanh(c)，漏了 tanh。")
def _(z_i, z_c, z_o, c):
    return _coupled(z_i, z_c, z_o, c, shown=lambda c: c)
