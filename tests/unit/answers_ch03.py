"""第 3 章的练习检查：对的要过，典型的错误要说中。"""

import math

import torch


def draws(prior, p_blue, n, k):
    log = prior.log() + k * p_blue.log() + (n - k) * (1 - p_blue).log()
    return torch.softmax(log, dim=0)


def hinge_by_autograd(scores, y):
    scores = scores.clone().requires_grad_()
    loss = torch.nn.functional.multi_margin_loss(scores, y) * scores.shape[1]
    return torch.autograd.grad(loss, scores)[0]


def shared(x, y):
    member = torch.nn.functional.one_hot(y).to(x.dtype)
    means = (member.T @ x) / member.sum(0)[:, None]
    return torch.cov((x - means[y]).T, correction=0).reshape(x.shape[1], x.shape[1])


def missing(x, mean, cov):
    seen = torch.arange(len(x))[~x.isnan()]
    r, S = x[seen] - mean[seen], cov[seen[:, None], seen]
    return -0.5 * (r @ torch.linalg.solve(S, r) + torch.logdet(2 * math.pi * S))


def bernoulli(theta1, theta2, prior1):
    w = torch.logit(theta1) - torch.logit(theta2)
    b = (torch.log1p(-theta1) - torch.log1p(-theta2)).sum()
    return w, b + math.log(prior1) - math.log1p(-prior1)


def log_odds(x, mu1, sigma1, mu2, sigma2, prior1):
    c1, c2 = torch.distributions.Normal(mu1, sigma1), torch.distributions.Normal(mu2, sigma2)
    return c1.log_prob(x) - c2.log_prob(x) + math.log(prior1 / (1 - prior1))


def boundaries(mu1, sigma1, mu2, sigma2, prior1):
    """找变号的格子，再二分，与解方程无关。"""
    grid = torch.linspace(-60.003, 60.007, 200_001, dtype=torch.float64)
    sign = log_odds(grid, mu1, sigma1, mu2, sigma2, prior1) > 0
    at = (sign[1:] != sign[:-1]).nonzero()[:, 0]
    low, high = grid[at], grid[at + 1]
    for _ in range(60):
        middle = (low + high) / 2
        same = (log_odds(middle, mu1, sigma1, mu2, sigma2, prior1) > 0) == sign[at]
        low, high = torch.where(same, middle, low), torch.where(same, high, middle)
    return (low + high) / 2


RIGHT = {
    "ch03.draws": draws,
    "ch03.hinge_gradient": hinge_by_autograd,
    "ch03.shared": shared,
    "ch03.missing": missing,
    "ch03.bernoulli": bernoulli,
    "ch03.boundaries": boundaries,
}


def by_class_mean(x, y):
    covs = [torch.cov(x[y == k].T, correction=0).reshape(x.shape[1], -1) for k in y.unique()]
    return torch.stack(covs).mean(0)


def filled(x, mean, cov, value):
    return missing(torch.where(x.isnan(), value, x), mean, cov)


def from_precision(x, mean, cov):
    seen = ~x.isnan()
    r, P = x[seen] - mean[seen], torch.linalg.inv(cov)[seen][:, seen]
    return -0.5 * (r @ P @ r - torch.logdet(P / (2 * math.pi)))


def one_share(scores, y):
    grad = hinge_by_autograd(scores, y)
    rows = torch.arange(len(y))
    grad[rows, y] = grad[rows, y].clamp(min=-1 / len(y))
    return grad


def without_correct(scores, y):
    return hinge_by_autograd(scores, y).clamp(min=0)


WRONG = [
    ("ch03.draws", lambda p, q, n, k: draws(torch.full_like(p, 0.5), q, n, k), "没有乘先验"),
    ("ch03.draws", lambda p, q, n, k: draws(p, q, n, n - k), "指数写反"),
    ("ch03.draws", lambda p, q, n, k: p * q**k / (p * q**k).sum(), "绿球也是证据"),
    ("ch03.draws", lambda p, q, n, k: p * q**k * (1 - q) ** (n - k), "归一化"),
    ("ch03.draws", lambda p, q, n, k: torch.softmax(
        n * p.log() + k * q.log() + (n - k) * (1 - q).log(), 0), "先验只乘一次"),
    ("ch03.hinge_gradient", one_share, "负几份"),
    ("ch03.hinge_gradient", without_correct, "漏了"),
    ("ch03.hinge_gradient", lambda s, y: hinge_by_autograd(s, y) * len(y), "忘了除以"),
    ("ch03.hinge_gradient", lambda s, y: -hinge_by_autograd(s, y), "符号反了"),
    ("ch03.hinge_gradient", lambda s, y: hinge_by_autograd(
        s + torch.nn.functional.one_hot(y, s.shape[1]), y), "余量"),
    ("ch03.shared", lambda x, y: torch.cov(x.T, correction=0).reshape(x.shape[1], -1), "总均值"),
    ("ch03.shared", by_class_mean, "加权"),
    ("ch03.shared", lambda x, y: shared(x, y) * len(x) / (len(x) - len(y.unique())), "无偏"),
    ("ch03.shared", lambda x, y: torch.diag(shared(x, y).diag()), "对角线"),
    ("ch03.missing", lambda x, m, c: filled(x, m, c, m), "填成均值"),
    ("ch03.missing", lambda x, m, c: filled(x, m, c, torch.zeros_like(x)), "填成 0"),
    ("ch03.missing", from_precision, "再求逆"),
    ("ch03.missing", lambda x, m, c: missing(x, m, torch.diag(c.diag())), "协方差丢了"),
    ("ch03.bernoulli", lambda a, b, p: ((a / b).log(), bernoulli(a, b, p)[1]), "少了一半"),
    ("ch03.bernoulli", lambda a, b, p: ((a / b).log(), math.log(p / (1 - p))), "也有证据"),
    ("ch03.bernoulli", lambda a, b, p: bernoulli(a, b, 0.5), "少了先验"),
    ("ch03.bernoulli", lambda a, b, p: bernoulli(b, a, 1 - p), "弄反"),
    ("ch03.bernoulli", lambda a, b, p: (
        bernoulli(a, b, p)[0], bernoulli(a, b, 0.5)[1] + math.log(p)), "不是 ln P"),
    ("ch03.boundaries", lambda a, s, b, t, p: boundaries(a, s, b, t, 0.5), "没有算先验"),
    ("ch03.boundaries", lambda a, s, b, t, p: boundaries(
        a, s, b, t, p * s / (p * s + (1 - p) * t)), "归一化的系数"),
    ("ch03.boundaries", lambda a, s, b, t, p: boundaries(
        a, s, b, t, p * s**2 / (p * s**2 + (1 - p) * t**2)), "符号反了"),
    ("ch03.boundaries", lambda a, s, b, t, p: (lambda r: r[
        (r - (a + b) / 2).abs().argsort()[:1]])(boundaries(a, s, b, t, p)), "只给了一个"),
]  # fmt: skip
