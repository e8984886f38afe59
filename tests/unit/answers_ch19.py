"""第 19 章的练习检查：对的要过，典型的错误要说中。"""

import torch
import torch.nn.functional as F


def backwards(y, end):
    rows = [row[: row.index(end)][::-1] + row[row.index(end) :] for row in y.tolist()]
    return torch.tensor(rows)


def cross_attention(q, k, v, lengths):
    rows = [
        F.scaled_dot_product_attention(a, b[:n], c[:n])
        for a, b, c, n in zip(q, k, v, lengths.tolist(), strict=True)
    ]
    return torch.stack(rows)


def sentence_log_prob(logits, y, end):
    total = 0.0
    for row, word in zip(logits, y.tolist(), strict=True):
        if word == 0:
            break
        total += (row[word] - row.logsumexp(0)).item()
        if word == end:
            break
    return total


def layer_norm_jacobian(a, eps):
    D = len(a)
    center = torch.eye(D, dtype=a.dtype) - 1 / D
    std = ((center @ a).square().mean() + eps).sqrt()
    n = center @ a / std
    return (center - torch.outer(n, n) / D) / std


def pre_ln_backward(a, W, g, eps):
    return (torch.eye(len(a), dtype=a.dtype) + W @ layer_norm_jacobian(a, eps)).T @ g


def by_autograd(a, W, g, eps):
    a = a.clone().requires_grad_()
    b = a + W @ F.layer_norm(a, a.shape, eps=eps)
    return torch.autograd.grad(b @ g, a)[0]


def post_ln(a, W, g, eps):
    """LN 放在了后面。"""
    a = a + W @ a
    return layer_norm_jacobian(a, eps).T @ g


def shifted_rows(y, end):
    return backwards(y, end).roll(1, 1)


RIGHT = [
    ("ch19.backwards", backwards),
    ("ch19.cross_attention", cross_attention),
    ("ch19.sentence_log_prob", sentence_log_prob),
    ("ch19.pre_ln_backward", pre_ln_backward),
]

WRONG = [
    ("ch19.backwards", shifted_rows, ""),
    ("ch19.cross_attention", lambda q, k, v, lengths: cross_attention(q, k, v, lengths).mT, "形状"),
    ("ch19.sentence_log_prob", lambda s, y, end: -sentence_log_prob(s, y, end), "符号"),
    ("ch19.pre_ln_backward", post_ln, ""),
]

BREAKS = [("ch19.pre_ln_backward", by_autograd)]
