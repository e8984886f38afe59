"""第 31 章的练习检查：对的要过，典型的错误要说中。"""

import torch


def two_step_gradient(phi, alpha, H, c, H2, c2):
    """把两步展开成一个矩阵，再用它的转置。"""
    keep = torch.eye(len(phi), dtype=phi.dtype) - alpha * H
    twice = torch.linalg.matrix_power(keep, 2)
    theta = c + twice @ (phi - c)
    return twice.T @ (H2 @ (theta - c2))


def rate_gradient(phi, rates, H, c, H2, c2):
    """一个分量一个分量地写。"""
    s = [sum(H[i, j] * (phi[j] - c[j]) for j in range(len(phi))) for i in range(len(phi))]
    theta = [phi[i] - rates[i] * s[i] for i in range(len(phi))]
    q = [sum(H2[i, j] * (theta[j] - c2[j]) for j in range(len(phi))) for i in range(len(phi))]
    return torch.stack([-s[i] * q[i] for i in range(len(phi))])


def reptile_step(phi, kappa, c, alpha, k, eps):
    ends = []
    for n in range(len(c)):
        theta = phi.clone()
        for _ in range(k):
            theta = theta - alpha * kappa[n] * (theta - c[n])
        ends.append(theta)
    return (1 - eps) * phi + eps * sum(ends) / len(ends)


RIGHT = [
    ("ch31.two_step_gradient", two_step_gradient),
    ("ch31.rate_gradient", rate_gradient),
    ("ch31.reptile_step", reptile_step),
]

WRONG = [
    ("ch31.two_step_gradient", lambda *p: -two_step_gradient(*p), "符号"),
    ("ch31.rate_gradient", lambda *p: -rate_gradient(*p), "符号"),
    ("ch31.reptile_step", lambda *p: 2 * reptile_step(*p), "2"),
]

BREAKS = []
