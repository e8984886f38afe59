"""第 6 章《反向传播：高效地算梯度》的练习检查。"""

import itertools
import math

import torch
import torch.nn.functional as F

from utils.checks import case, exercise, normal

# ---------------------------------------------------------------- 练习 1：带温度的起点


def _temperature_cases(rng):
    for n, k, T, note in [
        (6, 3, 2.0, ""),
        (4, 10, 0.5, ""),
        (1, 4, 5.0, "只有一个样本"),
        (5, 3, 1.0, "温度是 1"),
    ]:
        yield case(2 * normal(rng, n, k), torch.as_tensor(rng.integers(0, k, n)), T, note=note)
    z = torch.tensor([[1000.0, 0.0, -1000.0], [-1000.0, 0.0, 1000.0]], dtype=torch.float64)
    yield case(z, torch.tensor([1, 2]), 2.0, note="分数到了 ±1000")


def _gap(z, labels):
    return torch.softmax(z, dim=1) - F.one_hot(labels, z.shape[1]).to(z.dtype)


@exercise("ch06.temperature", title="带温度的起点", cases=_temperature_cases)
def temperature_delta(logits, labels, T):
    return _gap(logits / T, labels) / (len(logits) * T)


@temperature_delta.mistake("这是对 z/T 的导数。z 到 z/T 还有一步，按链式法则再乘 1/T。")
def _(logits, labels, T):
    return _gap(logits / T, labels) / len(logits)


@temperature_delta.mistake("softmax 里的分数也要先除以 T：概率是 softmax(z/T)，不是 softmax(z)。")
def _(logits, labels, T):
    return _gap(logits, labels) / (len(logits) * T)


@temperature_delta.mistake("z/T 对 z 的导数是 1/T，你乘成了 T。")
def _(logits, labels, T):
    return _gap(logits / T, labels) * T / len(logits)


@temperature_delta.mistake("这是没有温度时的起点，loss 里的分数先除以了 T。")
def _(logits, labels, T):
    return _gap(logits, labels) / len(logits)


# ---------------------------------------------------------------- 练习 2：softmax 的反向


def _softmax_cases(rng):
    for n, k, note in [(5, 4, ""), (1, 6, "只有一个样本"), (4, 4, ""), (3, 2, "两类")]:
        yield case(torch.softmax(2 * normal(rng, n, k), dim=1), normal(rng, n, k), note=note)


@exercise("ch06.softmax", title="softmax 的反向", cases=_softmax_cases)
def softmax_backward(p, g):
    return p * (g - (p * g).sum(dim=1, keepdim=True))


@softmax_backward.mistake(
    "你只用了雅可比矩阵的对角线，等于把 softmax 当成逐元素的函数。z_j 变一点，所有的 p_i 都变。"
)
def _(p, g):
    return p * (1 - p) * g


@softmax_backward.mistake("少了分母的那一份：∂p_i/∂z_j = p_i(1[i=j] − p_j)，第二项也要对 i 求和。")
def _(p, g):
    return p * g


@softmax_backward.mistake("每个样本各自求和：沿类别那一维（`dim=1`），不要把不同的样本加在一起。")
def _(p, g):
    return p * (g - (p * g).sum(dim=0, keepdim=True))


@softmax_backward.mistake("减去的应当是以 p 为权重的平均 Σ p_i g_i，你减的是 g 的普通平均或总和。")
def _(p, g):
    return p * (g - g.mean(dim=1, keepdim=True))


# ---------------------------------------------------------------- 练习 3：门控层


def _gate_cases(rng):
    for n, d, note in [(6, 4, ""), (1, 3, "只有一个样本"), (4, 4, ""), (5, 1, "只有一个神经元")]:
        yield case(normal(rng, n, d), normal(rng, d, d), normal(rng, n, d), note=note)


def _gate_parts(a, W, g):
    gate = torch.sigmoid(a @ W.T)
    return gate, g * a * gate * (1 - gate)


@exercise("ch06.gate", title="门控层的反向", cases=_gate_cases)
def gate_backward(a, W, g):
    gate, delta = _gate_parts(a, W, g)
    return g * gate + delta @ W, delta.T @ a


@gate_backward.mistake("a 到 h 有两条路，你漏了经过门的那一条：a 变了，z 和门的开度也跟着变。")
def _(a, W, g):
    gate, delta = _gate_parts(a, W, g)
    return g * gate, delta.T @ a


