"""第 28 章的练习检查：对的要过，典型的错误要说中。"""

import itertools
import math

import torch


def correct_prior(logits, p_source, p_target):
    """先变成概率，换掉比例，再归一化。"""
    weighted = logits.softmax(-1) / p_source * p_target
    return weighted / weighted.sum(-1, keepdim=True)


def reversed_gradient(x, side, W, v, lam):
    """一个样本一个样本地加。"""
    total = torch.zeros_like(W)
    for one, d in zip(x, side, strict=True):
        p = 1 / (1 + math.exp(-(v @ (W @ one)).item()))
        total += (p - d) * v[:, None] * one[None, :]
    return -lam * total / len(x)


def unbiased_mmd(s, t, sigma):
    k = lambda a, b: math.exp(-((a - b) ** 2).sum().item() / (2 * sigma**2))  # noqa: E731
    total = 0.0
    for side in (s, t):
        pairs = list(itertools.permutations(side, 2))
        total += sum(k(a, b) for a, b in pairs) / len(pairs)
    return total - 2 * sum(k(a, b) for a in s for b in t) / (len(s) * len(t))


RIGHT = [
    ("ch28.correct_prior", correct_prior),
    ("ch28.reversed_gradient", reversed_gradient),
    ("ch28.unbiased_mmd", unbiased_mmd),
]

WRONG = [
    ("ch28.correct_prior", lambda *a: correct_prior(*a).log(), ""),
    ("ch28.reversed_gradient", lambda *a: reversed_gradient(*a).T, "形状"),
    ("ch28.unbiased_mmd", lambda s, t, sigma: unbiased_mmd(s, t, sigma) + 1, "1"),
]

BREAKS = []
