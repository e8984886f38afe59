"""第 4 章的练习检查：对的要过，典型的错误要说中。"""

import math

import torch
import torch.nn.functional as F


def bce(z, y, c):
    weight = torch.as_tensor(c, dtype=z.dtype)
    return F.binary_cross_entropy_with_logits(z, y, pos_weight=weight)


def bce_with_exp(z, y, c):
    p = 1 / (1 + torch.exp(-z))
    return -(c * y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()


def working_response(theta, X, y):
    """标签是 0 或 1 时，(y − p) / (p(1 − p)) 化简成 1/p 或 −1/(1 − p)。"""
    z = X @ theta
    up, down = torch.exp(z), torch.exp(-z)
    return z + torch.where(y > 0.5, 1 + down, -(1 + up))


def smoothing(z, labels, epsilon):
    z = z.clone().requires_grad_()
    loss = F.cross_entropy(z, labels, label_smoothing=epsilon)
    return torch.autograd.grad(loss, z)[0]


def priors(p, old, new):
    return torch.softmax(p.log() - old.log() + new.log(), dim=1)


def kl(s, t):
    return F.kl_div(
        torch.log_softmax(s, 1), torch.log_softmax(t, 1), log_target=True, reduction="batchmean"
    )


def kl_with_log_of_softmax(s, t):
    p, q = torch.softmax(t, 1), torch.softmax(s, 1)
    return (p * (p.log() - q.log())).sum(1).mean()


def stable_bce(z, y, c):
    """梯度在 z = 0 处取一边的写法。"""
    positive, negative = z.clamp(min=0), (-z).clamp(min=0)
    log = torch.log1p(torch.exp(-z.abs()))
    return (c * y * (negative + log) + (1 - y) * (positive + log)).mean()


RIGHT = [
    ("ch04.threshold", lambda b, t: b + math.log(1 / t - 1)),
    ("ch04.newton", working_response),
    ("ch04.smoothing", smoothing),
    ("ch04.priors", priors),
    ("ch04.kl", kl),
    ("ch04.weighted_bce", stable_bce),
    ("ch04.kl", lambda s, t: kl(s, t.detach())),
]

# 数值对，但用了题目不许用的办法
BREAKS = [
    ("ch04.weighted_bce", bce),
]

WRONG = [
    ("ch04.weighted_bce", bce_with_exp, "logit 到了 ±1000"),
    ("ch04.weighted_bce", lambda z, y, c: bce(z, y, c) * len(y), "z.shape[0]"),
    ("ch04.weighted_bce", lambda z, y, c: bce(z, y, c).detach(), "计算图"),
    ("ch04.smoothing", lambda z, c, e: smoothing(z, c, e) * len(z), "z.shape[0]"),
    ("ch04.smoothing", lambda z, c, e: -smoothing(z, c, e), "符号反了"),
    ("ch04.kl", kl_with_log_of_softmax, "±1000"),
    ("ch04.smoothing", lambda z, c, e: smoothing(z, c, 0.1), "没有用到参数 `e`"),
    ("ch04.kl", lambda s, t: kl(s.detach(), t), "计算图断开"),
]
