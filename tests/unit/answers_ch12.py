"""第 12 章的练习检查：对的要过，典型的错误要说中。"""

import math

import torch
from torch import nn
from torch.nn import functional as F


def running(x, momentum, *, start=1.0, biased=False, root=False):
    layer = nn.BatchNorm1d(x.shape[-1], momentum=momentum).to(x.dtype)
    layer.running_var.fill_(start)
    if not biased and not root:
        for batch in x:
            layer(batch)
        return layer.running_mean, layer.running_var
    mean, var = layer.running_mean, layer.running_var
    for batch in x:
        new = batch.var(0, unbiased=not biased)
        mean = torch.lerp(mean, batch.mean(0), momentum)
        var = torch.lerp(var, new.sqrt() if root else new, momentum)
    return mean, var


def fold(W, b, gamma, beta, mean, var, eps):
    inputs = torch.cat([torch.zeros(1, W.shape[1]), torch.eye(W.shape[1])]).to(W.dtype)
    out = F.batch_norm(inputs @ W.T + b, mean, var, gamma, beta, training=False, eps=eps)
    return (out[1:] - out[0]).T, out[0]


def layer_backward(x, gamma, upstream, eps):
    leaves = [t.clone().requires_grad_() for t in (x, gamma, torch.zeros_like(gamma))]
    out = F.layer_norm(leaves[0], (x.shape[1],), leaves[1], leaves[2], eps)
    return torch.autograd.grad(out, leaves, upstream)


def constant_statistics(x, gamma, upstream, eps):
    _, dgamma, dbeta = layer_backward(x, gamma, upstream, eps)
    return gamma * upstream / torch.sqrt(x.var(1, unbiased=False)[:, None] + eps), dgamma, dbeta


def late_gamma(x, gamma, upstream, eps):
    dx, _, _ = layer_backward(x, torch.ones_like(gamma), upstream, eps)
    return gamma * dx, *layer_backward(x, gamma, upstream, eps)[1:]


def averaged(x, gamma, upstream, eps):
    dx, dgamma, dbeta = layer_backward(x, gamma, upstream, eps)
    return dx, dgamma / len(x), dbeta / len(x)


def merge(n1, mean1, var1, n2, mean2, var2):
    share = n1 / (n1 + n2)
    mean = share * mean1 + (1 - share) * mean2
    second = share * (var1 + mean1**2) + (1 - share) * (var2 + mean2**2)
    return mean, second - mean**2


def pooled(n1, mean1, var1, n2, mean2, var2):
    mean, _ = merge(n1, mean1, var1, n2, mean2, var2)
    return mean, (n1 * var1 + n2 * var2) / (n1 + n2)


def unbiased_merge(n1, mean1, var1, n2, mean2, var2):
    mean, var = merge(n1, mean1, var1, n2, mean2, var2)
    return mean, var / (1 - 1 / (n1 + n2))


def interleaved(x, n_groups, eps):
    order = torch.arange(x.shape[1]).view(-1, n_groups).T.flatten()
    out = torch.empty_like(x)
    out[:, order] = F.group_norm(x[:, order], n_groups, eps=eps)
    return out


RIGHT = {
    "ch12.bound": lambda batch_size: (batch_size - 1) ** 0.5,
    "ch12.running": running,
    "ch12.fold": fold,
    "ch12.layer_backward": layer_backward,
    "ch12.merge": merge,
    "ch12.group_norm": lambda x, n_groups, eps: F.group_norm(x, n_groups, eps=eps),
}

WRONG = [
    ("ch12.bound", lambda n: n - 1, "开方"),
    ("ch12.bound", lambda n: math.sqrt(n), "B = 2"),
    ("ch12.bound", lambda n: float(n), "平分"),
    ("ch12.running", lambda x, m: running(x, 1 - m), "写反"),
    ("ch12.running", lambda x, m: running(x, m, biased=True), "无偏"),
    ("ch12.running", lambda x, m: running(x, m, start=0.0), "从 1 出发"),
    ("ch12.running", lambda x, m: running(x, m, root=True), "不是标准差"),
    ("ch12.fold", lambda W, b, g, e, m, v, eps: fold(W, b, g, e, m, v, 0.0), "漏了 ε"),
    ("ch12.fold", lambda W, b, g, e, m, v, eps: fold(W, b, g, e, m, (v + eps) ** 2, 0), "要开方"),
    ("ch12.fold", lambda W, b, g, e, m, v, eps: fold(W, 0 * b, g, e, m, v, eps), "漏了原来的偏置"),
    ("ch12.layer_backward", constant_statistics, "当成了常数"),
    ("ch12.layer_backward", late_gamma, "取平均之前"),
    ("ch12.layer_backward", averaged, "不取平均"),
    ("ch12.merge", pooled, "组间的方差"),
    ("ch12.merge", lambda a, b, c, d, e, f: merge(1, b, c, 1, e, f), "加权"),
    ("ch12.merge", unbiased_merge, "有偏方差"),
    ("ch12.group_norm", lambda x, g, eps: F.instance_norm(x, eps=eps), "instance norm"),
    ("ch12.group_norm", lambda x, g, eps: F.layer_norm(x, x.shape[1:], eps=eps), "layer norm"),
    ("ch12.group_norm", interleaved, "相邻的通道"),
]  # fmt: skip
