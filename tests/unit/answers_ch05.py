"""第 5 章的练习检查：对的要过，典型的错误要说中。"""

import itertools

import torch


def count(sizes):
    return sum(n_out + n_in * n_out for n_in, n_out in itertools.pairwise(sizes))


def widest(n_in, n_out, depth, budget):
    fits = [m for m in range(1, budget) if count([n_in, *[m] * depth, n_out]) <= budget]
    return max(fits, default=0)


def averaged(w, X, y):
    total = torch.zeros_like(w)
    for i in range(len(y)):
        if y[i] * torch.dot(w, X[i]) <= 0:
            w = w + y[i] * X[i]
        total = total + w
    return total / len(y)


def averaged_in_place(w, X, y):
    total = torch.zeros_like(w)
    for x_n, y_n in zip(X, y, strict=True):
        if y_n * (w @ x_n) <= 0:
            w += y_n * x_n
        total += w
    return total / len(y)


def maxout_lines(knots, values):
    t0, t1, v0, v1 = knots[:-1], knots[1:], values[:-1], values[1:]
    return (v1 - v0) / (t1 - t0), (v0 * t1 - v1 * t0) / (t1 - t0)


def swish_by_hand(z, beta, upstream):
    a = z * torch.sigmoid(beta * z)
    dz = beta * a + torch.sigmoid(beta * z) * (1 - beta * a)
    return upstream * dz, (upstream * a * (z - a)).sum()


def swish_by_autograd(z, beta, upstream):
    z = z.clone().requires_grad_()
    beta = torch.tensor(beta, dtype=z.dtype, requires_grad=True)
    return torch.autograd.grad(z * torch.sigmoid(beta * z), [z, beta], upstream)


def skip_by_hand(A, W, b, upstream):
    delta = torch.where(torch.einsum("bi,oi->bo", A, W) + b > 0, upstream, 0.0)
    dA = upstream + torch.einsum("bo,oi->bi", delta, W)
    return dA, torch.einsum("bo,bi->oi", delta, A), delta.sum(0)


def skip_by_autograd(A, W, b, upstream):
    inputs = [t.clone().requires_grad_() for t in (A, W, b)]
    A, W, b = inputs
    return torch.autograd.grad(A + torch.relu(A @ W.T + b), inputs, upstream)


RIGHT = [
    ("ch05.at_least", lambda n, k: (torch.full((n,), 2.0), -2.0 * k)),
    ("ch05.widest", widest),
    ("ch05.averaged", averaged),
    ("ch05.maxout_lines", maxout_lines),
    ("ch05.swish", swish_by_hand),
    ("ch05.skip", skip_by_hand),
]

# 数值对，但用了题目不许用的办法
BREAKS = [
    ("ch05.swish", swish_by_autograd),
    ("ch05.skip", skip_by_autograd),
]

WRONG = [
    ("ch05.averaged", averaged_in_place, "改动了输入 `w`"),
    ("ch05.averaged", lambda w, X, y: averaged(w, X, y) * len(y), "X.shape[0]"),
    ("ch05.at_least", lambda n, k: torch.ones(n), "两个值 `(w, b)`"),
    ("ch05.at_least", lambda n, k: (torch.ones(n) / n, -k / 2), "你得到 0，应该是 1"),
    ("ch05.maxout_lines", lambda t, v: maxout_lines(t, v)[::-1], "次序"),
    ("ch05.swish", lambda z, b, u: swish_by_hand(z, b, u)[0], "2 个"),
    ("ch05.skip", lambda *a: skip_by_hand(*a)[::-1], "第 3 个"),
    ("ch05.widest", lambda *a: float(widest(*a)), "整数"),
]
