"""第 17 章《自注意力机制》的练习检查。"""

import math

import torch

from utils.checks import case, exercise, normal

# ---------------------------------------------------------------- 练习 1：谁也看不见的查询


def _masked_cases(rng):
    for *batch, t, s, d, note in [
        (5, 5, 3, ""),
        (4, 7, 6, "键比查询多"),
        (2, 3, 6, 6, 4, "一批，三个头"),
    ]:
        q, k, v = (
            normal(rng, *batch, t, d),
            normal(rng, *batch, s, d),
            normal(rng, *batch, s, d + 1),
        )
        mask = normal(rng, *batch, t, s) > 0
        mask[..., 0, :], mask[..., 1, :] = False, True  # 一行全遮住，一行全看得见
        yield case(q, k, v, mask, note=note)


def _masked_weights(q, k, mask, hidden=-math.inf):
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    return torch.softmax(scores.masked_fill(~mask, hidden), dim=-1)


@exercise("ch17.masked_attention", title="谁也看不见的查询", cases=_masked_cases)
def masked_attention(q, k, v, mask):
    weights = _masked_weights(q, k, mask)
    return torch.where(mask.any(-1, keepdim=True), weights, 0.0) @ v


@masked_attention.mistake(
    "把 −∞ 换成了很小的数，NaN 没有了，可是全被遮住的那一行，各个键的分数一样小，softmax 平分给了"
    "不许看的键。这一行的输出应当是零。"
)
def _(q, k, v, mask):
    return _masked_weights(q, k, mask, -1e9) @ v


@masked_attention.mistake(
    "先做 softmax 再把遮住的权重改成 0，剩下的加起来不到 1。遮住的分数要在 softmax 之前换成 −∞。"
)
def _(q, k, v, mask):
    return _masked_weights(q, k, torch.ones_like(mask)) * mask @ v


@masked_attention.mistake("True 和 False 反了：这里 True 表示可以看。")
def _(q, k, v, mask):
    return masked_attention.reference(q, k, v, ~mask)


@masked_attention.mistake("忘了缩放：分数要除以 √d_k，d_k 是 q 的最后一维。")
def _(q, k, v, mask):
    return masked_attention.reference(q * math.sqrt(q.shape[-1]), k, v, mask)


# ---------------------------------------------------------------- 练习 2：additive 分数


def _additive_cases(rng):
    for t, s, d, note in [(7, 9, 5, "键比查询多"), (4, 4, 3, ""), (1, 1, 2, "只有一个向量")]:
        yield case(normal(rng, t, d), normal(rng, s, d), normal(rng, d), note=note)


@exercise(
    "ch17.additive_score", title="additive 分数，不用循环", cases=_additive_cases, forbid=("loop",)
)
def additive_score(q, k, w):
    return torch.tanh(q[:, None, :] + k[None, :, :]) @ w


@additive_score.mistake(
    "少了 tanh。没有它，分数就是 w·q_i + w·k_j：softmax 之后第一项消掉，每个查询得到同样的权重。"
)
def _(q, k, w):
    return (q[:, None, :] + k[None, :, :]) @ w


@additive_score.mistake("tanh 放错了地方：先 tanh(q_i + k_j)，再与 w 做点积。")
def _(q, k, w):
    return torch.tanh((q[:, None, :] + k[None, :, :]) @ w)


@additive_score.mistake("还差与 w 的点积：tanh 之后是一个 d_k 维的向量，分数要的是一个数。")
def _(q, k, w):
    return torch.tanh(q[:, None, :] + k[None, :, :])


@additive_score.mistake("tanh 之后你把各维直接相加了，应当用 w 加权相加。")
def _(q, k, w):
    return torch.tanh(q[:, None, :] + k[None, :, :]).sum(-1)


# ---------------------------------------------------------------- 练习 3：每个头的贡献