@gate_backward.mistake("a 到 h 有两条路，你漏了直接相乘的那一条：∂L/∂a 里还要加上 g·σ(z)。")
def _(a, W, g):
    _, delta = _gate_parts(a, W, g)
    return delta @ W, delta.T @ a


@gate_backward.mistake("直接的那条路上，h 对 a 的导数是门的开度 σ(z)，不是 1。")
def _(a, W, g):
    _, delta = _gate_parts(a, W, g)
    return g + delta @ W, delta.T @ a


@gate_backward.mistake("h 对 z 的导数是 a·σ′(z)：经过门的那条路要乘上门外的 a。")
def _(a, W, g):
    gate, _ = _gate_parts(a, W, g)
    delta = g * gate * (1 - gate)
    return g * gate + delta @ W, delta.T @ a


@gate_backward.mistake("σ 的导数是 σ(z)(1 − σ(z))，你乘的是 σ(z) 本身。")
def _(a, W, g):
    gate, _ = _gate_parts(a, W, g)
    delta = g * a * gate
    return g * gate + delta @ W, delta.T @ a


@gate_backward.mistake(
    "∂L/∂a 里的矩阵转错了：前向是 `a @ W.T`，反向把 δ 乘回来是 `delta @ W`，不再转置。"
)
def _(a, W, g):
    gate, delta = _gate_parts(a, W, g)
    return g * gate + delta @ W.T, delta.T @ a


@gate_backward.mistake("∂L/∂W 转置了：W 的行对应输出，列对应输入，应当是 `delta.T @ a`。")
def _(a, W, g):
    gate, delta = _gate_parts(a, W, g)
    return g * gate + delta @ W, a.T @ delta


# ---------------------------------------------------------------- 练习 4：共享的权重


def _tied_cases(rng):
    for n, note in [(3, ""), (6, ""), (1, "只有一个神经元")]:
        yield case(normal(rng, n, n), normal(rng, n), normal(rng, n), note=note)


def _tied_parts(W, x, g):
    a = torch.tanh(W @ x)
    delta = (1 - a**2) * (W.T @ g)
    return torch.outer(g, a), torch.outer(delta, x)


@exercise("ch06.tied", title="共享权重的梯度", cases=_tied_cases)
def tied_gradient(W, x, g):
    return sum(_tied_parts(W, x, g))


@tied_gradient.mistake("只算了外面那一个 W。里面的 W 是同一个矩阵，它的那一条路也要加上。")
def _(W, x, g):
    return _tied_parts(W, x, g)[0]


@tied_gradient.mistake("只算了里面那一个 W。外面的 W 直接乘 tanh(Wx)，它的那一条路也要加上。")
def _(W, x, g):
    return _tied_parts(W, x, g)[1]


@tied_gradient.mistake("各路相加，不取平均：W 变一点，两处同时跟着变。")
def _(W, x, g):
    return sum(_tied_parts(W, x, g)) / 2


@tied_gradient.mistake("里面那条路要乘 tanh 的导数 1 − tanh²(Wx)。")
def _(W, x, g):
    return torch.outer(g, torch.tanh(W @ x)) + torch.outer(W.T @ g, x)


@tied_gradient.mistake("误差往回传时乘的是转置：∂L/∂a = Wᵀg。")
def _(W, x, g):
    a = torch.tanh(W @ x)
    return torch.outer(g, a) + torch.outer((1 - a**2) * (W @ g), x)


# ---------------------------------------------------------------- 练习 5：计算图的梯度


def _graph_cases(rng):
    for n, density, note in [(6, 0.7, ""), (12, 0.4, ""), (1, 1.0, "只有一个节点"), (5, 1.0, "")]:
        edges = torch.as_tensor(rng.random((n, n)) < density)
        yield case(torch.triu(normal(rng, n, n), diagonal=1) * edges, note=note)


@exercise("ch06.graph", title="计算图上的梯度", cases=_graph_cases)
def graph_gradient(slopes):
    n = len(slopes)
    total = torch.zeros(n, dtype=slopes.dtype)
    total[-1] = 1
    for i in reversed(range(n - 1)):
        total[i] = slopes[i] @ total
    return total


@graph_gradient.mistake(
    "你只算了直接连到最后一个节点的边，经过中间节点的路没有算进来。从最后一个节点往前扫："
    "要用到的都已经算好，沿路相乘，各路相加。从前往后扫时，后面节点的导数还是零。"
)
def _(slopes):
    total = slopes[:, -1].clone()
    total[-1] = 1
    return total


