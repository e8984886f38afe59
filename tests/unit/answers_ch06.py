"""第 6 章的练习检查：对的要过，典型的错误要说中。"""

import math

import torch


def autograd(f, x, g):
    """Σ f(x)·g 对 x 的梯度：用自动微分得到的独立答案。"""
    x = x.clone().requires_grad_()
    return torch.autograd.grad((f(x) * g).sum(), x)[0]


def silu(z):
    return autograd(torch.nn.functional.silu, z, torch.ones_like(z))


def softmax(p, g):
    return autograd(lambda z: torch.softmax(z, dim=1), p.log(), g)


def residual(a, W, g):
    def layer(a, W):
        return a + torch.tanh(a @ W.T)

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


RIGHT = {
    "ch06.silu": silu,
    "ch06.softmax": softmax,
    "ch06.residual": residual,
    "ch06.tied": tied,
    "ch06.graph": graph,
    "ch06.jvp": jvp,
    "ch06.checkpoint": checkpoint,
}


def direct_edges(slopes):
    total = slopes[:, -1].clone()
    total[-1] = 1
    return total


def forwards(slopes):
    total = torch.zeros(len(slopes), dtype=slopes.dtype)
    total[-1] = 1
    for i in range(len(slopes) - 1):
        total[i] = slopes[i] @ total
    return total


def overwriting(slopes):
    n = len(slopes)
    total = torch.zeros(n, dtype=slopes.dtype)
    total[-1] = 1
    for j in range(n - 1, -1, -1):
        for i in range(j):
            if slopes[i, j]:
                total[i] = slopes[i, j] * total[j]
    return total


def intervals(peak, tie=1):
    def answer(n):
        k = min(range(1, n + 1), key=lambda k: (peak(n, k), tie * k))
        return k, peak(n, k)

    return answer


def nearest_root(n):
    k = round(math.sqrt(n))
    return k, math.ceil(n / k) + k - 1


def without_slope(params, x, v):
    for W, _ in params:
        v = v @ W.T
    return network(params, x), v


def with_bias(params, x, v):
    for W, b in params[:-1]:
        x, v = torch.tanh(x @ W.T + b), v @ W.T + b
        v = (1 - x**2) * v
    W, b = params[-1]
    return x @ W.T + b, v @ W.T + b


def activated(params, x, v):
    y, dy = jvp(params, x, v)
    return torch.tanh(y), (1 - torch.tanh(y) ** 2) * dy


def bent(a, W, g):
    return (1 - torch.tanh(a @ W.T) ** 2) * g


s = torch.sigmoid
WRONG = [
    ("ch06.silu", s, "乘法法则有两项"),
    ("ch06.silu", lambda z: z * s(z) * s(-z), "对前面那个 z"),
    ("ch06.silu", lambda z: z * s(z), "SiLU 本身"),
    ("ch06.silu", lambda z: s(z) * (1 + z * (1 - z)), "不是 z"),
    ("ch06.silu", lambda z: -silu(z), "符号反了"),
    ("ch06.softmax", lambda p, g: p * g, "分母"),
    ("ch06.softmax", lambda p, g: p * g - p**2 * g, "逐元素"),
    ("ch06.softmax", lambda p, g: p * g - p * (p * g).sum(0), "类别那一维"),
    ("ch06.softmax", lambda p, g: p * (g - g.mean(1, keepdim=True)), "权重的平均"),
    ("ch06.softmax", lambda p, g: -softmax(p, g), "符号反了"),
    ("ch06.residual", lambda a, W, g: (residual(a, W, g)[0] - g, residual(a, W, g)[1]), "两条路"),
    ("ch06.residual", lambda a, W, g: (g + g @ W, g.T @ a), "导数 1 − tanh²"),
    ("ch06.residual", lambda a, W, g: (g + bent(a, W, g) @ W.T, bent(a, W, g).T @ a), "转错"),
    ("ch06.residual", lambda a, W, g: (residual(a, W, g)[0], residual(a, W, g)[1].T), "转置"),
    ("ch06.residual", lambda a, W, g: (bent(a, W, g) @ W + bent(a, W, g), residual(a, W, g)[1]),
     "绕过"),
    ("ch06.residual", lambda a, W, g: residual(a, W, g)[0], "2 个值"),
    ("ch06.tied", lambda W, x, g: torch.outer(g, torch.tanh(W @ x)), "只算了外面"),
    ("ch06.tied", lambda W, x, g: tied(W, x, g) - torch.outer(g, torch.tanh(W @ x)), "只算了里面"),
    ("ch06.tied", lambda W, x, g: tied(W, x, g) / 2, "不取平均"),
    ("ch06.tied", lambda W, x, g: torch.outer(g, torch.tanh(W @ x)) + torch.outer(W.T @ g, x),
     "tanh 的导数"),
    ("ch06.tied", lambda W, x, g: torch.outer(g, torch.tanh(W @ x))
     + torch.outer((1 - torch.tanh(W @ x) ** 2) * (W @ g), x), "转置"),
    ("ch06.graph", direct_edges, "直接连到"),
    ("ch06.graph", forwards, "从前往后扫"),
    ("ch06.graph", overwriting, "覆盖"),
    ("ch06.graph", lambda slopes: torch.linalg.inv(torch.eye(len(slopes)).double() - slopes)[0],
     "前向模式"),
    ("ch06.graph", lambda slopes: graph(slopes)[:-1], "形状"),
    ("ch06.jvp", without_slope, "激活函数的导数"),
    ("ch06.jvp", with_bias, "偏置是常数"),
    ("ch06.jvp", activated, "最后一层不加激活"),
    ("ch06.jvp", lambda params, x, v: (network(params, x), network(params, v)), "f(v)"),
    ("ch06.jvp", lambda params, x, v: jvp(params, x, v)[1], "2 个值"),
    ("ch06.checkpoint", intervals(lambda n, k: math.ceil(n / k) + k), "多算了一份"),
    ("ch06.checkpoint", intervals(lambda n, k: n // k + k - 1), "向上取整"),
    ("ch06.checkpoint", intervals(lambda n, k: math.ceil(n / k)), "只是存档点"),
    ("ch06.checkpoint", nearest_root, "整数里找"),
    ("ch06.checkpoint", intervals(lambda n, k: math.ceil(n / k) + k - 1, tie=-1), "最小的那个"),
]  # fmt: skip
