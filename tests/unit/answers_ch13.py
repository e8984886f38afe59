"""第 13 章的练习检查：对的要过，典型的错误要说中。"""

import torch
from torch.nn import functional as F


def dilated(n, k, s, p, d):
    return len(F.conv1d(torch.zeros(1, 1, n), torch.zeros(1, 1, k), None, s, p, d)[0, 0])


def multiplications(C, n, c_out, k, s, p):
    positions = F.unfold(torch.zeros(1, C, n, n), k, padding=p, stride=s).shape
    return positions[1] * positions[2] * c_out


def seen(k, s, p, i):
    """把每个输出看到的格子写成集合，一层层换成更前面的。"""
    cells = {i}
    for m in reversed(range(len(k))):
        cells = {c * s[m] - p[m] + u for c in cells for u in range(k[m])}
    return min(cells), max(cells)


def backward(x, w, upstream):
    dx, dw = torch.zeros_like(x), torch.zeros_like(w)
    for i in range(upstream.shape[0]):
        for j in range(upstream.shape[1]):
            block = (slice(i, i + len(w)), slice(j, j + len(w)))
            dx[block] += upstream[i, j] * w
            dw += upstream[i, j] * x[block]
    return dx, dw


def backward_by_autograd(x, w, upstream):
    leaves = [t.clone().requires_grad_() for t in (x, w)]
    out = F.conv2d(leaves[0][None, None], leaves[1][None, None])[0, 0]
    return torch.autograd.grad(out, leaves, upstream)


def compose(w1, w2):
    """脉冲响应：两层作用在只有正中一个 1 的图上，结果是翻转的核。"""
    k = len(w1) + len(w2) - 1
    impulse = w1.new_zeros(1, 1, 2 * k - 1, 2 * k - 1)
    impulse[0, 0, k - 1, k - 1] = 1
    out = F.conv2d(F.conv2d(impulse, w1[None, None]), w2[None, None])[0, 0]
    return out.flip(0, 1)


RIGHT = [
    ("ch13.dilated", dilated),
    ("ch13.multiplications", multiplications),
    ("ch13.seen", seen),
    ("ch13.backward", backward),
    ("ch13.compose", compose),
]

# 数值对，但用了题目不许用的办法
BREAKS = [("ch13.backward", backward_by_autograd)]

WRONG = [
    ("ch13.backward", lambda x, w, g: backward(x, w, g)[::-1], "次序"),
    ("ch13.dilated", lambda n, k, s, p, d: -(-(n + 2 * p - d * (k - 1) - 1) // s) + 1, "除不尽"),
]
