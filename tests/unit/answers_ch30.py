"""第 30 章的练习检查：对的要过，典型的错误要说中。"""

import torch


def forgetting_measure(R):
    """一个任务一个任务地找。"""
    rows = R.tolist()
    T, total = len(rows), 0.0
    for j in range(T - 1):
        best = rows[j][j]
        for i in range(j, T - 1):
            best = max(best, rows[i][j])
        total += best - rows[T - 1][j]
    return torch.tensor(total / (T - 1), dtype=R.dtype)


def merge_anchors(b, anchors):
    """一根一根地并：两根并成一根，重复。"""
    B, A = b[0].clone(), anchors[0].clone()
    for stiff, anchor in zip(b[1:], anchors[1:], strict=True):
        A = A + stiff / (B + stiff) * (anchor - A)
        B = B + stiff
    return B, A


def project_with_margin(g, g_old, gamma):
    """把 g 拆成沿 g_old 的一段与垂直的一段。"""
    unit = g_old / g_old.norm()
    along = (g * unit).sum().item()
    need = gamma / g_old.norm().item()
    return g - along * unit + max(along, need) * unit


RIGHT = [
    ("ch30.forgetting_measure", forgetting_measure),
    ("ch30.merge_anchors", merge_anchors),
    ("ch30.project_with_margin", project_with_margin),
]

WRONG = [
    ("ch30.forgetting_measure", lambda R: -forgetting_measure(R), "符号"),
    ("ch30.merge_anchors", lambda b, a: merge_anchors(b, a)[::-1], "次序"),
    ("ch30.project_with_margin", lambda g, r, m: -project_with_margin(g, r, m), "符号"),
]

BREAKS = []
