"""第 29 章《神经网络压缩》的练习检查。"""

import torch

from utils.checks import case, exercise, normal

# ---------------------------------------------------------------- 练习 1：剪掉滤波器


def _filter_cases(rng):
    sizes = [(6, 3, 3, 4, [4, 1]), (4, 1, 1, 2, [3]), (5, 2, 5, 1, [0, 2, 3]), (3, 4, 2, 6, [2, 0])]
    for O, I, k, P, keep in sizes:  # noqa: E741
        keep = torch.tensor(keep)
        yield case(normal(rng, O, I, k, k), normal(rng, O), normal(rng, P, O, k, k), keep)


@exercise("ch29.drop_filters", title="剪掉滤波器", cases=_filter_cases)
def drop_filters(W1, b1, W2, keep):
    return (
        W1.index_select(0, keep),
        b1.index_select(0, keep),
        W2.index_select(1, keep),
    )


@drop_filters.mistake("第二层少的应当是输入通道（第 1 维），你去掉的是它的输出通道。")
def _(W1, b1, W2, keep):
    return W1[keep], b1[keep], W2[keep % len(W2)]


@drop_filters.mistake("keep 的次序就是新的次序，不要另外排序。")
def _(W1, b1, W2, keep):
    keep = keep.sort().values
    return W1[keep], b1[keep], W2[:, keep]


@drop_filters.mistake("你只把别的滤波器掩成了 0；要返回改小的数组，形状也变。")
def _(W1, b1, W2, keep):
    off = torch.ones(len(b1), dtype=torch.bool)
    off[keep] = False
    W1, b1, W2 = W1.clone(), b1.clone(), W2.clone()
    W1[off], b1[off], W2[:, off] = 0, 0, 0
    return W1, b1, W2


# ---------------------------------------------------------------- 练习 2：蒸馏损失的梯度


def _distil_cases(rng):
    for n, K, T, note in [(4, 3, 2.0, ""), (1, 5, 8.0, "只有一个样本"), (6, 2, 0.5, "T 小于 1")]:
        q = torch.softmax(normal(rng, n, K), dim=-1)
        yield case(3 * normal(rng, n, K), q, T, note=note)


@exercise(
    "ch29.distil_gradient",
    title="蒸馏损失的梯度",
    cases=_distil_cases,
    forbid=("autograd",),
)
def distil_gradient(z, q, T):
    return T * ((z / T).softmax(-1) - q)


@distil_gradient.mistake("少了链式法则里的 1/T：对 z 求导，还要乘 z/T 对 z 的导数。")
def _(z, q, T):
    return T**2 * ((z / T).softmax(-1) - q)


@distil_gradient.mistake("忘了损失前面的 T²。")
def _(z, q, T):
    return ((z / T).softmax(-1) - q) / T


@distil_gradient.mistake("学生的概率要用 softmax(z / T)，你用的是 T = 1 的。")
def _(z, q, T):
    return T * (z.softmax(-1) - q)


# ---------------------------------------------------------------- 练习 3：一行一档的对称量化


def _row_cases(rng):
    sizes = [(3, 5, 4, ""), (1, 6, 8, "只有一行"), (4, 2, 3, ""), (2, 7, 2, "2 bit")]
    for M, N, bits, note in sizes:
        scale = torch.as_tensor(10.0 ** rng.uniform(-1, 1, size=(M, 1)))
        yield case(scale * normal(rng, M, N), bits, note=note)


@exercise("ch29.quantise_rows", title="一行一档的对称量化", cases=_row_cases)
def quantise_rows(W, bits):
    s = W.abs().amax(1, keepdim=True) / (2 ** (bits - 1) - 1)
    return (W / s).round() * s


@quantise_rows.mistake("整张矩阵用了同一档；题目要每一行用自己的 max。")
def _(W, bits):
    s = W.abs().max() / (2 ** (bits - 1) - 1)
    return (W / s).round() * s


@quantise_rows.mistake("你返回的是整数；要乘回每一行的 s。")
def _(W, bits):
    s = W.abs().amax(1, keepdim=True) / (2 ** (bits - 1) - 1)
    return (W / s).round()


@quantise_rows.mistake("最大的整数是 2^(bits-1) − 1；你用了 2^bits − 1，等于多一个 bit。")
def _(W, bits):
    s = W.abs().amax(1, keepdim=True) / (2**bits - 1)
    return (W / s).round() * s


@quantise_rows.mistake("你按列求最大；一行是一个输出神经元，要对每一行的各列求最大。")
def _(W, bits):
    s = W.abs().amax(0, keepdim=True) / (2 ** (bits - 1) - 1)
    return (W / s).round() * s


# ---------------------------------------------------------------- 练习 4：秩最多是几


def _rank_cases(rng):
    for M, N in [(6, 3), (64, 64), (100, 10), (1, 9), (7, 5), (2, 2)]:
        yield case(M, N)


@exercise("ch29.largest_rank", title="秩最多是几", cases=_rank_cases)
def largest_rank(M, N):
    return (M * N - 1) // (M + N)


@largest_rank.mistake("正好相等时没有省；要严格变少。")
def _(M, N):
    return M * N // (M + N)


@largest_rank.mistake("两层的参数是 r·M 加 r·N，不是 r² 或 min(M, N)。")
def _(M, N):
    return min(M, N) - 1
