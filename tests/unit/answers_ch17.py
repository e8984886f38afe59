"""第 17 章的练习检查：对的要过，典型的错误要说中。"""

import math

import torch
import torch.nn.functional as F


def softmax_backward(p, g):
    jacobian = torch.diag_embed(p) - p[..., :, None] * p[..., None, :]
    return (jacobian @ g[..., None]).squeeze(-1)


def masked_attention(q, k, v, mask):
    out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    return torch.nan_to_num(out, nan=0.0)


def contributions(heads, W_o):
    per_head = W_o.chunk(heads.shape[1], dim=1)
    return torch.stack([head @ W.T for head, W in zip(heads.unbind(1), per_head, strict=True)], 1)


def rotate_half(x, base):
    T, D = x.shape
    out = x.clone()
    for p in range(T):
        for m in range(D // 2):
            angle = p / base ** (2 * m / D)
            z = complex(x[p, m], x[p, m + D // 2]) * complex(math.cos(angle), math.sin(angle))
            out[p, m], out[p, m + D // 2] = z.real, z.imag
    return out


def additive_score(q, k, w):
    return torch.stack([torch.stack([w @ torch.tanh(a + b) for b in k]) for a in q])


def causal_window(n, window):
    full = torch.ones(n, n, dtype=torch.bool)
    return full.tril() & full.triu(-window)


def cross_flops(n, m, d_model):
    matmul = lambda rows, inner, columns: 2 * rows * inner * columns  # noqa: E731
    projections = [matmul(count, d_model, d_model) for count in (n, n, m, m)]
    return sum(projections) + matmul(n, d_model, m) + matmul(n, m, d_model)


def window(n, width):
    return torch.ones(n, n).tril().triu(-width)


def scores_by_while(q, k, w):
    out, i = q.new_zeros(len(q), len(k)), 0
    while i < len(q):
        out[i] = torch.tanh(q[i] + k) @ w
        i += 1
    return out


RIGHT = [
    ("ch17.masked_attention", masked_attention),
    ("ch17.contributions", contributions),
    ("ch17.causal_window", causal_window),
    ("ch17.rotate_half", rotate_half),
    ("ch17.softmax_backward", softmax_backward),
    ("ch17.cross_flops", cross_flops),
    ("ch17.additive_score", lambda q, k, w: (w * torch.tanh(q.unsqueeze(1) + k)).sum(-1)),
    ("ch17.additive_score", lambda q, k, w: torch.vmap(lambda row: torch.tanh(row + k) @ w)(q)),
    ("ch17.causal_window", lambda n, w: window(n, w).numpy() > 0),
    ("ch17.causal_window", lambda n, w: window(n, w).to_sparse().bool()),
]

# 数值对，但用了题目不许用的办法
BREAKS = [
    ("ch17.additive_score", scores_by_while),
    ("ch17.additive_score", additive_score),
]

WRONG = [
    (
        "ch17.masked_attention",
        lambda q, k, v, m: F.scaled_dot_product_attention(q, k, v, attn_mask=m)[..., :-1, :],
        "形状",
    ),
    (
        "ch17.masked_attention",
        lambda q, k, v, m: masked_attention(q.div_(2), k, v, m),
        "改动了输入",
    ),
    ("ch17.masked_attention", lambda *x: (masked_attention(*x), 0), "不要多返回"),
    ("ch17.contributions", lambda heads, W: contributions(heads, W).transpose(1, 2), "形状"),
    ("ch17.additive_score", lambda q, k, w: (q + k).tanh() @ w, "不能广播"),
    ("ch17.causal_window", window, "真假值（`bool`）"),
    ("ch17.causal_window", lambda n, w: window(n, w).long(), "真假值（`bool`）"),
    ("ch17.causal_window", lambda n, w: exit(), "exit()"),
    ("ch17.cross_flops", lambda n, m, d: cross_flops(n, m, d) + 1, "多了 1"),
]
