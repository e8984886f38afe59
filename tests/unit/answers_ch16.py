"""第 16 章的练习检查：对的要过，典型的错误要说中。"""

import math

import torch
from torch import nn


def half_life(b, share):
    return max(0, math.ceil(math.log(share) / -math.log1p(math.exp(-b)) - 1e-9))


def last_states(h, lengths):
    H = h.shape[-1] // 2
    rows = [torch.cat([s[n - 1, :H], s[0, H:]]) for s, n in zip(h, lengths.tolist(), strict=True)]
    return torch.stack(rows)


def bptt_linear(x, y, w, u):
    """往前推：dh_t/dw = h_{t-1} + w dh_{t-1}/dw，与往回传的结果相同。"""
    h = slope = total = 0.0
    for a, b in zip(x.tolist(), y.tolist(), strict=True):
        h, slope = w * h + u * a, h + w * slope
        total += (h - b) * slope
    return total


def coupled_step(z_i, z_c, z_o, c):
    new = torch.lerp(c, z_c.tanh(), z_i.sigmoid())
    return z_o.sigmoid() * new.tanh(), new


def by_autograd(x, y, w, u):
    w = torch.tensor(float(w), requires_grad=True, dtype=torch.float64)
    h, loss = torch.zeros((), dtype=torch.float64), 0.0
    for a, b in zip(x, y, strict=True):
        h = w * h + u * a
        loss = loss + 0.5 * (h - b) ** 2
    return torch.autograd.grad(loss, w)[0]


def truncated(x, y, w, u):
    h = total = 0.0
    for a, b in zip(x.tolist(), y.tolist(), strict=True):
        old, h = h, w * h + u * a
        total += (h - b) * old
    return total * 2


def sum_of_ends(h, lengths):
    H = h.shape[-1] // 2
    return h[torch.arange(len(h)), lengths - 1, :H] + h[:, 0, H:]


RIGHT = [
    ("ch16.half_life", half_life),
    ("ch16.last_states", last_states),
    ("ch16.bptt_linear", bptt_linear),
    ("ch16.coupled_step", coupled_step),
]

WRONG = [
    ("ch16.half_life", lambda b, share: half_life(b, share) + 1, "1"),
    ("ch16.last_states", sum_of_ends, "形状"),
    ("ch16.bptt_linear", truncated, ""),
    ("ch16.coupled_step", lambda z_i, z_c, z_o, c: coupled_step(z_i, z_c, z_o, c)[::-1], "次序"),
    (
        "ch16.coupled_step",
        lambda z_i, z_c, z_o, c: tuple(
            t.detach() for t in (nn.Identity()(v) for v in coupled_step(z_i, z_c, z_o, c))
        ),
        "计算图",
    ),
]

BREAKS = [("ch16.bptt_linear", by_autograd)]
