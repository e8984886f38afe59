"""第 15 章《序列输入的表示》的练习检查。"""

import math

import torch

from utils.checks import case, exercise, normal

# ---------------------------------------------------------------- 练习 1：带掩码的最大值


def _masked_cases(rng):
    for B, T, D, note in [(3, 6, 2, ""), (5, 4, 3, ""), (1, 7, 4, "只有一句"), (4, 5, 1, "")]:
        lengths = torch.as_tensor(rng.integers(1, T, size=B))
        mask = torch.arange(T) < lengths[:, None]
        x = normal(rng, B, T, D) - 1  # 负的居多：补上的零会冒充最大值
        yield case(x * mask[..., None], mask, note=note)


@exercise("ch15.masked_max", title="带掩码的最大值", cases=_masked_cases)
def masked_max(x, mask):
    return x.masked_fill(~mask[..., None], -math.inf).amax(1)


@masked_max.mistake("没有用掩码：一句里的数都是负的，补上的 0 就成了最大值。要盖上负无穷。")
def _(x, mask):
    return x.amax(1)


@masked_max.mistake("掩码用反了：盖住的应当是补齐的位置，即 ~mask。")
def _(x, mask):
    return x.masked_fill(mask[..., None], -math.inf).amax(1)


# ---------------------------------------------------------------- 练习 2：少看几眼“的”


def _keep_cases(rng):
    for V, t, note in [(5, 0.05, ""), (9, 0.01, ""), (3, 0.2, ""), (6, 2.0, "门槛很大，全部留下")]:
        yield case(torch.as_tensor(rng.integers(1, 500, size=V)).double(), t, note=note)


@exercise("ch15.keep_probability", title="少看几眼“的”", cases=_keep_cases)
def keep_probability(counts, t):
    return (t / (counts / counts.sum())).sqrt().clamp(max=1)


@keep_probability.mistake("概率不能大于 1：少见的词一定留下，用 clamp(max=1)。")
def _(counts, t):
    return (t / (counts / counts.sum())).sqrt()


@keep_probability.mistake("漏了开平方。")
def _(counts, t):
    return (t / (counts / counts.sum())).clamp(max=1)


@keep_probability.mistake("这是扔掉的概率，题目要的是留下的。")
def _(counts, t):
    return 1 - keep_probability.reference(counts, t)


@keep_probability.mistake("f 是占全部词的比例，要先除以 counts 的和。")
def _(counts, t):
    return (t / counts).sqrt().clamp(max=1)


# ---------------------------------------------------------------- 练习 3：负采样想要的分数


def _score_cases(rng):
    for V, k, note in [(4, 1, ""), (3, 5, ""), (6, 2, "")]:
        yield case(torch.as_tensor(rng.integers(1, 30, size=(V, V))).double(), k, note=note)


def _information(C):
    return (C * C.sum() / (C.sum(1, keepdim=True) * C.sum(0))).log()


@exercise("ch15.best_scores", title="负采样想要的分数", cases=_score_cases)
def best_scores(C, k):
    return _information(C) - math.log(k)


@best_scores.mistake("漏了噪声词的个数：k 个噪声词，要减去 ln k。")
def _(C, k):
    return _information(C)


@best_scores.mistake("ln k 的符号反了：噪声词越多，越该判成假的，分数要减去 ln k。")
def _(C, k):
    return _information(C) + math.log(k)


@best_scores.mistake("没有除以噪声的概率 P(j)：常见的词不管跟谁都会常在一起。")
def _(C, k):
    return (C / C.sum(1, keepdim=True)).log() - math.log(k)


@best_scores.mistake("行与列用反了：C_i 是第 i 行的和，P(j) 用的是第 j 列的和。")
def _(C, k):
    return (C * C.sum() / (C.sum(0)[:, None] * C.sum(1))).log() - math.log(k)


# ---------------------------------------------------------------- 练习 4：一个词的概率


def _path_cases(rng):
    for V, N, length, note in [(6, 3, 3, ""), (9, 2, 4, ""), (4, 5, 2, ""), (5, 4, 1, "只有一层")]:
        nodes, sides = rng.permutation(V - 1)[:length], rng.integers(2, size=length)
        sides[0] = 1  # 总有一步往右
        steps = torch.as_tensor(nodes), torch.as_tensor(sides)
        yield case(normal(rng, N), normal(rng, V - 1, N), *steps, note=note)


@exercise("ch15.word_probability", title="一个词的概率", cases=_path_cases)
def word_probability(h, theta, nodes, sides):
    return torch.sigmoid((1 - 2 * sides) * (theta[nodes] @ h)).prod()


@word_probability.mistake("左右反了：方向 0 是往左，往左的概率是 σ(θ·h)。")
def _(h, theta, nodes, sides):
    return torch.sigmoid((2 * sides - 1) * (theta[nodes] @ h)).prod()


@word_probability.mistake("往右的概率是 1 − σ(θ·h)，不能每一步都用 σ(θ·h)。")
def _(h, theta, nodes, sides):
    return torch.sigmoid(theta[nodes] @ h).prod()


@word_probability.mistake("这是概率的对数，题目要的是概率。")
def _(h, theta, nodes, sides):
    return torch.sigmoid((1 - 2 * sides) * (theta[nodes] @ h)).log().sum()


@word_probability.mistake("各步的概率要相乘，你把它们加起来了。")
def _(h, theta, nodes, sides):
    return torch.sigmoid((1 - 2 * sides) * (theta[nodes] @ h)).sum()


@word_probability.mistake("结点的编号是 nodes 里写的，不是 0、1、2……")
def _(h, theta, nodes, sides):
    return torch.sigmoid((1 - 2 * sides) * (theta[: len(nodes)] @ h)).prod()