def _contribution_cases(rng):
    for b, h, t, d, note in [
        (2, 3, 5, 4, ""),
        (1, 2, 4, 3, "一批一个"),
        (3, 1, 2, 5, "只有一个头"),
    ]:
        yield case(normal(rng, b, h, t, d), normal(rng, h * d, h * d), note=note)


@exercise("ch17.contributions", title="每个头贡献了多少", cases=_contribution_cases)
def contributions(heads, W_o):
    blocks = W_o.unflatten(1, (heads.shape[1], -1))  # (D, h, d)：第 m 个头用第 m 段的列
    return torch.einsum("bhtd,ohd->bhto", heads, blocks)


@contributions.mistake(
    "W_o 要按列切：输出是 joined @ W_o.T，第 m 个头碰到的是 W_o 的第 m 段列。你切的是行。"
)
def _(heads, W_o):
    return contributions.reference(heads, W_o.T)


@contributions.mistake("每个头用的是 W_o 里连续的一段列：第 0 个头用前 D/h 列。你隔 h 列取了一列。")
def _(heads, W_o):
    return torch.einsum("bhtd,odh->bhto", heads, W_o.unflatten(1, (-1, heads.shape[1])))


@contributions.mistake("各头的贡献要分开返回，你已经把它们加起来了。")
def _(heads, W_o):
    return contributions.reference(heads, W_o).sum(1)


# ---------------------------------------------------------------- 练习 4：因果窗口


def _window_cases(rng):
    yield case(6, 2)
    yield case(5, 1, note="只看自己和前一个")
    yield case(4, 0, note="只看自己")
    yield case(3, 10, note="窗口比序列还长")


def _offset(n):
    i = torch.arange(n)
    return i[:, None] - i[None, :]


@exercise("ch17.causal_window", title="只看过去的窗口", cases=_window_cases)
def causal_window(n, window):
    return (_offset(n) >= 0) & (_offset(n) <= window)


@causal_window.mistake(
    "看向了未来：行是查询 i，列是键 j，只许看过去就是 j ≤ i。把 i − j 和 j − i 对调。"
)
def _(n, window):
    return causal_window.reference(n, window).T


@causal_window.mistake(
    "窗口少了一格：往前看 window 步，就是 i − j ≤ window，要含等号，加上自己共 window + 1 格。"
)
def _(n, window):
    return (_offset(n) >= 0) & (_offset(n) < window)


@causal_window.mistake(
    "True 和 False 反了：这里和 `F.scaled_dot_product_attention` 一样，True 表示可以看。"
)
def _(n, window):
    return ~causal_window.reference(n, window)


@causal_window.mistake("两边都能看：还要加上 j ≤ i，未来的位置一律不许看。")
def _(n, window):
    return _offset(n).abs() <= window


@causal_window.mistake("窗口没有起作用：除了不看未来，也不能看 window 步以前的位置。")
def _(n, window):
    return _offset(n) >= 0


# ---------------------------------------------------------------- 练习 5：另一种配对的旋转编码


def _half_cases(rng):
    for t, d, base, note in [(6, 8, 10000.0, ""), (9, 4, 100.0, ""), (3, 2, 50.0, "只有一对")]:
        yield case(normal(rng, t, d), base, note=note)


