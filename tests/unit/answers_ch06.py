"""第 6 章的练习检查：对的要过，典型的错误要说中。"""

import torch


def autograd(f, x, g):
    """Σ f(x)·g 对 x 的梯度：用自动微分得到的独立答案。"""
    x = x.clone().requires_grad_()
    return torch.autograd.grad((f(x) * g).sum(), x)[0]


def temperature(logits, labels, T):
    def loss(z):
        return torch.nn.functional.cross_entropy(z / T, labels)

    return autograd(loss, logits, 1.0)


def softmax(p, g):
    return autograd(lambda z: torch.softmax(z, dim=1), p.log(), g)


def gate(a, W, g):
    def layer(a, W):
        return a * torch.sigmoid(a @ W.T)

    return autograd(lambda a: layer(a, W), a, g), autograd(lambda W: layer(a, W), W, g)


def tied(W, x, g):
    return autograd(lambda W: W @ torch.tanh(W @ x), W, g)


def graph(slopes):
    # (I − S)⁻¹ 的第 (i, j) 项是从 i 到 j 的所有路之和
    identity = torch.eye(len(slopes), dtype=slopes.dtype)
    return torch.linalg.solve(identity - slopes, identity)[:, -1]


def network(params, x):
    for W, b in params[:-1]:
        x = torch.tanh(x @ W.T + b)
    W, b = params[-1]
    return x @ W.T + b


def jvp(params, x, v):
    return torch.autograd.functional.jvp(lambda x: network(params, x), x, v)


def checkpoint(n):
    """逐层数：每种 k 在每一段里存了几份。"""
    best = None
    for k in range(1, n + 1):
        kept = len(range(0, n, k))
        peak = max(kept + len(range(s, min(s + k, n))) - 1 for s in range(0, n, k))
        if best is None or peak < best[1]:
            best = k, peak
    return best


s = torch.sigmoid


def forward_pairs(params, x, v):
    for i, (W, b) in enumerate(params):
        x, v = x @ W.T + b, v @ W.T
        if i < len(params) - 1:
            x, v = torch.tanh(x), v / torch.cosh(x) ** 2
    return torch.stack([x, v])


RIGHT = [
    ("ch06.temperature", temperature),
    ("ch06.softmax", softmax),
    ("ch06.gate", gate),
    ("ch06.tied", tied),
    ("ch06.graph", graph),
    ("ch06.checkpoint", checkpoint),
    ("ch06.jvp", forward_pairs),
]

# 数值对，但用了题目不许用的办法
BREAKS = [
    ("ch06.jvp", jvp),
]

WRONG = [
    ("ch06.temperature", lambda z, y, T: -temperature(z, y, T), "符号反了"),
    ("ch06.softmax", lambda p, g: -softmax(p, g), "符号反了"),
    ("ch06.gate", lambda a, W, g: gate(a, W, g)[0], "2 个值"),
    ("ch06.graph", lambda slopes: graph(slopes)[:-1], "形状"),
    ("ch06.jvp", lambda params, x, v: jvp(params, x, v)[1], "2 个值"),
    ("ch06.softmax", lambda p, g: p ^ 2, "乘方写 `**`"),
    (
        "ch06.gate",
        lambda a, W, g: (gate(a, W, g)[0], gate(a, W, g)[1] / len(a)),
        "1 / `a.shape[0]`",
    ),
    ("ch06.tied", lambda W, x, g: tied(W, x, g).T, "转置"),
    ("ch06.checkpoint", lambda n: checkpoint(n)[::-1], "第 2 个、第 1 个"),
    ("ch06.softmax", lambda p, g: softmax(p, g).sum(0), "批次维"),
]
