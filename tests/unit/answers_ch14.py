"""第 14 章的练习检查：对的要过，典型的错误要说中。"""

import torch
from torch import nn
from torch.nn import functional as F


def centers(n, align_corners):
    theta = torch.tensor([[[1.0, 0, 0], [0, 1, 0]]]).double()
    return F.affine_grid(theta, (1, 1, n, n), align_corners=align_corners)[0, 0, :, 0]


def grouped(c_in, c_out, kernel, groups):
    with torch.device("meta"):
        layer = nn.Conv2d(c_in, c_out, kernel, groups=groups)
    return sum(p.numel() for p in layer.parameters())


def compose(first, second):
    bottom = torch.eye(first.shape[1]).double()[-1:]
    return (torch.cat([first, bottom]) @ torch.cat([second, bottom]))[:-1]


def giou(a, b):
    both = first = second = hull = 1.0
    n = len(a) // 2
    for low1, high1, low2, high2 in zip(a[:n], a[n:], b[:n], b[n:], strict=True):
        both *= max(0.0, float(min(high1, high2) - max(low1, low2)))
        first, second = first * float(high1 - low1), second * float(high2 - low2)
        hull *= float(max(high1, high2) - min(low1, low2))
    union = first + second - both
    return torch.tensor(both / union - 1 + union / hull).double()


def image_gradient(u, v, upstream, height, width):
    rows, columns = torch.arange(height)[:, None, None], torch.arange(width)[None, :, None]
    hat = (1 - (rows - v).abs()).clamp(min=0) * (1 - (columns - u).abs()).clamp(min=0)
    return hat @ upstream  # (H, W, n) @ (n,)


def image_gradient_by_autograd(u, v, upstream, height, width):
    image = torch.zeros(1, 1, height, width, dtype=u.dtype, requires_grad=True)
    grid = torch.stack([(2 * u + 1) / width - 1, (2 * v + 1) / height - 1], -1)[None, None]
    out = F.grid_sample(image, grid, align_corners=False)[0, 0, 0]
    return torch.autograd.grad(out, image, upstream)[0][0, 0]


RIGHT = [
    ("ch14.centers", centers),
    ("ch14.grouped", grouped),
    ("ch14.compose", compose),
    ("ch14.giou", giou),
    ("ch14.image_gradient", image_gradient),
]

# 数值对，但用了题目不许用的办法
BREAKS = [
    ("ch14.image_gradient", image_gradient_by_autograd),
]

WRONG = [
    ("ch14.compose", lambda first, second: second[:, :-1] @ first, "first"),
    ("ch14.giou", lambda a, b: 1 - giou(a, b), ""),
]
