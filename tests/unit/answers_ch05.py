"""第 5 章的练习检查：对的要过，典型的错误要说中。"""

import itertools

import torch
from torch.nn import functional as F


def count(sizes):
    return sum(n_out + n_in * n_out for n_in, n_out in itertools.pairwise(sizes))


def one_pass(w, X, y, *, strict=False, sign=1.0, use_label=True, always=False):
    mistakes = 0
    for i in range(len(y)):
        score = y[i] * torch.dot(w, X[i])
        if always or score < 0 or (score == 0 and not strict):
            w = w + sign * (y[i] if use_label else 1) * X[i]
            mistakes += 1
    return w, mistakes


def relu_coefficients(knots, values):
    slopes = (values[1:] - values[:-1]) / (knots[1:] - knots[:-1])
    c = torch.zeros_like(knots)
    c[:-1] += slopes
    c[1:] -= slopes
    return c


def prelu_backward(z, alpha, upstream):
    z = z.clone().requires_grad_()
    a = torch.tensor(alpha, dtype=z.dtype, requires_grad=True)
    return torch.autograd.grad(torch.where(z > 0, z, a * z), [z, a], upstream)


def two_layers(X, y, *params):
    params = [p.clone().requires_grad_() for p in params]
    W1, b1, W2, b2 = params
    logits = torch.relu(X @ W1.T + b1) @ W2.T + b2
    return torch.autograd.grad(F.cross_entropy(logits, y), params)


def by_hand(X, y, W1, b1, W2, b2):
    Z = X @ W1.T + b1
    P = ((Z.clamp(min=0) @ W2.T + b2).softmax(1) - torch.eye(len(b2), dtype=X.dtype)[y]) / len(y)
    H = torch.where(Z > 0, P @ W2, 0.0)
    A = Z.clamp(min=0)
    return [torch.einsum("bh,bd->hd", H, X), H.sum(0), torch.einsum("bc,bh->ch", P, A), P.sum(0)]


def one_pass_in_place(w, X, y):
    mistakes = 0
    for x_n, y_n in zip(X, y, strict=True):
        if y_n * (w @ x_n) <= 0:
            w += y_n * x_n
            mistakes += 1
    return w, mistakes


RIGHT = [
    ("ch05.at_least", lambda n, k: (torch.full((n,), 2.0), -2.0 * k)),
    ("ch05.count", count),
    ("ch05.perceptron", one_pass),
    ("ch05.relu_sum", relu_coefficients),
    ("ch05.prelu", prelu_backward),
    ("ch05.backward", by_hand),
]

# 数值对，但用了题目不许用的办法
BREAKS = [
    ("ch05.backward", two_layers),
]

WRONG = [
    ("ch05.perceptron", one_pass_in_place, "改动了输入 `w`"),
    ("ch05.perceptron", lambda w, X, y: (one_pass(w, X, y)[0], one_pass(w, X, y)[1] + 1), "多了 1"),
    ("ch05.at_least", lambda n, k: torch.ones(n), "两个值 `(w, b)`"),
    ("ch05.at_least", lambda n, k: (torch.ones(n) / n, -k / 2), "输入 ["),
    (
        "ch05.prelu",
        lambda z, a, u: (u * torch.where(a * z > z, a, 1.0), (u * z.clamp(max=0)).sum()),
        "alpha = 1.5",
    ),
    ("ch05.backward", lambda *a: by_hand(*a)[2:] + by_hand(*a)[:2], "第 3 个、第 4 个、第 1 个"),
    ("ch05.count", lambda sizes: sizes.append(1) or count(sizes), "改动了输入 `sizes`"),
]
