"""第 18 章《自注意力的变形：更快的注意力》的练习检查。"""

import torch
import torch.nn.functional as F

from utils.checks import case, exercise, normal

# ---------------------------------------------------------------- 练习 1：空洞窗口


def _dilated_cases(rng):
    yield case(9, 2, 2)
    yield case(12, 2, 3, note="隔两格看一格")
    yield case(6, 1, 1, note="t=1，就是普通的窗口")
    yield case(5, 0, 2, note="r=0，只看自己")


def _distance(n):
    return (torch.arange(n)[:, None] - torch.arange(n)).abs()


@exercise("ch18.dilated_mask", title="空洞窗口", cases=_dilated_cases)
def dilated_mask(n, window, dilation):
    return (_distance(n) % dilation == 0) & (_distance(n) <= window * dilation)


@dilated_mask.mistake(
    "窗口太窄：左右各看 window 格、每格隔 dilation 步，最远到 window × dilation。"
)
def _(n, window, dilation):
    return (_distance(n) % dilation == 0) & (_distance(n) <= window)


@dilated_mask.mistake("没有隔格：还要求相差的步数是 dilation 的整数倍。")
def _(n, window, dilation):
    return _distance(n) <= window * dilation


@dilated_mask.mistake("没有窗口：这是跳步的掩码，还要求相差不超过 window × dilation。")
def _(n, window, dilation):
    return _distance(n) % dilation == 0


# ---------------------------------------------------------------- 练习 2：留住了多少


def _recall_cases(rng):
    for n, keep, note in [(9, 0.5, ""), (7, 0.2, "丢得多"), (12, 0.8, "留得多"), (4, 1.0, "全留")]:
        weights = torch.softmax(3 * normal(rng, n, n), dim=1)
        yield case(weights, torch.as_tensor(rng.random((n, n)) < keep), note=note)


@exercise("ch18.top_recall", title="留住了多少", cases=_recall_cases)
def top_recall(weights, mask):
    return mask.gather(1, weights.argmax(1, keepdim=True)).double().mean()


@top_recall.mistake("这是留下的权重之和的平均。题目只问每个查询**最大**的那一个在不在掩码里。")
def _(weights, mask):
    return (weights * mask).sum(1).mean()


@top_recall.mistake("方向反了：一行是一个查询，最大值要在每一行里找（`argmax(1)`）。")
def _(weights, mask):
    return mask.gather(0, weights.argmax(0, keepdim=True)).double().mean()


@top_recall.mistake("这是掩码里 True 的比例，没有用到权重的大小。")
def _(weights, mask):
    return mask.double().mean() + 0 * weights.sum()


# ---------------------------------------------------------------- 练习 3：因果的线性注意力


def _causal_cases(rng):
    for n, d, d_v, note in [(6, 3, 2, ""), (9, 2, 5, "值比键宽"), (1, 4, 3, "只有一个位置")]:
        yield case(normal(rng, n, d), normal(rng, n, d), normal(rng, n, d_v), note=note)


def _feature(x):
    return F.elu(x) + 1


@exercise(
    "ch18.causal_linear",
    title="能一步一步算的线性注意力",
    cases=_causal_cases,
    grad=("q", "k", "v"),
)
def causal_linear(q, k, v):
    scores = (_feature(q) @ _feature(k).mT).tril()
    return scores @ v / scores.sum(1, keepdim=True)


@causal_linear.mistake("看到了后面：第 i 步只能用前 i 个键和值的累加，不能用全部的和。")
def _(q, k, v):
    scores = _feature(q) @ _feature(k).mT
    return scores @ v / scores.sum(1, keepdim=True)


@causal_linear.mistake("少了分母：还要除以 φ(q_i) 与 φ(k_j) 累加的内积，权重的和才是 1。")
def _(q, k, v):
    return (_feature(q) @ _feature(k).mT).tril() @ v


@causal_linear.mistake("分母用了全部的键：它也只累加到第 i 个。")
def _(q, k, v):
    scores = _feature(q) @ _feature(k).mT
    return scores.tril() @ v / scores.sum(1, keepdim=True)


@causal_linear.mistake("漏掉了自己：第 i 个位置可以看 j ≤ i，要先把自己加进累加里，再去读。")
def _(q, k, v):
    scores = (_feature(q) @ _feature(k).mT).tril(-1)
    return scores @ v / scores.sum(1, keepdim=True).clamp(min=1e-9)


@causal_linear.mistake("忘了特征映射：q、k 要先过 φ(x) = elu(x) + 1，内积才处处为正。")
def _(q, k, v):
    scores = (q @ k.mT).tril()
    return scores @ v / scores.sum(1, keepdim=True)


@causal_linear.mistake("φ 只作用在 q 上了：键也要过 φ。")
def _(q, k, v):
    scores = (_feature(q) @ k.mT).tril()
    return scores @ v / scores.sum(1, keepdim=True)
