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


def newton(theta, X, y, *, factor=1.0, curvature=None, residual=None):
    p = torch.sigmoid(X @ theta)
    S = torch.diag(p * (1 - p) if curvature is None else curvature(p))
    r = p - y if residual is None else residual(X @ theta, y)
    return theta - factor * torch.linalg.inv(X.T @ S @ X) @ (X.T @ r)


def smoothing(z, labels, epsilon):
    z = z.clone().requires_grad_()
    loss = F.cross_entropy(z, labels, label_smoothing=epsilon)
    return torch.autograd.grad(loss, z)[0]


def smoothed(z, target, dim=1):
    return (torch.softmax(z, dim) - target) / len(z)


def hot(z, labels):
    return F.one_hot(labels, z.shape[1]).to(z.dtype)


def priors(p, old, new):
    return torch.softmax(p.log() - old.log() + new.log(), dim=1)


def kl(s, t):
    return F.kl_div(
        torch.log_softmax(s, 1), torch.log_softmax(t, 1), log_target=True, reduction="batchmean"
    )


def kl_with_log_of_softmax(s, t):
    p, q = torch.softmax(t, 1), torch.softmax(s, 1)
    return (p * (p.log() - q.log())).sum(1).mean()


RIGHT = {
    "ch04.threshold": lambda b, t: b + math.log(1 / t - 1),
    "ch04.weighted_bce": bce,
    "ch04.newton": newton,
    "ch04.smoothing": smoothing,
    "ch04.priors": priors,
    "ch04.kl": kl,
}

WRONG = [
    ("ch04.threshold", lambda b, t: b + math.log(t / (1 - t)), "方向反了"),
    ("ch04.threshold", lambda b, t: b - t, "不能直接相减"),
    ("ch04.threshold", lambda b, t: b - t + 0.5, "概率之差"),
    ("ch04.threshold", lambda b, t: b - math.log(t), "1−t"),
    ("ch04.weighted_bce", lambda z, y, c: bce(z, y, 1.0), "没有用到 c"),
    ("ch04.weighted_bce", lambda z, y, c: c * bce(z, y, 1.0), "整个样本"),
    ("ch04.weighted_bce", lambda z, y, c: c * bce(z, y, 1 / c), "负类"),
    ("ch04.weighted_bce", lambda z, y, c: bce(z, y, c) * len(y) / (c * y + 1 - y).sum(),
     "权重之和"),
    ("ch04.weighted_bce", lambda z, y, c: bce(-z, y, c), "写反"),
    ("ch04.weighted_bce", bce_with_exp, "logit 到了 ±1000"),
    ("ch04.weighted_bce", lambda z, y, c: bce(z, y, c) * len(y), "z.shape[0]"),
    ("ch04.weighted_bce", lambda z, y, c: bce(z, y, c).detach(), "计算图"),
    ("ch04.newton", lambda theta, X, y: newton(theta, X, y, factor=-1.0), "方向反了"),
    ("ch04.newton", lambda theta, X, y: newton(theta, X, y, curvature=torch.ones_like), "p(1−p)"),
    ("ch04.newton", lambda theta, X, y: newton(theta, X, y, factor=len(y)), "除以了 N"),
    ("ch04.newton", lambda theta, X, y: newton(theta, X, y, factor=1 / len(y)), "除以了 N"),
    ("ch04.newton", lambda theta, X, y: theta - newton(theta, X, y), "还要从 theta 里减去"),
    ("ch04.newton", lambda theta, X, y: newton(theta, X, y, residual=torch.sub), "不是 p"),
    ("ch04.newton", lambda theta, X, y: theta - X.T @ (torch.sigmoid(X @ theta) - y) / len(y),
     "普通的梯度下降"),
    ("ch04.smoothing", lambda z, c, e: smoothed(z, hot(z, c)), "没有平滑"),
    ("ch04.smoothing", lambda z, c, e: smoothed(z, (1 - e) * hot(z, c) + e), "没有除以 K"),
    ("ch04.smoothing", lambda z, c, e: smoothed(
        z, (1 - e) * hot(z, c) + e * (1 - hot(z, c)) / (z.shape[1] - 1)), "另外 K−1"),
    ("ch04.smoothing", lambda z, c, e: smoothed(z, hot(z, c) + e / z.shape[1]), "忘了乘 1−ε"),
    ("ch04.smoothing", lambda z, c, e: smoothed(
        z, (1 - e) * hot(z, c) + e / z.shape[1], dim=0), "dim=1"),
    ("ch04.smoothing", lambda z, c, e: (z - (1 - e) * hot(z, c) - e / z.shape[1]) / len(z),
     "softmax"),
    ("ch04.smoothing", lambda z, c, e: smoothing(z, c, e) * len(z), "z.shape[0]"),
    ("ch04.smoothing", lambda z, c, e: -smoothing(z, c, e), "符号反了"),
    ("ch04.priors", lambda p, old, new: p / old * new, "归一化"),
    ("ch04.priors", lambda p, old, new: priors(p, torch.ones_like(old), new), "旧先验"),
    ("ch04.priors", lambda p, old, new: priors(p, new, old), "新旧反了"),
    ("ch04.priors", lambda p, old, new: p / old * new / (p / old * new).sum(0), "每一行"),
    ("ch04.priors", lambda p, old, new: p - old + new, "乘除"),
    ("ch04.kl", lambda s, t: kl(t, s), "反了"),
    ("ch04.kl", lambda s, t: F.cross_entropy(s, t.softmax(1)), "交叉熵"),
    ("ch04.kl", lambda s, t: kl(s, t) / s.shape[1], "类别也平均"),
    ("ch04.kl", lambda s, t: -kl(s, t), "减反"),
    ("ch04.kl", kl_with_log_of_softmax, "±1000"),
]  # fmt: skip
