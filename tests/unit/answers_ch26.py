"""第 26 章的练习检查：对的要过，典型的错误要说中。"""

import math

import torch


def relu_path(w, b, x, x0):
    """在折点处把路切开：亮的那一段占几成。"""
    before, after = (w @ x0).item() + b, (w @ x).item() + b
    if before * after > 0:
        lit = float(before > 0)
    else:  # 折点在第 before / (before - after) 处
        lit = max(before, after) / abs(after - before)
    return lit * w * (x - x0)


def smooth_slope(w, b, x, sigma):
    t = ((w * x).sum().item() + b) / (sigma * math.sqrt((w * w).sum().item()))
    return w * (1 + math.erf(t / math.sqrt(2))) / 2


def gram_gradient(H, S):
    """逐个元素：K_pq 对 H_ki 的导数。"""
    C, n = H.shape
    K = torch.einsum("pi,qi->pq", H, H) / n
    eye = torch.eye(C, dtype=H.dtype)
    dK = (torch.einsum("pk,qi->pqki", eye, H) + torch.einsum("qk,pi->pqki", eye, H)) / n
    return torch.einsum("pq,pqki->ki", 2 * (K - S), dK)


RIGHT = [
    ("ch26.relu_path", relu_path),
    ("ch26.smooth_slope", smooth_slope),
    ("ch26.gram_gradient", gram_gradient),
]

WRONG = [
    ("ch26.relu_path", lambda w, b, x, x0: -relu_path(w, b, x, x0), "符号"),
    ("ch26.smooth_slope", lambda w, b, x, sigma: smooth_slope(w, b, x, sigma).sum(), "形状"),
    ("ch26.gram_gradient", lambda H, S: -gram_gradient(H, S), "符号"),
]

BREAKS = []
