"""第 9 章《损失地形：临界点、batch 与动量》的练习检查。"""

import math

import torch

from utils.checks import case, exercise, normal


def _symmetric(rng, n: int) -> torch.Tensor:
    A = normal(rng, n, n)
    return (A + A.T) / 2


# ---------------------------------------------------------------- 练习 1：临界点的类型


def _kind_cases(rng):
    for values, tol, note in [
        ([0.5, 2.0, 3.0], 1e-6, "全是正的"),
        ([-4.0, -1.0], 1e-6, "全是负的"),
        ([-2.0, -0.5, -1.0], 1e-6, "全是负的，奇数个"),
        ([-0.3, 0.0, 2.0], 1e-6, "有正有负，还有零"),
        ([0.0, 1.0, 5.0], 1e-6, "有零，没有负的"),
        ([-3.0, 1e-9], 1e-6, "负的，加一个可以当作零的"),
        ([0.0, 0.0], 1e-6, "全是零"),
        ([-1e-9, 2.0], 1e-6, "正的，加一个可以当作零的"),
        ([1.0, -2.0, 3.0], 1e-8, "没有排过序"),
        ([3.0, 0.05, -0.02, 7.0], 0.1, "tol 很大"),
        ([2.0, -0.3, 0.4], 0.1, "tol 很大，仍有正有负"),
    ]:
        yield case(torch.tensor(values, dtype=torch.float64), tol, note=note)


@exercise("ch09.kind", title="临界点的类型", cases=_kind_cases)
def kind_of_point(values, tol):
    up, down = bool((values > tol).any()), bool((values < -tol).any())
    if up and down:
        return "鞍点"
    if bool((values.abs() <= tol).any()):
        return "下不了结论"
    return "极小" if up else "极大"


@kind_of_point.mistake(
    "不是正定也不是负定，不等于鞍点：没有异号、只是有零的时候（例如 x⁴），二阶的信息下不了结论。"
)
def _(values, tol):
    if bool((values > tol).all()):
        return "极小"
    return "极大" if bool((values < -tol).all()) else "鞍点"


@kind_of_point.mistake("先判断有没有异号：有正有负就一定是鞍点，另外有没有零都不影响。")
def _(values, tol):
    if bool((values.abs() <= tol).any()):
        return "下不了结论"
    up, down = bool((values > tol).any()), bool((values < -tol).any())
    return "鞍点" if up and down else "极小" if up else "极大"


@kind_of_point.mistake("忘了 tol：绝对值小于 tol 的特征值多半是舍入误差，要当作零。")
def _(values, tol):
    up, down = bool((values > 0).any()), bool((values < 0).any())
    if up and down:
        return "鞍点"
    if bool((values == 0).any()):
        return "下不了结论"
    return "极小" if up else "极大"


# ---------------------------------------------------------------- 练习 2：差分的 HVP


def _hvp_cases(rng):
    # h 故意取得大：单边差分与中心差分才分得开
    for n, h, note in [(2, 0.1, ""), (4, 0.15, ""), (1, 0.05, "只有一个参数")]:
        A, theta, v = _symmetric(rng, n), normal(rng, n), normal(rng, n)
        yield case(lambda t, A=A: A @ t + t**3 + t**2, theta, v, h, note=note)


@exercise("ch09.hvp", title="差分的 Hessian-向量积", cases=_hvp_cases, rtol=1e-8)
def hvp_by_difference(grad, theta, v, h):
    return (grad(theta + h * v) - grad(theta - h * v)) / (2 * h)


@hvp_by_difference.mistake("正反两边相距 2h，分母也要是 2h。")
def _(grad, theta, v, h):
    return (grad(theta + h * v) - grad(theta - h * v)) / h


@hvp_by_difference.mistake("这是单边的差分，误差与 h 成正比。正反各走一次，误差才与 h² 成正比。")
def _(grad, theta, v, h):
    return (grad(theta + h * v) - grad(theta)) / h


@hvp_by_difference.mistake("v 不要先变成单位向量：Hv 对 v 是线性的，v 长两倍，结果也要长两倍。")
def _(grad, theta, v, h):
    u = v / v.norm()
    return (grad(theta + h * u) - grad(theta - h * u)) / (2 * h)


# ---------------------------------------------------------------- 练习 3：最多下降多少


def _escape_cases(rng):
    yield case(torch.tensor([[0.0, -2.0], [-2.0, 0.0]], dtype=torch.float64), 0.5)
    for n in (3, 5):
        yield case(_symmetric(rng, n), float(rng.uniform(0.2, 2)))
    tall = torch.diag(torch.tensor([-1.0, 3.0], dtype=torch.float64))
    yield case(tall, 2.0, note="绝对值最大的特征值是正的")
    A = normal(rng, 4, 4)
    yield case(A @ A.T + torch.eye(4, dtype=torch.float64), 1.5, note="正定")


@exercise("ch09.escape", title="最多下降多少", cases=_escape_cases)
def best_decrease(H, radius):
    return 0.5 * torch.linalg.eigvalsh(H)[0].clamp(max=0) * radius**2


@best_decrease.mistake("二阶项前面有 ½：沿单位特征向量走 r，变化是 ½λr²。")
def _(H, radius):
    return torch.linalg.eigvalsh(H)[0].clamp(max=0) * radius**2


@best_decrease.mistake("变化量与半径的平方成正比：d = r·u，dᵀHd = λr²。")
def _(H, radius):
    return 0.5 * torch.linalg.eigvalsh(H)[0].clamp(max=0) * radius


@best_decrease.mistake("H 正定时四周都更高，没有能下降的方向，这时返回 0。")
def _(H, radius):
    return 0.5 * torch.linalg.eigvalsh(H)[0] * radius**2


