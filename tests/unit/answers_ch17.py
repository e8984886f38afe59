"""第 17 章的练习检查：对的要过，典型的错误要说中。"""

import math

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


RIGHT = {
    "ch17.attention": F.scaled_dot_product_attention,
    "ch17.column_form": column_form,
    "ch17.additive_score": additive_score,
    "ch17.split_heads": split_heads,
    "ch17.causal_window": causal_window,
    "ch17.sinusoid": sinusoid,
    "ch17.softmax_backward": softmax_backward,
    "ch17.flops": flops,
}


def attention(scale=lambda q: q.shape[-1] ** -0.5, dim=-1, transpose=lambda k: k.mT):
    return lambda q, k, v: ((q @ transpose(k)) * scale(q)).softmax(dim) @ v


def scores(q, k):
    return q @ k.mT / math.sqrt(q.shape[-1])


def offsets(n):
    return torch.arange(n)[:, None] - torch.arange(n)


WRONG = [
    ("ch17.attention", attention(scale=lambda q: 1.0), "忘了缩放"),
    ("ch17.attention", attention(scale=lambda q: 1 / q.shape[-1]), "√d_k，你除以了 d_k"),
    ("ch17.attention", attention(dim=-2), "方向错了"),
    ("ch17.attention", lambda q, k, v: (q @ k.mT / q.shape[-1] ** 0.5).softmax(1) @ v, "批次维"),
    ("ch17.attention", lambda q, k, v: (q @ k.mT).softmax(-1) / q.shape[-1] ** 0.5 @ v, "之前"),
    ("ch17.attention", lambda q, k, v: scores(q, k) @ v, "漏了 softmax"),
    ("ch17.attention", lambda q, k, v: scores(q, k).softmax(-1), "加权 v"),
    ("ch17.attention", lambda q, k, v: RIGHT["ch17.attention"](q, k, v).detach(), "计算图"),
    (
        "ch17.attention",
        lambda q, k, v: (q.div_(q.shape[-1] ** 0.5) @ k.mT).softmax(-1) @ v,
        "改动了输入",
    ),
    (
        "ch17.column_form",
        lambda X, W_q, W_k, W_v: W_v @ X @ ((W_k @ X).T @ (W_q @ X)).softmax(1),
        "每一列的和",
    ),
    (
        "ch17.column_form",
        lambda X, W_q, W_k, W_v: W_v @ X @ ((W_q @ X).T @ (W_k @ X)).softmax(0),
        "换了位置",
    ),
    (
        "ch17.column_form",
        lambda X, W_q, W_k, W_v: W_v @ X @ ((W_k @ X).T @ (W_q @ X)).softmax(0).T,
        "不要再转置",
    ),
    (
        "ch17.column_form",
        lambda X, W_q, W_k, W_v: W_v @ X @ ((W_k @ X).T @ (W_q @ X) / len(W_q) ** 0.5).softmax(0),
        "不除以",
    ),
    ("ch17.column_form", lambda *args: column_form(*args).T, "转置"),
    ("ch17.additive_score", lambda q, k, w: (q @ w)[:, None] + k @ w, "少了 tanh"),
    ("ch17.additive_score", lambda q, k, w: ((q[:, None] + k) @ w).tanh(), "放错了地方"),
    ("ch17.additive_score", lambda q, k, w: (q[:, None] + k).tanh(), "点积"),
    ("ch17.additive_score", lambda q, k, w: (q[:, None] + k).tanh().sum(-1), "用 w 加权"),
    ("ch17.additive_score", lambda q, k, w: (q + k).tanh() @ w, "不能广播"),
    ("ch17.split_heads", lambda x, h: x.reshape(len(x), h, x.shape[1], -1), "混进同一个向量"),
    ("ch17.split_heads", lambda x, h: x.reshape(*x.shape[:2], h, -1), "交换"),
    (
        "ch17.split_heads",
        lambda x, h: torch.stack([x[..., i::h] for i in range(h)], dim=1),
        "连续的一段",
    ),
    ("ch17.causal_window", lambda n, w: causal_window(n, w).T, "未来"),
    ("ch17.causal_window", lambda n, w: (offsets(n) >= 0) & (offsets(n) < w), "等号"),
    ("ch17.causal_window", lambda n, w: ~causal_window(n, w), "反了"),
    ("ch17.causal_window", lambda n, w: offsets(n).abs() <= w, "两边都能看"),
    ("ch17.causal_window", lambda n, w: torch.ones(n, n).tril().bool(), "没有起作用"),
    (
        "ch17.sinusoid",
        lambda n, d, b: sinusoid(n, d, b).unflatten(-1, (-1, 2)).flip(-1).flatten(-2),
        "对调",
    ),
    (
        "ch17.sinusoid",
        lambda n, d, b: torch.cat([sinusoid(n, d, b)[:, 0::2], sinusoid(n, d, b)[:, 1::2]], 1),
        "交错",
    ),
    ("ch17.sinusoid", lambda n, d, b: sinusoid(n, d, b**0.5), "系数 2"),
    ("ch17.sinusoid", lambda n, d, b: sinusoid(n, d, 1 / b), "符号反了"),
    ("ch17.softmax_backward", lambda p, g: (p - p**2) * g, "对角线"),
    ("ch17.softmax_backward", lambda p, g: p * g, "少减了一项"),
    ("ch17.softmax_backward", lambda p, g: p * (g - g.mean(-1, keepdim=True)), "普通的平均"),
    ("ch17.softmax_backward", lambda p, g: p * (g - torch.sum(p * g)), "各自求和"),
    ("ch17.flops", lambda n, d, h: flops(n, d, h) // 2, "乘加"),
    ("ch17.flops", lambda n, d, h: 8 * n * d * d + 2 * n * n * d, "权重乘 V"),
    ("ch17.flops", lambda n, d, h: 4 * n * n * d, "四个线性变换"),
    ("ch17.flops", lambda n, d, h: 6 * n * d * d + 4 * n * n * d, "W^O"),
    ("ch17.flops", lambda n, d, h: 8 * n * d * d + 4 * h * n * n * d, "乘重"),
]
