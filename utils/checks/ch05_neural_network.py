"""第 5 章《神经网络：从感知机到多层网络》的练习检查。"""

import itertools

import torch

from utils.checks import RuleBroken, case, exercise, normal

# ---------------------------------------------------------------- 练习 1：至少 k 个


def _at_least_cases(rng):
    yield case(3, 2, note="三个里至少两个：多数表决")
    yield case(2, 1, note="两个里至少一个：或")
    yield case(4, 4, note="全部：与")
    yield case(5, 3)
    yield case(1, 1, note="只有一个输入")


def _try_all(f, n, k):
    """把 2ⁿ 种输入都送进 f 给出的神经元，返回 {输入: 输出}。"""
    neuron = f(n, k)
    if not isinstance(neuron, (tuple, list)) or len(neuron) != 2:
        raise RuleBroken("要返回两个值 `(w, b)`：n 个权重和一个偏置。")
    w, b = torch.as_tensor(neuron[0], dtype=torch.float64), float(neuron[1])
    if w.shape != (n,):
        raise RuleBroken(f"权重的形状应该是 `({n},)`，你的是 `{tuple(w.shape)}`。")
    inputs = itertools.product([0.0, 1.0], repeat=n)
    return {
        f"输入 {[int(v) for v in x]}": float(torch.tensor(x, dtype=torch.float64) @ w + b >= 0)
        for x in inputs
    }


@exercise("ch05.at_least", title="至少 k 个", cases=_at_least_cases, call=_try_all)
def at_least(n, k):
    return torch.ones(n), 0.5 - k


@at_least.mistake("现在不管输入是什么都输出 1：阈值移到左边，b 是负的阈值，看看它的符号。")
def _(n, k):
    return torch.ones(n), k - 0.5


@at_least.mistake("多要了一个：正好 k 个 1 的时候，z 应当大于或等于 0。")
def _(n, k):
    return torch.ones(n), -k - 0.5


@at_least.mistake("少要了一个：k − 1 个 1 的时候 z 应当小于 0，而 step(0) 是 1。")
def _(n, k):
    return torch.ones(n), 1.0 - k


@at_least.mistake("这只是“或”：阈值要随 k 变。")
def _(n, k):
    return torch.ones(n), -0.5


@at_least.mistake("这只是“与”，要求全部是 1：阈值应当由 k 决定，不是由 n。")
def _(n, k):
    return torch.ones(n), 0.5 - n


# ---------------------------------------------------------------- 练习 2：预算之内能有多宽


def _widest_cases(rng):
    yield case(40, 10, 2, 15210, note="正好用完预算")
    yield case(64, 10, 1, 1000, note="只有一个隐藏层")
    yield case(2, 1, 3, 200)
    yield case(5, 4, 4, 10, note="一个也放不下")


def _largest(count, budget):
    """count(m) 随 m 增长；返回 count(m) 不超过 budget 的最大的 m。"""
    return next(m for m in itertools.count() if count(m + 1) > budget)


@exercise("ch05.widest", title="预算之内能有多宽", cases=_widest_cases)
def widest(n_in, n_out, depth, budget):
    return _largest(lambda m: (n_in + 1) * m + (depth - 1) * (m + 1) * m + (m + 1) * n_out, budget)


@widest.mistake("漏了偏置：每层的每个神经元各有一个。")
def _(n_in, n_out, depth, budget):
    return _largest(lambda m: n_in * m + (depth - 1) * m * m + m * n_out, budget)


@widest.mistake(
    "depth 个隐藏层之间只有 depth − 1 次连接：头一个隐藏层接的是输入，权重是 n_in·m 个。"
)
def _(n_in, n_out, depth, budget):
    return _largest(lambda m: (n_in + 1) * m + depth * (m + 1) * m + (m + 1) * n_out, budget)


@widest.mistake("漏了输出层：从最后一个隐藏层到输出层也有权重和偏置。")
def _(n_in, n_out, depth, budget):
    return _largest(lambda m: (n_in + 1) * m + (depth - 1) * (m + 1) * m, budget)


@widest.mistake("正好用完预算也算不超过：条件是小于等于。")
def _(n_in, n_out, depth, budget):
    return _largest(
        lambda m: (n_in + 1) * m + (depth - 1) * (m + 1) * m + (m + 1) * n_out, budget - 1
    )


@widest.mistake("多了一个：你返回的是第一个超出预算的宽度。")
def _(n_in, n_out, depth, budget):
    return 1 + _largest(
        lambda m: (n_in + 1) * m + (depth - 1) * (m + 1) * m + (m + 1) * n_out, budget
    )


