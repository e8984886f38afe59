"""第 22 章的练习检查：对的要过，典型的错误要说中。"""

import torch
from torch import nn


def packed_mask(document):
    T = len(document)
    rows = [[bool(j <= i and document[i] == document[j]) for j in range(T)] for i in range(T)]
    return torch.tensor(rows)


def span_or_none(start, end, max_span):
    best, where = start[0] + end[0], (0, 0)
    for i in range(1, len(start)):
        j = i + int(end[i : i + max_span].argmax())
        if start[i] + end[j] > best:
            best, where = start[i] + end[j], (i, j)
    return where


def top_p(logits, p):
    q = logits.softmax(-1)
    rows, kept = q.reshape(-1, q.shape[-1]), torch.zeros_like(q).reshape(-1, q.shape[-1])
    for row, out in zip(rows, kept, strict=True):
        total = 0.0
        for i in row.argsort(descending=True).tolist():
            if total >= p:
                break
            out[i] = row[i]
            total += float(row[i])
    return (kept / kept.sum(-1, keepdim=True)).reshape(q.shape)


def storage(n_body, n_blocks, D, r, n_head, n_tasks):
    one = sum(p.numel() for p in nn.Sequential(nn.Linear(D, r), nn.Linear(r, D)).parameters())
    return n_tasks * (n_body + n_head), n_body + n_tasks * (n_head + 2 * n_blocks * one)


def against_the_start_alone(start, end, max_span):
    """“没有答案”的分数漏了 end[0]。"""
    span = span_or_none(torch.cat([start[:1] - 1e9, start[1:]]), end, max_span)
    return span if start[span[0]] + end[span[1]] > start[0] else (0, 0)


RIGHT = [
    ("ch22.packed_mask", packed_mask),
    ("ch22.span_or_none", span_or_none),
    ("ch22.top_p", top_p),
    ("ch22.storage", storage),
]

WRONG = [
    ("ch22.packed_mask", lambda document: packed_mask(document).double(), ""),
    ("ch22.span_or_none", lambda *args: span_or_none(*args)[::-1], "次序"),
    ("ch22.span_or_none", against_the_start_alone, "应该是 0"),
    ("ch22.top_p", lambda logits, p: logits.softmax(-1), ""),
    ("ch22.storage", lambda *args: storage(*args)[::-1], "次序"),
]

BREAKS = []
