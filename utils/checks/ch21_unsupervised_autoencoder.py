"""第 21 章《聚类、降维与自编码器》的练习检查。"""

import itertools

import torch

from utils.checks import case, exercise, normal

# ---------------------------------------------------------------- 练习 1：留几个成分


def _component_cases(rng):
    for D, share, note in [(5, 0.9, ""), (8, 0.5, ""), (3, 0.99, ""), (6, 1.0, "全部留住")]:
        yield case(normal(rng, D).exp().sort(descending=True).values, share, note=note)
    yield case(torch.tensor([5.0, 3.0, 1.0, 1.0], dtype=torch.float64), 0.8, note="恰好等于")
    yield case(torch.tensor([9.0, 1.0], dtype=torch.float64), 0.3, note="一个就够")


@exercise("ch21.n_components", title="留几个成分", cases=_component_cases)
def n_components(variances, share):
    kept = variances.cumsum(0) / variances.sum()
    return int((kept < share - 1e-9).sum()) + 1


@n_components.mistake("数的是还没有到 share 的那些，要再加上第一个到了的。")
def _(variances, share):
    kept = variances.cumsum(0) / variances.sum()
    return int((kept < share - 1e-9).sum())


@n_components.mistake("特征值已经是方差，不用再平方。")
def _(variances, share):
    return n_components(variances**2, share)


@n_components.mistake("要从大的特征值累加起；你是从最小的累加的。")
def _(variances, share):
    return n_components(variances.flip(0), share)


# ---------------------------------------------------------------- 练习 2：按点数加权的合并


def _point_cases(rng):
    for N, D, note in [(6, 2, ""), (9, 3, ""), (2, 4, "只有两个点"), (7, 1, "一维")]:
        yield case(normal(rng, N, D), note=note)
    points = [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.5, 0.9, 0.0], [4.0, 4.0, 0.0], [4.0, 4.0, 9.0]]
    yield case(torch.tensor(points, dtype=torch.float64), note="后一次的距离反而小")


def _heights(x, merge, distance=torch.dist):
    node, heights = [(v, 1) for v in x], []
    while len(node) > 1:
        (i, j) = min(
            itertools.combinations(range(len(node)), 2),
            key=lambda pair: torch.dist(node[pair[0]][0], node[pair[1]][0]),
        )
        (a, m), (b, n) = node[i], node[j]
        heights.append(distance(a, b))
        node = [item for at, item in enumerate(node) if at not in (i, j)]
        node.append((merge(a, m, b, n), m + n))
    return torch.stack(heights)


def _weighted(a, m, b, n):
    return (m * a + n * b) / (m + n)


@exercise("ch21.centroid_heights", title="按点数加权的合并", cases=_point_cases)
def centroid_heights(x):
    return _heights(x, _weighted)


@centroid_heights.mistake("这是 median：两边一边一半。centroid 要按各枝的点数加权。")
def _(x):
    return _heights(x, lambda a, m, b, n: (a + b) / 2)


@centroid_heights.mistake("权重反了：点多的那一枝权重大。")
def _(x):
    return _heights(x, lambda a, m, b, n: (n * a + m * b) / (m + n))


@centroid_heights.mistake("按合并的先后返回，不要排序：centroid 的距离有时后一次反而小。")
def _(x):
    return _heights(x, _weighted).sort().values


@centroid_heights.mistake("要返回距离，你返回的是距离的平方。")
def _(x):
    return _heights(x, _weighted, lambda a, b: torch.dist(a, b) ** 2)


# ---------------------------------------------------------------- 练习 3：白化


def _whiten_cases(rng):
    for N, D, note in [(9, 3, ""), (12, 2, ""), (30, 5, ""), (6, 1, "只有一维")]:
        yield case(normal(rng, N, D) @ normal(rng, D, D) + 3, note=note)


def _centered(x):
    x = x - x.mean(0)
    variances, V = torch.linalg.eigh(x.T @ x / (len(x) - 1))
    return x, variances, V


@exercise("ch21.whiten", title="白化", cases=_whiten_cases)
def whiten(x):
    x, variances, V = _centered(x)
    return x @ V @ torch.diag(variances**-0.5) @ V.T


@whiten.mistake("协方差已经是 I，可是这个 M 不对称：投影、缩放以后，还要用 V 转回原来的坐标。")
def _(x):
    x, variances, V = _centered(x)
    return x @ V @ torch.diag(variances**-0.5)


@whiten.mistake("除以了方差 λ；要除以标准差 √λ。")
def _(x):
    x, variances, V = _centered(x)
    return x @ V @ torch.diag(1 / variances) @ V.T


@whiten.mistake("各维只除以了自己的标准差，相关还在。")
def _(x):
    return (x - x.mean(0)) / x.std(0)


@whiten.mistake("忘了减去平均。")
def _(x):
    _, variances, V = _centered(x)
    return x @ V @ torch.diag(variances**-0.5) @ V.T


# ---------------------------------------------------------------- 练习 4：VQ 的梯度


def _vq_cases(rng):
    for N, K, d, beta, note in [
        (6, 4, 2, 0.25, ""),
        (9, 3, 3, 1.0, ""),
        (1, 5, 4, 0.5, "只有一个向量"),
        (5, 1, 2, 0.1, "码本只有一个"),
        (4, 8, 1, 0.0, "β 是 0，有的码没有人用"),
    ]:
        yield case(normal(rng, N, d), normal(rng, K, d), normal(rng, N, d), beta, note=note)


def _vq(z, codebook, g, beta, through=1.0, pull=1.0, extra=0.0):
    index = torch.cdist(z, codebook).argmin(1)
    q = codebook[index]
    each = pull * 2 * (q - z) + extra * g
    return through * g + 2 * beta * (z - q), torch.zeros_like(codebook).index_add(0, index, each)


@exercise("ch21.vq_gradients", title="VQ 的梯度", cases=_vq_cases, forbid=("autograd",))
def vq_gradients(z, codebook, g, beta):
    return _vq(z, codebook, g, beta)


@vq_gradients.mistake("漏了直通来的梯度：重建误差的 g 要原样加到对 z 的梯度里。")
def _(z, codebook, g, beta):
    return _vq(z, codebook, g, beta, through=0.0)


@vq_gradients.mistake("重建误差的 g 直通给了 z，就不再给码本；码本只收第二项的梯度。")
def _(z, codebook, g, beta):
    return _vq(z, codebook, g, beta, extra=1.0)


@vq_gradients.mistake("β 乘在第三项上，它只管 z；码本的那一项没有 β。")
def _(z, codebook, g, beta):
    return _vq(z, codebook, g, beta, pull=beta)
