"""第 22 章《自监督预训练：BERT、GPT 与微调》的练习检查。"""

import torch

from utils.checks import case, exercise, normal

# ---------------------------------------------------------------- 练习 1：拼在一起训练


def _packed_cases(rng):
    for lengths, note in [
        ((3, 2, 4), ""),
        ((1, 5), "第一篇只有一个字"),
        ((6,), "只有一篇"),
        ((2, 2, 1, 3), ""),
    ]:
        names = torch.as_tensor(rng.permutation(20)[: len(lengths)])
        yield case(names.repeat_interleave(torch.tensor(lengths)), note=note)


def _same(document):
    return document[:, None] == document[None, :]


@exercise("ch22.packed_mask", title="拼在一起训练", cases=_packed_cases)
def packed_mask(document):
    return _same(document).tril()


@packed_mask.mistake("只看了左右，没有看是不是同一篇：前一篇也被看到了。")
def _(document):
    return torch.ones_like(_same(document)).tril()


@packed_mask.mistake("同一篇里右边的也能看，GPT 就能照抄答案。还要只看自己和左边。")
def _(document):
    return _same(document)


@packed_mask.mistake("行与列反了：第 i 行说第 i 个位置可以看谁，只许看 j ≤ i。")
def _(document):
    return _same(document).triu()


@packed_mask.mistake("漏了自己：每个位置也可以看自己。")
def _(document):
    return _same(document).tril(-1)


# ---------------------------------------------------------------- 练习 2：也可以答“没有”


def _span_cases(rng):
    for T, limit, nothing, note in [
        (7, 3, -2.0, ""),
        (9, 9, -2.0, "长度不受限制"),
        (6, 1, -2.0, "只许一个字"),
        (8, 4, 8.0, "没有答案"),
        (5, 2, 0.0, ""),
        (10, 4, -1.0, ""),
    ]:
        start, end = normal(rng, T), normal(rng, T)
        start[0] = end[0] = nothing / 2
        yield case(start, end, limit, note=note)
    start, end = normal(rng, 6), normal(rng, 6)
    start[4], end[2] = 6.0, 6.0  # 各自取最大会让终点在起点前面
    yield case(start, end, 3, note="起点、终点各自取最大会倒过来")
    start, end = normal(rng, 11), normal(rng, 11)
    start[3], end[7] = 6.0, 6.0
    yield case(start, end, 4, note="最好的一段恰好多一个字")
    start, end = torch.tensor([[3.0, 1.0, 2.0, 0.0], [2.0, 0.0, 3.0, 1.0]]).double()
    yield case(start, end, 2, note="恰好与“没有答案”一样大")
    start, end = torch.tensor([[4.0, 1.0, 0.0, -1.0, 0.5], [-4.0, 2.0, 1.0, 0.0, 0.0]]).double()
    yield case(start, end, 3, note="第 0 个位置的起点分数最高")


def _best(start, end, max_span, lowest=1, ordered=True):
    T = len(start)
    scores = [
        (float(start[i] + end[j]), i, j)
        for i in range(lowest, T)
        for j in range(i if ordered else lowest, T)
        if j - i + 1 <= max_span
    ]
    return max(scores)


def _or_none(found, start, end):
    score, i, j = found
    return (i, j) if score > float(start[0] + end[0]) else (0, 0)


@exercise("ch22.span_or_none", title="也可以答“没有”", cases=_span_cases)
def span_or_none(start, end, max_span):
    return _or_none(_best(start, end, max_span), start, end)


@span_or_none.mistake("终点跑到起点前面去了：只在 i ≤ j 的对里选。")
def _(start, end, max_span):
    return _or_none(_best(start, end, max_span, ordered=False), start, end)


@span_or_none.mistake("总要选一段；最好的一段不比 start[0] + end[0] 大，就该返回 (0, 0)。")
def _(start, end, max_span):
    return _best(start, end, max_span)[1:]


@span_or_none.mistake("第 0 个位置是 [CLS]，不能放进段里：从 1 ≤ i 里选。")
def _(start, end, max_span):
    return _or_none(_best(start, end, max_span, lowest=0), start, end)


@span_or_none.mistake("没有用到 max_span：段的长度 j − i + 1 不能超过它。")
def _(start, end, max_span):
    return _or_none(_best(start, end, len(start)), start, end)


