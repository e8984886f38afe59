"""第 5 章《神经网络：从感知机到多层网络》的练习检查。"""

import itertools

import torch
from torch.nn import functional as F

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
        f"输入 {[int(v) for v in x]}": int(torch.tensor(x, dtype=torch.float64) @ w + b >= 0)
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


# ---------------------------------------------------------------- 练习 2：数参数


def _count_cases(rng):
    yield case([40, 100, 100, 10])
    yield case([64, 10], note="没有隐藏层")
    yield case([2, 3, 1])
    yield case([1, 5, 4, 3, 2])


@exercise("ch05.count", title="数参数", cases=_count_cases)
def count_parameters(sizes):
    return sum((n_in + 1) * n_out for n_in, n_out in itertools.pairwise(sizes))


@count_parameters.mistake("漏了偏置：每层的每个神经元各有一个。")
def _(sizes):
    return sum(n_in * n_out for n_in, n_out in itertools.pairwise(sizes))


@count_parameters.mistake("输入层不做计算，没有偏置：偏置的个数是除输入层以外各层大小之和。")
def _(sizes):
    return sum(n_in * n_out for n_in, n_out in itertools.pairwise(sizes)) + sum(sizes)


@count_parameters.mistake("n_in 个到 n_out 个的一层，偏置有 n_out 个，不是 n_in 个。")
def _(sizes):
    return sum(n_in * (n_out + 1) for n_in, n_out in itertools.pairwise(sizes))


@count_parameters.mistake("每个神经元一个偏置，不是每层一个。")
def _(sizes):
    return sum(n_in * n_out + 1 for n_in, n_out in itertools.pairwise(sizes))


@count_parameters.mistake("漏了输出层：从最后一个隐藏层到输出层也有权重和偏置。")
def _(sizes):
    return sum((n_in + 1) * n_out for n_in, n_out in itertools.pairwise(sizes[:-1]))


# ---------------------------------------------------------------- 练习 3：感知机的一轮


def _pass_cases(rng):
    for n, d, start, note in [(12, 3, 0.0, "从零出发"), (20, 4, 1.0, ""), (30, 2, 0.3, "")]:
        labels = torch.as_tensor(rng.choice([-1.0, 1.0], size=n))
        yield case(start * normal(rng, d), normal(rng, n, d), labels, note=note)
    X = torch.tensor([[2.0, 1.0], [1.0, -1.0]], dtype=torch.float64)
    w, y = torch.tensor([2.0, 2.0], dtype=torch.float64), torch.ones(2, dtype=torch.float64)
    yield case(w, X, y, note="有一个样本正好在边界上")


@exercise("ch05.perceptron", title="感知机的一轮", cases=_pass_cases)
def one_pass(w, X, y):
    mistakes = 0
    for x_n, y_n in zip(X, y, strict=True):
        if y_n * (w @ x_n) <= 0:
            w = w + y_n * x_n
            mistakes += 1
    return w, mistakes


@one_pass.mistake(
    "正好在边界上（y·wᵀx = 0）也算错：条件是小于等于 0。从零出发时，少了等号就永远不会动。"
)
def _(w, X, y):
    mistakes = 0
    for x_n, y_n in zip(X, y, strict=True):
        if y_n * (w @ x_n) < 0:
            w, mistakes = w + y_n * x_n, mistakes + 1
    return w, mistakes


@one_pass.mistake("后面的样本要用更新过的 w 来判断；你是用一开始的 w 一次判断了全部样本。")
def _(w, X, y):
    wrong = y * (X @ w) <= 0
    return w + (y[wrong, None] * X[wrong]).sum(0), int(wrong.sum())


@one_pass.mistake("更新的方向反了：应当加上 y·x，挪完以后 y·wᵀx 才会变大。")
def _(w, X, y):
    mistakes = 0
    for x_n, y_n in zip(X, y, strict=True):
        if y_n * (w @ x_n) <= 0:
            w, mistakes = w - y_n * x_n, mistakes + 1
    return w, mistakes


@one_pass.mistake("更新里漏了标签 y：标签是 −1 的样本要减去 x。")
def _(w, X, y):
    mistakes = 0
    for x_n, y_n in zip(X, y, strict=True):
        if y_n * (w @ x_n) <= 0:
            w, mistakes = w + x_n, mistakes + 1
    return w, mistakes


@one_pass.mistake("没错就不动：只有 y·wᵀx ≤ 0 的样本才更新。")
def _(w, X, y):
    return w + (y[:, None] * X).sum(0), len(y)


# ---------------------------------------------------------------- 练习 4：用 ReLU 拼折线


def _relu_cases(rng):
    for n in (2, 4, 9):
        knots = torch.as_tensor(rng.uniform(0.2, 2.0, size=n)).cumsum(0) - 3
        yield case(knots, normal(rng, n), note="只有一段" if n == 2 else "")


def _slopes(knots, values):
    return values.diff() / knots.diff()


def _padded(slopes):
    zero = slopes.new_zeros(1)
    return torch.cat([zero, slopes, zero])


@exercise("ch05.relu_sum", title="用 ReLU 拼折线", cases=_relu_cases)
def relu_coefficients(knots, values):
    return _padded(_slopes(knots, values)).diff()


@relu_coefficients.mistake(
    "这是各段的斜率。ReLU 打开以后一直开着，前面的斜率已经在里面了，系数应当是斜率的变化。"
)
def _(knots, values):
    return _padded(_slopes(knots, values))[1:]


@relu_coefficients.mistake("末端没有收住：过了最后一个折点要变回水平，最后一个系数是负的末段斜率。")
def _(knots, values):
    c = _padded(_slopes(knots, values)).diff()
    return torch.cat([c[:-1], c.new_zeros(1)])