@graph_gradient.mistake("多条路要相加：后来的路把先来的覆盖了，用 `+=` 而不是 `=`。")
def _(slopes):
    n = len(slopes)
    total = torch.zeros(n, dtype=slopes.dtype)
    total[-1] = 1
    for j in reversed(range(n)):
        for i in range(j):
            if slopes[i, j] != 0:
                total[i] = slopes[i, j] * total[j]
    return total


@graph_gradient.mistake(
    "这是每个节点对第一个节点的导数（前向模式）。题目要的是最后一个节点对每个节点的导数。"
)
def _(slopes):
    n = len(slopes)
    total = torch.zeros(n, dtype=slopes.dtype)
    total[0] = 1
    for j in range(1, n):
        total[j] = total @ slopes[:, j]
    return total


# ---------------------------------------------------------------- 练习 6：前向模式


def _jvp_cases(rng):
    for sizes, n, note in [
        ([4, 6, 3], 5, ""),
        ([5, 4, 4, 2], 1, "只有一个样本"),
        ([3, 2], 4, "只有一层"),
        ([2, 7, 7, 7, 3], 3, ""),
    ]:
        params = [(normal(rng, b, a), normal(rng, b)) for a, b in itertools.pairwise(sizes)]
        yield case(params, normal(rng, n, sizes[0]), normal(rng, n, sizes[0]), note=note)


def _jvp(params, x, v, *, slope=True, bias=False, last=False):
    for layer, (W, b) in enumerate(params):
        x, v = x @ W.T + b, v @ W.T + (b if bias else 0)
        if layer < len(params) - 1 or last:
            x = torch.tanh(x)
            v = (1 - x**2) * v if slope else v
    return x, v


@exercise("ch06.jvp", title="前向模式的自动微分", cases=_jvp_cases, forbid=("autograd",))
def forward_mode(params, x, v):
    return _jvp(params, x, v)


@forward_mode.mistake("ẏ 里漏了激活函数的导数：过 tanh 时，变化率要乘 1 − tanh²(z)。")
def _(params, x, v):
    return _jvp(params, x, v, slope=False)


@forward_mode.mistake("偏置是常数，不随 t 变化：ż = v Wᵀ，不加 b。")
def _(params, x, v):
    return _jvp(params, x, v, bias=True)


@forward_mode.mistake("最后一层不加激活：y 和 ẏ 在那里都不过 tanh。")
def _(params, x, v):
    return _jvp(params, x, v, last=True)


@forward_mode.mistake("这是 f(v) 而不是导数：方向 v 不是另一个输入，它每层只乘 Wᵀ 和当处的斜率。")
def _(params, x, v):
    return _jvp(params, x, v)[0], _jvp(params, v, v)[0]


# ---------------------------------------------------------------- 练习 7：激活检查点


def _checkpoint_cases(rng):
    for n, note in [(100, ""), (16, ""), (50, "不能整除"), (7, ""), (1, "只有一层"), (2, "")]:
        yield case(n, note=note)


def _best(peaks: dict[int, int]) -> tuple[int, int]:
    k = min(peaks, key=lambda k: (peaks[k], k))
    return k, peaks[k]


@exercise("ch06.checkpoint", title="检查点隔几层", cases=_checkpoint_cases)
def best_interval(n_layers):
    return _best({k: math.ceil(n_layers / k) + k - 1 for k in range(1, n_layers + 1)})


@best_interval.mistake("存档点那一层的输入已经存了，段里另外只要 k − 1 份，你多算了一份。")
def _(n_layers):
    return _best({k: math.ceil(n_layers / k) + k for k in range(1, n_layers + 1)})


@best_interval.mistake("层数不能整除时，最后不满的一段也有一个存档点：n / k 要向上取整。")
def _(n_layers):
    return _best({k: n_layers // k + k - 1 for k in range(1, n_layers + 1)})


@best_interval.mistake("这只是存档点的份数。反向时还要把一段里其余各层的输入重算出来，暂时存下。")
def _(n_layers):
    return _best({k: math.ceil(n_layers / k) for k in range(1, n_layers + 1)})


@best_interval.mistake("√n 只是大约的位置，层数不是平方数时要在整数里找：逐个 k 试一遍就行。")
def _(n_layers):
    k = round(math.sqrt(n_layers))
    return k, math.ceil(n_layers / k) + k - 1


@best_interval.mistake("有几个 k 一样好时，题目要最小的那个。")
def _(n_layers):
    peaks = {k: math.ceil(n_layers / k) + k - 1 for k in range(1, n_layers + 1)}
    k = min(peaks, key=lambda k: (peaks[k], -k))
    return k, peaks[k]