@best_decrease.mistake("只看对角元，漏掉了几个参数一起动的方向：要用最小的特征值。")
def _(H, radius):
    return 0.5 * torch.diagonal(H).min().clamp(max=0) * radius**2


# ---------------------------------------------------------------- 练习 4：动量


def _momentum_cases(rng):
    for n, steps, lr, note in [(3, 7, 0.1, ""), (2, 1, 0.3, "只走一步"), (4, 20, 0.05, "")]:
        H = torch.diag(torch.as_tensor(rng.uniform(0.2, 2, size=n)))
        start, mu = normal(rng, n), float(rng.uniform(0.3, 0.95))
        yield case(lambda t, H=H: H @ t, start, lr, mu, steps, note=note)


def _momentum_loop(grad, theta, lr, momentum, n_steps, scale=1.0, nesterov=False):
    m = torch.zeros_like(theta)
    for _ in range(n_steps):
        at = theta + momentum * m if nesterov else theta
        m = momentum * m - scale * lr * grad(at)
        theta = theta + m
    return theta


@exercise("ch09.momentum", title="带动量的梯度下降", cases=_momentum_cases)
def momentum_end(grad, theta, lr, momentum, n_steps):
    return _momentum_loop(grad, theta, lr, momentum, n_steps)


@momentum_end.mistake("没有用到动量：m 要保留上一步的 μ 倍，再减去 η 乘梯度。")
def _(grad, theta, lr, momentum, n_steps):
    return _momentum_loop(grad, theta, lr, 0.0, n_steps)


@momentum_end.mistake(
    "这是加权平均（梯度前面多乘了 1 − μ），等效的学习率小了。题目里的 m 是加权和。"
)
def _(grad, theta, lr, momentum, n_steps):
    return _momentum_loop(grad, theta, lr, momentum, n_steps, 1 - momentum)


@momentum_end.mistake("梯度要在当前的 theta 处算。在 theta + μm 处算的是 Nesterov 的写法。")
def _(grad, theta, lr, momentum, n_steps):
    return _momentum_loop(grad, theta, lr, momentum, n_steps, nesterov=True)


@momentum_end.mistake("先更新 m，再用新的 m 更新 theta；你的次序反了，每一步都晚了一拍。")
def _(grad, theta, lr, momentum, n_steps):
    m = torch.zeros_like(theta)
    for _ in range(n_steps):
        g = grad(theta)
        theta = theta + m
        m = momentum * m - lr * g
    return theta


# ---------------------------------------------------------------- 练习 5：最好的动量


def _critical_cases(rng):
    for n, lr, note in [(2, 0.1, ""), (5, 0.02, ""), (1, 0.12, "只有一个方向")]:
        yield case(torch.as_tensor(rng.uniform(0.5, 8, size=n)), lr, note=note)


@exercise("ch09.critical", title="最好的动量", cases=_critical_cases)
def best_momentum(curvatures, lr):
    rate = 1 - torch.sqrt(lr * curvatures.min())
    return rate**2, rate


@best_momentum.mistake("决定快慢的是最缓的方向（最小的曲率），它的临界动量最大。")
def _(curvatures, lr):
    rate = 1 - torch.sqrt(lr * curvatures.max())
    return rate**2, rate


@best_momentum.mistake("最缓方向找对了，不过临界动量是 (1 − √(ηh))²，不要忘了平方。")
def _(curvatures, lr):
    rate = 1 - torch.sqrt(lr * curvatures.min())
    return rate, rate


@best_momentum.mistake("μ 对了，缩小倍数不对：重根是 √μ，不是 μ。")
def _(curvatures, lr):
    rate = 1 - torch.sqrt(lr * curvatures.min())
    return rate**2, rate**2


@best_momentum.mistake("不要忘了根号：令判别式 (1 + μ − ηh)² − 4μ 等于零，解出 μ = (1 − √(ηh))²。")
def _(curvatures, lr):
    rate = 1 - lr * curvatures.min()
    return rate**2, rate


# ---------------------------------------------------------------- 练习 6：训练要多少秒


def _seconds_cases(rng):
    yield case(1000, 64, 3, 0.001, 2e-6, note="最后一批不满")
    yield case(60000, 1, 1, 0.0005, 1e-6, note="一批一个样本")
    yield case(128, 32, 10, 0.002, 1e-5, note="正好整除")
    yield case(50, 50, 4, 0.01, 1e-4, note="一批就是全部")


@exercise("ch09.seconds", title="训练要多少秒", cases=_seconds_cases)
def training_seconds(n_samples, batch_size, n_epochs, overhead, per_sample):
    return n_epochs * (math.ceil(n_samples / batch_size) * overhead + n_samples * per_sample)


@training_seconds.mistake("最后不满的一批也要更新一次：更新次数是 ⌈N/B⌉，要向上取整。")
def _(n_samples, batch_size, n_epochs, overhead, per_sample):
    return n_epochs * (n_samples // batch_size * overhead + n_samples * per_sample)


@training_seconds.mistake(
    "最后一批不满，样本的时间按实有的样本数算：一轮总共 N 个样本，不是 ⌈N/B⌉·B 个。"
)
def _(n_samples, batch_size, n_epochs, overhead, per_sample):
    return n_epochs * math.ceil(n_samples / batch_size) * (overhead + batch_size * per_sample)


@training_seconds.mistake("固定的开销每次更新都要付一次，不是每轮一次。")
def _(n_samples, batch_size, n_epochs, overhead, per_sample):
    return n_epochs * (overhead + n_samples * per_sample)