@span_or_none.mistake("与“没有答案”一样大时也返回了一段；要严格大于才算有。")
def _(start, end, max_span):
    score, i, j = _best(start, end, max_span)
    return (i, j) if score >= float(start[0] + end[0]) else (0, 0)


@span_or_none.mistake("长度差一：一段有 j − i + 1 个字。")
def _(start, end, max_span):
    return _or_none(_best(start, end, max_span + 1), start, end)


# ---------------------------------------------------------------- 练习 3：要存多少个数


def _storage_cases(rng):
    for numbers in [
        (1000, 2, 4, 1, 10, 3),
        (50_000, 3, 64, 8, 130, 5),
        (110_000_000, 12, 768, 64, 1538, 9),
        (777, 1, 5, 2, 12, 1),
    ]:
        yield case(*numbers)


def _stored(n_body, n_blocks, D, r, n_head, n_tasks, *, each=2, bias=True, bodies=1):
    adapter = 2 * D * r + (r + D if bias else 0)
    whole = n_tasks * (n_body + n_head)
    return whole, bodies * n_body + n_tasks * (each * n_blocks * adapter + n_head)


@exercise("ch22.storage", title="要存多少个数", cases=_storage_cases)
def storage(n_body, n_blocks, D, r, n_head, n_tasks):
    return _stored(n_body, n_blocks, D, r, n_head, n_tasks)


@storage.mistake("每块有两个 adapter，你只算了一个。")
def _(n_body, n_blocks, D, r, n_head, n_tasks):
    return _stored(n_body, n_blocks, D, r, n_head, n_tasks, each=1)


@storage.mistake("漏了偏置：往下的一层有 r 个，往上的一层有 D 个。")
def _(n_body, n_blocks, D, r, n_head, n_tasks):
    return _stored(n_body, n_blocks, D, r, n_head, n_tasks, bias=False)


@storage.mistake("用 adapter 时身体是共用的，只存一份。")
def _(n_body, n_blocks, D, r, n_head, n_tasks):
    return _stored(n_body, n_blocks, D, r, n_head, n_tasks, bodies=n_tasks)


# ---------------------------------------------------------------- 练习 4：top-p


def _top_p_cases(rng):
    for shape, p, scale, note in [
        ((6,), 0.7, 1.0, ""),
        ((3, 12), 0.9, 2.0, ""),
        ((5,), 0.05, 0.5, "p 很小，也至少留一个"),
        ((2, 2, 9), 0.99, 1.0, ""),
        ((4, 7), 1.0, 1.0, "p 是 1，全部留下"),
        ((20,), 0.5, 1.5, ""),
    ]:
        yield case(scale * normal(rng, *shape), p, note=note)


def _keep(logits, p, rule, normalise=True):
    ranked, order = logits.softmax(-1).sort(-1, descending=True)
    before = ranked.cumsum(-1) - ranked
    kept = torch.where(rule(before, ranked, p), ranked, 0.0)
    if normalise:
        kept = kept / kept.sum(-1, keepdim=True)
    return torch.zeros_like(kept).scatter(-1, order, kept)


@exercise("ch22.top_p", title="top-p 抽样", cases=_top_p_cases)
def top_p(logits, p):
    return _keep(logits, p, lambda before, q, p: before < p)


@top_p.mistake("留下以后没有重新归一化，概率的和不是 1。")
def _(logits, p):
    return _keep(logits, p, lambda before, q, p: before < p, normalise=False)


@top_p.mistake("少留了一个：让累计第一次达到 p 的那个也要留。")
def _(logits, p):
    return _keep(logits, p, lambda before, q, p: (before + q < p) | (before == 0))


@top_p.mistake("把 p 当成了每个词的概率的门槛；要看的是从大到小的累计。")
def _(logits, p):
    return _keep(logits, p, lambda before, q, p: (q >= p) | (before == 0))


@top_p.mistake("归一化以后没有放回原来的位置：次序要与输入相同。")
def _(logits, p):
    ranked = logits.softmax(-1).sort(-1, descending=True).values
    kept = torch.where(ranked.cumsum(-1) - ranked < p, ranked, 0.0)
    return kept / kept.sum(-1, keepdim=True)
