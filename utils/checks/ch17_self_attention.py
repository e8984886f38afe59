"""第 17 章《自注意力机制》的练习检查。"""

import math

import torch

from utils.checks import case, exercise, normal

# ---------------------------------------------------------------- 练习 1：缩放点积注意力


def _attention_cases(rng):
    yield case(normal(rng, 5, 3), normal(rng, 5, 3), normal(rng, 5, 3))
    yield case(normal(rng, 4, 6), normal(rng, 7, 6), normal(rng, 7, 2), note="键比查询多")
    yield case(*(normal(rng, 2, 5, 4) for _ in range(3)), note="一批两个序列")
    yield case(*(normal(rng, 2, 3, 6, 4) for _ in range(3)), note="一批两个序列，三个头")


@exercise("ch17.attention", title="缩放点积注意力", cases=_attention_cases, grad=("q", "k", "v"))
def attention(q, k, v):
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    return torch.softmax(scores, dim=-1) @ v


@attention.mistake(
    "忘了缩放：分数要先除以 √d_k，再做 softmax。d_k 是 q 的最后一维，不缩放时 d_k 越大权重越尖。"
)
def _(q, k, v):
    return torch.softmax(q @ k.transpose(-2, -1), dim=-1) @ v


@attention.mistake(
    "缩放用的是 √d_k，你除以了 d_k：点积的方差是 d_k，标准差才是 √d_k，除以它分数的方差才是 1。"
)
def _(q, k, v):
    return torch.softmax(q @ k.transpose(-2, -1) / q.shape[-1], dim=-1) @ v


@attention.mistake(
    "softmax 的方向错了：第 i 行是第 i 个查询的分数，每一行的和应当是 1，所以用 `dim=-1`。"
    "你让每一列的和成了 1。"
)
def _(q, k, v):
    return torch.softmax(q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1]), dim=-2) @ v


@attention.mistake(
    "缩放放晚了：除以 √d_k 要在 softmax 之前。放在之后，权重的和不再是 1，softmax 照样饱和。"
)
def _(q, k, v):
    return torch.softmax(q @ k.transpose(-2, -1), dim=-1) / math.sqrt(q.shape[-1]) @ v


@attention.mistake("漏了 softmax：分数可正可负，要先变成和为 1 的权重，再去加权 v。")
def _(q, k, v):
    return q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1]) @ v


@attention.mistake("返回的是注意力权重。还差最后一步：用它去加权 v。")
def _(q, k, v):
    return torch.softmax(q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1]), dim=-1)


# ---------------------------------------------------------------- 练习 2：列约定


def _column_cases(rng):
    for d, n, d_k, d_v, note in [(6, 4, 3, 5, ""), (3, 7, 2, 3, ""), (4, 1, 2, 2, "只有一个向量")]:
        weights = normal(rng, d_k, d), normal(rng, d_k, d), normal(rng, d_v, d)
        yield case(normal(rng, d, n), *weights, note=note)


@exercise("ch17.column_form", title="按列写的自注意力", cases=_column_cases)
def column_form(inputs, W_q, W_k, W_v):
    A = (W_k @ inputs).T @ (W_q @ inputs)
    return W_v @ inputs @ torch.softmax(A, dim=0)


@column_form.mistake(
    "softmax 沿着行做了。在 A = KᵀQ 里，第 i 列才是第 i 个查询的分数，每一列的和应当是 1："
    "用 `dim=0`。"
)
def _(inputs, W_q, W_k, W_v):
    return W_v @ inputs @ torch.softmax((W_k @ inputs).T @ (W_q @ inputs), dim=1)


@column_form.mistake(
    "A 写成了 QᵀK，查询和键换了位置：按列写时 A = KᵀQ，A[j, i] 是 k_j 与 q_i 的点积。"
)
def _(inputs, W_q, W_k, W_v):
    return W_v @ inputs @ torch.softmax((W_q @ inputs).T @ (W_k @ inputs), dim=0)


@column_form.mistake(
    "O = V A′，不要再转置 A′：A′ 的第 i 列正好是第 i 个输出的权重，V A′ 就是用它们把 v 加起来。"
)
def _(inputs, W_q, W_k, W_v):
    return W_v @ inputs @ torch.softmax((W_k @ inputs).T @ (W_q @ inputs), dim=0).T


@column_form.mistake("这一题按课程的写法，不除以 √d_k。")
def _(inputs, W_q, W_k, W_v):
    A = (W_k @ inputs).T @ (W_q @ inputs) / math.sqrt(len(W_q))
    return W_v @ inputs @ torch.softmax(A, dim=0)


# ---------------------------------------------------------------- 练习 3：additive 分数


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


# ---------------------------------------------------------------- 练习 4：分头


def _split_cases(rng):
    yield case(normal(rng, 2, 5, 12), 3)
    yield case(normal(rng, 1, 4, 8), 4, note="一批一个序列")
    yield case(normal(rng, 3, 2, 6), 1, note="只有一个头")
    yield case(normal(rng, 2, 4, 4), 4, note="每个头一维")


@exercise("ch17.split_heads", title="把向量分给各个头", cases=_split_cases)
def split_heads(x, n_heads):
    return x.unflatten(-1, (n_heads, -1)).transpose(1, 2)


