"""第 1 章《机器学习是什么》的练习检查。"""

import torch

from utils.checks import case, exercise, normal

# ---------------------------------------------------------------- 练习 1：平均相对误差


def _pairs(rng):
    for n, note in [(7, "有的标签是负数"), (40, "有的标签是负数"), (1, "只有一个样本")]:
        target = 3 * normal(rng, n)
        target = target + torch.where(target < 0, -1.0, 1.0)  # 离 0 远一些
        yield case(target + normal(rng, n), target, note=note)


@exercise("ch01.relative", title="平均差百分之几", cases=_pairs)
def mean_relative_error(prediction, target):
    return ((prediction - target).abs() / target.abs()).mean()


@mean_relative_error.mistake("这是 MAE：每个误差还要先除以它自己的标签的绝对值，再取平均。")
def _(prediction, target):
    return (prediction - target).abs().mean()


@mean_relative_error.mistake("除的是预测。要除以正确答案（标签），否则预测得越大，错得就显得越少。")
def _(prediction, target):
    return ((prediction - target).abs() / prediction.abs()).mean()


@mean_relative_error.mistake("误差没有取绝对值：猜高的和猜低的会互相抵消。")
def _(prediction, target):
    return ((prediction - target) / target.abs()).mean()


@mean_relative_error.mistake("标签也要取绝对值：有负的标签时，你加进去的是负数。")
def _(prediction, target):
    return ((prediction - target).abs() / target).mean()


@mean_relative_error.mistake("先除、再平均。你先各自取了平均再相除，大的标签就占了更大的份量。")
def _(prediction, target):
    return (prediction - target).abs().mean() / target.abs().mean()


@mean_relative_error.mistake("你乘了 100。题目要的是比例：差百分之五就是 0.05。")
def _(prediction, target):
    return 100 * ((prediction - target).abs() / target.abs()).mean()


# ---------------------------------------------------------------- 练习 2：网格搜索


def _vector(values: list[float]) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def _grid_cases(rng):
    for n, p, q, note in [(20, 7, 5, ""), (9, 4, 9, ""), (30, 6, 6, ""), (8, 5, 1, "只有一个 b")]:
        ws, bs = (torch.as_tensor(rng.permutation(k) * 0.7 - 1.3) for k in (p, q))
        w, b = ws[rng.integers(p)], bs[rng.integers(q)]
        x = normal(rng, n) + 1
        yield case(x, w * x + b + 0.1 * normal(rng, n), ws, bs, note=note)
    x, y, ws, bs = map(_vector, ([0, 1, 2], [0, 1, 5], [1, 2.5], [0, -0.3]))
    yield case(x, y, ws, bs, note="有一个离群的点")
    x, y, ws, bs = map(_vector, ([0, 1, 3], [20, -20, 5], [2, 1, -1], [3, 0]))
    yield case(x, y, ws, bs, note="最小的 loss 也很大")


def _losses(x, y, ws, bs):
    return ((ws[:, None, None] * x + bs[:, None] - y) ** 2).mean(-1)  # (P, Q)


@exercise("ch01.grid_search", title="网格搜索", cases=_grid_cases)
def best_on_grid(x, y, ws, bs):
    i, j = divmod(int(_losses(x, y, ws, bs).argmin()), len(bs))
    return ws[i], bs[j]


@best_on_grid.mistake("你找的是 loss 最大的一对。要的是最小：`argmin`。")
def _(x, y, ws, bs):
    i, j = divmod(int(_losses(x, y, ws, bs).argmax()), len(bs))
    return ws[i], bs[j]


@best_on_grid.mistake(
    "你先固定 b 挑好 w，再固定这个 w 去挑 b。两个参数会互相补偿，要试遍所有的组合。"
)
def _(x, y, ws, bs):
    i = int(_losses(x, y, ws, bs[:1])[:, 0].argmin())
    return ws[i], bs[int(_losses(x, y, ws[i : i + 1], bs)[0].argmin())]


@best_on_grid.mistake("返回的是最小的 loss。题目要的是取到它的那一对参数 `(w, b)`。")
def _(x, y, ws, bs):
    return _losses(x, y, ws, bs).min()


@best_on_grid.mistake("比较的是误差的平均，没有先平方：正负误差会互相抵消，负得最多的反而当选。")
def _(x, y, ws, bs):
    signed = (ws[:, None, None] * x + bs[:, None] - y).mean(-1)
    i, j = divmod(int(signed.argmin()), len(bs))
    return ws[i], bs[j]


