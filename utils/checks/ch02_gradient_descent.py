"""第 2 章《线性回归与梯度下降》的练习检查。"""

import math

import torch

from utils.checks import case, exercise


def _normal(rng, *shape: int) -> torch.Tensor:
    """标准正态的 float64 张量。"""
    return torch.as_tensor(rng.normal(size=shape))


def _mse_gradient(X, y, theta):
    return 2 / len(y) * X.T @ (X @ theta - y)


# ---------------------------------------------------------------- 练习 1：数更新的次数


def _update_cases(rng):
    yield case(442, 64, 3)
    yield case(128, 32, 5, note="样本数正好是 batch 大小的整数倍")
    yield case(10, 4, 7)
    yield case(5, 5, 2, note="一批就是全部")
    yield case(9, 1, 1, note="一批一个样本")


@exercise("ch02.updates", title="数一数更新了多少次", cases=_update_cases)
def count_updates(n_samples, batch_size, n_epochs):
    return n_epochs * math.ceil(n_samples / batch_size)


@count_updates.mistake(
    "不满一批的尾巴也要更新一次：442 个样本、每批 64 个，第 7 批只有 58 个，但它也是一批。"
    "`//` 把它丢掉了，应当向上取整。"
)
def _(n_samples, batch_size, n_epochs):
    return n_epochs * (n_samples // batch_size)


@count_updates.mistake(
    "每个 epoch 结束时都要收尾：尾巴不会和下一个 epoch 的样本拼成一批。先对一个 epoch 取整，"
    "再乘 epoch 数。"
)
def _(n_samples, batch_size, n_epochs):
    return math.ceil(n_samples * n_epochs / batch_size)


@count_updates.mistake("你算的是看过多少个样本。一次更新看一批，问的是更新了几次。")
def _(n_samples, batch_size, n_epochs):
    return n_samples * n_epochs


# ---------------------------------------------------------------- 练习 2：均方误差的梯度


def _gradient_cases(rng):
    for n, d, note in [(7, 3, ""), (40, 2, ""), (1, 4, "只有一个样本"), (6, 1, "只有一个参数")]:
        yield case(_normal(rng, n, d), _normal(rng, n), _normal(rng, d), note=note)


@exercise("ch02.gradient", title="均方误差的梯度", cases=_gradient_cases)
def mse_gradient(X, y, theta):
    return _mse_gradient(X, y, theta)


@mse_gradient.mistake(
    "先把残差平均、再乘特征的平均，是不对的：每个样本的残差要先乘上它自己的特征，然后才平均。"
    "`X.T @ 残差` 正好做了“逐个相乘再相加”。"
)
def _(X, y, theta):
    return 2 * (X @ theta - y).mean() * X.mean(0)


@mse_gradient.mistake("这是用到平方之前的残差的平均；梯度里每个残差还要乘上对应的特征。")
def _(X, y, theta):
    return 2 * (X @ theta - y).mean() * torch.ones_like(theta)


# ---------------------------------------------------------------- 练习 3：中心差分


def _difference_cases(rng):
    # h 故意取得大：截断误差看得见，前向和中心才分得开
    yield case(lambda t: (t**4).sum(), _normal(rng, 3), 1e-2)
    yield case(lambda t: torch.exp(t[0]) * torch.sin(t[1]) + t[1] ** 3, _normal(rng, 2), 1e-2)
    yield case(lambda t: torch.sigmoid(3 * t).prod(), _normal(rng, 4), 1e-3)
    yield case(lambda t: torch.cos(2 * t).sum(), _normal(rng, 1), 1e-2, note="只有一个参数")


def _shifted(theta, i, h):
    step = torch.zeros_like(theta)
    step[i] = h
    return theta + step


@exercise("ch02.central_difference", title="用中心差分求梯度", cases=_difference_cases)
def numeric_gradient(f, theta, h):
    pairs = [(_shifted(theta, i, h), _shifted(theta, i, -h)) for i in range(len(theta))]
    return torch.stack([(f(up) - f(down)) / (2 * h) for up, down in pairs])


@numeric_gradient.mistake(
    "这是前向差分：只往前迈了一步，误差和 h 同阶。中心差分两边各迈一步，用 f(θ+he) − f(θ−he)。"
)
def _(f, theta, h):
    return torch.stack([(f(_shifted(theta, i, h)) - f(theta)) / h for i in range(len(theta))])


@numeric_gradient.mistake("两边各迈了一个 h，两点相距 2h：分母应当是 2h，不是 h。")
def _(f, theta, h):
    return 2 * numeric_gradient.reference(f, theta, h)


@numeric_gradient.mistake(
    "你让所有的参数一起动了，这样得到的是沿 (1, 1, …) 方向的变化率。偏导数要求每次只动一个参数，"
    "其余不动。"
)
def _(f, theta, h):
    slope = (f(theta + h) - f(theta - h)) / (2 * h)
    return slope.expand(len(theta))


# ---------------------------------------------------------------- 练习 4：学习率的上限


def _limit_cases(rng):
    for n, d, note in [(20, 3, ""), (50, 6, ""), (8, 1, "只有一个特征"), (4, 6, "样本比特征少")]:
        yield case(_normal(rng, n, d) * 3, note=note)


@exercise("ch02.max_lr", title="学习率的上限", cases=_limit_cases)
def max_lr(X):
    return 2 / torch.linalg.eigvalsh(2 / len(X) * X.T @ X)[-1]


@max_lr.mistake(
    "1/λmax 恰好让最陡的方向一步到底，还不是上限。再大一些会来回跨过最低点，"
    "但 |1 − ηλ| < 1 时仍然收敛。"
)
def _(X):
    return 1 / torch.linalg.eigvalsh(2 / len(X) * X.T @ X)[-1]


@max_lr.mistake(
    "Hessian 是 (2/N)·XᵀX，你用的是 XᵀX：loss 里的“平均”和平方求导带出的 2 都要算进去。"
)
def _(X):
    return 2 / torch.linalg.eigvalsh(X.T @ X)[-1]


@max_lr.mistake(
    "你用了最小的特征值。限制学习率的是最陡的方向，也就是最大的特征值：它最先震荡起来。"
)
def _(X):
    return 2 / torch.linalg.eigvalsh(2 / len(X) * X.T @ X)[0]


@max_lr.mistake(
    "奇异值要平方才是 XᵀX 的特征值。先写出 Hessian，再用 `torch.linalg.eigvalsh` 最不容易错。"
)
def _(X):
    return 2 / (2 / len(X) * torch.linalg.svdvals(X)[0])


@max_lr.mistake(
    "2/迹 不会发散，但不是上限：迹是全部特征值之和，比最大的那个大。要的是最大的一个特征值。"
)
def _(X):
    return 2 / torch.trace(2 / len(X) * X.T @ X)


# ---------------------------------------------------------------- 练习 5：小批量走完一个 epoch


def _epoch_cases(rng):
    for n, d, size, note in [
        (10, 3, 4, "最后一批只有 2 个样本"),
        (12, 2, 3, ""),
        (7, 3, 1, "一批一个样本"),
        (5, 2, 5, "一批就是全部"),
    ]:
        order = torch.as_tensor(rng.permutation(n))
        data = _normal(rng, n, d), _normal(rng, n), _normal(rng, d)
        yield case(*data, 0.05, order, size, note=note)


def _epoch(X, y, theta, lr, batches, gradient=_mse_gradient):
    for rows in batches:
        theta = theta - lr * gradient(X[rows], y[rows], theta)
    return theta


@exercise("ch02.minibatch", title="小批量：走完一个 epoch", cases=_epoch_cases)
def minibatch_epoch(X, y, theta, lr, order, batch_size):
    return _epoch(X, y, theta, lr, order.split(batch_size))


@minibatch_epoch.mistake("没有按 `order` 的次序取样本：第一批应当是 `order[:batch_size]` 这些行。")
def _(X, y, theta, lr, order, batch_size):
    return _epoch(X, y, theta, lr, torch.arange(len(y)).split(batch_size))


@minibatch_epoch.mistake("最后不满一批的样本被丢掉了。切片会自动停在末尾，循环要走到 N 为止。")
def _(X, y, theta, lr, order, batch_size):
    full = [rows for rows in order.split(batch_size) if len(rows) == batch_size]
    return _epoch(X, y, theta, lr, full)


@minibatch_epoch.mistake(
    "最后一批不满时，平均要除以这一批真正的样本数 `len(rows)`，不是 `batch_size`。"
)
def _(X, y, theta, lr, order, batch_size):
    def gradient(X, y, theta):
        return 2 / batch_size * X.T @ (X @ theta - y)

    return _epoch(X, y, theta, lr, order.split(batch_size), gradient)


@minibatch_epoch.mistake(
    "每一批的梯度都在最初的 θ 处算，最后才一起更新：这样小批量就没有意义了。算完一批要马上更新 θ，"
    "下一批的梯度在新的 θ 处算。"
)
def _(X, y, theta, lr, order, batch_size):
    total = sum(_mse_gradient(X[rows], y[rows], theta) for rows in order.split(batch_size))
    return theta - lr * total


@minibatch_epoch.mistake("梯度是这一批的平均，你用了总和：总和会让有效的学习率随 batch 大小变。")
def _(X, y, theta, lr, order, batch_size):
    def gradient(X, y, theta):
        return 2 * X.T @ (X @ theta - y)

    return _epoch(X, y, theta, lr, order.split(batch_size), gradient)


# ---------------------------------------------------------------- 练习 6：标准化


def _scaling_cases(rng):
    for n, m, d in [(30, 10, 3), (20, 5, 1)]:
        scale = torch.as_tensor(10.0 ** rng.uniform(-1, 3, size=d))
        train, test = (_normal(rng, k, d) * scale + 5 * scale for k in (n, m))
        yield case(train, test)
    train, test = _normal(rng, 12, 3), _normal(rng, 4, 3)
    train[:, 1], test[:, 1] = 7.0, 7.5
    yield case(train, test, note="训练集里有一列是常数")


def _zscore(x, mean, std):
    return (x - mean) / torch.where(std > 0, std, 1.0)


@exercise("ch02.standardize", title="标准化，只看训练集", cases=_scaling_cases)
def standardize(train, test):
    mean, std = train.mean(0), train.std(0, unbiased=False)
    return _zscore(train, mean, std), _zscore(test, mean, std)


@standardize.mistake("是减去均值，不是加上：(x − μ)/σ 之后，训练集每一列的均值才是 0。")
def _(train, test):
    mean, std = train.mean(0), train.std(0, unbiased=False)
    return _zscore(train, -mean, std), _zscore(test, -mean, std)


@standardize.mistake(
    "测试集要用训练集的 μ 和 σ。用测试集自己的统计量，等于让每个样本的输入依赖于别的测试样本，"
    "模型见到的也不再是训练时的那把尺子。"
)
def _(train, test):
    return tuple(_zscore(x, x.mean(0), x.std(0, unbiased=False)) for x in (train, test))


@standardize.mistake(
    "把训练集和测试集合在一起算了 μ 和 σ：测试集的信息漏进了训练。只用训练集来算。"
)
def _(train, test):
    both = torch.cat([train, test])
    mean, std = both.mean(0), both.std(0, unbiased=False)
    return _zscore(train, mean, std), _zscore(test, mean, std)


@standardize.mistake(
    "整张表只算了一个 μ 和一个 σ。每个特征的单位不同，要各算各的：`mean(0)` 沿着样本那一维平均。"
)
def _(train, test):
    mean, std = train.mean(), train.std(unbiased=False)
    return _zscore(train, mean, std), _zscore(test, mean, std)


@standardize.mistake("除以了方差。要除以标准差，结果才没有单位，标准差才是 1。")
def _(train, test):
    mean, var = train.mean(0), train.var(0, unbiased=False)
    return _zscore(train, mean, var), _zscore(test, mean, var)


@standardize.mistake(
    "`std` 默认除以 N−1。这里约定除以 N（`unbiased=False`），与 `StandardScaler` 一致。"
    "两者相差很小，但验证时要对得上。"
)
def _(train, test):
    mean, std = train.mean(0), train.std(0)
    return _zscore(train, mean, std), _zscore(test, mean, std)


# ---------------------------------------------------------------- 练习 7：一步走到这条线的最低点


def _line_search_cases(rng):
    for d, note in [(2, ""), (5, ""), (1, "只有一个参数")]:
        A = _normal(rng, d + 3, d)
        yield case(A.T @ A, _normal(rng, d), note=note)


@exercise("ch02.line_search", title="沿负梯度的最佳步长", cases=_line_search_cases)
def best_step(H, g):
    return (g @ g) / (g @ H @ g)


@best_step.mistake(
    "走这么远，loss 又回到了出发时的高度：这是“还能下降”的上限。最低点在它的一半处。"
)
def _(H, g):
    return 2 * (g @ g) / (g @ H @ g)


@best_step.mistake(
    "1/λmax 对任何方向都安全，但通常太保守。把 θ − ηg 代入二次函数，对 η 求导，令导数为零。"
)
def _(H, g):
    return 1 / torch.linalg.eigvalsh(H)[-1]


@best_step.mistake("分子是 gᵀg（长度的平方），你用了长度。检查一下单位：η 的单位应当与 1/H 相同。")
def _(H, g):
    return g.norm() / (g @ H @ g)


@best_step.mistake("分子分母写反了：曲率 gᵀHg 越大，该走的步子越小。")
def _(H, g):
    return (g @ H @ g) / (g @ g)
