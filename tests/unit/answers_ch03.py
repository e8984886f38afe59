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


def merge(n1, mean1, cov1, n2, mean2, cov2):
    """经过二阶矩：E[xxᵀ] − μμᵀ。"""
    n = n1 + n2
    second = n1 * (cov1 + torch.outer(mean1, mean1)) + n2 * (cov2 + torch.outer(mean2, mean2))
    mean = (n1 * mean1 + n2 * mean2) / n
    return mean, second / n - torch.outer(mean, mean)


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


def hinge_by_loops(scores, y):
    grad = torch.zeros_like(scores)
    for n, correct in enumerate(y):
        for k in range(scores.shape[1]):
            if k != correct and scores[n, k] - scores[n, correct] + 1 > 0:
                grad[n, k] += 1 / len(y)
                grad[n, correct] -= 1 / len(y)
    return grad


RIGHT = [
    ("ch03.draws", draws),
    ("ch03.merge", merge),
    ("ch03.missing", missing),
    ("ch03.bernoulli", bernoulli),
    ("ch03.boundaries", boundaries),
    ("ch03.hinge_gradient", hinge_by_loops),
]

# 数值对，但用了题目不许用的办法
BREAKS = [
    ("ch03.hinge_gradient", hinge_by_autograd),
]

WRONG = [
    ("ch03.hinge_gradient", lambda s, y: hinge_by_autograd(s, y) * len(y), "忘了除以"),
    ("ch03.hinge_gradient", lambda s, y: -hinge_by_autograd(s, y), "符号反了"),
    (
        "ch03.hinge_gradient",
        lambda s, y: hinge_by_loops(s, y) / s.shape[1],
        "1 / `scores.shape[1]`",
    ),
    ("ch03.boundaries", lambda *a: [0.0, 1.0], "torch.tensor"),
]