# ---------------------------------------------------------------- 练习 3：多备还是少备


def _stock_cases(rng):
    for n, r, note in [(7, 3.0, ""), (11, 1.0, "r = 1"), (5, 9.0, ""), (9, 0.25, "少备更便宜")]:
        yield case(normal(rng, n) ** 2 * 10, r, note=note)
    yield case(_vector([4.5]), 2.0, note="只有一天")
    yield case(torch.as_tensor(rng.permutation([0.0, 0, 0, 1, 30, 31])), 4.0, note="有重复的数")


@exercise("ch01.stock", title="多备还是少备", cases=_stock_cases)
def best_stock(y, r):
    return y.sort().values[int(len(y) * r / (1 + r))]


@best_stock.mistake("这是平均数。代价里没有平方：c 挪一点，每一天只加 1 或减 r，与差多远无关。")
def _(y, r):
    return y.mean()


@best_stock.mistake("这是中位数，只在 r = 1 时对。r 越大，越要多备，最好的 c 越靠右。")
def _(y, r):
    return y.median()


@best_stock.mistake("左右弄反了：少备的代价是 r，r 大的时候，c 应当大于大多数的 y。")
def _(y, r):
    return y.sort().values[int(len(y) / (1 + r))]


@best_stock.mistake("取之前要先排序：你取的只是排在那个位置的一天。")
def _(y, r):
    return y[int(len(y) * r / (1 + r))]


@best_stock.mistake(
    "比例不对。左边的每一天加 1，右边的每一天减 r，两边打平的时候，左边占全部天数的几成？"
)
def _(y, r):
    return y.sort().values[int(len(y) * max(r - 1, 0) / r)]


@best_stock.mistake("你取的是两天之间的插值。L 是折线，最低点在拐角上，也就是恰好在某一个 y 上。")
def _(y, r):
    return torch.quantile(y, r / (1 + r))


# ---------------------------------------------------------------- 练习 4：平行线


def _parallel_cases(rng):
    for n, k, note in [(8, 3, ""), (30, 5, ""), (4, 6, "有的种类一只也没有"), (5, 1, "只有一种")]:
        species = torch.as_tensor(rng.integers(0, min(k, 4), size=n))
        yield case(normal(rng, n), species, k, note=note)


def _onehot(x, species, n_species):
    return torch.nn.functional.one_hot(species, n_species).to(x.dtype)


@exercise("ch01.parallel", title="四条平行线", cases=_parallel_cases)
def parallel_features(x, species, n_species):
    return torch.cat([_onehot(x, species, n_species), x[:, None]], dim=1)


@parallel_features.mistake("次序反了：前面是各个 δ，最后才是斜率要乘的那一列。")
def _(x, species, n_species):
    return torch.cat([x[:, None], _onehot(x, species, n_species)], dim=1)


@parallel_features.mistake(
    "每个种类一列 δ 乘 x，就各有各的斜率了。平行线共用一个斜率，只要一列 x。"
)
def _(x, species, n_species):
    d = _onehot(x, species, n_species)
    return torch.cat([d, d * x[:, None]], dim=1)


@parallel_features.mistake(
    "多了一列 1：每个样本的各个 δ 加起来已经是 1，再添一列，参数就有无穷多种取法。"
)
def _(x, species, n_species):
    columns = [_onehot(x, species, n_species), x[:, None], torch.ones_like(x)[:, None]]
    return torch.cat(columns, dim=1)


@parallel_features.mistake(
    "编号是从 0 开始的：编号 k 的种类对应第 k 列（第一列是第 0 列），你的列错开了一位。"
)
def _(x, species, n_species):
    return torch.cat([_onehot(x, species, n_species).roll(1, dims=1), x[:, None]], dim=1)


@parallel_features.mistake(
    "种类编号不能当作数直接用：编号 3 并不比编号 1 大三倍。先换成 0 和 1 的指示变量。"
)
def _(x, species, n_species):
    code = species.to(x.dtype)[:, None].expand(-1, n_species)
    return torch.cat([code, x[:, None]], dim=1)


# ---------------------------------------------------------------- 练习 5：一个特征的岭回归


