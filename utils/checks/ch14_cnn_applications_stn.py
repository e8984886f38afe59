"""第 14 章《CNN 的经典结构、应用与空间变换网络》的练习检查。"""

import torch

from utils.checks import case, exercise, normal

# ---------------------------------------------------------------- 练习 1：两种坐标约定


def _centers_cases(rng):
    for n in (2, 5, 16):
        for corners in (True, False):
            yield case(n, corners, note="align_corners=True" if corners else "")


@exercise("ch14.centers", title="两种坐标约定", cases=_centers_cases)
def centers(n, align_corners):
    j = torch.arange(n, dtype=torch.float64)
    return 2 * j / (n - 1) - 1 if align_corners else (2 * j + 1) / n - 1


@centers.mistake("两种约定写反了：True 时 −1 和 1 是最外面两个格子的中心。")
def _(n, align_corners):
    return centers.reference(n, not align_corners)


@centers.mistake("True 的对了；False 时 −1 和 1 是图像的边，格子的中心要再往里半格。")
def _(n, align_corners):
    return centers.reference(n, True)


@centers.mistake("False 的对了；True 时第一个和最后一个格子的中心恰好是 −1 和 1。")
def _(n, align_corners):
    return centers.reference(n, False)


@centers.mistake("第一个格子的中心不在左边的边上：False 时要往右挪半格，即 1 / n。")
def _(n, align_corners):
    if align_corners:
        return centers.reference(n, True)
    return 2 * torch.arange(n, dtype=torch.float64) / n - 1


# ---------------------------------------------------------------- 练习 2：分组卷积


def _grouped_cases(rng):
    yield case(3, 96, 11, 1, note="只有一组")
    yield case(96, 256, 5, 2)
    yield case(384, 384, 3, 2)
    yield case(12, 24, 1, 4, note="1 × 1 的核")
    yield case(8, 8, 3, 8, note="每组一个通道")


