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


def all_at_once(w, X, y):
    wrong = (X @ w) * y <= 0
    return w + (y * wrong) @ X, wrong.sum()


def relu_coefficients(knots, values):
    slopes = (values[1:] - values[:-1]) / (knots[1:] - knots[:-1])
    c = torch.zeros_like(knots)
    c[:-1] += slopes
    c[1:] -= slopes
    return c


def segment_slopes(knots, values):
    slopes = values.diff() / knots.diff()
    return torch.cat([slopes, slopes.new_zeros(1)])


def unfinished_end(knots, values):
    c = relu_coefficients(knots, values)
    c[-1] = 0
    return c


def prelu_backward(z, alpha, upstream):
    z = z.clone().requires_grad_()
    a = torch.tensor(alpha, dtype=z.dtype, requires_grad=True)
    return torch.autograd.grad(torch.where(z > 0, z, a * z), [z, a], upstream)


def dz(z, alpha, upstream):
    return prelu_backward(z, alpha, upstream)[0]


def dalpha(z, alpha, upstream):
    return prelu_backward(z, alpha, upstream)[1]


def two_layers(X, y, *params):
    params = [p.clone().requires_grad_() for p in params]
    W1, b1, W2, b2 = params
    logits = torch.relu(X @ W1.T + b1) @ W2.T + b2
    return torch.autograd.grad(F.cross_entropy(logits, y), params)


def no_mask(X, y, W1, b1, W2, b2):
    delta = (torch.relu(X @ W1.T + b1) @ W2.T + b2).softmax(1) - F.one_hot(y, len(b2))
    hidden = delta @ W2 / len(y)
    _, _, dW2, db2 = two_layers(X, y, W1, b1, W2, b2)
    return hidden.T @ X, hidden.sum(0), dW2, db2


def averaged_biases(X, y, *params):
    dW1, db1, dW2, db2 = two_layers(X, y, *params)
    return dW1, db1 / len(X), dW2, db2 / len(X)


RIGHT = {
    "ch05.at_least": lambda n, k: (torch.full((n,), 2.0), -2.0 * k),
    "ch05.count": count,
    "ch05.perceptron": one_pass,
    "ch05.relu_sum": relu_coefficients,
    "ch05.prelu": prelu_backward,
    "ch05.backward": two_layers,
}

WRONG = [
    ("ch05.at_least", lambda n, k: (torch.ones(n), float(k)), "符号反了"),
    ("ch05.at_least", lambda n, k: (torch.ones(n), -k - 0.5), "多要了一个"),
    ("ch05.at_least", lambda n, k: (torch.ones(n), 1.0 - k), "少要了一个"),
    ("ch05.at_least", lambda n, k: (torch.ones(n), -1.0), "或"),
    ("ch05.at_least", lambda n, k: (torch.ones(n), -float(n)), "与"),
    ("ch05.count", lambda s: sum(a * b for a, b in itertools.pairwise(s)), "漏了偏置"),
    ("ch05.count", lambda s: count(s) + s[0], "输入层"),
    ("ch05.count", lambda s: count(s) - sum(s[1:]) + sum(s[:-1]), "不是 n_in"),
    ("ch05.count", lambda s: count(s) - sum(s[1:]) + len(s) - 1, "每层一个"),
    ("ch05.count", lambda s: count(s[:-1]), "输出层"),
    ("ch05.perceptron", lambda w, X, y: one_pass(w, X, y, strict=True), "等号"),
    ("ch05.perceptron", all_at_once, "更新过的 w"),
    ("ch05.perceptron", lambda w, X, y: one_pass(w, X, y, sign=-1.0), "方向反了"),
    ("ch05.perceptron", lambda w, X, y: one_pass(w, X, y, use_label=False), "漏了标签"),
    ("ch05.perceptron", lambda w, X, y: one_pass(w, X, y, always=True), "没错就不动"),
    ("ch05.relu_sum", segment_slopes, "斜率的变化"),
    ("ch05.relu_sum", unfinished_end, "收住"),
    ("ch05.relu_sum", lambda k, v: relu_coefficients(torch.arange(len(k)).to(v), v), "长度"),
    ("ch05.relu_sum", lambda k, v: -relu_coefficients(k, v), "符号反了"),
    ("ch05.relu_sum", lambda k, v: relu_coefficients(k, v)[:-1], "最后一个折点"),
    ("ch05.prelu", lambda z, a, u: (dz(z, a, u), z[z < 0].sum()), "上游的梯度"),
    ("ch05.prelu", lambda z, a, u: (dz(z, a, u), (u * z).sum()), "只来自"),
    ("ch05.prelu", lambda z, a, u: (dz(z, a, u), u * z * (z < 0)), "是一个数"),
    ("ch05.prelu", lambda z, a, u: (dz(z, a, u), dalpha(z, a, u) / z.numel()), "不是平均"),
    ("ch05.prelu", lambda z, a, u: (dz(z, a, torch.ones_like(u)), dalpha(z, a, u)), "只是斜率"),
    ("ch05.prelu", lambda z, a, u: (dz(z, 0.0, u), dalpha(z, a, u)), "斜率是 α"),
    ("ch05.backward", no_mask, "乘它的斜率"),
    ("ch05.backward", lambda X, y, *p: tuple(len(y) * g for g in two_layers(X, y, *p)), "样本数"),
    ("ch05.backward", averaged_biases, "求和"),
]  # fmt: skip
