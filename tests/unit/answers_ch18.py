"""第 18 章的练习检查：对的要过，典型的错误要说中。"""

import torch
import torch.nn.functional as F


def dilated_mask(n, window, dilation):
    mask = torch.zeros(n, n, dtype=torch.bool)
    for i in range(n):
        for m in range(-window, window + 1):
            if 0 <= i + m * dilation < n:
                mask[i, i + m * dilation] = True
    return mask


def top_recall(weights, mask):
    hits = [bool(allowed[int(row.argmax())]) for row, allowed in zip(weights, mask, strict=True)]
    return sum(hits) / len(hits)


def causal_linear(q, k, v):
    summary, total, out = (
        torch.zeros(q.shape[1], v.shape[1]).to(v),
        torch.zeros(q.shape[1]).to(v),
        [],
    )
    for q_i, k_i, v_i in zip(F.elu(q) + 1, F.elu(k) + 1, v, strict=True):
        summary, total = summary + torch.outer(k_i, v_i), total + k_i
        out.append(q_i @ summary / (q_i @ total))
    return torch.stack(out)


RIGHT = [
    ("ch18.dilated_mask", dilated_mask),
    ("ch18.top_recall", top_recall),
    ("ch18.causal_linear", causal_linear),
    ("ch18.dilated_mask", lambda n, w, t: dilated_mask(n, w, t).numpy()),
    ("ch18.top_recall", lambda a, m: (a * m).amax(1).eq(a.amax(1)).double().mean()),
]

WRONG = [
    ("ch18.dilated_mask", lambda n, w, t: dilated_mask(n, w, t).long(), "真假值（`bool`）"),
    ("ch18.causal_linear", lambda q, k, v: causal_linear(q, k, v).detach(), "计算图"),
    ("ch18.causal_linear", lambda q, k, v: causal_linear(q, k, v).T, "转置"),
]
