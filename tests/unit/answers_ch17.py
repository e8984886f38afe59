"""第 17 章的练习检查：对的要过，典型的错误要说中。"""

import math

import numpy as np
import torch
import torch.nn.functional as F


def sinusoid(n, d_model, base):
    table = torch.zeros(n, d_model)
    for p in range(n):
        for m in range(d_model // 2):
            angle = p / base ** (2 * m / d_model)
            table[p, 2 * m], table[p, 2 * m + 1] = math.sin(angle), math.cos(angle)
    return table


def softmax_backward(p, g):
    jacobian = torch.diag_embed(p) - p[..., :, None] * p[..., None, :]
    return (jacobian @ g[..., None]).squeeze(-1)


def column_form(X, W_q, W_k, W_v):
    q, k, v = ((W @ X).T for W in (W_q, W_k, W_v))
    return F.scaled_dot_product_attention(q, k, v, scale=1.0).T


def split_heads(x, n_heads):
    return torch.stack(x.chunk(n_heads, dim=-1), dim=1)


def additive_score(q, k, w):
    return torch.stack([torch.stack([w @ torch.tanh(a + b) for b in k]) for a in q])


def causal_window(n, window):
    full = torch.ones(n, n, dtype=torch.bool)
    return full.tril() & full.triu(-window)


def flops(n, d_model, n_heads):
    projections = 4 * 2 * n * d_model * d_model
    per_head = 2 * (2 * n * n * (d_model // n_heads))
    return projections + n_heads * per_head


def window(n, width):
    return torch.ones(n, n).tril().triu(-width)


def scores_by_while(q, k, w):
    out, i = q.new_zeros(len(q), len(k)), 0
    while i < len(q):
        out[i] = torch.tanh(q[i] + k) @ w
        i += 1
    return out


def sinusoid_by_numpy(n, d_model, base):
    angles = np.arange(n)[:, None] / base ** (np.arange(0, d_model, 2) / d_model)
    return np.stack([np.sin(angles), np.cos(angles)], -1).reshape(n, d_model)


RIGHT = [
    ("ch17.attention", F.scaled_dot_product_attention),
    ("ch17.column_form", column_form),
    ("ch17.split_heads", split_heads),
    ("ch17.causal_window", causal_window),
    ("ch17.sinusoid", sinusoid),
    ("ch17.softmax_backward", softmax_backward),
    ("ch17.flops", flops),
    ("ch17.additive_score", lambda q, k, w: (w * torch.tanh(q.unsqueeze(1) + k)).sum(-1)),
    ("ch17.additive_score", lambda q, k, w: torch.vmap(lambda row: torch.tanh(row + k) @ w)(q)),
    ("ch17.causal_window", lambda n, w: window(n, w).numpy() > 0),
    ("ch17.causal_window", lambda n, w: window(n, w).to_sparse().bool()),
    ("ch17.sinusoid", sinusoid_by_numpy),
]

# 数值对，但用了题目不许用的办法
BREAKS = [
    ("ch17.additive_score", scores_by_while),
    ("ch17.additive_score", additive_score),
]

WRONG = [
    ("ch17.attention", lambda q, k, v: (q @ k.mT / q.shape[-1] ** 0.5).softmax(1) @ v, "多一维"),
    ("ch17.attention", lambda q, k, v: RIGHT["ch17.attention"](q, k, v).detach(), "计算图"),
    (
        "ch17.attention",
        lambda q, k, v: (q.div_(q.shape[-1] ** 0.5) @ k.mT).softmax(-1) @ v,
        "改动了输入",
    ),
    ("ch17.column_form", lambda *args: column_form(*args).T, "转置"),
    ("ch17.additive_score", lambda q, k, w: (q + k).tanh() @ w, "不能广播"),
    ("ch17.causal_window", window, "真假值（`bool`）"),
    ("ch17.causal_window", lambda n, w: window(n, w).long(), "真假值（`bool`）"),
    ("ch17.causal_window", lambda n, w: exit(), "exit()"),
    ("ch17.attention", lambda q, k, v: (F.scaled_dot_product_attention(q, k, v), 0), "不要多返回"),
    ("ch17.flops", lambda n, d, h: 8 * n * d**2 + 4 * n**2 * d + 1, "多了 1"),
]
