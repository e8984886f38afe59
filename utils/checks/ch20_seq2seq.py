"""第 20 章《序列到序列的任务与技巧》的练习检查。"""

import itertools
import math

import torch

from utils.checks import case, exercise, normal

# ---------------------------------------------------------------- 练习 1：没有空的时候


def _blankless_cases(rng):
    for target, n_frames, note in [
        ([1, 2, 3], 6, "没有重复"),
        ([5], 4, "只有一个字"),
        ([1, 2, 1, 2], 7, "隔着的不算重复"),
        ([1, 2, 2], 7, "有相邻的重复"),
        ([3, 1, 2], 2, "帧数不够"),
    ]:
        yield case(target, n_frames, note=note)


@exercise("ch20.count_without_blank", title="没有空的时候", cases=_blankless_cases)
def count_without_blank(target, n_frames):
    repeated = any(a == b for a, b in itertools.pairwise(target))
    return 0 if repeated else math.comb(n_frames - 1, len(target) - 1)


@count_without_blank.mistake("相邻两个相同的字，没有空就一定合并成一个：这样的答案一条对齐也没有。")
def _(target, n_frames):
    return math.comb(n_frames - 1, len(target) - 1)


@count_without_blank.mistake("换字的地方要在 T − 1 个缝里挑 U − 1 个，不是在 T 帧里挑 U 帧。")
def _(target, n_frames):
    return math.comb(n_frames, len(target))


@count_without_blank.mistake("这是有空、没有相邻重复时的条数；这里词表里没有空。")
def _(target, n_frames):
    return math.comb(n_frames + len(target), 2 * len(target))


# ---------------------------------------------------------------- 练习 2：有门的复制


def _copy_cases(rng):
    for B, S, V, note in [(3, 5, 4, "输入里有重复的词"), (1, 2, 6, "只有一句"), (4, 7, 5, "")]:
        say, alpha = normal(rng, B, V).softmax(-1), normal(rng, B, S).softmax(-1)
        x = torch.as_tensor(rng.integers(0, V, size=(B, S)))
        yield case(say, alpha, x, normal(rng, B).sigmoid(), note=note)


def _mixed(say, alpha, x, p):
    p = p[:, None]
    return ((1 - p) * say).scatter_add(1, x, p * alpha)


@exercise("ch20.mix_copy", title="有门的复制", cases=_copy_cases, grad=("say", "alpha", "p"))
def mix_copy(say, alpha, x, p):
    return _mixed(say, alpha, x, p)


@mix_copy.mistake("门写反了：p 是**抄**的概率，乘在注意力上；1 − p 乘在词表上。")
def _(say, alpha, x, p):
    return _mixed(say, alpha, x, 1 - p)


@mix_copy.mistake("同一个词在输入里出现几次，注意力要相加；你只留下了其中一次。")
def _(say, alpha, x, p):
    copied = torch.zeros_like(say).scatter(1, x, alpha)
    return (1 - p[:, None]) * say + p[:, None] * copied


@mix_copy.mistake("词表上的概率没有乘 1 − p，加起来超过了 1。")
def _(say, alpha, x, p):
    return say.scatter_add(1, x, p[:, None] * alpha)


# ---------------------------------------------------------------- 练习 3：最好的一条对齐


def _alignment_cases(rng):
    for T, K, target, note in [
        (6, 4, [1, 3], ""),
        (5, 3, [2, 2], "有相邻的重复"),
        (4, 3, [1, 2, 1], ""),
        (3, 2, [1], "只有一个字"),
        (8, 5, [4, 4, 1, 1], "两处重复"),
    ]:
        yield case((2 * normal(rng, T, K)).log_softmax(-1), target, note=note)


def _best(log_p, target, jump=True, same=False, ends=2, blanks=True):
    z = [0] * (2 * len(target) + 1) if blanks else list(target)
    z[1::2] = target if blanks else z[1::2]
    best = [log_p[0, z[j]].item() if j < 2 else -math.inf for j in range(len(z))]
    for row in log_p[1:]:
        old = [-math.inf, -math.inf, *best]
        best = []
        for j, k in enumerate(z):
            allowed = jump and j >= 2 and k != 0 and (same or k != z[j - 2])
            best.append(max(old[j + 2], old[j + 1], old[j] if allowed else -math.inf))
            best[-1] += row[k].item()
    return max(best[-ends:])


@exercise("ch20.best_alignment", title="CTC 的最好一条对齐", cases=_alignment_cases)
def best_alignment(log_p, target):
    return _best(log_p, target)


@best_alignment.mistake("两个相同的字之间不能跳过空，否则它们会合并成一个。")
def _(log_p, target):
    return _best(log_p, target, same=True)


@best_alignment.mistake("从不跳过空：两个不同的字可以紧挨着，中间不必有空。")
def _(log_p, target):
    return _best(log_p, target, jump=False)


@best_alignment.mistake("只许停在末尾的空；停在最后一个字上也行。")
def _(log_p, target):
    return _best(log_p, target, ends=1)


# ---------------------------------------------------------------- 练习 4：方差最小的基线


def _baseline_cases(rng):
    for n, D, note in [(6, 3, ""), (9, 1, "只有一个参数"), (4, 5, ""), (20, 2, "")]:
        yield case(normal(rng, n).abs(), normal(rng, n, D), note=note)


@exercise("ch20.best_baseline", title="方差最小的基线", cases=_baseline_cases)
def best_baseline(rewards, scores):
    weight = (scores**2).sum(1)
    return (rewards * weight).sum() / weight.sum()


@best_baseline.mistake("平均的奖励是常用的基线，却不是方差最小的：要按 ‖u‖² 加权。")
def _(rewards, scores):
    return rewards.mean()


@best_baseline.mistake("权重是 ‖u‖ 的平方，你用了 ‖u‖。")
def _(rewards, scores):
    weight = scores.norm(dim=1)
    return (rewards * weight).sum() / weight.sum()


@best_baseline.mistake("分母是权重之和，不是样本数。")
def _(rewards, scores):
    return (rewards * (scores**2).sum(1)).mean()
