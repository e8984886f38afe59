"""第 23 章的练习检查：对的要过，典型的错误要说中。"""

import math

import torch
from torch.distributions import Independent, MultivariateNormal, Normal, kl_divergence


def kl_two(mu1, log_var1, mu2, log_var2):
    q, p = (
        Independent(Normal(mu, torch.exp(log_var / 2)), 1)
        for mu, log_var in ((mu1, log_var1), (mu2, log_var2))
    )
    return kl_divergence(q, p)


def best_tau2(x, x_hat):
    """每个像素的平方误差加起来，除以像素的总数。"""
    residual = (x - x_hat).flatten()
    return (residual @ residual / residual.numel()).item()


def shared_m_step(x, r):
    """一个点、一个分量地加。"""
    N, M = r.shape
    n = [sum(r[i, m].item() for i in range(N)) for m in range(M)]
    mu = [sum(r[i, m].item() * x[i].item() for i in range(N)) / n[m] for m in range(M)]
    square = sum(r[i, m].item() * (x[i].item() - mu[m]) ** 2 for i in range(N) for m in range(M))
    as_tensor = torch.tensor
    return as_tensor([v / N for v in n]).to(x), as_tensor(mu).to(x), square / N


def planar_log_density(z, u, w, c):
    """逐个样本写出整个雅可比矩阵，求它的行列式。"""
    D = z.shape[1]
    prior = MultivariateNormal(torch.zeros(D).to(z), torch.eye(D).to(z))
    out = []
    for one in z:
        J = torch.eye(D).to(z) + torch.outer(u, w) / math.cosh(float(one @ w) + c) ** 2
        out.append(prior.log_prob(one) - torch.linalg.slogdet(J)[1])
    return torch.stack(out)


def planar_by_autograd(z, u, w, c):
    rows = []
    for one in z:
        J = torch.autograd.functional.jacobian(lambda v: v + u * torch.tanh(v @ w + c), one)
        rows.append(Normal(0.0, 1.0).log_prob(one).sum() - torch.linalg.slogdet(J)[1])
    return torch.stack(rows)


RIGHT = [
    ("ch23.kl_two", kl_two),
    ("ch23.best_tau2", best_tau2),
    ("ch23.shared_m_step", shared_m_step),
    ("ch23.planar_log_density", planar_log_density),
]

WRONG = [
    (
        "ch23.kl_two",
        lambda mu1, log_var1, mu2, log_var2: 2 * kl_two(mu1, log_var1, mu2, log_var2),
        "倍",
    ),
    (
        "ch23.kl_two",
        lambda mu1, log_var1, mu2, log_var2: kl_two(mu1, log_var1, mu2, log_var2).sum(),
        "形状",
    ),
    ("ch23.best_tau2", lambda x, x_hat: (x - x_hat).abs().mean(), ""),
    ("ch23.shared_m_step", lambda x, r: shared_m_step(x, r)[::-1], "次序"),
    ("ch23.planar_log_density", lambda z, u, w, c: planar_log_density(z, u, w, 0.0), ""),
]

BREAKS = [("ch23.planar_log_density", planar_by_autograd)]
