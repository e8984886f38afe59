"""第 29 章的练习检查：对的要过，典型的错误要说中。"""

import math

import torch


def drop_filters(W1, b1, W2, keep):
    """一个滤波器一个滤波器地抄。"""
    rows = keep.tolist()
    first = torch.stack([W1[i] for i in rows])
    bias = torch.stack([b1[i] for i in rows])
    second = torch.stack([torch.stack([out[i] for i in rows]) for out in W2])
    return first, bias, second


def distil_gradient(z, q, T):
    """逐个样本、逐个类写 T (p - q)。"""
    rows = []
    for scores, teacher in zip(z.tolist(), q.tolist(), strict=True):
        e = [math.exp((s - max(scores)) / T) for s in scores]
        rows.append([T * (v / sum(e) - t) for v, t in zip(e, teacher, strict=True)])
    return torch.tensor(rows, dtype=z.dtype)


def quantise_rows(W, bits):
    levels = torch.arange(-(2 ** (bits - 1)) + 1, 2 ** (bits - 1))
    rows = []
    for row in W:
        grid = levels * row.abs().max() / levels[-1]
        rows.append(grid[(row[:, None] - grid).abs().argmin(1)])
    return torch.stack(rows)


def largest_rank(M, N):
    return max((K for K in range(1, M * N + 1) if K * (M + N) < M * N), default=0)


RIGHT = [
    ("ch29.drop_filters", drop_filters),
    ("ch29.distil_gradient", distil_gradient),
    ("ch29.quantise_rows", quantise_rows),
    ("ch29.largest_rank", largest_rank),
]

WRONG = [
    ("ch29.distil_gradient", lambda z, q, T: -distil_gradient(z, q, T), "符号"),
    ("ch29.quantise_rows", lambda W, bits: 2 * quantise_rows(W, bits), "2"),
    ("ch29.largest_rank", lambda M, N: largest_rank(M, N) + 1, "1"),
]

BREAKS = []