def _turn(x, base, sign=1, exponent=2):
    T, D = x.shape
    m = torch.arange(D // 2, dtype=x.dtype)
    angle = sign * torch.arange(T, dtype=x.dtype)[:, None] * base ** (-exponent * m / D)
    first, second = x[:, : D // 2], x[:, D // 2 :]
    turned = first * angle.cos() - second * angle.sin(), second * angle.cos() + first * angle.sin()
    return torch.cat(turned, dim=-1)


@exercise("ch17.rotate_half", title="另一种配对的旋转编码", cases=_half_cases)
def rotate_half(x, base):
    return _turn(x, base)


@rotate_half.mistake("转的方向反了：前一半是 x cosθ − y sinθ，后一半是 y cosθ + x sinθ。")
def _(x, base):
    return _turn(x, base, sign=-1)


@rotate_half.mistake(
    "你把相邻的两维配成了一对（本章 `rotate` 的做法）。这一题是第 m 维与第 m + D/2 维一对。"
)
def _(x, base):
    D = x.shape[1]
    return (
        _turn(x.unflatten(1, (-1, 2)).mT.flatten(1), base).unflatten(1, (2, D // 2)).mT.flatten(1)
    )


@rotate_half.mistake("指数少了系数 2：第 m 对的频率是 base^(−2m/D)，你用了 base^(−m/D)。")
def _(x, base):
    return _turn(x, base, exponent=1)


@rotate_half.mistake("位置从 0 数起：第 0 行不转。你从 1 数起了。")
def _(x, base):
    return _turn(torch.cat([x[:1], x]), base)[1:]


# ---------------------------------------------------------------- 练习 6：softmax 的反向


def _backward_cases(rng):
    for *shape, note in [(5, ""), (3, 4, "三行权重"), (2, 3, 4, "一批两张权重")]:
        p = torch.softmax(2 * normal(rng, *shape), dim=-1)
        yield case(p, normal(rng, *shape), note=note)


@exercise("ch17.softmax_backward", title="softmax 的反向传播", cases=_backward_cases)
def softmax_backward(p, g):
    return p * (g - (p * g).sum(-1, keepdim=True))


@softmax_backward.mistake(
    "这只用了雅可比矩阵的对角线。改一个分数，同一行的所有权重都会变：还有 −p_i p_j 的那些项。"
)
def _(p, g):
    return p * (1 - p) * g


@softmax_backward.mistake("少减了一项：同一行的加权平均 Σ p_j g_j。分数整体加一个常数，权重不变。")
def _(p, g):
    return p * g


@softmax_backward.mistake("减去的应当是以 p 为权重的平均 Σ p_j g_j，不是普通的平均。")
def _(p, g):
    return p * (g - g.mean(-1, keepdim=True))


@softmax_backward.mistake(
    "Σ p_j g_j 应当在每一行里各自求和（`sum(-1, keepdim=True)`），你把全部的数加在了一起。"
)
def _(p, g):
    return p * (g - (p * g).sum())


# ---------------------------------------------------------------- 练习 7：交叉注意力的运算量


def _cross_cases(rng):
    yield case(128, 100, 64)
    yield case(10, 300, 256, note="查询少，键多")
    yield case(1000, 7, 32, note="查询多，键少")


@exercise("ch17.cross_flops", title="交叉注意力的运算量", cases=_cross_cases)
def cross_flops(n, m, d_model):
    return 4 * (n + m) * d_model**2 + 4 * n * m * d_model


@cross_flops.mistake("W^k、W^v 作用在另一串的 m 个向量上，你都按 n 个算了；分数矩阵也是 n × m。")
def _(n, m, d_model):
    return 8 * n * d_model**2 + 4 * n**2 * d_model


@cross_flops.mistake("线性变换的账错了：W^q、W^O 作用在 n 个向量上，W^k、W^v 作用在 m 个上。")
def _(n, m, d_model):
    return 8 * n * d_model**2 + 4 * n * m * d_model


@cross_flops.mistake("漏了 W^O：它作用在 n 个输出上。")
def _(n, m, d_model):
    return (2 * n + 4 * m) * d_model**2 + 4 * n * m * d_model


@cross_flops.mistake("漏了一次乘法：Q Kᵀ 要 2nmd，权重乘 V 还要 2nmd。")
def _(n, m, d_model):
    return 4 * (n + m) * d_model**2 + 2 * n * m * d_model


@cross_flops.mistake(
    "你数的是“乘加”的次数。一次乘加是一次乘法和一次加法，按 FLOP（浮点运算）数要再乘 2。"
)
def _(n, m, d_model):
    return 2 * (n + m) * d_model**2 + 2 * n * m * d_model