# ---------------------------------------------------------------- 练习 3：平均感知机


def _averaged_cases(rng):
    for n, d, start, note in [(12, 3, 0.0, "从零出发"), (20, 4, 1.0, ""), (30, 2, 0.3, "")]:
        labels = torch.as_tensor(rng.choice([-1.0, 1.0], size=n))
        yield case(start * normal(rng, d), normal(rng, n, d), labels, note=note)
    X = torch.tensor([[2.0, 1.0], [1.0, -1.0]], dtype=torch.float64)
    w, y = torch.tensor([2.0, 2.0], dtype=torch.float64), torch.ones(2, dtype=torch.float64)
    yield case(w, X, y, note="有一个样本正好在边界上")


def _states(w, X, y, *, strict=False):
    """看完每个样本之后的 w，(N, D)。"""
    states = []
    for x_n, y_n in zip(X, y, strict=True):
        score = y_n * (w @ x_n)
        if score < 0 or (score == 0 and not strict):
            w = w + y_n * x_n
        states.append(w)
    return torch.stack(states)


@exercise("ch05.averaged", title="平均感知机", cases=_averaged_cases)
def averaged_perceptron(w, X, y):
    return _states(w, X, y).mean(0)


@averaged_perceptron.mistake("返回的是最后的 w：题目要的是看完每个样本之后的 w 的平均。")
def _(w, X, y):
    return _states(w, X, y)[-1]


@averaged_perceptron.mistake("没犯错的样本也要把当时的 w 算进去：w 待得越久，分量越重。")
def _(w, X, y):
    states = _states(w, X, y)
    moved = (torch.cat([w[None], states[:-1]]) != states).any(1)
    return states[moved].mean(0)


@averaged_perceptron.mistake("先更新，再把 w 加进总和：你加的是看这个样本之前的 w。")
def _(w, X, y):
    return torch.cat([w[None], _states(w, X, y)[:-1]]).mean(0)


@averaged_perceptron.mistake("起点不算：只平均看完第 1 个到第 N 个样本之后的 N 个 w。")
def _(w, X, y):
    return torch.cat([w[None], _states(w, X, y)]).mean(0)


@averaged_perceptron.mistake(
    "正好在边界上（y·wᵀx = 0）也算错：条件是小于等于 0。从零出发时，少了等号就永远不会动。"
)
def _(w, X, y):
    return _states(w, X, y, strict=True).mean(0)


# ---------------------------------------------------------------- 练习 4：凸折线交给 Maxout


def _convex_cases(rng):
    for n in (2, 4, 9):
        knots = torch.as_tensor(rng.uniform(0.2, 2.0, size=n)).cumsum(0) - 3
        slopes = normal(rng, n - 1).sort().values
        values = torch.cat([normal(rng, 1), slopes * knots.diff()]).cumsum(0)
        yield case(knots, values, note="只有一段" if n == 2 else "")


def _slopes(knots, values):
    return values.diff() / knots.diff()


@exercise("ch05.maxout_lines", title="凸折线交给 Maxout", cases=_convex_cases)
def maxout_lines(knots, values):
    w = _slopes(knots, values)
    return w, values[:-1] - w * knots[:-1]


@maxout_lines.mistake("截距是直线在 x = 0 处的高度，不是这一段左端的高度：还要减去 w·t。")
def _(knots, values):
    return _slopes(knots, values), values[:-1]


@maxout_lines.mistake("截距的符号反了：直线过 (t, v)，所以 b = v − w·t。")
def _(knots, values):
    w = _slopes(knots, values)
    return w, values[:-1] + w * knots[:-1]


@maxout_lines.mistake("算截距时折点和高度没有取自同一端：左端配左端，或者右端配右端。")
def _(knots, values):
    w = _slopes(knots, values)
    return w, values[1:] - w * knots[:-1]


@maxout_lines.mistake("你用的是高度的变化，斜率还要除以这一段的长度。")
def _(knots, values):
    w = values.diff()
    return w, values[:-1] - w * knots[:-1]


# ---------------------------------------------------------------- 练习 5：Swish 的反向


def _swish_cases(rng):
    for shape, beta in [((6,), 0.5), ((5, 4), 1.5), ((3, 2, 4), -0.7)]:
        yield case(normal(rng, *shape), beta, normal(rng, *shape))
    z = torch.tensor([-1000.0, 1000.0, 0.0], dtype=torch.float64)
    yield case(z, 2.0, normal(rng, 3), note="z 到了 ±1000")


