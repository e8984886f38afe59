"""第 2 章《线性回归与梯度下降》的练习检查。"""

import math

import torch

from utils.checks import RuleBroken, case, exercise, normal


def _hessian(X: torch.Tensor) -> torch.Tensor:
    return 2 / len(X) * X.T @ X


# ---------------------------------------------------------------- 练习 1：要几个 epoch


def _epoch_cases(rng):
    yield case(442, 300, 100)
    yield case(128, 32, 20, note="样本数正好是 batch 大小的整数倍")
    yield case(10, 6, 8)
    yield case(5, 5, 3, note="一批就是全部")
    yield case(9, 1, 1, note="只要一次更新")


@exercise("ch02.epochs", title="要几个 epoch", cases=_epoch_cases)
def epochs_needed(n_samples, batch_size, n_updates):
    return math.ceil(n_updates / math.ceil(n_samples / batch_size))


@epochs_needed.mistake(
    "不满一批的尾巴也是一次更新：442 个样本、每批 64 个，每个 epoch 是 7 次而不是 6 次。"
    "`//` 会把它丢掉，应当向上取整。"
)
def _(n_samples, batch_size, n_updates):
    return math.ceil(n_updates / (n_samples // batch_size))


@epochs_needed.mistake(
    "你按样本总数来除，等于让一个 epoch 的尾巴和下一个 epoch 的样本拼成一批。"
    "每个 epoch 各自收尾：先求一个 epoch 有几次更新（取整），再用它去除。"
)
def _(n_samples, batch_size, n_updates):
    return math.ceil(n_updates * batch_size / n_samples)


@epochs_needed.mistake(
    "题目要“至少”更新这么多次，最后一个 epoch 不满也得跑：外层的除法同样要向上取整。"
)
def _(n_samples, batch_size, n_updates):
    return n_updates // math.ceil(n_samples / batch_size)


# ---------------------------------------------------------------- 练习 2：加权均方误差的梯度


def _gradient_cases(rng):
    for n, d, note in [(7, 3, ""), (40, 2, ""), (1, 4, "只有一个样本"), (6, 1, "只有一个参数")]:
        weights = torch.as_tensor(rng.uniform(0.1, 3, size=n))
        yield case(normal(rng, d), normal(rng, n, d), normal(rng, n), weights, note=note)


@exercise("ch02.gradient", title="加权均方误差的梯度", cases=_gradient_cases)
def weighted_gradient(theta, X, y, weights):
    return 2 * X.T @ (weights * (X @ theta - y)) / weights.sum()


@weighted_gradient.mistake("没有用到权重：每个残差要先乘上自己的 c，再与特征相乘。")
def _(theta, X, y, weights):
    return 2 / len(y) * X.T @ (X @ theta - y)


@weighted_gradient.mistake("加权平均要除以权重之和 `weights.sum()`，你除的是样本数。")
def _(theta, X, y, weights):
    return 2 / len(y) * X.T @ (weights * (X @ theta - y))


@weighted_gradient.mistake(
    "权重只乘一次。对 c·r² 求导，平方带出的是一个 2 和一个 r，c 还是 c，不会变成 c²。"
)
def _(theta, X, y, weights):
    return 2 * X.T @ (weights**2 * (X @ theta - y)) / weights.sum()


@weighted_gradient.mistake(
    "先把残差平均、再乘特征的平均，是不对的：每个样本的残差要先乘它自己的特征，然后才平均。"
)
def _(theta, X, y, weights):
    share = weights / weights.sum()
    return 2 * (share * (X @ theta - y)).sum() * (share @ X)


# ---------------------------------------------------------------- 练习 3：二阶导数的差分


def _second_cases(rng):
    # h 故意取得大：截断误差看得见，不同的公式才分得开
    points = torch.as_tensor(rng.uniform(0.3, 1.5, size=4))
    yield case(lambda x: x**4, points[0], 0.1)
    yield case(torch.sin, points[1], 0.1)
    yield case(lambda x: torch.exp(2 * x), points[2], 0.05)
    yield case(lambda x: x * torch.log(x), points[3], 0.05)


@exercise("ch02.second_derivative", title="二阶导数的差分公式", cases=_second_cases, rtol=1e-8)
def second_derivative(f, x, h):
    return (f(x + h) - 2 * f(x) + f(x - h)) / h**2


@second_derivative.mistake(
    "分母是 h²，不是 h。检查一下单位：f'' 的单位是 f 的单位除以 x 单位的平方。"
)
def _(f, x, h):
    return (f(x + h) - 2 * f(x) + f(x - h)) / h


@second_derivative.mistake(
    "分母多了系数：f(x+h) + f(x−h) − 2f(x) = h²f''(x) + …，两个 ½ 加起来正好是 1。"
)
def _(f, x, h):
    return (f(x + h) - 2 * f(x) + f(x - h)) / (2 * h**2)


@second_derivative.mistake(
    "这是一阶导数的中心差分。两个展开式要相加，相减消去的是二阶项，相加消去的才是一阶项。"
)
def _(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)


@second_derivative.mistake(
    "三个点都在同一侧，误差只与 h 成正比。取 x−h、x、x+h 三个点，左右对称，奇数阶的项才会抵消。"
)
def _(f, x, h):
    return (f(x + 2 * h) - 2 * f(x + h) + f(x)) / h**2


@second_derivative.mistake("少减了一个 f(x)：两个展开式各有一个 f(x)，相加是 2f(x)。")
def _(f, x, h):
    return (f(x + h) - f(x) + f(x - h)) / h**2


# ---------------------------------------------------------------- 练习 4：沿一个方向的最佳步长


def _line_search_cases(rng):
    for d, note in [(2, ""), (5, ""), (1, "只有一个参数")]:
        A = normal(rng, d + 3, d)
        yield case(A.T @ A, normal(rng, d), normal(rng, d), note=note)


@exercise("ch02.line_search", title="沿一个方向的最佳步长", cases=_line_search_cases)
def best_step(H, g, d):
    return -(g @ d) / (d @ H @ d)


@best_step.mistake("符号反了：沿 d 是上坡（gᵀd > 0）时，最低点在身后，步长应当是负的。")
def _(H, g, d):
    return (g @ d) / (d @ H @ d)


@best_step.mistake(
    "走这么远，loss 又回到了出发时的高度：这是“还能下降”的上限。最低点在它的一半处。"
)
def _(H, g, d):
    return -2 * (g @ d) / (d @ H @ d)


@best_step.mistake(
    "这是沿负梯度走的公式。这里的方向是 d：把 θ + αd 代入二次函数，对 α 求导，令导数为零。"
)
def _(H, g, d):
    return (g @ g) / (g @ H @ g)


@best_step.mistake("分母里的弯曲是沿 d 的 dᵀHd，你用的是沿 g 的。")
def _(H, g, d):
    return -(g @ d) / (g @ H @ g)


@best_step.mistake("分子分母写反了：沿 d 的曲率 dᵀHd 越大，该走的步子越小。")
def _(H, g, d):
    return -(d @ H @ d) / (g @ d)


# ---------------------------------------------------------------- 练习 5：最快的固定学习率


def _best_lr_cases(rng):
    for n, d, note in [(20, 3, ""), (50, 6, ""), (9, 2, "")]:
        yield case(normal(rng, n, d) * 3, note=note)


def _rate(values: torch.Tensor, lr: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return lr, (1 - lr * values).abs().max()


@exercise("ch02.best_lr", title="最快的固定学习率", cases=_best_lr_cases)
def best_lr(X):
    values = torch.linalg.eigvalsh(_hessian(X))
    return _rate(values, 2 / (values[0] + values[-1]))


@best_lr.mistake(
    "Hessian 是 (2/N)·XᵀX，你用的是 XᵀX：loss 里的“平均”和平方求导带出的 2 都要算进去。"
)
def _(X):
    values = torch.linalg.eigvalsh(X.T @ X)
    return _rate(values, 2 / (values[0] + values[-1]))


@best_lr.mistake(
    "1/λmax 让最陡的方向一步到底，可是最缓的方向还能更快：把 η 再加大一点，"
    "让陡的方向来回跳着收敛，直到两个方向一样快。"
)
def _(X):
    values = torch.linalg.eigvalsh(_hessian(X))
    return _rate(values, 1 / values[-1])


@best_lr.mistake("2/λmax 是发散的界线：最陡的方向在那里永远来回，倍数是 1，一点也不缩小。")
def _(X):
    values = torch.linalg.eigvalsh(_hessian(X))
    return _rate(values, 2 / values[-1])


@best_lr.mistake(
    "只有最大和最小的特征值起作用：|1 − ηλ| 在中间的 λ 上不会比两端更大，不必把全部特征值平均。"
)
def _(X):
    values = torch.linalg.eigvalsh(_hessian(X))
    return _rate(values, 1 / values.mean())


@best_lr.mistake(
    "学习率对了，缩小倍数不对：倍数是 |1 − ηλ|，在两端应当相等，约简以后是 "
    "(λmax − λmin)/(λmax + λmin)。"
)
def _(X):
    values = torch.linalg.eigvalsh(_hessian(X))
    return 2 / (values[0] + values[-1]), values[0] / values[-1]


# ---------------------------------------------------------------- 练习 6：梯度累积


def _accumulate_cases(rng):
    for n, d, size, note in [
        (10, 3, 4, "最后一批只有 2 个样本"),
        (12, 2, 3, ""),
        (7, 3, 1, "一批一个样本"),
        (5, 2, 5, "一批就是全部"),
    ]:
        yield case(normal(rng, d), normal(rng, n, d), normal(rng, n), size, note=note)


def _batch_means(theta, X, y, batch_size):
    pairs = zip(X.split(batch_size), y.split(batch_size), strict=True)
    return [2 / len(b) * a.T @ (a @ theta - b) for a, b in pairs]


_SLICING = (  # 只是取出几行、换个看法，还没有拿去计算
    "__get__ __getitem__ __iter__ __len__ __repr__ size dim numel stride split chunk tensor_split "
    "narrow unbind stack cat index_select t transpose view reshape detach clone contiguous to"
).split()


def _limited(X, n_rows):
    """X 的看守版本：一次拿去计算的多于 n_rows 行，就抛 RuleBroken。"""

    class Rows(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            if func.__name__ in _SLICING:
                return super().__torch_function__(func, types, args, kwargs or {})
            with torch._C.DisableTorchFunctionSubclass():  # 算出来的是普通的张量
                if any(isinstance(x, Rows) and x.numel() > n_rows * X.shape[1] for x in args):
                    raise RuleBroken(
                        f"一次用到的 `X` 多于 `batch_size = {n_rows}` 行：先切出一批 "
                        "`X[start : start + batch_size]`，只用这一批来算。"
                    )
                return func(*args, **(kwargs or {}))

    return X.as_subclass(Rows)


def _watched(f, theta, X, y, batch_size):
    return f(theta, _limited(X, batch_size), y, batch_size)


@exercise("ch02.accumulate", title="梯度累积", cases=_accumulate_cases, call=_watched)
def accumulated_gradient(theta, X, y, batch_size):
    sizes = [len(b) for b in y.split(batch_size)]
    means = _batch_means(theta, X, y, batch_size)
    return sum(n * g for n, g in zip(sizes, means, strict=True)) / len(y)


@accumulated_gradient.mistake(
    "各批的平均梯度不能直接再平均：最后一批样本少，却和别的批占了同样的份量。"
    "按样本数加权，或者先攒总和、最后除以 N。"
)
def _(theta, X, y, batch_size):
    return torch.stack(_batch_means(theta, X, y, batch_size)).mean(0)


@accumulated_gradient.mistake(
    "把各批的平均梯度加了起来，结果放大到大约“批数”倍。全体的梯度是全部样本的平均。"
)
def _(theta, X, y, batch_size):
    return torch.stack(_batch_means(theta, X, y, batch_size)).sum(0)


@accumulated_gradient.mistake("最后不满一批的样本被丢掉了。切片会自动停在末尾，循环要走到 N 为止。")
def _(theta, X, y, batch_size):
    n = len(y) // batch_size * batch_size
    return torch.stack(_batch_means(theta, X[:n], y[:n], batch_size)).mean(0)


@accumulated_gradient.mistake("只返回了最后一批的梯度：每一批的结果要攒起来，不要覆盖。")
def _(theta, X, y, batch_size):
    return _batch_means(theta, X, y, batch_size)[-1]


# ---------------------------------------------------------------- 练习 7：换回原始单位


def _unscale_cases(rng):
    for d, note in [(3, ""), (10, ""), (1, "只有一个特征")]:
        std = torch.as_tensor(10.0 ** rng.uniform(-1, 2, size=d))
        mean = normal(rng, d) * 5 * std
        yield case(normal(rng, d), torch.as_tensor(rng.normal()), mean, std, note=note)


@exercise("ch02.unscale", title="把参数换回原始单位", cases=_unscale_cases)
def to_raw_units(w, b, mean, std):
    return w / std, b - (w / std) @ mean


@to_raw_units.mistake("b 也要换算：把 −w̃μ/σ 这一项并进去，不然整条线会平移。")
def _(w, b, mean, std):
    return w / std, b


@to_raw_units.mistake("方向反了：x̃ 的一个单位等于 x 的 σ 个单位，所以 w 要除以 σ，不是乘。")
def _(w, b, mean, std):
    return w * std, b - (w * std) @ mean


@to_raw_units.mistake("b 的换算里漏了除以 σ：并进去的是 Σ w̃μ/σ，不是 Σ w̃μ。")
def _(w, b, mean, std):
    return w / std, b - w @ mean


@to_raw_units.mistake("b 的符号反了：x̃ = (x − μ)/σ 里 μ 前面是减号，并进 b 时是减去 Σ w̃μ/σ。")
def _(w, b, mean, std):
    return w / std, b + (w / std) @ mean
