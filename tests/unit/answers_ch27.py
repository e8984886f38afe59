"""第 27 章的练习检查：对的要过，典型的错误要说中。"""

import torch


def smallest_eps(w, b, x):
    """一个样本一个样本地除。"""
    total = sum(abs(v) for v in w.tolist())
    return torch.tensor([abs((row @ w).item() + b) / total for row in x], dtype=x.dtype)


def targeted_gradient(logits, y, target):
    """softmax 的两项各写各的，再相加。"""
    p = logits.softmax(-1)
    own, other = torch.zeros_like(p), torch.zeros_like(p)
    for i, (a, b) in enumerate(zip(y.tolist(), target.tolist(), strict=True)):
        own[i, a], other[i, b] = 1, 1
    return (own - p) + (p - other)


def l1_step(g, eps):
    rows = []
    for row in g.tolist():
        i = max(range(len(row)), key=lambda j: abs(row[j]))
        rows.append([(-eps if row[i] > 0 else eps) if j == i else 0.0 for j in range(len(row))])
    return torch.tensor(rows, dtype=g.dtype)


RIGHT = [
    ("ch27.smallest_eps", smallest_eps),
    ("ch27.targeted_gradient", targeted_gradient),
    ("ch27.l1_step", l1_step),
]

WRONG = [
    ("ch27.smallest_eps", lambda w, b, x: 2 * smallest_eps(w, b, x), "2"),
    ("ch27.targeted_gradient", lambda logits, y, t: -targeted_gradient(logits, y, t), "符号"),
    ("ch27.l1_step", lambda g, eps: -l1_step(g, eps), "符号"),
]

BREAKS = []
