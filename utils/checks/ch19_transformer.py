"""第 19 章《Transformer》的练习检查。"""

import math

import torch

from utils.checks import case, exercise, normal

# ---------------------------------------------------------------- 练习 1：从右往左说


def _backwards_cases(rng):
    for lengths, T, end, note in [
        ([3, 4], 6, 2, ""),
        ([2, 5, 3, 1], 7, 3, ""),
        ([4], 5, 4, "只有一句，没有补齐"),
        ([0, 3, 2], 4, 1, "第一句一个字也没说"),
    ]:
        y = torch.zeros(len(lengths), T, dtype=torch.long)
        for row, n in zip(y, lengths, strict=True):
            row[:n] = torch.as_tensor(rng.permutation(20)[:n] + 5)  # 互不相同，都不是 end
            row[n] = end
        yield case(y, end, note=note)


def _flip_first(y, counts):
    """每一行只倒过来前 counts (B, 1) 个。"""
    place = torch.arange(y.shape[1]).expand_as(y)
    return y.gather(1, torch.where(place < counts, counts - 1 - place, place))


@exercise("ch19.backwards", title="从右往左说", cases=_backwards_cases)
def backwards(y, end):
    return _flip_first(y, (y == end).long().argmax(1, keepdim=True))


@backwards.mistake("整行倒了过来：补齐跑到了最前面。只倒 end 以前的字，每一行的长短不同。")
def _(y, end):
    return y.flip(1)


@backwards.mistake("end 也倒到了最前面：解码器会一开口就停。它要留在原处。")
def _(y, end):
    return _flip_first(y, (y == end).long().argmax(1, keepdim=True) + 1)


@backwards.mistake("每一行都用了第一句的长度。")
def _(y, end):
    return _flip_first(y, (y == end).long().argmax(1, keepdim=True)[:1].expand(len(y), 1))


# --------------------------------------------------------------- 练习 2：不看补齐的 cross attention


def _cross_cases(rng):
    for B, T, S, d, note in [
        (2, 3, 5, 4, ""),
        (3, 4, 2, 3, ""),
        (1, 1, 6, 2, "只问一次"),
        (4, 2, 4, 5, ""),
    ]:
        lengths = torch.as_tensor(rng.integers(1, S + 1, size=B))
        lengths[0] = 1  # 只有一个词的源句
        yield case(
            normal(rng, B, T, d), normal(rng, B, S, d), normal(rng, B, S, d), lengths, note=note
        )


def _cross(q, k, v, lengths, scale=True, mask=True, dim=-1, fill=-math.inf):
    scores = q @ k.mT / (math.sqrt(q.shape[-1]) if scale else 1.0)
    padded = torch.arange(k.shape[1]) >= lengths[:, None]
    if mask:
        scores = scores.masked_fill(padded[:, None], fill)
    return scores.softmax(dim) @ v


@exercise(
    "ch19.cross_attention",
    title="不看补齐的 cross attention",
    cases=_cross_cases,
    grad=("q", "k", "v"),
)
def cross_attention(q, k, v, lengths):
    return _cross(q, k, v, lengths)


@cross_attention.mistake("补齐的位置也看了：把它们的分数换成负无穷，再做 softmax。")
def _(q, k, v, lengths):
    return _cross(q, k, v, lengths, mask=False)


@cross_attention.mistake("补齐的分数填成了 0。0 分的权重不是 0，要填负无穷。")
def _(q, k, v, lengths):
    return _cross(q, k, v, lengths, fill=0.0)


@cross_attention.mistake("漏了除以 √d。")
def _(q, k, v, lengths):
    return _cross(q, k, v, lengths, scale=False)


@cross_attention.mistake("softmax 之后才把补齐的权重改成 0，每一行的和不再是 1。")
def _(q, k, v, lengths):
    weights = (q @ k.mT / math.sqrt(q.shape[-1])).softmax(-1)
    padded = torch.arange(k.shape[1]) >= lengths[:, None]
    return weights.masked_fill(padded[:, None], 0.0) @ v


# ---------------------------------------------------------------- 练习 3：整句的对数概率


def _log_prob_cases(rng):
    for T, V, end, y, note in [
        (4, 6, 2, [3, 5, 2, 0], ""),
        (5, 4, 1, [2, 3, 1, 3, 1], "END 以后还有字"),
        (3, 5, 4, [1, 2, 3], "没有 END"),
        (4, 7, 2, [5, 6, 0, 0], "没有 END，后面补齐"),
        (2, 5, 3, [3, 0], "一个字也没说"),
    ]:
        yield case(2 * normal(rng, T, V), torch.tensor(y), end, note=note)


def _each(logits, y):
    return logits.log_softmax(-1).gather(-1, y[:, None])[:, 0]


@exercise("ch19.sentence_log_prob", title="整句的对数概率", cases=_log_prob_cases)
def sentence_log_prob(logits, y, end):
    before = (y == end).cumsum(0) - (y == end).long()
    return _each(logits, y)[(before == 0) & (y != 0)].sum()


@sentence_log_prob.mistake("END 自己也是一道题：它的对数概率要算进去。")
def _(logits, y, end):
    return _each(logits, y)[((y == end).cumsum(0) == 0) & (y != 0)].sum()


@sentence_log_prob.mistake("补齐和 END 以后的字也算了进去，它们不属于这一句。")
def _(logits, y, end):
    return _each(logits, y).sum()


@sentence_log_prob.mistake("第一个 END 以后的字不算，你只去掉了补齐。")
def _(logits, y, end):
    return _each(logits, y)[y != 0].sum()


@sentence_log_prob.mistake("取了平均。整句的对数概率是各步相加。")
def _(logits, y, end):
    before = (y == end).cumsum(0) - (y == end).long()
    return _each(logits, y)[(before == 0) & (y != 0)].mean()


# ---------------------------------------------------------------- 练习 4：Pre-LN 的梯度


def _pre_ln_cases(rng):
    for D, eps, note in [(4, 0.1, ""), (7, 1e-5, ""), (2, 0.5, "只有两维"), (5, 0.01, "")]:
        yield case(normal(rng, D), normal(rng, D, D), normal(rng, D), eps, note=note)


def _pre_ln(a, W, g, eps, skip=True, transpose=True, mean=True, spread=True):
    std = (a.var(correction=0) + eps).sqrt()
    n = (a - a.mean()) / std
    u = (W.T if transpose else W) @ g
    back = u - (u.mean() if mean else 0) - (n * (u * n).mean() if spread else 0)
    return (g if skip else 0) + back / std


@exercise("ch19.pre_ln_backward", title="Pre-LN 的梯度", cases=_pre_ln_cases, forbid=("autograd",))
def pre_ln_backward(a, W, g, eps):
    return _pre_ln(a, W, g, eps)


@pre_ln_backward.mistake("漏了残差那一支：b = a + …，梯度要加上 g 自己。")
def _(a, W, g, eps):
    return _pre_ln(a, W, g, eps, skip=False)


@pre_ln_backward.mistake("往回传要乘 W 的转置。")
def _(a, W, g, eps):
    return _pre_ln(a, W, g, eps, transpose=False)


@pre_ln_backward.mistake("把平均 μ 当成了常数：它也随 a 变，要减去 u 的平均。")
def _(a, W, g, eps):
    return _pre_ln(a, W, g, eps, mean=False)


@pre_ln_backward.mistake("把标准差当成了常数：它也随 a 变，还有一项 n · mean(u n)。")
def _(a, W, g, eps):
    return _pre_ln(a, W, g, eps, spread=False)
