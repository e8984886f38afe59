"""第 15 章的练习检查：对的要过，典型的错误要说中。"""

import math

import torch


def masked_max(x, mask):
    rows = [s[real].max(0).values for s, real in zip(x, mask, strict=True)]
    return torch.stack(rows)


def keep_probability(counts, t):
    total = counts.sum().item()
    return torch.tensor([min(1.0, math.sqrt(t * total / n)) for n in counts.tolist()]).to(counts)


def best_scores(C, k):
    out, total = torch.zeros_like(C), C.sum().item()
    for i in range(len(C)):
        for j in range(len(C)):
            expected = k * C[i].sum().item() * C[:, j].sum().item() / total
            out[i, j] = math.log(C[i, j].item() / expected)
    return out


def word_probability(h, theta, nodes, sides):
    p = 1.0
    for node, side in zip(nodes.tolist(), sides.tolist(), strict=True):
        s = sum(a * b for a, b in zip(theta[node].tolist(), h.tolist(), strict=True))
        p *= 1 / (1 + math.exp(s if side else -s))
    return p


def symmetric_noise(C, k):
    return (C / C.sum()).log() - math.log(k)


RIGHT = [
    ("ch15.masked_max", masked_max),
    ("ch15.keep_probability", keep_probability),
    ("ch15.best_scores", best_scores),
    ("ch15.word_probability", word_probability),
]

WRONG = [
    ("ch15.masked_max", lambda x, mask: masked_max(x, mask)[:, None], "形状"),
    ("ch15.keep_probability", lambda counts, t: keep_probability(counts, 2 * t), ""),
    ("ch15.best_scores", symmetric_noise, ""),
    ("ch15.word_probability", lambda *given: -word_probability(*given), "符号"),
]