def _bend(z, beta):
    s = torch.sigmoid(beta * z)
    return s, s * (1 - s)


@exercise("ch05.swish", title="Swish 的反向", cases=_swish_cases, forbid=("autograd",))
def swish_backward(z, beta, upstream):
    s, slope = _bend(z, beta)
    return upstream * (s + beta * z * slope), (upstream * z**2 * slope).sum()


@swish_backward.mistake("z 出现了两次，要用乘法的求导法则：σ(βz) 里的 z 也要求导。")
def _(z, beta, upstream):
    s, slope = _bend(z, beta)
    return upstream * s, (upstream * z**2 * slope).sum()


@swish_backward.mistake("对 σ(βz) 里的 z 求导，链式法则还要带出一个 β。")
def _(z, beta, upstream):
    s, slope = _bend(z, beta)
    return upstream * (s + z * slope), (upstream * z**2 * slope).sum()


@swish_backward.mistake("对 β 求导：外面有一个 z，里面 βz 对 β 的导数又是一个 z，一共两个。")
def _(z, beta, upstream):
    s, slope = _bend(z, beta)
    return upstream * (s + beta * z * slope), (upstream * z * slope).sum()


@swish_backward.mistake("所有元素共用一个 β，它的梯度要把各处的贡献加起来，是一个数。")
def _(z, beta, upstream):
    s, slope = _bend(z, beta)
    return upstream * (s + beta * z * slope), upstream * z**2 * slope


@swish_backward.mistake("dβ 要乘上游的梯度 ∂L/∂a：链式法则的那一环不能少。")
def _(z, beta, upstream):
    s, slope = _bend(z, beta)
    return upstream * (s + beta * z * slope), (z**2 * slope).sum()


@swish_backward.mistake("dz 要乘上游的梯度：你给出的只是斜率。")
def _(z, beta, upstream):
    s, slope = _bend(z, beta)
    return s + beta * z * slope, (upstream * z**2 * slope).sum()


# ---------------------------------------------------------------- 练习 6：带跳接的一层


def _skip_cases(rng):
    for n, h, note in [(7, 5, ""), (1, 3, "只有一个样本"), (20, 4, "")]:
        yield case(
            normal(rng, n, h), normal(rng, h, h), normal(rng, h), normal(rng, n, h), note=note
        )


def _skip(A, W, b, upstream, *, mask=True):
    """(穿过 ReLU 的误差, 从权重那条路回来的 dA)。"""
    delta = upstream * (A @ W.T + b > 0) if mask else upstream
    return delta, delta @ W


@exercise("ch05.skip", title="带跳接的一层", cases=_skip_cases, forbid=("autograd",))
def skip_backward(A, W, b, upstream):
    delta, through = _skip(A, W, b, upstream)
    return upstream + through, delta.T @ A, delta.sum(0)


@skip_backward.mistake("A 走了两条路：跳接那条的导数是 1，要把上游的梯度原样加到 dA 上。")
def _(A, W, b, upstream):
    delta, through = _skip(A, W, b, upstream)
    return through, delta.T @ A, delta.sum(0)


@skip_backward.mistake("往回穿过 ReLU 时要乘它的斜率：Z ≤ 0 的地方梯度是 0。")
def _(A, W, b, upstream):
    delta, through = _skip(A, W, b, upstream, mask=False)
    return upstream + through, delta.T @ A, delta.sum(0)


@skip_backward.mistake("ReLU 只挡住权重那条路，跳接不经过它：加到 dA 上的是没有乘斜率的上游梯度。")
def _(A, W, b, upstream):
    delta, through = _skip(A, W, b, upstream)
    return delta + through, delta.T @ A, delta.sum(0)


@skip_backward.mistake("ReLU 的斜率看的是 Z = AWᵀ + b 的正负，不是这一层的输出（加过 A）的正负。")
def _(A, W, b, upstream):
    delta = upstream * (A + (A @ W.T + b).clamp(min=0) > 0)
    return upstream + delta @ W, delta.T @ A, delta.sum(0)


@skip_backward.mistake("误差往回传乘的是 W，不是它的转置：前向是 A @ W.T。W 是方的，形状看不出来。")
def _(A, W, b, upstream):
    delta, _ = _skip(A, W, b, upstream)
    return upstream + delta @ W.T, delta.T @ A, delta.sum(0)


@skip_backward.mistake("dW 转置了：第 i 行是第 i 个神经元的权重，所以是 deltaᵀ A。")
def _(A, W, b, upstream):
    delta, through = _skip(A, W, b, upstream)
    return upstream + through, A.T @ delta, delta.sum(0)
