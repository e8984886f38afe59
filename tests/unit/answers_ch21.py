"""第 21 章的练习检查：对的要过，典型的错误要说中。"""

import numpy as np
import torch
from scipy.cluster.hierarchy import linkage


def n_components(variances, share):
    total, k = 0.0, 0
    while total < share * variances.sum().item() * (1 - 1e-12) - 1e-9:
        total, k = total + variances[k].item(), k + 1
    return k


def centroid_heights(x):
    return torch.from_numpy(linkage(x.numpy(), "centroid")[:, 2].copy())


def whiten(x):
    """X = UΣVᵀ 时，对称的白化是 UVᵀ√(N-1)。"""
    U, _, Vt = torch.linalg.svd(x - x.mean(0), full_matrices=False)
    return U @ Vt * (len(x) - 1) ** 0.5


def vq_gradients(z, codebook, g, beta):
    dz, dcodebook = g.clone(), torch.zeros_like(codebook)
    for n, v in enumerate(z):
        k = int(((codebook - v) ** 2).sum(1).argmin())
        dz[n] += 2 * beta * (v - codebook[k])
        dcodebook[k] += 2 * (codebook[k] - v)
    return dz, dcodebook


def by_autograd(z, codebook, g, beta):
    z, codebook = z.clone().requires_grad_(), codebook.clone().requires_grad_()
    q = codebook[torch.cdist(z, codebook).argmin(1)]
    through = z + (q - z).detach()
    pull = ((z.detach() - q) ** 2).sum() + beta * ((z - q.detach()) ** 2).sum()
    return torch.autograd.grad((through * g).sum() + pull, [z, codebook])


def farthest(z, codebook, g, beta):
    index = torch.cdist(z, codebook).argmax(1)
    q = codebook[index]
    return g + 2 * beta * (z - q), torch.zeros_like(codebook).index_add(0, index, 2 * (q - z))


RIGHT = [
    ("ch21.n_components", n_components),
    ("ch21.centroid_heights", centroid_heights),
    ("ch21.whiten", whiten),
    ("ch21.vq_gradients", vq_gradients),
]

WRONG = [
    ("ch21.n_components", lambda variances, share: n_components(variances, share) + 1, "1"),
    (
        "ch21.centroid_heights",
        lambda x: torch.from_numpy(np.sort(linkage(x.numpy(), "single")[:, 2])),
        "",
    ),
    ("ch21.centroid_heights", lambda x: centroid_heights(x).flip(0), "次序反了"),
    ("ch21.whiten", lambda x: whiten(x).T, "形状"),
    ("ch21.vq_gradients", lambda z, c, g, beta: vq_gradients(z, c, g, beta)[::-1], "次序"),
    ("ch21.vq_gradients", farthest, ""),
]

BREAKS = [("ch21.vq_gradients", by_autograd)]
