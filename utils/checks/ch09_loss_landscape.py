"""第 9 章《损失地形：临界点、batch 与动量》的练习检查。"""

import math

import torch

from utils.checks import case, exercise, normal


def _symmetric(rng, n: int) -> torch.Tensor:
    A = normal(rng, n, n)
    return (A + A.T) / 2


# ---------------------------------------------------------------- 练习 1：只看三个数


def _kind_cases(rng):
    for entries, note in [
        ((2.0, 0.5, 1.0), "对角元都是正的，h12 很小"),
        ((1.0, 2.0, 1.0), "对角元都是正的，h12 很大"),
        ((-3.0, 1.0, -1.0), "对角元都是负的，h12 不大"),
        ((-1.0, 1.5, -2.0), "对角元都是负的，h12 很大"),
        ((1.0, 0.0, -4.0), "对角元一正一负"),
        ((4.0, 2.0, 1.0), "行列式是零，对角元是正的"),
        ((-1.0, 2.0, -4.0), "行列式是零，对角元是负的"),
        ((0.0, -2.0, 0.0), "对角元都是零"),
        ((0.0, 0.0, 3.0), "一行全是零"),
        ((0.0, 0.0, 0.0), "全是零"),
    ]:
        yield case(*entries, note=note)


@exercise(
    "ch09.kind",
    title="只看三个数",
    cases=_kind_cases,
    forbid=("eigvals", "eigvalsh", "eig", "eigh", "roots"),
)
def kind_of_point(h11, h12, h22):
    det = h11 * h22 - h12**2
    if det < 0:
        return "鞍点"
    if det == 0:
        return "下不了结论"
    return "极小" if h11 > 0 else "极大"


@kind_of_point.mistake("只看对角元，漏掉了两个参数一起动的方向：h12 够大时，对角元同号也是鞍点。")
def _(h11, h12, h22):
    if h11 * h22 < 0:
        return "鞍点"
    if h11 * h22 == 0:
        return "下不了结论"
    return "极小" if h11 > 0 else "极大"


@kind_of_point.mistake("行列式是零，说明有一个特征值是零，又没有异号的：这时下不了结论。")
def _(h11, h12, h22):
    if h11 * h22 - h12**2 <= 0:
        return "鞍点"
    return "极小" if h11 > 0 else "极大"


@kind_of_point.mistake("行列式是正的，只说明两个特征值同号：是极小还是极大，要看对角元的符号。")
def _(h11, h12, h22):
    det = h11 * h22 - h12**2
    return "鞍点" if det < 0 else "下不了结论" if det == 0 else "极小"


@kind_of_point.mistake("两个特征值的乘积是 h11·h22 − h12²，h12 要平方。")
def _(h11, h12, h22):
    det = h11 * h22 - h12
    if det < 0:
        return "鞍点"
    if det == 0:
        return "下不了结论"
    return "极小" if h11 > 0 else "极大"


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


# ---------------------------------------------------------------- 练习 4：从路线反推梯度


def _path_cases(rng):
    for n, steps, lr, note in [(3, 7, 0.1, ""), (2, 1, 0.3, "只走一步"), (4, 20, 0.05, "")]:
        mu, g = float(rng.uniform(0.3, 0.95)), normal(rng, steps, n)
        m, path = torch.zeros(n, dtype=torch.float64), [normal(rng, n)]
        for g_t in g:
            m = mu * m - lr * g_t
            path.append(path[-1] + m)
        yield case(torch.stack(path), lr, mu, note=note)


def _back_to_gradients(path, lr, momentum):
    moved = path[1:] - path[:-1]
    before = torch.cat([torch.zeros_like(moved[:1]), moved[:-1]])
    return (momentum * before - moved) / lr


@exercise("ch09.gradients", title="从路线反推梯度", cases=_path_cases)
def gradients_of_path(path, lr, momentum):
    return _back_to_gradients(path, lr, momentum)


@gradients_of_path.mistake("位移里还有上一步位移的 μ 倍，要先减掉，剩下的才是 −η 乘梯度。")
def _(path, lr, momentum):
    return -(path[1:] - path[:-1]) / lr


@gradients_of_path.mistake("符号反了：θ 是逆着梯度走的，位移 = μ × 上一步的位移 − η × 梯度。")
def _(path, lr, momentum):
    return -_back_to_gradients(path, lr, momentum)


@gradients_of_path.mistake("题目里的 m 是加权和，梯度前面没有乘 1 − μ。")
def _(path, lr, momentum):
    return _back_to_gradients(path, lr, momentum) / (1 - momentum)


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


@best_momentum.mistake("最缓方向找对了，不过临界动量是 (1 − √(ηκ))²，不要忘了平方。")
def _(curvatures, lr):
    rate = 1 - torch.sqrt(lr * curvatures.min())
    return rate, rate


@best_momentum.mistake("μ 对了，缩小倍数不对：重根是 √μ，不是 μ。")
def _(curvatures, lr):
    rate = 1 - torch.sqrt(lr * curvatures.min())
    return rate**2, rate**2


@best_momentum.mistake("不要忘了根号：令判别式 (1 + μ − ηκ)² − 4μ 等于零，解出 μ = (1 − √(ηκ))²。")
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
