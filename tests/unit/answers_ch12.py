"""第 12 章的练习检查：对的要过，典型的错误要说中。"""

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


def rms_backward(x, gamma, upstream, eps):
    leaves = [t.clone().requires_grad_() for t in (x, gamma)]
    out = F.rms_norm(leaves[0], (x.shape[1],), leaves[1], eps)
    return torch.autograd.grad(out, leaves, upstream)


def merge(n1, mean1, var1, n2, mean2, var2):
    share = n1 / (n1 + n2)
    mean = share * mean1 + (1 - share) * mean2
    second = share * (var1 + mean1**2) + (1 - share) * (var2 + mean2**2)
    return mean, second - mean**2


def rms_by_jacobian(x, gamma, upstream, eps):
    D = x.shape[1]
    r = (x**2).mean(1, keepdim=True).add(eps).sqrt()
    x_hat = x / r
    identity = torch.eye(D, dtype=x.dtype)
    jacobian = (identity - x_hat[:, :, None] * x_hat[:, None] / D) / r[:, :, None]
    dx = torch.einsum("nd,ndk->nk", upstream * gamma, jacobian)
    return dx, (upstream * x_hat).sum(0)


RIGHT = [
    ("ch12.two_piles", lambda batch_size, k: (batch_size / k - 1) ** 0.5),
    ("ch12.running", running),
    ("ch12.fold", fold),
    ("ch12.merge", merge),
    ("ch12.rms_norm", lambda x, gamma, eps: F.rms_norm(x, gamma.shape, gamma, eps)),
    ("ch12.rms_backward", rms_by_jacobian),
]

# 数值对，但用了题目不许用的办法
BREAKS = [
    ("ch12.rms_backward", rms_backward),
]

WRONG = [
    ("ch12.two_piles", lambda B, k: (B - 1) ** 0.5, "没有用到参数 `k`"),
    ("ch12.rms_backward", lambda *a: rms_by_jacobian(*a)[::-1], "第 2 个、第 1 个"),
]