@exercise("ch14.grouped", title="分组卷积的参数", cases=_grouped_cases)
def grouped(c_in, c_out, kernel, groups):
    return (kernel**2 * (c_in // groups) + 1) * c_out


@grouped.mistake("漏了偏置：每个输出通道还有一个。")
def _(c_in, c_out, kernel, groups):
    return kernel**2 * (c_in // groups) * c_out


@grouped.mistake("没有分组：每个输出通道只看自己那一组的 C/g 个输入通道。")
def _(c_in, c_out, kernel, groups):
    return (kernel**2 * c_in + 1) * c_out


@grouped.mistake("输出通道不用再除以组数：一共有 g 组，每组 C′/g 个，加起来还是 C′ 个。")
def _(c_in, c_out, kernel, groups):
    return (kernel**2 * (c_in // groups) + 1) * (c_out // groups)


@grouped.mistake("核是二维的，面积是 kernel 的平方。")
def _(c_in, c_out, kernel, groups):
    return (kernel * (c_in // groups) + 1) * c_out


# ---------------------------------------------------------------- 练习 3：合成


def _compose_cases(rng):
    yield case(normal(rng, 2, 3), normal(rng, 2, 3))
    yield case(normal(rng, 3, 4), normal(rng, 3, 4), note="三维")
    yield case(normal(rng, 2, 3), torch.tensor([[1.0, 0, 0.5], [0, 1, -0.25]]).double())
    yield case(torch.tensor([[0.0, -1, 0], [1, 0, 0]]).double(), normal(rng, 2, 3))


def _compose(first, second):
    shift = first[:, :-1] @ second[:, -1] + first[:, -1]
    return torch.cat([first[:, :-1] @ second[:, :-1], shift[:, None]], dim=1)


@exercise("ch14.compose", title="两次变换合成一次", cases=_compose_cases)
def compose(first, second):
    return _compose(first, second)


@compose.mistake("次序反了：后做的 second 先作用在输出的坐标上，得到的位置再交给 first。")
def _(first, second):
    return _compose(second, first)


@compose.mistake("平移不能直接相加：second 的平移还要乘 first 的矩阵。")
def _(first, second):
    shift = first[:, -1] + second[:, -1]
    return torch.cat([first[:, :-1] @ second[:, :-1], shift[:, None]], dim=1)


@compose.mistake("漏了 first 自己的平移。")
def _(first, second):
    return first[:, :-1] @ second


@compose.mistake("两个矩阵要做矩阵乘法，不是逐个元素相乘。")
def _(first, second):
    shift = first[:, :-1] @ second[:, -1] + first[:, -1]
    return torch.cat([first[:, :-1] * second[:, :-1], shift[:, None]], dim=1)


# ---------------------------------------------------------------- 练习 4：GIoU


def _giou_cases(rng):
    pairs = [
        ((0, 0, 2, 3), (1, 1, 4, 2), ""),
        ((0, 0, 1, 1), (3, 2, 5, 3), "两个框不相交"),
        ((0, 0, 1, 4), (2, 1, 5, 3), "只在一个方向上错开"),
        ((0, 0, 4, 4), (1, 1, 2, 3), "一个在另一个里面"),
        ((-2.5, 1, 0.5, 2), (-2.5, 1, 0.5, 2), "两个框相同"),
        ((0, 0, 0, 2, 2, 2), (1, 1, -1, 4, 3, 1), "三维"),
        ((0, 3), (2, 7), "一维"),
    ]
    for a, b, note in pairs:
        yield case(torch.tensor(a).double(), torch.tensor(b).double(), note=note)


def _giou(a, b, *, clamp=True, hull_only=False, over="hull"):
    (a1, a2), (b1, b2) = a.chunk(2), b.chunk(2)
    sides = torch.minimum(a2, b2) - torch.maximum(a1, b1)
    overlap = (sides.clamp(min=0) if clamp else sides).prod()
    union = (a2 - a1).prod() + (b2 - b1).prod() - overlap
    hull = (torch.maximum(a2, b2) - torch.minimum(a1, b1)).prod()
    if hull_only:
        return overlap / hull
    wasted = {"hull": (hull - union) / hull, "union": (hull - union) / union, "nothing": 0}
    return overlap / union - wasted[over]


@exercise("ch14.giou", title="GIoU", cases=_giou_cases)
def giou(a, b):
    return _giou(a, b)


@giou.mistake("不相交时交集的宽或高是负的，两个负数相乘还会变成正的：先截到 0。")
def _(a, b):
    return _giou(a, b, clamp=False)


@giou.mistake("这是 IoU，还要减去 (A_c − A_u) / A_c。")
def _(a, b):
    return _giou(a, b, over="nothing")


@giou.mistake("后一项要除以外框的面积 A_c，不是并集的面积。")
def _(a, b):
    return _giou(a, b, over="union")


@giou.mistake("这是交集除以外框。GIoU 是 IoU 减去外框里的空白占的比例。")
def _(a, b):
    return _giou(a, b, hull_only=True)


# ---------------------------------------------------------------- 练习 5：采样的反向


def _gradient_cases(rng):
    def points(n, height, width):
        u = torch.as_tensor(rng.uniform(-1.5, width + 0.5, size=n))
        v = torch.as_tensor(rng.uniform(-1.5, height + 0.5, size=n))
        return u, v, normal(rng, n)

    inside = torch.as_tensor(rng.uniform(0, 2, size=(2, 6)))
    yield case(*inside, normal(rng, 6), 3, 4, note="都在图里，几个点取到同一个像素")
    yield case(*points(9, 4, 6), 4, 6, note="有的点在图外")
    yield case(*points(5, 5, 2), 5, 2)


def _gradient(u, v, upstream, height, width, *, add=True, swap=False, opposite=False):
    gradient = torch.zeros(height, width, dtype=upstream.dtype)
    if swap:
        u, v = v, u
    left, top = u.floor().long(), v.floor().long()
    alpha, beta = u - left, v - top
    if opposite:
        alpha, beta = 1 - alpha, 1 - beta
    for n in range(len(u)):
        for down, high in ((0, 1 - beta[n]), (1, beta[n])):
            for across, wide in ((0, 1 - alpha[n]), (1, alpha[n])):
                i, j = int(top[n]) + down, int(left[n]) + across
                if 0 <= i < height and 0 <= j < width:
                    new = upstream[n] * high * wide
                    gradient[i, j] = gradient[i, j] + new if add else new
    return gradient


@exercise(
    "ch14.image_gradient", title="双线性采样的反向", cases=_gradient_cases, forbid=("autograd",)
)
def image_gradient(u, v, upstream, height, width):
    return _gradient(u, v, upstream, height, width)


@image_gradient.mistake("几个点取到同一个像素时，梯度要加起来；你的后一个盖掉了前一个。")
def _(u, v, upstream, height, width):
    return _gradient(u, v, upstream, height, width, add=False)


@image_gradient.mistake("u 是列，v 是行，用反了。")
def _(u, v, upstream, height, width):
    return _gradient(u, v, upstream, height, width, swap=True)


@image_gradient.mistake("权重放错了格子：离得越近权重越大，左上的格子是 (1 − α)(1 − β)。")
def _(u, v, upstream, height, width):
    return _gradient(u, v, upstream, height, width, opposite=True)


@image_gradient.mistake("漏了 upstream：每个点的四个权重还要乘上它的梯度。")
def _(u, v, upstream, height, width):
    return _gradient(u, v, torch.ones_like(upstream), height, width)
