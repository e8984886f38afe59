"""第 20 章的练习检查：对的要过，典型的错误要说中。"""

import itertools

import torch
from torch import nn


def count_without_blank(target, n_frames):
    """逐条列举。"""
    paths = itertools.product(set(target), repeat=n_frames)
    return sum([k for k, _ in itertools.groupby(path)] == list(target) for path in paths)


def mix_copy(say, alpha, x, p):
    """独热以后相乘，与按编号相加相同。"""
    copied = (nn.functional.one_hot(x, say.shape[1]) * alpha[..., None]).sum(1)
    return torch.lerp(say, copied, p[:, None])


def best_alignment(log_p, target):
    """逐条列举全部对齐。"""
    best = -float("inf")
    for path in itertools.product(range(log_p.shape[1]), repeat=len(log_p)):
        if [k for k, _ in itertools.groupby(path) if k] == list(target):
            best = max(best, sum(log_p[t, k].item() for t, k in enumerate(path)))
    return best


def best_baseline(rewards, scores):
    """最小二乘：各行的 (R - b) u 的平方和对 b 是二次函数。"""
    left = scores.reshape(-1, 1)
    right = (rewards[:, None] * scores).reshape(-1, 1)
    return torch.linalg.lstsq(left, right).solution[0, 0]


def one_change_only(target, n_frames):
    return n_frames - 1


RIGHT = [
    ("ch20.count_without_blank", count_without_blank),
    ("ch20.mix_copy", mix_copy),
    ("ch20.best_alignment", best_alignment),
    ("ch20.best_baseline", best_baseline),
]

WRONG = [
    ("ch20.count_without_blank", one_change_only, ""),
    ("ch20.mix_copy", lambda say, alpha, x, p: mix_copy(say, alpha, x, p).detach(), "计算图"),
    ("ch20.best_alignment", lambda log_p, target: best_alignment(log_p, target) * 2, "倍"),
    ("ch20.best_baseline", lambda rewards, scores: -best_baseline(rewards, scores), ""),
]

BREAKS = []