@split_heads.mistake(
    "形状对了，数放错了：一步 `reshape` 成 (B, h, T, D/h) 会把不同位置的数混进同一个向量。"
    "先 `reshape` 成 (B, T, h, D/h)，再交换 T 和 h 两维。"
)
def _(x, n_heads):
    B, T, D = x.shape
    return x.reshape(B, n_heads, T, D // n_heads)


@split_heads.mistake(
    "还差一步：把 (B, T, h, D/h) 的第 1、2 两维交换，让每个头各有一张 (T, D/h) 的表。"
)
def _(x, n_heads):
    return x.unflatten(-1, (n_heads, -1))


@split_heads.mistake(
    "每个头应当拿到连续的一段：第 0 个头拿前 D/h 维。你按 (D/h, h) 拆，成了隔 h 个取一个。"
)
def _(x, n_heads):
    return x.unflatten(-1, (-1, n_heads)).permute(0, 3, 1, 2)


# ---------------------------------------------------------------- 练习 5：因果窗口


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


# ---------------------------------------------------------------- 练习 6：正弦位置编码


def _sinusoid_cases(rng):
    yield case(6, 8, 10000.0)
    yield case(20, 4, 100.0)
    yield case(1, 6, 10000.0, note="只有位置 0")
    yield case(9, 2, 50.0, note="只有一对")


def _angles(n, d_model, base, exponent):
    position = torch.arange(n, dtype=torch.float64)[:, None]
    return position * base ** (-exponent / d_model)


def _even(d_model):
    return torch.arange(0, d_model, 2, dtype=torch.float64)


def _interleave(a, b):
    return torch.stack([a, b], dim=-1).flatten(-2)


@exercise("ch17.sinusoid", title="正弦位置编码", cases=_sinusoid_cases, rtol=1e-4)
def sinusoid(n, d_model, base):
    a = _angles(n, d_model, base, _even(d_model))
    return _interleave(a.sin(), a.cos())


@sinusoid.mistake("sin 和 cos 对调了：第 2m 维是 sin，第 2m+1 维是 cos；位置 0 是 0, 1, 0, 1, …")
def _(n, d_model, base):
    a = _angles(n, d_model, base, _even(d_model))
    return _interleave(a.cos(), a.sin())


@sinusoid.mistake(
    "前一半全是 sin、后一半全是 cos：这样也能用（只差一个排列），但公式要的是 sin、cos 交错排。"
)
def _(n, d_model, base):
    a = _angles(n, d_model, base, _even(d_model))
    return torch.cat([a.sin(), a.cos()], dim=-1)


@sinusoid.mistake("指数少了系数 2：第 m 对的频率是 base^(−2m/d)，你用了 base^(−m/d)。")
def _(n, d_model, base):
    a = _angles(n, d_model, base, _even(d_model) / 2)
    return _interleave(a.sin(), a.cos())


@sinusoid.mistake(
    "同一对里的 sin 和 cos 要用同一个频率。你让每一维都有自己的频率，就不再是旋转了。"
)
def _(n, d_model, base):
    a = _angles(n, d_model, base, torch.arange(d_model, dtype=torch.float64))
    return _interleave(a[:, 0::2].sin(), a[:, 1::2].cos())


@sinusoid.mistake("指数的符号反了：频率要随 m 变小，是 base 的负幂。")
def _(n, d_model, base):
    a = _angles(n, d_model, base, -_even(d_model))
    return _interleave(a.sin(), a.cos())


# ---------------------------------------------------------------- 练习 7：softmax 的反向


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


# ---------------------------------------------------------------- 练习 8：数运算量


def _flops_cases(rng):
    yield case(128, 64, 4)
    yield case(10, 256, 8, note="短序列，宽向量")
    yield case(1000, 32, 1, note="长序列，一个头")


@exercise("ch17.flops", title="多头自注意力的运算量", cases=_flops_cases)
def flops(n, d_model, n_heads):
    return 8 * n * d_model**2 + 4 * n**2 * d_model


@flops.mistake(
    "你数的是“乘加”的次数。一次乘加是一次乘法和一次加法，按 FLOP（浮点运算）数要再乘 2。"
)
def _(n, d_model, n_heads):
    return 4 * n * d_model**2 + 2 * n**2 * d_model


@flops.mistake("漏了一个 N×N 的矩阵乘法：Q Kᵀ 要 2N²d，权重乘 V 还要 2N²d。")
def _(n, d_model, n_heads):
    return 8 * n * d_model**2 + 2 * n**2 * d_model


@flops.mistake("还有四个线性变换（W^q、W^k、W^v、W^O），每个 2Nd²。序列短的时候它们才是大头。")
def _(n, d_model, n_heads):
    return 4 * n**2 * d_model


@flops.mistake("线性变换有四个：W^q、W^k、W^v，还有把各头合起来的 W^O。")
def _(n, d_model, n_heads):
    return 6 * n * d_model**2 + 4 * n**2 * d_model


@flops.mistake("头数乘重了：每个头只有 d/h 维，h 个头合起来的运算量与一个 d 维的头相同。")
def _(n, d_model, n_heads):
    return 8 * n * d_model**2 + 4 * n**2 * d_model * n_heads