def _ridge_cases(rng):
    for n, lam, note in [(12, 0.3, ""), (50, 2.0, ""), (9, 0.0, "λ = 0"), (3, 0.05, "")]:
        x = 2 * normal(rng, n) + 3
        yield case(x, 1.5 * x - 4 + normal(rng, n), lam, note=note)


def _center(x, y):
    dx, dy = x - x.mean(), y - y.mean()
    return (dx**2).mean(), (dx * dy).mean()


@exercise("ch01.ridge", title="一个特征的岭回归", cases=_ridge_cases)
def ridge_line(x, y, lam):
    variance, covariance = _center(x, y)
    w = covariance / (variance + lam)
    return w, y.mean() - w * x.mean()


@ridge_line.mistake("没有用到 λ：对 λw² 求导得到 2λw，它要加进 w 前面的系数里。")
def _(x, y, lam):
    variance, covariance = _center(x, y)
    w = covariance / variance
    return w, y.mean() - w * x.mean()


@ridge_line.mistake(
    "少了 N：loss 里是平均，x 的那一项是方差（除以 N），你用的是平方和，λ 就显得小了 N 倍。"
)
def _(x, y, lam):
    variance, covariance = _center(x, y)
    w = len(x) * covariance / (len(x) * variance + lam)
    return w, y.mean() - w * x.mean()


@ridge_line.mistake(
    "你把 b 也罚了，或者没有先减去平均数：b 不在惩罚项里，对它求导应当得到 b = ȳ − w x̄。"
)
def _(x, y, lam):
    X = torch.stack([x, torch.ones_like(x)], dim=1)
    penalty = lam * torch.eye(2, dtype=x.dtype)
    w, b = torch.linalg.solve(X.T @ X / len(x) + penalty, X.T @ y / len(x))
    return w, b


@ridge_line.mistake("没有减去平均数：把 b = ȳ − w x̄ 代回去以后，式子里出现的是 x − x̄ 和 y − ȳ。")
def _(x, y, lam):
    w = (x * y).mean() / ((x**2).mean() + lam)
    return w, y.mean() - w * x.mean()


@ridge_line.mistake("w 对了，b 用的却不是新的 w：正则化以后的 w 变小了，b = ȳ − w x̄ 要跟着重算。")
def _(x, y, lam):
    variance, covariance = _center(x, y)
    return covariance / (variance + lam), y.mean() - covariance / variance * x.mean()


@ridge_line.mistake("分母里是 λ，你用的是 2λ：两项求导都带出一个 2，约掉了。")
def _(x, y, lam):
    variance, covariance = _center(x, y)
    w = covariance / (variance + 2 * lam)
    return w, y.mean() - w * x.mean()


# ---------------------------------------------------------------- 练习 6：误差出在哪里


def _diagnose_cases(rng):
    yield case(1.0, 6.0, 6.5, 7.0, note="训练误差就很高")
    yield case(1.0, 1.2, 9.0, 9.5, note="训练到训练–验证升得最多")
    yield case(1.0, 1.1, 1.3, 8.0, note="前三个都低")
    yield case(5.0, 5.5, 6.0, 7.5, note="下限本来就高")
    yield case(1.0, 0.4, 3.0, 2.8, note="训练误差低于下限")
    yield case(2.0, 4.0, 7.0, 8.0, note="三段都有，比谁最大")
    yield case(5.0, 0.0, 4.0, 4.5, note="训练误差远低于下限")


def _pick(bias, variance, mismatch):
    gaps = {"偏差": bias, "方差": variance, "不匹配": mismatch}
    return max(gaps, key=gaps.get)


@exercise("ch01.diagnose", title="误差出在哪里", cases=_diagnose_cases)
def main_cause(floor, train, train_dev, target):
    return _pick(train - floor, train_dev - train, target - train_dev)


@main_cause.mistake(
    "比的应当是相邻两个误差的差，不是误差本身：后面的误差一般都更大，直接比，最后一个总会赢。"
)
def _(floor, train, train_dev, target):
    return _pick(train, train_dev, target)


@main_cause.mistake("偏差要减去下限：标签自己就有误差，那一部分谁也消不掉，不能算在模型头上。")
def _(floor, train, train_dev, target):
    return _pick(train, train_dev - train, target - train_dev)


@main_cause.mistake("不匹配是“目标”减“训练–验证”。你减的是训练误差，把方差也算了进去。")
def _(floor, train, train_dev, target):
    return _pick(train - floor, train_dev - train, target - train)