@relu_coefficients.mistake("你用的是高度的变化，斜率还要除以这一段的长度。")
def _(knots, values):
    return _padded(values.diff()).diff()


@relu_coefficients.mistake("符号反了：系数是右边的斜率减去左边的斜率。")
def _(knots, values):
    return -_padded(_slopes(knots, values)).diff()


@relu_coefficients.mistake("漏了最后一个折点：K 段折线有 K+1 个折点，要 K+1 个系数。")
def _(knots, values):
    return _padded(_slopes(knots, values)).diff()[:-1]


# ---------------------------------------------------------------- 练习 5：PReLU 的反向


def _prelu_cases(rng):
    for shape, alpha in [((6,), 0.25), ((5, 4), 1.5), ((3, 2, 4), -0.7)]:
        yield case(normal(rng, *shape), alpha, normal(rng, *shape))


@exercise("ch05.prelu", title="PReLU 的反向", cases=_prelu_cases)
def prelu_backward(z, alpha, upstream):
    return torch.where(z < 0, alpha * upstream, upstream), (upstream * z.clamp(max=0)).sum()


@prelu_backward.mistake("dα 要乘上游的梯度 ∂L/∂a：链式法则的那一环不能少。")
def _(z, alpha, upstream):
    return torch.where(z < 0, alpha * upstream, upstream), z.clamp(max=0).sum()


@prelu_backward.mistake("dα 只来自 z < 0 的地方：z > 0 时输出里没有 α。")
def _(z, alpha, upstream):
    return torch.where(z < 0, alpha * upstream, upstream), (upstream * z).sum()


@prelu_backward.mistake("所有元素共用一个 α，它的梯度要把各处的贡献加起来，是一个数。")
def _(z, alpha, upstream):
    return torch.where(z < 0, alpha * upstream, upstream), upstream * z.clamp(max=0)


@prelu_backward.mistake("dα 是求和，不是平均：平均不平均由 loss 决定，已经在上游的梯度里了。")
def _(z, alpha, upstream):
    return torch.where(z < 0, alpha * upstream, upstream), (upstream * z.clamp(max=0)).mean()


@prelu_backward.mistake("dz 要乘上游的梯度：你给出的只是斜率。")
def _(z, alpha, upstream):
    slope = torch.where(z < 0, torch.full_like(z, alpha), torch.ones_like(z))
    return slope, (upstream * z.clamp(max=0)).sum()


@prelu_backward.mistake("负半轴的 dz 不是零：斜率是 α。")
def _(z, alpha, upstream):
    return upstream * (z > 0), (upstream * z.clamp(max=0)).sum()


# ---------------------------------------------------------------- 练习 6：两层网络的反向


def _backward_cases(rng):
    for n, d, h, c, note in [(7, 5, 6, 3, ""), (1, 3, 4, 2, "只有一个样本"), (20, 4, 9, 5, "")]:
        y = torch.as_tensor(rng.integers(c, size=n))
        parts = normal(rng, h, d), normal(rng, h), normal(rng, c, h), normal(rng, c)
        yield case(normal(rng, n, d), y, *parts, note=note)


def _gradients(X, y, W1, b1, W2, b2, *, mask=True):
    Z = X @ W1.T + b1
    A = Z.clamp(min=0)
    delta = ((A @ W2.T + b2).softmax(1) - F.one_hot(y, len(b2))) / len(y)
    hidden = delta @ W2
    if mask:
        hidden = hidden * (Z > 0)
    return hidden.T @ X, hidden.sum(0), delta.T @ A, delta.sum(0)


@exercise("ch05.backward", title="两层网络的反向", cases=_backward_cases, forbid=("autograd",))
def two_layer_gradients(X, y, W1, b1, W2, b2):
    return _gradients(X, y, W1, b1, W2, b2)


@two_layer_gradients.mistake("往回穿过 ReLU 时要乘它的斜率：Z ≤ 0 的地方梯度是 0。")
def _(X, y, W1, b1, W2, b2):
    return _gradients(X, y, W1, b1, W2, b2, mask=False)


@two_layer_gradients.mistake("loss 是一批样本的平均，四个梯度都要除以样本数。")
def _(X, y, W1, b1, W2, b2):
    return tuple(len(y) * g for g in _gradients(X, y, W1, b1, W2, b2))


@two_layer_gradients.mistake("偏置的梯度要对样本求和，不是再平均一次：除以样本数已经做过了。")
def _(X, y, W1, b1, W2, b2):
    dW1, db1, dW2, db2 = _gradients(X, y, W1, b1, W2, b2)
    return dW1, db1 / len(y), dW2, db2 / len(y)


@two_layer_gradients.mistake("ReLU 的斜率看的是第一层的 z，不是 logits 传回来的误差的正负。")
def _(X, y, W1, b1, W2, b2):
    Z = X @ W1.T + b1
    A = Z.clamp(min=0)
    delta = ((A @ W2.T + b2).softmax(1) - F.one_hot(y, len(b2))) / len(y)
    hidden = (delta @ W2).clamp(min=0)
    return hidden.T @ X, hidden.sum(0), delta.T @ A, delta.sum(0)


@two_layer_gradients.mistake("第二层权重的梯度要乘激活之后的 A，不是激活之前的 Z。")
def _(X, y, W1, b1, W2, b2):
    dW1, db1, _, db2 = _gradients(X, y, W1, b1, W2, b2)
    Z = X @ W1.T + b1
    delta = ((Z.clamp(min=0) @ W2.T + b2).softmax(1) - F.one_hot(y, len(b2))) / len(y)
    return dW1, db1, delta.T @ Z, db2
